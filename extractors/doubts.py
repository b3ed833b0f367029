"""What the types of a projection do not check: whether dates are dates, and whether a choice stands twice.

The walk goes only to the places of a type below which, by R4's schema and what is read, there can be either.
"""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from extractors.dates import read_moment
from extractors.decode import Json, is_date_type, rules_of


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


def is_plain(value: Json, doubts: Doubts, zone: ZoneInfo) -> bool:
    """Whether nothing is in doubt in an object whose values have the right types.

    Raises:
        ValueError: a date is none.
    """
    for name in doubts.dates:
        text = value.get(name)
        if text:
            read_moment(text, zone)
    for names in doubts.choices:
        if sum([name in value for name in names]) > 1:
            return False
    for name, within in doubts.ones:
        one = value.get(name)
        if one and not within.names.isdisjoint(one) and not is_plain(one, within, zone):
            return False
    return (not doubts.many and not doubts.lists) or _are_plain(value, doubts, zone)


def _are_plain(value: Json, doubts: Doubts, zone: ZoneInfo) -> bool:
    for name in doubts.lists:
        for text in filter(None, value.get(name) or ()):
            read_moment(text, zone)
    for name, within in doubts.many:
        for one in value.get(name) or ():
            if one and not within.names.isdisjoint(one) and not is_plain(one, within, zone):
                return False
    return True
