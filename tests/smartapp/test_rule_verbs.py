"""`pi180 rules`: check the years, compare two, show one measure."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scoring.changes import changes
from scoring.rulebook import RULES as FOLDER
from scoring.rulebook import load, years
from smartapp.cli import main as pi180
from smartapp.rulebooks import changed_entries


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


def test_diff_prints_an_added_measure_as_one_entry_and_both_values_of_a_changed_one() -> None:
    text = rules("diff", "2025", "2026").stdout

    measures = text.split("\nmeasure\n")[1].split("\n\n")[0]
    assert measures.count("PI_PHCDRR_6") == 1
    assert "  + PI_PHCDRR_6: title: Public Health Reporting" in measures
    assert "    title: Enabling Exchange Under TEFCA -> Enabling" in measures
    assert "    edition: (none) -> 2025" in measures


def test_diff_prints_what_is_gone_with_a_minus_and_of_a_list_only_what_came_or_went() -> None:
    text = rules("diff", "2025", "2026").stdout

    values = "confidence: confirmed; level.confidence: inferred; level.doubts: suppressed-level"
    assert f"\nsuppression\n  - PI_PHCDRR_3: {values}\n" in text
    assert "names: + ssp, + M1498" in text
    assert "appPlus" not in text


def test_every_difference_belongs_to_one_entry() -> None:
    for first, second in pairwise(years()):
        found = changes(load(first), load(second))
        assert sum(len(entry.values) for entry in changed_entries(found)) == len(found)


def test_diff_keeps_to_the_width_of_a_terminal() -> None:
    texts = (rules("diff", str(first), str(second)).stdout for first, second in pairwise(years()))

    assert max(len(line) for text in texts for line in text.splitlines()) <= 100


def test_show_takes_an_objective_and_any_case_of_letters() -> None:
    found = json.loads(rules("show", "ELECTRONICprescribing", "--year", "2026", "--json").stdout)

    assert found["schema"] == "pi180/rules/1"
    assert {"PI_EP_1", "PI_EP_2", "PI_LVPP_1"} <= {entry["id"] for entry in found["entries"]}
    assert {entry["objective"] for entry in found["entries"]} == {"electronicPrescribing"}
    limit = next(entry["limit"] for entry in found["entries"] if entry["id"] == "PI_LVPP_1")
    assert limit["fewer_than"] == 100


def test_show_in_json_tells_points_suppression_and_what_is_provisional() -> None:
    found = json.loads(rules("show", "PI_PHCDRR_3", "--json").stdout)["entries"]

    assert [entry["year"] for entry in found if entry["suppressed"]] == [2025]
    assert [entry["year"] for entry in found if entry["provisional"]] == [2027]


def test_show_of_a_misspelt_id_names_the_likely_one() -> None:
    assert "Did you mean PI_LVPP_1?" in rules("show", "PI_LVPP_9", "--year", "2026").stderr


def test_the_eligibility_of_a_folder_is_checked_and_used(tmp_path: Path) -> None:
    for name in ("py2026.toml", "eligibility.toml"):
        (tmp_path / name).write_text((FOLDER / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert "eligibility.toml  in order" in rules("check", str(tmp_path)).stdout

    broken = (tmp_path / "eligibility.toml").read_text().replace("first = 2025", 'first = "soon"', 1)
    (tmp_path / "eligibility.toml").write_text(broken)
    result = rules("check", str(tmp_path))

    assert result.exit_code == 2
    assert "eligibility.toml, shared_savings.first: expected a whole number" in result.stdout


def test_a_folder_without_eligibility_says_whose_is_used(tmp_path: Path) -> None:
    (tmp_path / "py2026.toml").write_text((FOLDER / "py2026.toml").read_text(encoding="utf-8"), encoding="utf-8")

    assert "eligibility.toml (the product's own: the folder has none)  in order" in rules("check", str(tmp_path)).stdout
