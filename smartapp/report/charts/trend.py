"""A line over runs: points, or a rate, of 100 each. Runs of another period are drawn hollow."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from smartapp.report.charts.shape import Told, place

_MOST_TEXTS = 6
_HIGH = 80


@dataclass(frozen=True, slots=True)
class Dot:
    """One run in the drawing, in percent of width and of height from the top.

    `text` is written below it where it is high, else above it; empty where there are too many to write all.
    """

    x: str
    y: str
    text: str
    high: bool
    hollow: bool


@dataclass(frozen=True, slots=True)
class TrendLine:
    """The drawing: `path` joins the dots in a square of 100; runs without a number break it."""

    told: Told
    path: str
    dots: tuple[Dot, ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Value:
    """One run's number, 0 to 100, None where it has none; `other` for a run of another period."""

    number: Fraction | None
    text: str
    when: str
    other: bool


def trend_line(told: Told, values: Sequence[Value]) -> TrendLine:
    """The line of at least one value, the oldest first, with the same way between all."""
    dots, path, pen = [], [], "M"
    for index, value in enumerate(values):
        x = place(2 * index + 1, 2 * len(values))
        if value.number is None:
            pen = "M"
            continue
        y = place(100 - value.number, 100)
        written = len(values) <= _MOST_TEXTS or index in (0, len(values) - 1)
        dots.append(Dot(x, y, value.text if written else "", value.number > _HIGH, value.other))
        path.append(f"{pen}{x} {y}")
        pen = "L"
    return TrendLine(told, "".join(path), tuple(dots), values[0].when, values[-1].when)
