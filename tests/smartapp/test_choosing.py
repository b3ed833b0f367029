"""What a person may look at, told from folders alone."""

import json
import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest

from scoring.model import Period, Reporter
from smartapp.kept.runs import period_name, score_name
from smartapp.people.access import Access, Assigned, Role
from smartapp.people.choosing import (
    Asked,
    NotAPeriod,
    NotOffered,
    Offer,
    Offers,
    held_runs,
    own_period,
    period_asked,
    period_of,
    presets,
    who_key,
)
from smartapp.people.open_years import open_years

KEY = b"k" * 32
NPI, OTHER = "1234567893", "1245319599"
MINE, SECOND, THEIRS, GROUP = (
    Reporter("111111111", NPI),
    Reporter("222222222", NPI),
    Reporter("111111111", OTHER),
    Reporter("111111111", None),
)
HALF, YEAR = Period(date(2026, 1, 1), date(2026, 6, 30)), Period(date(2026, 1, 1), date(2026, 12, 31))
CLINICIAN, STAFF = Access(NPI), Access(None, (Assigned(Role.STAFF),))
NONE_ASKED = Asked()


def run(folder: Path, name: str, at: int, reporters: Iterable[Reporter], *periods: Period) -> Path:
    """A run's folder as far as choosing looks into it, written at a second of the clock."""
    place = folder / (name * 64)
    for period in periods or (HALF,):
        days = place / period_name(period)
        days.mkdir(parents=True)
        tallies = [{"tin": one.tin, "npi": one.npi} for one in reporters]
        (days / "tallies.json").write_text(json.dumps({"tallies": tallies}))
    (place / "run.json").write_text("{}")
    os.utime(place / "run.json", (at, at))
    return place


def score(place: Path, reporter: Reporter, period: Period, at: int) -> None:
    folder = place / period_name(period) / score_name(reporter)
    folder.mkdir()
    (folder / "score.json").write_text("{}")
    os.utime(folder / "score.json", (at, at))


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    folders = tmp_path / "runs", tmp_path / "first-looks"
    for folder in folders:
        folder.mkdir()
    return folders


def offers(runs: tuple[Path, Path], access: Access, *open_now: int) -> Offers:
    return Offers(runs, access, KEY, open_now)


def seen(found: Offers, year: int = 2026) -> dict[Reporter, str]:
    return {one.reporter: one.held.fingerprint[0] for one in found.of(year)}


def test_the_newest_run_that_knows_a_reporter_is_theirs(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 1, [MINE, THEIRS, GROUP])
    run(runs[0], "b", 2, [MINE, GROUP])
    assert seen(offers(runs, STAFF)) == {MINE: "b", GROUP: "b", THEIRS: "a"}


@pytest.mark.requirement("R84", "R99")
def test_a_clinician_is_offered_nobody_else(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 1, [MINE, SECOND, THEIRS, GROUP])
    assert set(seen(offers(runs, CLINICIAN))) == {MINE, SECOND}
    assert seen(offers(runs, Access())) == {}


def test_staff_of_one_tin_are_offered_its_clinicians_and_its_group(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 1, [MINE, SECOND, THEIRS, GROUP])
    limited = Access(None, (Assigned(Role.STAFF, frozenset({"111111111"})),))
    assert set(seen(offers(runs, limited))) == {MINE, THEIRS, GROUP}


def test_a_clinicians_first_look_is_theirs_alone_and_only_until_the_practice_has_a_run_of_theirs(
    runs: tuple[Path, Path],
) -> None:
    look = run(runs[1], "c", 9, [MINE, SECOND, THEIRS, GROUP])
    score(look, MINE, HALF, 9)
    score(look, SECOND, HALF, 9)
    assert seen(offers(runs, STAFF)) == {}
    assert seen(offers(runs, CLINICIAN)) == {MINE: "c", SECOND: "c"}
    run(runs[0], "a", 1, [MINE])
    assert seen(offers(runs, CLINICIAN)) == {MINE: "a"}


@pytest.mark.requirement("R84")
def test_a_colleagues_first_look_is_nobody_elses_and_takes_no_own_ones_place(runs: tuple[Path, Path]) -> None:
    score(run(runs[1], "d", 9, [MINE, THEIRS]), THEIRS, HALF, 9)
    assert seen(offers(runs, CLINICIAN)) == {}
    score(run(runs[1], "c", 1, [MINE]), MINE, HALF, 1)
    assert seen(offers(runs, CLINICIAN)) == {MINE: "c"}


@pytest.mark.parametrize(("day", "opens"), [("2027-01-01", 2026), ("2027-03-31", 2026), ("2027-04-01", 2027)])
def test_the_year_that_is_handed_in_opens_first_until_its_window_closes(
    runs: tuple[Path, Path], day: str, opens: int
) -> None:
    run(runs[0], "a", 1, [MINE])
    run(runs[0], "b", 2, [MINE], Period(date(2027, 1, 1), date(2027, 1, 31)))
    found = offers(runs, CLINICIAN, *open_years(date.fromisoformat(day)))
    assert found.year(NONE_ASKED) == opens
    assert found.year(Asked(year="2027")) == 2027


def test_a_closed_year_opens_all_the_same_where_there_is_nothing_of_a_later_one(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 1, [MINE])
    assert offers(runs, CLINICIAN, *open_years(date(2027, 4, 1))).year(NONE_ASKED) == 2026


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-12-31", (2026,)), ("2027-01-01", (2026, 2027)), ("2027-03-31", (2026, 2027)), ("2027-04-01", (2027,)),
     ("2028-02-01", (2027,)), ("2030-02-01", (2030,))],
)  # fmt: skip
def test_a_year_stays_open_until_the_last_day_of_its_submission_window(day: str, expected: tuple[int, ...]) -> None:
    assert open_years(date.fromisoformat(day)) == expected


def test_an_npi_without_a_tin_is_a_reporter_only_where_nothing_of_theirs_has_one(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 1, [MINE, Reporter(None, NPI), Reporter(None, OTHER), Reporter(None, None)])
    assert set(seen(offers(runs, STAFF))) == {MINE, Reporter(None, OTHER)}


def test_years_are_offered_the_latest_first_and_no_year_without_a_run(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 2, [MINE], Period(date(2025, 1, 1), date(2025, 12, 31)))
    run(runs[0], "b", 1, [MINE])
    found = offers(runs, CLINICIAN)
    assert found.years == (2026, 2025)
    assert found.year(NONE_ASKED) == 2026
    assert found.year(Asked(year="2025")) == 2025
    for other in ("2024", "2027", "20260", "x", "²026", "-2026"):
        with pytest.raises(NotOffered):
            found.year(Asked(year=other))


def test_without_a_name_a_clinician_sees_the_own_score_that_was_written_last(runs: tuple[Path, Path]) -> None:
    place = run(runs[0], "a", 1, [MINE, SECOND])
    score(place, SECOND, HALF, 5)
    score(place, MINE, HALF, 6)
    chosen = offers(runs, CLINICIAN).named(2026, NONE_ASKED)
    assert chosen is not None
    assert chosen.reporter == MINE


def test_staff_have_nobody_of_their_own_and_choose(runs: tuple[Path, Path]) -> None:
    run(runs[0], "a", 1, [MINE, GROUP])
    found = offers(runs, STAFF)
    assert found.named(2026, NONE_ASKED) is None
    chosen = found.named(2026, Asked(who=who_key(KEY, GROUP)))
    assert chosen is not None
    assert chosen.reporter == GROUP


@pytest.mark.requirement("R84")
def test_another_clinician_a_tampered_name_and_one_of_another_key_are_alike_not_offered(
    runs: tuple[Path, Path],
) -> None:
    run(runs[0], "a", 1, [MINE, THEIRS])
    found, own = offers(runs, CLINICIAN), who_key(KEY, MINE)
    flipped = ("0" if own[0] != "0" else "1") + own[1:]
    for who in (who_key(KEY, THEIRS), flipped, own.upper(), own + "0", own[:-1], who_key(b"x" * 32, MINE), "é", NPI):
        with pytest.raises(NotOffered):
            found.named(2026, Asked(who=who))
    assert found.named(2026, Asked(who=own)) is not None


@pytest.mark.requirement("R84")
def test_what_names_a_reporter_in_an_address_holds_neither_tin_nor_npi() -> None:
    named = {who_key(KEY, one) for one in (MINE, SECOND, THEIRS, GROUP)}
    assert len(named) == 4
    assert all(len(one) == 12 and not {"111111111", NPI} & {one} for one in named)


def offer_of(runs: tuple[Path, Path], place: Path) -> Offer:
    [held] = [one for one in held_runs(runs[0]) if one.place == place]
    return Offer(MINE, held, who_key(KEY, MINE))


def test_a_page_begins_with_the_period_of_the_newest_score_else_with_the_last_counted(
    runs: tuple[Path, Path],
) -> None:
    place = run(runs[0], "a", 1, [MINE], HALF, YEAR)
    assert own_period(offer_of(runs, place)) == YEAR
    score(place, MINE, YEAR, 5)
    score(place, MINE, HALF, 6)
    assert own_period(offer_of(runs, place)) == HALF


def test_presets_are_the_runs_own_period_the_halves_and_the_year_each_once(runs: tuple[Path, Path]) -> None:
    odd = Period(date(2026, 2, 1), date(2026, 8, 31))
    place, plain = run(runs[0], "a", 1, [MINE], odd), run(runs[0], "b", 1, [MINE], HALF)
    assert presets(offer_of(runs, place)) == (
        ("The run's own period", odd),
        ("First half", HALF),
        ("Second half", Period(date(2026, 7, 1), date(2026, 12, 31))),
        ("Whole year", YEAR),
    )
    assert [name for name, _ in presets(offer_of(runs, plain))] == ["First half", "Second half", "Whole year"]


@pytest.mark.parametrize(
    ("start", "end", "period"),
    [
        ("2026-01-01", "2026-12-31", YEAR),
        ("2026-12-31", "2026-12-31", Period(date(2026, 12, 31), date(2026, 12, 31))),
        ("", "", None),
    ],
)
def test_any_days_of_the_year_are_a_period(start: str, end: str, period: Period | None) -> None:
    assert period_asked(Asked(start=start, end=end), 2026) == period


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2025-12-31", "2026-06-30", "never leaves its year"),
        ("2026-01-01", "2027-01-01", "never leaves its year"),
        ("2026-06-30", "2026-06-29", "Swap them"),
        ("2026-02-29", "2026-06-29", "First day"),
        ("2026-01-01", "", "Last day"),
        ("", "2026-01-01", "First day"),
        ("20260101", "2026-06-29", "First day"),
        ("2026-01-01", "29 June", "Last day"),
        ("\uff12\uff10\uff12\uff16-01-01", "2026-06-29", "First day"),
        ("0000-00-00", "2026-06-29", "First day"),
    ],
)
def test_what_is_no_period_of_the_year_is_refused_in_words(start: str, end: str, words: str) -> None:
    with pytest.raises(NotAPeriod, match=words):
        period_asked(Asked(start=start, end=end), 2026)


@pytest.mark.parametrize(
    ("period", "found"),
    [
        ({"start": "2026-01-01", "end": "2026-06-30"}, HALF),
        ({"start": "2025-01-01", "end": "2025-06-30"}, None),
        ({"start": "2026-01-01"}, None),
        ({}, None),
        ("2026", None),
        (None, None),
    ],
)
def test_the_period_of_saved_answers_is_one_of_the_year_or_none(period: object, found: Period | None) -> None:
    assert period_of({"year": 2026, "period": period}, 2026) == found


def test_what_is_no_run_in_the_folder_is_passed_over(runs: tuple[Path, Path]) -> None:
    whole = run(runs[0], "a", 1, [MINE])
    (run(runs[0], "b", 1, [MINE]) / "run.json").unlink()
    run(runs[0], "c", 1, [MINE], HALF, Period(date(2025, 1, 1), date(2025, 6, 30)))
    (runs[0] / "notes").mkdir()
    (runs[0] / ("d" * 64)).write_text("a file")
    assert [held.place for held in held_runs(runs[0])] == [whole]
    assert held_runs(runs[0] / "missing") == ()


def test_a_file_of_tallies_that_cannot_be_read_names_nobody_until_it_is_mended(runs: tuple[Path, Path]) -> None:
    file = run(runs[0], "a", 1, [MINE]) / period_name(HALF) / "tallies.json"
    whole = file.read_text()
    file.write_text("{")
    os.utime(file, (1, 1))
    assert seen(offers(runs, STAFF)) == {}
    file.write_text(whole)
    assert set(seen(offers(runs, STAFF))) == {MINE}
