"""`pi180 score` with several submissions of one reporter: each by itself, then what the year makes of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from smartapp.cli import main as pi180

YES = ("PI_PPHI_1", "PI_PPHI_2", "PI_ONCDIR_1", "PI_INFBLO_1", "PI_EP_2", "PI_HIE_5", "PI_PHCDRR_1",
       "PI_PHCDRR_1_PROD", "PI_PHCDRR_3", "PI_PHCDRR_3_PROD")  # fmt: skip


def submission(place: Path, name: str, met: int, year: int = 2026, **left_out: Any) -> Path:
    counts = {"PI_EP_1": {"numerator": met, "denominator": 100}, "PI_PEA_1": {"numerator": met, "denominator": 100}}
    values = {**dict.fromkeys(YES, True), **counts}
    measurements = [{"measureId": i, "value": v} for i, v in values.items() if i not in left_out.get("measures", ())]
    one = {"category": "pi", "submissionMethod": "registry", "programName": "mips", "measurements": measurements}
    one |= {"performanceStart": f"{year}-01-01", "performanceEnd": f"{year}-12-31"}
    if not left_out.get("cehrt"):
        one["cehrtId"] = "0015CABCDEFGHIJ"
    tin = left_out.get("tin", "000777777")
    who = {"entityType": "group", "taxpayerIdentificationNumber": tin, "performanceYear": year}
    file = place / f"{name}.json"
    file.write_text(json.dumps({**who, "measurementSets": [one]}))
    return file


def scored(*words: object) -> Result:
    return CliRunner().invoke(pi180, ["score", *map(str, words)])


def test_the_highest_counts_and_nothing_is_merged(tmp_path: Path) -> None:
    files = [submission(tmp_path, "clinic", 40), submission(tmp_path, "registry", 90)]

    document = json.loads(scored(*files, "--json").stdout)

    points = [one["score"]["points"] for one in document["submissions"]]
    assert points[0] < points[1]
    assert document["points"] == points[1]
    assert document["rule"] == "highest"


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    files = [submission(tmp_path, "clinic", 40), submission(tmp_path, "registry", 90)]

    points = {json.loads(scored(*order, "--json").stdout)["points"] for order in (files, files[::-1])}

    assert len(points) == 1


@pytest.mark.parametrize(
    "left_out", [{"cehrt": True}, {"measures": ["PI_PPHI_1"]}, {"measures": ["PI_PEA_1"]}, {"measures": ["PI_HIE_5"]}]
)
def test_what_is_no_qualifying_submission_counts_for_nothing(tmp_path: Path, left_out: dict[str, Any]) -> None:
    files = [submission(tmp_path, "partial", 99, **left_out), submission(tmp_path, "whole", 40)]

    result = scored(*files)

    assert result.exit_code == 0
    assert "partial.json (not a qualifying submission: it counts for nothing)" in result.stdout
    assert "whole.json (qualifying)" in result.stdout
    assert "In doubt: From 2024 each submission is said to be scored" in result.stdout


def test_a_zero_that_qualifies_is_a_submission_of_zero(tmp_path: Path) -> None:
    files = [submission(tmp_path, "none-met", 0), submission(tmp_path, "partial", 99, cehrt=True)]

    document = json.loads((result := scored(*files, "--json")).stdout)

    assert [one["qualifying"] for one in document["submissions"]] == [True, False]
    assert document["points"] == 0
    assert result.exit_code == 4


def test_submissions_of_two_years_are_no_several(tmp_path: Path) -> None:
    result = scored(submission(tmp_path, "a", 40, 2025), submission(tmp_path, "b", 40, 2026))

    assert result.exit_code == 2
    assert "one performance year, got 2025, 2026" in result.stderr


def test_submissions_of_two_reporters_are_no_several(tmp_path: Path) -> None:
    result = scored(submission(tmp_path, "a", 40), submission(tmp_path, "b", 40, tin="000888888"))

    assert result.exit_code == 2
    assert "a.json, b.json: expected submissions of one reporter, got 2" in result.stderr
    assert "000888888" not in result.stderr
