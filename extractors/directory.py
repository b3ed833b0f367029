"""Who and what resources point at: clinicians, roles, organizations, places, medications, merged patients.

Directory rows are plain triples (key, attribute, value), so that a reference resolves by a join. Days are local
to the practice. Identifier systems are FHIR's: NPI `http://hl7.org/fhir/sid/us-npi`, EIN
`urn:oid:2.16.840.1.113883.4.4` (a TIN).
"""

import hashlib
from collections.abc import Iterator, Mapping
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

_ORDERS = frozenset({"MedicationRequest", "ServiceRequest"})

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


def directory_rows(resource: Mapping[str, Any], key: str, scope: Scope, zone: ZoneInfo) -> Iterator[Row]:
    """The directory rows (key, attribute, value) of one resource; none for other types."""
    kind = resource["resourceType"]
    if kind not in TYPES:
        return
    for identifier in resource.get("identifier") or []:
        yield from _identifier_rows(kind, key, identifier or {})
    for element, attribute in _POINTERS.get(kind, {}).items():
        target = reference_key(resource.get(element) or {}, key, scope)
        if target is not None:
            yield key, attribute, target
    if kind in COPIED:
        yield from _names(resource, key, scope, _NAMED_ONCE[kind])
    if kind in _ORDERS:
        yield from _told_apart(resource, key, scope, zone)
    yield from _own_rows(resource, key, scope, zone)


def _own_rows(resource: Mapping[str, Any], key: str, scope: Scope, zone: ZoneInfo) -> Iterator[Row]:
    """What only resources of one type state."""
    kind = resource["resourceType"]
    if kind == "PractitionerRole":
        yield from _in_force(resource, key, zone)
    if kind == "Patient":
        yield from _merges(resource, key, scope)
    if kind == "Encounter" and (resource.get("class") or {}).get("code"):
        yield key, "class", str(resource["class"]["code"])
    if kind == "Medication":
        yield from _drug(resource, key)
    if kind == "Organization" and _INSURERS & set(_type_codes(resource)):
        yield key, "insurer", "true"


def _type_codes(resource: Mapping[str, Any]) -> Iterator[str]:
    for concept in resource.get("type") or []:
        yield from (str((coding or {}).get("code")) for coding in (concept or {}).get("coding") or [])


def _drug(resource: Mapping[str, Any], key: str) -> Iterator[Row]:
    drug = drug_key(resource.get("code") or {})
    if drug is not None:
        yield key, "drug", drug


def _identifier_rows(kind: str, key: str, identifier: Mapping[str, Any]) -> Iterator[Row]:
    if not identifier.get("value"):
        return
    yield key, "alias", identifier_key(kind, identifier)
    yield key, "alias", identifier_key("", identifier)
    if identifier.get("system") == NPI and kind == "Practitioner":
        yield key, "npi", str(identifier["value"])
    if identifier.get("system") == EIN:
        yield key, "tin", str(identifier["value"]).replace("-", "")


def _merges(resource: Mapping[str, Any], key: str, scope: Scope) -> Iterator[Row]:
    for link in resource.get("link") or []:
        target = reference_key((link or {}).get("other") or {}, key, scope)
        stays = _SAME_PATIENT.get(str((link or {}).get("type")))
        if target is not None and stays is not None:
            yield (key, "replaced-by", target) if stays else (target, "replaced-by", key)


def _names(resource: Mapping[str, Any], key: str, scope: Scope, element: str) -> Iterator[Row]:
    """What makes two copies of an order or a document one: an identifier with a system, and the patient."""
    patient = reference_key(resource.get("subject") or {}, key, scope)
    if patient is not None:
        yield key, "subject", patient
    found = resource.get(element) or []
    for identifier in [found] if isinstance(found, dict) else found:
        if identifier and identifier.get("system") and identifier.get("value"):
            yield key, "named", identifier_key(str(resource["resourceType"]), identifier)


def _told_apart(resource: Mapping[str, Any], key: str, scope: Scope, zone: ZoneInfo) -> Iterator[Row]:
    """What sets a renewal and the other lines of a cart apart from a copy, though they share a number."""
    authored = resource.get("authoredOn")
    moment = read_moment(str(authored), zone) if authored else None
    yield key, "authored", f"{moment.day_from}/{moment.day_to}" if moment else f"no day: {key}"
    if resource["resourceType"] == "ServiceRequest":
        yield from _asked(resource, key, scope)
    concept = resource.get("medicationCodeableConcept") or {}
    target = reference_key(resource.get("medicationReference") or {}, key, scope)
    drug = drug_key(concept) or target
    if drug is not None:
        yield key, "prescribes", drug
    elif concept.get("text"):
        yield key, "prescribes", f"text {hashlib.sha256(str(concept['text']).encode()).hexdigest()}"


def _asked(resource: Mapping[str, Any], key: str, scope: Scope) -> Iterator[Row]:
    """Who is asked for what; the first performer speaks for all."""
    codes = sorted(f"{c.system}|{c.code}" for c in concept_of(resource.get("code") or {}).codings)
    if codes:
        yield key, "asks-for", " ".join(codes)
    for performer in (resource.get("performer") or [])[:1]:
        target = reference_key(performer or {}, key, scope)
        if target is not None:
            yield key, "asks", target


def _in_force(role: Mapping[str, Any], key: str, zone: ZoneInfo) -> Iterator[Row]:
    """From which day to which a role holds, and whether it is in use at all."""
    if role.get("active") is False:
        yield key, "inactive", "true"
    period = role.get("period") or {}
    if period.get("start"):
        yield key, "begun", read_moment(str(period["start"]), zone).day_from
    if period.get("end"):
        yield key, "ended", read_moment(str(period["end"]), zone).day_to


def best_coding(concept: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """System, code and display of the first coding in a fixed order: RxNorm, then NDC, then the others.

    Which order they are stated in never matters. A drug is not known by this one coding alone (see `drugs`).
    """
    stated = concept_of(concept)
    if not stated.codings:
        return None, None, concept.get("text")
    first = stated.codings[0]
    return first.system or None, first.code, first.display or stated.text or None
