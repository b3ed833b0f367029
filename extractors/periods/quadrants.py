"""Cases as quadrants of the plane of periods, so that what counts in which periods is a matter of comparing days.

A quadrant is all periods that start on day `x` or earlier and end on day `y` or later. Days are numbers of a space: -1
stands for every day before it, the number of its days for every day after it. Every condition of `tallies.sql` on
a case is a quadrant or the rest of one.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from extractors.engine import Engine
from extractors.periods.grid import Frame
from extractors.site import NumeratorWindow
from scoring.periods import PeriodSpace

Days = NDArray[np.int16]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

Series = tuple[str, str, str | None, str | None]
"""What is counted for whom: measure, variant, TIN, NPI, as in a tally."""


@dataclass(frozen=True, slots=True)
class Quadrants:
    """Eight days for each case, in rows: four quadrants, each as `x` and `y`.

    In periods of `inside` the case is in the denominator for certain, in those of `near` for certain or perhaps. In
    periods of `met` its numerator is met; outside `open` it is not met; between the two it is not known.
    """

    inside: tuple[Days, Days]
    near: tuple[Days, Days]
    met: tuple[Days, Days]
    open: tuple[Days, Days]

    def __len__(self) -> int:
        return len(self.near[0])

    def take(self, rows: Codes | Flags) -> "Quadrants":
        """Some of the rows."""
        return Quadrants(*((x[rows], y[rows]) for x, y in (self.inside, self.near, self.met, self.open)))


@dataclass(frozen=True, slots=True)
class UnitCases:
    """The cases of every reporter, those of one unit together: `series` and `unit` ascend."""

    names: tuple[Series, ...]
    series: Codes
    unit: Codes
    quadrants: Quadrants


def unit_cases(engine: Engine, frame: Frame, window: NumeratorWindow) -> UnitCases:
    """The derived cases of an engine, for each NPI within a TIN and for each TIN as a group."""
    engine.run("variants.sql")
    engine.run("periods.sql")
    table = engine.table("day_case", "own")  # sums do not depend on the order
    own, of_group = _numbers(table, "own"), _numbers(table, "of_group")
    tin, npi = _present(table, "tin"), _present(table, "npi")
    sides = ((own, (npi | ~tin) & (own > 0), False), (of_group, tin & (of_group > 0), True))
    rows = np.concatenate([np.flatnonzero(kept) for _, kept, _ in sides])
    levels = np.concatenate([level[kept] for level, kept, _ in sides])
    group = np.concatenate([np.full(int(kept.sum()), whole) for _, kept, whole in sides])
    names, series = _series(table, rows, group)
    unit = _codes(table, "unit")[0][rows]
    order = np.lexsort((unit, series))
    quadrants = _quadrants(table, frame, window).of(rows[order], levels[order])
    return UnitCases(names, series[order], unit[order], quadrants)


@dataclass(frozen=True, slots=True)
class _Stated:
    """The days of all rows of the table, before what is counted is chosen."""

    frame: Frame
    sure: Flags
    occurred: tuple[Days, Days]
    widest: tuple[Days, Days]
    met: tuple[Days, Days]
    open: tuple[Days, Days]

    def of(self, rows: Codes, levels: Codes) -> Quadrants:
        """The quadrants of rows whose contexts are as certain as their levels say; all days within the frame."""
        sure = self.sure[rows] & (levels == 2)
        inside = np.where(sure, self.occurred[0][rows], -1), np.where(sure, self.occurred[1][rows], self.frame.days)
        near, met, unsettled = ((x[rows], y[rows]) for x, y in (self.widest, self.met, self.open))
        return Quadrants(*(self._clipped(pair) for pair in (inside, near, met, unsettled)))

    def _clipped(self, pair: tuple[Days, Days]) -> tuple[Days, Days]:
        """Starts after the last and ends before the first make no difference."""
        x, y = pair
        return np.minimum(x, self.frame.starts - 1).astype(np.int16), np.maximum(y, self.frame.first_end).astype(
            np.int16
        )


def _quadrants(table: pa.Table, frame: Frame, window: NumeratorWindow) -> _Stated:
    never, always = -1, frame.days
    names = ("occurred", "occurred_to", "met_from", "met_on", "context_day", "context_until")
    day = {n: _days(table, n, frame.space) for n in names}
    (since, until), (first, timed), last = (day[n][0] for n in names[:2]), day["context_day"], day["context_until"][0]
    dated = day["occurred"][1] & day["occurred_to"][1]
    late, early = np.where(timed, last, always), np.where(timed, first, never)
    widest = (
        np.minimum(np.where(day["occurred_to"][1], until, always), late),
        np.maximum(np.where(day["occurred"][1], since, never), early),
    )
    met, unsettled = _numerator(table, frame, window, day)
    own = np.minimum(since, np.where(timed, first, always)), np.maximum(until, np.where(timed, last, never))
    inside = np.minimum(own[0], widest[0]), np.maximum(own[1], widest[1])  # what cannot be near is not inside
    return _Stated(frame, _is(table, "member", "yes") & dated, inside, widest, met, unsettled)


def _numerator(
    table: pa.Table, frame: Frame, window: NumeratorWindow, day: dict[str, tuple[Days, Flags]]
) -> tuple[tuple[Days, Days], tuple[Days, Days]]:
    """Where a numerator is met, and where it is met or not known; an act without a day counts in every period."""
    never, always = -1, frame.days
    (since, starts), (until, ends) = day["met_from"], day["met_on"]
    met, unknown = _is(table, "met", "met"), _is(table, "met", "unknown")
    if window is NumeratorWindow.CALENDAR_YEAR:
        first, last = f"{frame.space.first.year}-01-01", f"{frame.space.first.year}-12-31"
        within = ~starts | (_compared(table, "met_from", first, -1) & ends & _compared(table, "met_on", last, 1))
        outside = starts & ((ends & ~_compared(table, "met_on", first, -1)) | ~_compared(table, "met_from", last, 1))
        return _fixed(met & within, frame), _fixed(unknown | (met & ~outside), frame)
    dated = met & starts
    sure = np.where(dated, np.where(ends, since, never), np.where(met, always, never))
    by = np.where(dated, np.where(ends, until, always), np.where(met, never, always))
    possible = met | unknown
    latest = np.where(dated & ends, until, np.where(possible, always, never))
    earliest = np.where(dated, since, np.where(possible, never, always))
    return (sure, by), (latest, earliest)


def _fixed(holds: Flags, frame: Frame) -> tuple[Days, Days]:
    """Every period where it holds, none where it does not."""
    return np.where(holds, frame.days, -1), np.where(holds, -1, frame.days)


def _series(table: pa.Table, rows: Codes, group: Flags) -> tuple[tuple[Series, ...], Codes]:
    columns = [_coded(table, name) for name in ("measure", "variant", "tin", "npi")]
    codes = [code[rows] for code, _ in columns]
    codes[3] = np.where(group, -1, codes[3])
    whole = np.zeros(len(rows), dtype=np.int64)
    for (_, values), code in zip(columns, codes, strict=True):
        whole = whole * (len(values) + 1) + code + 1
    found, first, series = np.unique(whole, return_index=True, return_inverse=True)
    names = [tuple(v[c[n]] if c[n] >= 0 else None for (_, v), c in zip(columns, codes, strict=True)) for n in first]
    return tuple((str(m), str(v), t, n) for m, v, t, n in names[: len(found)]), series.astype(np.int64)


def _coded(table: pa.Table, name: str) -> tuple[Codes, list[str]]:
    """A column as the numbers of its values, -1 for none, and the values."""
    codes, values = _codes(table, name)
    return codes, [str(value) for value in values.to_pylist()]


def _codes(table: pa.Table, name: str) -> tuple[Codes, "pa.Array[Any]"]:
    column = table[name].combine_chunks().dictionary_encode()
    return column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), column.dictionary


def _days(table: pa.Table, name: str, space: PeriodSpace) -> tuple[Days, Flags]:
    """A column of days as numbers of a space, and where there is one. Days are compared as text, as in the SQL."""
    codes, values = _coded(table, name)
    days = [(space.first + timedelta(n)).isoformat() for n in range(space.days)]
    numbers = [len(days) if value > days[-1] else bisect_right(days, value) - 1 for value in values]
    return np.array([*numbers, -1], dtype=np.int16)[codes], codes >= 0


def _compared(table: pa.Table, name: str, day: str, side: int) -> Flags:
    """Where a column is on the day or, by the sign of `side`, before (1) or after (-1) it; nowhere without a day."""
    codes, values = _coded(table, name)
    holds = [value <= day if side > 0 else value >= day for value in values]
    return np.array([*holds, False], dtype=np.bool_)[codes]


def _is(table: pa.Table, name: str, value: str) -> Flags:
    codes, values = _coded(table, name)
    found: Flags = codes == (values.index(value) if value in values else -2)
    return found


def _present(table: pa.Table, name: str) -> Flags:
    present: Flags = table[name].is_valid().to_numpy()
    return present


def _numbers(table: pa.Table, name: str) -> Codes:
    return table[name].to_numpy().astype(np.int64)
