"""What a profile asks of resources of one type, and what one resource becomes: rows of every table but its own."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from extractors import directory
from extractors.answers import whole_answers
from extractors.decode import Json, Unreadable, check_shape
from extractors.fhirpath import Found, Unusual
from extractors.profile import Profile
from extractors.projection import Split, content_hash, projection_of
from extractors.quick import Quick
from extractors.recalled import Read
from extractors.references import Scope, reference_key
from extractors.rows import Values
from extractors.told import Said
from extractors.witness import Held, events_of

FAILURES = (msgspec.MsgspecError, ValueError, RecursionError, TypeError, Unusual)
"""What tells of a resource that what is read of it is not enough: the whole way says what is the matter with it."""

_ALONE = Scope()


class Made(NamedTuple):
    """What became of one resource; its directory rows are without the content."""

    held: Held
    events: list[Values]
    said: list[Said]
    references: list[Values]
    directory: list[directory.Row]


class Asked:
    """What a profile asks of resources of one R4 type; where it `reads` nothing, they are only counted."""

    def __init__(self, profile: Profile, kind: str, zone: ZoneInfo) -> None:
        self.kind, self._zone = kind, zone
        self.reads = _reads(profile.reads.get(kind, frozenset()), kind)
        self.projection = projection_of(kind, self.reads)
        self._selectors = profile.selectors.get(kind, ())
        self._relations = tuple(relation.name for relation in profile.relations.get(kind, ()))
        self._quick = Quick(profile, kind, self.reads, self.projection.doubts, zone)
        self._whole = whole_answers(profile, kind)

    def usual(self, lines: Sequence[Split]) -> list[Made | None]:
        """What usual lines become by what is read of them; None where the whole of one is to be looked at.

        Each step is done for all of them before the next, so that its code stays in the processor's cache.
        """
        read = _each(lambda line: Read(self.projection.decode(line.data), line.parts, line.names), lines)
        return self._quick_made(_each(self._held, _each(self._plain, read)), read)

    def by_what_is_read(self, held: Held) -> Made | None:
        """What a whole resource becomes likewise; None where more of it matters."""
        json = self.projection.of(held.json)
        held = held._replace(json=json, content=content_hash(json))
        return self._quick_made([held], [Read(json, {}, ())])[0]

    def by_the_whole(self, held: Held, modified: bool) -> Made:
        """What a whole resource becomes; raises as `events_of` does."""
        held = held._replace(content=content_hash(held.json))
        events, said = events_of(held, self._selectors, self._whole, modified, self._zone)
        relations = self._whole.relations(held.json)
        return Made(held, events, said, _references(held, self._relations, relations), _directory(held, self._zone))

    def _plain(self, read: Read) -> Json | None:
        return read.json if self._quick.is_plain(read) else None

    def _held(self, json: Json) -> Held | None:
        return Held(json, f"{self.kind}/{json['id']}", content_hash(json), _ALONE) if json.get("id") else None

    def _quick_made(self, held: list[Held | None], read: Sequence[Read]) -> list[Made | None]:
        alive = [one and of for one, of in zip(held, read, strict=True)]
        events = _each(self._events, held, alive, _each(self._quick.places, alive))
        relations = _each(lambda one: self._quick.relations(one.json), held)
        references = _each(lambda one, found: _references(one, self._relations, found), held, relations)
        stated = _each(lambda one: _directory(one, self._zone), held)
        return _each(lambda one, made, *more: Made(one, *made, *more), held, events, references, stated)

    def _events(self, held: Held, read: Read, places: Sequence[int]) -> tuple[list[Values], list[Said]]:
        rows: list[Values] = []
        return rows, [self._quick.selected[place](read, held, rows) for place in places]


def _each(step: Callable[..., Any], *columns: Sequence[Any]) -> list[Any]:
    """A step for each of some; None where it fails, or where something that it needs is None."""
    out: list[Any] = []
    for values in zip(*columns, strict=True):
        try:
            out.append(None if None in values else step(*values))
        except FAILURES:
            out.append(None)
    return out


@cache
def _reads(asked: frozenset[str], kind: str) -> frozenset[str]:
    """The elements that a profile or the directory reads of a type."""
    return asked | directory.reads_of(kind)


def _references(held: Held, names: Sequence[str], relations: Sequence[Found]) -> list[Values]:
    rows: list[Values] = []
    for name, found in zip(names, relations, strict=True):
        for one in found:
            target = reference_key(one if isinstance(one, dict) else {"reference": one}, held.key, held.scope)
            if target is not None:
                rows.append((held.key, held.content, name, target))
    return rows


def _directory(held: Held, zone: ZoneInfo) -> list[directory.Row]:
    rows = directory.directory_rows(held.json, held.key, held.scope, zone)
    for part in held.json.get("contained") or ():
        if _typed(part):
            rows += directory.directory_rows(part, f"{held.key}#{part.get('id')}", held.scope, zone)
    return rows


def check_contained(resource: Json, is_date: Callable[[str], bool]) -> None:
    """Check the R4 shape of what the directory reads of contained resources; raises as `check_shape` does."""
    contained = resource.get("contained") or []
    if not isinstance(contained, list):
        raise Unreadable("$.contained: expected array")
    for part in contained:
        if _typed(part):
            check_shape(part, directory.READS | directory.reads_of(part["resourceType"]), is_date)


def _typed(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("resourceType"), str)
