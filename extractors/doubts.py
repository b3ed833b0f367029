"""What the types of a projection do not check: whether dates are dates, and whether a choice stands twice.

The walk goes only to the places of a type below which, by R4's schema and what is read, there can be either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from extractors.dates import read_moment
from extractors.decode import Json, is_date_type, rules_of

Check = tuple[frozenset[str] | None, Callable[[Any], object]]


@dataclass(slots=True)
class Doubts:
    """Members of a type that are dates, that repeat dates, the choices, and those that hold doubts, once or repeated.

    `names` are the names of all of them.
    """

    dates: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)
    choices: list[tuple[str, ...]] = field(default_factory=list)
    ones: list[tuple[str, "Doubts"]] = field(default_factory=list)
    many: list[tuple[str, "Doubts"]] = field(default_factory=list)
    names: frozenset[str] = frozenset()

    @property
    def here(self) -> bool:
        """Whether the type itself has any."""
        return bool(self.dates or self.lists or self.choices)


def doubts_of(kind: type, read: frozenset[str]) -> Doubts:
    """The doubts of a type when some names are read."""
    known: dict[type, Doubts] = {}
    found = _gathered(kind, read, known)
    telling = {id(doubts) for doubts in known.values() if doubts.here}
    while more := {id(d) for d in known.values() if any(id(of) in telling for _, of in (*d.ones, *d.many))} - telling:
        telling |= more
    for doubts in known.values():
        doubts.ones = [(name, of) for name, of in doubts.ones if id(of) in telling]
        doubts.many = [(name, of) for name, of in doubts.many if id(of) in telling]
        chosen = [name for names in doubts.choices for name in names]
        doubts.names = frozenset({*doubts.dates, *doubts.lists, *chosen, *dict(doubts.ones), *dict(doubts.many)})
    return found


def _gathered(kind: type, read: frozenset[str], known: dict[type, Doubts]) -> Doubts:
    if kind in known:
        return known[kind]
    found = known[kind] = Doubts()
    choices: dict[str, list[str]] = {}
    for name, rule in rules_of(kind, read).items():
        if rule.group is not None:
            choices.setdefault(rule.group, []).append(name)
        if is_date_type(rule.kind):
            (found.lists if rule.many else found.dates).append(name)
        elif rule.holds:
            (found.many if rule.many else found.ones).append((name, _gathered(rule.kind, read, known)))
    found.choices = [tuple(names) for names in choices.values() if len(names) > 1]
    return found


def checks_of(doubts: Doubts, zone: ZoneInfo) -> Mapping[str, Check]:
    """For each member that may be in doubt by itself: what a value, not empty, has if it is, and what tells then.

    Without the former, any value may be. A check gives what is false for a value in doubt, and raises ValueError for a
    date that is none.
    """
    return {
        **{name: (None, lambda text: read_moment(text, zone)) for name in doubts.dates},
        **{name: (None, partial(_are_dates, zone=zone)) for name in doubts.lists},
        **{name: (within.names, partial(_is_plain, within, zone)) for name, within in doubts.ones},
        **{name: (None, partial(_are_plain, within, zone)) for name, within in doubts.many},
    }


def _are_dates(texts: list[str | None], zone: ZoneInfo) -> bool:
    return all([read_moment(text, zone) for text in texts if text])


def _are_plain(doubts: Doubts, zone: ZoneInfo, values: list[Json | None]) -> bool:
    return all([_is_plain(doubts, zone, value) for value in values if value])


def _is_plain(doubts: Doubts, zone: ZoneInfo, value: Json) -> bool:
    if doubts.names.isdisjoint(value):
        return True
    for name in doubts.dates:
        if text := value.get(name):
            read_moment(text, zone)
    for names in doubts.choices:
        if sum([name in value for name in names]) > 1:
            return False
    found = [_is_plain(within, zone, one) for name, within in doubts.ones if (one := value.get(name))]
    found += [_are_dates(texts, zone) for name in doubts.lists if (texts := value.get(name))]
    return all(found) and all([_are_plain(of, zone, some) for name, of in doubts.many if (some := value.get(name))])
