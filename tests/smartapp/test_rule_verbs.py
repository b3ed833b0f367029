"""`pi180 rules`: check the years, compare two, show one measure."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scoring.changes import changes
from scoring.rulebook import RULES as FOLDER
from scoring.rulebook import load, years
from smartapp.cli import main as pi180


def rules(*words: str) -> Result:
    return CliRunner().invoke(pi180, ["rules", *words])


def test_check_names_every_year_with_its_digest() -> None:
    result = rules("check")

    assert result.exit_code == 0
    for year in years():
        assert f"{year}  in order, SHA-256 {load(year).digest}" in result.stdout


def test_check_tells_the_fault_of_a_year_and_still_checks_the_others(tmp_path: Path) -> None:
    (tmp_path / "py2026.toml").write_text((FOLDER / "py2026.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "py2027.toml").write_text("year = 2027\n", encoding="utf-8")

    result = rules("check", str(tmp_path))

    assert result.exit_code == 2
    assert "2026  in order" in result.stdout
    assert "2027  py2027.toml, source: expected a table" in result.stdout


@pytest.mark.parametrize("place", ["nowhere", "."])
def test_check_refuses_a_folder_without_years(tmp_path: Path, place: str) -> None:
    result = rules("check", str(tmp_path / place))

    assert result.exit_code == 2
    assert "expected" in result.stderr


def test_diff_names_what_differs_both_ways_and_exits_7() -> None:
    result = rules("diff", "2024", "2025", "--json")

    found = {one["where"]: (one["2024"], one["2025"]) for one in json.loads(result.stdout)["changes"]}
    assert result.exit_code == 7
    assert found["suppression[PI_PHCDRR_3].measure"] == (None, "PI_PHCDRR_3")
    assert found["gate.cehrt.prefixes"] == ("..15C", "..15C, 2025C")
    assert found["reallocation[PI_PHCDRR_1 PI_PHCDRR_3].to"] == ("PI_PEA_1", None)


def test_diff_of_a_year_with_itself_is_empty() -> None:
    result = rules("diff", "2026", "2026")

    assert result.exit_code == 0
    assert result.stdout.startswith("0 differences")


def test_what_one_diff_adds_the_reverse_takes_away() -> None:
    there, back = changes(load(2025), load(2026)), changes(load(2026), load(2025))

    assert {(c.where, c.before, c.after) for c in there} == {(c.where, c.after, c.before) for c in back}
    assert any("PI_PHCDRR_6" in change.where for change in there)


def test_show_prints_points_criteria_sources_confidence_and_doubts() -> None:
    result = rules("show", "PI_HIE_1", "--year", "2026")

    for part in ("points: 15", "170.315(b)(1)", "confidence: confirmed", "source: 42 CFR", "in doubt: ONC's test data"):
        assert part in result.stdout


def test_show_says_that_a_measure_is_suppressed_in_its_year_alone() -> None:
    text = rules("show", "PI_PHCDRR_3").stdout

    of_year = {part[:4]: part for part in text.split("\n\n")}
    assert [year for year, part in of_year.items() if "suppressed" in part] == ["2025"]
    assert [year for year, part in of_year.items() if "provisional" in part] == ["2027"]


def test_show_of_an_unknown_id_says_which_years_were_looked_at() -> None:
    result = rules("show", "PI_NONE_1")

    assert result.exit_code == 2
    assert "2024, 2025, 2026, 2027" in result.stderr
