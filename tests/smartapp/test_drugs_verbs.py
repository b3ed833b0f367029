"""`pi180 drugs` and `pi180 refresh-drugs`, and a run by refreshed tables."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from smartapp.cli import main
from tests.extractors.practice import lines, prescription, staff
from tests.extractors.test_drug_refresh import directory, release


def pi180(*said: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in said], catch_exceptions=False)


def test_a_code_is_told_with_its_reason_source_and_day() -> None:
    found = pi180("drugs", "2670", "59011-410-10", "A4253")
    assert found.exit_code == 0
    for said in (
        "rxnorm 2670  codeine",
        "its code names an ingredient",
        "schedule II, opioid; class rx",
        "as of 2025-10-06",
        "hcpcs A4253",
    ):
        assert said in found.stdout


def test_codes_are_told_as_one_document() -> None:
    (found,) = json.loads(pi180("drugs", "--json", "rxnorm:979492").stdout)["drugs"]
    assert (found["schedule"], found["class"], found["system"]) == ("none", "rx", "rxnorm")


@pytest.mark.parametrize("code", ["losartan", "snomed:1", "123456789012"])
def test_what_is_no_drug_code_is_refused(code: str) -> None:
    found = pi180("drugs", code)
    assert (found.exit_code, "expected an RxCUI, an NDC or an HCPCS code" in found.stderr) == (2, True)


def test_refreshed_tables_count_and_are_told_apart_by_the_fingerprint(tmp_path: Path) -> None:
    made = tmp_path / "tables"
    files = ("--ndc", directory(tmp_path), "--rxnorm", release(tmp_path))
    refreshed = pi180("refresh-drugs", *files, "--out", made, "--without-retired")
    assert (refreshed.exit_code, "1 to review" in refreshed.stdout) == (0, False)
    assert "to review" in refreshed.stdout
    data = tmp_path / "data"
    data.mkdir()
    order = prescription(
        medicationCodeableConcept={"coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "0001-0001-01"}]}
    )
    (data / "practice.ndjson").write_bytes(b"\n".join(line.data for line in lines([*staff(), order])))

    def counted(*more: str | Path) -> dict[str, object]:
        found = json.loads(pi180("extract", "--from", data, "--year", "2026", "--json", *more).stdout)
        units = {(t["denominator"], t["undecided"]) for t in found["tallies"] if t["measure"] == "PI_EP_1" and t["npi"]}
        return {"units": units, "run": found["run"], "drugs": found["drug_table"]}

    ours, theirs = counted(), counted("--drugs", made)
    assert (ours["units"], theirs["units"]) == ({(0, 1)}, {(1, 0)})
    assert ours["run"] != theirs["run"]
    assert ours["drugs"] != theirs["drugs"]


def test_a_folder_without_drug_tables_is_refused(tmp_path: Path) -> None:
    found = pi180("drugs", "979492", "--drugs", tmp_path)
    assert (found.exit_code, "expected ingredients.csv.gz" in found.stderr) == (2, True)
