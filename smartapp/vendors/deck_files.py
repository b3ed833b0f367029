"""The deck written for a sandbox: FHIR transactions to be sent in the order of their names, and the expected cells.

The first transaction holds organizations, clinicians and roles; then comes one a patient, with everything of that
patient. Each resource is put under its own id after those that it refers to, so that a server that checks references
accepts every transaction, and sending one again changes nothing.
"""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from extractors.decode import Json
from smartapp.errors import UsageError
from smartapp.vendors.deck import TAG, Deck
from smartapp.written import as_json

_COMMON = ("Organization", "Practitioner", "PractitionerRole")
_OF_PATIENT = (
    "Patient",
    "Encounter",
    "MedicationRequest",
    "ServiceRequest",
    "DocumentReference",
    "Communication",
    "Task",
    "Provenance",
)
"""Types in an order in which nothing refers to what comes later."""


def write_deck(deck: Deck, out: Path) -> tuple[str, ...]:
    """Write the deck into a new or empty folder, the same bytes every time; the names of its files, in order.

    Raises:
        UsageError: the folder holds something already.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out}: expected a new or empty folder, so that no other file is loaded with the deck.")
    transactions = out / "transactions"
    transactions.mkdir(parents=True)
    texts = {f"transactions/{name}.json": as_json(bundle) for name, bundle in transactions_of(deck)}
    texts |= {"expected.json": as_json(expected_of(deck)), "NOTICE.md": deck.notice, "README.md": _readme(deck)}
    for name, text in texts.items():
        (out / name).write_bytes(text.encode())
    return tuple(texts)


def transactions_of(deck: Deck) -> Iterator[tuple[str, Json]]:
    """Each transaction with its name; sorted by name they are in the order in which they are to be sent."""
    common = {
        _key(one): one for resources in deck.tests.values() for one in resources if one["resourceType"] in _COMMON
    }
    yield "000-organizations-and-clinicians", _transaction(list(common.values()), _COMMON)
    groups = [group for resources in deck.tests.values() for group in _by_patient(resources).items()]
    for number, (patient, resources) in enumerate(groups, start=1):
        yield f"{number:03}-{patient.partition('/')[2]}", _transaction(resources, _OF_PATIENT)


def _transaction(resources: list[Json], order: tuple[str, ...]) -> Json:
    ordered = sorted(resources, key=lambda one: order.index(one["resourceType"]))
    entries = [{"resource": one, "request": {"method": "PUT", "url": _key(one)}} for one in ordered]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _by_patient(resources: tuple[Json, ...]) -> dict[str, list[Json]]:
    """The resources of one test by the patient whom they are about, patients in their own order."""
    known = {_key(one): one for one in resources}
    found: dict[str, list[Json]] = {key: [] for key, one in known.items() if one["resourceType"] == "Patient"}
    for one in resources:
        if one["resourceType"] not in _COMMON:
            found[_patient_of(one, known)].append(one)
    return found


def _patient_of(resource: Json, known: dict[str, Json]) -> str:
    if resource["resourceType"] == "Patient":
        return _key(resource)
    if resource["resourceType"] == "Provenance":
        return _patient_of(known[resource["target"][0]["reference"]], known)
    about: dict[str, str] = resource.get("subject") or resource["for"]
    return about["reference"]


def _key(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def expected_of(deck: Deck) -> dict[str, Any]:
    """The cells, and by which days and zone they are to be counted."""
    return {
        "schema": "pi180/deck/1",
        "scenario": deck.scenario,
        "rendering": deck.rendering,
        "period": {"start": str(deck.period.start), "end": str(deck.period.end)},
        "zone": deck.zone,
        "cells": [asdict(cell) for cell in deck.cells],
    }


def _readme(deck: Deck) -> str:
    days, options = (
        f"{deck.period.start}..{deck.period.end}",
        f"--scenario {deck.scenario} --rendering {deck.rendering}",
    )
    return f"""# ONC deck, {deck.scenario}, {deck.rendering}

{len(deck.tests)} tests ({", ".join(deck.tests)}), {len(deck.cells)} expected cells. All persons are invented.
Load it into a sandbox only.

1. Send each file in `transactions/` to the FHIR base, in the order of the names, and stop at the first that is refused:

   ```sh
   for file in transactions/*.json; do
     curl --fail -X POST -H 'Content-Type: application/fhir+json' --data-binary @"$file" "$FHIR_BASE" || break
   done
   ```

   Every resource is put under its own id. A server that gives out ids itself, or drops a type, cannot hold the deck as
   it is: load what it takes, and name the organizations' TINs in `tin_map` of a site file.
2. Export the sandbox as FHIR NDJSON or Bundles into a folder, and count it:
   `pi180 extract --from EXPORT --year {deck.period.start.year} --period {days} --zone {deck.zone} --out RUNS`
3. Compare every cell: `pi180 deck --compare RUNS {options}`

To remove it: every resource carries a tag of the system `{TAG}`.
"""
