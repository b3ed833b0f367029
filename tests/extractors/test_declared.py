"""What a practice declares for all its patients: both sides of every setting (docs/reference/site-settings.md)."""

from dataclasses import replace
from typing import Any

import pytest

from extractors.site import ReconUnit, SharedEhrRecipients, Site
from tests.extractors.practice import (
    CLOSED,
    MET,
    NONE,
    NOT_MET,
    OPEN,
    PROVEN,
    SNOMED,
    TRAMADOL,
    UNDECIDED,
    UNKNOWN,
    A,
    B,
    C,
    Counts,
    D,
    Json,
    access,
    both_channels,
    coded,
    count,
    document,
    drug,
    fulfilment,
    organization,
    prescription,
    receipt,
    reconciled,
    ref,
    referral,
    resource,
    role,
    sending,
    transmission,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

WRITING, SENDING, RECEIVING, ACCESS = "PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"
COLLAPSING, COLLAPSING_CLOSED = replace(OPEN, collapse_changes=True), replace(CLOSED, collapse_changes=True)
INCLUDING = replace(OPEN, shared_ehr_recipients=SharedEhrRecipients.INCLUDE)
SESSIONS = replace(PROVEN, recon_unit=ReconUnit.SESSION)
PARTNER = [ref("PractitionerRole/d-at-a")]
HOSPITAL = [ref("Organization/hospital")]
SHARED_HOSPITAL = replace(OPEN, shared_ehr=frozenset({"Organization/hospital"}))


def changed(*shown: Json, **elements: Any) -> list[Json]:
    """An order and the one that took its place an hour later."""
    later = prescription("rx2", "2026-03-02T11:00:00-05:00", priorPrescription=ref("MedicationRequest/rx"))
    return [prescription(), {**later, **elements}, *shown]


SENT_FIRST, SENT_SECOND = transmission(), transmission("rx2")
FAILED_FIRST, FAILED_SECOND = fulfilment("failed", name="t1"), fulfilment("failed", of="rx2", name="t2")


@pytest.mark.case(37)
@side_by_side(("site", "expected"), [(CLOSED, Counts(2, 1)), (COLLAPSING_CLOSED, MET), (COLLAPSING, MET)])
def test_an_order_that_was_replaced_before_it_was_sent_drops_where_the_site_collapses_changes(
    site: Site, expected: Counts
) -> Variant:
    return Variant(WRITING, changed(SENT_SECOND), expected, site=site)


@pytest.mark.case("X1-4")
@side_by_side(("site", "expected"), [(OPEN, Counts(2, 2)), (COLLAPSING, MET)])
def test_a_changed_prescription_that_was_sent_twice_is_two_or_one(site: Site, expected: Counts) -> Variant:
    return Variant(WRITING, changed(SENT_FIRST, SENT_SECOND), expected, site=site)


@side_by_side(
    ("shown", "expected"),
    [
        pytest.param([FAILED_FIRST, FAILED_SECOND], NOT_MET, id="neither was sent"),
        pytest.param([SENT_FIRST, FAILED_SECOND], Counts(2, 1), id="the first one alone reached the pharmacy"),
        pytest.param([FAILED_FIRST], UNKNOWN, id="the first was not sent, of the second nothing is shown"),
        pytest.param([SENT_FIRST], Counts(1, 0, 1, 1), id="the first was sent, of the second nothing is shown"),
        pytest.param([FAILED_SECOND], Counts(1, 0, 0, 1), id="the second was not sent, of the first nothing is shown"),
        pytest.param([], Counts(1, 0, 1, 1), id="nothing is shown of either"),
    ],
)
def test_a_replaced_order_stands_only_if_it_was_sent_and_its_replacement_was_not(
    shown: list[Json], expected: Counts
) -> Variant:
    return Variant(WRITING, changed(*shown), expected, site=COLLAPSING)


@side_by_side(
    ("elements", "expected"),
    [
        pytest.param({"authoredOn": "2026-03-03T00:00:00-05:00"}, Counts(2, 2), id="of the next day"),
        pytest.param({"authoredOn": "2026-03"}, Counts(2, 2), id="of a month"),
        pytest.param({"medicationCodeableConcept": drug(TRAMADOL)}, Counts(2, 2), id="of another drug"),
        pytest.param({"requester": ref("PractitionerRole/d-at-a")}, MET, id="of another clinician"),
        pytest.param({"priorPrescription": ref("MedicationRequest/other")}, Counts(2, 2), id="of another order"),
        pytest.param({"status": "draft"}, MET, id="that is a draft"),
    ],
)
def test_an_order_gives_way_to_no_other_order(elements: Json, expected: Counts) -> list[Variant]:
    alone, both = [prescription(), transmission()], changed(SENT_FIRST, SENT_SECOND, **elements)
    return [
        Variant(WRITING, changed(SENT_FIRST), Counts(1, 0, 1, 1), site=COLLAPSING),
        Variant(WRITING, both, expected, site=COLLAPSING),
        Variant(WRITING, both, expected, site=OPEN),
        Variant(WRITING, alone, MET, site=COLLAPSING),
    ]


def test_of_three_orders_in_a_row_the_last_one_counts() -> None:
    third = prescription("rx3", "2026-03-02T12:00:00-05:00", priorPrescription=ref("MedicationRequest/rx2"))
    orders = [*changed(SENT_FIRST, FAILED_SECOND), third, transmission("rx3")]
    assert count(WRITING, orders, site=COLLAPSING) == MET


def test_orders_that_replace_each_other_both_count() -> None:
    first = prescription(priorPrescription=ref("MedicationRequest/rx2"))
    assert count(WRITING, [*changed(SENT_FIRST, SENT_SECOND)[1:], first], site=COLLAPSING) == Counts(2, 2)


def sent_to(performer: list[Json], *more: Json) -> list[Json]:
    return [referral(performer=performer), document(), sending(recipient=performer), *more]


@pytest.mark.case(74)
@pytest.mark.case("X7-3")
@side_by_side(
    ("performer", "site", "expected"),
    [
        pytest.param(PARTNER, OPEN, NONE, id="a partner, excluded"),
        pytest.param(PARTNER, INCLUDING, MET, id="a partner, included"),
        pytest.param([ref("Organization/a")], OPEN, NONE, id="the own practice"),
        pytest.param([ref("Practitioner/d")], OPEN, NONE, id="a partner by another key"),
        pytest.param([ref("PractitionerRole/e-at-b")], OPEN, MET, id="another TIN"),
        pytest.param(HOSPITAL, OPEN, MET, id="a hospital of which nothing is said"),
        pytest.param(HOSPITAL, SHARED_HOSPITAL, NONE, id="a hospital that shares the EHR"),
        pytest.param(
            HOSPITAL,
            replace(SHARED_HOSPITAL, shared_ehr_recipients=SharedEhrRecipients.INCLUDE),
            MET,
            id="a hospital that shares the EHR, included",
        ),
        pytest.param(
            [ref("PractitionerRole/e-at-b")],
            replace(OPEN, shared_ehr=frozenset({"Organization/b"})),
            NONE,
            id="a clinician of an organization that shares the EHR",
        ),
    ],
)
def test_whether_those_who_share_the_ehr_count_is_one_answer_for_all(
    performer: list[Json], site: Site, expected: Counts
) -> Variant:
    return Variant(SENDING, sent_to(performer), expected, site=site)


def test_a_ward_of_an_organization_that_shares_the_ehr_shares_it() -> None:
    ward = organization("ward", partOf=ref("Organization/hospital"))
    to_ward = sent_to([ref("Organization/ward")], ward, organization("hospital"))
    assert count(SENDING, to_ward, site=SHARED_HOSPITAL) == NONE
    assert count(SENDING, to_ward) == MET


@side_by_side(
    ("places", "expected"), [([role("e", "a")], UNDECIDED), ([{**role("e", "a"), "active": False}], MET), ([], MET)]
)
def test_a_recipient_of_several_places_is_not_decided(places: list[Json], expected: Counts) -> Variant:
    return Variant(SENDING, sent_to([ref("Practitioner/e")], *places), expected)


CONSULT, OTHER = coded(SNOMED, "11429006"), coded(SNOMED, "183519002")


def entered_twice(*shown: Json, **elements: Any) -> list[Json]:
    again = referral("again", "2026-03-02T15:00:00-05:00", code=CONSULT)
    return [referral(code=CONSULT), {**again, **elements}, document(), *shown]


@side_by_side(
    ("elements", "expected"),
    [
        pytest.param({}, MET, id="same patient, recipient, day and code"),
        pytest.param({"code": OTHER}, Counts(2, 1, 1), id="another code"),
        pytest.param({"code": None}, Counts(2, 1, 1), id="no code"),
        pytest.param({"subject": ref("Patient/q")}, Counts(2, 1, 1), id="another patient"),
        pytest.param({"performer": [ref("Organization/far")]}, Counts(2, 1, 1), id="another recipient"),
        pytest.param({"performer": None}, Counts(2, 1, 1), id="no recipient"),
        pytest.param({"authoredOn": "2026-03-03T00:00:00-05:00"}, Counts(2, 1, 1), id="the next day"),
        pytest.param({"requester": ref("PractitionerRole/d-at-a")}, MET, id="another clinician"),
    ],
)
def test_a_referral_that_was_entered_twice_is_one(elements: Json, expected: Counts) -> Variant:
    found = entered_twice(sending(), **elements)
    return Variant(SENDING, [{k: v for k, v in r.items() if v is not None} for r in found], expected)


@side_by_side("first_sent", ["referral", "again"])
def test_the_record_that_came_furthest_stands_for_both(first_sent: str) -> Variant:
    other = {"referral": "again", "again": "referral"}[first_sent]
    shown = [sending(first_sent), sending(other, status="not-done", received=None)]
    return Variant(SENDING, entered_twice(*shown), MET)


@side_by_side(
    ("status", "expected"), [("active", UNKNOWN), ("draft", MET)], ids=["replaced", "replaced by a draft only"]
)
def test_a_replaced_referral_is_no_unit_where_its_replacement_is_there(status: str, expected: Counts) -> Variant:
    later = referral("later", "2026-03-09T10:00:00-05:00", status=status, replaces=[ref("ServiceRequest/referral")])
    return Variant(SENDING, [referral(), later, document(), sending()], expected)


def test_a_replaced_referral_whose_replacement_is_not_in_the_data_is_a_unit() -> None:
    assert count(SENDING, [referral(replaces=[ref("ServiceRequest/gone")]), document(), sending()]) == MET


NEW = visit("new", "2026-03-02T09:00:00-05:00")
NAMES = ("doc", "doc2", "doc3")


def received(*names: str) -> list[Json]:
    return [NEW, *(r for n in names for r in (document(n), receipt(n)))]


@pytest.mark.case(83)
@side_by_side(("site", "expected"), [(PROVEN, Counts(3, 3)), (SESSIONS, MET)])
def test_three_documents_of_one_sitting_are_three_or_one(site: Site, expected: Counts) -> list[Variant]:
    shown = [*received(*NAMES), *(r for n in NAMES for r in reconciled(n))]
    return [Variant(RECEIVING, shown, expected, site=site), Variant(RECEIVING, shown, expected, site=site, npi=None)]


def test_what_was_not_wholly_reconciled_is_a_unit_of_its_own() -> None:
    shown = [*received(*NAMES), *reconciled("doc"), *reconciled("doc2")[:2], *reconciled("doc3")]
    assert count(RECEIVING, shown, site=SESSIONS) == Counts(2, 1, 1)


def test_another_day_is_another_session() -> None:
    shown = [*received(*NAMES[:2]), *reconciled("doc"), *reconciled("doc2", "2026-03-03T09:00:00-05:00")]
    assert count(RECEIVING, shown, site=SESSIONS) == Counts(2, 2)


def appendix(name: str = "doc2", to: str = "doc") -> Json:
    return document(name, relatesTo=[{"code": "appends", "target": ref(f"DocumentReference/{to}")}])


@side_by_side(
    ("lists", "expected"),
    [
        pytest.param([*reconciled("doc"), *reconciled("doc2")], MET, id="both parts"),
        pytest.param(reconciled("doc"), UNKNOWN, id="one part"),
    ],
)
def test_what_is_appended_to_a_document_is_one_unit_with_it(lists: list[Json], expected: Counts) -> list[Variant]:
    shown = [NEW, document(), appendix(), receipt(), receipt("doc2"), *lists]
    return [Variant(RECEIVING, shown, expected, site=site) for site in (PROVEN, SESSIONS)]


def test_what_is_appended_to_an_appendix_is_part_of_the_first_document() -> None:
    shown = [NEW, document(), appendix(), appendix("doc3", "doc2"), *map(receipt, NAMES)]
    assert count(RECEIVING, shown, site=PROVEN) == UNKNOWN


def test_what_is_appended_to_a_document_that_was_never_received_is_a_unit_of_its_own() -> None:
    shown = [NEW, appendix(), receipt("doc2"), *reconciled("doc2")]
    assert count(RECEIVING, shown, site=PROVEN) == MET


@side_by_side(
    ("on", "expected"),
    [("2026-03-02T07:00:00-05:00", MET), ("2026-03-01T23:59:59-05:00", UNKNOWN)],
    ids=["an hour earlier on the day of the receipt", "the day before"],
)
def test_a_document_reconciled_before_the_day_on_which_it_came_is_not_decided(on: str, expected: Counts) -> Variant:
    return Variant(RECEIVING, [*received("doc"), *reconciled("doc", on)], expected, site=PROVEN)


NEW_PATIENT = {"type": [coded("http://www.ama-assn.org/go/cpt", "99203")]}
ADMITTED = coded("http://terminology.hl7.org/CodeSystem/admit-source", "hosp-trans")
TRANSFERRED = {"hospitalization": {"admitSource": ADMITTED}}


@side_by_side(
    ("status", "expected"),
    [("finished", MET), ("in-progress", MET), ("arrived", UNDECIDED), ("unknown", UNDECIDED), ("cancelled", NONE)],
    ids=["finished", "in progress", "arrived", "unknown", "cancelled"],
)
def test_a_visit_of_which_it_is_not_known_whether_it_took_place_is_no_certain_context(
    status: str, expected: Counts
) -> list[Variant]:
    received = [document(), receipt(), *reconciled()]
    return [
        Variant(RECEIVING, [visit(status=status, **how), *received], expected) for how in (NEW_PATIENT, TRANSFERRED)
    ]


TELEHEALTH = {"class": {"code": "VR"}}
FACE_TO_FACE_ONLY = replace(PROVEN, telehealth_in_pea=False)


@pytest.mark.case("X2-5")
@side_by_side(
    ("visits", "site", "expected"),
    [
        pytest.param([visit(**TELEHEALTH)], PROVEN, MET, id="telehealth, included"),
        pytest.param([visit(**TELEHEALTH)], FACE_TO_FACE_ONLY, NONE, id="telehealth, left out"),
        pytest.param([visit(), visit("remote", **TELEHEALTH)], FACE_TO_FACE_ONLY, MET, id="both, left out"),
        pytest.param([visit()], FACE_TO_FACE_ONLY, MET, id="face to face, telehealth left out"),
    ],
)
def test_a_site_says_whether_telehealth_counts_for_access(visits: list[Json], site: Site, expected: Counts) -> Variant:
    return Variant(ACCESS, [*visits, *both_channels()], expected, site=site)


def test_telehealth_left_out_of_access_is_a_context_of_a_received_summary_all_the_same() -> None:
    shown = [visit(**TELEHEALTH), document(), receipt(), *reconciled()]
    assert count(RECEIVING, shown, site=FACE_TO_FACE_ONLY) == MET


def proxy(name: str = "mother", **elements: Any) -> Json:
    return resource("RelatedPerson", name, patient=ref("Patient/p"), **elements)


def withdrawn(holder: str) -> Json:
    return access("access-withdrawn", holder, "2026-01-15")


@pytest.mark.case(94)
@side_by_side(
    ("shown", "expected"),
    [
        pytest.param([proxy()], MET, id="of a proxy"),
        pytest.param([proxy(active=True)], MET, id="of a proxy in use"),
        pytest.param([proxy(active=False)], UNKNOWN, id="of a proxy no longer in use"),
        pytest.param([], UNKNOWN, id="of somebody of whom nothing is known"),
        pytest.param([proxy(), withdrawn("RelatedPerson/mother")], NOT_MET, id="withdrawn from the proxy"),
        pytest.param(
            [proxy(), proxy("father"), withdrawn("RelatedPerson/father")], MET, id="withdrawn from another proxy"
        ),
    ],
)
def test_the_access_of_a_proxy_is_that_of_the_patient(shown: list[Json], expected: Counts) -> Variant:
    return Variant(ACCESS, [visit(), *shown, *both_channels("RelatedPerson/mother")], expected)


def test_every_clinician_and_the_group_are_told_the_same_of_a_shared_ehr() -> None:
    shown = sent_to(PARTNER)
    assert [count(SENDING, shown, npi=npi, tin=tin) for npi, tin in ((C, A), (D, A), (None, A), (None, B))] == [
        NONE
    ] * 4
