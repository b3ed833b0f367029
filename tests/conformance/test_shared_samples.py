"""FHIR that others made, read to the end: samples in the shared folder, which are not part of the project.

Run by `make conformance SHARED=…`; the folder's absence is a failure, never a skip.
"""

import gzip
import json
import os
from datetime import date
from pathlib import Path

import pytest

from extractors.events import Line, extract
from extractors.profile import load_profile
from extractors.site import Site
from scoring.model import Period
from scoring.rulebook import load
from smartapp.usecases import Source, read

pytestmark = pytest.mark.conformance

SAMPLES = Path(os.environ.get("PI180_SHARED", "../shared")) / "fhir-samples"
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))


def test_the_shared_samples_are_there() -> None:
    assert SAMPLES.is_dir(), f"{SAMPLES}: name the shared folder with make conformance SHARED=…"


def test_all_samples_are_read_to_the_end_and_nothing_is_lost() -> None:
    lines = sum(len(gzip.decompress(p.read_bytes()).splitlines()) for p in SAMPLES.rglob("*.gz"))

    with read(Source(SAMPLES), load(2026), YEAR) as reading:
        assert sum(record.lines for record in reading.files) == lines
        assert {record.file for record in reading.files if record.state == "not FHIR"} == {"INDEX.md"}
        assert reading.faults == ()


def test_lines_that_are_no_fhir_are_counted_as_such() -> None:
    with read(Source(SAMPLES / "synthea-bulk-10"), load(2026), YEAR) as reading:
        log = next(row for row in reading.ledger if row["type"] == "not a FHIR R4 resource")

    assert (log["state"], log["received"]) == ("not FHIR", 4)


def test_each_ecqm_bundle_is_a_data_set_of_its_own() -> None:
    bundles = {
        json.loads(line)["id"]
        for file in (SAMPLES / "ecqm-cases").glob("*.gz")
        for line in gzip.decompress(file.read_bytes()).splitlines()
    }

    with read(Source(SAMPLES / "ecqm-cases"), load(2026), YEAR) as reading:
        keys = [row["key"] for row in reading.engine.rows("current_resource")]
        cases = reading.engine.rows("cases")

    assert {key.partition("!")[0] for key in keys} == bundles
    assert len(cases) > 0
    assert [
        c["focus"] for c in cases if c["patient"] and c["patient"].partition("!")[0] != c["focus"].partition("!")[0]
    ] == []


def test_a_synthea_reference_by_identifier_gets_its_npi() -> None:
    with read(Source(SAMPLES / "synthea-bulk-10"), load(2026), YEAR) as reading:
        written = [row for row in reading.engine.rows("fact") if row["kind"] == "prescription-written"]

    assert len(written) > 1700
    assert [row["source"] for row in written if row["clinician"] and not row["npi"]] == []


def test_what_lies_before_the_year_makes_no_case_of_the_year_and_stays_as_history() -> None:
    with read(Source(SAMPLES / "synthea-bulk-10"), load(2026), YEAR) as reading:
        visits = [row for row in reading.engine.rows("seen") if row["day_from"] < "2026-01-01"]
        assert reading.tallies == ()
        assert {row["place"] for row in reading.engine.rows("placed") if row["measure"] == "PI_PEA_1"} == {"out"}
        assert any(row["seen_before"] for row in visits)


def _resources_in(line: bytes) -> int:
    """One, or as many as a Bundle's entries hold."""
    resource = json.loads(line)
    return len(resource["entry"]) if resource["resourceType"] == "Bundle" else 1


@pytest.mark.parametrize("name", ["r4-spec-examples", "us-core-examples"])
def test_published_examples_are_read_without_setting_any_aside(name: str) -> None:
    data = gzip.decompress((SAMPLES / f"{name}.ndjson.gz").read_bytes()).splitlines()
    lines = [Line(name, number, 0, line) for number, line in enumerate(data, 1)]
    found = extract(lines, load_profile("generic"), Site().zone_info)

    assert found.quarantine == []
    assert len(found.resources) + found.not_read.total() == sum(map(_resources_in, data))
