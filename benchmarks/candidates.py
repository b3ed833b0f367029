"""Programs that read a corpus: pi180's extraction, and others that do less, or the same in another way.

Each takes NDJSON files and says what it counted: `prescribed` and `transmitted`, as in the corpus's `truth.json`. Those
that only read say nothing. What a program does once, before it reads, is kept apart.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Counted = dict[str, int]
Program = Callable[[list[Path]], Counted]

_BLOCK = 5_000
_READ = ("MedicationRequest", "Provenance")
_LEFT_OUT = ("draft", "entered-in-error", "cancelled")


def lines_of(paths: list[Path]) -> Iterator[bytes]:
    """Every line of some files."""
    for path in paths:
        with path.open("rb") as file:
            yield from file


def _pi180() -> Program:
    """`extract` with the generic profile: lines guarded, shapes checked, events of every kind."""
    events, profiles, folder = (import_module(f"extractors.{name}") for name in ("events", "profile", "sources.folder"))
    profile, zone = profiles.load_profile("generic"), ZoneInfo("America/New_York")

    def run(paths: list[Path]) -> Counted:
        written: set[str] = set()
        sent: set[str] = set()
        counted: Counter[str] = Counter()
        lines = folder.Folder(paths[0].parent).lines()
        while block := list(islice(lines, _BLOCK)):
            found = events.extract(block, profile, zone)
            counted["quarantined"] += len(found.quarantine)
            counted["resources"] += len(found.resources)
            counted["events"] += len(found.events)
            for event in found.events:
                if event["kind"] == "prescription-written" and event["answer"] == "met":
                    written.add(event["focus"])
                elif event["kind"] == "prescription-transmitted" and event["answer"] == "met":
                    sent.add(event["focus"])
        return dict(counted) | {"prescribed": len(written), "transmitted": len(written & sent)}

    return run


def _parse_only(decode: Callable[[bytes], object]) -> Program:
    def run(paths: list[Path]) -> Counted:
        for line in lines_of(paths):
            decode(line)
        return {}

    return run


def _msgspec() -> Program:
    """Every line parsed and validated, nothing made of it but Python objects."""
    return _parse_only(import_module("msgspec").json.Decoder().decode)


def _msgspec_raw() -> Program:
    """Every line's outermost object split, its values left as bytes: the least that a reader in Python pays."""
    msgspec = import_module("msgspec")
    return _parse_only(msgspec.json.Decoder(dict[str, msgspec.Raw]).decode)


def _simdjson() -> Program:
    """Every line parsed by a SIMD parser, nothing made of it."""
    return _parse_only(import_module("simdjson").Parser().parse)


def _loop(loads: Callable[[bytes], Any]) -> Program:
    """The loop that a person writes at first: whole dictionaries, and two counts."""

    def run(paths: list[Path]) -> Counted:
        written: set[str] = set()
        sent: set[str] = set()
        for line in lines_of(paths):
            found = loads(line)
            if found["resourceType"] == "MedicationRequest":
                if found.get("intent") == "order" and found.get("status") not in _LEFT_OUT:
                    written.add(found["id"])
            elif found["resourceType"] == "Provenance" and any(
                coding.get("code") == "transmit" for coding in found["activity"]["coding"]
            ):
                sent.update(target["reference"].partition("/")[2] for target in found["target"])
        return {"prescribed": len(written), "transmitted": len(written & sent)}

    return run


_SQL = """
with written as (
  select distinct id from read_ndjson(?, columns = {id: 'VARCHAR', intent: 'VARCHAR', status: 'VARCHAR'})
  where intent = 'order' and status not in ('draft', 'entered-in-error', 'cancelled')
), sent as (
  select distinct split_part(item.reference, '/', 2) as id
  from read_ndjson(?, columns = {activity: 'STRUCT(coding STRUCT(code VARCHAR)[])',
    target: 'STRUCT(reference VARCHAR)[]'}), unnest(target) as told(item)
  where list_contains(list_transform(activity.coding, lambda one: one.code), 'transmit')
)
select count(*), count(sent.id) from written left join sent using (id)
"""


def _duckdb() -> Program:
    """The same two counts in SQL, over the two types that it needs, on one thread."""
    connection = import_module("duckdb").connect(config={"threads": 1})

    def run(paths: list[Path]) -> Counted:
        needed = [[str(path) for path in paths if path.stem == kind] for kind in _READ]
        prescribed, transmitted = connection.execute(_SQL, needed).fetchone()
        return {"prescribed": prescribed, "transmitted": transmitted}

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
    """The criteria of the generic profile by `fhirpathpy`, and nothing that comes after them."""
    profile = import_module("extractors.profile").load_profile("generic")
    reference = import_module("extractors.fhirpath.reference").reference
    asked = {kind: [reference(one.texts["where"]) for one in group] for kind, group in profile.selectors.items()}

    def run(paths: list[Path]) -> Counted:
        for line in lines_of(paths):
            found = json.loads(line)
            for criterion in asked.get(found["resourceType"], ()):
                criterion(found)
        return {}

    return run


PREPARED: dict[str, Callable[[], Program]] = {
    "pi180 extract": _pi180,
    "msgspec, split only": _msgspec_raw,
    "msgspec, parse only": _msgspec,
    "simdjson, parse only": _simdjson,
    "json loop": lambda: _loop(json.loads),
    "orjson loop": lambda: _loop(import_module("orjson").loads),
    "DuckDB query": _duckdb,
    "fhir.resources models": _models,
    "fhirpathpy criteria": _selectors,
}
"""Programs by name. `simdjson` and `orjson` are no dependencies of pi180: they run where somebody has them."""

SLOW = frozenset({"fhir.resources models", "fhirpathpy criteria"})
"""Programs that read a sample."""
