"""The tests of SQL on FHIR v2 for what the FHIRPath of profiles has, through a thin ViewDefinition runner."""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from extractors.fhirpath import compile_path, is_true

Json = dict[str, Any]
FILES = sorted((Path(__file__).parent / "sql_on_fhir").glob("*.json"))
CASES = [
    pytest.param(document["resources"], test, id=f"{document['title']}: {test['title']}")
    for document in map(json.loads, map(Path.read_text, FILES))
    for test in document["tests"]
]


class BadViewError(ValueError):
    """A ViewDefinition, or what it finds, is not as the standard has it."""


def within(focus: str, path: str) -> str:
    """A path as seen from the resource: an element by its place, and the path from there."""
    if not focus or path.startswith("'"):
        return path
    return focus if path == "$this" else f"{focus}.{path}"


def rows_of(view: Json, resources: list[Json]) -> list[Json]:
    """The rows of a view."""
    columns_of(view)
    return [
        row
        for resource in resources
        if resource["resourceType"] == view["resource"]
        and all(is_true(compile_path(where["path"])(resource)) for where in view.get("where", []))
        for row in selected(view["select"], resource, "")
    ]


def columns_of(select: Json) -> list[str]:
    """The names of a select's columns; those of every side of a union must be the same."""
    united = [columns_of(side) for side in select.get("unionAll", [])]
    if any(side != united[0] for side in united):
        raise BadViewError("unionAll of different columns")
    names = [column["name"] for column in select.get("column", [])]
    return names + [name for inner in select.get("select", []) for name in columns_of(inner)] + (united[:1] or [[]])[0]


def selected(selects: list[Json], resource: Json, focus: str) -> Iterator[Json]:
    """Every combination of the rows of some selects."""
    for rows in product(*(list(each(select, resource, focus)) for select in selects)):
        yield {name: value for row in rows for name, value in row.items()}


def each(select: Json, resource: Json, focus: str) -> Iterator[Json]:
    """The rows of one select, at each element that it is for."""
    path = select.get("forEach") or select.get("forEachOrNull")
    if path is None:
        yield from at(select, resource, focus)
        return
    elements = within(focus, path)
    count = len(compile_path(elements)(resource))
    for number in range(count):
        yield from at(select, resource, f"({elements})[{number}]")
    if not count and "forEachOrNull" in select:
        yield dict.fromkeys(columns_of(select))


def at(select: Json, resource: Json, focus: str) -> Iterator[Json]:
    """The rows of one select at one element."""
    own = {column["name"]: value_of(column, resource, focus) for column in select.get("column", [])}
    sides = (
        [row for side in select["unionAll"] for row in each(side, resource, focus)] if "unionAll" in select else [{}]
    )
    for inner, side in product(list(selected(select.get("select", []), resource, focus)), sides):
        yield own | inner | side


def value_of(column: Json, resource: Json, focus: str) -> object:
    """What a column holds."""
    found = compile_path(within(focus, column["path"]))(resource)
    if column.get("collection"):
        return found
    if len(found) > 1:
        raise BadViewError("several values in a column for one")
    return found[0] if found else None


@pytest.mark.parametrize(("resources", "test"), CASES)
def test_a_view_gives_the_rows_that_the_standard_expects(resources: list[Json], test: Json) -> None:
    if "expectError" in test:
        with pytest.raises(BadViewError):
            rows_of(test["view"], resources)
        return
    found = rows_of(test["view"], resources)
    assert sorted(map(repr, map(named, found))) == sorted(map(repr, map(named, test["expect"])))


def named(row: Json) -> list[tuple[str, object]]:
    """A row with its columns in the order of their names."""
    return sorted(row.items())
