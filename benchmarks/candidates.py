"""Programs that read a corpus: pi180's whole job and its extraction, and others that do the same counts, or less.

Each takes NDJSON files and says what it counted, as in the corpus's `truth.json`. Those that only read say nothing.
What a program does once, before it reads, is kept apart.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks import by_hand

Counted = dict[str, Any]
Program = Callable[[list[Path]], Counted]

_BLOCK = 5_000
WHOLE, EXTRACTION, PARSED = "pi180, NDJSON to cases", "pi180 extract", "pysimdjson, parse only"
JSON_LOOP, MODELS, SELECTORS = "json loop", "fhir.resources models", "fhirpathpy selectors"


def lines_of(paths: list[Path]) -> Iterator[bytes]:
    """Every line of some files."""
    for path in paths:
        with path.open("rb") as file:
            yield from file


def _cases() -> Program:
    """The whole job: every file read and guarded, events, joins, and the cases of all measures counted for a year."""
    usecases, model = import_module("smartapp.usecases"), import_module("scoring.model")
    rules = import_module("scoring.rulebook").load(2026)
    period = model.Period(date(2026, 1, 1), date(2026, 12, 31))

    def run(paths: list[Path]) -> Counted:
        with usecases.read(usecases.Source(paths[0].parent), rules, period) as reading:
            return {"counts": counts_of(reading.tallies), "quarantined": reading.quarantine.count}

    return run


def counts_of(tallies: Any) -> dict[str, list[int]]:
    """What pi180's tallies say of the four counts of a corpus, by NPI."""
    counts: dict[str, list[int]] = {}
    for one in tallies:
        found = counts.setdefault(one.npi, [0, 0, 0, 0]) if one.npi else [0, 0, 0, 0]
        if (one.measure, one.variant) == ("PI_EP_1", "controlled-included"):
            found[:2] = one.denominator, one.met
        elif one.measure == "PI_HIE_1":
            found[2] = one.denominator
        elif one.measure == "PI_PEA_1":
            found[3] = one.denominator
    return counts


def _extraction() -> Program:
    """`extract` with the generic profile, in blocks: lines guarded, shapes checked, events of every kind, no SQL."""
    events, profiles, folder = (import_module(f"extractors.{name}") for name in ("events", "profile", "sources.folder"))
    reader = events.Reader(profiles.load_profile("generic"), ZoneInfo("America/New_York"))

    def run(paths: list[Path]) -> Counted:
        counted: Counter[str] = Counter()
        lines = folder.Folder(paths[0].parent).lines()
        while block := list(islice(lines, _BLOCK)):
            found = reader.extract(block)
            counted["quarantined"] += len(found.quarantine)
            counted["resources"] += len(found.resources)
            counted["events"] += len(found.events)
        return dict(counted)

    return run


def _parse_only(decode: Callable[[bytes], object]) -> Program:
    def run(paths: list[Path]) -> Counted:
        for line in lines_of(paths):
            decode(line)
        return {}

    return run


def _loop(loads: Callable[[bytes], Any]) -> Program:
    """The loop that a person writes at first: whole dictionaries, and the four counts."""

    def run(paths: list[Path]) -> Counted:
        return by_hand.counted(map(loads, lines_of(paths)))

    return run


def _duckdb() -> Program:
    """The four counts in SQL, over the types that they need and no other, on one thread."""
    connection = import_module("duckdb").connect(config={"threads": 1})

    def run(paths: list[Path]) -> Counted:
        named = {path.stem: str(path) for path in paths}
        rows = connection.execute(by_hand.SQL, {kind: named[kind] for kind in by_hand.TYPES}).fetchall()
        return {"counts": {npi: list(counts) for npi, *counts in rows}}

    return run


def _models() -> Program:
    """Every line as a model of `fhir.resources`."""
    package = import_module("fhir.resources.R4B")

    def run(paths: list[Path]) -> Counted:
        for line in lines_of(paths):
            package.get_fhir_model_class(json.loads(line)["resourceType"]).model_validate_json(line)
        return {}

    return run


def _selectors() -> Program:
    """The selectors of the generic profile by `fhirpathpy`: every criterion, and every column of what matched."""
    profile = import_module("extractors.profile").load_profile("generic")
    reference = import_module("extractors.fhirpath.reference").reference
    asked = {
        kind: [{name: reference(text) for name, text in one.texts.items()} for one in group]
        for kind, group in profile.selectors.items()
    }

    def run(paths: list[Path]) -> Counted:
        for line in lines_of(paths):
            found = json.loads(line)
            for selector in asked.get(found["resourceType"], ()):
                if selector["where"](found) == [True]:
                    for name, column in selector.items():
                        name == "where" or column(found)
        return {}

    return run


PREPARED: dict[str, Callable[[], Program]] = {
    WHOLE: _cases,
    EXTRACTION: _extraction,
    PARSED: lambda: _parse_only(import_module("simdjson").Parser().parse),
    "msgspec, parse only": lambda: _parse_only(import_module("msgspec").json.Decoder().decode),
    JSON_LOOP: lambda: _loop(json.loads),
    "orjson loop": lambda: _loop(import_module("orjson").loads),
    "DuckDB query": _duckdb,
    MODELS: _models,
    SELECTORS: _selectors,
}
"""Programs by name. `pysimdjson` and `orjson` are no dependencies of pi180: `make bench` brings them."""

SLOW = frozenset({MODELS, SELECTORS})
"""Programs that read a sample."""
