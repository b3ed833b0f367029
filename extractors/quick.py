"""The quick way to answer a profile's expressions, from what it reads of a resource; what is said again is asked once.

It gives up (`Unusual`, TypeError) where more of a resource could matter, and the whole way answers.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from extractors.decode import Json, Rule, is_date_type, rules_of, type_of, with_always
from extractors.doubts import Check, Doubts, checks_of
from extractors.fhirpath import Columns, Found, quick_columns, quick_criteria, quick_path
from extractors.profile import Profile
from extractors.recalled import Read, Recalled, remember
from extractors.rows import Values
from extractors.selectors import SAYS, WHO, Selector, words_of
from extractors.told import Said, Told, told_of
from extractors.witness import RESOLVED, Held, witness

_OWN = frozenset({"FHIRReference", "Identifier", "Meta", "Period"})
"""Types of what differs from resource to resource, as dates do, and passes into rows without deciding anything."""

_EVERYTHING = frozenset({"getResourceKey", "this"})
"""Words that read more of a resource than they name."""


class Steady:
    """Which expressions rest on members alone that say the same in many resources.

    Args:
        kind: a resource type.
        read: the names of the elements that are read of it.
    """

    def __init__(self, kind: str, read: frozenset[str]) -> None:
        of = type_of(kind)
        self._rules = rules_of(of, with_always(read)) if of else {}
        self._steady = {rule.group or name for name, rule in self._rules.items() if not _is_own(rule)}

    def has(self, member: str) -> bool:
        """Whether a member is steady."""
        rule = self._rules.get(member)
        return rule is not None and (rule.group or member) in self._steady

    def members(self, texts: Sequence[str]) -> frozenset[str] | None:
        """The members that decide some expressions, by their words; None if one of them is everybody's own.

        A choice is that only if each of its types is.
        """
        words = words_of(*texts)
        names = {name for name, rule in self._rules.items() if name in words or rule.group in words}
        groups = {self._rules[name].group or name for name in names}
        if words & _EVERYTHING or "id" in names or not self._steady.issuperset(groups):
            return None
        return frozenset(names | {f"_{name}" for name in names})


def _is_own(rule: Rule) -> bool:
    return is_date_type(rule.kind) or rule.kind.__name__ in _OWN


class Quick:
    """What a profile's selectors make of usual resources of one type; `relations` finds what references point to."""

    def __init__(self, profile: Profile, kind: str, read: frozenset[str], doubts: Doubts, zone: ZoneInfo) -> None:
        selectors, relations = profile.selectors.get(kind, ()), profile.relations.get(kind, ())
        steady = Steady(kind, read)
        self.is_plain = _Plain(doubts, steady, zone)
        self.places = _Matched([selector.texts["where"] for selector in selectors], kind, steady)
        self.selected = [_Selected(selector, kind, steady, zone) for selector in selectors]
        self.relations: Columns = quick_columns(tuple(relation.text for relation in relations), (), kind)


class _Plain:
    """Whether nothing in what is read of a line is in doubt."""

    def __init__(self, doubts: Doubts, steady: Steady, zone: ZoneInfo) -> None:
        checks = checks_of(doubts, zone)
        again = [(name, check) for name, check in checks.items() if steady.has(name)]
        self._own = [(name, check) for name, check in checks.items() if not steady.has(name)]
        self._recalled = Recalled([name for name, _ in again], lambda json: _pass(json, again))
        self._choices = doubts.choices
        self._once: dict[tuple[str, ...], bool] = {}

    def __call__(self, read: Read) -> bool:
        """Whether it is so; raises ValueError for a date that is none."""
        once = self._once.get(read.names)
        if once is None:
            once = not any(len(set(names) & set(read.names)) > 1 for names in self._choices)
            remember(self._once, read.names, once)
        return once and self._recalled(read) and _pass(read.json, self._own)


def _pass(json: Json, checks: Iterable[tuple[str, Check]]) -> bool:
    for name, (telling, check) in checks:
        value = json.get(name)
        if value and (telling is None or not telling.isdisjoint(value)) and not check(value):
            return False
    return True


class _Matched:
    """Which of some criteria are true."""

    def __init__(self, texts: Sequence[str], kind: str, steady: Steady) -> None:
        names = {place: steady.members([text]) for place, text in enumerate(texts)}
        self._again = [place for place, found in names.items() if found is not None]
        self._own = [place for place, found in names.items() if found is None]
        again = quick_criteria(tuple(texts[place] for place in self._again), kind)
        self._recalled = Recalled(_all(names.values()), lambda json: [self._again[n] for n in again(json)])
        self._asked = quick_criteria(tuple(texts[place] for place in self._own), kind)

    def __call__(self, read: Read) -> Sequence[int]:
        """The places of those that are true, in order."""
        found = self._recalled(read) if self._again else []
        return sorted([*found, *[self._own[n] for n in self._asked(read.json)]]) if self._own else found


class _Selected:
    """What one selector makes of a resource that it matches."""

    def __init__(self, selector: Selector, kind: str, steady: Steady, zone: ZoneInfo) -> None:
        texts = selector.texts
        excluded = tuple(text for name, text in texts.items() if name.startswith("except "))
        told = steady.members([*[texts[name] for name in SAYS if name in texts], *excluded])
        who = {place: steady.members([texts[name]]) for place, name in enumerate(WHO) if name in texts}
        self._selector, self._zone = selector, zone
        self._tells = told is not None and "ccda" not in texts
        self._says = quick_columns(tuple(texts.get(name) for name in SAYS), excluded, kind)
        paths = {place: quick_path(texts[WHO[place]], kind) for place in who}
        self._own = [(place, paths[place], RESOLVED[place]) for place, found in who.items() if found is None]
        self._again = [(place, paths[place]) for place, found in who.items() if found is not None]
        self._recalled = Recalled(_all([told if self._tells else None, *who.values()]), self._ask)

    def _ask(self, json: Json) -> tuple[Told | None, list[Found]]:
        """What is told, if steady members tell it, and what is found of who and when in those."""
        found: list[Any] = [None] * len(WHO)
        for place, path in self._again:
            found[place] = path(json)
        return told_of(self._selector, self._says(json)) if self._tells else None, found

    def __call__(self, read: Read, held: Held, rows: list[Values]) -> Said:
        """Add its rows; what it made of the resource."""
        told, again = self._recalled(read)
        who: list[Any] = [None] * len(WHO)
        for place, _ in self._again:
            who[place] = RESOLVED[place](again[place], held, self._zone)
        for place, path, resolved in self._own:
            who[place] = resolved(path(read.json), held, self._zone)
        return witness(held, self._selector, told or told_of(self._selector, self._says(read.json)), who, rows)


def _all(names: Iterable[frozenset[str] | None]) -> frozenset[str]:
    return frozenset().union(*[found for found in names if found is not None])
