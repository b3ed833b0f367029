"""The curve of a count against the limit of an exclusion: day by day as observed, then at the pace so far."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from scoring.model import Period
from scoring.projection import Pace, Span
from scoring.rounding import half_up
from smartapp.ahead.limits import Limited
from smartapp.report.charts.shape import DataTable, Mark, Told, place
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


@dataclass(frozen=True, slots=True)
class _Curve:
    """What is drawn: the days of what surely counts, and how the count may go on."""

    days: tuple[date, ...]
    observed: Period
    pace: Pace
    limit: int
    what: str
    period: Period

    @property
    def counted(self) -> str:
        """What surely counts, and the most that may."""
        certain, most = len(self.days), self.pace.counted
        return figure(certain) if most == certain else f"{figure(certain)} to {figure(most)}"

    @property
    def expected(self) -> Fraction | None:
        """The count at the end of the period; None where no day is to come."""
        return self.pace.expected if self.pace.remaining else None

    def x(self, when: date) -> str:
        """Where a day begins along the width."""
        return place((when - self.period.start).days, self.period.days)

    def y(self, number: int | Fraction) -> str:
        """How far below the top a count is drawn."""
        top = max(Fraction(self.limit), self.pace.counted, self.expected or 0) * _HEADROOM
        return place(top - number, top)


def threshold_chart(one: Limited, span: Span, title: str) -> ThresholdChart | None:
    """The curve of one exclusion; None where the limit is none at all, or days or counts are not known."""
    pace, observed = one.margin.pace, span.observed
    if one.days is None or one.margin.fewer_than == 1 or observed is None or pace is None:
        return None
    curve = _Curve(one.days, observed, pace, one.margin.fewer_than, one.exclusion.what or "cases", span.period)
    end = place(span.elapsed, span.period.days)
    certain, most, expected = len(curve.days), pace.counted, curve.expected
    return ThresholdChart(
        told=Told(f"count-{one.exclusion.exclusion}", title, _reading(curve), _table(curve)),
        curve=_path(curve, end),
        limit=curve.y(curve.limit),
        limit_text=f"{curve.limit}: no exclusion",
        count_text=curve.counted,
        pace=None if expected is None else (end, curve.y(most), "100", curve.y(expected)),
        range=(end, curve.y(certain), curve.y(most)) if most > certain else None,
        end=(end, curve.y(certain)),
        months=tuple(_months(curve)),
        today=Mark(end, f"{observed.end:%b} {observed.end.day}") if span.remaining else None,
    )


def _path(curve: _Curve, end: str) -> str:
    """A step up on each day with cases; it ends where the observed days end."""
    steps, reached = [f"M0 {curve.y(0)}"], 0
    for when, number in sorted(Counter(curve.days).items()):
        reached += number
        steps.append(f"H{curve.x(when)}V{curve.y(reached)}")
    return "".join((*steps, f"H{end}"))


def _months(curve: _Curve) -> Iterator[Mark]:
    for first in (date(curve.period.start.year, month, 1) for month in range(1, 13)):
        if curve.period.start <= first <= curve.period.end:
            yield Mark(curve.x(first), f"{first:%b}"[:1])


def _reading(curve: _Curve) -> str:
    text = f"{curve.counted} {curve.what} by {day(curve.observed.end)}; the exclusion needs fewer than "
    text += f"{figure(curve.limit)}"
    if curve.expected is None:
        return f"{text}, and the period is over."
    return f"{text}. At that pace it is about {figure(half_up(curve.expected))} on {day(curve.period.end)}."


def _table(curve: _Curve) -> DataTable:
    last = curve.observed.end
    rows = [(day(one), figure(sum(d <= one for d in curve.days))) for one in _month_ends(curve.observed)]
    rows.append((f"{day(last)}, the last day observed", curve.counted))
    if curve.expected is not None:
        rows.append((f"{day(curve.period.end)}, at the pace so far", f"about {figure(half_up(curve.expected))}"))
    rows.append(("Limit", f"fewer than {figure(curve.limit)}"))
    return DataTable("Counted until the end of each month", ("By", "Counted"), tuple(rows))


def _month_ends(observed: Period) -> list[date]:
    """The last days of the months that end before the last day."""
    months = range(observed.start.month + 1, observed.end.month + 1)
    ends = [date(observed.start.year, month, 1) - timedelta(days=1) for month in months]
    return [one for one in ends if one < observed.end]
