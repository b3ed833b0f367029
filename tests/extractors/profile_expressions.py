"""Every expression that the product's profiles ask, and resources to ask them of."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from extractors.profile import load_profile, profile_names

Json = dict[str, Any]
FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
SAMPLES = Path(str(files("extractors") / "profiles" / "samples"))


@cache
def expressions() -> dict[str, tuple[str, ...]]:
    """By resource type, every expression of a selector, an exclusion or a relation of a profile of the product."""
    found: dict[str, set[str]] = {}
    for profile in map(load_profile, profile_names()):
        for kind, selectors in profile.selectors.items():
            found.setdefault(kind, set()).update(text for one in selectors for text in one.texts.values())
        for kind, relations in profile.relations.items():
            found.setdefault(kind, set()).update(relation.text for relation in relations)
    return {kind: tuple(sorted(texts)) for kind, texts in found.items()}


def resources(kind: str) -> Iterator[Json]:
    """The resources of a type in all fixtures and samples; of each file those that say something else than the last."""
    for path in sorted([*FIXTURES.rglob(f"{kind}.ndjson"), *SAMPLES.rglob(f"{kind}.ndjson")]):
        shape = None
        for line in path.read_text().splitlines():
            resource = json.loads(line)
            if (said := _shape(resource)) != shape:
                shape = said
                yield resource


def _shape(resource: Json) -> list[tuple[str, str]]:
    """What tells two resources apart but keys and days."""
    return [
        (name, str(value)) for name, value in resource.items() if name in ("status", "intent", "category", "medium")
    ]
