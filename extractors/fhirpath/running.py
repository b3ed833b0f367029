"""What generated functions call while they run; plain JSON values in and out."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from extractors.references import Scope, reference_key


class Unusual(Exception):  # noqa: N818  # no error: the reference answers instead
    """A value has a shape that generated source is not made for."""


class _Many:
    """Stands for more than one value where one was looked for; equal to none."""


MANY: Final = _Many()
_LITERAL_KEY = re.compile(r"[A-Za-z]+/[^/?#|]+")


def only(found: Any) -> Any:
    """The only value of an element, which may repeat: None where there is none, MANY where there are several."""
    if type(found) is list:
        if len(found) != 1:
            return MANY if found else None
        found = found[0]
        if found is None or type(found) is list:
            raise Unusual
    if type(found) is dict and "resourceType" in found:
        raise Unusual
    return found


def equal(one: Any, other: Any) -> bool | None:
    """FHIRPath's `=` of what may be None, one value or MANY."""
    if one is None or other is None:
        return None
    if one is MANY and other is MANY:
        raise Unusual
    return bool(one == other)


def unequal(one: Any, other: Any) -> bool | None:
    """FHIRPath's `!=`."""
    found = equal(one, other)
    return None if found is None else not found


def negated(value: Any) -> bool | None:
    """`not()`: any single value that is no boolean counts as true."""
    if value is None or value is MANY:
        return None
    return value is False


def operand(value: Any) -> bool | None:
    """A value as an operand of `and` and `or`."""
    if value is None or value is True or value is False:
        return value
    raise Unusual


def both(one: bool | None, other: bool | None) -> bool | None:
    """Three-valued `and`."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def either(one: bool | None, other: bool | None) -> bool | None:
    """Three-valued `or`."""
    if one is True or other is True:
        return True
    return None if one is None or other is None else False


def among(value: Any, words: frozenset[str]) -> bool | None:
    """`in` some strings."""
    if value is None:
        return None
    if value is MANY:
        raise Unusual
    return type(value) is str and value in words


def equals_one(value: Any, words: frozenset[str]) -> bool | None:
    """Whether the only value equals one of some strings."""
    return None if value is None else type(value) is str and value in words


def tested(value: Any, holds: Callable[[str], Any]) -> bool | None:
    """Whether something holds of the only string; None where there is none."""
    if value is None:
        return None
    if type(value) is not str:
        raise Unusual
    return bool(holds(value))


def compared(one: Any, other: Any, holds: Callable[[Any, Any], Any]) -> bool | None:
    """An inequality of two numbers or two strings; a JSON number counts as the decimal that is written."""
    if one is None or other is None:
        return None
    if type(one) is str and type(other) is str:
        return bool(holds(one, other))
    return bool(holds(_number(one), _number(other)))


def _number(value: Any) -> int | Decimal:
    if type(value) is float:
        return Decimal(str(value))
    if type(value) is int or type(value) is Decimal:
        return value
    raise Unusual


def extension_of(element: Any, url: str) -> Any:
    """The first extension of an element with a URL; None where there is none."""
    if type(element) is not dict:
        return None
    found = element.get("extension", ())
    for one in found if type(found) is list else _unusual(found):
        if type(one) is not dict or "url" not in one:
            raise Unusual
    return next((one for one in found if one["url"] == url), None)


def _unusual(found: object) -> Sequence[Any]:
    if found == ():
        return ()
    raise Unusual


def distinct(found: list[Any]) -> list[Any]:
    """Equal values once, in the order in which they first came."""
    if len(found) < 2:
        return found
    if all(type(value) is str for value in found):
        return list(dict.fromkeys(found))
    return list({json.dumps(value, sort_keys=True): value for value in found}.values())


def at(found: list[Any], place: int) -> Any:
    """One of the values; None where it is not there."""
    return found[place] if place < len(found) and found else None


def joined(found: list[Any], separator: str = "") -> list[str]:
    """`join`, as SQL on FHIR has it: an empty string of nothing."""
    if not all(isinstance(value, str) for value in found):
        raise TypeError("join takes strings")
    return [separator.join(found)]


def resource_key(resource: Any) -> str | None:
    """SQL on FHIR's key of a resource: `Type/id`."""
    if not isinstance(resource, Mapping):
        return None
    kind, identity = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{identity}" if isinstance(kind, str) and isinstance(identity, str) and identity else None


def reference_key_of(reference: Any, kind: str | None = None) -> str | None:
    """SQL on FHIR's key of what a Reference points to; None if it names no resource, or none of the type `kind`."""
    key = reference_key(reference, "", Scope()) if isinstance(reference, Mapping) else None
    if key is None or not _LITERAL_KEY.fullmatch(key):
        return None
    return key if kind is None or key.partition("/")[0] == kind else None


def answer(out: list[Any], value: Any) -> None:
    """Add a value to an answer, as the reference gives values out."""
    if type(value) is str:
        out.append(value)
        return
    if type(value) is dict:
        if len(value) == 1 and "extension" in value:
            return
        value = _given_out(value)
    elif type(value) is list:
        raise Unusual
    out.append(Decimal(str(value)) if type(value) is float else value)


def _given_out(value: Any) -> Any:
    """A copy as the reference makes it: numbers as decimals, and no element of a list that is an extension alone."""
    if type(value) is dict:
        return {name: _given_out(part) if type(part) in _DEEP else part for name, part in value.items()}
    if type(value) is list:
        parts = map(_given_out, value)
        return [part for part in parts if not (type(part) is dict and len(part) == 1 and "extension" in part)]
    return Decimal(str(value)) if type(value) is float else value


_DEEP = (dict, list, float)
