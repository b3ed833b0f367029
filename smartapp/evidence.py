"""The rows behind every number: the cases of a period with their evidence, down to file and line."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from extractors.cases import Tally
from smartapp.usecases import Reading

_DIGITS = 12


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
    """One case of the period: `counts` is in or undecided, `met` the answer within the numerator window."""

    measure: str
    variant: str
    tin: str | None
    npi: str | None
    focus: str
    place: str
    patient: str | None
    occurred: str | None
    counts: str
    met: str
    met_on: str | None
    reason: str
    evidence: tuple[Witness, ...]


def case_rows(reading: Reading) -> list[CaseRow]:
    """Every case that counts or may count in the reading's period, by measure, day and focus."""
    witnesses = _witnesses(reading)
    known = {
        (row["measure"], row["focus"], row["tin"], row["npi"]): row for row in reading.engine.rows("cases", "focus")
    }
    rows = []
    for found in reading.engine.rows("placed", "measure, variant DESC, focus, tin, npi"):
        if found["place"] == "out":
            continue
        case = known[found["measure"], found["focus"], found["tin"], found["npi"]]
        evidence = tuple(witnesses[found["measure"], found["focus"]])
        rows.append(_case_row(reading, found, case, evidence))
    return sorted(
        rows,
        key=lambda row: (row.measure, row.variant == "controlled-excluded", row.occurred or "", row.focus),
    )


def _case_row(reading: Reading, found: dict[str, str], case: dict[str, str], evidence: tuple[Witness, ...]) -> CaseRow:
    met_elsewhere = case["met"] == "met" and found["met"] != "met"
    return CaseRow(
        measure=found["measure"],
        variant=found["variant"],
        tin=found["tin"],
        npi=found["npi"],
        focus=_shown(reading, found["focus"]),
        place=_place(reading, found["focus"]),
        patient=case["patient"] and _shown(reading, case["patient"]),
        occurred=case["occurred"]
        if case["occurred"] == case["occurred_to"]
        else f"{case['occurred']} to {case['occurred_to']}",
        counts="counts" if found["place"] == "in" else "undecided",
        met=found["met"],
        met_on=case["met_on"],
        reason=f"{case['reason']}, but on {case['met_on']}, not within the window" if met_elsewhere else case["reason"],
        evidence=evidence,
    )


def _witnesses(reading: Reading) -> defaultdict[tuple[str, str], list[Witness]]:
    found: defaultdict[tuple[str, str], list[Witness]] = defaultdict(list)
    for row in reading.engine.rows("case_evidence", "measure, focus, kind, source, day_from, rule"):
        source = row["source"]
        witness = Witness(
            kind=row["kind"],
            answer=row["answer"],
            source=source and _shown(reading, source),
            place=_place(reading, source) if source else "",
            day=row["day_from"],
            grade=row["grade"],
            rule=row["rule"],
            reason=row["reason"],
        )
        found[row["measure"], row["focus"]].append(witness)
    return found


def _shown(reading: Reading, key: str) -> str:
    """A key as it may leave the run: an identifier's value, which may be a record number, becomes a digest of it."""
    name, found, _ = key.partition("?identifier=")
    digest = hashlib.sha256(f"{reading.fingerprint}{key}".encode()).hexdigest()[:_DIGITS]
    return f"{name}{found}(not shown, {digest})" if found else key


def _place(reading: Reading, key: str) -> str:
    """`file:line` of a resource, with the entry where it stands in a Bundle; empty for what is no resource."""
    if key not in reading.places:
        return ""
    file, line, entry = reading.places[key]
    return f"{file}:{line}" + (f" entry {entry}" if entry is not None else "")


def rows_of(rows: list[CaseRow], tally: Tally) -> Iterator[CaseRow]:
    """The rows that one tally counts: those of its NPI, or of every clinician of its TIN for a group."""

    def is_counted(row: CaseRow) -> bool:
        same = (row.measure, row.variant, row.tin) == (tally.measure, tally.variant, tally.tin)
        return same and (row.npi == tally.npi or (tally.npi is None and tally.tin is not None))

    return filter(is_counted, rows)
