"""From the quadrants of a unit's cases to signed corners: what a unit counts in every period, as a sum of quadrants.

The days of a unit's quadrants cut the plane of periods into rectangles, within which its standing does not change. It
is found once for each rectangle; the differences between neighbours are the corners. Summing all corners up and
to the left of a period gives its count, exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from extractors.periods.grid import Frame, Numbers
from extractors.periods.quadrants import Codes, Days, Flags, Quadrants, UnitCases

COLUMNS = ("denominator", "met", "unknown", "undecided")
_MOST_CELLS = 2_000_000
"""Rectangles looked at together: bounds the memory, whatever the data."""


@dataclass(frozen=True, slots=True)
class Corners:
    """Signed quadrants of each series and column: where in the frame, and how often; those of one series together."""

    series: Codes
    column: NDArray[np.int8]
    cell: NDArray[np.int32]
    weight: NDArray[np.int8]

    def of(self, series: int) -> "Corners":
        """Those of one series."""
        first, last = np.searchsorted(self.series, (series, series + 1))
        rows = slice(int(first), int(last))
        return Corners(self.series[rows], self.column[rows], self.cell[rows], self.weight[rows])

    def summed(self, column: int, frame: Frame) -> Numbers | None:
        """One column of a series for each period of a space; None where it is zero in all of them."""
        rows = self.column == column
        if not rows.any():
            return None
        size = frame.starts * frame.ends
        corners = np.bincount(self.cell[rows], weights=self.weight[rows], minlength=size)
        grid = corners.astype(np.int32).reshape(frame.starts, frame.ends)
        grid = grid[::-1].cumsum(axis=0, dtype=np.int32)[::-1].cumsum(axis=1, dtype=np.int32)
        found: Numbers = grid.reshape(size)[frame.cells]
        return found


def corners_of(cases: UnitCases, frame: Frame) -> Corners:
    """The corners of all units."""
    found = [corner for batch in _batches(cases, frame) for corner in _of_batch(batch, frame)]
    series, column, cell, weight = (np.concatenate(part) for part in zip(_NONE, *found, strict=True))
    order = np.argsort(series, kind="stable")
    return Corners(series[order], column[order], cell[order], weight[order])


_Found = tuple[Codes, NDArray[np.int8], NDArray[np.int32], NDArray[np.int8]]
_NONE: _Found = (np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0, np.int32), np.zeros(0, np.int8))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Units with equally many cases: the series of each, its quadrants (one row a unit), and which days cut it."""

    series: Codes
    quadrants: Quadrants
    cutting: tuple[str, ...]


def _batches(cases: UnitCases, frame: Frame) -> Iterator[_Batch]:
    """The units, those of a kind together and no more at a time than fit."""
    starts = np.flatnonzero(np.diff(cases.unit, prepend=-1) | np.diff(cases.series, prepend=-1))
    sizes = np.diff(starts, append=len(cases.unit))
    kinds = _kinds(cases.quadrants, starts, frame)
    order = np.lexsort((kinds, sizes))
    breaks = np.flatnonzero(np.diff(sizes[order], prepend=-1) | np.diff(kinds[order], prepend=-1))
    for alike in np.split(order, breaks[1:]):
        if len(alike):
            yield from _alike(cases, starts[alike], int(sizes[alike[0]]), int(kinds[alike[0]]))


def _alike(cases: UnitCases, starts: Codes, size: int, kind: int) -> Iterator[_Batch]:
    cutting = ("near", *(name for n, name in enumerate(_CUTTING) if kind >> n & 1))
    most = max(1, _MOST_CELLS // (size * len(cutting)) ** 2)
    for first in range(0, len(starts), most):
        chosen = starts[first : first + most]
        rows = chosen[:, None] + np.arange(size)
        yield _Batch(cases.series[chosen], cases.quadrants.take(rows), cutting)


_CUTTING = ("inside", "met", "open")


def _kinds(quadrants: Quadrants, starts: Codes, frame: Frame) -> Codes:
    """By unit, which quadrants have days of their own, as bits in the order of `_CUTTING`."""
    near, met = quadrants.near, quadrants.met
    own = (
        _cuts(quadrants.inside, frame) & _differs(quadrants.inside, near),
        _cuts(met, frame) & _differs(met, near),
        _cuts(quadrants.open, frame) & _differs(quadrants.open, met) & _differs(quadrants.open, near),
    )
    bits = (
        [np.bitwise_or.reduceat(flags, starts).astype(np.int64) << n for n, flags in enumerate(own)]
        if len(starts)
        else []
    )
    return sum(bits, np.zeros(len(starts), dtype=np.int64))


def _cuts(quadrant: tuple[Days, Days], frame: Frame) -> Flags:
    """Whether a quadrant is neither empty nor all periods."""
    x, y = quadrant
    empty = (x < 0) | (y >= frame.days)
    cutting: Flags = ~empty & ~((x >= frame.starts - 1) & (y <= frame.first_end))
    return cutting


def _differs(one: tuple[Days, Days], other: tuple[Days, Days]) -> Flags:
    differs: Flags = (one[0] != other[0]) | (one[1] != other[1])
    return differs


def _of_batch(batch: _Batch, frame: Frame) -> Iterator[_Found]:
    quadrants: list[tuple[Days, Days]] = [getattr(batch.quadrants, name) for name in batch.cutting]
    starts = _distinct(np.concatenate([x for x, _ in quadrants], axis=1), -1)
    ends = _distinct(np.concatenate([y for _, y in quadrants], axis=1), frame.days)
    for column, holds in enumerate(_standing(batch.quadrants, starts, ends)):
        unit, row, place = np.nonzero(weights := _corners(holds))
        x, y = starts[unit, row].astype(np.int64), ends[unit, place].astype(np.int64)
        real = (x >= 0) & (y < frame.days)
        cell = (x * frame.ends + y - frame.first_end)[real].astype(np.int32)
        weight = weights[unit, row, place][real]
        yield batch.series[unit[real]], np.full(len(cell), column, dtype=np.int8), cell, weight


def _distinct(days: Days, beyond: int) -> Days:
    """Each row ascending, repeated days put where they mean nothing, and columns of nothing but those left out."""
    days = np.sort(days, axis=1)
    repeated = np.zeros(days.shape, dtype=np.bool_)
    repeated[:, 1:] = days[:, 1:] == days[:, :-1]
    days = np.sort(np.where(repeated, beyond, days).astype(np.int16), axis=1)
    return days[:, (days != beyond).any(axis=0)]


def _standing(quadrants: Quadrants, starts: Days, ends: Days) -> tuple[Flags, ...]:
    """For each unit and rectangle (named by its last start and first end) what holds of the columns, in their order.

    A unit is in the denominator if a case is, and met if nothing that is or may be in the period is anything else.
    """
    shape = (len(starts), starts.shape[1], ends.shape[1])
    inside, near, failed, open_ = (np.zeros(shape, dtype=np.bool_) for _ in range(4))
    for case in range(quadrants.near[0].shape[1]):
        within, around, met, unsettled = (
            _holds(pair, case, starts, ends)
            for pair in (quadrants.inside, quadrants.near, quadrants.met, quadrants.open)
        )
        inside |= within
        near |= around
        failed |= within & ~unsettled
        open_ |= around & ~met
    return inside, inside & ~open_, inside & open_ & ~failed, near & ~inside


def _holds(quadrant: tuple[Days, Days], case: int, starts: Days, ends: Days) -> Flags:
    x, y = quadrant[0][:, case, None], quadrant[1][:, case, None]
    held: Flags = (starts <= x)[:, :, None] & (ends >= y)[:, None, :]
    return held


def _corners(holds: Flags) -> NDArray[np.int8]:
    """What each rectangle has more than those after it in start, and before it in end."""
    value = np.zeros((holds.shape[0], holds.shape[1] + 1, holds.shape[2] + 1), dtype=np.int8)
    value[:, :-1, 1:] = holds
    difference: NDArray[np.int8] = value[:, :-1, 1:] - value[:, 1:, 1:] - value[:, :-1, :-1] + value[:, 1:, :-1]
    return difference
