"""Totals of the EHR's report that a plan takes: of which days they are, and what is said of that."""

from dataclasses import replace
from datetime import date

import pytest

from scoring.model import MeasureId, Origin, Period, Proportion
from smartapp.ahead.carried import carried
from smartapp.attesting.attestations import Attestations, Reported

HIE_4 = MeasureId("PI_HIE_4")
SPRING = Period(date(2026, 1, 1), date(2026, 6, 29))
AUTUMN = Period(date(2026, 7, 5), date(2026, 12, 31))
MADE = date(2026, 11, 20)
TOTAL = Reported(Proportion(27, 38, origin=Origin.REPORTED), "the report", MADE)
ATTESTED = Attestations(2026, None, AUTUMN, None, {}, {HIE_4: TOTAL}, "controlled-included")


def said(of: Period | None, as_of: date, period: Period = AUTUMN) -> str:
    (one,) = carried(replace(ATTESTED, period=of), period, as_of)
    return " ".join(one.sentences())


def test_a_total_of_the_same_days_made_on_the_day_of_the_plan_leaves_no_doubt() -> None:
    only = "PI_HIE_4: 27 of 38 is the EHR's own total, as it stands"
    assert said(AUTUMN, MADE) == f'{only} ("the report", of 2026-11-20).'


def test_a_total_of_other_days_or_of_no_named_days_says_so() -> None:
    assert "It is of 2026-01-01 to 2026-06-29, not of these days: run that report again" in said(SPRING, MADE)
    assert "nothing says of which days it is" in said(None, MADE)


@pytest.mark.parametrize(
    ("as_of", "later", "since"),
    [(date(2026, 11, 19), True, False), (MADE, False, False), (date(2026, 11, 21), False, True)],
)
def test_a_report_made_after_the_day_of_the_plan_or_before_it_says_what_it_holds(
    as_of: date, later: bool, since: bool
) -> None:
    text = said(AUTUMN, as_of)
    assert ("it holds what was not known on that day" in text) is later
    assert ("What came after 2026-11-20 is not in it" in text) is since


def test_a_report_made_after_a_period_was_over_holds_all_of_it() -> None:
    assert "is not in it" not in said(SPRING, date(2026, 12, 1), SPRING)


def test_without_a_reported_total_nothing_is_carried() -> None:
    assert carried(replace(ATTESTED, reported={}), AUTUMN, MADE) == ()
