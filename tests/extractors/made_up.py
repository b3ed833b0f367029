"""Practices as hypothesis makes them up: every carrier, versions, deletions, copies, merges, partial dates.

A practice is a list of lines (resources and Bundles) of up to three patients. Most of its days lie in one week of
March 2026, so that what belongs together often meets; the others lie on the edges of the year and of PERIOD.
"""

import copy
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from scoring.model import Period
from tests.extractors.practice import (
    LISTS,
    LOSARTAN,
    NDC,
    OXYCODONE,
    RXNORM,
    TRAMADOL,
    ZOLPIDEM,
    C,
    Json,
    acceptance,
    access,
    bundle,
    coded,
    document,
    drug,
    evidence,
    fulfilment,
    medium,
    message,
    pdmp_review,
    practitioner,
    prescription,
    receipt,
    reconciled,
    reconciliation,
    ref,
    referral,
    resource,
    sending,
    staff,
    transmission,
    visit,
)


def _share_of(profile: settings | None) -> int:
    """A sixteenth of the examples of the profile in force: each of them fills an engine."""
    return max(6, (profile.max_examples if profile else 0) // 16)


ROOMY = settings(
    deadline=None,
    max_examples=_share_of(settings.default),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""For properties that fill an engine once or twice an example."""

PATIENTS = ("p", "q", "r")
CLINICIANS = (
    ref("PractitionerRole/c-at-a"),
    ref("PractitionerRole/d-at-a"),
    ref("PractitionerRole/e-at-b"),
    ref("Practitioner/c"),
    {"identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": C}},
    ref("Practitioner/nobody"),
    None,
)
KNOWN = CLINICIANS[:5]
DRUGS = (
    drug(LOSARTAN),
    drug(ZOLPIDEM),
    drug(OXYCODONE),
    drug(TRAMADOL),
    drug("0", NDC),
    drug("2670", RXNORM),
    {"text": "as told"},
)

_WEEK = [f"2026-03-0{day}" for day in range(1, 8)]
_EDGES = ("2025-12-31", "2026-01-01", "2026-06-29", "2026-06-30", "2026-12-31", "2027-01-01", "2026-09-15")
_HOURS = ("", "T00:30:00-05:00", "T10:00:00-05:00", "T10:05:00-05:00", "T23:30:00-05:00", "T16:00:00Z", "T10:00:00")
DAYS = st.sampled_from([*_WEEK, *_WEEK, *_WEEK, *_EDGES])
MOMENTS = st.builds(str.__add__, DAYS, st.sampled_from(_HOURS))
PARTIAL = st.sampled_from(["2026-03", "2026", "2026-06"])
WHEN: st.SearchStrategy[str | None] = st.one_of(MOMENTS, MOMENTS, MOMENTS, PARTIAL, st.none())
PERIODS = st.builds(
    lambda first, days: Period(first, min(first + timedelta(days=days), date(2026, 12, 31))),
    st.dates(date(2026, 1, 1), date(2026, 12, 31)) | st.sampled_from([date(2026, 1, 1), date(2026, 3, 3)]),
    st.integers(0, 365),
)


def _patient(draw: st.DrawFn) -> Json:
    return {"subject": ref(f"Patient/{draw(st.sampled_from(PATIENTS))}")}


def _requester(draw: st.DrawFn, among: Sequence[Json | None]) -> Json:
    found = draw(st.sampled_from(among))
    return {"requester": found} if found else {"requester": None}


def _number(draw: st.DrawFn) -> Json:
    """A business identifier, shared by copies now and then."""
    value = draw(st.sampled_from([None, None, "1", "2"]))
    return {"identifier": [{"system": "urn:numbers", "value": value}]} if value else {}


def _prescribed(draw: st.DrawFn, name: str, among: Sequence[Json | None]) -> list[Json]:
    order = prescription(
        name,
        draw(WHEN),
        status=draw(st.sampled_from(["active", "active", "completed", "cancelled", "stopped", "draft"])),
        medicationCodeableConcept=draw(st.sampled_from(DRUGS)),
        encounter=draw(st.sampled_from([None, ref("Encounter/v0"), ref("Encounter/stay")])),
        **_requester(draw, among),
        **_patient(draw),
        **_number(draw),
    )
    witnesses = (
        lambda: transmission(name, draw(WHEN), f"{name}-sent"),
        lambda: fulfilment(
            draw(st.sampled_from(["completed", "failed", "requested"])), draw(MOMENTS), name, f"{name}-task"
        ),
        lambda: message(
            f"{name}-note", f"MedicationRequest/{name}", sent=draw(MOMENTS), medium=draw(st.sampled_from(MEDIA))
        ),
        lambda: evidence("prescription-transmitted", f"MedicationRequest/{name}", draw(MOMENTS)),
    )
    return [order, *_some(draw, (witnesses[0], *witnesses))]


MEDIA = (medium("ELECTRONIC"), medium("FAXWRIT"), medium("ELECTRONIC", "FAXWRIT"), None)


def _some(draw: st.DrawFn, made: Sequence[Any]) -> list[Json]:
    chosen = draw(st.lists(st.sampled_from(range(len(made))), max_size=2, unique=True))
    return [made[n]() for n in chosen]


def _referred(draw: st.DrawFn, name: str, among: Sequence[Json | None]) -> list[Json]:
    order = referral(
        name,
        draw(MOMENTS),
        status=draw(st.sampled_from(["active", "active", "completed", "revoked", "draft"])),
        performer=[ref(draw(st.sampled_from(["Organization/elsewhere", "PractitionerRole/e-at-b"])))],
        **_requester(draw, among),
        **_patient(draw),
        **_number(draw),
    )
    carried = {"payload": [{"contentReference": ref(f"DocumentReference/d{draw(st.integers(0, 2))}")}]}
    witnesses = (
        lambda: sending(name, draw(WHEN), medium=draw(st.sampled_from(MEDIA)), sent=draw(MOMENTS), **carried),
        lambda: acceptance(draw(st.sampled_from(["accepted", "requested", "rejected", "failed"])), draw(MOMENTS), name),
        lambda: evidence("summary-sent", f"ServiceRequest/{name}", draw(MOMENTS)),
        lambda: evidence("receipt-confirmed", f"ServiceRequest/{name}", draw(MOMENTS)),
    )
    return [order, *_some(draw, witnesses)]


def _received(draw: st.DrawFn, name: str) -> list[Json]:
    kind = draw(st.sampled_from([{}, {}, {"code": "urn:other"}, {"kind": "application/pdf", "code": "x"}]))
    stated: Json = {"docStatus": draw(st.sampled_from([None, "final", "preliminary"]))}
    number = draw(st.sampled_from([None, None, "1"]))
    shared = {"masterIdentifier": {"system": "urn:documents", "value": number}} if number else {}
    replaced = [{"code": "replaces", "target": ref("DocumentReference/d0")}]
    later = {"relatesTo": draw(st.sampled_from([None, None, replaced]))} if name != "d0" else {}
    found = [_said(document(name, **kind, **_patient(draw), **stated, **shared, **later))]
    how = draw(st.sampled_from(["received", "received", "asserted", None]))
    if how == "received":
        found.append(receipt(name, draw(MOMENTS)))
    elif how == "asserted":
        found.append(evidence("summary-received", f"DocumentReference/{name}", draw(MOMENTS)))
    lists = draw(st.sampled_from([[], list(LISTS), list(LISTS), ["allergies"]]))
    status = draw(st.sampled_from(["completed", "completed", "failed", "requested"]))
    return [*found, *(reconciliation(what, name, draw(MOMENTS), status) for what in lists)]


def _said(found: Json) -> Json:
    return {name: value for name, value in found.items() if value is not None}


def _visited(draw: st.DrawFn, name: str) -> list[Json]:
    kind = draw(st.sampled_from(["AMB", "AMB", "VR", "HH", "IMP"]))
    seen = visit(
        name,
        draw(WHEN),
        draw(st.sampled_from("cd")),
        status=draw(st.sampled_from(["finished", "finished", "finished", "arrived", "planned"])),
        **{"class": {"code": kind}},
        **_patient(draw),
        type=draw(st.sampled_from([None, [coded("http://www.ama-assn.org/go/cpt", "99203")]])),
    )
    made = [seen]
    if draw(st.booleans()):
        made.append(evidence("information-available", f"Encounter/{name}", draw(MOMENTS)))
    return made


def _patient_facts(draw: st.DrawFn, patient: str) -> list[Json]:
    about = f"Patient/{patient}"
    grants = [access(kind, about, "2019-05-01") for kind in draw(st.sampled_from([(), GRANTS, GRANTS, GRANTS[:1]]))]
    ends = draw(st.sampled_from([(), (), (), ("access-withdrawn",), ("access-declined",)]))
    found = [*grants, *(access(kind, about, draw(DAYS)) for kind in ends)]
    if draw(st.booleans()):
        when = draw(st.sampled_from([f"{day}T08:00:00-05:00" for day in _WEEK]) | MOMENTS)
        found.append(
            pdmp_review(when, patient, status=draw(st.sampled_from(["completed", "completed", "in-progress"])))
        )
    return found


GRANTS = ("access-vdt", "access-api")


def _history(draw: st.DrawFn, found: Sequence[Json]) -> list[Json]:
    """Earlier and later versions of what is there, and deletions."""
    made: list[Json] = []
    for base in draw(st.lists(st.sampled_from(found), max_size=2)):
        version = draw(st.integers(1, 3))
        meta = {"versionId": str(version), "lastUpdated": f"2026-07-0{version}T00:00:00Z"}
        made.append({**copy.deepcopy(base), "meta": meta, **draw(st.sampled_from(_CHANGES))})
    gone = draw(st.sampled_from([None, None, None, *found]))
    if gone is not None:
        made.append(deletion(gone, draw(st.sampled_from([None, "2026-07-02T12:00:00Z"]))))
    return made


_CHANGES: tuple[Json, ...] = ({}, {"status": "completed"}, {"status": "entered-in-error"}, {"status": "active"})


def deletion(of: Json, at: str | None) -> Json:
    response = {"response": {"lastModified": at}} if at else {}
    url = f"{of['resourceType']}/{of['id']}"
    return bundle("history", {"request": {"method": "DELETE", "url": url}, **response}, name=f"gone-{of['id']}")


def _whole_stories(draw: st.DrawFn) -> list[Json]:
    """What chance seldom puts together: a drug sent after its PDMP query, a new patient's summary reconciled."""
    patient, day = draw(st.sampled_from(PATIENTS)), draw(st.sampled_from(_WEEK))
    about = {"subject": ref(f"Patient/{patient}")}
    controlled = draw(st.sampled_from([drug(TRAMADOL), drug(OXYCODONE), drug(LOSARTAN)]))
    asked = pdmp_review(f"{day}T08:00:00-05:00", patient)
    order = prescription("told-rx", f"{day}T10:00:00-05:00", medicationCodeableConcept=controlled, **about)
    sent = transmission("told-rx", f"{day}T10:05:00-05:00")
    new = {"type": [coded("http://www.ama-assn.org/go/cpt", "99203")]}
    came = visit("told-visit", f"{day}T09:00:00-05:00", "c", **about, **new)
    read = [document("told-doc", **about), receipt("told-doc", f"{day}T08:00:00-05:00"), *reconciled("told-doc", day)]
    return draw(st.sampled_from([[], [asked, order, sent], [came, *read], [asked, order, sent, came, *read]]))


def _copied(draw: st.DrawFn, found: Sequence[Json]) -> list[Json]:
    """Now and then a copy of an order or a document under another id, with evidence of its own."""
    numbered = [one for one in found if one.get("identifier") or one.get("masterIdentifier")]
    base = draw(st.sampled_from([None, None, *numbered]))
    if base is None:
        return []
    copied = {**copy.deepcopy(base), "id": f"{base['id']}-copy"}
    shown = transmission(copied["id"], draw(MOMENTS)) if base["resourceType"] == "MedicationRequest" else None
    return [copied, *([shown] if shown else [])]


def _people(draw: st.DrawFn) -> list[Json]:
    merged = {"link": [{"type": "replaced-by", "other": ref("Patient/p")}]} if draw(st.integers(0, 3)) == 0 else {}
    stay = visit("stay", "2026-03-01", **{"class": {"code": "IMP"}})
    return [*map(lambda name: resource("Patient", name), "pq"), resource("Patient", "r", **merged), stay]


@st.composite
def practices(draw: st.DrawFn, among: Sequence[Json | None] = CLINICIANS, history: bool = True) -> list[Json]:
    """A practice without its staff.

    Args:
        draw: hypothesis's.
        among: references to those who may have written its orders; None is nobody.
        history: whether resources have several versions and are deleted.
    """
    found = [*_people(draw), *_whole_stories(draw)]
    for n in range(draw(st.integers(2, 6))):
        found += _prescribed(draw, f"rx{n}", among)
    for n in range(draw(st.integers(1, 3))):
        found += _referred(draw, f"r{n}", among)
    for n in range(draw(st.integers(1, 3))):
        found += _received(draw, f"d{n}")
    for n in range(draw(st.integers(1, 4))):
        found += _visited(draw, f"v{n}")
    for patient in PATIENTS:
        found += _patient_facts(draw, patient)
    found = [_said(one) for one in found]
    found += _copied(draw, found)
    return [*found, *_history(draw, found)] if history else found


def with_staff(found: Sequence[Json]) -> list[Json]:
    return [*staff(), practitioner("nobody", None), *found]
