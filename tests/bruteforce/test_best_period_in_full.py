"""Every period of the year by the SQL itself, each scored in every way, once per distinct tally. Takes many minutes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from extractors.cases import Tally, tally
from extractors.tallies import Tallies
from scoring.model import Period
from scoring.periods import space_of
from scoring.rulebook import load
from smartapp import paths
from smartapp.ahead.assumed import Answered
from smartapp.ahead.best_period import PeriodSearch
from smartapp.attesting.attestations import Attestations, read_attestations
from smartapp.usecases import Reading, Source, read
from tests.smartapp.searched import RULES, Tried, ways_at

pytestmark = pytest.mark.bruteforce
YEAR = space_of(RULES)


@pytest.fixture(scope="module", params=["solo-2026", "group-4"])
def read_whole(request: pytest.FixtureRequest) -> Iterator[tuple[Reading, Attestations]]:
    place = paths.fixture("solo-2026").parent / request.param
    with read(Source(place, place / "site.toml"), RULES, Period(YEAR.first, YEAR.last)) as reading:
        reading.engine.expect_few_rows()
        yield reading, read_attestations(place / "attestations.toml", RULES)


def test_of_all_17391_periods_counted_by_the_sql_the_best_is_the_one_found(
    read_whole: tuple[Reading, Attestations],
) -> None:
    reading, attested = read_whole
    search = PeriodSearch(reading)
    found = search.best(Answered(attested))
    asked = replace(attested, reporter=found.best.submission.reporter)
    plain = replace(reading, rules=replace(RULES, readings=()))
    scored: dict[tuple[Tally, ...], list[Tried]] = {}
    best: list[tuple[tuple[int, ...], Period]] = []
    for number, period in enumerate(YEAR):
        counted = tuple(replace(t, rests_on={}) for t in tally(reading.engine, period, reading.site.numerator_window))
        assert counted_by_search(search, number) == {key_of(t): t for t in counted}, period
        mine = own(counted, asked)
        key = tuple(tuple(map(str, (*key_of(t), t.denominator, t.met, t.unknown, t.undecided))) for t in mine)
        if key not in scored:
            scored[key] = list(ways_at(replace(plain, period=period, tallies=Tallies(mine)), asked))
        ranks = [replace(one, period=period).rank(frozenset()) for one in scored[key]]
        best = sorted([*best, (max(ranks), period)], key=lambda pair: pair[0], reverse=True)[:2]
    (first, winner), (second, runner_up) = best
    assert (len(YEAR), found.searched) == (17391, 17391)
    assert (found.best.period, found.best.before_gate) == (winner, first[2])
    assert found.runner_up is not None
    assert (found.runner_up.period, found.runner_up.before_gate) == (runner_up, second[2])


def counted_by_search(search: PeriodSearch, number: int) -> dict[tuple[object, ...], Tally]:
    found = (search.counts.tally(series, number) for series in search.counts.series)
    return {key_of(t): t for t in found if t is not None}


def key_of(t: Tally) -> tuple[str, str, str | None, str | None]:
    return t.measure, t.variant, t.tin, t.npi


def own(counted: tuple[Tally, ...], asked: Attestations) -> tuple[Tally, ...]:
    """What a score of the reporter looks at: the same of others makes no difference to it."""
    assert asked.reporter is not None
    tin, npi = asked.reporter.tin, asked.reporter.npi
    return tuple(t for t in counted if t.tin is None or (t.tin == tin and (npi is None or t.npi in (None, npi))))


def test_of_2024_all_17578_periods_are_searched() -> None:
    assert len(space_of(load(2024))) == len(list(space_of(load(2024)))) == 17578
