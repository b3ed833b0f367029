"""Gaps in what is met: found, dated to the day, and not seen where chance or a silent source explains the days."""

from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartapp.opened.outages import FEWEST_DAYS, MOST_CHANCE, Due, outages

MONDAY = date(2026, 3, 2)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def due(number: int, *answers: bool | None, began: int | None = None, ended: int | None = None) -> list[Due]:
    days = [frozenset() if n is None else frozenset({day(n)}) for n in (began, ended)]
    return [Due(day(number), met, *days) for met in answers]


def steady(first: int, last: int, *answers: bool | None) -> list[Due]:
    return [case for number in range(first, last + 1) for case in due(number, *answers)]


def test_days_without_a_met_case_between_days_with_some_are_a_gap_dated_to_the_day() -> None:
    [gap] = outages([*steady(0, 9, True, True), *steady(10, 14, False, False), *steady(15, 30, True, True)])
    assert (gap.stopped, gap.last, gap.returned) == (day(10), day(14), day(15))
    assert (gap.met_until, gap.missed_from, gap.missed_to, gap.met_from) == (day(9), day(10), day(14), day(15))
    assert (gap.missed, gap.unknown, gap.days) == (10, 0, 5)


def test_a_gap_that_has_not_ended_has_no_return() -> None:
    [gap] = outages([*steady(0, 20, True), *steady(21, 25, False)])
    assert (gap.stopped, gap.returned, gap.last, gap.met_from) == (day(21), None, None, None)


def test_what_was_never_met_before_has_not_stopped() -> None:
    assert outages([*steady(0, 9, False, False), *steady(10, 30, True)]) == ()
    assert outages(steady(0, 30, False)) == ()
    assert outages([]) == ()


@pytest.mark.parametrize(("days", "found"), [(FEWEST_DAYS - 1, 0), (FEWEST_DAYS, 1)])
def test_a_gap_takes_three_days_with_missed_cases(days: int, found: int) -> None:
    cases = [*steady(0, 20, True), *steady(21, 20 + days, *[False] * 9), *steady(21 + days, 40, True)]
    assert len(outages(cases)) == found


@pytest.mark.parametrize(("missed", "found"), [(4, 0), (5, 1)])
def test_a_gap_takes_more_missed_cases_than_chance_would_bring(missed: int, found: int) -> None:
    """At nine of ten outside, four missed in a row come once in 10,000 times, which is not less."""
    outside = [*steady(0, 8, True, True), *due(0, False, False)]
    assert (Fraction(1, 10) ** 4 < MOST_CHANCE) is False
    cases = [*outside, *steady(20, 19 + missed, False)]
    assert len(outages(cases)) == found


def test_one_met_case_within_ends_a_gap_and_a_day_that_is_not_known_does_not() -> None:
    before, after = steady(0, 20, True), steady(27, 40, True)
    assert outages([*before, *steady(21, 22, False), *due(23, False, True), *steady(24, 25, False), *after]) == ()
    [gap] = outages([*before, *steady(21, 22, False), *due(23, None, None), *steady(24, 26, False), *after])
    assert (gap.missed_from, gap.missed_to, gap.missed, gap.unknown, gap.days) == (day(21), day(26), 5, 2, 5)


def test_what_the_source_does_not_show_is_no_gap() -> None:
    assert outages([*steady(0, 20, True), *steady(21, 30, None, None), *steady(31, 40, True)]) == ()
    assert outages([*steady(0, 20, True), *steady(21, 40, None)]) == ()


@pytest.mark.parametrize(("began", "expected"), [(24, 28), (25, 25), (26, 26), (28, 28), (29, 28)])
def test_the_return_is_the_day_on_which_the_evidence_begins_within_the_days_that_are_open(
    began: int, expected: int
) -> None:
    """Missed until day 24, met from day 28: only a day between the two can be that of the return."""
    missed = [case for number in range(20, 25) for case in due(number, False, began=began)]
    [gap] = outages([*steady(0, 19, True, True), *missed, *steady(28, 40, True)])
    assert gap.returned == day(expected)


@pytest.mark.parametrize(("ended", "expected"), [(17, 20), (18, 18), (20, 20), (21, 20)])
def test_the_stop_is_the_day_on_which_the_evidence_ends_within_the_days_that_are_open(
    ended: int, expected: int
) -> None:
    missed = [case for number in range(20, 25) for case in due(number, False, ended=ended)]
    [gap] = outages([*steady(0, 17, True, True), *missed, *steady(28, 40, True)])
    assert gap.stopped == day(expected)


@pytest.mark.parametrize(("of_four", "expected"), [(1, 28), (2, 26), (4, 26)])
def test_evidence_of_fewer_than_half_of_the_missed_cases_dates_nothing(of_four: int, expected: int) -> None:
    missed = [Due(day(n), False, frozenset({day(26)} if k < of_four else ())) for n in (20, 21, 22) for k in range(4)]
    [gap] = outages([*steady(0, 19, True, True), *missed, *steady(28, 40, True)])
    assert gap.returned == day(expected)


CASES = st.lists(
    st.builds(lambda n, met: Due(day(n), met), st.integers(0, 40), st.sampled_from([True, True, False, None])),
    max_size=120,
)


@given(CASES, st.randoms())
def test_gaps_hold_no_met_case_and_do_not_depend_on_the_order_of_cases(cases: list[Due], chance: Random) -> None:
    found = outages(cases)
    shuffled = list(cases)
    chance.shuffle(shuffled)
    assert outages(shuffled) == found
    for gap in found:
        inside = [case.met for case in cases if gap.missed_from <= case.day <= gap.missed_to]
        assert True not in inside
        assert (inside.count(False), inside.count(None)) == (gap.missed, gap.unknown)
        assert gap.met_until < gap.stopped <= gap.missed_from <= gap.missed_to
        assert gap.returned is None or gap.missed_to < gap.returned <= (gap.met_from or gap.returned)
