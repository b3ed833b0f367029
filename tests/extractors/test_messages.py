"""Messages about orders: whose they are, to whom they go, by which medium, and with which documents."""

import itertools
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from extractors.site import SharedEhrRecipients, Site
from scoring.model import Period
from tests.extractors.practice import (
    CLOSED,
    MADE_BY_C,
    MET,
    NOT_MET,
    OPEN,
    UNKNOWN,
    ZOLPIDEM,
    Counts,
    Json,
    acceptance,
    count,
    document,
    drug,
    evidence,
    medium,
    message,
    organization,
    pdmp_review,
    practitioner,
    prescription,
    ref,
    referral,
    role,
    sending,
    transmission,
)
from tests.extractors.side_by_side import Variant, side_by_side

PRESCRIBING, QUERYING, SENDING = "PI_EP_1", "PI_EP_2", "PI_HIE_1"
SPECIALIST = ref("Organization/elsewhere")
PARTNER = {"performer": [ref("PractitionerRole/d-at-a")]}
WITH_PARTNERS = SharedEhrRecipients.INCLUDE
"""Partners use the same EHR; these tests are about what reaches them, so the site counts them."""
NURSE = [practitioner("nurse", None), role("nurse", "a"), practitioner("temp", None)]
AT_SPECIALIST = [practitioner("s", "1888888884"), role("s", "elsewhere")]


@side_by_side(
    ("parties", "order", "expected"),
    [
        pytest.param({}, {}, MET, id="no sender"),
        pytest.param({"sender": ref(MADE_BY_C)}, {}, MET, id="the requester"),
        pytest.param({"sender": ref("Practitioner/c")}, {}, MET, id="the requester by another key"),
        pytest.param({"sender": ref("PractitionerRole/nurse-at-a")}, {}, MET, id="her nurse"),
        pytest.param({"sender": ref("Organization/a")}, {}, MET, id="her practice"),
        pytest.param({"sender": ref("Device/ehr")}, {}, MET, id="the system"),
        pytest.param({"sender": ref("Practitioner/temp")}, {}, UNKNOWN, id="somebody whose side is not shown"),
        pytest.param({"sender": SPECIALIST}, {}, NOT_MET, id="the performer"),
        pytest.param({"sender": ref("PractitionerRole/s-at-elsewhere")}, {}, NOT_MET, id="one at the performer"),
        pytest.param({"sender": ref("PractitionerRole/e-at-b")}, {}, NOT_MET, id="one of another TIN"),
        pytest.param({"sender": ref("Patient/p")}, {}, NOT_MET, id="the patient"),
        pytest.param({"recipient": [ref(MADE_BY_C)]}, {}, NOT_MET, id="to the requester"),
        pytest.param({"recipient": [ref("Practitioner/c")]}, {}, NOT_MET, id="to the requester by another key"),
        pytest.param({"recipient": [ref("Organization/a")]}, {}, NOT_MET, id="to her practice"),
        pytest.param({"recipient": [SPECIALIST]}, {}, MET, id="to the performer"),
        pytest.param(
            {"sender": ref(MADE_BY_C), "recipient": [SPECIALIST, ref(MADE_BY_C)]}, {}, MET, id="with a copy to herself"
        ),
        pytest.param({"recipient": PARTNER["performer"]}, PARTNER, MET, id="to her partner"),
        pytest.param({"sender": PARTNER["performer"][0]}, PARTNER, NOT_MET, id="her partner's reply"),
    ],
)
def test_only_what_the_requesters_side_sends_is_a_summary_sent(parties: Json, order: Json, expected: Counts) -> Variant:
    shown = [referral(**order), document(), sending(**parties), *NURSE, *AT_SPECIALIST]
    return Variant(SENDING, shown, expected, site=replace(CLOSED, shared_ehr_recipients=WITH_PARTNERS))


def test_a_reply_confirms_the_receipt_of_what_we_sent() -> None:
    ours = sending(received=None, sender=ref(MADE_BY_C), recipient=[SPECIALIST])
    reply = {**sending(sender=SPECIALIST, recipient=[ref(MADE_BY_C)]), "id": "reply"}
    assert count(SENDING, [referral(), document(), ours, reply]) == MET


@side_by_side(
    ("parties", "expected"),
    [
        pytest.param({}, MET, id="a pharmacy"),
        pytest.param({"sender": ref(MADE_BY_C)}, MET, id="from the prescriber to a pharmacy"),
        pytest.param({"recipient": None}, UNKNOWN, id="nobody"),
        pytest.param({"recipient": [{"display": "Corner Pharmacy"}]}, UNKNOWN, id="a name only"),
        pytest.param({"recipient": [ref("Patient/p")]}, NOT_MET, id="the patient"),
        pytest.param({"recipient": [ref("RelatedPerson/r")]}, NOT_MET, id="a relative"),
        pytest.param({"recipient": [ref("Practitioner/d")]}, NOT_MET, id="a practitioner"),
        pytest.param({"recipient": [ref("PractitionerRole/e-at-b")]}, NOT_MET, id="a role"),
        pytest.param({"recipient": [ref("Organization/a")]}, NOT_MET, id="the own practice"),
        pytest.param({"recipient": [ref("Patient/p"), ref("Organization/pharmacy")]}, MET, id="patient and pharmacy"),
        pytest.param({"sender": ref("Organization/b")}, NOT_MET, id="from another TIN"),
        pytest.param({"sender": SPECIALIST, "recipient": [ref(MADE_BY_C)]}, NOT_MET, id="a refill request"),
    ],
)
def test_only_a_message_to_a_pharmacy_transmits_a_prescription(parties: Json, expected: Counts) -> Variant:
    shown = [prescription(), message("m", "MedicationRequest/rx", **parties)]
    return Variant(PRESCRIBING, shown, expected, site=CLOSED)


def test_a_message_to_the_patient_says_nothing_of_transmission() -> None:
    shown = [prescription(), message("m", "MedicationRequest/rx", recipient=[ref("Patient/p")])]
    assert count(PRESCRIBING, shown, site=OPEN) == UNKNOWN


NOT_ELECTRONIC = ("FAXWRIT", "FAX", "MAILWRIT", "PHONE", "FACE", "VERBAL", "VIDEOCONF", "TYPEWRIT", "HANDWRIT")
NOT_ELECTRONIC += ("DICTATE", "WRITTEN", "PHYSICAL", "REMOTE")


@side_by_side(
    ("media", "expected"),
    [
        pytest.param(medium("ELECTRONIC"), MET, id="electronic"),
        *(pytest.param(medium(code), NOT_MET, id=code) for code in NOT_ELECTRONIC),
        pytest.param(medium("FAXWRIT", "PHONE"), NOT_MET, id="fax and telephone"),
        pytest.param(None, UNKNOWN, id="no medium"),
        pytest.param(medium("EMAILWRIT"), UNKNOWN, id="e-mail"),
        pytest.param(medium("local"), UNKNOWN, id="another code"),
        pytest.param([{"text": "Direct"}], UNKNOWN, id="text only"),
        pytest.param(medium("ELECTRONIC", "FAXWRIT"), UNKNOWN, id="electronic and fax"),
    ],
)
def test_the_medium_decides_whether_it_was_electronic(media: Any, expected: Counts) -> list[Variant]:
    return [
        Variant(SENDING, [referral(), document(), sending(medium=media)], expected),
        Variant(PRESCRIBING, [prescription(), message("m", "MedicationRequest/rx", medium=media)], expected),
    ]


@side_by_side("turned", [False, True])
def test_a_copy_by_fax_takes_back_no_electronic_sending(turned: bool) -> Variant:
    fax = {**sending(medium=medium("FAXWRIT"), sent="2026-03-03T09:00:00-05:00"), "id": "fax"}
    both = [sending(), fax]
    return Variant(SENDING, [referral(), document(), *(both[::-1] if turned else both)], MET)


@pytest.mark.parametrize("names", list(itertools.permutations(("a", "z"))))
@pytest.mark.parametrize("apart", [False, True])
def test_any_c_cda_among_the_documents_sent_makes_a_summary(names: tuple[str, str], apart: bool) -> None:
    pdf, ccda = names
    documents = [document(pdf, code="x", kind="application/pdf"), document(ccda)]
    carried = [{"contentReference": ref(f"DocumentReference/{name}")} for name in ("a", "z")]
    together = [sending(payload=carried), {**sending(payload=carried[::-1]), "id": "again"}]
    split = [{**sending(payload=[part]), "id": f"m{n}"} for n, part in enumerate(carried)]
    assert count(SENDING, [referral(), *documents, *(split if apart else together)]) == MET


def test_the_referral_itself_is_no_document() -> None:
    itself = [{"contentReference": ref("ServiceRequest/referral")}]
    pdf = document(code="x", kind="application/pdf")
    carried = [*itself, {"contentReference": ref("DocumentReference/doc")}]
    assert count(SENDING, [referral(), sending(payload=itself)]) == UNKNOWN
    assert count(SENDING, [referral(), pdf, sending(payload=carried)]) == NOT_MET


def test_the_day_of_sending_is_that_of_the_summary_not_of_a_pdf_before_it() -> None:
    late = "2026-07-02T10:00:00-04:00"
    pdf = {**sending(payload=[{"contentReference": ref("DocumentReference/pdf")}]), "id": "first"}
    shown = [document("pdf", code="x", kind="application/pdf"), document(), pdf, sending(sent=late, received=late)]
    assert count(SENDING, [referral(), *shown]) == NOT_MET


@side_by_side("status", ["entered-in-error", "not-done", "stopped"])
def test_a_message_that_is_none_confirms_no_receipt(status: str) -> Variant:
    received = message("x", "ServiceRequest/referral", status=status, received="2026-03-02T12:00:00-05:00", sent=None)
    asserted = evidence("summary-sent", "ServiceRequest/referral")
    return Variant(SENDING, [referral(), asserted, received], UNKNOWN)


@side_by_side(
    ("owner", "order", "expected"),
    [
        pytest.param(MADE_BY_C, {}, UNKNOWN, id="the requester"),
        pytest.param("PractitionerRole/nurse-at-a", {}, UNKNOWN, id="her nurse"),
        pytest.param("Organization/a", {}, UNKNOWN, id="her practice"),
        pytest.param("Organization/elsewhere", {}, MET, id="the performer"),
        pytest.param("PractitionerRole/d-at-a", PARTNER, MET, id="her partner, who performs"),
    ],
)
def test_a_task_of_the_own_side_confirms_no_receipt(owner: str, order: Json, expected: Counts) -> Variant:
    task = {**acceptance("completed"), "owner": ref(owner)}
    shown = [referral(**order), document(), sending(received=None), task, *NURSE]
    return Variant(SENDING, shown, expected, site=replace(OPEN, shared_ehr_recipients=WITH_PARTNERS))


HALF = Period(date(2026, 7, 1), date(2026, 12, 31))


@side_by_side(
    ("queried", "expected"),
    [("2026-06-30T23:50:00-04:00", MET), ("2026-06-29T23:50:00-04:00", NOT_MET)],
    ids=["the day before the period", "before the look-back"],
)
def test_a_query_before_the_period_counts_for_a_transmission_within_it(queried: str, expected: Counts) -> Variant:
    sent = [prescription(on="2026-07-01T10:00:00-04:00", medicationCodeableConcept=drug(ZOLPIDEM))]
    sent += [transmission(on="2026-07-01T10:05:00-04:00"), pdmp_review(queried)]
    return Variant(QUERYING, sent, expected, period=HALF, site=CLOSED)


def test_an_organization_of_the_same_tin_by_the_site_is_the_own_side() -> None:
    shown = [prescription(), message("m", "MedicationRequest/rx", recipient=[ref("Organization/wing")])]
    ours = Site(tin_map={"Organization/wing": "000180180"})
    assert count(PRESCRIBING, [*shown, organization("wing")], site=ours) == UNKNOWN
