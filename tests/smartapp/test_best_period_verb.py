"""`pi180 best-period`: its contract, and the whole-number points that it searches by."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from extractors.periods.grid import Grid
from scoring.rounding import Tie, measure_points, points_of_cells
from smartapp import paths
from smartapp.cli import main

SOLO = paths.fixture("solo-2026")
GROUP = SOLO.parent / "group-4"


def asked(folder: Path, *more: str) -> Result:
    place = ("--from", str(folder), "--site", str(folder / "site.toml"), "--year", "2026")
    return CliRunner().invoke(main, ["best-period", *place, *more])


def test_the_document_names_the_winner_the_runner_up_the_halves_and_the_year() -> None:
    result = asked(SOLO, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert {"best", "runner_up", "halves", "full_year", "periods_searched", "assumed"} <= found.keys()
    wanted = {"start", "end", "points", "before_gate", "feasible", "choices", "margins"}
    assert all(
        wanted <= one.keys() for one in (found["best"], found["runner_up"], *found["halves"], found["full_year"])
    )
    assert found["periods_searched"] == 17391
    assert found["best"]["points"] >= max(one["points"] for one in (*found["halves"], found["full_year"]))
    assert {"cehrtId", "PI_PPHI_1", "PI_EP_2"} <= set(found["assumed"])


def test_the_text_says_what_won_and_what_was_assumed_and_names_no_case() -> None:
    result = asked(SOLO, "--attestations", str(SOLO / "attestations.toml"))
    assert result.exit_code == 0
    assert "17,391 periods searched" in result.stdout
    assert "Assumed" not in result.stdout
    assert "the EHR's own total of PI_HIE_4" in " ".join(result.stdout.split())
    assert "Patient/" not in result.stdout


def of_run(run: Path, *more: str) -> Result:
    words = ["best-period", "--run", str(run), "--year", "2026", "--attestations", str(SOLO / "attestations.toml")]
    return CliRunner().invoke(main, [*words, *more])


@pytest.mark.parametrize(
    ("as_of", "to_come", "told"),
    [
        ("2026-11-22", 39, "As of 2026-11-22, 39 days of this period are still to come; not counted."),
        (
            "2026-12-31",
            41,
            "The data hold no case after 2026-11-20: 41 days of this period are not in them;",
        ),
    ],
)
def test_of_days_that_have_not_happened_or_are_not_in_the_data_nothing_is_sure(
    solo_out: Path, as_of: str, to_come: int, told: str
) -> None:
    found = json.loads(of_run(solo_out, "--as-of", as_of, "--json").stdout)
    assert (found["robust"], found["days_to_come"], found["at_stake"]) == (False, to_come, 0)
    assert found["certainty"][0].startswith(told)
    assert not any(text.startswith(("Sure", "Robust")) for text in found["certainty"])
    text = " ".join(of_run(solo_out, "--as-of", as_of).stdout.split())
    assert told in text
    assert "Sure" not in text


def test_the_same_day_gives_the_same_text_and_says_which_periods_can_still_begin(solo_out: Path) -> None:
    late, early = (of_run(solo_out, "--as-of", day).stdout for day in ("2026-11-21", "2026-07-05"))
    assert late == of_run(solo_out, "--as-of", "2026-11-21").stdout
    assert "A period that begins after 2026-07-05 is no longer possible" in late
    assert "A period can still begin on any day until 2026-07-05" in early


def test_without_a_day_the_clock_is_asked_as_the_plan_does(solo_out: Path) -> None:
    seen = json.loads(of_run(solo_out, "--json").stdout)["seen"]
    assert seen["as_of"] == json.loads(planned_from(solo_out))["as_of"]


def planned_from(run: Path) -> str:
    words = ["plan", "--run", str(run), "--year", "2026", "--attestations", str(SOLO / "attestations.toml"), "--json"]
    return CliRunner().invoke(main, words).stdout


def test_a_kept_run_gives_what_its_folder_gives(solo_out: Path) -> None:
    own = asked(SOLO, "--attestations", str(SOLO / "attestations.toml"), "--as-of", "2026-11-21")
    assert of_run(solo_out, "--as-of", "2026-11-21").stdout == own.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--year", "2025"), "expected one of 2025, got one of 2026"),
        (("--from", "."), "expected one of --from DIR and --run RUN"),
        (("--zone", "UTC", "--profile", "generic"), "--profile, --zone: a run brings its own"),
    ],
)
def test_a_run_is_of_one_year_and_brings_its_own_settings(solo_out: Path, words: tuple[str, ...], told: str) -> None:
    result = of_run(solo_out, *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_tin_of_other_than_nine_digits_is_refused_and_not_repeated(solo_out: Path) -> None:
    wrong = (("--tin", "12345678"), ("--tin", "1234567890"), ("--npi", "123456789"), ("--tin", "abcdefghi"))
    for option, typed in wrong:
        result = of_run(solo_out, option, typed)
        assert result.exit_code == 2
        assert typed not in result.stderr


def test_who_is_not_in_the_data_is_told_how_this_verb_is_told(solo_out: Path) -> None:
    unknown = of_run(solo_out, "--tin", "999999999").stderr
    assert "Name who reports with --tin and --npi, or take --everyone." in unknown
    assert "attestation file" not in unknown


@pytest.fixture(scope="module")
def group() -> dict[str, Any]:
    said = ("--attestations", str(GROUP / "attestations.toml"), "--as-of", "2026-11-21", "--json")
    return dict(json.loads(asked(GROUP, *said).stdout))


def test_two_numbers_for_one_period_name_the_choices_that_make_the_difference(group: dict[str, Any]) -> None:
    best, if_all_met = group["best"], group["if_all_met"]
    assert (best["start"], best["end"]) == (if_all_met["start"], if_all_met["end"])
    assert (best["most"], if_all_met["points"]) == (98, 99)
    assert best["choices"] != if_all_met["choices"]
    assert "with 99, the same period with other choices: exclusions PI_LVOTC_1, PI_LVPP_1;" in group["certainty"][-1]


def test_the_text_stays_within_a_terminal_of_80_columns(solo_out: Path) -> None:
    words = ["--run", str(solo_out), "--year", "2026", "--attestations", str(SOLO / "attestations.toml")]
    for verb in ("best-period", "plan"):
        result = CliRunner(env={"COLUMNS": "80"}).invoke(main, [verb, *words, "--as-of", "2026-06-01"])
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80


def test_everyone_has_a_line_and_a_group_needs_a_name_otherwise() -> None:
    listed, unnamed = asked(GROUP, "--everyone", "--json"), asked(GROUP)
    found = json.loads(listed.stdout)
    assert (listed.exit_code, unnamed.exit_code) == (0, 2)
    assert "Name who reports with --tin and --npi, or take --everyone." in unnamed.stderr
    assert not any(one["robust"] for one in found["reporters"] if one["days_to_come"])
    assert {(one["tin"], one["npi"]) for one in found["reporters"]} >= {("000180440", None), ("000180441", None)}
    named = json.loads(asked(GROUP, "--tin", "000180440", "--json").stdout)
    (group,) = [one for one in found["reporters"] if (one["tin"], one["npi"]) == ("000180440", None)]
    assert (named["best"]["start"], named["best"]["points"]) == (group["start"], group["points"])


@given(
    cells=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=20),
    available=st.integers(0, 100),
    least=st.integers(0, 2),
    tie=st.sampled_from(Tie),
)
def test_points_of_many_periods_are_those_of_each(
    cells: list[tuple[int, int]], available: int, least: int, tie: Tie
) -> None:
    counts = [(min(pair), max(pair)) for pair in cells]
    met, of = (Grid(np.array(column, dtype=np.int32)) for column in zip(*counts, strict=True))
    found = points_of_cells(met, of, available, least, tie)
    assert found.numbers.tolist() == [measure_points(m, d, available, least, tie) for m, d in counts]
