"""What went before: earlier encounters, roles that have ended, visits of which only a month is known."""

from typing import Any

import pytest

from tests.extractors.practice import (
    CLOSED,
    CPT,
    MET,
    NONE,
    OPEN,
    PROVEN,
    UNKNOWN,
    A,
    B,
    Counts,
    D,
    Json,
    access,
    both_channels,
    coded,
    count,
    counted,
    document,
    prescription,
    receipt,
    reconciled,
    ref,
    referral,
    role,
    staff,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

RECEIVING, ACCESS, PRESCRIBING = "PI_HIE_4", "PI_PEA_1", "PI_EP_1"
SUMMARY = [document(), receipt(), *reconciled()]
NEW = {"type": [coded(CPT, "99203")]}
BEFORE = "2020-03-02T09:00:00-05:00"


def setting(code: str) -> Json:
    return {"class": {"code": code}}


@side_by_side(
    ("earlier", "expected"),
    [
        pytest.param([], MET, id="nothing"),
        pytest.param([visit("old", BEFORE)], NONE, id="a visit"),
        pytest.param([visit("old", BEFORE, **setting("IMP"))], NONE, id="a stay in hospital"),
        pytest.param([visit("old", BEFORE, **setting("EMER"))], NONE, id="an emergency"),
        pytest.param([visit("old", BEFORE, status="cancelled")], MET, id="a cancelled visit"),
        pytest.param([visit("old", BEFORE, by="d")], MET, id="a visit to her partner"),
        pytest.param([visit("old", "2026-04-02T09:00:00-04:00")], MET, id="a later visit"),
    ],
)
def test_an_earlier_encounter_refutes_a_new_patient_code(earlier: list[Json], expected: Counts) -> list[Variant]:
    """Whether history is proven or not."""
    return [Variant(RECEIVING, [visit(**NEW), *earlier, *SUMMARY], expected, site=site) for site in (OPEN, PROVEN)]


def test_a_patient_seen_in_hospital_is_not_new() -> None:
    assert count(RECEIVING, [visit("old", BEFORE, **setting("IMP")), visit(), *SUMMARY], site=PROVEN) == NONE


def test_a_patient_whom_a_partner_saw_is_not_new_to_the_group() -> None:
    seen = [visit("old", BEFORE, by="d"), visit(**NEW), *SUMMARY]
    assert count(RECEIVING, seen, npi=None, site=PROVEN) == NONE


def test_a_revoked_referral_to_us_makes_no_context() -> None:
    inbound = referral(
        status="revoked", requester=ref("Organization/elsewhere"), performer=[ref("PractitionerRole/c-at-a")]
    )
    assert count(RECEIVING, [inbound, *SUMMARY]) == NONE


@side_by_side("code", ["IMP", "EMER", "OBSENC", "SS"])
def test_a_stay_is_no_visit_for_patient_access(code: str) -> list[Variant]:
    return [
        Variant(ACCESS, [visit(**setting(code)), *both_channels()], NONE),
        Variant(ACCESS, [visit(), visit("stay", "2026-03-09", **setting(code)), *both_channels()], MET),
    ]


@pytest.mark.parametrize("site", [OPEN, CLOSED], ids=["open", "closed"])
@pytest.mark.parametrize("on", ["2026-03", "2026"])
def test_a_visit_dated_by_month_or_year_has_no_deadline(on: str, site: Any) -> None:
    found = count(ACCESS, [visit(on=on), *both_channels(on="2026-03-20")], site=site)
    assert (found.met, found.denominator) == (0, found.unknown)


def test_a_visit_dated_by_month_has_the_deadline_of_its_information() -> None:
    shown = access("information-available", "Encounter/visit", "2026-03-02")
    assert count(ACCESS, [visit(on="2026-03"), shown, *both_channels(on="2026-03-03")]) == MET


def test_the_second_visit_decides_also_where_the_first_has_no_day() -> None:
    late = both_channels("Encounter/second", "2026-04-20")
    assert count(ACCESS, [visit(on="2026-03"), visit("second", "2026-04-06"), *late]) == Counts(1, 0)
    assert count(ACCESS, [visit(on="2026-03"), *both_channels()]) == UNKNOWN


@side_by_side(
    ("elements", "tin"),
    [
        pytest.param({}, None, id="a second role"),
        pytest.param({"active": False}, A, id="not active"),
        pytest.param({"period": {"end": "2026-03-01"}}, A, id="ended the day before"),
        pytest.param({"period": {"end": "2026-03-02"}}, None, id="ended on the day"),
        pytest.param({"period": {"end": "2026-12-31"}}, None, id="ends later"),
        pytest.param({"period": {"start": "2026-03-03"}}, A, id="begins the day after"),
        pytest.param({"period": {"start": "2026-03-02"}}, None, id="begins on the day"),
    ],
)
def test_a_role_that_is_not_held_moves_no_work(elements: Json, tin: str | None) -> list[Variant]:
    found = [{**role("c", "b"), **elements}, prescription(requester=ref("Practitioner/c"))]
    return [Variant(PRESCRIBING, found, UNKNOWN if each == tin else NONE, tin=each) for each in (A, B, None)]


def test_work_under_a_role_that_has_ended_stays_with_its_tin() -> None:
    ended = {**role("c", "b"), "active": False, "period": {"end": "2020-01-01"}}
    found = counted([*staff(), ended, prescription(requester=ref("PractitionerRole/c-at-b"))])
    assert {key[2] for key in found} == {B}
    assert D not in {key[3] for key in found}
