"""What a person should know of a reading before trusting it, although nothing was set aside."""

from collections.abc import Iterable, Mapping
from typing import Any

from extractors.sources.crawled import NO_PATIENT, not_whole_of

DIRECTORY = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location"})
"""Types from which it is known whose a case is."""

_NAMES_NOBODY = "A measure with cases that name no clinician or no TIN is not determinable; the others stand."
_PROVES_NOTHING = "Cases that are made from it are not determinable, and its absence proves nothing."


def cautions(ledger: Iterable[Mapping[str, Any]], zone: str) -> tuple[str, ...]:
    """One line for each doubt that the ledger shows; none where there is none.

    Args:
        ledger: as `extractors.ledger` makes it.
        zone: the site's time zone, in which times without an offset were read.
    """
    rows = list(ledger)
    found = []
    if types := _types(rows, "zone_assumed"):
        found.append(
            f"Times without an offset ({types}) were read in the zone {zone}. Check that the server writes local time: "
            "days at the edges of the period depend on it."
        )
    if types := _types(rows, "unmapped"):
        found.append(
            f"Values that the profile does not map ({types}) are unknown, never a guess. pi180 probe tells which."
        )
    found += [_no_patient(row) for row in rows if row.get("query") == NO_PATIENT]
    return (*found, *map(_not_whole, not_whole_of(rows)))


def _no_patient(row: Mapping[str, Any]) -> str:
    return (
        f"Of {row['searches']} patients no Patient came: the server does not have or not show them. Check the ids by "
        "which the crawl was asked for."
    )


def _not_whole(row: Mapping[str, Any]) -> str:
    many = f" in {row['searches']} searches" if row["searches"] else ""
    follows = _NAMES_NOBODY if row["type"] in DIRECTORY else _PROVES_NOTHING
    return (
        f"Not all of {row['type']} was read: {row['state']}{many}. {follows} "
        "Give the command of the crawl again once the server shows it."
    )


def _types(rows: Iterable[Mapping[str, Any]], column: str) -> str:
    return ", ".join(f"{row[column]} {row['type']}" for row in rows if row.get(column))
