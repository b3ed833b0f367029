"""Pages of a reading that was broken off: whole patients alone, for a day, by one worker, and their owner's alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.errors import SourceError
from extractors.events import Line
from extractors.sources.search import Found, Outcome
from smartapp.reading.own_pages import OwnPages, remove_old

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WHO = {"npi": "1234567893", "types": ["Encounter"]}
BODY = b'{"resourceType": "Encounter"}'
FOUND = Found("Encounter", Outcome.COMPLETE, (Line("page", 1, 0, BODY),))


def begun(folder: Path, at: datetime = NOW, who: dict[str, object] = WHO, *patients: str) -> list[bool]:
    """Begin a reading, keep patients, and say of whom something was kept before."""
    with OwnPages(folder) as pages:
        pages.begin(who, at)
        before = [pages.has(patient) for patient in ("Patient/a", "Patient/b")]
        for patient in patients:
            pages.keep(patient, [FOUND])
        return before


@pytest.mark.requirement("R116")
@pytest.mark.parametrize(
    ("later", "goes_on"),
    [
        (timedelta(0), True),
        (timedelta(hours=24) - timedelta(seconds=1), True),
        (timedelta(hours=24), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_a_reading_is_gone_on_with_for_less_than_a_day(tmp_path: Path, later: timedelta, goes_on: bool) -> None:
    begun(tmp_path / "one", NOW, WHO, "Patient/a")

    assert begun(tmp_path / "one", NOW + later) == [goes_on, False]


@pytest.mark.requirement("R116")
@pytest.mark.parametrize("other", [{"npi": "1093817465"}, {"types": ["Encounter", "Task"]}])
def test_another_reading_begins_with_nothing(tmp_path: Path, other: dict[str, object]) -> None:
    begun(tmp_path / "one", NOW, WHO, "Patient/a")

    assert begun(tmp_path / "one", NOW, {**WHO, **other}) == [False, False]
    assert begun(tmp_path / "one", NOW, WHO) == [False, False]


@pytest.mark.requirement("R116")
def test_a_patient_counts_only_when_everything_of_them_is_kept(tmp_path: Path) -> None:
    def cut() -> list[Found]:
        raise SystemExit

    with OwnPages(tmp_path / "one") as pages:
        pages.begin(WHO, NOW)
        with pytest.raises(SystemExit):
            pages.keep("Patient/a", (found for found in (FOUND, *cut())))
    assert begun(tmp_path / "one", NOW, WHO, "Patient/a") == [False, False]
    assert begun(tmp_path / "one") == [True, False]
    assert [file.read_bytes() for file in (tmp_path / "one" / "pages").rglob("*.json")] == [BODY]


def test_whoever_is_no_patient_any_more_is_removed(tmp_path: Path) -> None:
    begun(tmp_path / "one", NOW, WHO, "Patient/a", "Patient/b")
    with OwnPages(tmp_path / "one") as pages:
        pages.begin(WHO, NOW)
        pages.keep_only(["Patient/b"])

        assert [pages.has("Patient/a"), pages.has("Patient/b")] == [False, True]


@pytest.mark.requirement("R116")
def test_two_workers_never_read_into_one_folder(tmp_path: Path) -> None:
    with OwnPages(tmp_path / "one"), pytest.raises(SourceError, match="another process is writing there"):
        OwnPages(tmp_path / "one")
    assert begun(tmp_path / "one") == [False, False]


def test_pages_that_nobody_goes_on_with_are_removed_after_a_day(tmp_path: Path) -> None:
    begun(tmp_path / "readings" / "one", NOW, WHO, "Patient/a")
    (tmp_path / "readings" / "half made").mkdir()
    remove_old(tmp_path / "readings", NOW + timedelta(hours=23))
    assert [place.name for place in (tmp_path / "readings").iterdir()] == ["one"]
    remove_old(tmp_path / "readings", NOW + timedelta(hours=24))

    assert list((tmp_path / "readings").iterdir()) == []
    remove_old(tmp_path / "nowhere", NOW)


def test_pages_are_their_owners_alone_and_no_name_of_them_is_a_patients(tmp_path: Path) -> None:
    begun(tmp_path / "one", NOW, WHO, "Patient/maria-1957")
    places = list((tmp_path / "one").rglob("*"))

    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o700
    assert len(places) >= 4
    assert not [place for place in places if "maria" in place.name]
