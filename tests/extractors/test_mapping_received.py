"""Cases 76 to 84 of fhir-mapping 15, and X15 of onc-scenarios 6, that no other test shows: received summaries."""

import pytest

from tests.extractors.practice import (
    NONE,
    OPEN,
    PROVEN,
    UNDECIDED,
    Counts,
    count,
    document,
    receipt,
    reconciled,
    resource,
    visit,
)

RECEIVING = "PI_HIE_4"
SUMMARY = [document(), receipt(), *reconciled()]


@pytest.mark.case(76)
@pytest.mark.case("X15-1")
def test_a_new_patient_without_a_document_is_in_neither_number_of_the_group_either() -> None:
    """The unit is the document: the context alone counts for the exclusion, not for the measure."""
    assert count(RECEIVING, [visit()], npi=None, site=PROVEN) == NONE


@pytest.mark.case(78)
def test_whether_a_patient_is_new_is_not_known_where_the_history_begins_with_the_export() -> None:
    """The server holds nothing before 2024: that the patient was not seen then does not say that she never was."""
    another = visit("first-of-all", "2024-01-02T09:00:00-05:00", subject={"reference": "Patient/q"})
    assert count(RECEIVING, [another, visit(), *SUMMARY], site=OPEN) == UNDECIDED


@pytest.mark.case(82)
def test_reconciled_documents_of_a_patient_who_never_came_are_in_neither_number() -> None:
    """What a nightly query fetched for somebody who is never seen must not inflate the denominator."""
    two = [document("a"), receipt("a"), *reconciled("a"), document("b"), receipt("b"), *reconciled("b")]
    assert count(RECEIVING, [resource("Patient", "p"), *two], site=PROVEN) == NONE


@pytest.mark.case(84)
def test_a_document_of_the_period_that_came_before_it_is_in_neither_number() -> None:
    """The other side of case 84: import decides, in both directions."""
    early = receipt(on="2025-12-01T08:00:00-05:00")
    assert count(RECEIVING, [visit(), document(), early, *reconciled()], site=PROVEN) == NONE


@pytest.mark.case(81)
@pytest.mark.case("X15-3")
def test_lists_of_two_documents_complete_neither_also_where_absence_proves_nothing() -> None:
    spread = [*reconciled("one")[:2], reconciled("two")[2]]
    found = [visit(), *(document(name) for name in ("one", "two")), *(receipt(name) for name in ("one", "two"))]
    assert count(RECEIVING, [*found, *spread], site=PROVEN) == Counts(2, 0, 2)
