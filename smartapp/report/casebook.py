"""Cases as a page lists them: grouped by answer, in the unit of their tally, with what they rest on."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from smartapp.evidence import CaseRow, Witness
from smartapp.report.words import plural


class Standing(StrEnum):
    """Where a case stands for its tally."""

    MET = "met"
    UNKNOWN = "unknown"
    NOT_MET = "not_met"
    UNDECIDED = "undecided"


_TITLES = {
    Standing.MET: "Met: counts",
    Standing.UNKNOWN: "Unknown: in the denominator, and this server does not show the rest",
    Standing.NOT_MET: "Not met: in the denominator, and does not count",
    Standing.UNDECIDED: "Undecided: in neither number",
}
_ANSWERS = {
    Standing.MET: "counts",
    Standing.UNKNOWN: "unknown",
    Standing.NOT_MET: "does not count",
    Standing.UNDECIDED: "undecided",
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One prescription, referral, document or visit behind a case, and what was witnessed about it."""

    focus: str
    place: str
    occurred: str
    answer: str
    reason: str
    evidence: tuple[Witness, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One unit of a tally; for a patient with several visits, `occurrences` holds them all."""

    focus: str
    place: str
    occurred: str
    answer: str
    reason: str
    occurrences: tuple[Occurrence, ...]

    @property
    def summary(self) -> str:
        """What opens when the evidence is opened."""
        evidence = plural(sum(len(o.evidence) for o in self.occurrences), "piece", "pieces")
        visits = "" if len(self.occurrences) == 1 else f"{len(self.occurrences)} records, "
        return f"{visits}{evidence} of evidence"


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """All cases of one tally with the same standing."""

    anchor: str
    standing: Standing
    title: str
    cases: tuple[Case, ...]


def grouped(anchor: str, rows: Iterable[CaseRow]) -> tuple[CaseGroup, ...]:
    """The rows of one tally as cases, in four groups; a group without cases is there too, to be linked to."""
    units: defaultdict[str, list[CaseRow]] = defaultdict(list)
    for row in rows:
        units[row.unit].append(row)
    found: defaultdict[Standing, list[Case]] = defaultdict(list)
    for unit, parts in units.items():
        standing = standing_of(parts)
        found[standing].append(_case(unit, standing, parts))
    return tuple(
        CaseGroup(f"{anchor}-{standing.value}", standing, _TITLES[standing], tuple(found[standing]))
        for standing in Standing
    )


def standing_of(parts: list[CaseRow]) -> Standing:
    """The standing of one unit: not met if any of it is not met, then unknown if any of it is unknown."""
    answers = {row.met for row in parts if row.counts == "counts"}
    if not answers:
        return Standing.UNDECIDED
    worst = (Standing.NOT_MET, Standing.UNKNOWN, Standing.MET)
    return next(standing for standing in worst if standing.value in answers)


def _case(unit: str, standing: Standing, parts: list[CaseRow]) -> Case:
    occurrences = tuple(dict.fromkeys(_occurrence(row) for row in parts))
    decisive = [o for o in occurrences if o.answer == _ANSWERS[standing]] or list(occurrences)
    days = sorted({o.occurred for o in occurrences})
    return Case(
        focus=unit,
        place=", ".join(dict.fromkeys(o.place for o in occurrences)),
        occurred=days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}",
        answer=_ANSWERS[standing],
        reason="; ".join(dict.fromkeys(o.reason for o in decisive)),
        occurrences=occurrences,
    )


def _occurrence(row: CaseRow) -> Occurrence:
    return Occurrence(
        focus=row.focus,
        place=row.place,
        occurred=row.occurred or "no date",
        answer=_ANSWERS[standing_of([row])],
        reason=row.reason,
        evidence=row.evidence,
    )
