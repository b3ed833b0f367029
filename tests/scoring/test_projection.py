"""What is observed, what is projected, and what the pace so far says of an exclusion's limit."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.actions import Situation
from scoring.exclusions import Count, Exclusion, exclusions
from scoring.model import MeasureId, Origin, Period, Proportion
from scoring.projection import Safety, SafetyMargin, Span, busiest, projected, safety_margin
from scoring.starts import starts_left
from tests.scoring.reported import RULES, complete, counting

RULES_2026 = RULES[2026]
SEND = MeasureId("PI_HIE_1")
AUTUMN = Period(date(2026, 7, 5), date(2026, 12, 31))
NOVEMBER = Span(AUTUMN, date(2026, 11, 22))


def sending(certain: int, possible: int | None = None) -> Exclusion:
    count = Count(certain, certain if possible is None else possible)
    return next(one for one in exclusions(RULES_2026, {SEND: [count]}) if one.exclusion == "PI_LVOTC_1")


def spread(number: int, span: Span) -> list[date]:
    """Days on which so many cases fell, as even as can be."""
    return [span.period.start + timedelta(n * span.elapsed // number) for n in range(number)]


def margin(number: int, span: Span, days: list[date] | None = None) -> SafetyMargin:
    found = safety_margin(sending(number), spread(number, span) if days is None else days, span)
    assert found is not None
    return found


def test_94_referrals_with_39_days_left_are_not_safe() -> None:
    found = margin(94, NOVEMBER)
    assert (NOVEMBER.elapsed, NOVEMBER.remaining) == (141, 39)
    assert found.pace is not None
    assert found.pace.expected == 94 + Fraction(94 * 39, 141) == 120
    assert found.safety is Safety.NOT_SAFE
    assert found.because == (
        "94 in 141 days; at that pace about 26 more in the 39 days left, about 120 at the end against a limit of fewer "
        "than 100; room for 5 more. The busiest 39 days so far held 26."
    )


def test_a_pace_that_ends_just_below_the_limit_is_safe_and_one_that_reaches_it_is_not() -> None:
    half = Span(Period(date(2026, 1, 1), date(2026, 6, 29)), date(2026, 3, 31))
    assert (half.elapsed, half.remaining) == (90, 90)
    assert margin(49, half).safety is Safety.SAFE
    assert margin(50, half).safety is Safety.NOT_SAFE


def test_a_stretch_as_busy_as_one_that_was_seen_makes_a_quiet_pace_close() -> None:
    crowded = [date(2026, 10, 1)] * 60
    assert margin(60, NOVEMBER).safety is Safety.SAFE
    found = margin(60, NOVEMBER, crowded)
    assert found.pace is not None
    assert (found.safety, found.pace.busiest) == (Safety.CLOSE, 60)


def test_early_in_a_period_a_quiet_pace_is_close_because_no_stretch_is_long_enough() -> None:
    assert margin(10, Span(AUTUMN, date(2026, 8, 1))).safety is Safety.CLOSE


@pytest.mark.parametrize(("number", "safety"), [(99, Safety.FINAL), (100, Safety.LOST), (101, Safety.LOST)])
def test_once_the_period_is_over_the_count_decides(number: int, safety: Safety) -> None:
    assert margin(number, Span(AUTUMN, date(2026, 12, 31))).safety is safety
    assert margin(number, Span(AUTUMN, date(2027, 1, 31))).safety is safety


def test_a_count_that_may_be_higher_is_judged_by_what_it_may_be() -> None:
    over = Span(AUTUMN, date(2026, 12, 31))
    assert [safety_margin(sending(90, most), [], over).safety for most in (99, 100)] == [Safety.FINAL, Safety.NOT_SAFE]


def test_a_count_without_an_end_and_a_period_not_begun_allow_no_telling() -> None:
    endless = replace(sending(3), count=Count(3, None))
    found = safety_margin(endless, [], NOVEMBER)
    assert found is not None
    assert found.safety is Safety.NO_TELLING
    assert margin(0, Span(AUTUMN, date(2026, 7, 4)), []).safety is Safety.NO_TELLING


def test_an_exclusion_without_a_limit_has_no_margin() -> None:
    hinted = next(one for one in exclusions(RULES_2026, {}) if one.fewer_than is None)
    assert safety_margin(hinted, [], NOVEMBER) is None


@given(st.lists(st.integers(0, 140)), st.integers(1, 141))
def test_the_busiest_stretch_is_the_most_of_every_stretch(offsets: list[int], length: int) -> None:
    days = [AUTUMN.start + timedelta(n) for n in offsets]
    every = (sum(first <= n < first + length for n in offsets) for first in range(141 - length + 1))
    assert busiest(days, length, NOVEMBER) == max(every)


def observed(met: int, denominator: int, origin: Origin = Origin.RECOMPUTED) -> Situation:
    counted = Proportion(met, denominator, origin=origin)
    return Situation(RULES_2026, counting(replace(complete(2026), period=AUTUMN), "PI_PEA_1", counted))


def test_a_projection_brackets_the_pace_between_no_and_every_further_case() -> None:
    found = projected(observed(70, 141), NOVEMBER)
    assert found.pace is not None
    assert found.lowest is not None
    assert found.highest is not None
    earned = [next(line.earned for line in score.lines if line.measure == "PI_PEA_1")
              for score in (found.observed, found.pace, found.lowest, found.highest)]  # fmt: skip
    assert earned == [12, 12, 10, 15]


def test_a_total_of_a_report_is_never_projected() -> None:
    found = projected(observed(70, 141, Origin.REPORTED), NOVEMBER)
    assert found.lowest is not None
    assert found.lowest.points == found.observed.points


@pytest.mark.parametrize("day", [date(2026, 7, 4), date(2026, 12, 31)])
def test_nothing_is_projected_before_a_period_begins_nor_after_it_ends(day: date) -> None:
    assert projected(observed(70, 141), Span(AUTUMN, day)).pace is None


@pytest.mark.parametrize(
    ("day", "first"),
    [
        (date(2026, 1, 1), date(2026, 1, 1)),
        (date(2026, 7, 4), date(2026, 7, 4)),
        (date(2026, 7, 5), date(2026, 7, 5)),
        (date(2026, 7, 6), None),
        (date(2026, 11, 21), None),
        (date(2026, 12, 31), None),
    ],
)
def test_past_5_july_2026_no_new_period_can_begin(day: date, first: date | None) -> None:
    assert starts_left(RULES_2026, day).first == first


def test_before_the_year_the_first_start_is_its_first_day_and_a_leap_year_has_its_own_last() -> None:
    assert starts_left(RULES_2026, date(2025, 12, 1)).first == date(2026, 1, 1)
    leap = RULES[2024]
    assert starts_left(leap, leap.period.last_start).first == leap.period.last_start
    assert starts_left(leap, leap.period.last_start + timedelta(1)).first is None


def test_the_observed_days_grow_by_one_a_day_and_end_with_the_period() -> None:
    days = [Span(AUTUMN, date(2026, 7, n)).elapsed for n in (4, 5, 6)]
    assert days == [0, 1, 2]
    assert Span(AUTUMN, date(2026, 12, 31)).remaining == Span(AUTUMN, date(2027, 3, 1)).remaining == 0


def test_a_count_with_bounds_is_told_with_its_bounds() -> None:
    over = Span(AUTUMN, date(2026, 12, 31))
    lost = safety_margin(sending(243, 244), [], over)
    assert lost is not None
    assert lost.because.startswith("243 to 244 are counted, not fewer than 100")
    kept = safety_margin(sending(90, 91), [], over)
    assert kept is not None
    assert kept.because == "90 to 91 are counted and the period is over: room for 8 more."
    open_still = safety_margin(sending(94, 95), [], NOVEMBER)
    assert open_still is not None
    assert open_still.because.startswith("94 to 95 in 141 days; ")
