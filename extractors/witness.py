"""What one resource witnesses: every selector of a profile tried on it, and the rows of those that match."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from extractors import ccda, columns
from extractors.answers import Answers
from extractors.dates import Moment
from extractors.decode import Json
from extractors.fhirpath import Unusual, code_in
from extractors.references import Scope, reference_key
from extractors.rows import Values
from extractors.selectors import Selector
from extractors.vocabulary import Answer, EventKind

Row = dict[str, Any]
Found = Sequence[Any]

_UNDATED = _UNCODED = (None, None, None, None)
_UNMAPPED = "has a value that the profile does not map"
_MODIFIED = "a modifierExtension that this profile does not know may change the meaning"


class Held(NamedTuple):
    """One resource in hand: its JSON, key, content hash, the scope of its references, and whether it has a modifier.

    `whole` is whether the JSON is all of it, or what the profile reads.
    """

    json: Json
    key: str
    content: str
    scope: Scope
    modified: bool
    whole: bool


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


class Said(NamedTuple):
    """What a rule made of one resource: its answer, why it is barred, and what was not mapped (None: it was)."""

    rule: str
    answer: Answer
    barred: str | None
    unmapped: str | None
    about_nothing: bool
    undated: bool
    zone_assumed: bool

    @property
    def hits(self) -> Iterator[tuple[Hit, str]]:
        """Each thing to be counted."""
        yield Hit.MATCHED, ""
        yield Hit(self.answer), ""
        if self.about_nothing:
            yield Hit.ABOUT_NOTHING, ""
        if self.undated:
            yield Hit.UNDATED, ""
        if self.zone_assumed:
            yield Hit.ZONE_ASSUMED, ""
        if self.barred is not None:
            yield Hit.EXCLUDED, self.barred
        if self.unmapped is not None:
            yield Hit.UNMAPPED, self.unmapped


@dataclass(slots=True)
class Tried:
    """How often each rule did what, counted in resources as they were read.

    The third part of a key is the reason of an exclusion, or the value that is not mapped: that only if it is a
    code of the resource, for any other text may be a name or a number.
    """

    hits: Counter[tuple[str, Hit, str]] = field(default_factory=Counter)

    def note(self, said: Said, times: int) -> None:
        """Count what a rule made of some resources alike."""
        for hit, what in said.hits:
            self.hits[said.rule, hit, what] += times


def is_unmapped(reason: str | None) -> bool:
    """Whether the reason of an event is that its value is not in the profile's map."""
    return reason is not None and reason.endswith(_UNMAPPED)


def events_of(
    held: Held, selectors: Sequence[Selector], answers: Answers, zone: ZoneInfo
) -> tuple[list[Values], list[Said]]:
    """What a resource witnesses, as rows of the event table, and what each selector that matched made of it.

    Raises:
        Unreadable: a path meets a shape that it cannot be evaluated on.
        Unusual: what is held is not the whole resource, and more of it matters.
    """
    rows: list[Values] = []
    said = [
        _selected(held, selectors[place], answers.columns[place](held.json), zone, rows)
        for place in answers.criteria(held.json)
    ]
    return rows, said


def _selected(held: Held, selector: Selector, found: Sequence[Found], zone: ZoneInfo, rows: list[Values]) -> Said:
    """Add the rows of a selector that matched; `found` is in the order of `PATHS`, then the exclusions that hold."""
    focus, patient, clinician, on_behalf_of, organization, occurred, ended, code, counterpart, *rest = found
    setting, identifier, detail, answer, document, kind_path, barred = rest
    if not held.whole and any([one and type(one[0]) is dict for one in (setting, detail, answer)]):
        raise Unusual  # what is written out is written whole
    verdict = _verdict(held, selector, barred, answer, document)
    starts = columns.moment(occurred, zone) if occurred else None
    ends = columns.moment(ended, zone) if ended else None
    foci = _keys(focus, held) if "focus" in selector.texts else [held.key]
    if selector.focus_types:
        foci = [key for key in foci if _type_of(key) in selector.focus_types or not _type_of(key)]
    behalf = _keys(on_behalf_of, held) if on_behalf_of else None
    before = (behalf[0] if behalf else None, _first_key(organization, held))
    between = (
        *(starts[:4] if starts else _UNDATED),
        ends and ends.from_utc,
        ends and columns.first_day_after(ends),
        *(columns.coded(code, EventKind.PRESCRIPTION_WRITTEN in selector.kinds) if code else _UNCODED),
        str(setting[0]) if setting else None,
    )
    after = (
        columns.identifier(identifier) if identifier else None,
        columns.text(verdict.detail or detail),
        selector.grade,
        selector.rule,
        selector.rank,
        starts.zone_assumed if starts else False,
    )
    who = _first_key(patient, held)
    others = _keys(counterpart, held) or (None,) if counterpart else (None,)
    agents = behalf or _keys(clinician, held) or (None,)
    for kind in _kinds(selector, kind_path):
        for about in foci:
            first = (kind, verdict.answer, verdict.reason, about, held.key, held.content, who)
            rows += [(*first, agent, *before, *between, other, *after) for agent in agents for other in others]
    return Said(selector.rule, verdict.answer, verdict.barred, verdict.unmapped, not foci, *_dated(starts))


def _dated(starts: Moment | None) -> tuple[bool, bool]:
    return starts is None, starts is not None and starts.zone_assumed


class _Verdict(NamedTuple):
    """An answer with its reason; why the resource is barred, what was not mapped, and the word of a document."""

    answer: Answer
    reason: str | None
    barred: str | None = None
    unmapped: str | None = None
    detail: Found = ()


_MET = _Verdict(Answer.MET, None)


def _verdict(held: Held, selector: Selector, barred: Found, answer: Found, document: Found) -> _Verdict:
    if barred:
        reason = selector.exclusions[barred[0]].reason
        return _Verdict(Answer.NOT_MET, reason, reason)
    if held.modified:
        return _Verdict(Answer.UNKNOWN, _MODIFIED, _MODIFIED)
    if not selector.answers:
        return _MET
    if "ccda" in selector.texts:
        reading = ccda.read_best(document)
        return _mapped(held, selector, reading.word, reading.reason)._replace(detail=[reading.word])
    return _mapped(held, selector, columns.text(answer), None)


def _mapped(held: Held, selector: Selector, word: str | None, reason: str | None) -> _Verdict:
    """The answer that a profile maps a word to."""
    answer = selector.answers.get(word or "")
    if answer is not None:
        return _Verdict(answer, None if answer is Answer.MET else reason or f"{selector.resource} says {word or ''}")
    if not held.whole:  # whether the word is a code is for the whole resource to tell
        raise Unusual
    return _Verdict(Answer.UNKNOWN, f"{selector.resource} {_UNMAPPED}", unmapped=code_in(held.json, word) or "")


def _kinds(selector: Selector, found: Found) -> Iterable[EventKind]:
    if "kind_path" not in selector.texts:
        return selector.kinds
    return [EventKind(code) for code in found if code in selector.kinds]


@lru_cache(maxsize=4096)
def _type_of(key: str) -> str:
    """The type that a key names; empty for an identifier without a type, whose resource is not known yet."""
    return re.split(r"[/?]", key.partition("?")[0].rpartition("!")[2] or key, maxsplit=1)[0]


def _keys(found: Found, held: Held) -> list[str]:
    """What references point to, each once."""
    if len(found) == 1:
        key = reference_key(found[0], held.key, held.scope) if type(found[0]) is dict else None
        return [] if key is None else [key]
    keys = [reference_key(item, held.key, held.scope) for item in found if isinstance(item, dict)]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _first_key(found: Found, held: Held) -> str | None:
    keys = _keys(found, held) if found else None
    return keys[0] if keys else None


def has_modifier(value: object) -> bool:
    """Whether a resource, or anything in it, carries a modifierExtension."""
    if isinstance(value, dict):
        return bool(value.get("modifierExtension")) or any(map(has_modifier, value.values()))
    return isinstance(value, list) and any(map(has_modifier, value))
