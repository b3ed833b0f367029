"""What a profile asks of resources of one type, and what one resource becomes: rows of every table but its own."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from extractors import directory
from extractors.answers import Answers, quick_answers, whole_answers
from extractors.decode import Json, Unreadable, check_shape
from extractors.profile import Profile
from extractors.projection import Projection, projection_of
from extractors.references import reference_key
from extractors.rows import Values
from extractors.selectors import Selector
from extractors.witness import Held, Said, events_of


class Asked(NamedTuple):
    """What a profile asks of resources of one type; where it reads nothing, they are only counted."""

    kind: str
    reads: frozenset[str]
    projection: Projection
    selectors: tuple[Selector, ...]
    relations: tuple[str, ...]
    quick: Answers
    whole: Answers


def asked_of(profile: Profile, kind: str) -> Asked:
    """What a profile asks of an R4 type."""
    reads = _reads(profile.reads.get(kind, frozenset()), kind)
    return Asked(
        kind,
        reads,
        projection_of(kind, reads),
        profile.selectors.get(kind, ()),
        tuple(relation.name for relation in profile.relations.get(kind, ())),
        quick_answers(profile, kind),
        whole_answers(profile, kind),
    )


class Made(NamedTuple):
    """What became of one resource; its directory rows are without the content."""

    content: str
    events: list[Values]
    said: list[Said]
    references: list[Values]
    directory: list[directory.Row]


def made_of(held: Held, asked: Asked, answers: Answers, zone: ZoneInfo) -> Made:
    """What a resource becomes by one of the two ways to answer; raises as `events_of` does."""
    events, said = events_of(held, asked.selectors, answers, zone)
    references = _references(held, asked.relations, answers) if asked.relations else []
    return Made(held.content, events, said, references, _directory(held, zone))


@cache
def _reads(asked: frozenset[str], kind: str) -> frozenset[str]:
    """The elements that a profile or the directory reads of a type."""
    return asked | directory.reads_of(kind)


def _references(held: Held, relations: Sequence[str], answers: Answers) -> list[Values]:
    rows: list[Values] = []
    for name, found in zip(relations, answers.relations(held.json), strict=False):
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
