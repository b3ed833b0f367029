"""The cases that are not met and may still be, with the last day of each; and those that can no longer be.

Seen from a day, over the observed part of a period. A case of which nothing is shown stays open as evidence to find,
until the data are handed in; an act that must lie in the period can be done until the period ends.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from extractors.cases import Tally
from extractors.site import NumeratorWindow
from extractors.vocabulary import EventKind
from scoring.actions import OpenCase, Pool
from scoring.deadlines import closing_day
from scoring.efforts import ActionKind, Efforts
from scoring.model import MeasureId, Period, Reporter
from smartapp.opened.evidence import COUNTS, CaseRow, deadline_of, rows_of, without_days
from smartapp.usecases import Reading

_ACCESS, _SENDING, _RECEIVING = MeasureId("PI_PEA_1"), MeasureId("PI_HIE_1"), MeasureId("PI_HIE_4")
NUMERATORS = (MeasureId("PI_EP_1"), _SENDING, _RECEIVING, _ACCESS)
"""The measures of which cases become met; the others are answered, or counted for an exclusion."""

_Open = tuple[ActionKind, date]
"""What would have to be done about a case, and until when."""


@dataclass(frozen=True, slots=True)
class Seen:
    """From which day a period is looked at, whose cases, and under which basis of PI_EP_1."""

    period: Period
    as_of: date
    reporter: Reporter
    variant: str
    efforts: Efforts


@dataclass(frozen=True, slots=True)
class Cases:
    """Of one measure: what is open, by what has to be done, and the reasons of what is not met for good, counted.

    `undecided` counts, by what would decide it, what nobody knows to be in the denominator: it is in no plan.
    """

    pools: tuple[Pool, ...]
    gone: Mapping[str, int]
    undecided: Mapping[str, int]


def window_end(reading: Reading, period: Period) -> date:
    """The last day on which an act counts in the numerator, by the site's window."""
    of_year = reading.site.numerator_window is NumeratorWindow.CALENDAR_YEAR
    return date(period.end.year, 12, 31) if of_year else period.end


def open_cases(reading: Reading, rows: list[CaseRow], seen: Seen) -> dict[MeasureId, Cases]:
    """By measure, the units that are counted and not met.

    Args:
        reading: the observed part of the period.
        rows: all its cases, as `case_rows` gives them.
        seen: from which day and whose.
    """
    found = {m: _cases(reading, own_rows(rows, m, seen.reporter, seen.variant), m, seen) for m in NUMERATORS}
    return {measure: cases for measure, cases in found.items() if cases.pools or cases.gone or cases.undecided}


def own_rows(rows: list[CaseRow], measure: MeasureId, reporter: Reporter, variant: str) -> list[CaseRow]:
    """The cases of a measure that count or may count for a reporter, on a basis."""
    variant = variant if any(row.measure == measure and row.variant == variant for row in rows) else "all"
    return list(rows_of(rows, Tally(measure, variant, reporter.tin, reporter.npi, 0, 0, 0, 0, {})))


def _cases(reading: Reading, rows: list[CaseRow], measure: MeasureId, seen: Seen) -> Cases:
    units: defaultdict[str, list[CaseRow]] = defaultdict(list)
    for row in rows:
        units[row.unit].append(row)
    found: list[tuple[ActionKind, OpenCase]] = []
    gone, undecided = Counter[str](), Counter[str]()
    for unit, of_unit in units.items():
        if not any(row.counts == COUNTS for row in of_unit):
            undecided[min(row.reason for row in of_unit)] += 1
            continue
        unmet = [row for row in of_unit if row.met != "met"]
        if not unmet:
            continue
        states = [(_state(reading, seen.period, seen.as_of, row), row) for row in unmet]
        still = [state for state, _ in states if state is not None]
        if len(still) < len(states):
            gone[_lost(row.reason for state, row in states if state is None)] += 1
        else:
            kind, by = min(still, key=lambda state: (state[1], state[0]))
            found.append((kind, OpenCase(unit, by, _is_unknown(unmet))))
    return Cases(tuple(_pools(measure, found, seen.efforts)), dict(gone), dict(undecided))


def _lost(reasons: Iterable[str]) -> str:
    """Why a unit is lost, in the same words for like cases: the first of several, its deadline without the day."""
    return min(without_days(reason) for reason in reasons)


def _is_unknown(unmet: list[CaseRow]) -> bool:
    """Whether the tally holds the unit for unknown: nothing that surely counts in it is not met."""
    return not any(row.counts == COUNTS and row.met == "not_met" for row in unmet)


def last_chance(reading: Reading, unmet: Iterable[CaseRow], as_of: date) -> date | None:
    """The last day on which a unit can still become met, by the plan's rule; None where some of it no longer can.

    Args:
        reading: the run, of the unit's period.
        unmet: the rows of one unit that are not met, with their evidence.
        as_of: from which day it is looked at.
    """
    states = [_state(reading, reading.period, as_of, row) for row in unmet]
    still = [by for _, by in filter(None, states)]
    return min(still, default=None) if len(still) == len(states) else None


def _state(reading: Reading, period: Period, as_of: date, row: CaseRow) -> _Open | None:
    """What can still be done about a case that is not met; None when nothing can."""
    act = _act(reading, period, row)
    if act is not None and act[1] >= as_of:
        return act
    closes = closing_day(reading.rules)
    shown = row.met == "unknown" and as_of <= closes
    return (ActionKind.EVIDENCE, closes) if shown else None


def _act(reading: Reading, period: Period, row: CaseRow) -> _Open | None:
    """The act that would make it met, were there time; None where no later act can."""
    ends = window_end(reading, period)
    if row.measure == _ACCESS:
        deadline = deadline_of(row)
        return (ActionKind.ACCESS, min(deadline, ends)) if deadline else None
    if row.measure == _SENDING:
        sent = any((w.kind, w.answer) == (EventKind.SUMMARY_SENT, "met") for w in row.evidence)
        return (ActionKind.RECEIPT if sent else ActionKind.SEND, ends)
    return (ActionKind.RECONCILE, ends) if row.measure == _RECEIVING else None


def _pools(measure: MeasureId, found: list[tuple[ActionKind, OpenCase]], efforts: Efforts) -> Iterator[Pool]:
    """One pool for each thing to do, the most urgent case first."""
    by_kind: defaultdict[ActionKind, list[OpenCase]] = defaultdict(list)
    for kind, case in found:
        by_kind[kind].append(case)
    for kind in sorted(by_kind):
        cases = sorted(by_kind[kind], key=lambda case: (case.by, case.name))
        yield Pool(measure, efforts.rule(kind, measure), tuple(cases))


def days_of(rows: list[CaseRow]) -> list[date]:
    """The days on which cases fell, each unit on its first; those without a day are left out."""
    first: dict[str, str] = {}
    for row in rows:
        if row.occurred is not None and row.occurred[:4].isdigit():
            day = row.occurred[:10]
            first[row.unit] = min(day, first.get(row.unit, day))
    return [date.fromisoformat(day) for day in first.values()]
