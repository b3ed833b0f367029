"""An expression's answer is remembered by what it looked at, and is always the one that FHIRPath would give now."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from extractors.fhirpath import compile_path
from extractors.profile import load_profile, profile_names

Json = dict[str, Any]
SAMPLES = files("extractors") / "profiles" / "samples" / "generic"
EACH = 6


def expressions() -> dict[str, set[str]]:
    """By resource type, every expression that a selector of a profile of the product asks of it."""
    found: dict[str, set[str]] = {}
    for name in profile_names():
        for kind, selectors in load_profile(name).selectors.items():
            asked = [text for one in selectors for key, text in one.texts.items() if key in ("where", *one.paths)]
            found.setdefault(kind, set()).update(asked)
    return found


def variants(kind: str) -> Iterator[Json]:
    """Samples of a type, each of them whole, and without each of its elements in turn."""
    for line in (SAMPLES / f"{kind}.ndjson").read_text().splitlines()[:EACH]:
        sample: Json = json.loads(line)
        yield sample
        yield from ({k: v for k, v in sample.items() if k != name} for name in sample if name != "resourceType")


@pytest.mark.parametrize("kind", sorted(expressions()))
def test_a_remembered_answer_is_the_answer_of_the_resource_in_hand(kind: str) -> None:
    for expression in sorted(expressions()[kind]):
        path, fresh = compile_path(expression), fhirpathpy.compile(expression, models["r4"])
        for resource in variants(kind):
            assert path(resource) == path(resource) == fresh(resource, {}), (expression, resource)


PATIENT = {"resourceType": "Patient", "id": "p", "active": True, "gender": "female"}


@pytest.mark.parametrize(
    "expression",
    [
        "where(active = true)",
        "where($this.exists()).gender",
        "%context.gender",
        "children().where($this = 'male')",
        "gender",
        "active | gender",
        "iif(active, gender)",
    ],
)
def test_an_expression_sees_what_another_patient_has_otherwise(expression: str) -> None:
    other = {**PATIENT, "gender": "male"}
    path, fresh = compile_path(expression), fhirpathpy.compile(expression, models["r4"])
    assert path(PATIENT) == fresh(PATIENT, {})
    assert path(other) == fresh(other, {}) != path(PATIENT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"multipleBirthBoolean": True}, {"multipleBirthInteger": 1}),
        ({"multipleBirthInteger": 1}, {"multipleBirthInteger": 2}),
        ({"_multipleBirthInteger": {"id": "a"}}, {"_multipleBirthInteger": {"id": "b"}}),
    ],
)
def test_a_choice_element_is_looked_at_by_all_its_names(one: Json, other: Json) -> None:
    path, fresh = (compile_path("multipleBirth"), fhirpathpy.compile("multipleBirth", models["r4"]))
    for resource in ({**PATIENT, **one}, {**PATIENT, **other}):
        assert path(resource) == fresh(resource, {})
    assert list(map(repr, path({**PATIENT, **one}))) != list(map(repr, path({**PATIENT, **other})))


def test_an_answer_that_its_reader_changes_is_whole_for_the_next() -> None:
    path = compile_path("gender | id")
    path(PATIENT).clear()
    assert path(PATIENT) == ["female", "p"]


def test_a_long_element_is_answered_each_time() -> None:
    path, long = compile_path("text.status"), "x" * 5_000
    for end in "ab":
        assert path({**PATIENT, "text": {"status": long + end}}) == [long + end]
