"""The periods of a year as cells of one array, and arithmetic on a number for each of them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scoring.periods import PeriodSpace

Numbers = NDArray[np.int64] | NDArray[np.int32]

_SHORT = 2**31 // 1000
"""Counts below this stay within 32 bits under all that scoring multiplies them with: twice a maximum of points."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A whole number for each period of a space, in its order; small ones in 32 bits, for the sake of speed."""

    numbers: Numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, cell: int) -> int:
        return int(self.numbers[cell])

    def __add__(self, other: Self | int) -> Self:
        return type(self)(self.numbers + _plain(other))

    def __sub__(self, other: Self | int) -> Self:
        return type(self)(self.numbers - _plain(other))

    def __mul__(self, other: Self | int) -> Self:
        return type(self)(self.numbers * _plain(other))

    def __floordiv__(self, other: Self | int) -> Self:
        return type(self)(self.numbers // _plain(other))

    def __ge__(self, other: Self | int) -> Self:
        return type(self)((self.numbers >= _plain(other)).astype(np.int32))

    def __lt__(self, other: Self | int) -> Self:
        return type(self)((self.numbers < _plain(other)).astype(np.int32))

    def at_most(self, other: Self | int) -> Self:
        """The lesser of the two, cell by cell."""
        return type(self)(np.minimum(self.numbers, _plain(other)))

    def at_least(self, other: Self | int) -> Self:
        """The greater of the two, cell by cell."""
        return type(self)(np.maximum(self.numbers, _plain(other)))

    def without(self, cell: int) -> Self:
        """The same with -1 in one cell."""
        numbers = self.numbers.copy()
        numbers[cell] = -1
        return type(self)(numbers)

    def wide(self) -> Self:
        """The same with room for numbers of 63 bits."""
        return type(self)(self.numbers.astype(np.int64))

    def first_greatest(self) -> int:
        """The first cell that holds the greatest number."""
        return int(self.numbers.argmax())

    def greatest(self) -> int:
        """The greatest number."""
        return int(self.numbers.max())


def _plain(other: Grid | int) -> Numbers | int:
    return other.numbers if isinstance(other, Grid) else other


@dataclass(frozen=True, slots=True)
class Frame:
    """A space as a rectangle of starts and ends; `cells` are the places of its periods in it, in their order.

    A day of the space is its number from 0; start `n` is the `n`th day, and the `n`th end the day `first_end + n`.
    """

    space: PeriodSpace
    cells: NDArray[np.int64]

    @property
    def days(self) -> int:
        """Days of the space."""
        return self.space.days

    @property
    def starts(self) -> int:
        """Rows of the rectangle."""
        return self.space.starts

    @property
    def first_end(self) -> int:
        """The first day on which a period may end."""
        return self.space.minimum_days - 1

    @property
    def ends(self) -> int:
        """Columns of the rectangle."""
        return self.days - self.first_end


@lru_cache(maxsize=8)
def frame_of(space: PeriodSpace) -> Frame:
    """The rectangle of a space."""
    ends = space.days - space.minimum_days + 1
    rows, columns = np.divmod(np.arange(space.starts * ends, dtype=np.int64), ends)
    return Frame(space, np.flatnonzero(columns >= rows))


def counted(numbers: Numbers) -> Grid:
    """Counts as a grid, as small as they may be."""
    short = numbers.max(initial=0) < _SHORT
    return Grid(numbers.astype(np.int32, copy=False) if short else numbers.astype(np.int64, copy=False))


def day_grids(space: PeriodSpace) -> tuple[Grid, Grid]:
    """The number of the first and of the last day of each period, counted from the first day of the space."""
    frame = frame_of(space)
    starts, ends = np.divmod(frame.cells, frame.ends)
    return counted(starts), counted(ends + frame.first_end)


def constant(space: PeriodSpace, number: int) -> Grid:
    """The same number for each period."""
    return counted(np.full(len(frame_of(space).cells), number, dtype=np.int64))
