"""Wiping: both sides of every limit, what a wipe leaves, and that the files hold nothing of what it took."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from smartapp.store import Assignment, Author, Filing, JobState, Progress, Store, StoreError, Task, Upload
from smartapp.store.launches import WHOLE_LIFE
from smartapp.store.retention import Limits, carry_out, everything_of, kept_until, outlived, youngest_year
from tests.store.stores import DANA, DAY, FILING, NOW, SECOND, bytes_below, execute, opened_launch, viewed

LIMITS = Limits()


def drawn_up(store: Store, folder: Path, now: datetime, limits: Limits = LIMITS) -> dict[str, int]:
    looks = [folder / "first-looks"]
    return {one.what: one.count for one in outlived(store, folder, looks, limits, now)}


def wipe(store: Store, folder: Path, now: datetime) -> None:
    carry_out(store, outlived(store, folder, [folder / "first-looks"], LIMITS, now))


def aged(place: Path, age: timedelta, now: datetime = NOW) -> None:
    at = (now - age).timestamp()
    os.utime(place, (at, at))


def answer(store: Store, filing: Filing, word: str) -> None:
    store.drafts.save(filing, {"word": word}, Author(word, word), NOW, None)
    store.documents.add(filing, Upload("sra", "a.txt", word.encode()), DANA, NOW)


@pytest.mark.requirement("R100", "R102")
@pytest.mark.parametrize(("year", "years", "last"), [(2026, 6, date(2032, 12, 31)), (2020, 10, date(2030, 12, 31))])
def test_what_supports_an_attestation_is_kept_for_years_from_the_end_of_its_year(
    year: int, years: int, last: date
) -> None:
    assert kept_until(year, Limits(years=years)) == last


@pytest.mark.parametrize("limits", [{"years": 5}, {"first_look_days": 0}, {"job_days": 0}, {"copy_days": -1}], ids=str)
def test_nothing_is_kept_for_less_than_it_must_be(limits: dict[str, int]) -> None:
    with pytest.raises(StoreError, match="6 years at least"):
        Limits(**limits)


@pytest.mark.requirement("R100")
def test_answers_and_files_go_on_the_first_day_after_their_years(store: Store, folder: Path) -> None:
    answer(store, FILING, "young")
    answer(store, replace(FILING, year=2025), "old")
    last, first = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)

    assert drawn_up(store, folder, last) == {}
    assert drawn_up(store, folder, first, Limits(years=7)) == {}
    assert drawn_up(store, folder, first) == {
        "versions of answers of 2025 and before": 1,
        "documents of 2025 and before": 1,
    }
    wipe(store, folder, first)
    assert store.drafts.current(replace(FILING, year=2025)) is None
    assert store.documents.history(replace(FILING, year=2025)) == ()
    assert store.drafts.current(FILING) is not None
    (young,) = store.documents.of(FILING)
    assert store.documents.content(FILING, young.id) == b"young"
    assert [place.name for place in (folder / "documents").iterdir()] == [young.id]


@pytest.mark.requirement("R97", "R100")
def test_no_wipe_takes_any_of_the_trail(store: Store, folder: Path) -> None:
    store.trail.add(viewed("one", "patient"), NOW)
    wipe(store, folder, NOW + 4000 * DAY)
    carry_out(store, everything_of(store, folder, "one", []))

    assert len(store.trail.rows()) == 1
    assert store.trail.faults() == ()


@pytest.mark.requirement("R97")
def test_launches_that_are_over_go_and_others_stay(store: Store, folder: Path) -> None:
    ended, alive = opened_launch(store.launches, "a"), opened_launch(store.launches, "b")
    store.launches.end(ended)

    assert drawn_up(store, folder, NOW) == {"ended launches": 1}
    wipe(store, folder, NOW)
    assert store.launches.find(alive, NOW) is not None
    assert drawn_up(store, folder, NOW + WHOLE_LIFE + SECOND) == {"ended launches": 1}


def test_jobs_go_ninety_days_after_their_end(store: Store, folder: Path) -> None:
    job, waiting = (store.jobs.begin(Task("one", kind, "2026"), DANA, NOW) for kind in ("run", "reading"))
    assert job is not None
    store.jobs.end(job.id, JobState.DONE, Progress(), NOW)

    assert drawn_up(store, folder, NOW + 90 * DAY) == {}
    assert drawn_up(store, folder, NOW + 90 * DAY + SECOND) == {"ended jobs": 1}
    wipe(store, folder, NOW + 90 * DAY + SECOND)
    assert [one.id for one in store.jobs.of("one", NOW)] == [waiting.id if waiting else None]


@pytest.mark.requirement("R97")
def test_first_looks_go_after_thirty_days(store: Store, folder: Path) -> None:
    runs = folder / "first-looks"
    for name in ("young", "old"):
        (runs / name).mkdir(parents=True)
        (runs / name / "run.json").write_text("{}")
    aged(runs / "young", 30 * DAY)
    aged(runs / "old", 30 * DAY + SECOND)

    assert drawn_up(store, folder, NOW) == {"first looks": 1}
    assert drawn_up(store, folder, NOW, Limits(first_look_days=31)) == {}
    wipe(store, folder, NOW)
    assert [run.name for run in runs.iterdir()] == ["young"]


@pytest.mark.requirement("R97")
def test_files_of_no_document_go_after_a_day(store: Store, folder: Path) -> None:
    answer(store, FILING, "kept")
    (kept,) = store.documents.of(FILING)
    for name, age in (("young.part", DAY), ("old.part", DAY + SECOND), (kept.id, 2 * DAY)):
        (folder / "documents" / name).touch()
        aged(folder / "documents" / name, age)

    assert drawn_up(store, folder, NOW) == {"files that belong to no document": 1}
    wipe(store, folder, NOW)
    assert {place.name for place in (folder / "documents").iterdir()} == {"young.part", kept.id}


def test_copies_from_before_upgrades_go_after_thirty_days(store: Store, folder: Path) -> None:
    copy = folder / "pi180.sqlite.before-0002-of-0001"
    copy.touch()
    aged(copy, 30 * DAY)
    assert drawn_up(store, folder, NOW) == {}
    aged(copy, 30 * DAY + SECOND)
    assert drawn_up(store, folder, NOW) == {"copies of the store from before upgrades": 1}
    wipe(store, folder, NOW)
    assert not copy.exists()


@pytest.mark.requirement("R97")
def test_everything_of_one_registration_goes_and_nothing_of_another(store: Store, folder: Path) -> None:
    run = folder / "first-looks" / "run"
    run.mkdir(parents=True)
    for registration in ("one", "two"):
        answer(store, replace(FILING, registration=registration), registration)
        store.people.grant(registration, Assignment("u", "U", "admin", None, "b", NOW))
        store.jobs.begin(Task(registration, "run", "2026"), DANA, NOW)
        opened_launch(store.launches, registration, registration)
    wiped = everything_of(store, folder, "one", [folder / "first-looks"])
    kinds = ["launches", "jobs", "versions of answers", "documents", "assignments", "first looks"]

    assert [(one.what, one.count) for one in wiped] == [(kind, 1) for kind in kinds]
    assert (youngest_year(store, "one"), youngest_year(store, "three")) == (2026, None)
    carry_out(store, wiped)
    assert everything_of(store, folder, "one", [folder / "first-looks"]) == ()
    assert sum(one.count for one in everything_of(store, folder, "two", [])) == 5


@pytest.mark.requirement("R27", "R97")
def test_the_files_hold_nothing_of_what_was_wiped(store: Store, folder: Path) -> None:
    """What is sealed cannot be searched for its words; so what is kept of it is, and what stands in clear."""
    answer(store, FILING, "word")
    store.people.grant("one", Assignment("Practitioner/user-canary", "U", "admin", None, "b", NOW))
    (document,) = store.documents.of(FILING)
    with store.database.engine.connect() as connection:
        (sealed,) = connection.exec_driver_sql("SELECT sealed FROM document").scalars()
    before = bytes_below(folder)
    carry_out(store, everything_of(store, folder, "one", []))
    after = bytes_below(folder)

    for kept in (b"user-canary", document.id.encode(), sealed):
        assert (kept in before, kept in after) == (True, False)


def test_a_wipe_takes_more_rows_than_one_statement_does(store: Store, file: Path, folder: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501)"
    values = "SELECT 'id' || i, 'one', 'u' || i, 'staff', '2026-11-22 12:00:00.000000', x'00' FROM n"
    execute(file, f"INSERT INTO assignment {numbers} {values}")
    wiped = everything_of(store, folder, "one", [])

    assert [one.count for one in wiped] == [501]
    carry_out(store, wiped)
    assert store.people.all("one") == ()
