"""A roster as a practice keeps it, and what `pi180 eligibility` makes of it."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from scoring.eligibility_rules import load_eligibility
from smartapp.cli import main as pi180
from smartapp.errors import UsageError
from smartapp.people.roster import COLUMNS, read_roster

ACROSS = load_eligibility()
HEAD = ",".join(COLUMNS)
ROWS = [
    "123456789,,,smallPractice,,,,,,",
    "123456789,1234567893,physician,smallPractice,no,,,yes,,",
    "123456789,1093817465,physicalTherapist,none,no,applied,internet,no,,",
]


def written(place: Path, *rows: str, head: str = HEAD) -> Path:
    file = place / "roster.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return file


def asked(file: Path, *more: str) -> Result:
    return CliRunner().invoke(pi180, ["eligibility", str(file), "--year", "2026", *more])


def test_each_clinician_and_the_group_get_an_answer_a_weight_and_dates(tmp_path: Path) -> None:
    result = asked(written(tmp_path, *ROWS), "--as-of", "2026-11-22", "--json")

    document = json.loads(result.stdout)
    group, physician, therapist = document["standings"]
    assert [one["duty"] for one in (group, physician, therapist)] == ["reweighted", "reweighted", "must report"]
    assert [one["weight_percent"] for one in (group, physician, therapist)] == [0, 0, 25]
    assert physician["shared_savings"]["duty"] == "not required"
    assert any("2026-07-05 (passed)" in date for date in therapist["dates"])
    assert any("2026-12-31 (in 39 days)" in date for date in therapist["dates"])


def test_the_pathway_weighs_30_percent(tmp_path: Path) -> None:
    result = asked(written(tmp_path, "123456789,1234567893,physician,none,no,,,no,,"), "--framework", "app")

    assert "30 %" in result.stdout


def test_an_empty_cell_is_not_said_and_never_no(tmp_path: Path) -> None:
    result = asked(written(tmp_path, "123456789,1234567893,physician,,,,,,,"), "--json")

    duties = [one["duty"] for one in json.loads(result.stdout)["standings"]]
    assert duties == ["undecided", "undecided"]


def test_an_entity_counts_the_higher_score_leaves_out_the_excepted_and_counts_the_silent_as_0(tmp_path: Path) -> None:
    rows = [
        "123456789,,,,,,,,,85",
        "123456789,1234567893,physician,none,no,,,yes,,60",
        "987654321,1093817465,physician,none,no,,,yes,,",
        "987654321,1999999992,physician,hospitalBased,no,,,yes,,",
    ]

    result = asked(written(tmp_path, *rows), "--json")

    assert json.loads(result.stdout)["apm_entity_mean"] == {"exact": "85/2", "about": 42.5}


def test_a_score_adds_to_the_final_score_by_its_weight(tmp_path: Path) -> None:
    rows = [
        "123456789,,,,,,,,,72",
        "123456789,1234567893,physician,none,no,,,no,,60.5",
        "123456789,1093817465,physician,hospitalBased,no,,,no,,90",
        "123456789,1999999992,physician,none,no,,,no,,",
    ]

    result = asked(written(tmp_path, *rows), "--json")

    adds = [one["adds_to_final_score"] for one in json.loads(result.stdout)["standings"]]
    assert [one and one["exact"] for one in adds] == ["18", "121/8", "0", None]
    assert "15.13 points" in asked(written(tmp_path, *rows)).stdout


def test_a_roster_without_scores_says_nothing_of_an_entity(tmp_path: Path) -> None:
    assert json.loads(asked(written(tmp_path, *ROWS), "--json").stdout)["apm_entity_mean"] is None


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("12345678,1234567893,physician,none,no,,,,,", "line 2, tin: expected 9 digits"),
        ("123456789,123456789,physician,none,no,,,,,", "line 2, npi: expected 10 digits"),
        ("123456789,1234567893,doctor,none,no,,,,,", 'line 2, type: expected one of physician'),
        ("123456789,1234567893,physician,rural,no,,,,,", "line 2, statuses: expected none, or some of ascBased"),
        ("123456789,1234567893,physician,none,maybe,,,,,", "line 2, below_threshold: expected one of yes, no"),
        ("123456789,1234567893,physician,none,no,approved,,,,", "expected hardship_reason beside hardship"),
        ("123456789,1234567893,physician,none,no,,internet,,,", "expected hardship_reason beside hardship"),
        ("123456789,1234567893,physician,none,no,,,,,101", "line 2, score: expected a category score of 0 to 100"),
        ("123456789,1234567893,physician,none", "expected as many cells as columns"),
        ("123456789,1234567893,physician,none,no,,,,,,9", "expected as many cells as columns"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_as_expected_is_refused_with_its_line_and_column(tmp_path: Path, row: str, told: str) -> None:
    result = asked(written(tmp_path, row))

    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("head", "told"),
    [("tin,npi,type", "got no statuses"), (f"{HEAD},name", 'got "name"')],
)
def test_a_header_that_is_not_as_expected_is_refused(tmp_path: Path, head: str, told: str) -> None:
    assert told in asked(written(tmp_path, head=head)).stderr


def test_an_npi_stands_once_within_its_tin_and_may_stand_in_two(tmp_path: Path) -> None:
    row = "123456789,1234567893,physician,none,no,,,,,"

    assert "each NPI once" in asked(written(tmp_path, row, row)).stderr
    assert asked(written(tmp_path, row, row.replace("123456789,", "987654321,", 1))).exit_code == 0


def test_an_empty_or_absent_roster_is_refused(tmp_path: Path) -> None:
    assert "expected a row for each clinician" in asked(written(tmp_path)).stderr
    assert "cannot be read" in asked(tmp_path / "none.csv").stderr


def test_a_byte_order_mark_and_dashes_in_a_tin_are_accepted(tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(f"{HEAD}\n12-3456789,1234567893,physician,none,no,,,,,\n", encoding="utf-8-sig")

    assert read_roster(file, ACROSS)[0].tin == "123456789"


@given(text=st.text(alphabet='tinpy,e"\n 0123456789sau', max_size=200))
def test_any_text_is_read_or_refused_plainly(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_text(f"{HEAD}\n{text}", encoding="utf-8")
    with suppress(UsageError):
        assert read_roster(file, ACROSS)
