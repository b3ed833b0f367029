"""`extract`: lines of FHIR JSON to events, resources, references, directory and quarantine.

Pure and strict by line: the same lines and profile give the same rows, a bad line is set aside with its
place and reason, and its neighbours are untouched. The only code that sees FHIR JSON in bulk.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from extractors import ccda, columns, directory
from extractors.bundles import Entry, entries_of
from extractors.dates import read_moment
from extractors.decode import Json, Unreadable, check_shape, read_object, schema_of
from extractors.fhirpath import is_true
from extractors.profile import Profile
from extractors.references import Scope, reference_key
from extractors.selectors import Selector
from extractors.validation import LOOKED_AT
from extractors.vocabulary import Answer, EventKind

Row = dict[str, Any]

_NAMED_TYPE = re.compile(rb'"resourceType"\s*:\s*"([A-Za-z]{1,40})"')


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a source: its bytes without the line end, and where it stands (line from 1, byte offset)."""

    file: str
    number: int
    offset: int
    data: bytes


@dataclass(slots=True)
class Extract:
    """What lines became: rows by table (see `tables`), counts of what was not read, the first of each type."""

    events: list[Row] = field(default_factory=list)
    resources: list[Row] = field(default_factory=list)
    references: list[Row] = field(default_factory=list)
    directory: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    not_read: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: dict[str, list[Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Held:
    """One resource in hand: its JSON, key, content hash and the scope of its references."""

    json: Json
    key: str
    content: str
    scope: Scope


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
    reads = profile.reads.get(kind, frozenset()) | directory.reads_of(kind)
    if not reads:
        out.not_read[line.file, kind] += 1
        return
    if entry.deleted:
        out.resources.append(_resource_row(line, entry, "", True, zone))
        return
    try:
        check_shape(entry.json, reads, lambda text: _is_date(text, zone))
        _check_contained(entry.json, lambda text: _is_date(text, zone))
        held = _Held(entry.json, entry.key, content_hash(entry.json), entry.scope)
        rows = list(_events(held, profile, zone))
    except Unreadable as problem:
        out.quarantine.append(_set_aside(line, entry.number, kind, str(problem)))
        return
    first = out.first.setdefault(kind, [])
    if len(first) < LOOKED_AT:
        first.append(entry.json)
    out.resources.append(_resource_row(line, entry, held.content, False, zone))
    out.events.extend(rows)
    out.references.extend(_references(held, profile))
    out.directory.extend(_directory(held, zone))


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


def content_hash(resource: Json) -> str:
    """SHA-256 of a resource without `meta`, which servers write: equal content has an equal hash."""
    content = {name: value for name, value in resource.items() if name != "meta"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


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


def _references(held: _Held, profile: Profile) -> Iterator[Row]:
    for relation in profile.relations.get(held.json["resourceType"], ()):
        for found in relation.path(held.json):
            target = reference_key(found if isinstance(found, Mapping) else {"reference": found}, held.key, held.scope)
            if target is not None:
                yield {
                    "source": held.key,
                    "content": held.content,
                    "relation": relation.name,
                    "target": target,
                }


def _directory(held: _Held, zone: ZoneInfo) -> Iterator[Row]:
    parts = [(held.json, held.key)]
    parts += [(part, f"{held.key}#{part.get('id')}") for part in held.json.get("contained") or [] if _typed(part)]
    for part, key in parts:
        for owner, attribute, value in directory.directory_rows(part, key, held.scope, zone):
            yield {"key": owner, "content": held.content, "attribute": attribute, "value": value}


def _typed(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("resourceType"), str)


def _events(held: _Held, profile: Profile, zone: ZoneInfo) -> Iterator[Row]:
    for selector in profile.selectors.get(held.json["resourceType"], ()):
        if is_true(_found(selector.where, held)):
            yield from _selected(held, selector, zone)


def _found(path: Any, held: _Held) -> list[Any]:
    try:
        return list(path(held.json))
    except Exception as problem:  # fhirpathpy raises bare exceptions on shapes that it does not expect
        raise Unreadable(f"cannot be evaluated ({type(problem).__name__})") from None


def _selected(held: _Held, selector: Selector, zone: ZoneInfo) -> Iterator[Row]:
    column = {name: _found(path, held) for name, path in selector.paths.items()}
    keys = {
        name: _keys(column.get(name, []), held) for name in ("patient", "clinician", "on_behalf_of", "organization")
    }
    barred = _barred(held, selector)
    if barred is None and "ccda" in column:
        column |= _of_document(column["ccda"])
    answer, reason = barred or _answer(selector, column)
    shared: Row = {
        **{name: (found[0] if found else None) for name, found in keys.items()},
        **columns.dates(column, zone),
        **columns.coding(column.get("code", [])),
        "codings": columns.drug(column.get("code", [])) if EventKind.PRESCRIPTION_WRITTEN in selector.kinds else None,
        "answer": answer,
        "reason": reason,
        "source": held.key,
        "content": held.content,
        "identifier": columns.identifier(column.get("identifier", [])),
        "detail": columns.text(column.get("detail", [])),
        "setting": columns.text(column.get("setting", [])),
        "grade": selector.grade,
        "rank": selector.rank,
        "rule": selector.rule,
    }
    for kind in _kinds(selector, column):
        for focus in _foci(held, selector, column):
            for clinician in keys["clinician"] or (None,):
                for counterpart in _keys(column.get("counterpart", []), held) or (None,):
                    yield {**shared, "kind": kind, "focus": focus, "clinician": clinician, "counterpart": counterpart}


def _kinds(selector: Selector, column: Mapping[str, list[Any]]) -> list[EventKind]:
    if "kind_path" not in column:
        return list(selector.kinds)
    return [EventKind(code) for code in column["kind_path"] if code in selector.kinds]


def _foci(held: _Held, selector: Selector, column: Mapping[str, list[Any]]) -> list[str]:
    if "focus" not in column:
        return [held.key]
    keys = _keys(column["focus"], held)
    return [key for key in keys if not selector.focus_types or _type_of(key) in {"", *selector.focus_types}]


def _type_of(key: str) -> str:
    """The type that a key names; empty for an identifier without a type, whose resource is not known yet."""
    return re.split(r"[/?]", key.partition("?")[0].rpartition("!")[2] or key, maxsplit=1)[0]


def _keys(found: list[Any], held: _Held) -> list[str]:
    keys = [reference_key(item, held.key, held.scope) for item in found if isinstance(item, Mapping)]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _of_document(attachments: list[Any]) -> dict[str, list[Any]]:
    """What the content of a document says, as columns: the word is its detail too, for later joins."""
    reading = ccda.read_best(attachments)
    return {"answer": [reading.word], "detail": [reading.word], "reason": [reading.reason]}


def _barred(held: _Held, selector: Selector) -> tuple[Answer, str] | None:
    for exclusion in selector.exclusions:
        if is_true(_found(exclusion.when, held)):
            return Answer.NOT_MET, exclusion.reason
    if _has_modifier(held.json):
        return Answer.UNKNOWN, "a modifierExtension that this profile does not know may change the meaning"
    return None


def _answer(selector: Selector, column: Mapping[str, list[Any]]) -> tuple[Answer, str | None]:
    if not selector.answers:
        return Answer.MET, None
    value = columns.text(column.get("answer", [])) or ""
    if value in selector.answers:
        answer = selector.answers[value]
        reason = columns.text(column.get("reason", [])) or f"{selector.resource} says {value}"
        return answer, None if answer is Answer.MET else reason
    return Answer.UNKNOWN, f"{selector.resource} has a value that the profile does not map"


def _has_modifier(value: object) -> bool:
    if isinstance(value, dict):
        return bool(value.get("modifierExtension")) or any(map(_has_modifier, value.values()))
    return isinstance(value, list) and any(map(_has_modifier, value))
