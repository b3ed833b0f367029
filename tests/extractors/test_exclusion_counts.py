"""What exclusions count: contexts, prescriptions in scope of a query, immunizations (fhir-mapping 5, 8, 10)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from extractors.site import Site
from tests.extractors.practice import (
    CPT,
    MADE_BY_C,
    NONE,
    OPEN,
    OXYCODONE,
    PERIOD,
    PROVEN,
    TRAMADOL,
    UNDECIDED,
    B,
    C,
    Counts,
    D,
    Json,
    cases,
    coded,
    count,
    counted,
    document,
    drug,
    evidence,
    fulfilment,
    prescription,
    receipt,
    ref,
    referral,
    resource,
    staff,
    transmission,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

CONTEXTS, IN_SCOPE, PRINTED, IMMUNIZED = "PI_LVITC_2", "PI_EP_2", "PI_EP_2_EX_1", "PI_PHCDRR_1_EX_1"
ONE = Counts(1, 1)
METHYLPHENIDATE, PREGABALIN, GABAPENTIN = "1091150", "483442", "310430"
NEW_PATIENT = {"type": [coded(CPT, "99203")]}
TRANSFERRED = {
    "hospitalization": {
        "admitSource": coded("http://terminology.hl7.org/CodeSystem/admit-source", "hosp-trans"),
    }
}


def referred(name: str = "asked", **elements: Any) -> Json:
    """A referral received by C from a practice elsewhere."""
    given = {"requester": ref("Organization/elsewhere"), "performer": [ref("PractitionerRole/c-at-a")], **elements}
    return referral(name, **given)


def immunization(name: str = "flu", on: str = "2026-03-02", **elements: Any) -> Json:
    given = {
        "status": "completed",
        "vaccineCode": {"text": "influenza"},
        "patient": ref("Patient/p"),
        "occurrenceDateTime": on,
        "primarySource": True,
        "performer": [{"actor": ref(MADE_BY_C)}],
        **elements,
    }
    return resource("Immunization", name, **{k: v for k, v in given.items() if v is not None})


def new_patients(number: int) -> list[Json]:
    return [visit(f"v{n}", subject=ref(f"Patient/p{n}")) for n in range(number)]


@side_by_side(
    ("resources", "site", "expected"),
    [
        pytest.param([visit()], PROVEN, ONE, id="a first visit, history proven"),
        pytest.param([visit()], OPEN, UNDECIDED, id="a first visit, history not proven"),
        pytest.param([visit(**NEW_PATIENT)], OPEN, ONE, id="a new-patient code"),
        pytest.param([visit(**TRANSFERRED)], OPEN, ONE, id="a transition received"),
        pytest.param([referred()], OPEN, ONE, id="a referral received"),
        pytest.param([referred(status="revoked")], OPEN, NONE, id="a referral revoked"),
        pytest.param([visit("old", "2025-03-02"), visit()], PROVEN, NONE, id="seen before"),
        pytest.param([visit(**{"class": {"code": "IMP"}})], PROVEN, NONE, id="seen in hospital, not a first visit"),
        pytest.param([visit(on="2026-06-29T09:00:00-04:00")], PROVEN, ONE, id="on the last day"),
        pytest.param([visit(on="2026-06-30T09:00:00-04:00")], PROVEN, NONE, id="the day after"),
        pytest.param([visit(on="2026-06")], PROVEN, UNDECIDED, id="in June, the period ends within it"),
        pytest.param([visit(status="in-progress")], PROVEN, ONE, id="still going on"),
    ],
)
@pytest.mark.case(76)
@pytest.mark.case("X15-1")
def test_a_context_counts_though_no_document_came(resources: list[Json], site: Site, expected: Counts) -> list[Variant]:
    return [Variant(CONTEXTS, resources, expected, site=site), Variant("PI_HIE_4", resources, NONE, site=site)]


def test_a_document_adds_no_context() -> None:
    papers = [document("one"), receipt("one"), document("two"), receipt("two")]
    assert count("PI_HIE_4", [visit(**NEW_PATIENT), *papers]).denominator == 2
    assert count(CONTEXTS, [visit(**NEW_PATIENT), *papers]) == ONE
    assert count(CONTEXTS, papers) == NONE


@side_by_side(
    "elements",
    [
        pytest.param({**NEW_PATIENT, **TRANSFERRED}, id="new and handed over"),
        pytest.param({**TRANSFERRED}, id="handed over and seen for the first time"),
    ],
)
def test_a_visit_that_is_a_context_twice_is_one(elements: Json) -> Variant:
    return Variant(CONTEXTS, [visit(**elements)], ONE, site=PROVEN)


@side_by_side(
    ("asked", "elements", "expected"),
    [
        pytest.param("2026-03-02T08:00:00-05:00", {}, ONE, id="on the day of the visit: one"),
        pytest.param(
            "2026-02-02T08:00:00-05:00", {"basedOn": [ref("ServiceRequest/asked")]}, ONE, id="the visit names it: one"
        ),
        pytest.param(
            "2026-02-02T08:00:00-05:00", {}, Counts(1, 1, 0, 1), id="a month before, nothing links them: one or two"
        ),
        pytest.param("2026-03-03T08:00:00-05:00", {}, Counts(2, 2), id="after the visit: two"),
    ],
)
def test_a_referral_and_the_first_visit_that_follows_are_one_context_or_two(
    asked: str, elements: Json, expected: Counts
) -> Variant:
    return Variant(CONTEXTS, [referred(on=asked), visit(**elements)], expected, site=PROVEN)


def test_a_referral_and_the_visit_of_another_patient_are_two() -> None:
    assert count(CONTEXTS, [referred(), visit(subject=ref("Patient/q"))], site=PROVEN) == Counts(2, 2)


def test_a_referral_that_a_visit_answers_makes_the_visit_a_sure_context() -> None:
    assert count(CONTEXTS, [referred(), visit()], site=OPEN) == ONE


@pytest.mark.case(77)
def test_a_patient_whom_a_partner_saw_adds_to_the_clinicians_count_and_not_to_the_groups() -> None:
    both = [visit("first", "2026-02-02T09:00:00-05:00", by="d"), visit("second")]
    by_who = {npi: count(CONTEXTS, both, npi=npi, site=PROVEN) for npi in (C, D, None)}
    assert by_who == {C: ONE, D: ONE, None: ONE}
    seen_last_year = [visit("first", "2025-02-02T09:00:00-05:00", by="d"), visit("second")]
    assert count(CONTEXTS, seen_last_year, site=PROVEN) == ONE
    assert count(CONTEXTS, seen_last_year, npi=None, site=PROVEN) == NONE


def test_a_referral_to_a_practice_counts_for_the_practice_alone() -> None:
    asked = referred(performer=[ref("Organization/a")])
    assert [count(CONTEXTS, [asked], npi=npi) for npi in (C, None)] == [NONE, ONE]


@side_by_side("number", [99, 100])
@pytest.mark.case(76)
def test_contexts_are_counted_one_by_one_and_undecided_where_history_is_not_proven(number: int) -> list[Variant]:
    seen = new_patients(number)
    return [
        Variant(CONTEXTS, seen, Counts(number, number), site=PROVEN),
        Variant(CONTEXTS, seen, Counts(undecided=number), site=OPEN),
    ]


def test_of_history_that_begins_within_the_period_only_what_follows_is_sure() -> None:
    site = replace(PROVEN, history_from=date(2026, 3, 3))
    before = visit("before", "2026-03-02T09:00:00-05:00", subject=ref("Patient/q"))
    assert count(CONTEXTS, [before, visit("after", "2026-03-03T09:00:00-05:00")], site=site) == Counts(1, 1, 0, 1)


def test_a_certified_context_says_why_it_counts_and_an_undecided_one_why_not() -> None:
    [sure] = [case["reason"] for case in cases([*staff(), visit()], CONTEXTS, site=PROVEN)]
    [open_one] = [case["reason"] for case in cases([*staff(), visit()], CONTEXTS, site=OPEN)]
    assert sure == "a transition or referral received, or a patient never seen before"
    assert open_one == "whether the patient was new to the clinician, or handed over to her, is not known"


def sent(code: str, how: list[Json]) -> list[Json]:
    return [prescription(medicationCodeableConcept=drug(code)), *how]


@side_by_side(
    ("code", "how", "e_prescribed", "printed"),
    [
        pytest.param(
            OXYCODONE, [fulfilment("failed")], NONE, ONE, marks=pytest.mark.case("X13-3"), id="X13-3 printed opioid"
        ),
        pytest.param(
            METHYLPHENIDATE, [transmission()], NONE, NONE, marks=pytest.mark.case("X13-4"), id="X13-4 C-II, no opioid"
        ),
        pytest.param(PREGABALIN, [transmission()], NONE, NONE, marks=pytest.mark.case("X13-5"), id="X13-5 C-V"),
        pytest.param(
            GABAPENTIN, [transmission()], NONE, NONE, marks=pytest.mark.case("X13-14"), id="X13-14 scheduled in states"
        ),
        pytest.param(TRAMADOL, [transmission()], Counts(1, 0, 1), NONE, id="C-IV, sent"),
        pytest.param(TRAMADOL, [], UNDECIDED, NONE, id="C-IV, not shown whether it was sent"),
        pytest.param(TRAMADOL, [fulfilment("failed")], NONE, ONE, id="C-IV, not sent"),
    ],
)
def test_the_prescriptions_in_scope_of_a_query_are_told_apart_by_how_they_left(
    code: str, how: list[Json], e_prescribed: Counts, printed: Counts
) -> list[Variant]:
    return [Variant(IN_SCOPE, sent(code, how), e_prescribed), Variant(PRINTED, sent(code, how), printed)]


@side_by_side(
    ("elements", "expected"),
    [
        pytest.param({}, ONE, id="given here"),
        pytest.param({"primarySource": False}, NONE, id="told by another"),
        pytest.param({"status": "not-done"}, NONE, id="not done"),
        pytest.param({"on": "2025-12-31"}, NONE, id="before the period"),
        pytest.param({"on": "2026-01-01"}, ONE, id="on its first day"),
        pytest.param({"on": "2026-06"}, UNDECIDED, id="in June, the period ends within it"),
        pytest.param({"performer": [{"actor": ref("Organization/a")}]}, ONE, id="by the practice"),
        pytest.param({"performer": [{"actor": ref("PractitionerRole/e-at-b")}]}, NONE, id="by another practice"),
        pytest.param(
            {"performer": [{"actor": ref("Practitioner/nurse")}], "encounter": ref("Encounter/visit")},
            ONE,
            id="by a nurse, at a visit with the practice",
        ),
    ],
)
def test_an_immunization_given_here_counts_for_the_practice(elements: Json, expected: Counts) -> list[Variant]:
    given = [immunization(**elements), visit(), resource("Practitioner", "nurse")]
    return [Variant(IMMUNIZED, given, expected, npi=None), Variant(IMMUNIZED, given, NONE, npi=C)]


def test_an_immunization_of_another_practice_counts_there() -> None:
    there = immunization(performer=[{"actor": ref("PractitionerRole/e-at-b")}])
    assert count(IMMUNIZED, [there], npi=None, tin=B) == ONE


def test_what_only_exclusions_count_is_in_no_measure() -> None:
    found = counted([*staff(), referred(), immunization(), *sent(TRAMADOL, [fulfilment("failed")])])
    assert {key[0] for key in found} == {CONTEXTS, IMMUNIZED, PRINTED, "PI_EP_1"}


@side_by_side("days", [0, 1])
def test_a_context_on_the_edge_of_a_period_is_in_it_or_not(days: int) -> Variant:
    end = PERIOD.end + timedelta(days=days)
    late = visit(on=f"{end.isoformat()}T23:30:00-04:00")
    return Variant(CONTEXTS, [late], (ONE, NONE)[days], site=PROVEN)


def test_a_transition_that_may_have_been_received_is_undecided() -> None:
    stated = [
        evidence("transition-received", "Encounter/visit", name="said"),
        {**evidence("transition-received", "Encounter/visit", name="doubted"), "modifierExtension": [{"url": "urn:x"}]},
    ]
    old = visit("old", "2025-03-02T09:00:00-05:00")
    assert count(CONTEXTS, [old, visit(), stated[0]], site=PROVEN) == ONE
    assert count(CONTEXTS, [old, visit(), stated[1]], site=PROVEN) == UNDECIDED
