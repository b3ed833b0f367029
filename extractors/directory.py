"""Who and what resources point at: clinicians, roles, organizations, places, medications, merged patients.

Directory rows are plain triples (key, attribute, value), so that a reference resolves by a join. Identifier
systems are FHIR's: NPI `http://hl7.org/fhir/sid/us-npi`, EIN `urn:oid:2.16.840.1.113883.4.4` (a TIN).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from extractors.references import Scope, identifier_key, reference_key

NPI = "http://hl7.org/fhir/sid/us-npi"
EIN = "urn:oid:2.16.840.1.113883.4.4"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NDC = "http://hl7.org/fhir/sid/ndc"

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
Row = tuple[str, str, str]


def directory_rows(resource: Mapping[str, Any], key: str, scope: Scope) -> Iterator[Row]:
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
    if kind in _NAMED_ONCE:
        yield from _names(resource, key, scope, _NAMED_ONCE[kind])
    if kind == "Patient":
        yield from _merges(resource, key, scope)
    if kind == "Encounter" and (resource.get("class") or {}).get("code"):
        yield key, "class", str(resource["class"]["code"])
    if kind == "Medication":
        yield from _drug(resource, key)


def _drug(resource: Mapping[str, Any], key: str) -> Iterator[Row]:
    system, code, _ = best_coding(resource.get("code") or {})
    if code:
        yield key, "drug", f"{system or ''}|{code}"


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


def npi_of_reference(key: str) -> str | None:
    """The NPI that a reference by identifier carries itself, whether or not the Practitioner is there."""
    kind, found, token = key.partition(f"?identifier={NPI}|")
    return token if found and kind in ("", "Practitioner") else None


def best_coding(concept: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """System, code and display of the coding that says most about a drug: RxNorm, then NDC, then the first."""
    codings = [c for c in concept.get("coding") or [] if c and c.get("code")]
    order = {RXNORM: 0, NDC: 1}
    if not codings:
        return None, None, concept.get("text")
    best = min(codings, key=lambda coding: order.get(coding.get("system") or "", 2))
    return best.get("system"), str(best["code"]).strip(), best.get("display") or concept.get("text")
