"""PI_HIE_4: summaries received in a context that counts, and all three lists reconciled (fhir-mapping 8)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.extractors.practice import (
    CLOSED,
    CPT,
    MET,
    NONE,
    NOT_MET,
    OPEN,
    PROVEN,
    UNDECIDED,
    UNKNOWN,
    A,
    C,
    Counts,
    D,
    Json,
    cases,
    coded,
    count,
    counted,
    document,
    evidence,
    receipt,
    reconciled,
    reconciliation,
    ref,
    referral,
    resource,
    staff,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

RECEIVING = "PI_HIE_4"
VOUCHED = replace(CLOSED, history_from=date(2010, 1, 1))
RECEIVED = [document(), receipt()]
REFERRED = referral(requester=ref("Organization/elsewhere"), performer=[ref("PractitionerRole/c-at-a")])


@side_by_side(
    ("shown", "site", "expected"),
    [
        pytest.param(reconciled(), PROVEN, MET, id="all three"),
        pytest.param([], PROVEN, UNKNOWN, id="none shown, open world"),
        pytest.param([], VOUCHED, NOT_MET, id="none shown, closed world"),
        pytest.param(
            reconciled()[:2], VOUCHED, NOT_MET, marks=pytest.mark.case(80), id="15.80 problems missing, closed world"
        ),
        pytest.param(reconciled()[:2], PROVEN, UNKNOWN, id="problems not shown, open world"),
        pytest.param(
            [*reconciled()[:2], reconciliation("problems", status="failed")],
            PROVEN,
            NOT_MET,
            marks=pytest.mark.case(80),
            id="15.80 problems failed",
        ),
        pytest.param(
            [*reconciled()[:2], reconciliation("problems", status="requested")], PROVEN, UNKNOWN, id="problems open"
        ),
    ],
)
def test_a_summary_is_met_when_all_three_lists_are_reconciled(
    shown: list[Json], site: Any, expected: Counts
) -> Variant:
    return Variant(RECEIVING, [visit(), *RECEIVED, *shown], expected, site=site)


@pytest.mark.case(81)
@pytest.mark.case("X15-3")
def test_lists_spread_over_two_documents_complete_neither() -> None:
    """fhir-mapping 15.81, X15-3."""
    two = [document("one"), document("two"), receipt("one"), receipt("two")]
    lists = [
        reconciliation("medications", "one"),
        reconciliation("allergies", "one"),
        reconciliation("problems", "two"),
    ]
    assert count(RECEIVING, [visit(), *two, *lists], site=VOUCHED) == Counts(2, 0)


NEW_PATIENT = {"type": [coded(CPT, "99203")]}
TRANSFER = {
    "hospitalization": {"admitSource": coded("http://terminology.hl7.org/CodeSystem/admit-source", "hosp-trans")}
}


@side_by_side(
    ("context", "site", "expected"),
    [
        pytest.param([], PROVEN, NONE, marks=pytest.mark.case(82), id="15.82 no context"),
        pytest.param([visit()], PROVEN, MET, id="first visit, history proven"),
        pytest.param([visit()], OPEN, UNDECIDED, id="first visit, history not proven"),
        pytest.param(
            [visit()], replace(OPEN, history_from=date(2026, 3, 2)), MET, id="history from the very day of the visit"
        ),
        pytest.param(
            [visit()],
            replace(OPEN, history_from=date(2026, 3, 3)),
            UNDECIDED,
            marks=pytest.mark.case(78),
            id="15.78 history from the day after",
        ),
        pytest.param([visit(**NEW_PATIENT)], OPEN, MET, id="new-patient visit code"),
        pytest.param([visit(**TRANSFER)], OPEN, MET, id="transferred from a hospital"),
        pytest.param([REFERRED], OPEN, MET, id="referred to her"),
        pytest.param([visit(), visit("first", "2024-05-01T09:00:00-04:00")], PROVEN, NONE, id="seen before"),
        pytest.param(
            [visit(), visit("first", "2024-05-01T09:00:00-04:00", status="cancelled")],
            PROVEN,
            MET,
            id="never came before",
        ),
        pytest.param(
            [visit(on="2026-07-01T09:00:00-04:00"), visit("i", "2026-07-02T09:00:00-04:00")],
            PROVEN,
            NONE,
            id="first seen after the period",
        ),
        pytest.param([visit(on="2019-07-01T09:00:00-04:00")], OPEN, NONE, id="perhaps new, but long before the period"),
        pytest.param([visit(on=None)], PROVEN, UNDECIDED, id="a visit without a date"),
    ],
)
def test_a_summary_counts_only_in_a_context_of_the_period(context: list[Json], site: Any, expected: Counts) -> Variant:
    return Variant(RECEIVING, [*context, *RECEIVED, *reconciled()], expected, site=site)


SEEN_BY_PARTNER = [visit(), visit("first", "2023-05-01T09:00:00-04:00", by="d")]


@pytest.mark.parametrize(
    ("npi", "expected"),
    [pytest.param(C, MET, id="C"), pytest.param(None, NONE, id="group"), pytest.param(D, NONE, id="D")],
)
@pytest.mark.case(77)
def test_a_patient_whom_a_partner_saw_is_new_to_the_clinician_and_not_to_the_group(npi: str, expected: Counts) -> None:
    """fhir-mapping 15.77."""
    found = count(RECEIVING, [*SEEN_BY_PARTNER, *RECEIVED, *reconciled()], npi=npi, site=PROVEN)
    assert found == expected


def test_a_patient_new_to_the_group_counts_for_the_group() -> None:
    assert count(RECEIVING, [visit(), *RECEIVED, *reconciled()], npi=None, site=PROVEN) == MET


@pytest.mark.case(76)
@pytest.mark.case("X15-1")
def test_a_new_patient_without_a_document_is_no_case() -> None:
    """fhir-mapping 15.76, X15-1."""
    assert count(RECEIVING, [visit()], site=PROVEN) == NONE


@pytest.mark.case(84)
def test_the_time_of_import_counts_not_the_date_of_the_document() -> None:
    """fhir-mapping 15.84."""
    old = document(date="2024-02-01T08:00:00-05:00")
    assert count(RECEIVING, [visit(), old, receipt(), *reconciled()], site=PROVEN) == MET


@side_by_side(("on", "expected"), [("2025-12-31T23:59:59-05:00", NONE), ("2026-06-29", MET), ("2026-06-30", NONE)])
def test_a_document_counts_in_the_period_in_which_it_came(on: str, expected: Counts) -> Variant:
    return Variant(RECEIVING, [visit(), document(), receipt(on=on), *reconciled(on=on)], expected, site=PROVEN)


@pytest.mark.case("X15-2")
def test_a_list_reconciled_after_the_period_is_not_met() -> None:
    """X15-2."""
    late = reconciled(on="2026-06-30T09:00:00-04:00")
    assert count(RECEIVING, [visit(), *RECEIVED, *late], site=PROVEN) == NOT_MET


MASTER = {"masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}}


@pytest.mark.case(79)
@pytest.mark.case("X15-4")
def test_the_same_document_by_direct_and_by_hie_is_one() -> None:
    """fhir-mapping 15.79, X15-4."""
    twice = [document("direct", **MASTER), document("hie", **MASTER), receipt("direct"), receipt("hie", "2026-03-04")]
    assert count(RECEIVING, [visit(), *twice, *reconciled("hie")], site=PROVEN) == MET


@pytest.mark.case("X15-5")
def test_of_a_document_and_its_replacement_the_replacement_counts() -> None:
    """X15-5."""
    later = document("later", relatesTo=[{"code": "replaces", "target": ref("DocumentReference/doc")}])
    both = [document(status="superseded"), receipt(), later, receipt("later", "2026-03-04")]
    assert count(RECEIVING, [visit(), *both, *reconciled("later", "2026-03-04")], site=PROVEN) == MET


def test_a_superseded_document_counts_while_its_replacement_did_not_come() -> None:
    later = document("later", relatesTo=[{"code": "replaces", "target": ref("DocumentReference/doc")}])
    found = [visit(), document(status="superseded"), receipt(), later, *reconciled()]
    assert count(RECEIVING, found, site=PROVEN) == MET


@side_by_side(
    ("received", "expected"),
    [
        pytest.param(
            document(code="x", kind="application/pdf"), NONE, marks=pytest.mark.case("X15-6"), id="X15-6 a PDF"
        ),
        pytest.param(document(code="x"), UNDECIDED, id="a form that is not stated"),
        pytest.param(document(status="entered-in-error"), NONE, id="entered in error"),
        pytest.param(document(docStatus="preliminary"), NONE, id="a draft"),
        pytest.param(document(docStatus="final"), MET, id="final"),
    ],
)
def test_only_a_valid_electronic_summary_counts(received: Json, expected: Counts) -> Variant:
    return Variant(RECEIVING, [visit(), received, receipt(), *reconciled()], expected, site=PROVEN)


def test_a_receipt_that_is_asserted_to_be_of_a_summary_needs_no_stated_form() -> None:
    asserted = evidence("summary-received", "DocumentReference/doc")
    assert count(RECEIVING, [visit(), document(code="x"), asserted, *reconciled()], site=PROVEN) == MET


@pytest.mark.parametrize("documents", [[], [document(subject=None)]], ids=["not in the data", "names no patient"])
def test_a_received_document_whose_patient_is_not_known_is_undecided_and_listed(documents: list[Json]) -> None:
    found = [visit(), *documents, receipt(), *reconciled()]
    assert count(RECEIVING, found, npi=None, tin=None, site=PROVEN) == UNDECIDED
    assert "not in the data" in cases(found, RECEIVING)[0]["reason"]


def test_a_document_belongs_to_the_clinicians_of_its_patients_contexts() -> None:
    found = counted([*staff(), visit(), visit("other", by="d"), *RECEIVED, *reconciled()], site=PROVEN)
    met = {key[3]: t.met for key, t in found.items() if key[0] == RECEIVING and key[2] == A}
    assert met == {C: 1, D: 1, None: 1}


def test_the_context_of_another_patient_is_none_of_this_document() -> None:
    other = visit(subject=ref("Patient/q"))
    assert count(RECEIVING, [other, *RECEIVED], site=PROVEN) == NONE


def test_a_merged_patients_visit_is_the_context_of_the_surviving_ones_document() -> None:
    merged = resource("Patient", "old", link=[{"type": "replaced-by", "other": ref("Patient/p")}])
    found = [merged, visit(subject=ref("Patient/old")), *RECEIVED, *reconciled()]
    assert count(RECEIVING, found, site=PROVEN) == MET


@pytest.mark.case("X15-7")
def test_work_of_an_assistant_counts_for_the_clinician() -> None:
    """X15-7."""
    done = [{**task, "owner": ref("Practitioner/assistant")} for task in reconciled()]
    assert count(RECEIVING, [visit(), *RECEIVED, *done], site=PROVEN) == MET
