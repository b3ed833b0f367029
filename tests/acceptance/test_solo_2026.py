"""The scenario solo-2026: it can be made again byte for byte, and counting it gives what its books say."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from extractors.cases import Tally, derive, tally
from extractors.engine.local import LocalEngine
from extractors.events import Extract, extract
from extractors.profile import load_profile
from extractors.site import Site, load_site
from extractors.sources.folder import Folder
from scoring.model import Period

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
SOLO = FIXTURES / "solo-2026"
EXPECT: Mapping[str, Any] = tomllib.loads((SOLO / "expect.toml").read_text())
ATTESTED: Mapping[str, Any] = tomllib.loads((SOLO / "attestations.toml").read_text())
PERIODS = {p["name"]: Period(p["start"], p["end"]) for p in EXPECT["period"]}
REFERRALS_THAT_END_THE_EXCLUSION = 100

Place = tuple[str, str, str, str]


@dataclass(frozen=True)
class Reading:
    """The scenario as counted: its extract, its cases, and its tallies by period."""

    extract: Extract
    cases: list[dict[str, Any]]
    tallies: Mapping[str, list[Tally]]


@pytest.fixture(scope="module")
def reading() -> Iterator[Reading]:
    site: Site = load_site(SOLO / "site.toml")
    found = extract(Folder(SOLO).lines(), load_profile(site.profile), site.zone_info)
    with LocalEngine() as engine:
        derive(found, site, engine)
        tallies = {name: tally(engine, period, site.numerator_window) for name, period in PERIODS.items()}
        yield Reading(found, engine.rows("cases"), tallies)


def counts(row: Mapping[str, Any] | Tally) -> dict[str, int]:
    names = ("denominator", "met", "unknown", "undecided")
    return {name: row[name] if isinstance(row, Mapping) else getattr(row, name) for name in names}


def cells() -> dict[Place, dict[str, int]]:
    return {(c["period"], c["measure"], c["variant"], c["reporter"]): counts(c) for c in EXPECT["cell"]}


def cell(period: str, measure: str) -> dict[str, int]:
    return cells()[period, measure, "all", "npi"]


def test_making_the_scenario_again_gives_the_same_bytes(tmp_path: Path) -> None:
    script = FIXTURES / "make_solo_2026.py"
    subprocess.run([sys.executable, "-B", str(script), str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in SOLO.iterdir() if path.name in made or path.suffix == ".ndjson"}
    assert {name for name in made if made[name] != kept.get(name)} == set()
    assert kept.keys() == made.keys()


@pytest.mark.parametrize("place", cells(), ids=" ".join)
def test_each_tally_is_what_the_books_of_the_practice_say(reading: Reading, place: Place) -> None:
    period, measure, variant, reporter = place
    npi = EXPECT["npi"] if reporter == "npi" else None
    key = (measure, variant, EXPECT["tin"], npi)
    found = [t for t in reading.tallies[period] if (t.measure, t.variant, t.tin, t.npi) == key]
    assert [counts(t) for t in found] == [cells()[place]]


@pytest.mark.parametrize("period", PERIODS)
def test_nobody_but_the_internist_and_her_practice_is_counted(reading: Reading, period: str) -> None:
    reporters = {(t.tin, t.npi) for t in reading.tallies[period]}
    assert reporters == {(EXPECT["tin"], EXPECT["npi"]), (EXPECT["tin"], None)}


@pytest.mark.parametrize("row", EXPECT["not_counted"])
def test_a_resource_that_must_not_count_is_no_case(reading: Reading, row: str) -> None:
    keys = set(EXPECT["not_counted"][row])
    assert keys <= {resource["key"] for resource in reading.extract.resources}
    assert keys & {case["focus"] for case in reading.cases} == set()


def test_a_visit_whose_deadline_falls_in_the_outage_is_not_met(reading: Reading) -> None:
    lost = set(EXPECT["outage"]["visits"])
    answers = {case["focus"]: case["met"] for case in reading.cases if case["measure"] == "PI_PEA_1"}
    assert len(lost) > 1
    assert {answers[visit] for visit in lost} == {"not_met"}


def test_patient_access_recovers_after_the_outage() -> None:
    before, after = cell("attested", "PI_PEA_1"), cell("after-outage", "PI_PEA_1")
    assert before["met"] / before["denominator"] < 0.8 < 0.9 < after["met"] / after["denominator"]


def test_referrals_reach_a_hundred_in_the_first_half_but_not_after_the_outage() -> None:
    assert cell("attested", "PI_HIE_1")["denominator"] > REFERRALS_THAT_END_THE_EXCLUSION
    assert cell("after-outage", "PI_HIE_1")["denominator"] == 96


def test_reconciliation_cannot_be_read_so_the_ehr_reports_total_stands_in_for_it() -> None:
    counted, reported = cell("attested", "PI_HIE_4"), ATTESTED["reported"]["PI_HIE_4"]
    assert counted["unknown"] == counted["denominator"] == reported["denominator"]


def test_the_expectation_is_made_for_the_attested_reporter_and_period() -> None:
    assert ATTESTED["reporter"] == {"tin": EXPECT["tin"], "npi": EXPECT["npi"]}
    assert ATTESTED["period"] == {"start": PERIODS["attested"].start, "end": PERIODS["attested"].end}


def test_every_line_is_read_and_none_is_set_aside(reading: Reading) -> None:
    assert reading.extract.quarantine == []
    assert reading.extract.not_read == {}
