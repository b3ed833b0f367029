"""Derived cases as plain rows, an engine that holds them, and their tallies by reading `tallies.sql` word for word.

`tally_by_hand` is the oracle: no arrays, no prefix sums, each unit judged anew from its rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from extractors.engine.local import LocalEngine
from scoring.model import Period
from scoring.periods import PeriodSpace

Row = Mapping[str, Any]
Series = tuple[str, str, str | None, str | None]
Counts = tuple[int, int, int, int]

CASE = (
    "measure", "focus", "patient", "tin", "npi", "member", "occurred", "occurred_to", "context_before", "context_after",
    "controlled", "met", "met_from", "met_on", "rests_on", "reason", "unit",
)  # fmt: skip
RECEIVED = ("focus", "npi", "tin", "day", "until_day", "certain", "in_group")
INCOMING = ("focus", "npi", "tin", "of_group")
TIN, NPI = "000180180", "1234567893"
PARTNER, OTHER_TIN = "1000000004", "000180181"


def case(measure: str, focus: str, day: str | None, met: str = "met", **columns: Any) -> dict[str, Any]:
    """One case of the clinician, on one day, of itself, met without a day; what differs is said by column."""
    given = {
        "measure": measure, "focus": focus, "tin": TIN, "npi": NPI, "member": "yes", "occurred": day,
        "occurred_to": day, "controlled": "no" if measure == "PI_EP_1" else None, "met": met, "unit": focus, **columns,
    }  # fmt: skip
    return {name: given.get(name) for name in CASE}


@dataclass(frozen=True)
class Practice:
    cases: list[Row]
    received: list[Row] = field(default_factory=list)
    incoming: list[Row] = field(default_factory=list)

    def load(self, engine: LocalEngine) -> None:
        """In place of what the engine held."""
        for name, columns, rows in (
            ("cases", CASE, self.cases),
            ("received_context", RECEIVED, self.received),
            ("incoming_context", INCOMING, self.incoming),
        ):
            schema = pa.schema([(column, pa.string()) for column in columns])
            engine.load(name, pa.Table.from_pylist([dict(row) for row in rows], schema=schema))
        seen = {(row["tin"], row["npi"]) for row in self.cases}
        schema = pa.schema([("tin", pa.string()), ("npi", pa.string())])
        engine.load("seen_reporter", pa.Table.from_pylist([{"tin": t, "npi": n} for t, n in seen], schema=schema))


def practice_of(engine: LocalEngine) -> Practice:
    """What an engine derived."""
    return Practice(*(engine.rows(name) for name in ("cases", "received_context", "incoming_context")))


@dataclass(frozen=True)
class _Case:
    row: Row
    contexts: list[Row]
    of_group: str | None

    def place(self, start: str, end: str, group: bool) -> str:
        row, context = self.row, self._context(start, end, group)
        first, last = row["occurred"], row["occurred_to"]
        if (last is not None and last < start) or (first is not None and first > end) or context == 0:
            return "out"
        certain = row["member"] == "yes" and context == 2 and None not in (first, last)
        return "in" if certain and first >= start and last <= end else "undecided"

    def _context(self, start: str, end: str, group: bool) -> int:
        if self.row["measure"] == "PI_LVITC_2" and group:
            return {"no": 0, "unknown": 1}.get(self.of_group or "yes", 2)
        if self.row["measure"] != "PI_HIE_4":
            return 2
        found = [c for c in self.contexts if c["day"] is None or (c["until_day"] >= start and c["day"] <= end)]
        return max((_certainty(c, start, end, group) for c in found), default=0)

    def met(self, start: str, end: str) -> str:
        row, since, until = self.row, self.row["met_from"], self.row["met_on"]
        if row["met"] != "met" or since is None or row["measure"] == "PI_EP_2":
            return str(row["met"])
        if until is not None and since >= start and until <= end:
            return "met"
        outside = (until is not None and until < start) or since > end
        return "not_met" if outside else "unknown"

    def days(self) -> set[str]:
        row = self.row
        own = (
            row["occurred"],
            row["occurred_to"],
            row["met_from"],
            row["met_on"],
            *(c[name] for c in self.contexts for name in ("day", "until_day")),
        )
        return {day for day in own if day is not None}


def _certainty(context: Row, start: str, end: str, group: bool) -> int:
    if group and context["in_group"] == "no":
        return 0
    within = context["day"] is not None and start <= context["day"] and context["until_day"] <= end
    return 2 if within and context["certain"] == "yes" and (not group or context["in_group"] == "yes") else 1


_Unit = tuple[list[_Case], bool]


def _units(practice: Practice) -> dict[tuple[Series, str], _Unit]:
    received, incoming = defaultdict(list), {}
    for row in practice.received:
        received[row["focus"], row["npi"] or "", row["tin"] or ""].append(row)
    for row in practice.incoming:
        incoming[row["focus"], row["npi"] or "", row["tin"] or ""] = row["of_group"]
    units: dict[tuple[Series, str], _Unit] = {}
    for row, variant in _variants(practice.cases):
        key = row["focus"], row["npi"] or "", row["tin"] or ""
        found = _Case(row, received[key] if row["measure"] == "PI_HIE_4" else [], incoming.get(key))
        if row["npi"] is not None or row["tin"] is None:
            own = (row["measure"], variant, row["tin"], row["npi"])
            units.setdefault((own, row["unit"]), ([], False))[0].append(found)
        if row["tin"] is not None:
            whole = (row["measure"], variant, row["tin"], None)
            units.setdefault((whole, row["unit"]), ([], True))[0].append(found)
    return units


def _variants(cases: Iterable[Row]) -> Iterator[tuple[Row, str]]:
    for row in cases:
        if row["measure"] != "PI_EP_1":
            yield row, "all"
            continue
        yield row, "controlled-included"
        if row["controlled"] != "yes":
            unsure = row["controlled"] == "unknown"
            yield ({**row, "member": "unknown"} if unsure else row), "controlled-excluded"


def _judged(unit: _Unit, start: str, end: str, window: tuple[str, str]) -> Counts:
    """What a unit adds to denominator, met, unknown and undecided."""
    cases, group = unit
    standing = [(one.place(start, end, group), one.met(*window)) for one in cases]
    there = [(place, met) for place, met in standing if place != "out"]
    if not there:
        return 0, 0, 0, 0
    if not any(place == "in" for place, _ in there):
        return 0, 0, 0, 1
    if any(place == "in" and met == "not_met" for place, met in there):
        return 1, 0, 0, 0
    return (1, 0, 1, 0) if any(met != "met" for _, met in there) else (1, 1, 0, 0)


def tally_by_hand(practice: Practice, period: Period, window: tuple[str, str] | None = None) -> dict[Series, Counts]:
    """By series what one period counts; series of nothing are left out. `window` None is the period."""
    start, end = period.start.isoformat(), period.end.isoformat()
    sums: dict[Series, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for (series, _), unit in _units(practice).items():
        for n, more in enumerate(_judged(unit, start, end, window or (start, end))):
            sums[series][n] += more
    return {series: (d, m, u, x) for series, (d, m, u, x) in sums.items() if d + x}


def tallies_by_hand(practice: Practice, space: PeriodSpace) -> Iterator[tuple[Period, dict[Series, Counts]]]:
    """The same for every period of a space: from one end to the next only units with a day there are judged anew."""
    units = _units(practice)
    by_day: dict[str, list[tuple[Series, str]]] = defaultdict(list)
    for key, (cases, _) in units.items():
        for day in set().union(*(one.days() for one in cases)):
            by_day[day].append(key)
    start, sums = None, {}
    for period in space:
        first, last = period.start.isoformat(), period.end.isoformat()
        if start != first:
            start, keys = first, list(units)
            judged: dict[tuple[Series, str], Counts] = dict.fromkeys(keys, (0, 0, 0, 0))
            sums = {series: [0, 0, 0, 0] for series, _ in keys}
        else:
            keys = by_day[last]
        for key in keys:
            now = _judged(units[key], first, last, (first, last))
            for n, (more, less) in enumerate(zip(now, judged[key], strict=True)):
                sums[key[0]][n] += more - less
            judged[key] = now
        yield period, {series: tuple(counts) for series, counts in sums.items() if counts[0] + counts[3]}


DAYS = [None, "2025-12-30", "2026-01-03", *(f"2026-01-{day:02}" for day in range(4, 14)), "2026-02-01"]
dayly = st.sampled_from(DAYS)
spans = st.builds(
    lambda day, other: {"day": day and min(day, other or day), "until_day": day and max(day, other or day)},
    dayly,
    dayly,
)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Any case: on a day, over some, or on none; of a clinician, a partner, or nobody; sharing its unit with others."""
    first, last = draw(dayly), draw(dayly)
    since, until = draw(dayly), draw(dayly)
    exact, acted = draw(st.booleans()), draw(st.sampled_from(["never", "on a day", "over days"]))
    measure = draw(st.sampled_from(["PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1", "PI_LVITC_2"]))
    who = draw(st.sampled_from([(TIN, NPI), (TIN, PARTNER), (OTHER_TIN, NPI), (TIN, None), (None, NPI), (None, None)]))
    return case(
        measure,
        draw(st.sampled_from("abcd")),
        None,
        draw(st.sampled_from(["met", "met", "not_met", "unknown"])),
        tin=who[0],
        npi=who[1],
        member=draw(st.sampled_from(["yes", "yes", "unknown"])),
        occurred=first,
        occurred_to=first if exact else last,
        met_from=None if acted == "never" else since,
        met_on=since if acted == "on a day" else until,
        controlled=draw(st.sampled_from(["yes", "no", "unknown"])),
        unit=draw(st.sampled_from("xyz")),
    )


@st.composite
def practices(draw: st.DrawFn) -> Practice:
    rows = draw(st.lists(cases(), min_size=1, max_size=12))
    keys = sorted({(row["focus"], row["npi"], row["tin"]) for row in rows}, key=str)
    sure, answers = st.sampled_from(["yes", "unknown"]), st.sampled_from(["yes", "unknown", "no"])
    received = [
        {"focus": f, "npi": n, "tin": t, **draw(spans), "certain": draw(sure), "in_group": draw(answers)}
        for f, n, t in keys
        for _ in range(draw(st.integers(0, 2)))
    ]
    incoming = [{"focus": f, "npi": n, "tin": t, "of_group": draw(answers)} for f, n, t in keys]
    return Practice(rows, received, incoming)
