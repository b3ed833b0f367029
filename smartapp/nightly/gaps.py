"""The days on which a numerator stopped, for each counted measure of a score."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from extractors.vocabulary import EventKind
from scoring.model import Origin
from smartapp.evidence import COUNTS, CaseRow, case_rows, rows_of
from smartapp.outages import Due, Outage, outages
from smartapp.scored import Scored

_DEADLINE = re.compile(r"the deadline ([0-9]{4}-[0-9]{2}-[0-9]{2})\b")
"""How the reason of a PI_PEA_1 case names the end of its fourth business day (cases.sql)."""
_BEGINS, _ENDS = {EventKind.ACCESS_VDT, EventKind.ACCESS_API}, {EventKind.ACCESS_WITHDRAWN}
_OUTSIDE_WINDOW = "not within the window"
"""How the reason of a case ends that was met, but not within the numerator window (`smartapp.evidence`)."""
_ANSWERS = {"met": True, "not_met": False}


def gaps_of(scored: Scored) -> Mapping[str, tuple[Outage, ...]]:
    """By measure that was counted from FHIR, the gaps in what is met within the score's period; none is left out.

    The reading of the score has to be open still.
    """
    rows = case_rows(scored.reading)
    found = {str(measure): outages(_dues(rows, scored, measure)) for measure in _counted(scored)}
    return {measure: gaps for measure, gaps in found.items() if gaps}


def _counted(scored: Scored) -> Iterator[str]:
    for measure, proportion in scored.submission.proportions.items():
        if proportion.origin is Origin.RECOMPUTED and scored.tallies[measure] is not None:
            yield measure


def _dues(rows: list[CaseRow], scored: Scored, measure: str) -> Iterable[Due]:
    tally = next(tally for name, tally in scored.tallies.items() if name == measure)
    if tally is None:
        return ()
    sure = {row.focus: (row, day) for row in rows_of(rows, tally) if row.counts == COUNTS and (day := _day(row))}
    return [_due(row, day) for row, day in sure.values()]


def _due(row: CaseRow, day: date) -> Due:
    """A case on the day that decides it; one that was met on another day than the window's says nothing of this one."""
    met = None if row.reason.endswith(_OUTSIDE_WINDOW) else _ANSWERS.get(row.met)
    return Due(day, met, _days(row, _BEGINS), _days(row, _ENDS))


def _day(row: CaseRow) -> date | None:
    """The deadline of an access, else the day of the record; None for part of a date."""
    named = _DEADLINE.search(row.reason)
    text = named[1] if named else row.occurred or ""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _days(row: CaseRow, kinds: set[EventKind]) -> frozenset[date]:
    days = (w.day for w in row.evidence if w.kind in kinds and w.answer == "met" and w.day)
    return frozenset(date.fromisoformat(day) for day in days)
