"""Cases that belong to nobody: without an NPI, without a TIN, or without both, with the reason and what to do about it.

Such a case is listed, never split, never given to somebody else, and never dropped in silence (fhir-mapping 3.4).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any

from extractors.ledger import NEEDS
from scoring.model import Reporter
from scoring.year import Status
from smartapp.opened.evidence import place_of, rows_of_measures, shown_key
from smartapp.usecases import Reading

_FIRST_VARIANT = ("controlled-included", "all")


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


@dataclass(frozen=True, slots=True)
class Reasoned:
    """All cases that one reason leaves to nobody, and what to do about them."""

    why: Why
    says: str
    remedy: str
    cases: tuple[Unattributed, ...]


def unattributed(reading: Reading, measures: Collection[str] = tuple(NEEDS)) -> tuple[Reasoned, ...]:
    """What counts or may count in the reading's period and belongs to no clinician or no TIN, by reason.

    What is counted for an exclusion alone is not listed: its bounds say what they leave open.
    """
    rows = rows_of_measures(reading, "unattributed", "why, measure, focus, tin, npi", measures)
    standing = _standing(reading, measures, {row["focus"] for row in rows}) if rows else {}
    found = [_case(reading, row, standing[key]) for row in rows if (key := _key(row)) in standing]
    by_why = groupby(sorted(found, key=lambda case: list(Why).index(case.why)), key=lambda case: case.why)
    return tuple(Reasoned(why, *_TOLD[why], tuple(cases)) for why, cases in by_why)


def _standing(
    reading: Reading, measures: Collection[str], records: Collection[str]
) -> Mapping[tuple[Any, ...], str | None]:
    """The day of every case of some records that is in the period, or may be."""
    days = {_key(row): row["occurred"] for row in rows_of_measures(reading, "cases", "focus", measures, records)}
    return {
        _key(row): days.get(_key(row))
        for row in rows_of_measures(reading, "placed", "focus", measures, records)
        if row["variant"] in _FIRST_VARIANT
        and reading.rules.measures[row["measure"]].status is not Status.EXCLUSION
        and not row["place"] == row["group_place"] == "out"
    }


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["measure"], row["focus"], row["tin"], row["npi"]


def _case(reading: Reading, row: Mapping[str, Any], occurred: str | None) -> Unattributed:
    return Unattributed(
        measure=row["measure"],
        record=shown_key(row["focus"], reading.fingerprint),
        place=place_of(reading, row["focus"]),
        occurred=occurred,
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
