"""What was read and is no case, with the reason; what cases have about them; and what belongs to nobody."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from extractors.site import Site
from tests.extractors.practice import (
    OPEN,
    A,
    C,
    Json,
    document,
    drug,
    extracted,
    organization,
    practitioner,
    prescription,
    receipt,
    ref,
    referral,
    role,
    staff,
    transmission,
    visit,
)

OTC_SUPPLY = drug("A4253", "urn:oid:2.16.840.1.113883.6.285")
AT_VISIT = {"encounter": ref("Encounter/visit")}


def table(name: str, *resources: Json, site: Site = OPEN) -> list[dict[str, Any]]:
    with LocalEngine() as engine:
        derive(extracted([*staff(), *resources], site), site, engine)
        return engine.rows(name)


def left_out(*resources: Json) -> list[tuple[str, str, str]]:
    return [(row["measure"], row["focus"], row["why"]) for row in table("left_out", *resources)]


def nobodys(*resources: Json, site: Site = OPEN) -> list[tuple[str | None, str | None, str]]:
    return [(row["tin"], row["npi"], row["why"]) for row in table("unattributed", *resources, site=site)]


@pytest.mark.parametrize(
    ("order", "others", "why"),
    [
        ({"status": "draft"}, [], "not a written prescription: draft or entered in error"),
        ({"reportedBoolean": True}, [], "recorded from elsewhere, not prescribed here"),
        ({"medicationCodeableConcept": OTC_SUPPLY}, [], "a supply, not a drug"),
        ({"status": "cancelled"}, [], "cancelled, and not shown to have been sent"),
        ({"requester": ref("Patient/p")}, [], "asked for by the patient or a relative"),
        (AT_VISIT, [visit(**{"class": {"code": "IMP"}})], "written during an inpatient stay"),
    ],
)
def test_an_order_that_is_no_case_says_why(order: Json, others: list[Json], why: str) -> None:
    found = [row for row in left_out(prescription(**order), *others) if row[0] == "PI_EP_1"]
    assert found == [("PI_EP_1", "MedicationRequest/rx", why)]


@pytest.mark.parametrize("others", [[], [transmission()]])
def test_an_order_that_is_a_case_is_not_left_out(others: list[Json]) -> None:
    assert left_out(prescription(), *others) == []


def test_a_cancelled_order_that_was_sent_is_a_case_and_not_left_out() -> None:
    assert left_out(prescription(status="cancelled"), transmission()) == []


def test_what_is_left_out_keeps_the_answer_that_it_would_have() -> None:
    (row,) = table("left_out", prescription(reportedBoolean=True), transmission())
    assert (row["met"], row["occurred"], row["tin"], row["npi"]) == ("met", "2026-03-02", A, C)


def test_a_referral_to_oneself_is_left_out() -> None:
    (row,) = left_out(referral(performer=[ref("PractitionerRole/c-at-a")]))
    assert row[:2] == ("PI_HIE_1", "ServiceRequest/referral")


def test_a_revoked_referral_is_left_out() -> None:
    assert left_out(referral(status="revoked")) == [
        ("PI_HIE_1", "ServiceRequest/referral", "revoked, and no summary is shown to have been sent")
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "cancelled"}, "the visit did not take place"),
        ({"class": {"code": "IMP"}}, "a visit in a setting that does not count (IMP)"),
    ],
)
def test_a_visit_that_does_not_count_says_why(changes: Json, why: str) -> None:
    found = [row for row in left_out(visit(**changes)) if row[0] == "PI_PEA_1"]
    assert found == [("PI_PEA_1", "Encounter/visit", why)]


def test_a_document_of_a_patient_who_was_not_handed_over_is_left_out() -> None:
    found = left_out(document(), receipt())
    assert found == [("PI_HIE_4", "DocumentReference/doc", "its patient was not handed over, referred or new here")]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("1091150", ["Schedule II, which asks for no query"]), ("854873", [])],
    ids=["methylphenidate, II and no opioid", "zolpidem, IV"],
)
def test_a_controlled_prescription_that_asks_for_no_query_is_left_out_of_the_pdmp_measure(
    code: str, expected: list[str]
) -> None:
    order = prescription(medicationCodeableConcept=drug(code))
    assert [why for measure, _, why in left_out(order, transmission()) if measure == "PI_EP_2"] == expected


def traits(*resources: Json) -> set[tuple[str, str]]:
    return {(row["measure"], row["trait"]) for row in table("case_trait", *resources)}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([visit(**{"class": {"code": "VR"}})], {("PI_PEA_1", "a telehealth visit")}),
        ([visit(**{"class": {"code": "HH"}})], {("PI_PEA_1", "a home visit")}),
        ([visit()], set()),
        ([prescription(status="stopped")], {("PI_EP_1", "stopped or cancelled after it was written")}),
        ([prescription()], set()),
        ([prescription(on="2026-03")], {("PI_EP_1", "dated by a month or year alone")}),
    ],
)
def test_what_others_may_not_count_is_told(resources: list[Json], expected: set[tuple[str, str]]) -> None:
    assert traits(*resources) == expected


@pytest.mark.parametrize(
    ("on", "day"),
    [
        ("2026-03-02T18:59:00-05:00", "2026-03-02"),
        ("2026-03-02T19:00:00-05:00", "2026-03-03"),
        ("2026-03-02", "2026-03-02"),
    ],
)
def test_the_day_by_greenwich_changes_at_its_midnight(on: str, day: str) -> None:
    (row,) = table("utc_day", prescription(on=on))
    assert (row["measure"], row["day"]) == ("PI_EP_1", day)


def test_a_month_has_no_day_by_greenwich() -> None:
    assert table("utc_day", prescription(on="2026-03")) == []


@pytest.mark.parametrize(
    ("order", "others", "expected"),
    [
        pytest.param({}, [], [], id="a role whose TIN is known"),
        pytest.param(
            {"requester": ref("Practitioner/c")},
            [role("c", "b")],
            [(None, C, "several TINs")],
            marks=pytest.mark.case(51),
            id="15.51 two TINs, no visit: listed",
        ),
        pytest.param(
            {"requester": None},
            [],
            [(None, None, "nobody named")],
            marks=pytest.mark.case(53),
            id="15.53 no requester: listed",
        ),
        pytest.param({"requester": ref("Organization/a")}, [], [(A, None, "organization")], id="an organization"),
        pytest.param({"requester": ref("Device/d")}, [], [(None, None, "device")], id="a device"),
        pytest.param(
            {"requester": ref("Practitioner/n")},
            [practitioner("n", None)],
            [(None, None, "no NPI")],
            id="a practitioner without NPI",
        ),
        pytest.param(
            {"requester": ref("PractitionerRole/c-at-elsewhere")},
            [role("c", "elsewhere")],
            [(None, C, "organization without TIN")],
            id="a role at an organization without a TIN",
        ),
        pytest.param(
            {"requester": ref("Practitioner/x")},
            [practitioner("x", "1093817465")],
            [(None, "1093817465", "no TIN")],
            id="a practitioner without a role",
        ),
    ],
)
def test_a_case_without_an_npi_or_a_tin_says_why(order: Json, others: list[Json], expected: Any) -> None:
    assert nobodys(prescription(**order), *others) == expected


@pytest.mark.case(51)
def test_a_visit_that_says_the_tin_leaves_nothing_to_list() -> None:
    order = prescription(requester=ref("Practitioner/c"), **AT_VISIT)
    assert nobodys(order, role("c", "b"), visit()) == []


def test_the_sites_word_for_a_tin_leaves_nothing_to_list() -> None:
    order = prescription(requester=ref("PractitionerRole/c-at-elsewhere"))
    site = replace(OPEN, tin_map={"Organization/elsewhere": A})
    assert nobodys(order, role("c", "elsewhere"), site=site) == []


def test_an_order_is_named_by_its_identifier() -> None:
    rows: Iterable[dict[str, Any]] = table("case_name", prescription(identifier=[{"system": "urn:erx", "value": "77"}]))
    assert [(row["focus"], row["identifier"]) for row in rows] == [("MedicationRequest/rx", "urn:erx|77")]


def test_two_tins_on_one_organization_are_listed() -> None:
    two = organization("x", "111111111")
    two["identifier"] += organization("x", "222222222")["identifier"]
    order = prescription(requester=ref("PractitionerRole/c-at-x"))
    assert nobodys(role("c", "x"), two, order) == [(None, C, "organization without TIN")]
