"""All shared cases of the eCQM "Closing the Referral Loop": the numbers of the account in the documentation."""

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest

from scoring.rulebook import load
from smartapp.usecases import Source, read
from tests.acceptance.referral_loop import YEAR, by_code, populations, with_reports

pytestmark = pytest.mark.conformance

SHARED = Path(os.environ.get("PI180_SHARED", "../shared")) / "fhir-samples" / "ecqm-cases"
NAME = "CRLReceiptofSpecialistReportFHIR.cases.ndjson.gz"


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / NAME).write_bytes((SHARED / NAME).read_bytes())
    return folder


def sent(cases: Path, profile: str | None) -> tuple[list[tuple[object, ...]], int]:
    with read(Source(cases, profile=profile), load(2026), YEAR) as reading:
        tallies = [t for t in reading.tallies if t.measure == "PI_HIE_1"]
        count = sum(case["measure"] == "PI_HIE_1" for case in reading.engine.rows("cases"))
    return [(t.tin, t.npi, t.met, t.denominator, t.unknown, t.undecided) for t in tallies], count


def test_the_cases_are_those_of_the_account() -> None:
    bundles = [json.loads(line) for line in gzip.decompress((SHARED / NAME).read_bytes()).splitlines()]
    types = Counter(entry["resource"]["resourceType"] for bundle in bundles for entry in bundle["entry"])
    assert (len(bundles), types["ServiceRequest"], types["Task"], types["Communication"]) == (15, 17, 4, 0)
    assert populations(bundles) == {"initial-population": 7, "denominator": 7, "numerator": 2}


def test_generic_counts_no_referral(cases: Path) -> None:
    assert sent(cases, None) == ([], 0)


def test_by_code_seventeen_are_cases_and_the_twelve_of_the_year_are_unknown(cases: Path, tmp_path: Path) -> None:
    for profile in (by_code(tmp_path), with_reports(tmp_path)):
        assert sent(cases, profile) == ([(None, None, 0, 12, 12, 0)], 17)
