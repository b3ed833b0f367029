"""ONC's certification deck as data sets that a vendor can load: which there are, their resources and their cells.

One sandbox holds all tests of a scenario at once, so that nothing of one counts in another: each test has TINs of
its own, and ids that begin with its name. Clinicians and the clinic outside are the same in all tests.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from extractors.decode import Json
from scoring.model import Period
from smartapp.errors import UsageError
from smartapp.paths import fixture

FIXTURE = "onc-deck"
NOTICE = "NOTICE.md"
TAG = "urn:pi180:onc-deck"
"""System of the tag on every resource, by which a sandbox finds them again; the code is the test."""

_EIN = "urn:oid:2.16.840.1.113883.4.4"
_SHARED = frozenset({"Practitioner/provider-1", "Practitioner/provider-2", "Organization/outside-clinic"})


class Rendering(StrEnum):
    """What the numerators of the deck rest on."""

    ASSERTED = "asserted"
    STANDARDS = "standards"


_FOLDERS = {
    ("scenario-1", Rendering.ASSERTED): "scenario-1",
    ("scenario-1", Rendering.STANDARDS): "scenario-1-standards",
    ("scenario-1-2", Rendering.ASSERTED): "scenario-1-2",
}
SCENARIOS = tuple(sorted({scenario for scenario, _ in _FOLDERS}))


@dataclass(frozen=True, slots=True)
class Cell:
    """One published number: a measure of one reporter; `npi` None is the TIN as a group."""

    test: str
    label: str
    measure: str
    variant: str
    tin: str
    npi: str | None
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Deck:
    """A scenario in one rendering: its days, zone and cells, and the resources of each test, in the files' order."""

    scenario: str
    rendering: Rendering
    period: Period
    zone: str
    cells: tuple[Cell, ...]
    tests: Mapping[str, tuple[Json, ...]]
    notice: str


def load_deck(scenario: str, rendering: Rendering) -> Deck:
    """One scenario of the deck that comes with the product.

    Raises:
        UsageError: there is no such scenario in that rendering, or the deck is not part of this installation.
    """
    named = _FOLDERS.get((scenario, rendering))
    if named is None:
        known = ", ".join(f"{one} {way}" for one, way in _FOLDERS)
        raise UsageError(f"deck {scenario} {rendering}: expected one of {known}. Choose --scenario and --rendering.")
    folder = fixture(FIXTURE) / named
    places = sorted(path.parent for path in folder.glob("*/expected.json"))
    if not places:
        raise UsageError(f"{folder}: the ONC deck is not part of this installation. Run pi180 from a checkout.")
    told = {place.name: json.loads((place / "expected.json").read_text(encoding="utf-8")) for place in places}
    first = told[places[0].name]
    return Deck(
        scenario=scenario,
        rendering=rendering,
        period=Period(date.fromisoformat(first["period"]["start"]), date.fromisoformat(first["period"]["end"])),
        zone=str(first["zone"]),
        cells=tuple(_cell(test, row) for test, document in told.items() for row in document["expected"]),
        tests={place.name: tuple(_renamed(one, place.name) for one in _resources(place)) for place in places},
        notice=(fixture(FIXTURE) / NOTICE).read_text(encoding="utf-8"),
    )


def _cell(test: str, row: Mapping[str, Any]) -> Cell:
    names = ("label", "measure", "variant", "npi", "numerator", "denominator")
    return Cell(test=test, tin=_tin(row["tin"], test), **{name: row[name] for name in names})


def _tin(tin: str, test: str) -> str:
    """The TIN with the number of the test in its last two digits."""
    number = int("".join(filter(str.isdigit, test)))
    return f"{tin[:-2]}{number:02}"


def _resources(place: Path) -> Iterator[Json]:
    for file in sorted(place.glob("*.ndjson")):
        yield from (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


def _renamed(resource: Json, test: str) -> Json:
    """A resource as it stands beside those of the other tests: own id, own TIN, references accordingly, and the tag."""
    named: Json = _references_renamed(resource, test)
    key = f"{resource['resourceType']}/{resource['id']}"
    shared = key in _SHARED
    named["id"] = _key(key, test).partition("/")[2]
    named["meta"] = {"tag": [{"system": TAG, "code": "shared" if shared else test}]}
    if resource["resourceType"] == "Organization":
        named["name"] = resource["name"] if shared else f"{resource['name']} of {test.upper()}"
        for identifier in named.get("identifier", []):
            if identifier["system"] == _EIN:
                identifier["value"] = _tin(identifier["value"], test)
    return named


def _references_renamed(value: Any, test: str) -> Any:
    if isinstance(value, list):
        return [_references_renamed(one, test) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _key(one, test) if name == "reference" else _references_renamed(one, test) for name, one in value.items()
    }


def _key(key: str, test: str) -> str:
    kind, _, identity = key.partition("/")
    return key if key in _SHARED else f"{kind}/{test}-{identity}"
