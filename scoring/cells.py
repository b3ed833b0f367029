"""Whole numbers for many periods at once: arithmetic cell by cell, so that one expression counts for all of them."""

from dataclasses import dataclass
from typing import Protocol, Self

from scoring.model import MeasureId


class Cells(Protocol):
    """One whole number for each of many periods, in a fixed order. Comparisons give 1 where they hold, else 0.

    Division is floor division; everything is exact.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, cell: int, /) -> int: ...
    def __add__(self, other: Self | int, /) -> Self: ...
    def __sub__(self, other: Self | int, /) -> Self: ...
    def __mul__(self, other: Self | int, /) -> Self: ...
    def __floordiv__(self, other: Self | int, /) -> Self: ...
    def __ge__(self, other: Self | int, /) -> Self: ...
    def __lt__(self, other: Self | int, /) -> Self: ...
    def at_most(self, other: Self | int, /) -> Self:
        """The lesser of the two, cell by cell."""
        ...

    def at_least(self, other: Self | int, /) -> Self:
        """The greater of the two, cell by cell."""
        ...

    def wide(self) -> Self:
        """The same with room for numbers of 63 bits; others need hold counts times twice the points of a category."""
        ...

    def without(self, cell: int, /) -> Self:
        """The same with -1 in one cell."""
        ...

    def first_greatest(self) -> int:
        """The first cell that holds the greatest number."""
        ...

    def greatest(self) -> int:
        """The greatest number."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """What one measure counted in each period, in the words of `Proportion`.

    Not `readable`: the source cannot show the measure, and where nothing is counted, that proves nothing.
    """

    denominator: Cells
    met: Cells
    unknown: Cells
    undecided: Cells
    readable: bool = True

    @property
    def unread(self) -> Cells:
        """1 where the source shows nothing and cannot, else 0."""
        return self.denominator * 0 if self.readable else self.denominator + self.undecided < 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of the count behind an exclusion in each period; `possible` None where there is no upper one."""

    certain: Cells
    possible: Cells | None


class Counted(Protocol):
    """What was counted of one reporter in each period of a space."""

    def days(self) -> tuple[Cells, Cells]:
        """The first and the last day of each period, as numbers from 0."""
        ...

    def counts(self, measure: MeasureId, variant: str) -> Counts:
        """One measure; the variant concerns those that have several."""
        ...

    def bounds(self, counted_as: MeasureId, variant: str) -> Bounds | None:
        """The count of cases under an id; None where it cannot be counted from this source."""
        ...
