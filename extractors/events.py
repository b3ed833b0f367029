"""`extract`: lines of FHIR JSON to events, resources, references, directory and quarantine.

Pure and strict by line: the same lines and profile give the same rows, a bad line is set aside with its
place and reason, and its neighbours are untouched. The only code that sees FHIR JSON in bulk.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import pyarrow as pa

from extractors import tables
from extractors.bundles import Entry, entries_of
from extractors.dates import read_moment
from extractors.decode import Json, Unreadable, check_shape, read_object, schema_of
from extractors.made import Asked, Made, check_contained
from extractors.profile import Profile
from extractors.projection import Split, split
from extractors.rows import Row, Rows, Values
from extractors.told import Said, Tried
from extractors.validation import LOOKED_AT
from extractors.witness import Held, has_modifier

_TOGETHER = 32
"""Lines that go through each step of reading together: so few that all of them stay in the processor's cache."""

_NAMED_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]{1,40})"')
_TYPE = re.compile(rb'"([A-Za-z]{1,40})"')


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a source: its bytes without the line end, and where it stands (line from 1, byte offset)."""

    file: str
    number: int
    offset: int
    data: bytes


class Takes(Protocol):
    """An engine that takes tables in."""

    def load(self, name: str, table: pa.Table) -> None:
        """Take an Arrow table in under a name."""

    def load_files(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Read a table from Parquet files of a schema, under a name; without a file it is empty."""


class Facts(Protocol):
    """What lines became, wherever the rows lie: what was not read is here, the rows go into an engine."""

    quarantine: list[Row]
    not_read: Counter[tuple[str, str]]
    first: dict[str, list[Json]]
    tried: Tried

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows there are, by the names by which SQL reads them."""

    def load_into(self, engine: Takes) -> None:
        """Give every table to an engine, under the names by which SQL reads them."""


@dataclass(slots=True)
class Extract:
    """What lines became: rows by table (see `tables`), counts of what was not read, the first of each type."""

    events: Rows = field(default_factory=lambda: Rows(tables.EVENT))
    resources: Rows = field(default_factory=lambda: Rows(tables.RESOURCE))
    references: Rows = field(default_factory=lambda: Rows(tables.REFERENCE))
    directory: Rows = field(default_factory=lambda: Rows(tables.DIRECTORY))
    quarantine: list[Row] = field(default_factory=list)
    not_read: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[str, list[Json]] = field(default_factory=dict)
    tried: Tried = field(default_factory=Tried)

    def load_into(self, engine: Takes) -> None:
        """Give every table to an engine, under the names by which SQL reads them."""
        for name, rows in self.tables.items():
            engine.load(name, rows.table())

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows there are, by the names by which SQL reads them."""
        return {name: len(rows) for name, rows in self.tables.items()}

    @property
    def tables(self) -> dict[str, Rows]:
        """The rows by the names by which SQL reads them."""
        return {
            "event": self.events,
            "resource": self.resources,
            "reference": self.references,
            "directory": self.directory,
        }


def extract(lines: Iterable[Line], profile: Profile, zone: ZoneInfo) -> Extract:
    """Turn lines of NDJSON (resources or Bundles) into rows.

    Args:
        lines: one JSON object each.
        profile: says which resources witness which events.
        zone: the practice's zone, for dates and for times without an offset.
    """
    return Reader(profile, zone).extract(lines)


class Reader:
    """Extracts with one profile, again and again, and remembers what resources say again and again.

    Args:
        profile: says which resources witness which events.
        zone: the practice's zone.
    """

    def __init__(self, profile: Profile, zone: ZoneInfo) -> None:
        self.profile, self.zone = profile, zone
        self._asked: dict[str, Asked] = {}
        self._named: dict[bytes, Asked] = {}

    def extract(self, lines: Iterable[Line]) -> Extract:
        """What `extract` says of the same lines."""
        reading = _Reading(self, self.zone)
        written = (line for line in lines if line.data.strip())
        while some := list(islice(written, _TOGETHER)):
            reading.take(some)
        return reading.result()

    def asked_of(self, named: bytes) -> Asked | None:
        """What is asked of the type that a line names; None if it is none, or a Bundle."""
        if named in self._named:
            return self._named[named]
        kind = _TYPE.fullmatch(named)
        if kind is None or kind[1] == b"Bundle" or schema_of(kind[1].decode()) is None:
            return None
        return self._named.setdefault(named, self.asked_by(kind[1].decode()))

    def asked_by(self, kind: str) -> Asked:
        """What is asked of an R4 type."""
        if kind not in self._asked:
            self._asked[kind] = Asked(self.profile, kind, self.zone)
        return self._asked[kind]


class _Reading:
    """One call of `extract`."""

    def __init__(self, reader: Reader, zone: ZoneInfo) -> None:
        self._reader = reader
        self._zone = zone
        self._said: dict[Said, int] = {}
        self._out = Extract()

    def result(self) -> Extract:
        """What the lines became."""
        for said, times in self._said.items():
            self._out.tried.note(said, times)
        return self._out

    def take(self, lines: Sequence[Line]) -> None:
        """Read lines that are not blank, in their order."""
        found = [split(line.data) for line in lines]
        asked = [self._reader.asked_of(one.kind) if one else None for one in found]
        made = self._usual(found, asked)
        for place, line in enumerate(lines):
            kind = asked[place]
            if kind is not None and not kind.reads:
                self._out.not_read[line.file, kind.kind] += 1
            elif kind is None or place not in made:
                self._take_whole(line)
            else:
                self._keep(line, kind.kind, None, made[place])

    def _usual(self, found: Sequence[Split | None], asked: Sequence[Asked | None]) -> dict[int, Made]:
        """What usual lines become, by their places; those that are missing are to be looked at as a whole."""
        made: dict[int, Made] = {}
        for kind in {id(one): one for one in asked if one is not None and one.reads}.values():
            lines = {place: line for place, line in enumerate(found) if line is not None and asked[place] is kind}
            became = zip(lines, kind.usual(list(lines.values())), strict=True)
            made |= {place: one for place, one in became if one is not None}
        return made

    def _take_whole(self, line: Line) -> None:
        try:
            document = read_object(line.data)
        except Unreadable as problem:
            self._set_aside(line, None, _type_written(line.data), problem)
            return
        if not isinstance(document.get("resourceType"), str) or schema_of(document["resourceType"]) is None:
            self._out.not_read[line.file, "not a FHIR R4 resource"] += 1
            return
        try:
            entries = list(entries_of(document, line.data))
        except Unreadable as problem:
            self._set_aside(line, None, str(document["resourceType"]), problem)
            return
        for entry in entries:
            self._take_entry(line, entry)

    def _take_entry(self, line: Line, entry: Entry) -> None:
        if schema_of(entry.type) is None or not (asked := self._reader.asked_by(entry.type)).reads:
            self._out.not_read[line.file, entry.type] += 1
            return
        held = Held(entry.json, entry.key, "", entry.scope)
        if entry.deleted:
            row = _resource_row(line, held, entry.type, entry.number, self._zone)
            self._out.resources.values.append((*row[:-1], True))
            return
        try:
            made = self._made_of(held, asked, _is_modified(line, entry.json))
        except Unreadable as problem:
            self._set_aside(line, entry.number, entry.type, problem)
            return
        self._keep(line, entry.type, entry.number, made, entry.json)

    def _made_of(self, held: Held, asked: Asked, modified: bool) -> Made:
        """What a whole resource becomes. Its content is what is read of it if that is enough for the quick way."""
        check_shape(held.json, asked.reads, self._is_date)
        check_contained(held.json, self._is_date)
        made = None if modified else asked.by_what_is_read(held)
        return made or asked.by_the_whole(held, modified)

    def _is_date(self, text: str) -> bool:
        return _is_date(text, self._zone)

    def _keep(self, line: Line, kind: str, entry: int | None, made: Made, whole: Json | None = None) -> None:
        """Take all rows of a resource, now that there is nothing left that could set it aside."""
        out, held = self._out, made.held
        content = held.content
        out.resources.values.append(_resource_row(line, held, kind, entry, self._zone))
        out.events.values += made.events
        out.references.values += made.references
        out.directory.values += [(key, content, attribute, value) for key, attribute, value in made.directory]
        for said in made.said:
            self._said[said] = self._said.get(said, 0) + 1
        first = out.first.setdefault(kind, [])
        if len(first) < LOOKED_AT:
            first.append(whole or read_object(line.data))

    def _set_aside(self, line: Line, entry: int | None, kind: str, problem: Unreadable) -> None:
        place = {"file": line.file, "line": line.number, "offset": line.offset, "entry": entry}
        digest = hashlib.sha256(line.data).hexdigest()
        self._out.quarantine.append({**place, "hash": digest, "type": kind, "reason": str(problem)})


def _is_date(text: str, zone: ZoneInfo) -> bool:
    """Whether a text is a FHIR date, dateTime or instant."""
    try:
        read_moment(text, zone)
    except ValueError:
        return False
    return True


def _is_modified(line: Line, resource: Json) -> bool:
    """Whether a resource carries a modifierExtension; its text names one, if not in escapes, or there is none."""
    return (b"modifierExtension" in line.data or b"\\u" in line.data) and has_modifier(resource)


def _type_written(data: bytes) -> str:
    """The type that an unreadable line names somewhere, so that a lost Patient is known as one."""
    named = _NAMED_TYPE.search(data)
    return named[1].decode() if named else ""


def _resource_row(line: Line, held: Held, kind: str, entry: int | None, zone: ZoneInfo) -> Values:
    meta = held.json.get("meta") or {}
    updated = str(meta.get("lastUpdated") or "")
    at = read_moment(updated, zone).to_utc if updated and _is_date(updated, zone) else None
    return held.key, kind, held.content, meta.get("versionId"), at, line.file, line.number, entry, False
