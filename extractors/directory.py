"""Who and what resources point at: clinicians, roles, organizations, places, medications, merged patients.

Directory rows are plain triples (key, attribute, value), so that a reference resolves by a join. Days are local
to the practice. Identifier systems are FHIR's: NPI `http://hl7.org/fhir/sid/us-npi`, EIN
`urn:oid:2.16.840.1.113883.4.4` (a TIN).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from extractors.dates import read_moment
from extractors.drugs.codings import concept_of, drug_key
from extractors.references import Scope, identifier_key, reference_key

NPI = "http://hl7.org/fhir/sid/us-npi"
EIN = "urn:oid:2.16.840.1.113883.4.4"

_POINTERS = {
    "PractitionerRole": {"practitioner": "practitioner", "organization": "organization"},
    "Organization": {"partOf": "part-of"},
    "Location": {"managingOrganization": "managed-by"},
}
_NAMED_ONCE = {
    "MedicationRequest": "identifier",
    "ServiceRequest": "identifier",
    "DocumentReference": "masterIdentifier",
}
"""Elements whose identifier names one order or one document, whichever system shows a copy of it."""

COPIED = frozenset(_NAMED_ONCE)
"""Types of which copies are merged."""

_INSURERS = frozenset({"pay", "ins"})
"""Codes of Organization.type (R4, organization-type) of who pays: no pharmacy, and nobody who is referred to."""

_SAME_PATIENT = {"replaced-by": True, "refer": True, "replaces": False}
"""Types of Patient.link that name the same person; True where the link points to the record that stays."""

TYPES = frozenset(
    {"Encounter", "Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "Patient", *_NAMED_ONCE}
)
READS = frozenset(
    {"identifier", "masterIdentifier", "subject", "system", "value", "link", "other", "type", "code", "coding"}
    | {"reference", "class"}
    | {name for pointers in _POINTERS.values() for name in pointers}
)
_READS_MORE = {
    "PractitionerRole": frozenset({"active", "period", "start", "end"}),
    "MedicationRequest": frozenset({"authoredOn", "medication"}),
    "ServiceRequest": frozenset({"authoredOn", "performer"}),
}
Row = tuple[str, str, str]


@cache
def reads_of(kind: str) -> frozenset[str]:
    """The element names that the directory reads of a type; none for types that it does not know."""
    return READS | _READS_MORE.get(kind, frozenset()) if kind in TYPES else frozenset()


def directory_rows(resource: Mapping[str, Any], key: str, scope: Scope, zone: ZoneInfo) -> list[Row]:
    """The directory rows (key, attribute, value) of one resource; none for other types."""
    kind = resource["resourceType"]
    rows: list[Row] = []
    if kind not in TYPES:
        return rows
    for identifier in resource.get("identifier") or ():
        if identifier and identifier.get("value"):
            _identify(kind, key, identifier, rows)
    for element, attribute in _POINTERS.get(kind, {}).items():
        _point(resource.get(element), attribute, key, scope, rows)
    for state in _STATED.get(kind, ()):
        rows += state(resource, key, scope, zone)
    return rows


def _identify(kind: str, key: str, identifier: Mapping[str, Any], rows: list[Row]) -> None:
    tail = identifier_key("", identifier)
    rows += ((key, "alias", kind + tail), (key, "alias", tail))
    if identifier.get("system") == NPI and kind == "Practitioner":
        rows.append((key, "npi", str(identifier["value"])))
    if identifier.get("system") == EIN:
        rows.append((key, "tin", str(identifier["value"]).replace("-", "")))


def _point(reference: Mapping[str, Any] | None, attribute: str, key: str, scope: Scope, rows: list[Row]) -> None:
    target = reference_key(reference, key, scope) if reference else None
    if target is not None:
        rows.append((key, attribute, target))


def _names(resource: Mapping[str, Any], key: str, scope: Scope, _: ZoneInfo) -> list[Row]:
    """What makes two copies of an order or a document one: an identifier with a system, and the patient."""
    kind, rows = resource["resourceType"], list[Row]()
    _point(resource.get("subject"), "subject", key, scope, rows)
    found = resource.get(_NAMED_ONCE[kind]) or ()
    for identifier in (found,) if isinstance(found, dict) else found:
        if identifier and identifier.get("system") and identifier.get("value"):
            rows.append((key, "named", identifier_key(kind, identifier)))
    return rows


def _told_apart(resource: Mapping[str, Any], key: str, _: Scope, zone: ZoneInfo) -> list[Row]:
    """What sets a renewal apart from a copy, though they share a number."""
    authored = resource.get("authoredOn")
    moment = read_moment(str(authored), zone) if authored else None
    return [(key, "authored", f"{moment.day_from}/{moment.day_to}" if moment else f"no day: {key}")]


def _prescribed(resource: Mapping[str, Any], key: str, scope: Scope, _: ZoneInfo) -> list[Row]:
    """What sets the other lines of a cart apart from a copy."""
    concept = resource.get("medicationCodeableConcept") or {}
    drug = drug_key(concept) or reference_key(resource.get("medicationReference") or {}, key, scope)
    if drug is not None:
        return [(key, "prescribes", drug)]
    if concept.get("text"):
        return [(key, "prescribes", f"text {hashlib.sha256(str(concept['text']).encode()).hexdigest()}")]
    return []


def _asked(resource: Mapping[str, Any], key: str, scope: Scope, _: ZoneInfo) -> list[Row]:
    """Who is asked for what; the first performer speaks for all."""
    rows: list[Row] = []
    codes = sorted(f"{c.system}|{c.code}" for c in concept_of(resource.get("code") or {}).codings)
    if codes:
        rows.append((key, "asks-for", " ".join(codes)))
    for performer in (resource.get("performer") or ())[:1]:
        _point(performer, "asks", key, scope, rows)
    return rows


def _in_force(role: Mapping[str, Any], key: str, _: Scope, zone: ZoneInfo) -> list[Row]:
    """From which day to which a role holds, and whether it is in use at all."""
    rows: list[Row] = [(key, "inactive", "true")] if role.get("active") is False else []
    period = role.get("period") or {}
    if period.get("start"):
        rows.append((key, "begun", read_moment(str(period["start"]), zone).day_from))
    if period.get("end"):
        rows.append((key, "ended", read_moment(str(period["end"]), zone).day_to))
    return rows


def _merges(resource: Mapping[str, Any], key: str, scope: Scope, _: ZoneInfo) -> list[Row]:
    rows: list[Row] = []
    for link in resource.get("link") or ():
        target = reference_key((link or {}).get("other") or {}, key, scope)
        stays = _SAME_PATIENT.get(str((link or {}).get("type")))
        if target is not None and stays is not None:
            rows.append((key, "replaced-by", target) if stays else (target, "replaced-by", key))
    return rows


def _class(resource: Mapping[str, Any], key: str, _: Scope, __: ZoneInfo) -> list[Row]:
    code = (resource.get("class") or {}).get("code")
    return [(key, "class", str(code))] if code else []


def _drug(resource: Mapping[str, Any], key: str, _: Scope, __: ZoneInfo) -> list[Row]:
    drug = drug_key(resource.get("code") or {})
    return [] if drug is None else [(key, "drug", drug)]


def _insurer(resource: Mapping[str, Any], key: str, _: Scope, __: ZoneInfo) -> list[Row]:
    return [(key, "insurer", "true")] if _INSURERS & set(_type_codes(resource)) else []


def _type_codes(resource: Mapping[str, Any]) -> Iterator[str]:
    for concept in resource.get("type") or []:
        yield from (str((coding or {}).get("code")) for coding in (concept or {}).get("coding") or [])


_STATED: Mapping[str, tuple[Callable[[Mapping[str, Any], str, Scope, ZoneInfo], list[Row]], ...]] = {
    "MedicationRequest": (_names, _told_apart, _prescribed),
    "ServiceRequest": (_names, _told_apart, _asked),
    "DocumentReference": (_names,),
    "PractitionerRole": (_in_force,),
    "Patient": (_merges,),
    "Encounter": (_class,),
    "Medication": (_drug,),
    "Organization": (_insurer,),
}
"""What only resources of one type state, in the order in which it is stated."""
