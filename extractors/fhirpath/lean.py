"""What generated functions call where the values they find are used and not given out.

An element may be less than the resource's own: only what a profile reads of it. So objects are not copied, and where
the rest of one could change an answer, the whole resource is asked for: `Unusual`.
"""

from decimal import Decimal
from typing import Any

from extractors.fhirpath import running
from extractors.fhirpath.running import Unusual


def answer(out: list[Any], value: Any) -> None:
    """Add a value to an answer as it is; one that may be an extension alone is none, which only the whole tells."""
    kind = type(value)
    if kind is not str:
        if kind is list or (kind is dict and (not value or (len(value) == 1 and "extension" in value))):
            raise Unusual
        if kind is float:
            value = Decimal(str(value))
    out.append(value)


def distinct(found: list[Any]) -> list[Any]:
    """Equal values once; objects that look equal may differ in the rest of them."""
    once = running.distinct(found)
    if len(once) < len(found) and dict in map(type, found):
        raise Unusual
    return once


def equal(one: Any, other: Any) -> bool | None:
    """FHIRPath's `=` of values; of objects only the whole ones compare."""
    if type(one) is dict or type(other) is dict:
        raise Unusual
    return running.equal(one, other)


def unequal(one: Any, other: Any) -> bool | None:
    """FHIRPath's `!=`, likewise."""
    found = equal(one, other)
    return None if found is None else not found
