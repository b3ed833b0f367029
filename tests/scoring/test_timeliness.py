"""What a practice dates is held to the year and the period; what it does not date is not judged."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from reported import RULES, answering, codes, complete, without

from scoring.gate import check
from scoring.model import AgencyRequest, Dates, MeasureId, Period, Submission
from scoring.score import score

RISK, GUIDE, REGISTRY = MeasureId("PI_PPHI_1"), MeasureId("PI_PPHI_2"), MeasureId("PI_PHCDRR_1")
PERIOD = Period(date(2026, 7, 1), date(2026, 12, 31))


def dated(dates: Dates, submission: Submission | None = None) -> list[str]:
    whole = replace(submission or complete(2026), period=PERIOD, dates=dates)
    return codes(check(RULES[2026], whole))


@pytest.mark.parametrize(("day", "late"), [(date(2026, 7, 1), False), (date(2026, 7, 2), True)])
def test_certified_functions_are_in_use_from_the_first_day(day: date, late: bool) -> None:
    assert ("F-110" in dated(Dates(in_use_from=day))) is late


@pytest.mark.parametrize(("day", "late"), [(date(2026, 12, 31), False), (date(2027, 1, 1), True)])
def test_the_product_is_certified_by_the_last_day(day: date, late: bool) -> None:
    assert ("F-111" in dated(Dates(certified_on=day))) is late


@pytest.mark.parametrize("measure", [RISK, GUIDE])
@pytest.mark.parametrize(
    ("day", "outside"),
    [(date(2025, 12, 31), True), (date(2026, 1, 1), False), (date(2026, 12, 31), False), (date(2027, 1, 1), True)],
)
def test_an_analysis_and_an_assessment_belong_to_the_calendar_year(
    measure: MeasureId, day: date, outside: bool
) -> None:
    assert ("F-112" in dated(Dates(done={measure: day}))) is outside


@pytest.mark.parametrize(
    ("year", "edition", "other"), [(2026, "2025", False), (2026, "2016", True), (2025, "2016", False)]
)
def test_the_guide_is_of_the_edition_that_the_year_asks_for(year: int, edition: str, other: bool) -> None:
    submission = replace(complete(year), dates=Dates(editions={GUIDE: edition}))

    assert ("F-113" in codes(check(RULES[year], submission))) is other


@pytest.mark.parametrize(("days", "late"), [(60, False), (61, True)])
def test_level_1_rests_on_a_registration_within_60_days(days: int, late: bool) -> None:
    level_1 = answering(without(complete(2026), "PI_PHCDRR_1_PROD"), PI_PHCDRR_1_PRE=True)
    registered = Dates(registered={REGISTRY: PERIOD.start + timedelta(days=days)})

    assert ("F-219" in dated(registered, level_1)) is late


def test_production_data_need_no_registration_of_this_year() -> None:
    assert "F-219" not in dated(Dates(registered={REGISTRY: date(2026, 12, 1)}))


def test_a_registration_of_an_earlier_year_carries_over() -> None:
    level_1 = answering(without(complete(2026), "PI_PHCDRR_1_PROD"), PI_PHCDRR_1_PRE=True)

    assert "F-219" not in dated(Dates(registered={REGISTRY: date(2019, 3, 1)}), level_1)


def test_what_is_not_dated_is_not_judged() -> None:
    assert dated(Dates()) == codes(check(RULES[2026], replace(complete(2026), period=PERIOD)))


@pytest.mark.parametrize("year", RULES)
def test_every_finding_says_until_when_it_can_be_mended(year: int) -> None:
    bare = replace(complete(year), cehrt_id=None, answers={}, proportions={}, period=None)

    found = {finding.subject: finding for finding in score(RULES[year], bare).findings}

    assert found["PI_PPHI_1"].by == date(year, 12, 31)
    assert found["PI_INFBLO_1"].by == found["cehrtId"].by
    assert found["cehrtId"].by is not None
    assert found["cehrtId"].by.year == year + 1


@pytest.mark.parametrize("year", RULES)
def test_another_period_can_be_named_until_the_submission_window_closes(year: int) -> None:
    short = replace(complete(year), period=Period(date(year, 1, 1), date(year, 6, 1)))

    (found,) = [finding for finding in score(RULES[year], short).findings if finding.code == "F-106"]

    assert found.by is not None
    assert found.by.year == year + 1
    assert f"begins by {year}-07-05" in found.remedy


@pytest.mark.parametrize(("year", "outside"), [(2025, True), (2026, False), (2027, True)])
def test_the_management_of_risks_belongs_to_the_calendar_year(year: int, outside: bool) -> None:
    assert ("F-112" in dated(Dates(managed={RISK: date(year, 6, 1)}))) is outside


def asked(*requests: AgencyRequest, level: str = "PI_PHCDRR_1_PRE") -> bool:
    """Whether requests of the immunization registry fail the measure at a level."""
    levels = {MeasureId("PI_PHCDRR_1_PRE"), MeasureId("PI_PHCDRR_1_PROD")}
    at_level = answering(without(complete(2026), *levels), **{level: True})
    return "F-220" in dated(Dates(requests={REGISTRY: requests}), at_level)


LATE = AgencyRequest(date(2026, 8, 1), date(2026, 9, 1))
MISSED = AgencyRequest(date(2026, 12, 31), missed=True)


def test_two_requests_of_the_period_that_were_not_answered_in_time_fail_level_1() -> None:
    assert asked(LATE, MISSED)
    assert not asked(LATE)
    assert not asked(LATE, AgencyRequest(date(2026, 10, 1)))


def test_an_answer_on_the_thirtieth_day_is_in_time() -> None:
    in_time = AgencyRequest(date(2026, 8, 1), date(2026, 8, 31))
    assert not asked(in_time, MISSED)
    assert asked(AgencyRequest(date(2026, 8, 2), date(2026, 9, 2)), MISSED)


def test_requests_before_the_period_and_at_level_2_do_not_count() -> None:
    assert not asked(AgencyRequest(date(2026, 6, 30), missed=True), MISSED)
    assert asked(AgencyRequest(date(2026, 7, 1), missed=True), MISSED)
    assert not asked(LATE, MISSED, level="PI_PHCDRR_1_PROD")
