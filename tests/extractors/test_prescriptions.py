"""PI_EP_1: which prescriptions count, and which of them went out electronically (fhir-mapping 3, 5 and 15)."""

from dataclasses import replace
from typing import Any

import pytest

from extractors.site import NumeratorWindow
from tests.extractors.practice import (
    CLOSED,
    LOSARTAN,
    MADE_BY_C,
    MET,
    NDC,
    NONE,
    NOT_MET,
    OPEN,
    RX_CATEGORY,
    RXNORM,
    TRAMADOL,
    UNDECIDED,
    UNKNOWN,
    A,
    B,
    C,
    Counts,
    Json,
    cases,
    coded,
    count,
    counted,
    counts_of,
    drug,
    evidence,
    extracted,
    fulfilment,
    message,
    organization,
    prescription,
    ref,
    resource,
    role,
    staff,
    transmission,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

PRESCRIBING = "PI_EP_1"
CALENDAR_YEAR = replace(CLOSED, numerator_window=NumeratorWindow.CALENDAR_YEAR)


def sent(**elements: Any) -> list[Json]:
    return [prescription(**elements), transmission()]


@side_by_side(
    ("authored", "expected"),
    [
        pytest.param(
            "2026-01-01T00:00:00-05:00", MET, marks=pytest.mark.case(1), id="15.1 first instant of the period"
        ),
        pytest.param("2026-01-01T04:59:59Z", NONE, marks=pytest.mark.case(2), id="15.2 still 31 December in New York"),
        pytest.param("2026-06-30T03:59:59Z", MET, marks=pytest.mark.case(3), id="15.3 still 29 June in New York"),
        pytest.param("2026-06-30T04:00:00Z", NONE, marks=pytest.mark.case(4), id="15.4 30 June in New York"),
        pytest.param("2026-06-29", MET, marks=pytest.mark.case(5), id="15.5 a day alone"),
        pytest.param("2026-06", UNDECIDED, marks=pytest.mark.case(6), id="15.6 a month that overlaps the end"),
        pytest.param("2026-03", MET, marks=pytest.mark.case(7), id="15.7 a month within"),
        pytest.param("2025-12", NONE, id="a month before"),
        pytest.param("2026", UNDECIDED, id="a year that overlaps"),
        pytest.param(None, UNDECIDED, marks=pytest.mark.case(8), id="15.8 no date, never lastUpdated"),
        pytest.param("2026-03-02T10:00:00", MET, marks=pytest.mark.case(9), id="15.9 no offset: the practice's zone"),
    ],
)
def test_the_day_written_decides_whether_a_prescription_is_in_the_period(authored: str, expected: Counts) -> Variant:
    rx = prescription(on=authored, meta={"lastUpdated": "2026-03-02T10:00:00Z"})
    return Variant(PRESCRIBING, [rx, transmission()], expected)


@pytest.mark.case(9)
def test_a_time_without_an_offset_is_marked() -> None:
    """fhir-mapping 15.9."""
    found = extracted([prescription(on="2026-03-02T10:00:00")])
    assert [event["zone_assumed"] for event in found.events] == [True]


@pytest.mark.case(18)
def test_an_update_after_the_period_moves_nothing() -> None:
    """fhir-mapping 15.18."""
    assert count(PRESCRIBING, sent(meta={"lastUpdated": "2026-07-20T10:00:00Z"})) == MET


@side_by_side(
    ("elements", "expected"),
    [
        pytest.param({"status": "draft"}, NONE, marks=pytest.mark.case(19), id="15.19 draft"),
        pytest.param({"status": "entered-in-error"}, NONE, marks=pytest.mark.case(20), id="15.20 entered in error"),
        pytest.param({"intent": "plan"}, NONE, marks=pytest.mark.case(21), id="15.21 plan"),
        pytest.param({"intent": "original-order"}, NONE, marks=pytest.mark.case(22), id="15.22 medication history"),
        pytest.param({"intent": "instance-order"}, NONE, id="inpatient instance order"),
        pytest.param({"reportedBoolean": True}, NONE, marks=pytest.mark.case(23), id="15.23 reported"),
        pytest.param({"reportedBoolean": False}, MET, id="expressly not reported"),
        pytest.param(
            {"reportedReference": ref("Practitioner/x")},
            NONE,
            marks=pytest.mark.case(24),
            id="15.24 reported by someone",
        ),
        pytest.param(
            {"requester": ref("Patient/p")}, NONE, marks=pytest.mark.case(25), id="15.25 requested by the patient"
        ),
        pytest.param({"requester": ref("RelatedPerson/r")}, NONE, id="requested by a relative"),
        pytest.param({"doNotPerform": True}, NONE, marks=pytest.mark.case(26), id="15.26 do not perform"),
        pytest.param({"doNotPerform": False}, MET, id="expressly to be performed"),
        pytest.param(
            {"category": [coded(RX_CATEGORY, "inpatient")]}, NONE, marks=pytest.mark.case(27), id="15.27 inpatient"
        ),
        pytest.param(
            {"category": [coded(RX_CATEGORY, "discharge")]}, MET, marks=pytest.mark.case(27), id="15.27 discharge"
        ),
        pytest.param({"category": [coded(RX_CATEGORY, "community")]}, MET, id="community"),
        pytest.param({"status": "completed"}, MET, marks=pytest.mark.case(28), id="15.28 completed"),
        pytest.param({"status": "stopped"}, MET, marks=pytest.mark.case(29), id="15.29 stopped"),
        pytest.param({"status": "on-hold"}, MET, id="on hold"),
        pytest.param({"status": "unknown"}, MET, id="3.3 status unknown counts"),
        pytest.param({"status": "cancelled"}, MET, marks=pytest.mark.case(31), id="15.31 cancelled after transmission"),
        pytest.param({"dispenseRequest": {"numberOfRepeatsAllowed": 5}}, MET, id="15.35 repeats add nothing"),
        pytest.param({"on": "2026-03-02", "priorPrescription": ref("MedicationRequest/old")}, MET, id="15.36 renewal"),
        pytest.param(
            {"recorder": ref("Practitioner/nurse")}, MET, marks=pytest.mark.case(52), id="15.52 entered by a nurse"
        ),
    ],
)
def test_what_the_order_says_decides_whether_it_is_a_prescription(elements: Json, expected: Counts) -> Variant:
    return Variant(PRESCRIBING, sent(**elements), expected)


@pytest.mark.case(30)
def test_a_prescription_cancelled_before_it_was_sent_does_not_count() -> None:
    """fhir-mapping 15.30."""
    assert count(PRESCRIBING, [prescription(status="cancelled")], site=CLOSED) == NONE


@side_by_side(("visit_class", "expected"), [("AMB", MET), ("VR", MET), ("IMP", NONE), ("ACUTE", NONE)])
@pytest.mark.case(27)
def test_without_a_category_the_class_of_the_visit_decides(visit_class: str, expected: Counts) -> Variant:
    """fhir-mapping 15.27."""
    seen = visit(**{"class": {"code": visit_class}})
    return Variant(PRESCRIBING, [*sent(encounter=ref("Encounter/visit")), seen], expected)


@side_by_side(("site", "expected"), [(OPEN, UNKNOWN), (CLOSED, NOT_MET)])
@pytest.mark.case(33)
def test_a_pharmacy_named_on_the_order_is_no_sign_of_transmission(site: Any, expected: Counts) -> Variant:
    """fhir-mapping 15.33."""
    rx = prescription(dispenseRequest={"performer": ref("Organization/pharmacy")})
    return Variant(PRESCRIBING, [rx], expected, site=site)


@side_by_side(
    ("shown", "expected"),
    [
        pytest.param([fulfilment("completed")], MET, id="task completed"),
        pytest.param([fulfilment("failed")], NOT_MET, id="task failed"),
        pytest.param([fulfilment("queued-up")], UNKNOWN, id="15.47 a value that the profile does not map"),
        pytest.param([message("m", "MedicationRequest/rx")], MET, id="message to the pharmacy"),
        pytest.param([message("m", "MedicationRequest/rx", status="not-done")], NOT_MET, id="message not done"),
        pytest.param(
            [message("m", "MedicationRequest/rx", medium=[coded("urn:medium", "FAXWRIT")])], NOT_MET, id="computer fax"
        ),
        pytest.param(
            [fulfilment("failed"), message("m", "MedicationRequest/rx", medium=[coded("urn:medium", "FAXWRIT")])],
            NOT_MET,
            marks=pytest.mark.case("X1-2"),
            id="X1-2 error, then fax from the EHR",
        ),
        pytest.param(
            [
                fulfilment("completed", "2026-03-02T10:05:00-05:00"),
                fulfilment("failed", "2026-03-02T10:05:00-05:00", name="again"),
            ],
            UNKNOWN,
            marks=pytest.mark.case(48),
            id="15.48 evidence of equal rank contradicts",
        ),
        pytest.param(
            [
                fulfilment("failed", "2026-03-02T10:05:00-05:00"),
                fulfilment("completed", "2026-03-02T10:09:00-05:00", name="again"),
            ],
            MET,
            id="a retry that succeeded",
        ),
        pytest.param([transmission(), transmission(name="again")], MET, id="one order sent twice is one"),
        pytest.param([transmission(), fulfilment("failed")], MET, id="the best rank decides"),
        pytest.param([evidence("prescription-transmitted", "MedicationRequest/rx")], MET, id="asserted"),
        pytest.param(
            [fulfilment("failed"), evidence("prescription-transmitted", "MedicationRequest/rx")],
            UNKNOWN,
            id="an assertion against a record is a conflict",
        ),
        pytest.param([transmission(on=None)], MET, id="sent, no time given: the day written stands in"),
    ],
)
def test_evidence_decides_whether_a_prescription_was_sent(shown: list[Json], expected: Counts) -> Variant:
    return Variant(PRESCRIBING, [prescription(), *shown], expected)


@side_by_side(
    ("site", "expected"),
    [
        pytest.param(CLOSED, NOT_MET, marks=pytest.mark.case("X1-1"), id="X1-1 performance_period"),
        pytest.param(CALENDAR_YEAR, MET, marks=pytest.mark.case("X1-1"), id="X1-1 calendar_year"),
    ],
)
@pytest.mark.case(49)
def test_sending_after_the_last_day_counts_only_where_the_year_is_the_window(site: Any, expected: Counts) -> Variant:
    """fhir-mapping 15.49."""
    late = [prescription(on="2026-06-29T23:50:00-04:00"), transmission(on="2026-06-30T00:02:00-04:00")]
    return Variant(PRESCRIBING, late, expected, site=site)


def test_the_year_as_window_ends_with_the_year() -> None:
    late = [prescription(), transmission(on="2027-01-01T00:02:00-05:00")]
    assert count(PRESCRIBING, late, site=CALENDAR_YEAR) == NOT_MET


@pytest.mark.case(34)
def test_an_order_and_its_copy_from_the_erx_module_are_one_with_the_evidence_of_either() -> None:
    """fhir-mapping 15.34."""
    same = [{"system": "urn:erx", "value": "77"}]
    orders = [prescription("ehr", identifier=same), prescription("copy", identifier=same)]
    assert count(PRESCRIBING, [*orders, transmission("copy")], site=CLOSED) == MET


@side_by_side(
    "other",
    [
        pytest.param({"identifier": [{"value": "77"}]}, id="a number without a system"),
        pytest.param({"identifier": [{"system": "urn:erx", "value": "78"}]}, id="another number"),
        pytest.param(
            {"identifier": [{"system": "urn:erx", "value": "77"}], "subject": ref("Patient/q")}, id="another patient"
        ),
    ],
)
def test_two_orders_are_two_unless_patient_and_number_agree(other: Json) -> Variant:
    mine = {"identifier": [{"system": "urn:erx", "value": "77"}, {"value": "77"}]}
    orders = [prescription("one", **mine), prescription("two", **other)]
    return Variant(PRESCRIBING, orders, Counts(2, 0, 2))


@pytest.mark.case(37)
@pytest.mark.case("X1-4")
def test_a_replaced_order_counts_beside_its_replacement() -> None:
    """fhir-mapping 15.37 and onc-scenarios X1-4, by default."""
    second = prescription("second", priorPrescription=ref("MedicationRequest/rx"))
    assert count(PRESCRIBING, [prescription(), second, transmission("second")], site=CLOSED) == Counts(2, 1)


@side_by_side(
    ("medication", "expected"),
    [
        pytest.param(drug("311372"), NONE, marks=pytest.mark.case(38), id="15.38 loratadine is OTC"),
        pytest.param(
            coded("urn:oid:2.16.840.1.113883.6.285.HCPCS", "A4253"),
            NONE,
            marks=pytest.mark.case(39),
            id="15.39 test strips by HCPCS",
        ),
        pytest.param(
            drug("99999999999", NDC),
            UNDECIDED,
            marks=pytest.mark.case(39),
            id="15.39 an NDC that the table does not know",
        ),
        pytest.param(drug("310273"), MET, marks=pytest.mark.case(40), id="15.40 famotidine 20 mg, sold both ways"),
        pytest.param({"text": "some syrup"}, UNDECIDED, marks=pytest.mark.case(41), id="15.41 free text"),
        pytest.param(drug("59011-410-10", NDC), MET, marks=pytest.mark.case(43), id="15.43 NDC with hyphens"),
        pytest.param(drug("2670"), UNDECIDED, marks=pytest.mark.case(59), id="15.59 an ingredient alone"),
        pytest.param(drug("995868"), MET, id="an OTC cough liquid of Schedule V"),
    ],
)
def test_what_the_drug_is_decides_whether_it_needs_a_prescription(medication: Json, expected: Counts) -> Variant:
    return Variant(PRESCRIBING, sent(medicationCodeableConcept=medication), expected)


CONTAINED = {"contained": [resource("Medication", "m", code=drug(LOSARTAN))]}


@side_by_side(
    ("elements", "others", "expected"),
    [
        pytest.param(
            {**CONTAINED, "medicationReference": ref("#m")}, [], MET, marks=pytest.mark.case(42), id="15.42 contained"
        ),
        pytest.param(
            {"medicationReference": ref("Medication/m")},
            [resource("Medication", "m", code=drug(LOSARTAN))],
            MET,
            marks=pytest.mark.case(42),
            id="15.42 in another file",
        ),
        pytest.param(
            {"medicationReference": ref("https://ehr.example/r4/Medication/m")},
            [resource("Medication", "m", code=drug(LOSARTAN))],
            MET,
            marks=pytest.mark.case(42),
            id="15.42 external address",
        ),
        pytest.param(
            {"medicationReference": ref("Medication/m")},
            [],
            UNDECIDED,
            marks=pytest.mark.case(42),
            id="15.42 the Medication is refused",
        ),
        pytest.param(
            {"medicationReference": ref("Medication/m")},
            [resource("Medication", "m", code=drug("311372"))],
            NONE,
            id="an OTC drug by reference",
        ),
    ],
)
def test_a_drug_by_reference_is_the_drug_it_points_to(elements: Json, others: list[Json], expected: Counts) -> Variant:
    return Variant(PRESCRIBING, [*sent(medicationCodeableConcept=None, **elements), *others], expected)


@pytest.mark.case(45)
def test_controlled_substances_are_counted_on_both_bases() -> None:
    """fhir-mapping 15.45."""
    plain = [prescription(f"n{i}") for i in range(3)]
    controlled = [prescription(f"c{i}", medicationCodeableConcept=drug(TRAMADOL)) for i in range(2)]
    shown = [transmission(name) for name in ("n0", "n1", "c0")]
    found = counted([*staff(), *plain, *controlled, *shown], site=CLOSED)
    both = [counts_of(found, PRESCRIBING, C, A, v) for v in ("controlled-included", "controlled-excluded")]
    assert both == [Counts(5, 3), Counts(3, 2)]


def test_a_modifier_that_nobody_knows_leaves_the_prescription_undecided() -> None:
    odd = {"modifierExtension": [{"url": "urn:odd", "valueBoolean": True}]}
    assert count(PRESCRIBING, sent(**odd)) == UNDECIDED


def test_a_prescription_that_may_count_says_why_it_is_doubted() -> None:
    (case,) = cases([*staff(), *sent(medicationCodeableConcept={"text": "some syrup"})], PRESCRIBING)
    assert case["reason"] == "the drug is not coded"


@pytest.mark.case(50)
def test_a_role_in_another_tin_counts_for_that_tin_only() -> None:
    """fhir-mapping 15.50."""
    found = counted([*staff(), role("c", "b"), *sent(requester=ref("PractitionerRole/c-at-b"))])
    assert {key[2:] for key in found} == {(B, C), (B, None)}


def test_an_organization_that_another_names_by_part_of_lends_its_tin() -> None:
    wing = organization("wing", partOf=ref("Organization/floor"))
    floor = organization("floor", partOf=ref("Organization/a"))
    order = sent(requester=ref("PractitionerRole/c-at-wing"))
    assert count(PRESCRIBING, [wing, floor, role("c", "wing"), *order]) == MET


def test_the_code_of_a_drug_is_rxnorms_where_one_is_given() -> None:
    both = {"coding": [{"system": "urn:local", "code": "x"}, {"system": RXNORM, "code": LOSARTAN}]}
    assert count(PRESCRIBING, sent(medicationCodeableConcept=both)) == MET


def test_made_by_c_is_the_role_that_the_practice_gives_her() -> None:
    assert count(PRESCRIBING, sent(requester=ref(f"https://ehr.example/r4/{MADE_BY_C}/_history/3"))) == MET
