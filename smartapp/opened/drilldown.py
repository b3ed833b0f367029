"""From a number to the cases behind it: every case of a measure for one reporter, filtered, counted and paged.

What is shown for a number is always as many cases as the number says; the pages' crawler asserts it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from extractors.cases import Tally
from extractors.ledger import NEEDS
from extractors.vocabulary import EventKind
from scoring.model import MeasureId, Reporter
from smartapp.exclusions import counts_for
from smartapp.opened.casebook import Case, Standing, cases_of
from smartapp.opened.evidence import COUNTS, OUTSIDE_WINDOW, CaseRow, bare_rows, deadline_of, rows_of, with_evidence
from smartapp.opened.explained import LeftOut, left_out_of
from smartapp.opened.outages import Due, Outage, outages
from smartapp.opened.unattributed import Unattributed, unattributed
from smartapp.scored import Scored
from smartapp.usecases import Reading

PAGE_SIZE = 100
"""Rows of one page."""

_ACCESS = MeasureId("PI_PEA_1")
_BEGINS, _ENDS = {EventKind.ACCESS_VDT, EventKind.ACCESS_API}, {EventKind.ACCESS_WITHDRAWN}
_NO_GRADE = "none"
_Item = TypeVar("_Item")


class Show(StrEnum):
    """Which cases of a measure are listed."""

    DENOMINATOR = "denominator"
    MET = "met"
    UNKNOWN = "unknown"
    NOT_MET = "not-met"
    UNDECIDED = "undecided"
    LEFT_OUT = "left-out"
    NOBODYS = "nobodys"


STANDINGS: Mapping[Show, frozenset[Standing]] = {
    Show.DENOMINATOR: frozenset({Standing.MET, Standing.UNKNOWN, Standing.NOT_MET}),
    Show.MET: frozenset({Standing.MET}),
    Show.UNKNOWN: frozenset({Standing.UNKNOWN}),
    Show.NOT_MET: frozenset({Standing.NOT_MET}),
    Show.UNDECIDED: frozenset({Standing.UNDECIDED}),
}
"""The standings that are listed; what is left out, or nobody's, stands nowhere."""


class NoSuchRows(ValueError):  # noqa: N818  # the words say it
    """An address asks for rows that no page shows."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks to see of a measure; None or empty where it does not say.

    `why` is the key of a group of reasons, `month` as `2026-03`, `clinician` a number among those of the measure,
    `drug` yes, no or unknown (a controlled substance), `rests` a grade of evidence, `page` counts from 1.
    """

    show: Show = Show.DENOMINATOR
    variant: str = ""
    why: str = ""
    month: str = ""
    clinician: str = ""
    drug: str = ""
    rests: str = ""
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """From the query of an address; what stands there beside is passed over.

        Raises:
            NoSuchRows: it asks for what no page shows.
        """
        names = ("variant", "why", "month", "clinician", "drug", "rests")
        given = {name: query.get(name, "").strip() for name in names}
        page, show = _number(query.get("page", "1")), query.get("show") or Show.DENOMINATOR
        if page < 1 or show not in set(Show):
            raise NoSuchRows("expected a page from 1 and a kind of case that is listed")
        return cls(Show(show), page=page, **given)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to count a measure for a reporter, with every case that it counts or leaves undecided."""

    variant: str
    chosen: bool
    tally: Tally
    cases: tuple[Case, ...]

    @property
    def not_met(self) -> int:
        """Cases in the denominator that are neither met nor unknown."""
        return self.tally.denominator - self.tally.met - self.tally.unknown

    @property
    def clinicians(self) -> tuple[str, ...]:
        """The NPIs whose cases these are, in order; empty text stands for nobody named."""
        return tuple(sorted({npi or "" for case in self.cases for npi in case.clinicians}))

    def counted(self, keys: Callable[[Case], Iterable[str]]) -> Counter[tuple[Standing, str]]:
        """How many cases have each key, by standing."""
        return Counter((case.standing, key) for case in self.cases for key in keys(case))


@dataclass(frozen=True, slots=True)
class OpenedMeasure:
    """A measure of one score with all behind it; a case that is met has no evidence yet."""

    measure: MeasureId
    ways: tuple[Way, ...]
    left_out: tuple[LeftOut, ...]
    nobodys: tuple[tuple[str, Unattributed], ...]
    outages: tuple[Outage, ...]

    def way(self, variant: str) -> Way | None:
        """The way of that name, else the chosen one; None where nothing was counted for the reporter."""
        named = next((way for way in self.ways if way.variant == variant), None)
        return named or next((way for way in self.ways if way.chosen), None)


def is_counted(scored: Scored, measure: MeasureId) -> bool:
    """Whether the year has a measure of that id that is counted from cases."""
    return measure in NEEDS and measure in scored.reading.rules.measures


def open_measure(scored: Scored, measure: MeasureId) -> OpenedMeasure:
    """Everything behind the numbers of one measure for the reporter of a score.

    Raises:
        KeyError: the year has no such measure, or it is not counted from cases.
    """
    if not is_counted(scored, measure):
        raise KeyError(measure)
    reading, who = scored.reading, counts_for(measure, scored.submission.reporter)
    rows = _with_what_denies(reading, bare_rows(reading, {measure}))
    tallies = [t for t in reading.tallies if (t.measure, t.tin, t.npi) == (measure, who.tin, who.npi)]
    ways = tuple(_way(tally, rows, scored.attestations.variant) for tally in tallies)
    chosen = next((way for way in ways if way.chosen), None)
    return OpenedMeasure(
        measure=measure,
        ways=ways,
        left_out=left_out_of(reading, measure, who),
        nobodys=_nobodys(reading, measure, who),
        outages=outages_of([row for case in chosen.cases for row in case.rows]) if chosen else (),
    )


def _with_what_denies(reading: Reading, rows: list[CaseRow]) -> list[CaseRow]:
    """The same rows; those that are not met with their evidence, which says what that rests on."""
    unmet = iter(with_evidence(reading, [row for row in rows if row.met != Standing.MET.value]))
    return [row if row.met == Standing.MET.value else next(unmet) for row in rows]


def _way(tally: Tally, rows: list[CaseRow], chosen: str) -> Way:
    return Way(tally.variant, tally.variant in (chosen, "all"), tally, cases_of(rows_of(rows, tally)))


def _nobodys(reading: Reading, measure: MeasureId, who: Reporter) -> tuple[tuple[str, Unattributed], ...]:
    """Cases that may be the reporter's and that no NPI or TIN says are, each with the reason."""
    return tuple(
        (reasoned.says, case)
        for reasoned in unattributed(reading, {measure})
        for case in reasoned.cases
        if case.may_be_of(who)
    )


def outages_of(rows: Sequence[CaseRow]) -> tuple[Outage, ...]:
    """The days on which nothing of a measure was met although before and after it was.

    Args:
        rows: cases of one measure and reporter, those that are not met with their evidence.
    """
    sure = {row.focus: (row, day) for row in rows if row.counts == COUNTS and (day := decided_on(row))}
    return outages(_due(row, day) for row, day in sure.values())


def _due(row: CaseRow, day: date) -> Due:
    answers = {Standing.MET.value: True, Standing.NOT_MET.value: False}
    met = None if row.reason.endswith(OUTSIDE_WINDOW) else answers.get(row.met)
    return Due(day, met, _days(row, _BEGINS), _days(row, _ENDS))


def decided_on(row: CaseRow) -> date | None:
    """The day that decides a case: the deadline of an access, else the day of the record; None for part of a date."""
    if row.measure == _ACCESS:
        return deadline_of(row)
    try:
        return date.fromisoformat(row.occurred or "")
    except ValueError:
        return None


def _days(row: CaseRow, kinds: set[EventKind]) -> frozenset[date]:
    days = (w.day for w in row.evidence if w.kind in kinds and w.answer == Standing.MET.value and w.day)
    return frozenset(date.fromisoformat(day) for day in days)


def listed(way: Way, asked: Asked) -> tuple[Case, ...]:
    """The cases that are asked for, in order of days.

    Raises:
        NoSuchRows: there is no clinician of that number.
    """
    wanted = STANDINGS[asked.show]
    npi = clinician_of(way, asked.clinician)
    return tuple(
        case
        for case in way.cases
        if case.standing in wanted
        and asked.why in ("", key_of(case.why))
        and asked.month in ("", case.month)
        and (npi is None or (npi or None) in case.clinicians)
        and asked.drug in ("", case.controlled)
        and asked.rests in ("", grade_of(case))
    )


def clinician_of(way: Way, number: str) -> str | None:
    """The NPI that a number stands for in an address, empty text for nobody named; None where none is given.

    Raises:
        NoSuchRows: there is no clinician of that number.
    """
    if not number:
        return None
    place = _number(number)
    if not 1 <= place <= len(way.clinicians):
        raise NoSuchRows("expected the number of a clinician")
    return way.clinicians[place - 1]


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NoSuchRows("expected a number") from None


def grade_of(case: Case) -> str:
    """What the answer of a case rests on, as an address names it."""
    return case.rests_on or _NO_GRADE


def key_of(text: str) -> str:
    """What stands for a reason in an address: it may hold words of the server's."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def paged(items: Sequence[_Item], page: int) -> tuple[_Item, ...]:
    """The items of one page; none after the last."""
    return tuple(items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])


def pages_of(items: Sequence[object]) -> int:
    """How many pages there are, one at least."""
    return max(1, -(-len(items) // PAGE_SIZE))


def with_witnesses(reading: Reading, cases: Sequence[Case]) -> tuple[Case, ...]:
    """The same cases with all that witnesses them."""
    return cases_of(with_evidence(reading, [row for case in cases for row in case.rows]))
