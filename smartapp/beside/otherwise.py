"""All in which the EHR may have counted otherwise: one setting each, from days and persons to what is left out."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from extractors.site import NumeratorWindow
from extractors.vocabulary import Grade
from scoring.model import Period, Reporter
from smartapp.beside.what_if import Bench, Column, Rows, Setting, Takes, assign, both, either, same
from smartapp.usecases import Reading

NEAR_DAYS = 7
"""How far outside the period a case may lie to be a candidate."""

_PER_PATIENT = "PI_PEA_1"
_VARIANTS = {
    "controlled-included": ("controlled-excluded", "controlled substances left out"),
    "controlled-excluded": ("controlled-included", "controlled substances counted"),
}
_WINDOWS = {
    NumeratorWindow.PERFORMANCE_PERIOD: (NumeratorWindow.CALENDAR_YEAR, "numerator acts of the whole calendar year"),
    NumeratorWindow.CALENDAR_YEAR: (NumeratorWindow.PERFORMANCE_PERIOD, "numerator acts of the period alone"),
}


def settings_of(
    bench: Bench, reading: Reading, reporter: Reporter, variant: str, stated: Period | None
) -> Iterator[Setting]:
    """Every setting under which the cases are counted again.

    Args:
        bench: the cases.
        reading: the run, as it was counted.
        reporter: who reports.
        variant: of PI_EP_1, as counted.
        stated: the days that the EHR's report says it counts; None where it does not say.
    """
    other, title = _VARIANTS[variant]
    yield Setting(title, Takes.ALL, frozenset({"PI_EP_1"}), variant=other)
    yield from _days(bench, reading.period, stated)
    yield from _acts(reading.site.numerator_window)
    yield from _persons(reading, reporter)
    yield from _left_out(bench, reporter)
    yield from _traits(bench)
    yield from _answers()


def _days(bench: Bench, period: Period, stated: Period | None) -> Iterator[Setting]:
    if stated is not None and stated != period:
        yield Setting(f"the report's own days, {stated.start} to {stated.end}", Takes.ALL, period=stated)
    one = timedelta(days=1)
    for title, days in (
        ("the last day left out", (period.start, period.end - one)),
        ("the first day left out", (period.start + one, period.end)),
        ("one day more at the end", (period.start, period.end + one)),
        ("one day more at the start", (period.start - one, period.end)),
    ):
        if days[0] <= days[1]:
            yield Setting(title, Takes.ALL, period=Period(*days))
    near = timedelta(days=NEAR_DAYS)
    wider = Period(period.start - near, period.end + near)
    yield Setting(f"dated up to {NEAR_DAYS} days outside the period", Takes.ANY, period=wider)
    yield Setting("days by Greenwich time, not by the practice's clock", Takes.ALL, change=_by_utc(bench))


def _by_utc(bench: Bench) -> Callable[[Rows], Rows]:
    known = {(row["measure"], row["focus"]): row["day"] for row in bench.tables["utc_day"].to_pylist()}

    def change(rows: Rows) -> Rows:
        keys = zip(rows.cases["measure"].to_pylist(), rows.cases["focus"].to_pylist(), strict=True)
        days = pa.array([known.get(key) for key in keys], pa.string())
        return Rows(_dated(rows.cases, days), rows.contexts)

    return change


def _dated(cases: pa.Table, days: Column) -> pa.Table:
    for column in ("occurred", "occurred_to"):
        at = cases.schema.get_field_index(column)
        cases = cases.set_column(at, column, pc.coalesce(days, cases[column]))
    return cases


def _acts(window: NumeratorWindow) -> Iterator[Setting]:
    other, title = _WINDOWS[window]
    yield Setting(title, Takes.ALL, window=other)
    yield Setting(
        "numerator acts of any day", Takes.ANY, change=lambda rows: Rows(_whenever(rows.cases), rows.contexts)
    )


def _whenever(cases: pa.Table) -> pa.Table:
    return assign(cases, same(cases, "met", "met"), met_from=None, met_on=None)


def _persons(reading: Reading, reporter: Reporter) -> Iterator[Setting]:
    tin, npi = reporter.tin, reporter.npi
    if npi is None:
        members = sorted({t.npi for t in reading.tallies if t.tin == tin and t.npi})
        yield from (Setting(f"NPI {one} alone", Takes.ALL, reporter=Reporter(tin, one)) for one in members)
    else:
        yield Setting(
            "cases of other clinicians of the TIN",
            Takes.ANY,
            change=_given(reporter, lambda t: both(same(t, "tin", tin), pc.invert(same(t, "npi", None)))),
        )
        yield Setting(
            "her own cases under another TIN",
            Takes.ANY,
            change=_given(reporter, lambda t: both(same(t, "npi", npi), pc.invert(same(t, "tin", None)))),
        )
        if tin is not None:
            yield Setting("the whole TIN as a group", Takes.ALL, reporter=Reporter(tin, None))
    yield Setting("cases that belong to nobody", Takes.ANY, change=_given(reporter, lambda t: _nobodys(t, reporter)))


def _nobodys(table: pa.Table, reporter: Reporter) -> Column:
    """Cases without a TIN, and for a clinician also those without an NPI, that may be the reporter's."""
    no_tin, no_npi = same(table, "tin", None), same(table, "npi", None)
    if reporter.npi is None:
        return no_tin
    of_tin, of_npi = either(no_tin, same(table, "tin", reporter.tin)), either(no_npi, same(table, "npi", reporter.npi))
    return both(either(no_tin, no_npi), of_tin, of_npi)


def _given(reporter: Reporter, where: Callable[[pa.Table], Column]) -> Callable[[Rows], Rows]:
    """The rows of a condition as the reporter's."""
    return lambda rows: rows.change(lambda table: assign(table, where(table), tin=reporter.tin, npi=reporter.npi))


def _left_out(bench: Bench, reporter: Reporter) -> Iterator[Setting]:
    rows = [row for row in bench.tables["left_out"].to_pylist() if row["measure"] in bench.measures]
    for why in sorted({row["why"] for row in rows}):
        mine = [row for row in rows if row["why"] == why and _may_be(row, reporter)]
        if mine:
            touched = frozenset(row["measure"] for row in mine)
            yield Setting(f"left out here: {why}", Takes.ANY, touched, _added(mine, reporter))


def _may_be(row: dict[str, str | None], reporter: Reporter) -> bool:
    """Whether something left out is the reporter's, or nobody's."""
    return row["tin"] in (None, reporter.tin) and (reporter.npi is None or row["npi"] in (None, reporter.npi))


def _added(mine: list[dict[str, str | None]], reporter: Reporter) -> Callable[[Rows], Rows]:
    """What is left out as cases of the reporter; a received document with a context of its own day."""

    def change(rows: Rows) -> Rows:
        told = [{**row, "tin": reporter.tin, "npi": row["npi"] or reporter.npi, **_as_case(row)} for row in mine]
        more = pa.Table.from_pylist([_columns(row, rows.cases.schema) for row in told], schema=rows.cases.schema)
        contexts = rows.contexts["received_context"]
        seen = [_columns(row, contexts.schema) for row in told]
        both = pa.concat_tables([contexts, pa.Table.from_pylist(seen, schema=contexts.schema)])
        return Rows(pa.concat_tables([rows.cases, more]), {**rows.contexts, "received_context": both})

    return change


def _as_case(row: dict[str, str | None]) -> dict[str, str | None]:
    unit = row["patient"] if row["measure"] == _PER_PATIENT else None
    context = {"day": row["occurred"], "certain": "yes", "in_group": "yes"}
    return {"member": "yes", "reason": row["why"], "unit": unit or row["focus"], **context}


def _columns(row: dict[str, str | None], schema: pa.Schema) -> dict[str, str | None]:
    return {name: row.get(name) for name in schema.names}


def _traits(bench: Bench) -> Iterator[Setting]:
    rows = [row for row in bench.tables["case_trait"].to_pylist() if row["measure"] in bench.measures]
    for trait in sorted({row["trait"] for row in rows}):
        having = {(row["measure"], row["focus"]) for row in rows if row["trait"] == trait}
        touched = frozenset(measure for measure, _ in having)
        yield Setting(f"not counted there: {trait}", Takes.ANY, touched, _without(having))


def _without(having: set[tuple[str, str]]) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        keys = zip(rows.cases["measure"].to_pylist(), rows.cases["focus"].to_pylist(), strict=True)
        return Rows(rows.cases.filter(pa.array([key not in having for key in keys])), rows.contexts)

    return change


def _answers() -> Iterator[Setting]:
    def answered(answer: str, to: str) -> Callable[[Rows], Rows]:
        return lambda rows: Rows(
            assign(rows.cases, same(rows.cases, "met", answer), met=to, met_from=None), rows.contexts
        )

    yield Setting(
        "what this source does not show was done: unknown taken as met", Takes.ANY, change=answered("unknown", "met")
    )
    yield Setting("undecided cases counted", Takes.ANY, change=_decided)
    yield Setting("not met there: what rests on a proxy or an assertion here", Takes.ANY, change=_strict)


def _decided(rows: Rows) -> Rows:
    cases = assign(rows.cases, same(rows.cases, "member", "unknown"), member="yes")
    certain = {
        name: assign(table, same(table, "certain", "unknown"), certain="yes")
        if "certain" in table.schema.names
        else table
        for name, table in rows.contexts.items()
    }
    return Rows(cases, certain)


def _strict(rows: Rows) -> Rows:
    weak = pc.is_in(rows.cases["rests_on"], value_set=pa.array([Grade.PROXY, Grade.ASSERTED], pa.string()))
    return Rows(assign(rows.cases, both(weak, same(rows.cases, "met", "met")), met="not_met"), rows.contexts)
