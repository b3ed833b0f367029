"""What one resource witnesses: every selector of a profile tried on it, and the rows of those that match."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from extractors import ccda, columns
from extractors.decode import Json, Unreadable
from extractors.fhirpath import code_in, is_true
from extractors.profile import Profile
from extractors.references import Scope, reference_key
from extractors.selectors import Selector
from extractors.vocabulary import Answer, EventKind

Row = dict[str, Any]

_UNMAPPED = "has a value that the profile does not map"


@dataclass(frozen=True, slots=True)
class Held:
    """One resource in hand: its JSON, key, content hash, the scope of its references, and whether it has a modifier."""

    json: Json
    key: str
    content: str
    scope: Scope
    modified: bool


class Hit(StrEnum):
    """What a rule made of a resource that it matched; one resource may give several."""

    MATCHED = "matched"
    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    EXCLUDED = "excluded"
    UNMAPPED = "unmapped"
    UNDATED = "undated"
    ZONE_ASSUMED = "zone_assumed"
    ABOUT_NOTHING = "about_nothing"

    __hash__ = str.__hash__  # an enum's own is slower


@dataclass(slots=True)
class Tried:
    """How often each rule did what, counted in resources as they were read.

    The third part of a key is the reason of an exclusion, or the value that is not mapped: that only if it is a
    code of the resource, for any other text may be a name or a number.
    """

    hits: Counter[tuple[str, Hit, str]] = field(default_factory=Counter)

    def note(self, rule: str, hit: Hit, what: str = "") -> None:
        """Count one resource."""
        self.hits[rule, hit, what] += 1


def is_unmapped(reason: str | None) -> bool:
    """Whether the reason of an event is that its value is not in the profile's map."""
    return reason is not None and reason.endswith(_UNMAPPED)


def events_of(held: Held, profile: Profile, zone: ZoneInfo, tried: Tried) -> Iterator[Row]:
    """What a resource witnesses, as rows of the event table; `tried` is told which selectors matched.

    Raises:
        Unreadable: a path meets a shape that it cannot be evaluated on.
    """
    kind = held.json["resourceType"]
    for place in _found(profile.criteria[kind], held) if kind in profile.criteria else ():
        selector = profile.selectors[kind][place]
        tried.note(selector.rule, Hit.MATCHED)
        yield from _selected(held, selector, zone, tried)


def _found(path: Any, held: Held) -> list[Any]:
    try:
        return list(path(held.json))
    except Exception as problem:  # fhirpathpy raises bare exceptions on shapes that it does not expect
        raise Unreadable(f"cannot be evaluated ({type(problem).__name__})") from None


def _selected(held: Held, selector: Selector, zone: ZoneInfo, tried: Tried) -> Iterator[Row]:
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
    foci = _foci(held, selector, column)
    _note(shared, foci, tried)
    if barred is not None:
        tried.note(selector.rule, Hit.EXCLUDED, barred[1])
    if is_unmapped(reason):
        tried.note(selector.rule, Hit.UNMAPPED, code_in(held.json, columns.text(column.get("answer", []))) or "")
    for kind in _kinds(selector, column):
        for focus in foci:
            for clinician in keys["on_behalf_of"] or keys["clinician"] or (None,):
                for counterpart in _keys(column.get("counterpart", []), held) or (None,):
                    yield {**shared, "kind": kind, "focus": focus, "clinician": clinician, "counterpart": counterpart}


def _note(said: Row, foci: list[str], tried: Tried) -> None:
    rule, answer = said["rule"], said["answer"]
    tried.note(rule, Hit(answer))
    if not foci:
        tried.note(rule, Hit.ABOUT_NOTHING)
    if said["from_utc"] is None:
        tried.note(rule, Hit.UNDATED)
    if said["zone_assumed"]:
        tried.note(rule, Hit.ZONE_ASSUMED)


def _kinds(selector: Selector, column: Mapping[str, list[Any]]) -> list[EventKind]:
    if "kind_path" not in column:
        return list(selector.kinds)
    return [EventKind(code) for code in column["kind_path"] if code in selector.kinds]


def _foci(held: Held, selector: Selector, column: Mapping[str, list[Any]]) -> list[str]:
    if "focus" not in column:
        return [held.key]
    keys = _keys(column["focus"], held)
    return [key for key in keys if not selector.focus_types or _type_of(key) in {"", *selector.focus_types}]


def _type_of(key: str) -> str:
    """The type that a key names; empty for an identifier without a type, whose resource is not known yet."""
    return re.split(r"[/?]", key.partition("?")[0].rpartition("!")[2] or key, maxsplit=1)[0]


def _keys(found: list[Any], held: Held) -> list[str]:
    keys = [reference_key(item, held.key, held.scope) for item in found if isinstance(item, dict)]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _of_document(attachments: list[Any]) -> dict[str, list[Any]]:
    """What the content of a document says, as columns: the word is its detail too, for later joins."""
    reading = ccda.read_best(attachments)
    return {"answer": [reading.word], "detail": [reading.word], "reason": [reading.reason]}


def _barred(held: Held, selector: Selector) -> tuple[Answer, str] | None:
    for exclusion in selector.exclusions:
        if is_true(_found(exclusion.when, held)):
            return Answer.NOT_MET, exclusion.reason
    if held.modified:
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
    return Answer.UNKNOWN, f"{selector.resource} {_UNMAPPED}"


def has_modifier(value: object) -> bool:
    """Whether a resource, or anything in it, carries a modifierExtension."""
    if isinstance(value, dict):
        return bool(value.get("modifierExtension")) or any(map(has_modifier, value.values()))
    return isinstance(value, list) and any(map(has_modifier, value))
