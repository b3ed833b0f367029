"""From a number back to what it rests on: a measure to its reasons, a case to its resources, rules and lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from extractors.cases import Tally
from extractors.ledger import NEEDS
from extractors.profile import Profile
from scoring.model import Cite, MeasureId, Reporter
from scoring.year import Status
from smartapp.ahead.open_cases import last_chance, window_end
from smartapp.errors import UsageError
from smartapp.opened.evidence import CaseRow, case_rows, deadline_of, place_of, rows_of, rows_of_measures, shown_key
from smartapp.opened.measure_words import words_of
from smartapp.usecases import Reading

_ACCESS, _ACTS_OF_THE_WINDOW = "PI_PEA_1", ("PI_HIE_1", "PI_HIE_4")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some cases of a tally came out as they did, and how many."""

    counts: str
    met: str
    reason: str
    cases: int


@dataclass(frozen=True, slots=True)
class Explained:
    """One tally with the reasons of its cases; the cases behind a reason are at most as many as units."""

    tally: Tally
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class MeasureExplained:
    """A measure of one period, for every reporter asked for; of an exclusion cases are counted, and none is met."""

    measure: str
    title: str
    is_exclusion: bool
    cites: tuple[Cite, ...]
    confidence: str
    unseen: tuple[str, ...]
    tallies: tuple[Explained, ...]

    def as_document(self) -> dict[str, Any]:
        """What `pi180 explain --json` prints of a measure."""
        return {"schema": "pi180/explain-measure/1", **asdict(self)}


@dataclass(frozen=True, slots=True)
class CaseExplained:
    """A case of one reporter; `rules` says why the profile reads what each of its rules reads."""

    case: CaseRow
    rules: Mapping[str, str]

    def as_document(self) -> dict[str, Any]:
        """What `pi180 explain --json` prints of a case."""
        return {"schema": "pi180/explain-case/1", **asdict(self)}


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that was read for a measure and is no case of it, with the reason; `occurred` is its day or days."""

    measure: str
    focus: str
    place: str
    occurred: str | None
    why: str


@dataclass(frozen=True, slots=True)
class RecordExplained:
    """What became of one record: its cases, the measures that leave it out, the records whose cases it witnesses."""

    cases: tuple[CaseExplained, ...]
    left_out: tuple[LeftOut, ...]
    witnesses: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """What `pi180 explain --json` prints of a record."""
        return {
            "cases": [case.as_document() for case in self.cases],
            "left_out": [{"schema": "pi180/left-out/1", **asdict(one)} for one in self.left_out],
            "witnesses": list(self.witnesses),
        }


def explain_measure(reading: Reading, measure: str, tin: str | None, npi: str | None) -> MeasureExplained:
    """Every tally of a measure, with its reasons.

    Args:
        reading: an open run.
        measure: its id.
        tin: only this TIN; None: all.
        npi: only this NPI; None: all, groups included.

    Raises:
        UsageError: the measure is not counted from cases, or nobody of that TIN and NPI was counted.
    """
    known = next((one for one in NEEDS if one == measure), None)
    if known is None:
        raise UsageError(f"{measure}: expected a measure that is counted from cases: {', '.join(NEEDS)}.")
    wanted = [t for t in reading.tallies if t.measure == measure and tin in (None, t.tin) and npi in (None, t.npi)]
    if not wanted:
        raise UsageError(f"{measure}: nothing was counted for that reporter in this period.")
    rows, rule = case_rows(reading), reading.rules.measures[known]
    return MeasureExplained(
        measure=measure,
        title=rule.title,
        is_exclusion=rule.status is Status.EXCLUSION,
        cites=rule.ruling.cites,
        confidence=str(rule.ruling.confidence),
        unseen=tuple(reading.unseen(known)),
        tallies=tuple(Explained(tally, _reasons(rows, tally)) for tally in wanted),
    )


def _reasons(rows: list[CaseRow], tally: Tally) -> tuple[Reason, ...]:
    counted = Counter((row.counts, row.met, row.reason) for row in rows_of(rows, tally))
    return tuple(
        Reason(*said, number) for said, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def explain_record(reading: Reading, focus: str, tin: str | None, npi: str | None) -> RecordExplained:
    """Every case that rests on one resource in the period, and every measure that leaves it out, whenever it was.

    Args:
        reading: an open run.
        focus: key of the resource, as `MedicationRequest/123`.
        tin: only this TIN; None: all.
        npi: only this NPI; None: all.

    Raises:
        UsageError: it is no case of this period, and no measure was read from it.
    """
    found = [
        row for row in case_rows(reading) if row.focus == focus and tin in (None, row.tin) and npi in (None, row.npi)
    ]
    left_out, witnesses = _left_out(reading, focus), _witnesses(reading, focus)
    if not found and not left_out and not witnesses:
        raise UsageError(f"{focus}: {_absent(reading, focus)}")
    return RecordExplained(
        tuple(CaseExplained(row, _rules(reading.profile, row)) for row in found), left_out, witnesses
    )


def _absent(reading: Reading, focus: str) -> str:
    days = f"{reading.period.start} to {reading.period.end}"
    if focus in reading.places:
        return f"it was read, and no case of {days} rests on it: name another period, or it is of no measure."
    return f"no case of {days} rests on it, and this run read no such record. Name one as cases.csv does."


def _witnesses(reading: Reading, source: str) -> tuple[str, ...]:
    """The records whose cases, of any day, rest on what another record says."""
    rows = (row for row in reading.engine.rows("case_evidence", "focus") if row["source"] == source != row["focus"])
    return tuple(dict.fromkeys(shown_key(row["focus"], reading.fingerprint) for row in rows))


def _left_out(reading: Reading, focus: str) -> tuple[LeftOut, ...]:
    rows = (row for row in reading.engine.rows("left_out", "measure, why") if row["focus"] == focus)
    return tuple(
        dict.fromkeys(
            LeftOut(row["measure"], focus, place_of(reading, focus), row["occurred"], row["why"]) for row in rows
        )
    )


def left_out_of(reading: Reading, measure: str, reporter: Reporter) -> tuple[LeftOut, ...]:
    """The records of the period that were read for a measure and are no case of it, and may be a reporter's.

    A record that names nobody, or somebody whose TIN is not known, may be. Each record stands once, by its days.
    """
    first, last = reading.period.start.isoformat(), reading.period.end.isoformat()
    found: dict[str, LeftOut] = {}
    for row in rows_of_measures(reading, "left_out", "occurred, focus, why", {measure}):
        mine = row["tin"] in (None, reporter.tin) and (reporter.npi is None or row["npi"] in (None, reporter.npi))
        inside = row["occurred"] is None or (row["occurred"] <= last and row["occurred_to"] >= first)
        if mine and inside:
            found.setdefault(row["focus"], _left_out_row(reading, row))
    return tuple(found.values())


def _left_out_row(reading: Reading, row: Mapping[str, Any]) -> LeftOut:
    days = row["occurred"] if row["occurred"] == row["occurred_to"] else f"{row['occurred']} to {row['occurred_to']}"
    focus = row["focus"]
    return LeftOut(row["measure"], shown_key(focus, reading.fingerprint), place_of(reading, focus), days, row["why"])


@dataclass(frozen=True, slots=True)
class Lacking:
    """What a case lacks: the kinds of fact that nothing on record shows done, what would make it count, and until when.

    `by` is the last day, included, on which the act counts; None where no act counts, or no day is known. `gone`
    says that the case can no longer be changed.
    """

    kinds: tuple[str, ...]
    would_count: str
    by: date | None
    gone: bool = False

    def seen_from(self, reading: Reading, unmet: Sequence[CaseRow], as_of: date) -> "Lacking":
        """The same by the plan's rule for a unit whose rows `unmet` are not met, looked at from a day."""
        chance = last_chance(reading, unmet, as_of)
        return replace(self, by=chance, gone=chance is None)


def lacking(reading: Reading, row: CaseRow, standing: str) -> Lacking:
    """What would make a case count that does not.

    Args:
        reading: the run.
        row: a case with its evidence.
        standing: met, not_met, unknown or undecided; of a case that is met nothing is lacking.
    """
    shown = {witness.kind for witness in row.evidence if witness.answer == "met"}
    kinds = [kind for kind in NEEDS[MeasureId(row.measure)][1] if kind not in shown]
    text = words_of(row.measure).would_count(standing)
    return Lacking(tuple(kinds) if text else (), text, _by(reading, row) if text else None)


def _by(reading: Reading, row: CaseRow) -> date | None:
    if row.measure == _ACCESS:
        return deadline_of(row)
    return window_end(reading, reading.period) if row.measure in _ACTS_OF_THE_WINDOW else None


def _rules(profile: Profile, row: CaseRow) -> dict[str, str]:
    why = {selector.rule: selector.why for group in profile.selectors.values() for selector in group}
    named: Sequence[str | None] = [witness.rule for witness in row.evidence]
    return {rule: why[rule] for rule in named if rule in why}
