"""`pi180 best-period`: its contract, and the whole-number points that it searches by."""

import json
from pathlib import Path

import numpy as np
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


def test_everyone_has_a_line_and_a_group_needs_a_name_otherwise() -> None:
    listed, unnamed = asked(GROUP, "--everyone", "--json"), asked(GROUP)
    found = json.loads(listed.stdout)
    assert (listed.exit_code, unnamed.exit_code) == (0, 2)
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
