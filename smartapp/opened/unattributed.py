"""Cases that belong to nobody: without an NPI, without a TIN, or without both, with the reason and what to do about it.

Such a case is listed, never split, never given to somebody else, and never dropped in silence (fhir-mapping 3.4).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from extractors.ledger import NEEDS
from scoring.model import Reporter
from scoring.year import Status
from smartapp.opened.evidence import of_measures, place_of, shown_key
from smartapp.usecases import Reading

_FIRST_VARIANT = ("controlled-included", "all")
_KEY = ("measure", "focus", "tin", "npi")
"""What tells a case from every other."""


class Why(StrEnum):
    """Why a case has no NPI or no TIN; the words of `left_out.sql`."""

    NOBODY_NAMED = "nobody named"
    NO_NPI = "no NPI"
    ORGANIZATION = "organization"
    DEVICE = "device"
    SEVERAL_TINS = "several TINs"
    ORGANIZATION_WITHOUT_TIN = "organization without TIN"
    NO_TIN = "no TIN"


_TOLD = {
    Why.NOBODY_NAMED: (
        "The record names no clinician.",
        "Ask the EHR vendor why the requester or participant is missing; who entered a record is not credited with it.",
    ),
    Why.NO_NPI: (
        "Its clinician has no NPI in the data.",
        "Export the Practitioner resources with their NPI (system http://hl7.org/fhir/sid/us-npi).",
    ),
    Why.ORGANIZATION: (
        "Its requester is an organization: it counts for the TIN at most, for no clinician.",
        "Ask the EHR vendor to write the ordering clinician as requester.",
    ),
    Why.DEVICE: (
        "Its requester is a device: it counts for the TIN at most, for no clinician.",
        "Ask the EHR vendor to write the ordering clinician as requester.",
    ),
    Why.SEVERAL_TINS: (
        "Its clinician works for several TINs, and neither a role nor a visit says for which this was.",
        "Export the PractitionerRole that the record means, or the visit with its serviceProvider.",
    ),
    Why.ORGANIZATION_WITHOUT_TIN: (
        "Its clinician's role names an organization whose TIN is not in the data.",
        "Name that organization's TIN in the site file, [tin_map].",
    ),
    Why.NO_TIN: (
        "No TIN is known for its clinician.",
        "Export PractitionerRole and Organization, and where no Organization carries the EIN, fill [tin_map].",
    ),
}


@dataclass(frozen=True, slots=True)
class Unattributed:
    """One case of the period without an NPI, without a TIN (each None then), or without both."""

    measure: str
    record: str
    place: str
    occurred: str | None
    tin: str | None
    npi: str | None
    why: Why

    def may_be_of(self, reporter: Reporter) -> bool:
        """Whether nothing that it says is of somebody else."""
        return self.tin in (None, reporter.tin) and (reporter.npi is None or self.npi in (None, reporter.npi))


class Cases:
    """The cases that one reason leaves to nobody; there may be very many, so that each is made as it is looked at."""

    def __init__(self, reading: Reading, rows: pa.Table, why: Why) -> None:
        self._reading, self._rows, self._why = reading, rows, why

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Unattributed]:
        columns = (self._rows[name].to_pylist() for name in (*_KEY, "occurred"))
        for measure, focus, tin, npi, occurred in zip(*columns, strict=True):
            place = place_of(self._reading, focus)
            yield Unattributed(measure, self._shown(focus), place, occurred, tin, npi, self._why)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each measure, in the order of their names."""
        counted: Any = self._rows["measure"].value_counts()  # Arrow's signatures are of any kind of array
        return dict(sorted((one["values"], one["counts"]) for one in counted.to_pylist()))

    def records(self, number: int) -> list[str]:
        """The records of the first cases."""
        return [self._shown(str(focus)) for focus in self._rows["focus"][:number].to_pylist()]

    def _shown(self, focus: str) -> str:
        return shown_key(focus, self._reading.fingerprint)


@dataclass(frozen=True, slots=True)
class Reasoned:
    """All cases that one reason leaves to nobody, and what to do about them."""

    why: Why
    says: str
    remedy: str
    cases: Cases


def unattributed(reading: Reading, measures: Collection[str] = tuple(NEEDS)) -> tuple[Reasoned, ...]:
    """What counts or may count in the reading's period and belongs to no clinician or no TIN, by reason.

    What is counted for an exclusion alone is not listed: its bounds say what they leave open.
    """
    listed = of_measures(reading, "unattributed", ", ".join(_KEY), measures)
    if not len(listed):
        return ()
    standing = _standing(reading, listed, measures)
    found = sorted((Why(str(why)) for why in standing["why"].unique().to_pylist()), key=list(Why).index)
    return tuple(
        Reasoned(why, *_TOLD[why], Cases(reading, standing.filter(_is(standing["why"], why)), why)) for why in found
    )


def _standing(reading: Reading, listed: pa.Table, measures: Collection[str]) -> pa.Table:
    """Of these cases, those that are in the period, or may be, each with the day on which it occurred."""
    placed = of_measures(reading, "placed", "1", measures, [*_KEY, "variant", "place", "group_place"])
    excluding = [measure.id for measure in reading.rules.with_status(Status.EXCLUSION)]
    out = pc.and_(_is(placed["place"], "out"), _is(placed["group_place"], "out"))
    left = pc.or_(out, _is(placed["measure"], *excluding))
    counted = _keys(placed.filter(pc.and_not(_is(placed["variant"], *_FIRST_VARIANT), left)))
    found = listed.filter(pc.is_in(_keys(listed), value_set=counted))
    cases = of_measures(reading, "cases", "1", measures, [*_KEY, "occurred"])
    at: Any = pc.index_in(_keys(found), value_set=_keys(cases))  # see above
    return found.append_column("occurred", cases["occurred"].take(at))


def _is(column: Any, *values: str) -> Any:
    return pc.is_in(column, value_set=pa.array(values, pa.string()))


def _keys(cases: pa.Table) -> Any:
    """Of each case one text that no other has."""
    join: Any = pc.binary_join_element_wise
    fill: Any = pc.fill_null
    parts = [fill(cases[name], "") for name in _KEY]
    return join(*parts, "\x00").combine_chunks()


def documents(found: Sequence[Reasoned]) -> list[dict[str, Any]]:
    """As plain values, for JSON."""
    return [
        {
            "why": reasoned.why,
            "says": reasoned.says,
            "remedy": reasoned.remedy,
            "cases": [
                {name: getattr(case, name) for name in ("measure", "record", "place", "occurred", "tin", "npi")}
                for case in reasoned.cases
            ],
        }
        for reasoned in found
    ]
