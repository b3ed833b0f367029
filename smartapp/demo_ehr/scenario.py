"""One scenario in memory: its resources by type and id, and who refers to whom."""

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from extractors.decode import Json
from smartapp.demo_ehr.search_parameters import parameters

OFFICE_STAFF: Json = {
    "resourceType": "Practitioner",
    "id": "office-staff",
    "active": True,
    "name": [{"family": "Synthetic", "given": ["Office staff"]}],
}
"""A user without an NPI; added to each scenario, because real charts are opened by such users too."""


class Scenario:
    """The resources of a folder of NDJSON files, one file a type.

    Attributes:
        base: the FHIR base that absolute references in the data may carry.
        zone: where the practice is; a date without an offset is read there.
    """

    def __init__(self, folder: Path, base: str) -> None:
        self.base = base
        self.zone = _zone(folder)
        self._resources: dict[str, dict[str, Json]] = defaultdict(dict)
        self._referring: dict[tuple[str, str], dict[str, list[Json]]] = {}
        for resource in [*_lines(folder), OFFICE_STAFF]:
            self._resources[resource["resourceType"]][resource["id"]] = resource

    @property
    def types(self) -> tuple[str, ...]:
        """The types that the scenario holds, in alphabetical order."""
        return tuple(sorted(self._resources))

    def get(self, resource_type: str, identifier: str) -> Json | None:
        """One resource, or None."""
        return self._resources.get(resource_type, {}).get(identifier)

    def all(self, resource_type: str) -> list[Json]:
        """Every resource of a type, in the order of the files."""
        return list(self._resources.get(resource_type, {}).values())

    def referring(self, resource_type: str, parameter: str) -> dict[str, list[Json]]:
        """The resources of a type by the `Type/id` that one of their reference parameters names."""
        at = (resource_type, parameter)
        if at not in self._referring:
            index: dict[str, list[Json]] = defaultdict(list)
            for resource in self.all(resource_type):
                for key in self.references(resource, parameter):
                    index[key].append(resource)
            self._referring[at] = dict(index)
        return self._referring[at]

    def references(self, resource: Json, parameter: str) -> list[str]:
        """What a reference parameter of a resource names, as `Type/id` within this server."""
        found = parameters(resource["resourceType"])[parameter]
        keys = (self.key(element.get("reference", "")) for element in elements(resource, found.paths))
        return [key for key in keys if found.target in (None, key.partition("/")[0])]

    def key(self, reference: str) -> str:
        """A reference as `Type/id`: without this server's base and without a version."""
        return reference.removeprefix(self.base + "/").partition("/_history/")[0]


def elements(resource: Json, paths: tuple[str, ...]) -> list[Any]:
    """The values at the paths, lists taken apart."""
    return [value for path in paths for value in _walk(resource, path.split("."))]


def _walk(value: object, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _walk(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _walk(value[path[0]], path[1:])


def _lines(folder: Path) -> Iterator[Json]:
    files = sorted(folder.glob("*.ndjson"))
    if not files:
        raise ValueError(f"{folder} holds no .ndjson file: name the folder of a synthetic scenario")
    for file in files:
        with file.open(encoding="utf-8", newline="\n") as lines:
            yield from (json.loads(line) for line in lines if line.strip())


def _zone(folder: Path) -> ZoneInfo:
    site = folder / "site.toml"
    settings = tomllib.loads(site.read_text(encoding="utf-8")) if site.is_file() else {}
    return ZoneInfo(settings.get("zone", "UTC"))
