"""Evidence that looks like an act and proves none, or not when or whose: each with what it counts, and why."""

from typing import Any

import pytest

from tests.extractors.practice import (
    CLOSED,
    CPT,
    MADE_BY_C,
    MET,
    NONE,
    NOT_MET,
    OPEN,
    PROVEN,
    SNOMED,
    TRAMADOL,
    UNDECIDED,
    UNKNOWN,
    C,
    Counts,
    D,
    Json,
    acceptance,
    access,
    both_channels,
    coded,
    count,
    document,
    drug,
    evidence,
    fulfilment,
    message,
    organization,
    pdmp_review,
    practitioner,
    prescription,
    receipt,
    reconciled,
    ref,
    referral,
    role,
    sending,
    transmission,
    visit,
)
from tests.extractors.side_by_side import Variant, side_by_side

N = "1888888884"
NURSE = [practitioner("n", N), role("n", "a")]
ELSEWHERE, PATIENT, OWN_NURSE = ref("Organization/elsewhere"), ref("Patient/p"), ref("PractitionerRole/n-at-a")
PAYER = organization("payer", type=[coded("http://terminology.hl7.org/CodeSystem/organization-type", "pay")])
SENT = [referral(), document(), sending(received=None, sender=ref(MADE_BY_C), recipient=[ELSEWHERE])]
NEW_PATIENT = visit(type=[coded(CPT, "99203")])
RECEIVED = [NEW_PATIENT, document(), receipt()]
SCHEDULED = [prescription(medicationCodeableConcept=drug(TRAMADOL)), transmission()]
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def without(element: str, *resources: Json) -> list[Json]:
    return [{name: value for name, value in one.items() if name != element} for one in resources]


def note(*to: Json, **elements: Any) -> Json:
    when = "2026-03-02T11:00:00-05:00"
    return message("note", "ServiceRequest/referral", recipient=list(to), received=when, **elements)


@side_by_side(
    ("more", "expected"),
    [
        pytest.param([note(ELSEWHERE, sender=ref(MADE_BY_C))], MET, id="a message that reached the performer"),
        pytest.param([note(PATIENT, sender=ref(MADE_BY_C))], UNKNOWN, id="a message to the patient"),
        pytest.param([note(ref("RelatedPerson/r"), sender=ref(MADE_BY_C))], UNKNOWN, id="a message to a relative"),
        pytest.param([note(OWN_NURSE, sender=ref(MADE_BY_C))], UNKNOWN, id="a message to the own nurse"),
        pytest.param([note(ELSEWHERE, sender=PATIENT)], UNKNOWN, id="a message of the patient"),
        pytest.param([acceptance("accepted")], MET, id="a task that names no owner"),
        pytest.param([{**acceptance("accepted"), "owner": ELSEWHERE}], MET, id="a task of the performer"),
        pytest.param(
            [PAYER, {**acceptance("accepted"), "owner": ref("Organization/payer")}], UNKNOWN, id="a payer's task"
        ),
        pytest.param([{**acceptance("accepted"), "owner": PATIENT}], UNKNOWN, id="the patient's task"),
        pytest.param(without("executionPeriod", acceptance("accepted")), UNKNOWN, id="a receipt without a day"),
    ],
)
def test_only_the_performer_confirms_a_receipt_and_on_a_day(more: list[Json], expected: Counts) -> Variant:
    return Variant("PI_HIE_1", [*NURSE, *SENT, *more], expected)


def test_a_task_of_another_practice_than_the_performers_confirms_nothing_for_certain() -> None:
    asked = [
        referral(performer=[ref("Organization/b")]),
        *SENT[1:2],
        sending(received=None, recipient=[ref("Organization/b")]),
    ]
    other = organization("x", "000180199")
    tasks = {name: {**acceptance("accepted"), "owner": ref(f"Organization/{name}")} for name in ("b", "x")}
    assert count("PI_HIE_1", [*asked, other, tasks["b"]]) == MET
    assert count("PI_HIE_1", [*asked, other, tasks["x"]]) == UNKNOWN


@side_by_side("to", [PATIENT, ref("RelatedPerson/r"), OWN_NURSE])
def test_a_copy_to_the_patient_or_to_the_own_staff_is_no_summary_sent(to: Json) -> list[Variant]:
    copy = note(to, payload=[{"contentReference": ref("DocumentReference/doc")}])
    return [
        Variant("PI_HIE_1", [*NURSE, referral(), document(), copy], UNKNOWN),
        Variant("PI_HIE_1", [*NURSE, referral(), document(), copy], NOT_MET, site=CLOSED),
    ]


@side_by_side(
    ("owner", "expected"),
    [
        (ref("Organization/pharmacy"), MET),
        (OWN_NURSE, UNKNOWN),
        (PATIENT, UNKNOWN),
        (ref("Organization/payer"), UNKNOWN),
    ],
)
def test_a_task_of_the_own_staff_the_patient_or_a_payer_transmits_no_prescription(
    owner: Json, expected: Counts
) -> Variant:
    task = {**fulfilment("completed"), "owner": owner}
    return Variant("PI_EP_1", [*NURSE, PAYER, prescription(), task], expected)


@side_by_side(("to", "expected"), [("Organization/pharmacy", MET), ("Organization/payer", UNKNOWN)])
def test_a_message_to_a_payer_transmits_no_prescription(to: str, expected: Counts) -> Variant:
    told = message("m", "MedicationRequest/rx", recipient=[ref(to)])
    return Variant("PI_EP_1", [PAYER, prescription(), told], expected)


def test_a_failure_without_a_day_contradicts_a_success() -> None:
    earlier = fulfilment("failed", on="2026-03-02T09:00:00-05:00", name="t1")
    (undated,) = without("executionPeriod", fulfilment("failed", name="t2"))
    tried = [prescription(), earlier, fulfilment("completed", name="t3")]
    assert count("PI_EP_1", tried) == MET
    assert count("PI_EP_1", [*tried, undated]) == UNKNOWN


@side_by_side("dated", [0, 2, 3])
def test_lists_reconciled_on_a_day_that_is_not_shown_are_in_no_period_for_certain(dated: int) -> Variant:
    done = reconciled()
    shown = [*done[:dated], *without("executionPeriod", *done[dated:])]
    return Variant("PI_HIE_4", [*RECEIVED, *shown], MET if dated == 3 else UNKNOWN)


@side_by_side(
    ("shown", "expected"),
    [
        pytest.param(both_channels(on="2026-03-03"), MET, id="granted on a day"),
        pytest.param(both_channels(on="2026-03"), UNKNOWN, id="granted in the month of the deadline"),
        pytest.param(both_channels(on="2026-02"), MET, id="granted in the month before"),
        pytest.param(both_channels(on="2026-04"), NOT_MET, id="granted in the month after"),
        pytest.param(without("occurredDateTime", *both_channels()), UNKNOWN, id="granted, nobody knows when"),
        pytest.param([*both_channels(), access("access-withdrawn", on="2026-03")], UNKNOWN, id="withdrawn that month"),
        pytest.param([*both_channels(), access("access-withdrawn", on="2026-02")], NOT_MET, id="withdrawn before"),
        pytest.param(
            [
                *both_channels(on="2026-03-03T09:00:00-05:00"),
                access("access-withdrawn", on="2026-03-03T08:00:00-05:00"),
            ],
            MET,
            id="withdrawn, then granted, on one day",
        ),
        pytest.param(
            [
                *both_channels(on="2026-03-03T08:00:00-05:00"),
                access("access-withdrawn", on="2026-03-03T09:00:00-05:00"),
            ],
            NOT_MET,
            id="granted, then withdrawn, on one day",
        ),
    ],
)
def test_access_of_which_the_day_is_not_known_is_unknown_where_it_matters(
    shown: list[Json], expected: Counts
) -> Variant:
    return Variant("PI_PEA_1", [visit(), *shown], expected)


def test_a_visit_without_a_class_may_have_been_no_office_visit() -> None:
    assert count("PI_PEA_1", [*without("class", visit()), *both_channels()]) == UNDECIDED


QUERY = pdmp_review(on="2026-03-02T10:00:00-05:00")


@side_by_side(
    ("query", "expected"),
    [
        pytest.param([], NOT_MET, id="none"),
        pytest.param([QUERY], MET, id="of somebody"),
        pytest.param([{**QUERY, "performer": [{"actor": ref("PractitionerRole/d-at-a")}]}], MET, id="of a partner"),
        pytest.param([{**QUERY, "performer": [{"actor": ref("PractitionerRole/e-at-b")}]}], NOT_MET, id="elsewhere"),
        pytest.param(without("performedDateTime", QUERY), UNKNOWN, id="without a day"),
        pytest.param([{**QUERY, "performedDateTime": "2026-03"}], UNKNOWN, id="dated by its month"),
        pytest.param([{**QUERY, "performedDateTime": "2026-01"}], NOT_MET, id="dated by a month long before"),
        pytest.param([{**QUERY, "status": "unknown"}], UNKNOWN, id="of which it is not known whether it was made"),
    ],
)
def test_a_pdmp_query_is_the_practices_own_and_in_time_or_not_known_to_be(
    query: list[Json], expected: Counts
) -> Variant:
    """Every absence is vouched for: what is on record and unclear is none of it."""
    return Variant("PI_EP_2", [*SCHEDULED, *query], expected, site=CLOSED)


ON_BEHALF = {"agent": [{"who": OWN_NURSE, "onBehalfOf": ref(MADE_BY_C)}]}
BY_NURSE = {"agent": [{"who": OWN_NURSE}]}


@side_by_side(
    ("measure", "shown", "expected"),
    [
        pytest.param(
            "PI_HIE_4",
            [NEW_PATIENT, document(), evidence("summary-received", "DocumentReference/doc", **ON_BEHALF)],
            UNKNOWN,
            id="receipt",
        ),
        pytest.param(
            "PI_LVITC_2",
            [visit(), evidence("transition-received", "Encounter/visit", **ON_BEHALF)],
            MET,
            id="admission",
        ),
        pytest.param(
            "PI_HIE_1", [visit(), evidence("transition-made", "Encounter/visit", **ON_BEHALF)], UNKNOWN, id="discharge"
        ),
    ],
)
def test_what_a_nurse_states_on_behalf_of_the_clinician_is_the_clinicians(
    measure: str, shown: list[Json], expected: Counts
) -> list[Variant]:
    return [Variant(measure, [*NURSE, *shown], expected), Variant(measure, [*NURSE, *shown], NONE, npi=N)]


def test_a_document_that_a_nurse_received_may_be_the_clinicians_and_the_groups() -> None:
    shown = [
        *NURSE,
        NEW_PATIENT,
        document(),
        evidence("summary-received", "DocumentReference/doc", **BY_NURSE),
        *reconciled(),
    ]
    assert {npi: count("PI_HIE_4", shown, npi=npi) for npi in (C, None, N)} == {C: UNDECIDED, None: UNDECIDED, N: NONE}


@side_by_side(
    ("successor", "expected"),
    [
        pytest.param({}, Counts(1, 0, 1), id="a document that counts itself"),
        pytest.param({"content": [{"attachment": {"contentType": "application/pdf"}}]}, MET, id="a PDF"),
        pytest.param({"status": "entered-in-error"}, MET, id="entered in error"),
    ],
)
def test_a_document_gives_way_only_to_one_that_counts(successor: Json, expected: Counts) -> Variant:
    later = document("doc2", relatesTo=[{"code": "replaces", "target": ref("DocumentReference/doc")}], **successor)
    return Variant("PI_HIE_4", [*RECEIVED, *reconciled(), later, receipt("doc2")], expected)


@side_by_side(
    ("successor", "expected"),
    [
        pytest.param({}, UNKNOWN, id="in force"),
        pytest.param({"status": "revoked"}, MET, id="revoked before it was sent"),
    ],
)
def test_a_referral_gives_way_only_to_one_that_counts(successor: Json, expected: Counts) -> Variant:
    later = referral("later", replaces=[ref("ServiceRequest/referral")], **successor)
    return Variant("PI_HIE_1", [*SENT, acceptance("accepted"), later], expected)


@side_by_side(
    "other",
    [
        pytest.param({}, id="the same move"),
        pytest.param({"status": "revoked"}, id="revoked: the transition stays"),
        pytest.param({"performer": [ref("PractitionerRole/d-at-a")]}, id="to a partner: the transition stays"),
    ],
)
def test_a_transition_gives_way_only_to_a_referral_that_counts(other: Json) -> Variant:
    moved = [visit(), evidence("transition-made", "Encounter/visit"), referral(**other)]
    return Variant("PI_HIE_1", moved, UNKNOWN)


MARCH_15 = visit("v2", on="2026-03-15T09:00:00-04:00")


@side_by_side(
    ("other", "expected"),
    [
        pytest.param([], MET, id="no other visit"),
        pytest.param([visit("v1", on="2026-03")], Counts(undecided=2), id="another of that month"),
        pytest.param([visit("v1", on=None)], Counts(undecided=2), id="another without a day"),
        pytest.param(
            [visit("v1", status="arrived")], Counts(undecided=2), id="an earlier one that may not have taken place"
        ),
        pytest.param([visit("v1", on="2026-03-15")], MET, id="another of that day: one of them was the first"),
        pytest.param([visit("v1", on="2026-03-16")], MET, id="a later one"),
    ],
)
def test_a_patient_is_surely_new_only_where_no_other_visit_may_have_come_first(
    other: list[Json], expected: Counts
) -> Variant:
    return Variant("PI_LVITC_2", [*other, MARCH_15], expected, site=PROVEN)


@side_by_side(
    "elements",
    [
        pytest.param({"type": [coded(CPT, "99203")]}, id="new patient"),
        pytest.param(
            {
                "hospitalization": {
                    "admitSource": coded("http://terminology.hl7.org/CodeSystem/admit-source", "hosp-trans")
                }
            },
            id="transfer",
        ),
    ],
)
def test_who_only_referred_is_no_clinician_of_the_context(elements: Json) -> list[Variant]:
    attending, referrer = (
        {"type": [coded(PARTICIPATION, code)], "individual": ref(f"PractitionerRole/{who}-at-a")}
        for code, who in (("ATND", "c"), ("REF", "d"))
    )
    seen = visit(participant=[attending, referrer], **elements)
    return [Variant("PI_LVITC_2", [seen], MET, npi=C), Variant("PI_LVITC_2", [seen], NONE, npi=D)]


ASKED = referral(
    "i1", requester=ref("PractitionerRole/e-at-b"), performer=[ref(MADE_BY_C)], code=coded(SNOMED, "183519002")
)


@side_by_side(
    ("shown", "own", "group"),
    [
        pytest.param([ASKED], 1, 1, id="received"),
        pytest.param([{**ASKED, "requester": ref(MADE_BY_C)}], 0, 0, id="to herself"),
        pytest.param([{**ASKED, "requester": ref("PractitionerRole/d-at-a")}], 1, 0, id="from a partner"),
        pytest.param([ASKED, {**ASKED, "id": "i2", "replaces": [ref("ServiceRequest/i1")]}], 1, 1, id="replaced"),
        pytest.param([ASKED, {**ASKED, "id": "i2"}], 1, 1, id="entered again"),
        pytest.param([ASKED, {**ASKED, "id": "i2", "code": coded(SNOMED, "183521007")}], 2, 2, id="for another thing"),
        pytest.param(
            [ASKED, {**ASKED, "id": "i2", "replaces": [ref("ServiceRequest/i1")], "status": "revoked"}],
            1,
            1,
            id="replaced by one that was revoked",
        ),
    ],
)
def test_a_referral_received_counts_once_and_from_outside(shown: list[Json], own: int, group: int) -> list[Variant]:
    return [
        Variant("PI_LVITC_2", shown, Counts(own, own)),
        Variant("PI_LVITC_2", shown, Counts(group, group), npi=None),
    ]


def test_two_referrals_under_one_number_to_two_places_for_two_things_are_two() -> None:
    number = [{"system": "urn:visit", "value": "77"}]
    one = referral("a1", identifier=number, code=coded(SNOMED, "183519002"))
    two = referral("a2", identifier=number, code=coded(SNOMED, "183521007"), performer=[ref("Organization/b")])
    assert count("PI_HIE_1", [one, two]).denominator == 2


def test_an_identifier_that_two_clinicians_share_names_neither() -> None:
    number = {"system": "urn:x", "value": "1"}
    one, two = practitioner("x", "1777777776"), practitioner("y", "1666666668")
    for named in (one, two):
        named["identifier"].append(number)
    at_a = [role("x", "a"), role("y", "a")]
    asked = prescription(requester={"type": "Practitioner", "identifier": number})
    assert count("PI_EP_1", [one, *at_a, asked], npi="1777777776").denominator == 1
    assert [count("PI_EP_1", [one, two, *at_a, asked], npi=npi) for npi in ("1777777776", "1666666668", None)] == [
        NONE
    ] * 3


@side_by_side(("day", "expected"), [("2026-05", MET), ("2026-06", UNDECIDED), ("2026-07", NONE)])
def test_a_context_dated_by_its_month_is_in_the_period_where_the_whole_month_is(day: str, expected: Counts) -> Variant:
    """The period ends on 29 June."""
    context = visit(on=day, type=[coded(CPT, "99203")])
    return Variant("PI_HIE_4", [context, document(), receipt(), *reconciled()], expected, site=OPEN)
