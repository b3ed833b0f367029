"""The curve of a count against the limit of an exclusion: day by day as observed, then at the pace so far."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from scoring.projection import Span
from scoring.rounding import half_up
from smartapp.limits import Limited
from smartapp.report.charts.shape import DataTable, Mark, Told, percent_of, place
from smartapp.report.words import day, figure

_HEADROOM = Fraction(115, 100)
"""How much higher than its highest number the drawing is."""


@dataclass(frozen=True, slots=True)
class ThresholdChart:
    """The drawing, in percent of its width, and of its height from the top.

    `curve` is the path of what surely counts, in a square of 100; `range` goes from there to the most that may count.
    `pace` are both ends of the line to what the pace gives (None where nothing is to come), `today` None where the
    period is over.
    """

    told: Told
    curve: str
    limit: str
    limit_text: str
    count_text: str
    pace: tuple[str, str, str, str] | None
    range: tuple[str, str, str] | None
    end: tuple[str, str]
    months: tuple[Mark, ...]
    today: Mark | None


def threshold_chart(one: Limited, span: Span, title: str) -> ThresholdChart | None:
    """The curve of one exclusion; None where the limit is none at all, or days or counts are not known."""
    if one.days is None or one.margin.fewer_than == 1 or span.observed is None or one.margin.pace is None:
        return None
    scale = _Scale(one, span)
    certain, most = len(one.days), one.margin.pace.counted
    end = scale.x(span.observed.end, after=True)
    return ThresholdChart(
        told=Told(f"count-{one.exclusion.exclusion}", title, _reading(one, span), _table(one, span)),
        curve=_curve(one.days, scale, end),
        limit=scale.y(one.margin.fewer_than),
        limit_text=f"{one.margin.fewer_than}: no exclusion",
        count_text=_counted(certain, most),
        pace=_pace(one, scale, end),
        range=(end, scale.y(certain), scale.y(most)) if most > certain else None,
        end=(end, scale.y(certain)),
        months=tuple(_months(span, scale)),
        today=Mark(end, f"{span.observed.end:%b} {span.observed.end.day}") if span.remaining else None,
    )


class _Scale:
    """From days and counts to places."""

    def __init__(self, one: Limited, span: Span) -> None:
        expected = one.margin.pace.expected if one.margin.pace else None
        counted = one.margin.pace.counted if one.margin.pace else 0
        self._top = max(one.margin.fewer_than, counted, expected or 0) * _HEADROOM
        self._span = span

    def x(self, when: date, *, after: bool = False) -> str:
        """Where a day begins, or where it ends."""
        return place((when - self._span.period.start).days + after, self._span.period.days)

    def y(self, number: int | Fraction) -> str:
        """How far below the top a count is drawn."""
        return place(self._top - number, self._top)


def _curve(days: tuple[date, ...], scale: _Scale, end: str) -> str:
    """A step up on each day with cases; it ends where the observed days end."""
    steps, reached = [f"M0 {scale.y(0)}"], 0
    for when in sorted(set(days)):
        reached += days.count(when)
        steps.append(f"H{scale.x(when)}V{scale.y(reached)}")
    return "".join((*steps, f"H{end}"))


def _pace(one: Limited, scale: _Scale, end: str) -> tuple[str, str, str, str] | None:
    pace = one.margin.pace
    if pace is None or pace.expected is None or not pace.remaining:
        return None
    return end, scale.y(pace.counted), "100", scale.y(pace.expected)


def _months(span: Span, scale: _Scale) -> list[Mark]:
    starts = [date(span.period.start.year, month, 1) for month in range(1, 13)]
    inside = [first for first in starts if span.period.start <= first <= span.period.end]
    return [Mark(f"{scale.x(first)}", f"{first:%b}"[:1]) for first in inside]


def _counted(certain: int, most: int) -> str:
    return figure(certain) if most == certain else f"{figure(certain)} to {figure(most)}"


def _reading(one: Limited, span: Span) -> str:
    assert span.observed is not None
    assert one.margin.pace is not None
    counted = _counted(len(one.days or ()), one.margin.pace.counted)
    text = f"{counted} {one.exclusion.what} by {day(span.observed.end)}, against a limit of fewer than "
    text += f"{figure(one.margin.fewer_than)}"
    expected = one.margin.pace.expected
    if not span.remaining or expected is None:
        return f"{text}; the period is over."
    return f"{text}; at that pace about {figure(half_up(expected))} on {day(span.period.end)}."


def _table(one: Limited, span: Span) -> DataTable:
    assert span.observed is not None
    assert one.margin.pace is not None
    days, last = one.days or (), span.observed.end
    rows = [(day(when), figure(sum(d <= when for d in days))) for when in _month_ends(span.observed.start, last)]
    rows.append((f"{day(last)}, the last day observed", _counted(len(days), one.margin.pace.counted)))
    if span.remaining and one.margin.pace.expected is not None:
        rows.append(
            (f"{day(span.period.end)}, at the pace so far", f"about {figure(half_up(one.margin.pace.expected))}")
        )
    rows.append(("Limit", f"fewer than {figure(one.margin.fewer_than)}"))
    return DataTable("Counted until the end of each month", ("By", "Counted"), tuple(rows))


def _month_ends(start: date, last: date) -> list[date]:
    """The last days of the months that end before the last day."""
    firsts = [date(start.year, month, 1) for month in range(start.month + 1, last.month + 1)]
    return [one - timedelta(days=1) for one in firsts if one - timedelta(days=1) < last]
