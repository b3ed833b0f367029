"""Departures from R4 are counted by element and kind, and nothing of what the element says is told."""

import ast
from pathlib import Path

import pytest

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from extractors.ledger import ledger_of
from extractors.validation import LOOKED_AT, departures, most_frequent
from tests.extractors.practice import OPEN, extracted, prescription

GOOD = prescription("good")


def test_a_resource_as_r4_has_it_departs_in_nothing() -> None:
    assert departures([GOOD]) == {}


def test_a_missing_element_is_named() -> None:
    without = {name: value for name, value in GOOD.items() if name != "subject"}

    assert departures([without, without, GOOD]) == {"$.subject: missing": 2}


def test_an_unknown_element_is_named_and_its_value_is_not() -> None:
    found = departures([{**GOOD, "nickname": "Sam Secret"}])

    assert most_frequent(found) == ["$.nickname: extra forbidden (1)"]


@pytest.mark.requirement("R67")
def test_a_type_that_the_library_does_not_have_raises_nothing() -> None:
    assert list(departures([{"resourceType": "EffectEvidenceSynthesis"}])) != []


@pytest.mark.requirement("R67")
def test_the_ledger_tells_departures_and_counts_the_resources_all_the_same() -> None:
    odd = [{**prescription(f"rx-{n}"), "nickname": "x"} for n in range(LOOKED_AT + 1)]
    found = extracted(odd)
    with LocalEngine() as engine:
        derive(found, OPEN, engine)
        row = next(row for row in ledger_of(found, engine) if row["type"] == "MedicationRequest")

    assert (row["validated"], row["current"]) == (LOOKED_AT, LOOKED_AT + 1)
    assert row["departures"] == [f"$.nickname: extra forbidden ({LOOKED_AT})"]


@pytest.mark.requirement("R67")
def test_no_models_but_those_of_r4b_are_used() -> None:
    root = Path(__file__).parents[2]
    trees = [ast.parse(path.read_text()) for path in (*root.glob("extractors/*.py"), *root.glob("tests/*.py"))]
    modules = {node.module for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    models = {module for module in modules if module and module.startswith("fhir.")}
    assert "fhir.resources.R4B" in models
    assert {module for module in models if not module.startswith("fhir.resources.R4B")} == set()
