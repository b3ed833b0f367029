"""A practice in which every text that FHIR allows has a canary of its own, and where each of them stands.

A canary's place is its path in R4, as `Patient.name.family`. What the practice's resources say already (types,
statuses, codes, days and the references that make its cases) is left as it is.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

from fhirclient.models.fhirelementfactory import FHIRElementFactory

from tests.extractors.practice import (
    MADE_BY_C,
    TRAMADOL,
    Json,
    both_channels,
    document,
    drug,
    fulfilment,
    pdmp_review,
    prescription,
    receipt,
    reconciled,
    ref,
    referral,
    resource,
    sending,
    staff,
    transmission,
    visit,
)

_DEPTH = 3
_LEFT_OUT = frozenset(
    {"reference"}
    | {
        "modifierExtension",
        "contained",
        "language",
        "implicitRules",
        "resourceType",
        "type",
        "partOf",
        "link",
        "replaces",
    }
    | {"versionId", "medicationReference", "reportedReference", "docStatus", "relatesTo", "class", "statusReason"}
    | {
        "priorPrescription",
        "basedOn",
        "about",
        "owner",
        "sender",
        "recipient",
        "agent",
        "participant",
        "hospitalization",
    }
)
"""Elements that would change which cases there are, or that hold no text of their own."""


class Canaries:
    """Gives out canaries and remembers where each stands."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}

    def new(self, place: str) -> str:
        canary = f"Zq{len(self.places):05}qz"
        self.places[canary] = place
        return canary

    def filled(self, found: Json) -> Json:
        """A resource with a canary in every text that it leaves open."""
        kind = found["resourceType"]
        return {**self._object(FHIRElementFactory.instantiate(kind, None), kind, found, 0), "resourceType": kind}

    def _object(self, schema: Any, at: str, given: Json, depth: int) -> Json:
        made, groups = dict(given), {p[4] for p in schema.elementProperties() if p[1] in given and p[4]}
        for _, name, kind, many, group, _ in schema.elementProperties():
            if name in _LEFT_OUT or group in groups or (group and kind is not str) or depth == _DEPTH:
                continue
            groups |= {group} - {None}
            found = self._element(kind, f"{at}.{name}", given.get(name), many, depth)
            if found is not None:
                made[name] = found
        return made

    def _element(self, kind: type, at: str, given: Any, many: bool, depth: int) -> Any:
        if kind is str:
            return given if given is not None else [self.new(at)] if many else self.new(at)
        if kind in (bool, int, float) or kind.__name__ in ("FHIRDate", "FHIRDateTime", "FHIRInstant", "FHIRTime"):
            return given
        parts = given if many and given else [given]
        made = [self._object(kind(), at, part or {}, depth + 1) for part in parts]
        return (made if many else made[0]) if any(made) else given


def _extended(found: Json, canaries: Canaries) -> Json:
    """A person within, narrative, and an extension on a text."""
    kind = found["resourceType"]
    inside = {"resourceType": "Patient", "id": "within", "name": [{"family": canaries.new(f"{kind}.contained.name")}]}
    said = f'<div xmlns="http://www.w3.org/1999/xhtml">{canaries.new(f"{kind}.text")}</div>'
    return {**found, "contained": [inside], "text": {"status": "generated", "div": said}}


def _summary(canaries: Canaries) -> str:
    """A C-CDA document as base64; its canaries stand in it in plain text."""
    name, note = canaries.new("C-CDA recordTarget"), canaries.new("C-CDA section")
    text = (
        '<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><patient><name>'
        f"{name}</name></patient></patientRole></recordTarget><component><structuredBody><component><section>"
        f'<code code="11450-4" codeSystem="2.16.840.1.113883.6.1"/><text>{note}</text></section></component>'
        "</structuredBody></component></ClinicalDocument>"
    )
    return base64.b64encode(text.encode()).decode()


def _patients(canaries: Canaries) -> list[Json]:
    number = canaries.new("Patient.identifier.value")
    odd = resource("Patient", canaries.new("id"), birthDate="1931-01-17")
    p = resource("Patient", "p", birthDate="1931-01-17", identifier=[{"system": "urn:mrn", "value": number}])
    return [p, odd]


def _orders(canaries: Canaries) -> list[Json]:
    """Orders whose patient is named in every way in which a reference can name one."""
    forms: list[Json] = [
        ref("Patient/p"),
        {"identifier": {"system": "urn:mrn", "value": canaries.new("subject.identifier.value")}},
        ref(f"Patient?identifier=urn:mrn|{canaries.new('subject by identifier')}"),
        ref(f"Patient?name={canaries.new('subject by search')}&birthdate=1931-01-17"),
        ref(f"{canaries.new('subject as text')} of Elm Street"),
        {"display": canaries.new("subject.display")},
        ref(f"Patient/{canaries.new('id')}"),
    ]
    names = [canaries.new("id") for _ in forms]
    orders = [
        prescription(name, subject=form, medicationCodeableConcept=drug(TRAMADOL))
        for name, form in zip(names, forms, strict=True)
    ]
    seen = [visit(f"visit-{name}", subject=form) for name, form in zip(names, forms, strict=True)]
    told = {"medicationCodeableConcept": {"text": canaries.new("medication.text")}}
    return [*orders, *seen, *map(transmission, names[:3]), prescription("told", **told)]


def _by_others(canaries: Canaries) -> list[Json]:
    """Orders and their evidence by references that name staff, organizations and orders by number or in words."""
    staff_number, order_number = {"system": "urn:staff"}, {"system": "urn:orders"}
    forms: list[Json] = [
        {"identifier": {**staff_number, "value": canaries.new("requester.identifier.value")}},
        ref(f"Practitioner?identifier=urn:staff|{canaries.new('requester by identifier')}"),
        ref(f"Practitioner?family={canaries.new('requester by search')}"),
        ref(f"Dr {canaries.new('requester as text')}"),
        {"display": canaries.new("requester.display")},
        ref(f"Practitioner/{canaries.new('id')}"),
    ]
    orders = [prescription(canaries.new("id"), requester=form) for form in forms]
    moves = [referral(f"to-{n}", performer=[form], requester=ref(MADE_BY_C)) for n, form in enumerate(forms)]
    about = {"identifier": {**order_number, "value": canaries.new("focus.identifier.value")}}
    task = {**fulfilment("completed", name="of-a-number"), "focus": {**about, "type": "MedicationRequest"}}
    shown = {
        **transmission("none", name="shown"),
        "target": [ref(f"MedicationRequest?identifier=urn:orders|{canaries.new('focus by identifier')}")],
    }
    seen = visit(
        "there",
        serviceProvider={
            "identifier": {"system": "urn:places", "value": canaries.new("organization.identifier.value")}
        },
    )
    return [*orders, *moves, task, shown, seen]


def practice(canaries: Canaries) -> list[Json]:
    attached = {"contentType": "application/xml", "data": _summary(canaries)}
    summary = document("doc")
    summary["content"][0]["attachment"] = attached
    said = {"contentString": canaries.new("Communication.payload.contentString")}
    shared = [
        *staff(),
        *_patients(canaries),
        *_orders(canaries),
        *_by_others(canaries),
        pdmp_review("2026-03-01T10:00:00-05:00"),
        referral(),
        summary,
        sending(payload=[{"contentReference": ref("DocumentReference/doc")}, said]),
        receipt(),
        *reconciled(),
        *both_channels(),
        resource("Medication", "m", code=drug(TRAMADOL)),
        resource("Location", "l"),
        resource("RelatedPerson", "rp", patient=ref("Patient/p")),
    ]
    return [_extended(canaries.filled(found), canaries) for found in shared]


def as_lines(found: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)


def damaged(canaries: Canaries) -> Iterator[bytes]:
    """Lines that are set aside, each with a canary, beside one that is not read."""
    for kind in ("Patient", "MedicationRequest"):
        whole = json.dumps({"resourceType": kind, "id": "x", "name": [{"family": canaries.new("damaged")}]}).encode()
        yield whole[:-5]
        yield whole + b"}"
        yield whole.replace(b'"x"', b'["' + canaries.new("damaged").encode() + b'"]')
        yield whole[:20] + b"\xff" + whole[20:]
    order = prescription("bad")
    for element in ("status", "authoredOn", "subject", "contained", "requester", "medicationCodeableConcept"):
        yield json.dumps({**order, element: [[canaries.new("damaged")]]}).encode()
        yield json.dumps({**order, element: canaries.new("damaged" if element != "status" else "status")}).encode()
    yield json.dumps({"resourceType": canaries.new("damaged"), "id": "x"}).encode()
    yield json.dumps({"resourceType": "Bundle", "entry": [{"resource": canaries.new("damaged")}]}).encode()
    yield f'{{"{canaries.new("damaged")}": 1, "{canaries.new("damaged")}": 1}}'.encode()
    yield canaries.new("damaged").encode()
