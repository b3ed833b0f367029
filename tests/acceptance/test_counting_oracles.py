"""The measure counts of the oracle file, years 2024 and 2026: each row set rendered as FHIR and counted."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scoring.model import Period
from scoring.rulebook import load
from smartapp.usecases import Source, read
from tests.acceptance.deck_rows import NPIS, TIN, is_group, render, scenarios_before

ORACLES = [
    oracle
    for oracle in json.loads((Path(__file__).parents[1] / "cases" / "oracles.json").read_text())
    if oracle["kind"] == "published-measure-counts" and oracle["year"] in (2024, 2026)
]
YEAR = Period(date(2024, 1, 1), date(2024, 12, 31))


def test_there_is_something_to_count() -> None:
    assert len(ORACLES) == 30


@pytest.mark.parametrize("oracle", [pytest.param(oracle, id=oracle["id"]) for oracle in ORACLES])
def test_an_oracle_count_is_reproduced(oracle: Mapping[str, Any], tmp_path: Path) -> None:
    resources = render(oracle, list(scenarios_before(oracle, ORACLES)))
    (tmp_path / "all.ndjson").write_text("\n".join(map(json.dumps, resources)))
    included = oracle["inputs"].get("includeControlled", True)
    variants = {"all", "controlled-included" if included else "controlled-excluded"}

    with read(Source(tmp_path), load(oracle["year"]), YEAR) as reading:
        measure, npi = oracle["inputs"]["measureId"], None if is_group(oracle) else NPIS[0]
        counts = [
            (t.met, t.denominator)
            for t in reading.tallies
            if (t.measure, t.tin, t.npi) == (measure, TIN, npi) and t.variant in variants
        ]

    assert counts == [(oracle["expected"]["numerator"], oracle["expected"]["denominator"])]
