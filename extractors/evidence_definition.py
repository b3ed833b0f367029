"""The evidence Provenance as FHIR definitions, for vendors whose server has no carrier of its own for a fact.

What a profile may read by it comes from `generic`; the words from `vocabulary`. `docs/fhir/` publishes both.
"""

from typing import Any

from extractors.profile import load_profile
from extractors.vocabulary import DEFINITIONS, EVIDENCE_SYSTEM, EventKind, Grade

PROFILE_URL = "urn:pi180:evidence-provenance"
KINDS_URL = "urn:pi180:evidence-kinds"
_PUBLISHED = {"version": "1.0.0", "status": "active", "experimental": False, "date": "2026-11-22", "publisher": "pi180"}
_SLICE = "Provenance.activity.coding:evidence"


def stated_kinds() -> list[EventKind]:
    """The kinds that may be stated, in the order of the vocabulary."""
    profile = load_profile("generic")
    stated = {
        kind for group in profile.selectors.values() for s in group if s.grade is Grade.ASSERTED for kind in s.kinds
    }
    return [kind for kind in EventKind if kind in stated]


def code_system() -> dict[str, Any]:
    """The CodeSystem: one concept for each kind of fact that may be stated."""
    concepts = [_concept(kind) for kind in stated_kinds()]
    return {
        "resourceType": "CodeSystem",
        "id": "pi180-evidence",
        "url": EVIDENCE_SYSTEM,
        **_PUBLISHED,
        "name": "Pi180Evidence",
        "title": "Facts that an evidence Provenance states",
        "description": "Facts about prescribing, exchange of health information and patient access that a server "
        "states because no other resource of its own shows them. A statement is weaker than a record of the act.",
        "caseSensitive": True,
        "valueSet": KINDS_URL,
        "content": "complete",
        "count": len(concepts),
        "concept": concepts,
    }


def _concept(kind: EventKind) -> dict[str, str]:
    return {"code": kind, "display": kind.replace("-", " ").capitalize(), "definition": DEFINITIONS[kind]}


def provenance_profile() -> dict[str, Any]:
    """The StructureDefinition: Provenance with a code of the system, what it is about, when, and by whom."""
    return {
        "resourceType": "StructureDefinition",
        "id": "pi180-evidence-provenance",
        "url": PROFILE_URL,
        **_PUBLISHED,
        "name": "Pi180EvidenceProvenance",
        "title": "Evidence Provenance",
        "description": "States that something happened to, or holds for, the resources that it targets.",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "Provenance",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Provenance",
        "derivation": "constraint",
        "differential": {"element": [{"id": path, **element} for path, element in _elements().items()]},
    }


def _elements() -> dict[str, dict[str, Any]]:
    return {
        "Provenance": _element("Provenance"),
        "Provenance.target": _element(
            "Provenance.target", "What the fact is about, one fact for each; the type stands with each code", min=1
        ),
        "Provenance.occurred[x]": _element(
            "Provenance.occurred[x]", "When it happened; a Period says from when and until when a lasting fact holds"
        ),
        "Provenance.recorded": _element(
            "Provenance.recorded", "When it was written down; stands for occurred[x] where that is left out", min=1
        ),
        "Provenance.activity": _element("Provenance.activity", "Which fact", min=1),
        "Provenance.activity.coding": {
            **_element("Provenance.activity.coding", "Which fact; codings of other systems may stand beside it", min=1),
            "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"},
        },
        _SLICE: {**_element("Provenance.activity.coding", "The fact in this system", min=1), "sliceName": "evidence"},
        f"{_SLICE}.system": {
            **_element("Provenance.activity.coding.system", "Always this system", min=1),
            "fixedUri": EVIDENCE_SYSTEM,
        },
        f"{_SLICE}.code": {
            **_element("Provenance.activity.coding.code", "One of the system's codes", min=1),
            "binding": {"strength": "required", "valueSet": KINDS_URL},
        },
        "Provenance.agent": _element("Provenance.agent", "The first one counts", min=1),
        "Provenance.agent.who": _element("Provenance.agent.who", "The clinician who did it, or the system", min=1),
        "Provenance.agent.onBehalfOf": _element(
            "Provenance.agent.onBehalfOf", "For an act of an assistant or system: the clinician whose act it is"
        ),
    }


def _element(path: str, short: str = "", **more: Any) -> dict[str, Any]:
    said = {"short": short, "mustSupport": True} if short else {}
    return {"path": path, **more, **said}


def example() -> dict[str, Any]:
    """A nurse looked into the PDMP on behalf of the prescriber."""
    return {
        "resourceType": "Provenance",
        "id": "pi180-evidence-example",
        "meta": {"profile": [PROFILE_URL]},
        "target": [{"reference": "Patient/example"}],
        "occurredDateTime": "2026-03-02T09:55:00-05:00",
        "recorded": "2026-03-02T09:55:04-05:00",
        "activity": {"coding": [{"system": EVIDENCE_SYSTEM, "code": EventKind.PDMP_QUERIED}]},
        "agent": [
            {
                "who": {"reference": "Practitioner/example-nurse"},
                "onBehalfOf": {"reference": "PractitionerRole/example-prescriber"},
            }
        ],
    }


def published() -> dict[str, dict[str, Any]]:
    """Every published definition by its file name."""
    return {
        "CodeSystem-pi180-evidence.json": code_system(),
        "StructureDefinition-pi180-evidence-provenance.json": provenance_profile(),
        "Provenance-pi180-evidence-example.json": example(),
    }
