"""What was counted from the data, to stand beside what a person answers or types."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from extractors.cases import Tally
from scoring.model import MeasureId
from smartapp.exclusions import BASES, ON_TWO_BASES
from smartapp.scored import Scored, counted_of


@dataclass(frozen=True, slots=True)
class Ours:
    """What was counted from the data; `variant` is the way to count, empty where there is one."""

    measure: str
    met: int
    denominator: int
    unknown: int
    variant: str = ""


def tally_of(measure: str, scored: Scored, variant: str = "all") -> Tally | None:
    """What was counted of a measure for the reporter in one way; None where nothing was."""
    who = scored.submission.reporter
    found = (one for one in scored.reading.tallies if (one.measure, one.tin, one.npi) == (measure, who.tin, who.npi))
    return next((one for one in found if one.variant == variant), None)


def ours_of(measure: MeasureId, scored: Scored) -> Ours | None:
    """The count of the data, whatever was typed beside it; None where they cannot be read from this server."""
    bare = replace(scored, attestations=replace(scored.attestations, reported={}))
    found = counted_of(bare)[measure]
    return Ours(measure, found.met, found.denominator, found.unknown) if found.readable else None


def on_record(measure: MeasureId, scored: Scored) -> Ours | None:
    """What is on record of a measure that is answered, not counted; None where nothing is."""
    found = tally_of(measure, scored)
    return Ours(measure, found.met, found.denominator, found.unknown) if found else None


def both_ways(scored: Scored) -> Iterator[tuple[str, Ours]]:
    """What e-Prescribing counts with and without controlled substances, each in words and numbers."""
    for variant, text in BASES.items():
        found = tally_of(ON_TWO_BASES, scored, variant)
        if found is not None:
            yield text, Ours(ON_TWO_BASES, found.met, found.denominator, found.unknown, variant)
