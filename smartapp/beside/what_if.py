"""A run's cases counted again as they would come out if something were otherwise: by the one SQL, in an engine apart.

A setting changes the rows that are counted, or the days; what follows from that is left to `tallies.sql`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from extractors.cases import tally
from extractors.site import NumeratorWindow
from scoring.model import MeasureId, Period, Reporter
from smartapp.kept.engines import engine_of_rows
from smartapp.kept.runs import BESIDE
from smartapp.usecases import Reading

Standing = tuple[int, int]
"""What a unit gives to numerator and denominator."""

Units = Mapping[str, Standing]
"""The units that count for one reporter and measure; those in neither number are left out."""

Column = Any
"""An Arrow column, or a condition: one truth value a row."""

_FALSE: Column = pa.scalar(False)  # Arrow's signature
_CONTEXTS = ("received_context", "incoming_context")


class Takes(StrEnum):
    """Whether a cause holds for all that it touches (a setting), or may hold for any of it (single cases)."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Rows:
    """What is counted: cases, and by name the tables of contexts, which share the columns `focus`, `tin` and `npi`."""

    cases: pa.Table
    contexts: Mapping[str, pa.Table]

    def change(self, how: Callable[[pa.Table], pa.Table]) -> "Rows":
        """All tables changed in the same way."""
        return Rows(how(self.cases), {name: how(table) for name, table in self.contexts.items()})


@dataclass(frozen=True, slots=True)
class Setting:
    """One way in which the count may have been made otherwise; None leaves a thing as it is.

    `measures` are those that it can touch; None means any.
    """

    title: str
    takes: Takes
    measures: frozenset[str] | None = None
    change: Callable[[Rows], Rows] = lambda rows: rows
    period: Period | None = None
    window: NumeratorWindow | None = None
    variant: str | None = None
    reporter: Reporter | None = None


AS_COUNTED = Setting("as counted", Takes.ALL)


class Bench:
    """An engine with the cases of one reading, to be counted under other settings. Use it as a context."""

    def __init__(self, reading: Reading, measures: Iterable[MeasureId], reporter: Reporter) -> None:
        self._reading, self._reporter = reading, reporter
        self.measures = frozenset[str](measures)
        self.tables = {name: reading.engine.table(name) for name in BESIDE}
        mine = self._mine(reading.engine.table("cases"))
        self.rows = Rows(mine, {name: reading.engine.table(name) for name in _CONTEXTS})
        self._engine = engine_of_rows(mine.num_rows + sum(table.num_rows for table in self.rows.contexts.values()))

    def _mine(self, cases: pa.Table) -> pa.Table:
        """The cases that may be the reporter's under any setting."""
        tin, npi = self._reporter.tin, self._reporter.npi
        among: Column = pc.is_in(cases["measure"], value_set=pa.array(sorted(self.measures), pa.string()))
        near = either(same(cases, "tin", tin), same(cases, "tin", None), same(cases, "npi", npi))
        return cases.filter(both(among, near))

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.__exit__()

    def count(self, setting: Setting, variant: str) -> dict[MeasureId, Units]:
        """The units that count under a setting, by measure, for the reporter or whom the setting names.

        Args:
            setting: what is otherwise.
            variant: of PI_EP_1, where the setting names no other.
        """
        rows, who = setting.change(self.rows), setting.reporter or self._reporter
        for name, table in {"cases": rows.cases, **rows.contexts}.items():
            self._engine.load(name, table)
        period = setting.period or self._reading.period
        tally(self._engine, period, setting.window or self._reading.site.numerator_window)
        found: dict[MeasureId, dict[str, Standing]] = {}
        wanted = (setting.variant or variant, "all")
        for row in self._engine.rows("counted", "measure, unit"):
            if (row["tin"], row["npi"]) == (who.tin, who.npi) and row["variant"] in wanted and row["place"] == "in":
                units = found.setdefault(MeasureId(row["measure"]), {})
                units[row["unit"]] = (int(row["met"] == "met"), 1)
        return dict(found)


def assign(table: pa.Table, where: Column, **values: str | None) -> pa.Table:
    """A table with columns set to a value where a condition holds."""
    for name, value in values.items():
        column: Column = table[name]
        set_to: Column = pc.if_else(where, pa.scalar(value, pa.string()), column)
        table = table.set_column(table.schema.get_field_index(name), name, set_to)
    return table


def same(table: pa.Table, name: str, value: str | None) -> Column:
    """Where a column has that value, null being one too."""
    column: Column = table[name]
    return pc.is_null(column) if value is None else pc.fill_null(pc.equal(column, pa.scalar(value)), _FALSE)


def both(*conditions: Column) -> Column:
    """Where all conditions hold."""
    return reduce(lambda one, other: pc.and_(one, other), conditions)


def either(*conditions: Column) -> Column:
    """Where any condition holds."""
    return reduce(lambda one, other: pc.or_(one, other), conditions)
