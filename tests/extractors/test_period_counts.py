"""All periods counted at once: the numbers of `tallies.sql` for each, whatever the cases are."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.cases import derive, tally
from extractors.engine.local import LocalEngine
from extractors.events import extract
from extractors.periods.counts import PeriodCounts
from extractors.profile import load_profile
from extractors.site import NumeratorWindow, load_site
from extractors.sources.folder import Folder
from scoring.model import Period
from scoring.periods import PeriodSpace, space_of
from scoring.rulebook import load
from tests.extractors.counted_rows import (
    NPI,
    TIN,
    Counts,
    Practice,
    Series,
    case,
    practice_of,
    practices,
    tallies_by_hand,
    tally_by_hand,
)

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
YEAR = space_of(load(2026))
SHORT = PeriodSpace(date(2026, 1, 4), date(2026, 1, 12), 5, date(2026, 1, 7))
WITHIN, BY_YEAR = NumeratorWindow.PERFORMANCE_PERIOD, NumeratorWindow.CALENDAR_YEAR
SAMPLE = random.Random(180)


@pytest.fixture(scope="module", params=["solo-2026", "group-4"])
def derived(request: pytest.FixtureRequest) -> Iterator[LocalEngine]:
    folder = FIXTURES / request.param
    site = load_site(folder / "site.toml")
    with LocalEngine() as engine:
        derive(extract(Folder(folder).lines(), load_profile(site.profile), site.zone_info), site, engine)
        yield engine


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine() as engine:
        engine.expect_few_rows()
        yield engine


def by_sql(engine: LocalEngine, period: Period, window: NumeratorWindow) -> dict[Series, Counts]:
    found = tally(engine, period, window)
    return {(t.measure, t.variant, t.tin, t.npi): (t.denominator, t.met, t.unknown, t.undecided) for t in found}


def at(counts: PeriodCounts, period: Period) -> dict[Series, Counts]:
    found = [(series, counts.tally(series, counts.space.number(period))) for series in counts.series]
    return {series: (t.denominator, t.met, t.unknown, t.undecided) for series, t in found if t is not None}


def in_columns(counts: PeriodCounts, series: Series) -> list[Counts]:
    c = counts.of(series)
    lists = [grid.numbers.tolist() for grid in (c.denominator, c.met, c.unknown, c.undecided)]
    return list(zip(*lists, strict=True))


def test_every_period_of_the_year_is_counted_as_case_by_case(derived: LocalEngine) -> None:
    counts, practice = PeriodCounts(derived, YEAR, WITHIN), practice_of(derived)
    columns = {series: in_columns(counts, series) for series in counts.series}
    periods = 0
    for (period, expected), *found in zip(tallies_by_hand(practice, YEAR), *columns.values(), strict=True):
        assert {s: c for s, c in zip(columns, found, strict=True) if c[0] + c[3]} == expected, period
        periods += 1
    assert periods == 17391


@pytest.mark.parametrize("window", NumeratorWindow)
def test_a_sample_of_periods_is_counted_as_by_the_sql(derived: LocalEngine, window: NumeratorWindow) -> None:
    counts = PeriodCounts(derived, YEAR, window)
    periods = [YEAR.at(n) for n in (0, len(YEAR) - 1, *SAMPLE.sample(range(len(YEAR)), 20))]
    assert [at(counts, p) for p in periods] == [by_sql(derived, p, window) for p in periods]


def test_a_year_has_17391_periods_and_a_leap_year_17578() -> None:
    assert [len(space_of(load(year))) for year in (2024, 2025, 2026)] == [17578, 17391, 17391]


def test_a_period_is_found_by_its_number_and_its_number_by_the_period() -> None:
    assert [YEAR.number(YEAR.at(n)) for n in range(0, len(YEAR), 97)] == list(range(0, len(YEAR), 97))
    assert [SHORT.number(period) for period in SHORT] == list(range(len(SHORT)))
    with pytest.raises(IndexError):
        YEAR.at(len(YEAR))


def test_no_period_starts_after_the_last_start_or_is_shorter_than_the_minimum() -> None:
    early = replace(SHORT, last_start=date(2026, 1, 5))
    assert {p.start.day for p in early} == {4, 5}
    assert min(p.days for p in early) == 5
    assert Period(date(2026, 1, 6), date(2026, 1, 12)) not in early
    assert all(period in early for period in early)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(practice=practices(), number=st.integers(0, len(SHORT) - 1), window=st.sampled_from(NumeratorWindow))
def test_any_practice_is_counted_in_every_period_as_by_hand_and_often_as_by_the_sql(
    engine: LocalEngine, practice: Practice, number: int, window: NumeratorWindow
) -> None:
    practice.load(engine)
    counts = PeriodCounts(engine, SHORT, window)
    year = ("2026-01-01", "2026-12-31") if window is BY_YEAR else None
    wrong = [period for period in SHORT if at(counts, period) != tally_by_hand(practice, period, year)]
    assert wrong == []
    if not number % 3:
        assert at(counts, SHORT.at(number)) == by_sql(engine, SHORT.at(number), window)


def test_evidence_outside_the_period_is_not_met_and_evidence_inside_is(engine: LocalEngine) -> None:
    sent = [
        case("PI_HIE_1", f"r{n}", "2026-01-08", met_from=f"2026-01-{n:02}", met_on=f"2026-01-{n:02}") for n in (8, 10)
    ]
    Practice(sent).load(engine)
    counts = PeriodCounts(engine, SHORT, WITHIN)
    series = ("PI_HIE_1", "all", TIN, NPI)
    until = {day: counts.tally(series, SHORT.number(Period(SHORT.first, date(2026, 1, day)))) for day in (9, 10)}
    assert [(t.denominator, t.met) for t in until.values() if t] == [(2, 1), (2, 2)]


def test_without_any_case_there_is_nothing_to_count(engine: LocalEngine) -> None:
    Practice([]).load(engine)
    counts = PeriodCounts(engine, SHORT, WITHIN)
    assert counts.series == ()
    assert counts.of(("PI_EP_1", "all", None, None)).denominator.greatest() == 0
