"""PI_PEA_1: unique patients seen, portal and API access four business days after each visit (fhir-mapping 9)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from extractors.site import NumeratorWindow, Standing
from extractors.vocabulary import EventKind
from tests.extractors.practice import (
    CLOSED,
    MET,
    NONE,
    NOT_MET,
    OPEN,
    UNDECIDED,
    UNKNOWN,
    Counts,
    D,
    Json,
    access,
    both_channels,
    cases,
    count,
    evidence,
    ref,
    resource,
    staff,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

ACCESS = "PI_PEA_1"
CALENDAR_YEAR = replace(OPEN, numerator_window=NumeratorWindow.CALENDAR_YEAR)
LATE = "2026-03-20"
SECOND = visit("second", "2026-04-06T09:00:00-04:00")


def on_visit(name: str, day: str) -> list[Json]:
    return both_channels(f"Encounter/{name}", day)


@side_by_side(
    ("given", "expected"),
    [
        pytest.param(
            [*on_visit("visit", "2026-03-03"), *on_visit("second", "2026-04-07")],
            MET,
            marks=pytest.mark.case(85),
            id="15.85 both timely",
        ),
        pytest.param(
            [*on_visit("visit", "2026-03-03"), *on_visit("second", "2026-04-20")],
            NOT_MET,
            marks=pytest.mark.case(86),
            id="15.86 second late",
        ),
        pytest.param(
            [*on_visit("visit", LATE), *on_visit("second", "2026-04-07")],
            NOT_MET,
            marks=pytest.mark.case(87),
            id="15.87 first late",
        ),
        pytest.param(both_channels(on="2019-05-01"), MET, marks=pytest.mark.case(88), id="15.88 an account since 2019"),
        pytest.param(
            both_channels(on="2019-05-01", until="2026-03-15"),
            NOT_MET,
            marks=pytest.mark.case("X2-4"),
            id="X2-4 ended between the visits",
        ),
        pytest.param(
            [*both_channels(), evidence("access-withdrawn", "Patient/p", "2026-03-15")],
            NOT_MET,
            marks=pytest.mark.case("X2-4"),
            id="X2-4 withdrawn",
        ),
        pytest.param([], UNKNOWN, id="nothing shown"),
        pytest.param(on_visit("visit", "2026-03-03"), UNKNOWN, id="nothing shown of the second"),
    ],
)
def test_every_visit_of_a_patient_must_be_timely(given: list[Json], expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(), SECOND, *given], expected)


@side_by_side(
    ("seen", "granted", "expected"),
    [
        pytest.param("2026-03-02T09:00:00-05:00", "2026-03-06", MET, id="fourth business day"),
        pytest.param(
            "2026-03-02T09:00:00-05:00", "2026-03-07", NOT_MET, marks=pytest.mark.case(89), id="15.89 day five"
        ),
        pytest.param("2026-03-05T09:00:00-05:00", "2026-03-11", MET, id="over a weekend"),
        pytest.param("2026-03-05T09:00:00-05:00", "2026-03-12", NOT_MET, id="over a weekend, a day late"),
        pytest.param(
            "2026-05-21T09:00:00-04:00", "2026-05-28", MET, marks=pytest.mark.case(90), id="15.90 over Memorial Day"
        ),
        pytest.param(
            "2026-05-21T09:00:00-04:00",
            "2026-05-29",
            NOT_MET,
            marks=pytest.mark.case(90),
            id="15.90 over Memorial Day, a day late",
        ),
        pytest.param("2026-03-07T09:00:00-05:00", "2026-03-12", MET, id="a visit on a Saturday"),
        pytest.param("2026-03-07T09:00:00-05:00", "2026-03-13", NOT_MET, id="a visit on a Saturday, a day late"),
    ],
)
def test_access_is_due_on_the_fourth_business_day(seen: str, granted: str, expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(on=seen), *both_channels(on=granted)], expected)


@side_by_side(
    ("site", "released", "expected"),
    [
        pytest.param(OPEN, "2026-07-02", NOT_MET, marks=pytest.mark.case("X2-2"), id="X2-2 performance_period"),
        pytest.param(
            CALENDAR_YEAR,
            "2026-07-02",
            MET,
            marks=pytest.mark.case("X2-2"),
            id="X2-2 calendar_year: 3 July is the observed holiday",
        ),
        pytest.param(
            CALENDAR_YEAR,
            "2026-07-03",
            NOT_MET,
            marks=pytest.mark.case("X2-2"),
            id="X2-2 the holiday itself is too late",
        ),
    ],
)
def test_a_release_after_the_period_counts_by_the_window(site: Any, released: str, expected: Counts) -> Variant:
    found = [visit(on="2026-06-26T09:00:00-04:00"), *on_visit("visit", released)]
    return Variant(ACCESS, found, expected, site=site)


def test_the_days_start_when_the_information_was_available() -> None:
    result = evidence("information-available", "Encounter/visit", "2026-03-10")
    assert count(ACCESS, [visit(), result, *both_channels(on="2026-03-16")]) == MET


def test_the_holidays_are_the_sites() -> None:
    open_on_memorial_day = replace(OPEN, closed_days=frozenset())
    found = [visit(on="2026-05-21T09:00:00-04:00"), *both_channels(on="2026-05-28")]
    assert count(ACCESS, found, site=open_on_memorial_day) == NOT_MET


@side_by_side(
    ("given", "site", "expected"),
    [
        pytest.param(
            [access("access-vdt")],
            CLOSED,
            NOT_MET,
            marks=pytest.mark.case(91),
            id="15.91 portal without API, closed world",
        ),
        pytest.param([access("access-vdt")], OPEN, UNKNOWN, id="portal, API not shown"),
        pytest.param(
            [access("access-vdt"), access("access-api", on=LATE)],
            OPEN,
            NOT_MET,
            marks=pytest.mark.case(91),
            id="15.91 API too late",
        ),
        pytest.param(
            [access("access-declined")],
            OPEN,
            MET,
            marks=[pytest.mark.case(95), pytest.mark.case("X2-3")],
            id="15.95 X2-3 declined, with instructions",
        ),
        pytest.param(
            [], CLOSED, NOT_MET, marks=pytest.mark.case(95), id="15.95 declined without instructions leaves nothing"
        ),
    ],
)
def test_both_channels_are_needed(given: list[Json], site: Any, expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(), *given], expected, site=site)


@side_by_side(
    ("elements", "expected"),
    [
        pytest.param({}, MET, id="finished"),
        pytest.param({"status": "cancelled"}, NONE, marks=pytest.mark.case(93), id="15.93 cancelled"),
        pytest.param({"status": "planned"}, NONE, id="planned"),
        pytest.param({"status": "entered-in-error"}, NONE, id="entered in error"),
        pytest.param({"status": "in-progress"}, MET, id="in progress"),
        pytest.param({"status": "arrived"}, UNDECIDED, id="arrived"),
        pytest.param({"status": "unknown"}, UNDECIDED, id="unknown"),
        pytest.param({"class": {"code": "VR"}}, MET, marks=pytest.mark.case("X2-5"), id="X2-5 telehealth"),
        pytest.param({"class": {"code": "HH"}}, MET, id="at home"),
        pytest.param({"class": {"code": "IMP"}}, NONE, id="inpatient"),
        pytest.param({"on": None}, UNDECIDED, id="no date"),
        pytest.param({"on": "2025-12-31T23:59:59-05:00"}, NONE, id="the evening before the period"),
        pytest.param({"on": "2026"}, UNDECIDED, id="a year"),
    ],
)
def test_what_the_visit_says_decides_whether_the_patient_was_seen(elements: Json, expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(**elements), *both_channels()], expected)


@side_by_side("kind", ["replaced-by", "refer"])
@pytest.mark.case(92)
def test_merged_patients_with_a_visit_each_are_one(kind: str) -> Variant:
    """fhir-mapping 15.92."""
    merged = resource("Patient", "old", link=[{"type": kind, "other": ref("Patient/p")}])
    other = visit("other", subject=ref("Patient/old"))
    return Variant(ACCESS, [resource("Patient", "p"), merged, visit(), other, *both_channels()], MET)


def test_the_surviving_record_may_be_the_one_that_names_the_merge() -> None:
    stays = resource("Patient", "p", link=[{"type": "replaces", "other": ref("Patient/old")}])
    found = [stays, resource("Patient", "old"), visit(), visit("other", subject=ref("Patient/old"))]
    assert count(ACCESS, [*found, *both_channels()]) == MET


def test_patients_that_only_point_at_each_other_stay_two() -> None:
    also = resource("Patient", "old", link=[{"type": "seealso", "other": ref("Patient/p")}])
    assert count(ACCESS, [also, visit(), visit("other", subject=ref("Patient/old"))]).denominator == 2


@pytest.mark.case(94)
def test_a_deceased_patient_counts() -> None:
    """fhir-mapping 15.94."""
    dead = resource("Patient", "p", deceasedBoolean=True)
    assert count(ACCESS, [dead, visit(), *both_channels()]) == MET


@pytest.mark.case("X2-1")
def test_a_late_visit_with_one_clinician_is_hers_and_the_groups() -> None:
    """X2-1."""
    found = [visit(), visit("other", by="d"), *on_visit("visit", "2026-03-03"), *on_visit("other", LATE)]
    assert [count(ACCESS, found), count(ACCESS, found, npi=D), count(ACCESS, found, npi=None)] == [
        MET,
        NOT_MET,
        NOT_MET,
    ]


def test_a_visit_that_may_have_failed_leaves_the_patient_unknown() -> None:
    doubtful = visit("other", "2026-04-06T09:00:00-04:00", status="arrived")
    assert count(ACCESS, [visit(), doubtful, *on_visit("visit", "2026-03-03")]) == UNKNOWN


def test_a_visit_whose_day_may_lie_outside_the_period_and_that_was_timely_harms_nothing() -> None:
    doubtful = visit("other", "2026-04-06T09:00:00-04:00", status="arrived")
    assert count(ACCESS, [visit(), doubtful, *both_channels()]) == MET


POLICY = replace(
    OPEN,
    standing=tuple(
        Standing(kind, date(2020, 1, 1), None, "released at once")
        for kind in (EventKind.ACCESS_VDT, EventKind.ACCESS_API)
    ),
)


def test_a_policy_of_the_site_gives_every_patient_access() -> None:
    assert count(ACCESS, [visit()], site=POLICY) == MET


@side_by_side(("on", "expected"), [("2026-03-06", NOT_MET), ("2026-03-07", MET), ("2019-12-31", MET)])
def test_a_withdrawal_from_one_patient_goes_before_the_policy(on: str, expected: Counts) -> Variant:
    withdrawn = evidence("access-withdrawn", "Patient/p", on)
    return Variant(ACCESS, [visit(), withdrawn], expected, site=POLICY)


def test_a_withdrawal_from_one_patient_leaves_another_alone() -> None:
    withdrawn = evidence("access-withdrawn", "Patient/q", "2026-03-01")
    assert count(ACCESS, [visit(), withdrawn], site=POLICY) == MET


@side_by_side(
    ("ended", "expected"), [(date(2026, 3, 6), NOT_MET), (date(2026, 3, 7), MET)], ids=["before", "after the deadline"]
)
def test_a_policy_that_ended_is_none_at_the_deadline(ended: date, expected: Counts) -> Variant:
    over = replace(POLICY, standing=tuple(replace(s, ended=ended) for s in POLICY.standing))
    return Variant(ACCESS, [visit()], expected, site=over)


@side_by_side(("until", "expected"), [("2026-03-05", NOT_MET), ("2026-03-06", MET)])
def test_access_that_ends_on_a_day_is_still_in_force_on_that_day(until: str, expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(), *both_channels(until=until)], expected)


@side_by_side(("until", "expected"), [("2026-03-06T12:00:00-05:00", NOT_MET), ("2026-03-07T00:00:00-05:00", MET)])
def test_access_that_ends_at_a_time_is_not_in_force_on_that_day(until: str, expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(), *both_channels(until=until)], expected)


def test_the_case_names_its_deadline() -> None:
    (case,) = cases([*staff(), visit(), *both_channels()], ACCESS)
    assert case["reason"] == "portal and API access in force at the deadline 2026-03-06"
