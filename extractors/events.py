"""`extract`: lines of FHIR JSON to events, resources, references, directory and quarantine.

Pure and strict by line: the same lines and profile give the same rows, a bad line is set aside with its
place and reason, and its neighbours are untouched. The only code that sees FHIR JSON in bulk.
"""

import codecs
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from extractors import directory, tables
from extractors.bundles import Entry, entries_of
from extractors.dates import read_moment
from extractors.decode import Json, Unreadable, check_shape, read_object, schema_of
from extractors.profile import Profile
from extractors.references import reference_key
from extractors.rows import Row, Rows
from extractors.validation import LOOKED_AT
from extractors.witness import Held, Tried, events_of, has_modifier

_SORTED = msgspec.json.Encoder(order="sorted")
_EXPONENT = re.compile(rb"\d[eE]|0\.0000|\d{16}")
_NAMED_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]{1,40})"')


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
    out = Extract()
    for line in lines:
        if line.data.strip():
            _extract_line(line, profile, zone, out)
    return out


def _extract_line(line: Line, profile: Profile, zone: ZoneInfo, out: Extract) -> None:
    try:
        document = read_object(line.data)
    except Unreadable as problem:
        out.quarantine.append(_set_aside(line, None, _type_written(line.data), str(problem)))
        return
    if not isinstance(document.get("resourceType"), str) or schema_of(document["resourceType"]) is None:
        out.not_read[line.file, "not a FHIR R4 resource"] += 1
        return
    try:
        entries = list(entries_of(document, line.data))
    except Unreadable as problem:
        out.quarantine.append(_set_aside(line, None, str(document["resourceType"]), str(problem)))
        return
    for entry in entries:
        _extract_entry(line, entry, profile, zone, out)


def _extract_entry(line: Line, entry: Entry, profile: Profile, zone: ZoneInfo, out: Extract) -> None:
    kind = entry.type
    reads = _reads(profile.reads.get(kind, frozenset()), kind)
    if not reads:
        out.not_read[line.file, kind] += 1
        return
    if entry.deleted:
        out.resources.add(_resource_row(line, entry, "", True, zone))
        return

    def is_date(text: str) -> bool:
        return _is_date(text, zone)

    try:
        check_shape(entry.json, reads, is_date)
        _check_contained(entry.json, is_date)
        held = Held(entry.json, entry.key, content_hash(entry.json), entry.scope, _is_modified(line, entry.json))
        tried = Tried()
        rows = list(events_of(held, profile, zone, tried))
    except Unreadable as problem:
        out.quarantine.append(_set_aside(line, entry.number, kind, str(problem)))
        return
    first = out.first.setdefault(kind, [])
    if len(first) < LOOKED_AT:
        first.append(entry.json)
    out.resources.add(_resource_row(line, entry, held.content, False, zone))
    out.events.extend(rows)
    for hit, times in tried.hits.items():
        out.tried.hits[hit] += times
    out.references.extend(_references(held, profile))
    out.directory.extend(_directory(held, zone))


@cache
def _reads(asked: frozenset[str], kind: str) -> frozenset[str]:
    """The elements that a profile or the directory reads of a type."""
    return asked | directory.reads_of(kind)


def _check_contained(resource: Json, is_date: Callable[[str], bool]) -> None:
    contained = resource.get("contained") or []
    if not isinstance(contained, list):
        raise Unreadable("$.contained: expected array")
    for part in contained:
        if _typed(part):
            check_shape(part, directory.READS | directory.reads_of(part["resourceType"]), is_date)


def _is_date(text: str, zone: ZoneInfo) -> bool:
    try:
        read_moment(text, zone)
    except ValueError:
        return False
    return True


def _is_modified(line: Line, resource: Json) -> bool:
    """Whether a resource carries a modifierExtension; its text names one, if not in escapes, or there is none."""
    return (b"modifierExtension" in line.data or b"\\u" in line.data) and has_modifier(resource)


def content_hash(resource: Json) -> str:
    """SHA-256 of a resource without `meta`, which servers write: equal content has an equal hash."""
    content = {name: value for name, value in resource.items() if name != "meta"}
    return hashlib.sha256(_canonical(content)).hexdigest()


def _canonical(content: Json) -> bytes:
    """JSON with sorted keys, no blanks and all but printable ASCII escaped, as `json` writes it.

    `msgspec` writes the same faster, but for what is no ASCII, the character DEL, and numbers that either might write
    with an exponent.
    """
    try:
        text = _SORTED.encode(content)
    except (msgspec.MsgspecError, ValueError, OverflowError):
        return _written(content)
    if _EXPONENT.search(_outside_strings(text)):
        return _written(content)
    return (text if text.isascii() else text.decode().encode("ascii", "json")).replace(b"\x7f", b"\\u007f")


def _outside_strings(text: bytes) -> bytes:
    """What JSON has outside its strings: numbers, words and punctuation."""
    return b"".join(text.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])


def _written(content: Json) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _escaped(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    return _escapes(problem.object[problem.start : problem.end]), problem.end


@lru_cache(maxsize=4096)
def _escapes(text: str) -> str:
    return json.dumps(text)[1:-1]


codecs.register_error("json", _escaped)


def _type_written(data: bytes) -> str:
    """The type that an unreadable line names somewhere, so that a lost Patient is known as one."""
    named = _NAMED_TYPE.search(data)
    return named[1].decode() if named else ""


def _set_aside(line: Line, entry: int | None, kind: str, reason: str) -> Row:
    digest = hashlib.sha256(line.data).hexdigest()
    place = {"file": line.file, "line": line.number, "offset": line.offset, "entry": entry}
    return {**place, "hash": digest, "type": kind, "reason": reason}


def _resource_row(line: Line, entry: Entry, content: str, deleted: bool, zone: ZoneInfo) -> Row:
    meta = entry.json.get("meta") or {}
    place = {"file": line.file, "line": line.number, "entry": entry.number}
    updated = str(meta.get("lastUpdated"))
    version = {
        "version": meta.get("versionId"),
        "updated": read_moment(updated, zone).to_utc if _is_date(updated, zone) else None,
    }
    return {"key": entry.key, "type": entry.type, "content": content, **version, **place, "deleted": deleted}


def _references(held: Held, profile: Profile) -> Iterator[Row]:
    for relation in profile.relations.get(held.json["resourceType"], ()):
        for found in relation.path(held.json):
            target = reference_key(found if isinstance(found, dict) else {"reference": found}, held.key, held.scope)
            if target is not None:
                yield {
                    "source": held.key,
                    "content": held.content,
                    "relation": relation.name,
                    "target": target,
                }


def _directory(held: Held, zone: ZoneInfo) -> Iterator[Row]:
    parts = [(held.json, held.key)]
    parts += [(part, f"{held.key}#{part.get('id')}") for part in held.json.get("contained") or [] if _typed(part)]
    for part, key in parts:
        for owner, attribute, value in directory.directory_rows(part, key, held.scope, zone):
            yield {"key": owner, "content": held.content, "attribute": attribute, "value": value}


def _typed(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("resourceType"), str)
