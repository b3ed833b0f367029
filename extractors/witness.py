"""What one resource witnesses: every selector of a profile tried on it, and the rows of those that match."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from extractors import columns
from extractors.answers import Answers
from extractors.dates import Moment
from extractors.decode import Json
from extractors.fhirpath import Found
from extractors.references import Scope, reference_key
from extractors.rows import Values
from extractors.selectors import Selector
from extractors.told import Said, Told, told_of

_UNDATED = (None, None, None, None)
_NOBODY = (None,)


class Held(NamedTuple):
    """One resource in hand: its JSON, or what is read of it, its key, content hash, and the scope of its references."""

    json: Json
    key: str
    content: str
    scope: Scope


Who = Sequence[Any]
"""Who and when, in the order of `WHO`: keys of what references point to, each once, but one of a patient and of an
organization; the moments; an identifier. None or nothing where the resource does not say."""


def events_of(
    held: Held, selectors: Sequence[Selector], answers: Answers, modified: bool, zone: ZoneInfo
) -> tuple[list[Values], list[Said]]:
    """What a whole resource witnesses, as rows of the event table, and what each selector that matched made of it.

    Raises:
        Unreadable: a path meets a shape that it cannot be evaluated on.
    """
    rows: list[Values] = []
    said = []
    for place in answers.criteria(held.json):
        who = [
            resolved(found, held, zone) for resolved, found in zip(RESOLVED, answers.who[place](held.json), strict=True)
        ]
        told = told_of(selectors[place], answers.says[place](held.json), held.json, modified)
        said.append(witness(held, selectors[place], told, who, rows))
    return rows, said


def witness(held: Held, selector: Selector, told: Told, who: Who, rows: list[Values]) -> Said:
    """Add the rows of a selector that matched; what it made of the resource."""
    focus, patient, clinician, behalf, organization, starts, ends, counterpart, identifier = who
    foci = _foci(selector, focus) if "focus" in selector.texts else (held.key,)
    assumed = starts is not None and starts.zone_assumed
    middle = (
        behalf[0] if behalf else None,
        organization,
        *(_UNDATED if starts is None else starts[:4]),
        ends and ends.from_utc,
        ends and columns.first_day_after(ends),
        *told.coded,
        told.setting,
    )
    after = identifier, told.detail, selector.grade, selector.rule, selector.rank, assumed
    answer, reason, key, content = told.answer, told.reason, held.key, held.content
    rows += [
        (kind, answer, reason, about, key, content, patient, agent, *middle, other, *after)
        for kind in told.kinds
        for about in foci
        for agent in behalf or clinician or _NOBODY
        for other in counterpart or _NOBODY
    ]
    if foci and starts is not None and not assumed:
        return told.said
    return told.said._replace(about_nothing=not foci, undated=starts is None, zone_assumed=assumed)


def _foci(selector: Selector, found: Sequence[str]) -> Sequence[str]:
    """What an event is about, of all that a resource points to."""
    if not selector.focus_types:
        return found
    return [key for key in found if _type_of(key) in selector.focus_types or not _type_of(key)]


@lru_cache(maxsize=4096)
def _type_of(key: str) -> str:
    """The type that a key names; empty for an identifier without a type, whose resource is not known yet."""
    return re.split(r"[/?]", key.partition("?")[0].rpartition("!")[2] or key, maxsplit=1)[0]


def _keys(found: Found, held: Held, _: ZoneInfo) -> Sequence[str]:
    """What references point to, each once."""
    if len(found) == 1:
        key = reference_key(found[0], held.key, held.scope) if type(found[0]) is dict else None
        return () if key is None else (key,)
    named = [reference_key(item, held.key, held.scope) for item in found if isinstance(item, dict)]
    return list(dict.fromkeys(key for key in named if key is not None))


def _first_key(found: Found, held: Held, zone: ZoneInfo) -> str | None:
    named = _keys(found, held, zone) if found else None
    return named[0] if named else None


def _moment(found: Found, _: Held, zone: ZoneInfo) -> Moment | None:
    return columns.moment(found, zone)


def _identifier(found: Found, _: Held, __: ZoneInfo) -> str | None:
    return columns.identifier(found)


RESOLVED: tuple[Callable[[Found, Held, ZoneInfo], Any], ...] = (
    _keys,
    _first_key,
    _keys,
    _keys,
    _first_key,
    _moment,
    _moment,
    _keys,
    _identifier,
)
"""What makes of what is found who and when, in the order of `WHO`. A moment raises Unreadable for what is no date."""


def has_modifier(value: object) -> bool:
    """Whether a resource, or anything in it, carries a modifierExtension."""
    if isinstance(value, dict):
        return bool(value.get("modifierExtension")) or any(map(has_modifier, value.values()))
    return isinstance(value, list) and any(map(has_modifier, value))
