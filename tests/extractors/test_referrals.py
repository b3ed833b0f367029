"""PI_HIE_1: referrals and transitions out, summaries sent, receipt confirmed (fhir-mapping 7)."""

from dataclasses import replace
from typing import Any

import pytest

from extractors.site import NumeratorWindow
from tests.extractors.practice import (
    CLOSED,
    MET,
    NONE,
    NOT_MET,
    OPEN,
    SNOMED,
    UNDECIDED,
    UNKNOWN,
    Counts,
    Json,
    acceptance,
    cases,
    coded,
    count,
    document,
    evidence,
    prescription,
    ref,
    referral,
    sending,
    staff,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

SENDING = "PI_HIE_1"
CALENDAR_YEAR = replace(CLOSED, numerator_window=NumeratorWindow.CALENDAR_YEAR)


def sent(**elements: Any) -> list[Json]:
    return [referral(**elements), document(), sending()]


@side_by_side(
    ("elements", "expected"),
    [
        pytest.param({}, MET, id="a referral"),
        pytest.param(
            {"category": [coded(SNOMED, "108252007")]}, NONE, marks=pytest.mark.case(67), id="15.67 laboratory order"
        ),
        pytest.param({"category": [coded(SNOMED, "363679005")]}, NONE, id="imaging order"),
        pytest.param({"category": None}, NONE, id="no category"),
        pytest.param({"intent": "plan"}, NONE, id="plan"),
        pytest.param({"status": "draft"}, NONE, id="draft"),
        pytest.param({"status": "entered-in-error"}, NONE, id="entered in error"),
        pytest.param({"status": "completed"}, MET, id="completed"),
        pytest.param({"status": "revoked"}, MET, id="revoked after it was sent"),
        pytest.param({"doNotPerform": True}, NONE, id="do not perform"),
        pytest.param({"performer": [ref("PractitionerRole/c-at-a")]}, NONE, id="to herself"),
        pytest.param({"performer": [ref("Practitioner/c")]}, NONE, id="to herself by another key"),
        pytest.param({"performer": [ref("PractitionerRole/d-at-a")]}, NONE, id="to her partner"),
        pytest.param({"performer": None}, MET, id="no performer named"),
        pytest.param({"on": "2026-06-30T00:00:00-04:00"}, NONE, id="the day after the period"),
        pytest.param({"on": None}, UNDECIDED, id="no date"),
    ],
)
def test_what_the_order_says_decides_whether_it_is_a_referral(elements: Json, expected: Counts) -> Variant:
    return Variant(SENDING, sent(**elements), expected)


@pytest.mark.case(68)
def test_a_referral_revoked_before_anything_was_sent_does_not_count() -> None:
    """fhir-mapping 15.68."""
    assert count(SENDING, [referral(status="revoked")], site=CLOSED) == NONE


FAX = {"medium": [coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", "FAXWRIT")]}


@side_by_side(
    ("shown", "site", "expected"),
    [
        pytest.param([sending(**FAX)], OPEN, NOT_MET, marks=pytest.mark.case(69), id="15.69 fax"),
        pytest.param([sending()], OPEN, MET, marks=pytest.mark.case(70), id="15.70 receipt confirmed"),
        pytest.param(
            [sending(received=None)],
            OPEN,
            UNKNOWN,
            marks=[pytest.mark.case(70), pytest.mark.case("X7-4")],
            id="15.70 X7-4 accepted by the HISP only",
        ),
        pytest.param(
            [sending(received=None)],
            CLOSED,
            NOT_MET,
            marks=pytest.mark.case("X7-4"),
            id="X7-4 every receipt is recorded, and none is",
        ),
        pytest.param(
            [sending(received=None), acceptance("rejected")],
            OPEN,
            MET,
            marks=pytest.mark.case(71),
            id="15.71 declined, so received",
        ),
        pytest.param([sending(received=None), acceptance("accepted")], OPEN, MET, id="accepted"),
        pytest.param([sending(received=None), acceptance("requested")], OPEN, UNKNOWN, id="only requested"),
        pytest.param([sending(received=None), acceptance("failed")], OPEN, NOT_MET, id="failed"),
        pytest.param([sending(status="not-done")], OPEN, NOT_MET, id="sending not done"),
        pytest.param([sending(payload=[{"contentString": "hello"}])], OPEN, UNKNOWN, id="a message without a document"),
        pytest.param([acceptance("accepted")], OPEN, UNKNOWN, id="received, nothing shows that a summary was sent"),
        pytest.param([], OPEN, UNKNOWN, id="nothing shown, open world"),
        pytest.param([], CLOSED, NOT_MET, id="nothing shown, closed world"),
        pytest.param(
            [
                evidence("summary-sent", "ServiceRequest/referral"),
                evidence("receipt-confirmed", "ServiceRequest/referral"),
            ],
            OPEN,
            MET,
            id="asserted",
        ),
    ],
)
def test_evidence_decides_whether_a_summary_was_sent_and_received(
    shown: list[Json], site: Any, expected: Counts
) -> Variant:
    return Variant(SENDING, [referral(), document(), *shown], expected, site=site)


@side_by_side(
    ("sent_document", "expected"),
    [
        pytest.param([document()], MET, id="C-CDA"),
        pytest.param(
            [document(code="x", kind="application/pdf")],
            NOT_MET,
            marks=pytest.mark.case("X7-1"),
            id="X7-1 a PDF made by the sender",
        ),
        pytest.param([document(code="x")], UNKNOWN, id="a form that is not stated"),
        pytest.param([document(status="entered-in-error")], NOT_MET, id="entered in error"),
        pytest.param([], UNKNOWN, id="a document that is not in the data"),
    ],
)
def test_a_summary_that_is_no_c_cda_is_not_counted_as_sent(sent_document: list[Json], expected: Counts) -> Variant:
    return Variant(SENDING, [referral(), sending(), *sent_document], expected)


@pytest.mark.case(72)
@pytest.mark.case("X7-5")
def test_one_document_to_two_practices_counts_where_it_was_acknowledged() -> None:
    """fhir-mapping 15.72, X7-5."""
    both = [referral("one"), referral("two", performer=[ref("Organization/other")])]
    sendings = [sending("one"), sending("two", received=None)]
    assert count(SENDING, [*both, document(), *sendings], site=CLOSED) == Counts(2, 1)


@side_by_side(("site", "expected"), [(CLOSED, NOT_MET), (CALENDAR_YEAR, MET)])
@pytest.mark.case(75)
def test_a_summary_received_after_the_period_counts_by_the_window(site: Any, expected: Counts) -> Variant:
    """fhir-mapping 15.75."""
    late = sending(received="2026-07-01T09:00:00-04:00")
    return Variant(SENDING, [referral(), document(), late], expected, site=site)


def test_copies_of_a_referral_with_one_placer_number_are_one() -> None:
    number = [{"system": "urn:placer", "value": "9"}]
    both = [referral("one", identifier=number), referral("two", identifier=number)]
    assert count(SENDING, [*both, document(), sending("two")]) == MET


def test_a_referral_from_elsewhere_to_us_is_none_of_ours() -> None:
    inbound = referral(requester=ref("Organization/elsewhere"), performer=[ref("PractitionerRole/c-at-a")])
    found = cases([*staff(), inbound], SENDING)
    assert found == []


MOVE = evidence("transition-made", "Encounter/visit", "2026-03-02T09:30:00-05:00")
MOVED = [visit(), MOVE]


def test_a_transition_counts_for_the_clinician_of_the_visit() -> None:
    done = [evidence("summary-sent", "Encounter/visit"), evidence("receipt-confirmed", "Encounter/visit")]
    assert count(SENDING, [*MOVED, *done]) == MET


def test_a_transition_and_a_referral_for_the_same_move_are_one() -> None:
    assert count(SENDING, [*MOVED, *sent()]) == MET


def test_a_transition_on_another_day_than_the_referral_is_a_move_of_its_own() -> None:
    assert count(SENDING, [*MOVED, *sent(on="2026-03-03")]).denominator == 2


def test_an_order_for_a_drug_is_no_referral() -> None:
    assert count(SENDING, [prescription()]) == NONE
