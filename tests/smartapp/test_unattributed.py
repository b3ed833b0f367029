"""The list of cases that belong to nobody, as the command line, JSON and the report show it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from report_page import ATTESTED, ndjson, report_of

from scoring.model import Reporter
from smartapp.cli import main
from tests.extractors.practice import A, C, evidence, prescription, ref, role, staff, transmission, visit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fhir").mkdir()
    orders = [
        prescription("hers"),
        transmission("hers"),
        prescription("nobodys", requester=None),
        prescription("of-two-tins", requester=ref("Practitioner/c")),
    ]
    return ndjson(tmp_path / "fhir", *staff(), role("c", "b"), *orders)


def test_extract_counts_them_and_says_what_to_do(folder: Path) -> None:
    shown = CliRunner().invoke(main, ["extract", "--from", str(folder), "--year", "2026"])
    assert shown.exit_code == 0, shown.stderr
    told = shown.stdout.partition("Without an NPI or a TIN")[2]
    assert "1 of PI_EP_1: The record names no clinician." in told
    assert "1 of PI_EP_1: Its clinician works for several TINs" in told
    assert "PractitionerRole" in told
    assert "MedicationRequest/nobodys" in told
    assert "MedicationRequest/hers" not in told


def test_extract_prints_them_as_json(folder: Path) -> None:
    shown = CliRunner().invoke(main, ["extract", "--from", str(folder), "--year", "2026", "--json"])
    found = json.loads(shown.stdout)["unattributed"]
    assert {(why["why"], case["record"]) for why in found for case in why["cases"]} == {
        ("nobody named", "MedicationRequest/nobodys"),
        ("several TINs", "MedicationRequest/of-two-tins"),
    }


def test_extract_says_nothing_where_everything_belongs_to_somebody(tmp_path: Path) -> None:
    folder = ndjson(tmp_path, *staff(), prescription(), transmission())
    shown = CliRunner().invoke(main, ["extract", "--from", str(folder), "--year", "2026"])
    assert "Without an NPI or a TIN" not in shown.stdout


def test_a_case_that_two_records_state_is_listed_once_with_the_first_of_its_days(tmp_path: Path) -> None:
    days = ("2026-03-06T09:00:00-05:00", "2026-03-05T09:00:00-05:00")
    moved = [evidence("transition-made", "Encounter/v", on=day, name=f"moved-{n}") for n, day in enumerate(days)]
    alone = visit("v", "2026-03-02T09:00:00-05:00", participant=[], serviceProvider=None)
    words = ["extract", "--from", str(ndjson(tmp_path, *staff(), alone, *moved)), "--year", "2026"]
    found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)["unattributed"]
    listed = [(case["measure"], case["occurred"]) for why in found for case in why["cases"]]
    assert sorted(listed) == [("PI_HIE_1", "2026-03-05"), ("PI_PEA_1", "2026-03-02")]
    assert "1 of PI_HIE_1, 1 of PI_PEA_1: The record names no clinician." in CliRunner().invoke(main, words).stdout


def test_a_case_outside_the_period_is_not_listed(folder: Path) -> None:
    words = ["extract", "--from", str(folder), "--year", "2026", "--period", "2026-07-01..2026-12-31", "--json"]
    assert json.loads(CliRunner().invoke(main, words).stdout)["unattributed"] == []


@pytest.mark.case(51, 53)
@pytest.mark.parametrize(
    ("reporter", "listed"),
    [
        (Reporter(A, C), {"MedicationRequest/nobodys", "MedicationRequest/of-two-tins"}),
        (Reporter(A, None), {"MedicationRequest/nobodys", "MedicationRequest/of-two-tins"}),
    ],
)
def test_the_report_lists_what_may_be_the_reporters(folder: Path, reporter: Reporter, listed: set[str]) -> None:
    page = report_of(folder, replace(ATTESTED, reporter=reporter)).page
    [section] = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "nobody"]
    assert {code.text for code in section.all("code") if not code.classes} == listed


def test_a_clinicians_report_does_not_list_what_is_another_clinicians(tmp_path: Path) -> None:
    other = prescription("others", requester=ref("PractitionerRole/d-at-elsewhere"))
    folder = ndjson(tmp_path, *staff(), role("d", "elsewhere"), prescription(), other)
    page = report_of(folder, replace(ATTESTED, reporter=Reporter(A, C))).page
    [section] = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "nobody"]
    assert "MedicationRequest/others" not in section.text
