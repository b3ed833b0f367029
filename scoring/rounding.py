"""From an exact rate to whole points.

Source: CMS's example scoring output (49/115 of 10 is 4; 861/1809 of 40 is 19): the unrounded rate is
multiplied with the maximum and rounded once, per measure. An exact half goes up; that is inferred.
"""

from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import TypeVar

from scoring.cells import Cells

HALF = Fraction(1, 2)
_REMEMBERED = 10_000
"""Scenarios of a plan and periods of a year ask for the same few rates again and again."""
C = TypeVar("C", bound=Cells)


class Tie(StrEnum):
    """Where an exact half goes."""

    UP = "half-up"
    EVEN = "half-even"


def half_up(points: Fraction) -> int:
    """The nearest whole number; an exact half goes up."""
    return floor(points + HALF)


def is_tie(points: Fraction) -> bool:
    """Whether the points end in an exact half, so that the tie rule decides."""
    return points - floor(points) == HALF


def exact_points(met: int, denominator: int, available: int) -> Fraction:
    """Met over denominator times the maximum, exact; 0 when nothing was eligible."""
    return Fraction(met, denominator) * available if denominator else Fraction(0)


@lru_cache(_REMEMBERED)
def measure_points(met: int, denominator: int, available: int, least: int, tie: Tie = Tie.UP) -> int:
    """Whole points of a proportion measure.

    Args:
        met: cases met, 0 to `denominator`.
        denominator: eligible cases.
        available: the maximum after reallocation, whole points.
        least: points earned when at least one case is met, whatever the rate; never above `available`.
        tie: where an exact half goes.
    """
    exact = exact_points(met, denominator, available)
    rounded = half_up(exact) if tie is Tie.UP else round(exact)
    return max(rounded, min(least, available)) if met >= 1 else rounded


def points_of_cells(met: C, denominator: C, available: int, least: int, tie: Tie) -> C:
    """What `measure_points` gives, cell by cell, by whole numbers alone; the arguments mean the same."""
    eligible = denominator.at_least(1)
    twice = met * (2 * available) + eligible
    rounded = twice // (eligible * 2)
    if tie is Tie.EVEN:
        on_half, odd = twice - rounded * (eligible * 2) < 1, rounded - rounded // 2 * 2
        rounded = rounded - on_half * odd
    return rounded.at_least((met >= 1) * min(least, available))


@lru_cache(_REMEMBERED)
def in_words(points: Fraction) -> str:
    """A decimal with as few places (two or more are tried) as still rounds like the exact value."""
    for places in range(2, 9):
        digits = half_up(points * 10**places)
        shown = Fraction(digits, 10**places)
        if half_up(shown) == half_up(points) and (shown.denominator == 1) <= (points.denominator == 1):
            return _decimal(digits, places)
    return f"about {half_up(points)}"


def _decimal(digits: int, places: int) -> str:
    whole, part = divmod(digits, 10**places)
    return f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".")
