"""The scenario group-4: every tally of every NPI and TIN is what the generator's own books say."""

import json
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
from extractors.site import load_site
from extractors.sources.folder import Folder
from scoring.model import Period
from scoring.rulebook import load
from smartapp.attesting.attestations import read_attestations
from smartapp.scored import score_reading
from smartapp.usecases import Source, read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"
GROUP_4 = FIXTURES / "group-4"
EXPECT: Mapping[str, Any] = tomllib.loads((GROUP_4 / "expect.toml").read_text())
PERIODS = {p["name"]: Period(p["start"], p["end"]) for p in EXPECT["period"]}
GROUP, CLINIC, IN_BOTH = EXPECT["group"], EXPECT["clinic"], EXPECT["in_both"]
ALONE: Mapping[str, list[str]] = EXPECT["singled_out"]

Place = tuple[str, str, str, str | None, str | None]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    extract: Extract
    cases: list[dict[str, Any]]
    placed: Mapping[str, list[dict[str, Any]]]
    tallies: Mapping[str, list[Tally]]

    @property
    def visits(self) -> list[dict[str, Any]]:
        """The cases of PI_PEA_1."""
        return [case for case in self.cases if case["measure"] == "PI_PEA_1"]

    def owners(self, focus: str) -> set[tuple[str | None, str | None]]:
        return {(case["tin"], case["npi"]) for case in self.cases if case["focus"] == focus}

    def counted(self, period: str, measure: str, unit: str) -> dict[tuple[str | None, str | None], str]:
        rows = [row for row in self.placed[period] if (row["measure"], row["unit"]) == (measure, unit)]
        return {(row["tin"], row["npi"]): row["met"] for row in rows}


@pytest.fixture(scope="module")
def reading() -> Iterator[Reading]:
    site = load_site(GROUP_4 / "site.toml")
    found = extract(Folder(GROUP_4).lines(), load_profile(site.profile), site.zone_info)
    with LocalEngine() as engine:
        derive(found, site, engine)
        tallies, placed = {}, {}
        for name, period in PERIODS.items():
            tallies[name] = tally(engine, period, site.numerator_window)
            placed[name] = engine.rows("counted")
        yield Reading(found, engine.rows("cases"), placed, tallies)


def counts(row: Row | Tally) -> tuple[int, ...]:
    names = ("denominator", "met", "unknown", "undecided")
    return tuple(row[name] if isinstance(row, Mapping) else getattr(row, name) for name in names)


CELLS: dict[Place, tuple[int, ...]] = {
    (c["period"], c["measure"], c["variant"], c.get("tin"), c.get("npi")): counts(c) for c in EXPECT["cell"]
}


def denominators(period: str, measure: str, variant: str, tin: str) -> tuple[int, int]:
    """Of a TIN as a group, and summed over its clinicians."""
    own = {place[4]: cell[0] for place, cell in CELLS.items() if place[:4] == (period, measure, variant, tin)}
    return own.pop(None), sum(own.values())


def test_making_the_scenario_again_gives_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", str(FIXTURES / "make_group_4.py"), str(tmp_path)], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {p.name: p.read_bytes() for p in GROUP_4.iterdir() if p.name in made or p.suffix == ".ndjson"}
    assert {name for name in made if made[name] != kept.get(name)} == set()
    assert kept.keys() == made.keys()


@pytest.mark.parametrize("period", PERIODS)
def test_every_tally_of_every_reporter_is_what_the_books_say(reading: Reading, period: str) -> None:
    measures = {place[1] for place in CELLS}  # the counts behind exclusions are not in these books
    tallies = [tally for tally in reading.tallies[period] if tally.measure in measures]
    found = {(period, t.measure, t.variant, t.tin, t.npi): counts(t) for t in tallies}
    assert found == {place: cell for place, cell in CELLS.items() if place[0] == period}


def test_four_clinicians_report_in_the_group_and_one_of_them_in_the_clinic_too() -> None:
    reporters = {place[3:] for place in CELLS if place[4]}
    assert len({npi for tin, npi in reporters if tin == GROUP}) == 4
    assert {npi for tin, npi in reporters if tin == CLINIC} == {IN_BOTH}


@pytest.mark.parametrize("period", PERIODS)
def test_a_group_sends_what_its_clinicians_send(period: str) -> None:
    for tin in (GROUP, CLINIC):
        of_group, of_clinicians = denominators(period, "PI_HIE_1", "all", tin)
        assert of_group == of_clinicians > 0


def test_an_order_in_the_groups_name_is_the_groups_and_no_clinicians(reading: Reading) -> None:
    (order,) = ALONE["by-organization"]
    of_group, of_clinicians = denominators("attested", "PI_EP_1", "controlled-included", GROUP)
    assert reading.owners(order) == {(GROUP, None)}
    assert of_group == of_clinicians + 1


@pytest.mark.parametrize("period", PERIODS)
def test_a_patient_of_two_clinicians_is_one_patient_of_the_group(period: str) -> None:
    of_group, of_clinicians = denominators(period, "PI_PEA_1", "all", GROUP)
    assert of_group < of_clinicians


def test_a_patient_late_with_one_clinician_and_in_time_with_another_is_late_for_the_group(reading: Reading) -> None:
    late, timely = ALONE["late-with-one"]
    (patient,) = {case["patient"] for case in reading.cases if case["focus"] in (late, timely)}
    answers = {case["focus"]: (case["npi"], case["met"]) for case in reading.visits}
    assert (answers[late][1], answers[timely][1]) == ("not_met", "met")
    assert reading.counted("attested", "PI_PEA_1", patient) == {
        (GROUP, answers[late][0]): "not_met",
        (GROUP, answers[timely][0]): "met",
        (GROUP, None): "not_met",
    }


def test_a_patient_of_whom_one_visit_is_not_shown_is_unknown_for_the_group(reading: Reading) -> None:
    shown, hidden = ALONE["shown-once"]
    (patient,) = {case["patient"] for case in reading.cases if case["focus"] in (shown, hidden)}
    answers = reading.counted("attested", "PI_PEA_1", patient)
    assert sorted(answers.values()) == ["met", "unknown", "unknown"]
    assert answers[GROUP, None] == "unknown"


def test_a_portal_without_the_api_is_no_access(reading: Reading) -> None:
    (visit,) = ALONE["api-late"]
    assert [case["met"] for case in reading.visits if case["focus"] == visit] == ["not_met"]


@pytest.mark.case(92)
def test_a_merged_patient_seen_by_two_clinicians_is_one_patient_of_the_group(reading: Reading) -> None:
    old, kept = ALONE["merged"]
    seen = [case for case in reading.visits if case["patient"] in (old, kept)]
    assert [case["patient"] for case in seen] == [kept, kept]
    assert len({case["npi"] for case in seen}) == 2
    assert len(reading.counted("attested", "PI_PEA_1", kept)) == 3
    assert reading.counted("attested", "PI_PEA_1", old) == {}


def test_a_visit_of_two_clinicians_counts_for_both_and_once_for_the_group(reading: Reading) -> None:
    (visit,) = ALONE["two-clinicians"]
    seen = [case for case in reading.visits if case["focus"] == visit]
    assert len({case["npi"] for case in seen}) == 2
    assert len(reading.counted("attested", "PI_PEA_1", seen[0]["patient"])) == 3


@pytest.mark.case(77)
def test_a_patient_whom_a_partner_saw_before_is_new_to_the_clinician_and_not_to_the_group(reading: Reading) -> None:
    found = [reading.counted("attested", "PI_HIE_4", document) for document in ALONE["new-to-clinician-only"]]
    alone = [
        reporters for reporters in found if {tin for tin, _ in reporters} == {GROUP} and (GROUP, None) not in reporters
    ]
    assert len(alone) == 3
    assert all(len(reporters) == 1 for reporters in alone)


def test_summaries_of_patients_new_to_the_clinician_alone_make_the_group_less_than_the_sum() -> None:
    of_group, of_clinicians = denominators("attested", "PI_HIE_4", "all", GROUP)
    assert of_group < of_clinicians


@pytest.mark.case(50)
def test_an_order_signed_by_role_counts_in_the_tin_of_the_role(reading: Reading) -> None:
    (order,) = ALONE["by-role-at-clinic"]
    assert reading.owners(order) == {(CLINIC, IN_BOTH)}


@pytest.mark.case(51)
def test_an_order_that_names_neither_role_nor_visit_is_in_neither_of_her_tins(reading: Reading) -> None:
    (order,) = ALONE["no-tin"]
    assert reading.owners(order) == {(None, IN_BOTH)}
    assert CELLS["attested", "PI_EP_1", "controlled-included", None, IN_BOTH][0] == 1


def test_an_order_signed_as_a_person_counts_where_the_visit_was(reading: Reading) -> None:
    orders = [row for row in reading.extract.events if row["kind"] == "prescription-written"]
    by_person = {row["focus"] for row in orders if row["clinician"] == "Practitioner/cardiologist"}
    owners = {owner for order in by_person - set(ALONE["no-tin"]) for owner in reading.owners(order)}
    assert owners == {(GROUP, IN_BOTH), (CLINIC, IN_BOTH)}


def test_one_tin_is_enough_for_a_clinician_who_has_no_other(reading: Reading) -> None:
    (order,) = ALONE["only-tin"]
    ((tin, npi),) = reading.owners(order)
    assert (tin, npi is not None) == (GROUP, True)


@pytest.mark.case(52)
def test_what_the_assistant_recorded_is_the_clinicians(reading: Reading) -> None:
    orders = map(json.loads, (GROUP_4 / "MedicationRequest.ndjson").read_text().splitlines())
    recorded = [
        order for order in orders if order.get("recorder", {}).get("reference") == "Practitioner/medical-assistant"
    ]
    owners = [reading.owners(f"MedicationRequest/{order['id']}") for order in recorded]
    assert len(owners) > 5
    assert all(len(owner) == 1 and owner <= {place[3:] for place in CELLS if place[3] and place[4]} for owner in owners)


@pytest.mark.case(61)
def test_the_pdmp_query_of_the_assistant_counts_for_the_prescriber() -> None:
    text = (GROUP_4 / "Procedure.ndjson").read_text()
    assert 0 < text.count("Practitioner/medical-assistant") < text.count("461621000124108")
    met = {
        npi: cell[1]
        for (period, m, _, tin, npi), cell in CELLS.items()
        if (period, m, tin) == ("attested", "PI_EP_2", GROUP)
    }
    assert met.pop(None) == sum(met.values()) > 0


@pytest.mark.parametrize(("file", "npi"), [("attestations.toml", None), ("attestations-cardiologist.toml", IN_BOTH)])
def test_the_group_and_one_of_its_clinicians_can_be_scored(file: str, npi: str | None) -> None:
    rules = load(2026)
    attested = read_attestations(GROUP_4 / file, rules)
    assert attested.period == PERIODS["attested"]
    with read(Source(GROUP_4, GROUP_4 / "site.toml"), rules, PERIODS["attested"]) as found:
        scored = score_reading(found, attested)
    counted = {m: (p.met, p.denominator) for m, p in scored.submission.proportions.items()}
    assert not scored.score.gate_shut
    assert scored.submission.reporter.npi == npi
    assert counted == {
        m: (CELLS["attested", m, variant, GROUP, npi][1], CELLS["attested", m, variant, GROUP, npi][0])
        for m, variant in [
            ("PI_EP_1", "controlled-included"),
            *((m, "all") for m in ("PI_HIE_1", "PI_HIE_4", "PI_PEA_1")),
        ]
    }


def test_every_line_is_read_and_none_is_set_aside(reading: Reading) -> None:
    assert reading.extract.quarantine == []
    assert reading.extract.not_read == {}
