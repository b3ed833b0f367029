"""The cases of a period week by week, with the days on which nothing was met marked to the day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from scoring.model import Period
from smartapp.opened.casebook import ANSWERS, Standing
from smartapp.opened.drilldown import Way, decided_on
from smartapp.opened.evidence import COUNTS
from smartapp.opened.outages import Outage
from smartapp.report.charts.shape import DataTable, Mark, Told, percent_of, place
from smartapp.report.words import day, figure, plural

_WEEK = timedelta(days=7)
_ORDER = (Standing.MET, Standing.UNKNOWN, Standing.NOT_MET)
_KINDS = {Standing.MET: "earned", Standing.UNKNOWN: "open", Standing.NOT_MET: "lost"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of one week's column: all in percent of the drawing, from the top."""

    kind: str
    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Band:
    """Days that are marked over the whole height."""

    x: str
    width: str


@dataclass(frozen=True, slots=True)
class WeekChart:
    """The drawing; `months` are marks along the foot."""

    told: Told
    bars: tuple[Bar, ...]
    bands: tuple[Band, ...]
    months: tuple[Mark, ...]


def week_chart(way: Way, period: Period, gaps: Sequence[Outage]) -> WeekChart | None:
    """The records of a way to count by the week of the day that decides them; None where no such day is known."""
    counts = _counts(way, period)
    if not counts:
        return None
    most = max(sum(counts[week, s] for s in _ORDER) for week, _ in counts)
    weeks = sorted({week for week, _ in counts})
    return WeekChart(
        told=Told("by-week", "Week by week", _reading(gaps), _table(counts, weeks)),
        bars=tuple(bar for week in weeks for bar in _column(counts, week, most, period)),
        bands=tuple(_band(gap, period) for gap in gaps),
        months=tuple(_months(period)),
    )


def _counts(way: Way, period: Period) -> Counter[tuple[date, Standing]]:
    """Each record once, by the first day of its week within the period and its answer."""
    rows = {row.focus: row for case in way.cases for row in case.rows if row.counts == COUNTS}
    found: Counter[tuple[date, Standing]] = Counter()
    for row in rows.values():
        when = decided_on(row)
        if when is not None and period.start <= when <= period.end:
            found[period.start + (when - period.start) // _WEEK * _WEEK, Standing(row.met)] += 1
    return found


def _column(counts: Counter[tuple[date, Standing]], week: date, most: int, period: Period) -> list[Bar]:
    x, days = percent_of((week - period.start).days, period.days), min(6, (period.end - week).days + 1)
    bars, below = [], 0
    for standing in _ORDER:
        number = counts[week, standing]
        below += number
        if number:
            bars.append(Bar(_KINDS[standing], x, percent_of(days, period.days), *_height(number, below, most)))
    return bars


def _height(number: int, below: int, most: int) -> tuple[str, str]:
    """Where a part begins from the top, and how high it is; `below` counts it and all parts under it."""
    return percent_of(most - below, most), percent_of(number, most)


def _band(gap: Outage, period: Period) -> Band:
    last = min(gap.last or period.end, period.end)
    first = max(gap.stopped, period.start)
    return Band(percent_of((first - period.start).days, period.days), percent_of((last - first).days + 1, period.days))


def _months(period: Period) -> list[Mark]:
    firsts = [date(period.start.year, month, 1) for month in range(1, 13)]
    inside = [first for first in firsts if period.start <= first <= period.end]
    return [Mark(place((first - period.start).days, period.days), f"{first:%b}") for first in inside]


def _reading(gaps: Sequence[Outage]) -> str:
    if not gaps:
        return "No run of days stands out on which nothing was met."
    days = [f"{day(gap.stopped)} to {day(gap.last)}" if gap.last else f"from {day(gap.stopped)} on" for gap in gaps]
    return f"Nothing was met in {plural(len(gaps), 'run', 'runs')} of days: {'; '.join(days)}."


def _table(counts: Counter[tuple[date, Standing]], weeks: Sequence[date]) -> DataTable:
    rows = tuple((day(week), *(figure(counts[week, standing]) for standing in _ORDER)) for week in weeks)
    return DataTable(
        "Records by the week of the day that decides them", ("Week from", *(ANSWERS[s] for s in _ORDER)), rows
    )
