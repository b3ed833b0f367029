"""What a profile reads of a resource, decoded alone: the other elements of a line are passed over.

A line of the usual form is split at its outermost members, which shows a key that stands twice, and what is read of it
is decoded by types made from R4's schema, which checks its shape. Anything else about a line is for `decode` to judge.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypedDict, Union

import msgspec

from extractors.decode import (
    MAXIMUM_DEPTH,
    MAXIMUM_LINE,
    Json,
    Rule,
    rules_of,
    type_of,
    with_always,
)
from extractors.doubts import Doubts, doubts_of

_SORTED = msgspec.json.Encoder(order="sorted")
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DULL = bytes(byte for byte in range(128) if byte not in b"{[")
_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"{}[]")
_ESCAPED = re.compile(rb"\\u(?:00[4-7]|[dD][89a-fA-F])")
"""An escaped half of a surrogate pair, or an escaped letter, of which the name of an element could be made."""

_ENDLESS = 4300
"""Digits of a number that Python reads."""

_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_NAMED: Any = TypedDict
_AROUND = len('"":,')
"""What stands around a name and its value. The last comma is the closing brace."""

_WHOLE = frozenset({"contained", "modifierExtension"})
"""Members for which the whole resource is looked at."""


class Split(NamedTuple):
    """A line of the usual form: its bytes without blanks, its outermost members as they stand, and their names."""

    data: bytes
    parts: dict[str, msgspec.Raw]
    names: tuple[str, ...]

    @property
    def kind(self) -> bytes:
        """The bytes that name its type."""
        return bytes(self.parts["resourceType"])


def split(data: bytes) -> Split | None:
    """A line, if it is one JSON object of the usual form; None where `decode` has to look.

    The usual form is UTF-8, not too long or deep, with no member twice, nothing contained, no modifierExtension, and
    only such escapes as need no judgement. Blanks between the parts are left out.
    """
    try:
        found = _parted(data)
        if found is None and len(data) <= MAXIMUM_LINE:
            found = _parted(msgspec.json.format(data, indent=-1))
        return found if found is not None and _is_usual(found.data) else None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _parted(data: bytes) -> Split | None:
    """An object without blanks, with no member twice, at its members; None for anything else."""
    parts = _PARTS.decode(data)
    names = tuple(parts)
    around = _around(names)
    if around is None or around + sum(map(len, parts.values())) != len(data):
        return None
    return Split(data, parts, names)


@lru_cache(maxsize=4096)
def _around(names: tuple[str, ...]) -> int | None:
    """How long an object with some members is without their values; None where it is not of the usual form."""
    if "resourceType" not in names or not _WHOLE.isdisjoint(names):
        return None
    return 1 + len("".join(names).encode()) + _AROUND * len(names)


def _is_usual(data: bytes) -> bool:
    telling = data.translate(None, _DULL)
    if b"\\u" in data and _ESCAPED.search(data):
        return False
    if not telling.isascii():
        data.decode()
    if len(telling) > MAXIMUM_DEPTH and not _is_flat(data):
        return False
    return b"modifierExtension" not in data and len(data) <= MAXIMUM_LINE and not _has_endless(data)


def _is_flat(data: bytes) -> bool:
    """Whether JSON is surely nested no deeper than is allowed; each step takes one or two levels away."""
    brackets = _outside_strings(data).translate(None, _NO_BRACKET)
    for _ in range(MAXIMUM_DEPTH // 2):
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not brackets:
            return True
    return False


def _outside_strings(text: bytes) -> bytes:
    """What JSON has outside its strings: numbers, words and punctuation."""
    return b"".join(text.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])


def _has_endless(data: bytes) -> bool:
    """Whether there may be a number that Python refuses to read for its length."""
    if len(data) <= _ENDLESS or not any(chr(byte).isdigit() for byte in data[::_ENDLESS]):
        return False
    return b"0" * _ENDLESS in data.translate(_ZEROS)


@dataclass(frozen=True, slots=True)
class Projection:
    """What is read of resources of one type.

    `decode` takes the bytes of a line that `split` gave, and raises msgspec's errors for another shape; `of` takes the
    same from a whole resource of the right shape. `doubts` are what the types do not check.
    """

    decode: Callable[[bytes], Json]
    of: Callable[[Json], Json]
    doubts: Doubts


@cache
def projection_of(resource_type: str, read: frozenset[str]) -> Projection:
    """The projection of an R4 type to the elements whose names are read, at every depth.

    What stands beside them stays whole: the `_name` of a primitive, what is contained, and the type of a resource.
    """
    kind, read = type_of(resource_type), with_always(read)
    if kind is None:
        raise ValueError(f"{resource_type} is no type of R4")
    decoder = msgspec.json.Decoder(_typed(kind, read, {}))
    return Projection(decoder.decode, lambda resource: _projected(resource, kind, read), doubts_of(kind, read))


def _typed(kind: type, read: frozenset[str], known: dict[type, Any]) -> Any:
    """A type for msgspec: a dict that has at most what is read. It may hold itself, so its members are set later."""
    if kind in known:
        return known[kind]
    rules, beside = rules_of(kind, read), _beside(kind, read)
    made = known[kind] = _NAMED(kind.__name__, dict.fromkeys([*beside, *rules], Any), total=False)
    for name, rule in rules.items():
        value = _value(rule, read, known)
        made.__annotations__[name] = list[value] | None if rule.many else value  # type: ignore[valid-type]
    return made


def _value(rule: Rule, read: frozenset[str], known: dict[type, Any]) -> Any:
    """What an element may be: null counts as absent, as servers send it."""
    if rule.holds:
        return _typed(rule.kind, read, known) | None
    if rule.values == (dict,):
        return dict[str, Any] | None
    return Union[(*rule.values, None)]


@cache
def _beside(kind: type, read: frozenset[str]) -> frozenset[str]:
    return frozenset({"resourceType", "contained", *(f"_{name}" for name in rules_of(kind, read))})


def _projected(value: Json, kind: type, read: frozenset[str]) -> Json:
    rules, beside = rules_of(kind, read), _beside(kind, read)
    return {
        name: found if name in beside else _taken(found, rules[name], read)
        for name, found in value.items()
        if name in beside or name in rules
    }


def _taken(found: Any, rule: Rule, read: frozenset[str]) -> Any:
    if not rule.holds or found is None:
        return found
    if rule.many:
        return [None if item is None else _projected(item, rule.kind, read) for item in found]
    return _projected(found, rule.kind, read)


def content_hash(content: Json) -> str:
    """SHA-256 of JSON with sorted keys, without `meta`, which servers write: equal content has an equal hash."""
    hashed = content.copy()
    hashed.pop("meta", None)
    try:
        text = _SORTED.encode(hashed)
    except (msgspec.MsgspecError, ValueError, OverflowError):  # an integer of more than 64 bits
        text = json.dumps(hashed, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest()
