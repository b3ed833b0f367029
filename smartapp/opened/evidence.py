"""The rows behind every number: the cases of a period with their evidence, down to file and line."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from extractors.cases import Tally
from extractors.ledger import NEEDS
from smartapp.usecases import Reading

_DIGITS = 12
_PRESCRIBING = {"PI_EP_1", "PI_EP_2"}
_BY_IDENTIFIER = "?identifier="
COUNTS = "counts"
"""The word for a case that is surely in the denominator."""

OUTSIDE_WINDOW = "not within the window"
"""How the reason of a case ends that was met, but not within the numerator window."""

_DEADLINE = re.compile(r"the deadline ([0-9]{4}-[0-9]{2}-[0-9]{2})\b")
"""How the reason of a PI_PEA_1 case names the end of its fourth business day (cases.sql)."""
_DAY, _ON_A_DAY = re.compile(r" \d{4}-\d{2}-\d{2}\b"), re.compile(r"\bon \d{4}-\d{2}-\d{2}\b")

_SAID = {
    "Task says failed": "transmission failed (Task)",
    "Communication says not-done": "the message was not sent (Communication)",
    "Communication says not electronic": "sent by fax, by phone or on paper: not electronic (Communication)",
    "Communication says no medium": "the message does not say by which medium it went (Communication)",
    "Communication says a medium that may not be electronic": "the medium may not be electronic (Communication)",
}
"""What a record says of the transmission of a prescription, in words."""

_COUNTS = {"in": COUNTS, "undecided": "undecided", "out": "left out"}


@dataclass(frozen=True, slots=True)
class Witness:
    """One resource that says something about a case, or one kind that nothing says (`source` None)."""

    kind: str
    answer: str
    source: str | None
    place: str
    day: str | None
    grade: str | None
    rule: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case of the period, for one clinician.

    `counts` says whether it is in the clinician's denominator, `counts_in_group` in that of the TIN: a document
    can count for one and not for the other. `met` is the answer within the numerator window. Cases with the same
    `unit` are counted once. `rests_on` is the grade of what decides the answer, None where nothing on record does;
    `controlled` says of a prescription whether its drug is a controlled substance (yes, no, unknown), else None.
    """

    measure: str
    variant: str
    tin: str | None
    npi: str | None
    focus: str
    place: str
    patient: str | None
    occurred: str | None
    counts: str
    counts_in_group: str
    met: str
    met_on: str | None
    reason: str
    evidence: tuple[Witness, ...]
    unit: str
    rests_on: str | None = None
    controlled: str | None = None


def case_rows(reading: Reading, measures: Collection[str] = tuple(NEEDS)) -> list[CaseRow]:
    """Every case that counts or may count in the reading's period with its evidence, by measure, day and focus."""
    return with_evidence(reading, bare_rows(reading, measures))


def bare_rows(reading: Reading, measures: Collection[str]) -> list[CaseRow]:
    """The same without what witnesses them, which takes longest to gather."""
    known = {
        (row["measure"], row["focus"], row["tin"], row["npi"]): row
        for row in rows_of_measures(reading, "cases", "focus", measures)
    }
    rows = [
        _case_row(reading, found, known[found["measure"], found["focus"], found["tin"], found["npi"]])
        for found in rows_of_measures(reading, "placed", "measure, variant DESC, focus, tin, npi", measures)
        if not found["place"] == found["group_place"] == "out"
    ]
    return sorted(
        rows,
        key=lambda row: (row.measure, row.variant == "controlled-excluded", row.occurred or "", row.focus),
    )


def with_evidence(reading: Reading, rows: Sequence[CaseRow]) -> list[CaseRow]:
    """The same rows with every resource that says something about them, and every needed kind that none does."""
    found = _witnesses(reading, {(row.measure, row.focus) for row in rows})
    return [replace(row, evidence=tuple(found.get((row.measure, row.focus), ()))) for row in rows]


def rows_of_measures(reading: Reading, table: str, order: str, measures: Collection[str]) -> list[dict[str, Any]]:
    """The rows of a table that are of some measures, as records in an order."""
    return list(_only(reading.engine.table(table, order), "measure", measures).to_pylist())


def _only(whole: pa.Table, column: str, values: Collection[str]) -> pa.Table:
    wanted: Any = pc.is_in(whole[column], value_set=pa.array(sorted(values), pa.string()))  # Arrow's signature
    return whole.filter(wanted)


def _case_row(reading: Reading, found: dict[str, str], case: dict[str, str]) -> CaseRow:
    met_elsewhere = case["met"] == "met" and found["met"] != "met" and found["reason"] == case["reason"]
    return CaseRow(
        measure=found["measure"],
        variant=found["variant"],
        tin=found["tin"],
        npi=found["npi"],
        focus=_shown(reading, found["focus"]),
        place=place_of(reading, found["focus"]),
        patient=case["patient"] and _shown(reading, case["patient"]),
        occurred=case["occurred"]
        if case["occurred"] == case["occurred_to"]
        else f"{case['occurred']} to {case['occurred_to']}",
        counts=_COUNTS[found["place"]],
        counts_in_group=_COUNTS[found["group_place"]],
        met=found["met"],
        met_on=case["met_on"],
        reason=f"{case['reason']}, but on {case['met_on']}, {OUTSIDE_WINDOW}"
        if met_elsewhere
        else reason_in_words(found["measure"], found["reason"]),
        evidence=(),
        unit=_shown(reading, found["unit"]),
        rests_on=case["rests_on"],
        controlled=case["controlled"],
    )


def reason_in_words(measure: str, reason: str) -> str:
    """Why a case is not met, for a reader who does not know the resources; any other reason as it stands."""
    return _SAID.get(reason, reason) if measure in _PRESCRIBING else reason


def _witnesses(reading: Reading, wanted: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], list[Witness]]:
    """By measure and shown focus, for those that are wanted."""
    found: defaultdict[tuple[str, str], list[Witness]] = defaultdict(list)
    for row in _evidence_rows(reading, wanted):
        case = row["measure"], _shown(reading, row["focus"])
        if case in wanted:
            found[case].append(_witness(reading, row))
    return found


def _evidence_rows(reading: Reading, wanted: Collection[tuple[str, str]]) -> list[dict[str, Any]]:
    """The rows of some cases, with all whose focus is shown otherwise than it is written."""
    whole = reading.engine.table("case_evidence", "measure, focus, kind, source, day_from, rule")
    foci = pa.array(sorted({focus for _, focus in wanted}), pa.string())
    column: Any = whole["focus"]  # Arrow's signature
    near: Any = pc.or_(pc.is_in(column, value_set=foci), pc.match_substring(column, _BY_IDENTIFIER))
    return list(whole.filter(near).to_pylist())


def _witness(reading: Reading, row: Mapping[str, Any]) -> Witness:
    source = row["source"]
    return Witness(
        kind=row["kind"],
        answer=row["answer"],
        source=source and _shown(reading, source),
        place=place_of(reading, source) if source else "",
        day=row["day_from"],
        grade=row["grade"],
        rule=row["rule"],
        reason=row["reason"],
    )


def _shown(reading: Reading, key: str) -> str:
    return shown_key(key, reading.fingerprint)


def deadline_of(row: CaseRow) -> date | None:
    """The last day on which access for a visit is timely, as its reason names it; None where it names none."""
    named = _DEADLINE.search(row.reason)
    return date.fromisoformat(named[1]) if named else None


def without_days(reason: str) -> str:
    """A reason in the words that like cases share."""
    return _DAY.sub("", _ON_A_DAY.sub("on another day", reason))


def shown_key(key: str, run: str) -> str:
    """A key as it may leave a run: an identifier's value, which may be a record number, becomes a digest of it."""
    name, found, _ = key.partition(_BY_IDENTIFIER)
    if not found:
        return key
    digest = hashlib.sha256(f"{run}{key}".encode()).hexdigest()[:_DIGITS]
    return f"{name}{found}(not shown, {digest})"


def place_of(reading: Reading, key: str) -> str:
    """`file:line` of a resource, with the entry where it stands in a Bundle; empty for what is no resource."""
    found = reading.places.get(key)
    if found is None:
        return ""
    file, line, entry = found
    return f"{file}:{line}" + (f" entry {entry}" if entry is not None else "")


def rows_of(rows: list[CaseRow], tally: Tally) -> Iterator[CaseRow]:
    """The rows that one tally counts or leaves undecided: those of its NPI, or of every clinician for a group."""
    is_group = tally.npi is None and tally.tin is not None
    for row in rows:
        if (row.measure, row.variant, row.tin) != (tally.measure, tally.variant, tally.tin):
            continue
        mine = replace(row, counts=row.counts_in_group) if is_group else row
        if (is_group or row.npi == tally.npi) and mine.counts != _COUNTS["out"]:
            yield mine
