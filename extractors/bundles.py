"""A line as its resources: the resource itself, or the entries of a Bundle.

A `collection`, `document` or `message` Bundle is a data set of its own, isolated on purpose: its resources carry
the Bundle's name in their keys, and their literal references never leave it, so that `Patient/1` of two Bundles
is two patients. Only references by identifier (logical or conditional) reach what stands outside. Every other
Bundle is a page or a transaction of one server.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from extractors.decode import Json, Unreadable, schema_of
from extractors.references import Scope, reference_key

_SELF_CONTAINED = frozenset({"collection", "document", "message"})
_NAME_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a line. `number` is its place in the Bundle, None outside one."""

    json: Json
    type: str
    key: str
    scope: Scope
    number: int | None
    deleted: bool = False


def entries_of(document: Json, data: bytes) -> Iterator[Entry]:
    """The resources of one line, Bundles (nested ones too) unfolded.

    Raises:
        Unreadable: a Bundle whose entries are not what R4 says.
    """
    if document["resourceType"] != "Bundle":
        yield Entry(document, document["resourceType"], _key(document, None, data), Scope(), None)
        return
    entries = document.get("entry") or []
    if not isinstance(entries, list) or not all(_is_entry(e) for e in entries):
        raise Unreadable("$.entry: expected array of objects")
    prefix = _prefix(document, data)
    keyed = [(n, entry, _entry_key(entry, prefix)) for n, entry in enumerate(entries)]
    scope = Scope(prefix, _full_urls(keyed, prefix))
    for number, entry, key in keyed:
        yield from _entry(number, entry, key, scope)


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(part) or {}, dict) for part in ("resource", "request", "response")
    )


def _entry(number: int, entry: Mapping[str, Any], key: str | None, scope: Scope) -> Iterator[Entry]:
    resource = entry.get("resource")
    if resource is None:
        yield from _deletion(number, entry, scope)
    elif key is None:
        raise Unreadable(f"$.entry[{number}].resource: expected a resource with a resourceType")
    elif resource["resourceType"] == "Bundle":
        inner = json.dumps(resource, sort_keys=True).encode()
        yield from (replace(found, number=number) for found in entries_of(resource, inner))
    else:
        yield Entry(resource, resource["resourceType"], key, scope, number)


def _deletion(number: int, entry: Mapping[str, Any], scope: Scope) -> Iterator[Entry]:
    """A DELETE entry, with the time at which the server carried it out where a history gives one."""
    request, response = entry.get("request") or {}, entry.get("response") or {}
    gone = reference_key({"reference": request.get("url")}, "", Scope()) or ""
    kind, found, _ = gone.partition("/")
    if request.get("method") == "DELETE" and found and schema_of(kind) is not None:
        meta = {"lastUpdated": response.get("lastModified")}
        yield Entry({"meta": meta}, kind, scope.prefix + gone, scope, number, deleted=True)


def _prefix(bundle: Json, data: bytes) -> str:
    if str(bundle.get("type")) not in _SELF_CONTAINED:
        return ""
    name = bundle.get("id")
    return f"{name if isinstance(name, str) else _digest(data)}!"


def _entry_key(entry: Mapping[str, Any], prefix: str) -> str | None:
    resource = entry.get("resource")
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        return None
    return prefix + _key(resource, entry.get("fullUrl"), json.dumps(resource, sort_keys=True).encode())


def _key(resource: Json, full_url: object, data: bytes) -> str:
    identity = resource.get("id")
    if not isinstance(identity, str) or not identity:
        identity = full_url.rpartition(":")[2].rpartition("/")[2] if isinstance(full_url, str) else _digest(data)
    return f"{resource['resourceType']}/{identity}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_NAME_DIGITS]


def _full_urls(keyed: list[tuple[int, Json, str | None]], prefix: str) -> dict[str, str]:
    known: dict[str, str] = {}
    for _, entry, key in keyed:
        if key is None:
            continue
        if isinstance(entry.get("fullUrl"), str):
            known[entry["fullUrl"]] = key
        if prefix:
            known[key.removeprefix(prefix)] = key
    return known
