"""Deadlines as they are told: from a day, or from none, and never in what is kept."""

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scoring.rulebook import load
from smartapp.cli import main as pi180
from smartapp.due import distance
from smartapp.report.words import until

EVE = date(2026, 12, 31)


def scored(place: Path, year: int, *more: str) -> Result:
    file = place / "submission.json"
    document = {
        "performanceYear": year,
        "entityType": "group",
        "taxpayerIdentificationNumber": "000180180",
        "measurementSets": [
            {
                "category": "pi",
                "submissionMethod": "registry",
                "programName": "mips",
                "performanceStart": f"{year}-01-01",
                "performanceEnd": f"{year}-12-31",
                "measurements": [{"measureId": "PI_EP_1", "value": {"numerator": 1, "denominator": 20}}],
            }
        ],
    }
    file.write_text(json.dumps(document), encoding="utf-8")
    return CliRunner().invoke(pi180, ["score", str(file), *more])


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        (None, ""),
        (date(2026, 11, 22), " (in 39 days)"),
        (date(2026, 12, 30), " (in 1 day)"),
        (EVE, " (today)"),
        (date(2027, 1, 1), " (passed)"),
    ],
)
def test_a_last_day_is_still_there_on_itself_and_passed_on_the_next(as_of: date | None, words: str) -> None:
    assert distance(as_of, EVE) == words
    assert until(EVE, as_of) == f"December 31, 2026{words}"


def test_every_finding_says_where_what_to_do_and_until_when(tmp_path: Path) -> None:
    found = json.loads(scored(tmp_path, 2026, "--json").stdout)["findings"]

    assert found
    for finding in found:
        assert finding["message"]
        assert finding["remedy"]
        assert finding["cites"]
        assert date.fromisoformat(finding["by"]).year in (2026, 2027)


def test_the_text_tells_days_from_the_day_that_is_asked_and_json_does_not(tmp_path: Path) -> None:
    plain, told = scored(tmp_path, 2026).stdout, scored(tmp_path, 2026, "--as-of", "2026-12-30").stdout
    as_json = [scored(tmp_path, 2026, "--json", *more).stdout for more in ((), ("--as-of", "2026-12-30"))]

    assert "2026-12-31." in " ".join(plain.split())
    assert "2026-12-31 (in 1 day)" in " ".join(told.split())
    assert as_json[0] == as_json[1]


def test_a_day_that_is_none_is_refused_with_the_form(tmp_path: Path) -> None:
    result = scored(tmp_path, 2026, "--as-of", "2026-13-01")

    assert result.exit_code == 2
    assert "expected a day as 2026-11-22" in result.stderr


def test_a_provisional_year_says_so_in_text_and_json_and_a_final_one_does_not(tmp_path: Path) -> None:
    provisional = load(2027).conditions.provisional

    assert provisional is not None
    assert json.loads(scored(tmp_path, 2027, "--json").stdout)["provisional"] == provisional.text
    assert "2027 is provisional" in scored(tmp_path, 2027).stdout
    assert json.loads(scored(tmp_path, 2026, "--json").stdout)["provisional"] is None
    assert "is provisional" not in scored(tmp_path, 2026).stdout
