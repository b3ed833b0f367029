"""The tallies of every period of a space at once; for each of them the same numbers as `tallies.sql`."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from extractors.cases import Tally
from extractors.engine import Engine
from extractors.periods.corners import COLUMNS, Corners, corners_of
from extractors.periods.grid import Frame, constant, counted, frame_of
from extractors.periods.quadrants import Series, unit_cases
from extractors.site import NumeratorWindow
from scoring.cells import Counts
from scoring.model import MeasureId
from scoring.periods import PeriodSpace


class PeriodCounts:
    """Every period's tallies of everyone in the data. Made once from derived cases; summed up as they are asked for.

    `last_case` is the day of the last case of the year of `space`, None where there is none.
    """

    def __init__(self, engine: Engine, space: PeriodSpace, window: NumeratorWindow) -> None:
        self.space = space
        self._frame: Frame = frame_of(space)
        cases = unit_cases(engine, self._frame, window)
        self._number: Mapping[Series, int] = {name: n for n, name in enumerate(cases.names)}
        self._corners: Corners = corners_of(cases, self._frame)
        self._homeless = tuple(name for name in self._number if name[2] is None)
        self.last_case = _last_case(engine, space)
        self._none = constant(space, 0)
        self._summed = lru_cache(maxsize=64)(self._sum)

    @property
    def series(self) -> tuple[Series, ...]:
        """Everything that is counted for anyone in any way."""
        return tuple(self._number)

    @property
    def homeless(self) -> tuple[Series, ...]:
        """What is counted for whoever has no TIN."""
        return self._homeless

    def of(self, series: Series) -> Counts:
        """The counts of one measure and variant for one reporter; zeros where the data have none."""
        number = self._number.get(series)
        return Counts(self._none, self._none, self._none, self._none) if number is None else self._summed(number)

    def forget(self) -> None:
        """Drop what was summed up, to be summed again when asked for."""
        self._summed.cache_clear()

    def _sum(self, number: int) -> Counts:
        corners = self._corners.of(number)
        columns = [corners.summed(column, self._frame) for column in range(len(COLUMNS))]
        denominator, met, unknown, undecided = (self._none if c is None else counted(c) for c in columns)
        return Counts(denominator, met, unknown, undecided)

    def tally(self, series: Series, cell: int) -> Tally | None:
        """The tally of one period, without the grades of evidence; None where nothing is in or near the denominator."""
        counts, (measure, variant, tin, npi) = self.of(series), series
        denominator, undecided = counts.denominator[cell], counts.undecided[cell]
        if not denominator + undecided:
            return None
        met, unknown = counts.met[cell], counts.unknown[cell]
        return Tally(MeasureId(measure), variant, tin, npi, denominator, met, unknown, undecided, {})


def _last_case(engine: Engine, space: PeriodSpace) -> date | None:
    last = {row["year"]: row["day"] for row in engine.rows("last_case")}
    day = last.get(f"{space.last.year:04}")
    return date.fromisoformat(day) if day else None
