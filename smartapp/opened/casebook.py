"""Cases as pages list them: one for each unit of a tally, with where it stands and what it rests on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from extractors.ledger import NEEDS
from extractors.vocabulary import Grade
from scoring.model import MeasureId
from smartapp.opened.evidence import COUNTS, CaseRow, Witness, without_days


class Standing(StrEnum):
    """Where a case stands for its tally."""

    MET = "met"
    UNKNOWN = "unknown"
    NOT_MET = "not_met"
    UNDECIDED = "undecided"


STANDINGS = {
    Standing.MET: "Met: in the denominator and in the numerator",
    Standing.UNKNOWN: "Not visible: in the denominator, and this server does not show the rest",
    Standing.NOT_MET: "Not met: in the denominator, not in the numerator",
    Standing.UNDECIDED: "Undecided whether it belongs: in neither number",
}
"""Each standing in words."""

ANSWERS = {
    Standing.MET: "met",
    Standing.UNKNOWN: "not visible",
    Standing.NOT_MET: "not met",
    Standing.UNDECIDED: "undecided whether it belongs",
}
"""The answer of a case; what is not met is in the denominator all the same."""

NO_DATE = "no date"


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
    """One unit of a tally; for a patient with several visits, `occurrences` holds them all, made of `rows`.

    `why` is the reason without its days, the same for like cases; `rests_on` the weakest grade of what decides the
    answer, None where nothing on record does (of what is not met it is told only where the evidence was gathered);
    `month` (`2026-03`, or no date) that of the first record which decides; `clinicians` the NPIs whose it is, None for
    a record that names none.
    """

    focus: str
    place: str
    occurred: str
    standing: Standing
    answer: str
    reason: str
    why: str
    rests_on: Grade | None
    month: str
    clinicians: frozenset[str | None]
    controlled: str | None
    occurrences: tuple[Occurrence, ...]
    rows: tuple[CaseRow, ...]

    @property
    def summary(self) -> str:
        """What opens when the evidence is opened."""
        number = sum(len(o.evidence) for o in self.occurrences)
        evidence = f"{number:,} {'piece' if number == 1 else 'pieces'}"
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
    found: defaultdict[Standing, list[Case]] = defaultdict(list)
    for case in cases_of(rows):
        found[case.standing].append(case)
    return tuple(
        CaseGroup(f"{anchor}-{standing.value}", standing, STANDINGS[standing], tuple(found[standing]))
        for standing in Standing
    )


def cases_of(rows: Iterable[CaseRow]) -> tuple[Case, ...]:
    """The rows of one tally as cases, each where its first row stands."""
    units: defaultdict[str, list[CaseRow]] = defaultdict(list)
    for row in rows:
        units[row.unit].append(row)
    return tuple(_case(unit, standing_of(parts), parts) for unit, parts in units.items())


def standing_of(parts: Sequence[CaseRow]) -> Standing:
    """The standing of one unit, as `tallies.sql` counts it.

    Not met if any of it that surely counts is not met; unknown if anything else of it, in the period for certain or
    not, is not met for certain.
    """
    sure = {row.met for row in parts if row.counts == COUNTS}
    if not sure:
        return Standing.UNDECIDED
    if Standing.NOT_MET.value in sure:
        return Standing.NOT_MET
    return Standing.MET if all(row.met == Standing.MET.value for row in parts) else Standing.UNKNOWN


def _case(unit: str, standing: Standing, parts: list[CaseRow]) -> Case:
    occurrences = tuple(dict.fromkeys(_occurrence(row) for row in parts))
    decisive = [row for row in parts if _decides(row, standing)] or parts
    days, reasons = sorted({o.occurred for o in occurrences}), list(dict.fromkeys(row.reason for row in decisive))
    return Case(
        focus=unit,
        place=", ".join(dict.fromkeys(o.place for o in occurrences)),
        occurred=days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}",
        standing=standing,
        answer=ANSWERS[standing],
        reason="; ".join(reasons),
        why="; ".join(dict.fromkeys(map(without_days, reasons))),
        rests_on=_weakest(decisive, standing),
        month=min((row.occurred or NO_DATE)[:7] for row in decisive),
        clinicians=frozenset(row.npi for row in parts),
        controlled=parts[0].controlled,
        occurrences=occurrences,
        rows=tuple(parts),
    )


def _decides(row: CaseRow, standing: Standing) -> bool:
    """Whether a row makes its unit stand where it stands; one that may lie outside decides what is unknown alone."""
    if standing is Standing.UNKNOWN:
        return row.met != Standing.MET.value
    return standing_of([row]) is standing


def _weakest(decisive: Sequence[CaseRow], standing: Standing) -> Grade | None:
    """The weakest grade of what decides an answer; what is met without any counts as asserted, as in `tallies.sql`."""
    if standing in (Standing.MET, Standing.UNDECIDED):
        grades = {row.rests_on for row in decisive}
        return Grade.ASSERTED if None in grades and standing is Standing.MET else _weakest_of(grades)
    if standing is Standing.UNKNOWN and any(_lacks_a_kind(row) for row in decisive):
        return None
    told = [witness for row in decisive for witness in row.evidence if witness.kind in _numerator(row)]
    denied = [witness for witness in told if witness.answer == Standing.NOT_MET.value]
    return _weakest_of({witness.grade for witness in denied or told})


def _weakest_of(grades: Iterable[str | None]) -> Grade | None:
    return max((Grade(grade) for grade in grades if grade), key=list(Grade).index, default=None)


def _lacks_a_kind(row: CaseRow) -> bool:
    """Whether nothing on record says anything of a kind that the numerator needs."""
    return not _numerator(row) <= {witness.kind for witness in row.evidence if witness.source is not None}


def _numerator(row: CaseRow) -> set[str]:
    return set(NEEDS[MeasureId(row.measure)][1])


def _occurrence(row: CaseRow) -> Occurrence:
    return Occurrence(
        focus=row.focus,
        place=row.place,
        occurred=row.occurred or NO_DATE,
        answer=ANSWERS[standing_of([row])],
        reason=row.reason,
        evidence=row.evidence,
    )
