"""Which files bear out what is answered: every place for one that the answers ask for, and which of them are filled."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scoring.eligibility import HardshipStatus
from scoring.evidence_rules import Slot, Step, When, load_evidence
from scoring.model import MeasureId, Origin
from smartapp.scored import Scored
from smartapp.store import Document

OTHER = "other"
"""The place for a file that no answer asks for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place for files; `measure` where the slot has one for each measure. It is filled by one file or more."""

    slot: Slot
    measure: MeasureId | None
    documents: tuple[Document, ...]

    @property
    def key(self) -> str:
        """What a kept file names its place by."""
        return key_of(self.slot, self.measure)


@dataclass(frozen=True, slots=True)
class Readiness:
    """How many of the places hold a file. `beside` are files of places that no answer asks for."""

    places: tuple[Place, ...]
    beside: tuple[Document, ...]

    @property
    def filled(self) -> int:
        """How many places hold a file."""
        return sum(bool(place.documents) for place in self.places)

    @property
    def of(self) -> int:
        """How many places the answers ask for."""
        return len(self.places)

    @property
    def missing(self) -> tuple[Place, ...]:
        """The places without a file."""
        return tuple(place for place in self.places if not place.documents)

    def on(self, step: Step) -> tuple[Place, ...]:
        """The places of one step."""
        return tuple(place for place in self.places if place.slot.step is step)


def key_of(slot: Slot, measure: MeasureId | None) -> str:
    """What a kept file names a place by."""
    return f"{slot.id}-{measure}" if measure else slot.id


def keys_of_year(year: int) -> frozenset[str]:
    """Every place that a file may name in a performance year."""
    slots = load_evidence().slots_in(year)
    named = {key_of(slot, measure) for slot in slots for measure in (slot.of if slot.each else (None,))}
    return frozenset({*named, OTHER})


def readiness(scored: Scored, documents: Sequence[Document]) -> Readiness:
    """The places that the answers behind a score ask for, and the files that are there.

    Args:
        scored: the score with its answers.
        documents: the files of the same reporter and year.
    """
    kept: defaultdict[str, list[Document]] = defaultdict(list)
    for document in documents:
        kept[document.slot].append(document)
    wanted = [*_wanted(scored)]
    places = tuple(Place(slot, measure, tuple(kept.pop(key_of(slot, measure), ()))) for slot, measure in wanted)
    return Readiness(places, tuple(document for found in kept.values() for document in found))


def _wanted(scored: Scored) -> Iterator[tuple[Slot, MeasureId | None]]:
    for slot in load_evidence().slots_in(scored.reading.rules.year):
        if slot.when is When.ALWAYS or (slot.when is When.EXCEPTION and _has_exception(scored)):
            yield slot, None
        met = [measure for measure in slot.of if _holds(slot.when, measure, scored)]
        yield from _each(slot, met)


def _each(slot: Slot, met: Iterable[MeasureId]) -> Iterator[tuple[Slot, MeasureId | None]]:
    if slot.each:
        yield from ((slot, measure) for measure in met)
    elif list(met):
        yield slot, None


def _has_exception(scored: Scored) -> bool:
    return scored.attestations.eligible.hardship is not HardshipStatus.NONE


def _holds(when: When, measure: MeasureId, scored: Scored) -> bool:
    counted = scored.submission.proportions.get(measure)
    if when is When.TOTAL:
        return counted is not None and counted.origin is Origin.REPORTED
    if when is When.COUNTED:
        return counted is not None and counted.origin is not Origin.REPORTED
    return scored.attestations.answers.get(measure) is True
