"""The published definitions of the evidence Provenance: current, valid R4, and what the product really reads."""

import json
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.codesystem import CodeSystem
from fhir.resources.R4B.provenance import Provenance
from fhir.resources.R4B.structuredefinition import StructureDefinition

from extractors.element_paths import unknown_elements
from extractors.evidence_definition import stated_kinds
from extractors.vocabulary import DEFINITIONS, EVIDENCE_SYSTEM, EventKind
from tests.docs_generator import generator
from tests.extractors.practice import extracted

ROOT = Path(__file__).parents[1]
FHIR = ROOT / "docs" / "fhir"
SYSTEM, PROFILE, EXAMPLE = (
    "CodeSystem-pi180-evidence.json",
    "StructureDefinition-pi180-evidence-provenance.json",
    "Provenance-pi180-evidence-example.json",
)
TYPES = {SYSTEM: CodeSystem, PROFILE: StructureDefinition, EXAMPLE: Provenance}


def document(name: str) -> Any:
    return json.loads((FHIR / name).read_text())


def test_what_is_published_is_what_the_code_says_now() -> None:
    made = generator().fhir_definitions()
    assert {path.name for path in FHIR.iterdir()} == set(made)
    stale = [name for name, text in made.items() if (FHIR / name).read_text() != text]
    assert stale == [], "run: python docs/generate.py"


@pytest.mark.parametrize("name", sorted(TYPES))
def test_what_is_published_is_valid_fhir(name: str) -> None:
    found = TYPES[name].model_validate(document(name))
    assert found.get_resource_type() == document(name)["resourceType"]


def test_every_kind_that_may_be_stated_is_a_concept_with_its_meaning() -> None:
    concepts = {concept["code"]: concept["definition"] for concept in document(SYSTEM)["concept"]}
    assert concepts == {kind: DEFINITIONS[kind] for kind in stated_kinds()}
    assert document(SYSTEM)["count"] == len(concepts)
    assert document(SYSTEM)["url"] == EVIDENCE_SYSTEM


def test_every_kind_has_a_meaning() -> None:
    assert set(DEFINITIONS) == set(EventKind)


def test_what_the_server_itself_records_cannot_be_stated() -> None:
    own = {EventKind.PRESCRIPTION_WRITTEN, EventKind.PATIENT_SEEN, EventKind.REFERRAL_MADE}
    assert own.isdisjoint(stated_kinds())


def test_the_profile_constrains_only_elements_that_provenance_has() -> None:
    paths = [element["path"] for element in document(PROFILE)["differential"]["element"]]
    assert [path for path in paths if unknown_elements("Provenance", path.replace("[x]", ""))] == []
    assert {"Provenance.target", "Provenance.activity.coding.system", "Provenance.agent.onBehalfOf"} <= set(paths)


def test_the_published_example_is_read_as_the_fact_that_it_states() -> None:
    (event,) = extracted([document(EXAMPLE)]).events
    assert (event["kind"], event["focus"], event["grade"]) == ("pdmp-queried", "Patient/example", "asserted")
    assert event["clinician"] == event["on_behalf_of"] == "PractitionerRole/example-prescriber"
    assert event["from_utc"] == "2026-03-02T14:55:00.000000Z"
