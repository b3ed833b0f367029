"""The four counts of a corpus by ViewDefinitions (SQL on FHIR) that `pysof` runs; in a process as `benchmarks.one` is.

Every view becomes a CSV file, whose rows are counted as those of the loop are.
"""

import csv
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.by_hand import YEAR, Tables
from benchmarks.candidates import Counted, Program
from benchmarks.one import show

VIEWS = Path(__file__).parent / "views.json"
Rows = Iterator[dict[str, str]]


def program() -> Program:
    """A program over the views."""
    run_view = import_module("pysof").process_ndjson_to_file
    import_module("pysof._pysof")  # where it cannot be loaded, `pysof` itself is silent
    views = json.loads(VIEWS.read_text())

    def run(paths: list[Path]) -> Counted:
        named, tables = {path.stem: path for path in paths}, Tables()
        with tempfile.TemporaryDirectory() as folder:
            for view in views:
                out = Path(folder) / f"{view['name']}.csv"
                run_view(view, str(named[view["resource"]]), str(out), "csv")
                with out.open(newline="") as file:
                    _TAKES[view["name"]](tables, csv.DictReader(file))
        return tables.counted()

    return run


def _clinicians(tables: Tables, rows: Rows) -> None:
    tables.npi.update((f"Practitioner/{row['id']}", row["npi"]) for row in rows)


def _prescriptions(tables: Tables, rows: Rows) -> None:
    of_year = (row for row in rows if row["written"].startswith(YEAR))
    tables.orders.update((f"MedicationRequest/{row['id']}", row["clinician"]) for row in of_year)


def _transmissions(tables: Tables, rows: Rows) -> None:
    tables.sent.update(row["order_id"] for row in rows)


def _referrals(tables: Tables, rows: Rows) -> None:
    tables.referrals += [row["clinician"] for row in rows if row["written"].startswith(YEAR)]


def _visits(tables: Tables, rows: Rows) -> None:
    tables.visits |= {(row["clinician"], row["patient"]) for row in rows if row["began"].startswith(YEAR)}


_TAKES: dict[str, Callable[[Tables, Any], None]] = {
    "clinician": _clinicians,
    "prescription": _prescriptions,
    "transmission": _transmissions,
    "referral": _referrals,
    "visit": _visits,
}


if __name__ == "__main__":
    show(program(), Path(sys.argv[2]))
