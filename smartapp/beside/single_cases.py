"""The EHR's list of cases held against ours, one by one: only there, only here, or with another answer.

Cases are found by the id of the resource, by one of its identifiers, or by patient and day. What the list names and we
do not know is shown as the line of the list and a digest: a record number leaves the file in no other way.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scoring.model import MeasureId, Reporter
from smartapp.beside.listed import Single
from smartapp.beside.what_if import Units
from smartapp.opened.evidence import place_of, shown_key
from smartapp.usecases import Reading

_PER_PATIENT = "PI_PEA_1"
_MOST_REASONS = 3


class How(StrEnum):
    """In what way one case differs."""

    ONLY_THERE = "only in the EHR's list"
    ONLY_HERE = "only here"
    OTHER_ANSWER = "another answer"


@dataclass(frozen=True, slots=True)
class SingleDifference:
    """One case that differs. `line` is that of the EHR's list, None for what is only here."""

    how: How
    line: int | None
    record: str
    place: str
    theirs: str
    ours: str


class Known:
    """What the run knows of the records of one measure, to be asked by any name of them."""

    def __init__(self, reading: Reading, measure: MeasureId, reporter: Reporter, variant: str) -> None:
        self._reading, self._reporter = reading, reporter
        self._cases = [row for row in reading.engine.rows("cases", "focus") if row["measure"] == measure]
        self._left_out = [row for row in reading.engine.rows("left_out", "focus") if row["measure"] == measure]
        wanted = (variant, "all")
        placed = reading.engine.rows("placed", "focus, tin, npi")
        self._placed = [row for row in placed if row["measure"] == measure and row["variant"] in wanted]
        self._names = self._by_name(measure == _PER_PATIENT)

    def _by_name(self, per_patient: bool) -> Mapping[str, set[str]]:
        """From every name of a record to the units that it may mean: its key, its id, its identifiers."""
        units: defaultdict[str, set[str]] = defaultdict(set)
        for row in (*self._cases, *self._left_out):
            unit = (row["patient"] if per_patient else None) or row["focus"]
            names = {row["focus"], unit, f"{row['patient']} {row['occurred']}"}
            for name in names:
                units[name].add(unit)
                units[name.rpartition("/")[2]].add(unit)
        foci = {row["focus"]: (row["patient"] if per_patient else None) or row["focus"] for row in self._cases}
        for row in self._reading.engine.rows("case_name", "focus, identifier"):
            if row["focus"] in foci:
                units[row["identifier"]].add(foci[row["focus"]])
                units[row["identifier"].partition("|")[2]].add(foci[row["focus"]])
        return units

    def unit(self, single: Single) -> str | None:
        """The unit that a row of the list means; None where no record, or more than one, has that name."""
        names = [single.record, single.patient]
        if single.patient and single.on:
            names.insert(1, f"{single.patient.rpartition('/')[2]} {single.on.isoformat()}")
        for name in names:
            found = self._names.get(name, set()) if name else set()
            if len(found) == 1:
                return next(iter(found))
        return None

    def standing(self, unit: str) -> str:
        """What became of a unit here, with the reasons."""
        mine = [row for row in self._placed if unit in (row["unit"], row["focus"])]
        told = [self._said(row) for row in mine] + [
            f"left out: {row['why']}" for row in self._left_out if unit in (row["focus"], row["patient"])
        ]
        return "; ".join(list(dict.fromkeys(told))[:_MOST_REASONS]) or "no case"

    def _said(self, row: Mapping[str, Any]) -> str:
        who = self._reporter
        if row["tin"] != who.tin or (who.npi is not None and row["npi"] != who.npi):
            named = f"NPI {row['npi']}" if row["npi"] else "no NPI"
            return f"belongs to {named}, " + (f"TIN {row['tin']}" if row["tin"] else "no TIN")
        place = row["place"] if who.npi else row["group_place"]
        if place == "out":
            return "outside the period"
        answer = row["met"].replace("_", " ")
        return f"{'undecided' if place == 'undecided' else answer}: {row['reason']}"


def single_differences(
    reading: Reading, singles: Sequence[Single], known: Known, counted: Units
) -> tuple[SingleDifference, ...]:
    """Every case of one measure and reporter that the two do not answer alike, in the order of the list.

    Args:
        reading: the run.
        singles: the rows of the EHR's list.
        known: what the run knows of that measure's records.
        counted: the units that count here.
    """
    found: list[SingleDifference] = []
    listed: set[str] = set()
    for single in singles:
        unit = known.unit(single)
        if unit is not None and single.counted:
            listed.add(unit)
        if (difference := _difference(reading, single, unit, known, counted)) is not None:
            found.append(difference)
    return (*found, *_only_here(reading, counted, listed, known, {d.record for d in found}))


def _difference(
    reading: Reading, single: Single, unit: str | None, known: Known, counted: Units
) -> SingleDifference | None:
    theirs = "not counted" if not single.counted else {True: "met", False: "not met", None: "counted"}[single.met]
    if unit is None:
        name = shown_key(f"record?identifier={single.record or single.patient}", reading.fingerprint)
        hidden = name.replace("record?identifier=", "")
        ours = "no record of that name, or several"
        return SingleDifference(How.ONLY_THERE, single.line, hidden, "", theirs, ours) if single.counted else None
    if not single.counted and unit not in counted:
        return None
    how = How.OTHER_ANSWER if single.counted else How.ONLY_HERE
    if unit not in counted:
        how = How.ONLY_THERE
    elif single.counted and single.met in (None, bool(counted[unit][0])):
        return None
    return _told(reading, how, single.line, unit, theirs, known)


def _only_here(
    reading: Reading, counted: Units, listed: set[str], known: Known, told: set[str]
) -> Iterable[SingleDifference]:
    for unit in sorted(set(counted) - listed):
        if shown_key(unit, reading.fingerprint) not in told:
            yield _told(reading, How.ONLY_HERE, None, unit, "not in the list", known)


def _told(reading: Reading, how: How, line: int | None, unit: str, theirs: str, known: Known) -> SingleDifference:
    shown, place = shown_key(unit, reading.fingerprint), place_of(reading, unit)
    return SingleDifference(how, line, shown, place, theirs, known.standing(unit))
