"""Cases that belong to nobody: without an NPI, without a TIN, or without both, with the reason and what to do about it.

Such a case is listed, never split, never given to somebody else, and never dropped in silence (fhir-mapping 3.4).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extractors.ledger import NEEDS
from extractors.nobodys import ORDER, counted
from scoring.model import MeasureId, Reporter
from scoring.year import Status
from smartapp.opened.evidence import place_of, rows_of_measures, shown_key
from smartapp.usecases import Reading


class Why(StrEnum):
    """Why a case has no NPI or no TIN; the words of `left_out.sql`."""

    NOBODY_NAMED = "nobody named"
    NO_NPI = "no NPI"
    ORGANIZATION = "organization"
    DEVICE = "device"
    SEVERAL_TINS = "several TINs"
    ORGANIZATION_WITHOUT_TIN = "organization without TIN"
    NO_TIN = "no TIN"


_TOLD: Mapping[str, tuple[str, str]] = {
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


@dataclass(frozen=True, slots=True)
class Reasoned:
    """All cases that one reason leaves to nobody, and what to do about them."""

    why: Why
    says: str
    remedy: str
    cases: tuple[Unattributed, ...]


@dataclass(frozen=True, slots=True)
class Summed:
    """How many cases of each measure one reason leaves to nobody, the first few records, and what to do about them."""

    says: str
    remedy: str
    by_measure: Mapping[str, int]
    first: tuple[str, ...]


def unattributed(reading: Reading, measures: Collection[str] = tuple(NEEDS)) -> tuple[Reasoned, ...]:
    """What counts or may count in the reading's period and belongs to no clinician or no TIN, by reason.

    What is counted for an exclusion alone is not listed: its bounds say what they leave open.
    """
    found: dict[str, list[Unattributed]] = {}
    wanted = _wanted(reading, measures)
    for row in rows_of_measures(reading, "nobodys", ORDER, wanted):
        found.setdefault(row["why"], []).append(_case(reading, row))
    return tuple(Reasoned(why, *_TOLD[why], tuple(found[why])) for why in Why if why in found)


def summed(reading: Reading, most: int) -> tuple[Summed, ...]:
    """The same in short, by reason: all are counted, and `most` of each named; however many there are, few are held."""
    found = counted(reading.engine, _wanted(reading, tuple(NEEDS)), most)
    return tuple(
        Summed(
            *_TOLD[why], found[why].by_measure, tuple(shown_key(key, reading.fingerprint) for key in found[why].first)
        )
        for why in Why
        if why in found
    )


def _wanted(reading: Reading, measures: Collection[str]) -> list[str]:
    """Those measures of the year that are no exclusions; `nobodys` can be asked then."""
    reading.engine.run("nobodys.sql")
    return [measure for measure in measures if measure in reading.rules.measures and not _excludes(reading, measure)]


def _excludes(reading: Reading, measure: str) -> bool:
    return reading.rules.measures[MeasureId(measure)].status is Status.EXCLUSION


def _case(reading: Reading, row: Mapping[str, Any]) -> Unattributed:
    return Unattributed(
        measure=row["measure"],
        record=shown_key(row["focus"], reading.fingerprint),
        place=place_of(reading, row["focus"]),
        occurred=row["occurred"],
        tin=row["tin"],
        npi=row["npi"],
        why=Why(row["why"]),
    )


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
