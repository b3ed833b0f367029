"""What differs between the rules of two years, entry by entry, in the words of the files."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scoring.year import RuleBook

_NAMED_BY = {
    "measure": ("id",),
    "doubt": ("id",),
    "deadline": ("id",),
    "choice": ("objective",),
    "path": ("measures",),
    "joint": ("objective",),
    "reallocation": ("excluded",),
    "combination": ("excluded",),
    "suppression": ("measure",),
    "reading": ("doubt",),
    "exclusion_threshold": ("exclusion",),
    "criteria": ("measures",),
    "route": ("submitter",),
}
"""By which keys an entry of an array is known again in another year."""

_NOT_RULES = frozenset({"source", "year", "cites", "specification"})


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs. `before` or `after` is None where the year does not have it."""

    where: str
    before: str | None
    after: str | None


def changes(before: RuleBook, after: RuleBook) -> tuple[Change, ...]:
    """Every rule that one of two years has and the other has not, or has differently, in file order.

    Sources and addresses of specifications are left out: they differ every year and rule nothing.
    """
    old, new = (dict(_values(tomllib.loads(book.text), "")) for book in (before, after))
    order = dict.fromkeys((*old, *new))
    return tuple(Change(where, old.get(where), new.get(where)) for where in order if old.get(where) != new.get(where))


def _values(content: dict[str, Any], at: str) -> Iterator[tuple[str, str]]:
    for key, value in content.items():
        if key in _NOT_RULES:
            continue
        where = f"{at}.{key}" if at else key
        if isinstance(value, dict):
            yield from _values(value, where)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for entry in value:
                yield from _values(entry, f"{where}[{_name(key, entry)}]")
        else:
            yield where, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _name(key: str, entry: dict[str, Any]) -> str:
    named = (entry.get(part, "") for part in _NAMED_BY.get(key, ("id",)))
    return " ".join(" ".join(value) if isinstance(value, list) else str(value) for value in named)
