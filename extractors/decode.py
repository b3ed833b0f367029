"""One NDJSON line to one guarded JSON object, and the R4 shape of what a profile reads.

The schema is `fhirclient`'s `elementProperties()`. Only elements that a profile reads are checked: a
departure elsewhere must not lose a real order. Nothing here decides what a resource means.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import msgspec
from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.fhirdatetime import FHIRDateTime
from fhirclient.models.fhirelementfactory import FHIRElementFactory
from fhirclient.models.fhirinstant import FHIRInstant
from fhirclient.models.fhirtime import FHIRTime
from fhirclient.models.resource import Resource

Json = dict[str, Any]
MAXIMUM_DEPTH = 64
MAXIMUM_LINE = 16 * 1024 * 1024

_DATES = (FHIRDate, FHIRDateTime, FHIRInstant)
_TEXTS = (*_DATES, FHIRTime, str)
_PRIMITIVES = (*_TEXTS, bool, int, float)
_ALWAYS = frozenset(
    {"resourceType", "id", "meta", "versionId", "lastUpdated", "reference", "identifier", "system", "value", "type"}
    | {"coding", "code", "display", "text"}
)
_WHOLE = msgspec.json.Decoder()
_PARTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_NAMES = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}


class Unreadable(ValueError):  # noqa: N818  # the word says it: a line, not an error of ours
    """A line is set aside; the message is the reason, without any content of the line."""


class _Pairs:
    """Collects JSON objects and remembers whether the last one closed, the outermost, repeated a key."""

    def __init__(self) -> None:
        self.repeated: str | None = None

    def __call__(self, pairs: list[tuple[str, Any]]) -> Json:
        found = dict(pairs)
        self.repeated = None if len(found) == len(pairs) else _first_repeated(pairs)
        return found


def _first_repeated(pairs: list[tuple[str, Any]]) -> str:
    names = [name for name, _ in pairs]
    return next(name for name in names if names.count(name) > 1)


def is_object(data: bytes) -> bool:
    """Whether bytes are one JSON object that `read_object` reads."""
    try:
        read_object(data)
    except Unreadable:
        return False
    return True


def read_object(data: bytes, most: int = MAXIMUM_LINE) -> Json:
    """Read one JSON object from UTF-8 bytes, `most` of them.

    A byte order mark is stripped. In the outermost object a repeated key is refused; deeper, the last one
    wins, as JSON readers commonly do.

    Raises:
        Unreadable: not UTF-8, not JSON, NaN or Infinity, too deep, too long, or not an object.
    """
    if len(data) > most:
        raise Unreadable(f"longer than {most} bytes, the limit of a line")
    found = _compact(data.strip(b" \t\r\n")) or _judged(data)
    if data.count(b"{") + data.count(b"[") > MAXIMUM_DEPTH and _depth(found) > MAXIMUM_DEPTH:
        raise Unreadable(f"nested deeper than {MAXIMUM_DEPTH}")
    if _SURROGATE.search(data) and not _is_text(found):
        raise Unreadable("half of a surrogate pair stands alone: no Unicode text")
    return found


def _compact(data: bytes) -> Json | None:
    """An object without blanks between its members and with none of them twice; None for anything else.

    Such an object is exactly as long as its names and values, each once, and what stands between them.
    """
    try:
        parts, found = _PARTS.decode(data), _WHOLE.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    names, values = len("".join(parts).encode()), sum(map(len, parts.values()))
    return found if 1 + names + values + _AROUND * len(parts) == len(data) else None


_AROUND = len('"":,')
"""What stands around a name and its value. The last comma is the closing brace."""


def _judged(data: bytes) -> Json:
    """An object of any form, or why it is none."""
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Unreadable(f"not UTF-8 at byte {problem.start} of the line") from None
    pairs = _Pairs()
    found = _parse(text, pairs)
    if not isinstance(found, dict):
        raise Unreadable(f"$: expected object, got {_NAMES.get(type(found), 'null')}")
    if pairs.repeated is not None:
        raise Unreadable("$: a key of the outermost object stands twice")
    return found


def _is_text(found: Json) -> bool:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(text: str, pairs: Callable[[list[tuple[str, Any]]], Json]) -> object:
    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=_refuse_constant)
    except json.JSONDecodeError as problem:
        raise Unreadable(f"not JSON at column {problem.colno}: {problem.msg}") from None
    except RecursionError:
        raise Unreadable(f"nested deeper than {MAXIMUM_DEPTH}") from None
    except Unreadable:
        raise
    except ValueError:
        raise Unreadable("a number with too many digits") from None


def _refuse_constant(name: str) -> NoReturn:
    raise Unreadable(f"not JSON: {name} is no JSON number")


def _depth(value: object) -> int:
    """Levels of objects and arrays, counted without recursion: what is read may be deeper than a stack."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [part for item in level for part in (item.values() if isinstance(item, dict) else item)]
    return depth


@cache
def schema_of(resource_type: str) -> Mapping[str, "tuple[type, bool, str | None]"] | None:
    """JSON names of a resource type's elements, each with type, list-ness and choice group; None if no R4 type."""
    kind = type_of(resource_type)
    return None if kind is None else elements_of(kind)


@cache
def type_of(resource_type: str) -> type | None:
    """The type of a resource, whose elements `elements_of` names; None if R4 has none of that name."""
    try:
        instance = FHIRElementFactory.instantiate(resource_type, None)
    except Exception:  # fhirclient raises bare exceptions for what it does not know
        return None
    kind: type = type(instance)
    return kind if isinstance(instance, Resource) and instance.resource_type == resource_type else None


@cache
def elements_of(element: type) -> Mapping[str, "tuple[type, bool, str | None]"]:
    """JSON names of a type's elements, each with type, list-ness and choice group; for types that this file names."""
    return {json: (kind, many, of) for _, json, kind, many, of, _ in element().elementProperties()}


def check_shape(resource: Json, read: frozenset[str], is_date: Callable[[str], bool]) -> None:
    """Check the R4 shape of the elements whose names are in `read`, at every depth.

    Null and empty text count as absent, as servers send them for "no value".

    Raises:
        Unreadable: with the path, what R4 expects there and what was found.
    """
    kind = type_of(str(resource["resourceType"]))
    if kind is not None:
        _check_object(resource, kind, with_always(read), is_date, None)


@cache
def with_always(read: frozenset[str]) -> frozenset[str]:
    """Names that are read with those that always are."""
    return read | _ALWAYS


_At = tuple[Any, str] | None
"""Where a value stands: where what holds it stands, and its name; None for the resource."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The shape of one element: its type, whether it repeats, its choice group, and the Python types of its values.

    `plain` is the Python type of a value of which nothing else is checked; None if there is more to check.
    """

    kind: type
    many: bool
    group: str | None
    values: tuple[type, ...]
    holds: bool
    plain: type | None

    @property
    def expected(self) -> str:
        """The word for its values in a reason."""
        return "string" if self.kind in _TEXTS else _NAMES.get(self.kind, "object")


@cache
def rules_of(kind: type, read: frozenset[str]) -> Mapping[str, Rule]:
    """What is checked of a type when some names are read."""
    return {
        name: Rule(of, many, group, _values_of(of), _holds(of), None if many or group or _holds(of) else _plain(of))
        for name, (of, many, group) in elements_of(kind).items()
        if name in read or group in read
    }


def _holds(kind: type) -> bool:
    """Whether elements of a type have elements that are checked."""
    return not is_primitive(kind) and not is_open(kind)


def _plain(kind: type) -> type | None:
    return kind if kind in (str, bool) else None


def _values_of(kind: type) -> tuple[type, ...]:
    if not is_primitive(kind):
        return (dict,)
    if kind in _TEXTS:
        return (str,)
    return (bool,) if kind is bool else (int, float)


def _check_object(value: Json, kind: type, read: frozenset[str], is_date: Callable[[str], bool], at: _At) -> None:
    rules = rules_of(kind, read)
    chosen: dict[str, str] = {}
    for name, found in value.items():
        rule = rules.get(name)
        if rule is None or found is None or type(found) is rule.plain:
            continue
        if rule.group is not None and chosen.setdefault(rule.group, name) != name:
            raise Unreadable(
                f"{_written(at)}.{rule.group}[x]: expected one choice, got {chosen[rule.group]} and {name}"
            )
        _check_element(found, rule, read, is_date, (at, name))


def _check_element(found: Any, rule: Rule, read: frozenset[str], is_date: Callable[[str], bool], at: _At) -> None:
    if rule.many != (type(found) is list):
        raise Unreadable(f"{_written(at)}: expected {'array' if rule.many else rule.expected}, got {_name(found)}")
    for item in found if rule.many else (found,):
        if item is None:
            continue
        if type(item) not in rule.values:
            raise Unreadable(f"{_written(at)}: expected {rule.expected}, got {_name(item)}")
        if rule.holds:
            _check_object(item, rule.kind, read, is_date, at)
        elif rule.kind in _DATES and item and not is_date(item):
            raise Unreadable(f"{_written(at)}: expected a FHIR date, got text that is none")


def _written(at: _At) -> str:
    return "$" if at is None else f"{_written(at[0])}.{at[1]}"


def is_date_type(kind: type) -> bool:
    """Whether elements of this type are dates, dateTimes or instants."""
    return kind in _DATES


def is_open(kind: type) -> bool:
    """Whether an element of this type holds a resource of any type."""
    return kind.__name__ == "Resource"


def is_primitive(kind: type) -> bool:
    """Whether elements of this type hold a value and no elements."""
    return kind in _PRIMITIVES


def _name(found: object) -> str:
    return _NAMES.get(type(found), "null")
