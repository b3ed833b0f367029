"""This patient: four tasks, three answers each, and never "nothing open" where something may be hidden."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from extractors.sources.search import WrongPatient
from scoring.model import MeasureId
from smartapp.printed.banner import Banner
from smartapp.reading.patient import Item, Standing, Task
from smartapp.store import Person
from tests.demo_ehr.signing_in import FHIR
from tests.extractors.practice import (
    CLOSED,
    C,
    D,
    access,
    both_channels,
    document,
    evidence,
    fulfilment,
    prescription,
    receipt,
    reconciled,
    ref,
    referral,
    resource,
    sending,
    transmission,
    visit,
)
from tests.smartapp.chart import HER, Chart, about, chart, patient

EP, HIE1, HIE4, PEA = MEASURES = tuple(map(MeasureId, ("PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1")))
OPEN, UNKNOWN, DONE, UNREADABLE = Standing.OPEN, Standing.UNKNOWN, Standing.DONE, Standing.UNREADABLE
SEEN = "2026-11-19T09:00:00-05:00"
NEW = {"type": [{"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99203"}]}]}
SUMMARY = [{"contentReference": ref("DocumentReference/summary")}]
Json = dict[str, Any]
Records = list[Json]

NOTHING: dict[MeasureId, Records] = {
    EP: [prescription(), transmission()],
    HIE1: [referral(), sending(payload=SUMMARY), document("summary")],
    HIE4: [visit(on="2026-03-01T09:00:00-05:00", **NEW), document(), receipt(), *reconciled()],
    PEA: [visit("seen", on=SEEN), *both_channels()],
}
"""For each task, records by which it is done."""
DOUBTFUL: dict[MeasureId, Records] = {
    EP: [prescription()],
    HIE1: [referral()],
    HIE4: [visit(on="2026-03-01T09:00:00-05:00", **NEW), document(), receipt()],
    PEA: [visit("seen", on=SEEN)],
}
"""For each task, records that do not say whether it is done."""
LACKING: dict[MeasureId, Records] = {
    EP: [prescription(), fulfilment("failed")],
    HIE1: [referral(), sending(status="not-done", received=None, sent=None, payload=SUMMARY), document("summary")],
    HIE4: [*DOUBTFUL[HIE4], *({**task, "status": "cancelled"} for task in reconciled())],
    PEA: [visit("seen", on=SEEN), access("access-declined", on="2019-01-01", until="2020-01-01")],
}
"""For each task, records by which it is certainly not done."""
RESTS_ON: dict[MeasureId, tuple[str, ...]] = {
    EP: ("MedicationRequest", "Task", "Communication", "Provenance"),
    HIE1: ("ServiceRequest", "Task", "Communication", "DocumentReference", "Provenance"),
    HIE4: ("DocumentReference", "Task", "Encounter", "ServiceRequest", "Provenance"),
    PEA: ("Encounter", "Patient", "Provenance"),
}
"""For each task, the types that could change it."""
KINDS = sorted({kind for kinds in RESTS_ON.values() for kind in kinds})


def everything(given: dict[MeasureId, Records]) -> Records:
    """The records of all tasks in one chart: no task rests on a record of another."""
    return [one for records in given.values() for one in records]


def resting_on(kind: str) -> list[MeasureId]:
    return [measure for measure, kinds in RESTS_ON.items() if kind in kinds]


def standings(one: Chart) -> dict[str, Standing]:
    return {task.measure: task.standing for task in one.seen.tasks}


def records(task: Task) -> list[str]:
    return [item.record for item in task.items]


def only(one: Chart, measure: MeasureId) -> Item:
    (item,) = one.task(measure).items
    return item


@pytest.mark.parametrize(("given", "standing"), [(NOTHING, DONE), (DOUBTFUL, UNKNOWN), (LACKING, OPEN)])
def test_each_task_has_three_answers(tmp_path: Path, given: dict[MeasureId, Records], standing: Standing) -> None:
    one = chart(tmp_path, *everything(given))

    for task in map(one.task, MEASURES):
        assert (task.standing, task.unread) == (standing, ())
        assert [item.certain for item in task.items] == ([] if standing is DONE else [standing is OPEN])


def test_a_patient_without_anything_has_nothing_open(tmp_path: Path) -> None:
    assert standings(chart(tmp_path)) == dict.fromkeys(MEASURES, DONE)


def test_where_the_site_vouches_that_all_is_recorded_what_is_not_there_is_open(tmp_path: Path) -> None:
    one = chart(tmp_path, *everything(DOUBTFUL)).but(site=CLOSED)

    for measure in MEASURES:
        assert (one.task(measure).standing, only(one, measure).certain) == (OPEN, True)


def test_an_item_names_its_record_drug_day_and_reason(tmp_path: Path) -> None:
    drug = {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "979492", "display": "Losartan"}]
    }
    one = chart(tmp_path, prescription(medicationCodeableConcept=drug), visit(on=SEEN))
    item, seen = only(one, EP), only(one, PEA)

    assert (item.record, item.what, item.occurred, item.due) == ("MedicationRequest/rx", "Losartan", "2026-03-02", None)
    assert "no sign of transmission" in item.reason
    assert (seen.record, seen.what, seen.due) == ("Encounter/visit", "Visit", date(2026, 11, 25))


# What cannot be read


def assert_nothing_is_certain(one: Chart, kind: str) -> None:
    """Of every task that rests on a type which cannot be read."""
    for task in map(one.task, resting_on(kind)):
        assert task.standing is UNREADABLE, task.measure
        assert [item for item in task.items if item.certain] == []
        assert [reason for reason in task.unread if reason.startswith(f"{kind}: ")] != [], task.measure


@pytest.mark.requirement("R72")
@pytest.mark.parametrize(("given", "status"), [(NOTHING, 403), (LACKING, 500)])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Provenance"])
def test_a_type_that_is_refused_or_fails_is_never_nothing_open_and_never_certainly_open(
    tmp_path: Path, given: dict[MeasureId, Records], kind: str, status: int
) -> None:
    one = chart(tmp_path, *everything(given)).but(site=CLOSED)
    one.faults.add("fhir", resource_type=kind, status=status)

    assert_nothing_is_certain(one, kind)


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("measure", MEASURES)
def test_a_type_that_a_task_does_not_rest_on_leaves_it_as_it_is(tmp_path: Path, measure: MeasureId) -> None:
    one = chart(tmp_path, *NOTHING[measure])
    kinds = {kind for known in RESTS_ON.values() for kind in known} - {"Provenance"} - set(RESTS_ON[measure])
    for kind in sorted(kinds):
        one.faults.add("fhir", resource_type=kind, status=500)

    assert one.task(measure).standing is DONE


@pytest.mark.requirement("R22", "R72")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("given", "instead"), [(NOTHING, "rs?_id=x"), (LACKING, "cud")])
def test_a_type_that_was_not_granted_or_only_in_part_is_never_nothing_open_and_never_certainly_open(
    tmp_path: Path, given: dict[MeasureId, Records], instead: str, kind: str
) -> None:
    types = sorted({"Practitioner", "PractitionerRole", *KINDS} - {kind})
    scope = " ".join(["launch openid fhirUser", *(f"user/{name}.rs" for name in types), f"user/{kind}.{instead}"])

    assert_nothing_is_certain(chart(tmp_path, *everything(given)).but(site=CLOSED, scope=scope), kind)


@pytest.mark.requirement("R22")
def test_what_was_not_granted_is_not_asked_for(tmp_path: Path) -> None:
    one = chart(tmp_path).but(scope="launch openid fhirUser user/Patient.rs user/Practitioner.rs")
    one.view()

    searched = {seen.path.split("/")[2] for seen in one.faults.saw("fhir")}
    assert searched == {"Patient", "Practitioner", "PractitionerRole"}


@pytest.mark.requirement("R22")
@pytest.mark.parametrize("scope", ["user/Provenance.r", "user/Provenance.rs", "patient/Provenance.read", "user/*.read"])
def test_the_right_to_read_provenance_is_enough_to_get_it_with_a_search(tmp_path: Path, scope: str) -> None:
    kinds = {"Practitioner", *(k for kinds in RESTS_ON.values() for k in kinds)} - {"Provenance"}
    rest = " ".join(["launch openid fhirUser", *(f"user/{name}.rs" for name in sorted(kinds))])
    one = chart(tmp_path, *NOTHING[EP]).but(scope=f"{rest} {scope}")

    assert one.task(EP).standing is DONE


def without_provenance(document: Json) -> Json:
    """A server that does not know _revinclude, and says so by its self link alone, as R4 has it."""
    if document.get("resourceType") != "Bundle":
        return document
    entries = [one for one in document.get("entry", []) if one["resource"]["resourceType"] != "Provenance"]
    links = [{**link, "url": link["url"].partition("&_revinclude")[0]} for link in document["link"]]
    return {**document, "entry": entries, "link": links}


@pytest.mark.requirement("R71", "R72")
@pytest.mark.parametrize("given", [NOTHING, LACKING])
def test_a_server_that_ignores_the_wish_for_provenance_leaves_every_task_unread(
    tmp_path: Path, given: dict[MeasureId, Records]
) -> None:
    one = chart(tmp_path, *everything(given)).but(site=CLOSED)
    one.faults.add("fhir", change=without_provenance)

    for task in map(one.task, MEASURES):
        assert task.standing is UNREADABLE
        assert [item for item in task.items if item.certain] == []


@pytest.mark.requirement("R70", "R72")
@pytest.mark.parametrize("measure", MEASURES)
def test_an_error_within_an_answer_leaves_the_task_unread(tmp_path: Path, measure: MeasureId) -> None:
    issue = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
    one = chart(tmp_path, *NOTHING[measure])
    told = {"resource": issue, "search": {"mode": "outcome"}}
    one.faults.add(
        "fhir",
        resource_type=RESTS_ON[measure][0],
        change=lambda page: {**page, "entry": [*page.get("entry", []), told]},
    )

    assert one.task(measure).standing is UNREADABLE


def broken(page: Json) -> Json:
    """The same answer with a status that is no text in the first record that has one."""
    entries = page.get("entry", [])
    first = next((e for e in entries if "status" in e["resource"]), None)
    return {**page, "entry": [{**e, "resource": {**e["resource"], "status": 17}} if e is first else e for e in entries]}


@pytest.mark.requirement("R72")
@pytest.mark.parametrize(
    ("measure", "kind"),
    [(EP, "MedicationRequest"), (HIE1, "ServiceRequest"), (HIE4, "DocumentReference"), (PEA, "Encounter")],
)
def test_a_record_that_is_no_fhir_is_not_passed_over_in_silence(tmp_path: Path, measure: MeasureId, kind: str) -> None:
    one = chart(tmp_path, *DOUBTFUL[measure]).but(site=CLOSED)
    one.faults.add("fhir", resource_type=kind, change=broken)
    task = one.task(measure)

    assert task.standing is UNREADABLE
    assert [reason for reason in task.unread if reason.startswith(f"{kind}: partial")] != []


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "Provenance"])
def test_a_type_that_the_server_does_not_have_hides_cases_only_where_it_makes_them(tmp_path: Path, kind: str) -> None:
    makes = {EP: {"MedicationRequest"}, HIE1: {"ServiceRequest"}, HIE4: {"Encounter"}, PEA: {"Encounter", "Patient"}}
    one = chart(tmp_path)
    one.faults.add("fhir", resource_type=kind, status=404)

    for measure in resting_on(kind):
        assert one.task(measure).standing is (UNREADABLE if kind in makes[measure] else DONE), measure


@pytest.mark.requirement("R72")
def test_a_record_that_does_not_say_whose_it_is_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    def nameless(page: Json) -> Json:
        entries = [{**e, "resource": {k: v for k, v in e["resource"].items() if k != "subject"}} for e in page["entry"]]
        return {**page, "entry": entries}

    one = chart(tmp_path, visit(on=SEEN))
    one.faults.add("fhir", resource_type="Encounter", change=nameless)

    assert one.task(PEA).standing is UNREADABLE


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("kind", ["Patient", "MedicationRequest", "Task", "Encounter"])
def test_another_patients_record_in_any_answer_shows_nothing(tmp_path: Path, kind: str) -> None:
    anothers = patient("q") if kind == "Patient" else {**about("q", resource(kind, "x")), "status": "active"}
    one = chart(tmp_path)
    one.faults.add(
        "fhir",
        resource_type=kind,
        change=lambda page: {
            **page,
            "entry": [*page.get("entry", []), {"resource": anothers, "search": {"mode": "match"}}],
        },
    )

    with pytest.raises(WrongPatient):
        one.view()


def test_a_provenance_about_several_patients_tells_nothing_of_the_others(tmp_path: Path) -> None:
    """One import of many documents, some of them another patient's."""
    shared = {**receipt(), "target": [ref("DocumentReference/doc"), ref("DocumentReference/q-doc")]}
    one = chart(tmp_path, visit(on="2026-03-01T09:00:00-05:00", **NEW), document(), shared)

    assert records(one.task(HIE4)) == ["DocumentReference/doc"]


# Days


def test_what_is_listed_is_of_this_year_up_to_today_in_the_practices_zone(tmp_path: Path) -> None:
    listed = {
        "2025-12-31T23:59:59-05:00": False,
        "2026-01-01T04:59:59Z": False,
        "2026-01-01T05:00:00Z": True,
        "2026-01-01": True,
        "2026-11-20T23:59:59-05:00": True,
        "2026-11-21T04:59:59Z": True,
        "2026-11-21T05:00:00Z": False,
        "2026-11-21": False,
        "2027-01-01": False,
        "2026": True,
        "2025": False,
        "2026-11": True,
        "2026-12": False,
    }
    task = chart(tmp_path, *(prescription(f"rx{n}", on=on) for n, on in enumerate(listed))).task(EP)

    expected = {f"MedicationRequest/rx{n}": in_time for n, in_time in enumerate(listed.values())}
    assert {record: record in records(task) for record in expected} == expected
    assert len(task.items) == sum(listed.values())


@pytest.mark.parametrize(
    ("today", "standing"), [(date(2026, 12, 31), UNKNOWN), (date(2027, 1, 1), DONE), (date(2026, 1, 1), DONE)]
)
def test_a_year_ends_with_its_last_day(tmp_path: Path, today: date, standing: Standing) -> None:
    assert chart(tmp_path, prescription(on="2026-12-31")).but(today=today).task(EP).standing is standing


def test_an_order_without_a_date_may_be_of_this_year(tmp_path: Path) -> None:
    one = chart(tmp_path, prescription(on=None), fulfilment("failed"))

    assert (one.task(EP).standing, only(one, EP).occurred, only(one, EP).certain) == (UNKNOWN, None, False)


@pytest.mark.parametrize(
    ("today", "listed", "late"),
    [
        (date(2026, 11, 12), False, 0),
        (date(2026, 11, 13), True, 0),
        (date(2026, 11, 19), True, 0),
        (date(2026, 11, 20), False, 1),
        (date(2026, 12, 31), False, 1),
        (date(2027, 1, 1), False, 0),
    ],
)
def test_access_is_due_to_the_end_of_the_fourth_business_day_and_then_too_late(
    tmp_path: Path, today: date, listed: bool, late: int
) -> None:
    task = chart(tmp_path, visit(on="2026-11-13T16:00:00-05:00")).but(today=today, site=CLOSED).task(PEA)

    assert (records(task), task.too_late) == (["Encounter/visit"] if listed else [], late)
    assert task.standing is (OPEN if listed else DONE)
    assert [item.due for item in task.items] == ([date(2026, 11, 19)] if listed else [])


def test_every_visit_that_is_too_late_is_counted(tmp_path: Path) -> None:
    days = ("2026-01-05", "2026-02-03", "2026-11-19")
    given = [visit(f"visit-{n}", on=f"{day}T09:00:00-05:00") for n, day in enumerate(days)]
    task = chart(tmp_path, *given).but(site=CLOSED).task(PEA)

    assert (records(task), task.too_late) == (["Encounter/visit-2"], 2)


def test_a_visit_without_a_day_has_no_last_day_and_stays(tmp_path: Path) -> None:
    one = chart(tmp_path, visit(on="2026-03"))

    assert (one.task(PEA).standing, only(one, PEA).due, one.task(PEA).too_late) == (UNKNOWN, None, 0)


def test_the_last_day_for_access_is_none_for_a_summary_of_the_same_visit(tmp_path: Path) -> None:
    handed = evidence("transition-made", "Encounter/visit", on="2026-03-02T12:00:00-05:00")
    one = chart(tmp_path, visit(), handed).but(site=CLOSED)

    assert (records(one.task(HIE1)), only(one, HIE1).due, one.task(HIE1).too_late) == (["Encounter/visit"], None, 0)


# Whose it is


@pytest.mark.parametrize(
    ("requesters", "standing"),
    [
        pytest.param(
            [
                ref("Practitioner/c"),
                ref("Practitioner/c/_history/2"),
                ref(f"{FHIR}/Practitioner/c"),
                ref("PractitionerRole/c-at-a"),
                {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": C}},
                None,
                {"display": "Dr. C"},
                ref("Organization/a"),
                ref("Device/interface"),
            ],
            OPEN,
            id="hers or nobody's",
        ),
        pytest.param(
            [
                ref("Practitioner/d"),
                ref("PractitionerRole/d-at-a"),
                {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": D}},
            ],
            DONE,
            id="another's",
        ),
    ],
)
def test_an_order_is_hers_or_nobodys_or_anothers(
    tmp_path: Path, requesters: list[Json | None], standing: Standing
) -> None:
    orders = [prescription(f"rx{n}", requester=requester) for n, requester in enumerate(requesters)]
    failed = [fulfilment("failed", of=f"rx{n}", name=f"task{n}") for n in range(len(orders))]
    task = chart(tmp_path, *orders, *failed).task(EP)

    listed = {f"MedicationRequest/rx{n}" for n in range(len(orders))} if standing is OPEN else set()
    assert (set(records(task)), len(task.items), task.standing) == (listed, len(listed), standing)
    assert [item.record for item in task.items if not item.certain] == []


def test_what_others_did_with_her_order_does_not_make_it_theirs(tmp_path: Path) -> None:
    sent_by_d = {**fulfilment("failed"), "requester": ref("Practitioner/d")}
    one = chart(tmp_path, prescription(requester=None), sent_by_d)

    assert one.task(EP).standing is OPEN


def test_what_she_did_with_anothers_order_does_not_make_it_hers(tmp_path: Path) -> None:
    sent_by_her = {**fulfilment("failed"), "requester": ref(HER)}
    one = chart(tmp_path, prescription(requester=ref("Practitioner/d")), sent_by_her)

    assert one.task(EP).standing is DONE


@pytest.mark.parametrize("author", [None, ref("Practitioner/e"), ref("Organization/elsewhere")])
def test_a_received_summary_is_hers_who_saw_its_patient_whoever_wrote_it(tmp_path: Path, author: Json | None) -> None:
    written = document(author=[author]) if author else document()
    for by, listed in (("c", ["DocumentReference/doc"]), ("d", [])):
        folder = tmp_path / by
        one = chart(folder, visit(on="2026-03-01T09:00:00-05:00", by=by, **NEW), written, receipt())

        assert records(one.task(HIE4)) == listed


def test_a_visit_of_several_clinicians_is_listed_once_for_each_of_them(tmp_path: Path) -> None:
    part = [{"individual": ref("Practitioner/c")}, {"individual": ref("Practitioner/d")}]
    one = chart(tmp_path, visit(on=SEEN, participant=part))

    assert records(one.task(PEA)) == ["Encounter/visit"]
    assert records(one.but(user="Practitioner/e").task(PEA)) == []


def test_another_clinicians_visit_is_not_hers(tmp_path: Path) -> None:
    assert chart(tmp_path, visit(on=SEEN, by="d")).task(PEA).standing is DONE


@pytest.mark.parametrize("status", [403, 500])
def test_while_her_roles_cannot_be_read_an_order_signed_through_a_role_may_be_hers(tmp_path: Path, status: int) -> None:
    one = chart(tmp_path, prescription(requester=ref("PractitionerRole/d-at-a")), fulfilment("failed"))
    one.faults.add("fhir", resource_type="PractitionerRole", status=status)

    assert (one.task(EP).standing, only(one, EP).certain) == (UNKNOWN, False)
    assert only(one, EP).reason.endswith("whose it is cannot be told")
    assert one.task(HIE1).standing is DONE


def test_while_her_roles_cannot_be_read_what_is_surely_anothers_stays_anothers(tmp_path: Path) -> None:
    one = chart(tmp_path, prescription(requester=ref("Practitioner/d")), fulfilment("failed"))
    one.faults.add("fhir", resource_type="PractitionerRole", status=403)

    assert one.task(EP).standing is DONE


def test_a_server_that_answers_with_everybodys_roles_gives_her_no_order_of_others(tmp_path: Path) -> None:
    foreign = {"resourceType": "PractitionerRole", "id": "d-at-a", "practitioner": ref("Practitioner/d")}
    odd = [{**foreign, "practitioner": "Practitioner/c"}, {"resourceType": "PractitionerRole", "id": "d-at-b"}]
    one = chart(tmp_path, prescription(requester=ref("PractitionerRole/d-at-a")), fulfilment("failed"))
    more = [{"resource": role, "search": {"mode": "match"}} for role in (foreign, *odd)]
    one.faults.add("fhir", resource_type="PractitionerRole", change=lambda page: {**page, "entry": more})

    assert one.task(EP).standing is DONE


def test_where_the_ehr_does_not_say_who_is_signed_in_everybodys_orders_may_be_hers(tmp_path: Path) -> None:
    one = chart(tmp_path, prescription(), fulfilment("failed")).but(user=None)

    assert (one.task(EP).standing, only(one, EP).certain) == (UNKNOWN, False)


def test_a_user_who_is_named_by_a_role_is_known_by_her_record_and_all_her_roles(tmp_path: Path) -> None:
    for requester in ("Practitioner/c", "PractitionerRole/c-at-a"):
        one = chart(tmp_path, prescription(requester=ref(requester)), fulfilment("failed"))
        assert one.but(user="PractitionerRole/c-at-a").task(EP).standing is OPEN
        assert one.but(user="PractitionerRole/d-at-a").task(EP).standing is DONE


def test_a_user_whose_role_cannot_be_read_is_known_by_that_role_alone(tmp_path: Path) -> None:
    one = chart(tmp_path, prescription(), fulfilment("failed")).but(user="PractitionerRole/c-at-a")
    one.faults.add("fhir", path="/fhir/PractitionerRole/c-at-a", status=403)

    assert one.task(EP).standing is OPEN
    assert one.but(user="PractitionerRole/nobody").task(EP).standing is UNKNOWN


def test_a_user_without_an_npi_is_known_by_her_record(tmp_path: Path) -> None:
    one = chart(tmp_path, prescription(requester=ref(HER)), fulfilment("failed"))

    assert one.but(person=Person("Cara", None)).task(EP).standing is OPEN
    assert one.but(person=Person("Cara", None), user="Practitioner/d").task(EP).standing is DONE
    assert one.but(person=None).task(EP).standing is OPEN


@pytest.mark.parametrize("kind", ["replaced-by", "refer"])
def test_a_record_that_was_merged_into_another_keeps_its_open_items(tmp_path: Path, kind: str) -> None:
    merged = patient(link=[{"other": ref("Patient/q"), "type": kind}])
    one = chart(tmp_path, prescription(), visit(on=SEEN), person=merged)

    assert (one.task(EP).standing, one.task(PEA).standing) == (UNKNOWN, UNKNOWN)


# The banner


MRN = {"type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}, "value": "M-7"}


def test_the_banner_names_the_patient_of_the_launch(tmp_path: Path) -> None:
    found = chart(tmp_path, person=patient(identifier=[{"value": "x"}, MRN])).view().banner

    assert found == Banner("Patient P", "1980-02-03", "M-7")


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ([{"family": "Example", "given": ["Pat", "Q."]}], "Pat Q. Example"),
        ([{"use": "old", "text": "Old"}, {"use": "official", "text": "Official"}], "Official"),
        ([{"use": "old", "text": "Old"}, {"use": "usual", "family": "Usual", "prefix": ["Ms."]}], "Ms. Usual"),
        ([{"text": "  ", "family": "Example"}], "Example"),
        ([{}], "name not stated"),
        ([], "name not stated"),
    ],
)
def test_a_name_is_the_official_or_usual_one(tmp_path: Path, names: list[Json], shown: str) -> None:
    found = chart(tmp_path, person=patient(name=names)).view().banner

    assert found is not None
    assert found.name == shown


@pytest.mark.parametrize(
    "odd",
    [
        {"identifier": "x", "name": "y", "birthDate": 7},
        {
            "identifier": ["x", None, {"type": "MR", "value": "1"}, {"type": {"coding": "MR"}, "value": "1"}],
            "name": [7],
        },
        {"identifier": [{"type": {"coding": ["MR", {"code": ["MR"]}]}, "value": "1"}], "name": [{"given": "x"}]},
        {"identifier": [{**MRN, "value": ""}], "name": None},
    ],
)
def test_a_patient_record_that_is_no_fhir_still_makes_a_page(tmp_path: Path, odd: Json) -> None:
    one = chart(tmp_path)
    one.faults.add(
        "fhir",
        resource_type="Patient",
        change=lambda page: {**page, "entry": [{**e, "resource": {**e["resource"], **odd}} for e in page["entry"]]},
    )
    found = one.view().banner

    assert found is not None
    assert (found.name, found.record_number) == ("name not stated", "not stated")


@pytest.mark.requirement("R23")
def test_a_patient_who_only_came_along_is_not_in_the_banner(tmp_path: Path) -> None:
    def first_another(page: Json) -> Json:
        return {**page, "entry": [{"resource": patient("q"), "search": {"mode": "include"}}, *page["entry"]]}

    one = chart(tmp_path)
    one.faults.add("fhir", resource_type="Patient", change=first_another)
    found = one.view().banner

    assert found is not None
    assert found.name == "Patient P"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_patient_record_that_cannot_be_read_gives_no_banner(tmp_path: Path, status: int) -> None:
    one = chart(tmp_path)
    one.faults.add("fhir", resource_type="Patient", status=status)

    assert one.view().banner is None


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(("needed", "in_full"), [(True, True), (None, True), (False, False)])
def test_the_banner_is_in_full_unless_the_ehr_shows_its_own(tmp_path: Path, needed: bool | None, in_full: bool) -> None:
    assert chart(tmp_path).but(needs_banner=needed).view().banner_in_full is in_full


def test_a_patient_whom_the_server_does_not_show_never_has_nothing_open(tmp_path: Path) -> None:
    one = chart(tmp_path)
    one.faults.add("fhir", resource_type="Patient", change=lambda page: {**page, "entry": [], "total": 0})
    assert set(standings(one).values()) == {UNREADABLE}


def test_a_user_who_is_known_as_a_person_may_be_the_clinician_under_another_key(tmp_path: Path) -> None:
    one = chart(tmp_path, prescription(requester=ref(HER)), fulfilment("failed")).but(user="Person/px", person=None)

    assert one.task(EP).standing is UNKNOWN
