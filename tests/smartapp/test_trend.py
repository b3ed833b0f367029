"""The trend: what the kept runs of a reporter said, run by run."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scoring.model import Period, Reporter
from smartapp.kept.runs import period_name, score_name
from smartapp.kept.trend import MOST, Trend, since_before, trend_of
from smartapp.report.trend import trend_shown

WHO = Reporter("000180180", "1234567893")
ZONE = ZoneInfo("America/New_York")
DAYS = Period(datetime(2026, 1, 1, tzinfo=UTC).date(), datetime(2026, 7, 5, tzinfo=UTC).date())


@pytest.fixture
def runs(solo_out: Path, tmp_path: Path) -> Path:
    """The synthetic practice's run alone, written on July 6."""
    [run] = (solo_out / "runs").iterdir()
    shutil.copytree(run, tmp_path / "runs" / run.name)
    written(tmp_path / "runs" / run.name, 6)
    return tmp_path / "runs"


def written(run: Path, day: int) -> None:
    """Let the file system say that a run was written on a day of July."""
    at = datetime(2026, 7, day, 12, tzinfo=UTC).timestamp()
    for file in run.rglob("*"):
        os.utime(file, (at, at))


def another(runs: Path, number: int, day: int, **score: Any) -> Path:
    """A copy of the run under another name, its score changed."""
    first = min(runs.iterdir(), key=lambda run: run.stat().st_mtime)
    run = runs / f"{number:064x}"
    shutil.copytree(first, run)
    place = run / period_name(DAYS) / score_name(WHO)
    file = place / "score.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **score}))
    written(run, day)
    return run


def test_runs_stand_in_the_order_in_which_they_were_written(runs: Path) -> None:
    another(runs, 1, day=4, points=70)
    another(runs, 2, day=9, points=95)
    found = trend_of(runs, WHO, 2026)
    assert [one.points for one in found.kept] == [70, 90, 95]
    shown = trend_shown(found, None, DAYS, ZONE, {})
    assert shown.score is not None
    assert [dot.text for dot in shown.score.dots] == ["70", "90", "95"]
    assert [row[2] for row in shown.score.told.table.rows] == ["70", "90", "95"]
    assert shown.score.told.reading == (
        "95 points in the newest run, 25 more than in the oldest of 3; the least were 70."
    )


def test_rates_are_those_of_the_tallies_and_only_of_what_is_counted(runs: Path) -> None:
    found = trend_of(runs, WHO, 2026)
    [run] = runs.iterdir()
    told = json.loads((run / period_name(DAYS) / "tallies.json").read_text())["tallies"]
    own = {(t["measure"], t["variant"]): t for t in told if t["npi"] == WHO.npi}
    rates = {line.told.anchor: line.told.table.rows[0] for line in trend_shown(found, None, DAYS, ZONE, {}).rates}
    assert set(rates) == {"trend-PI_EP_1", "trend-PI_HIE_1", "trend-PI_HIE_4", "trend-PI_PEA_1"}
    prescribed = own["PI_EP_1", "controlled-included"]
    assert rates["trend-PI_EP_1"][2:5] == tuple(str(prescribed[w]) for w in ("met", "denominator", "unknown"))


def test_what_a_score_could_not_determine_has_no_rate_in_the_trend(runs: Path) -> None:
    [run] = runs.iterdir()
    lines = json.loads((run / period_name(DAYS) / score_name(WHO) / "score.json").read_text())["lines"]
    for line in lines:
        line["earned"] = None if line["measure"] == "PI_EP_1" else line["earned"]
    another(runs, 1, day=9, lines=lines)
    before, now = trend_of(runs, WHO, 2026).kept
    assert before.rates["PI_EP_1"].met == 235
    assert "PI_EP_1" not in now.rates
    assert now.titles["PI_EP_1"] == "e-Prescribing"


def test_an_input_that_was_not_whole_has_no_point_and_breaks_the_line(runs: Path) -> None:
    another(runs, 1, day=4, points=None, up_to=None)
    shown = trend_shown(trend_of(runs, WHO, 2026), None, DAYS, ZONE, {})
    assert shown.score is not None
    assert (len(shown.score.dots), shown.score.path.count("L")) == (1, 0)
    assert shown.score.told.table.rows[0][2] == "no score: input not whole"


def test_a_run_of_another_period_is_hollow_and_says_so(runs: Path) -> None:
    found = trend_of(runs, WHO, 2026)
    for period, hollow in ((DAYS, False), (Period(DAYS.start, DAYS.start), True)):
        shown = trend_shown(found, None, period, ZONE, {})
        assert shown.score is not None
        assert [dot.hollow for dot in shown.score.dots] == [hollow]
        assert any("Hollow" in text for text in shown.notes) == hollow


@pytest.mark.parametrize(("more", "older"), [(MOST - 1, 0), (MOST, 1)])
def test_only_the_newest_runs_are_drawn_and_the_others_are_told(runs: Path, more: int, older: int) -> None:
    for number in range(more):
        another(runs, number + 1, day=7 + number, points=number)
    found = trend_of(runs, WHO, 2026)
    assert (len(found.kept), found.older) == (MOST, older)
    assert found.kept[-1].points == more - 1
    assert [text for text in trend_shown(found, None, DAYS, ZONE, {}).notes if "older" in text] == (
        ["1 older run is kept and not drawn."] if older else []
    )


def test_a_score_that_cannot_be_read_is_left_out_and_told(runs: Path) -> None:
    run = another(runs, 1, day=9)
    (run / period_name(DAYS) / score_name(WHO) / "attestations.json").write_text("{")
    found = trend_of(runs, WHO, 2026)
    assert (len(found.kept), found.unreadable) == (1, 1)


def test_nobody_elses_scores_and_no_other_year_are_in_it(runs: Path) -> None:
    empty = Trend((), 0, 0)
    assert trend_of(runs, Reporter("000180180", "1234567890"), 2026) == empty
    assert trend_of(runs, WHO, 2025) == empty
    assert trend_of(runs / "missing", WHO, 2026) == empty
    assert trend_shown(empty, None, DAYS, ZONE, {}).score is None


def test_two_runs_with_the_same_data_have_nothing_otherwise_and_one_run_nothing_before_it(runs: Path) -> None:
    assert since_before(trend_of(runs, WHO, 2026), WHO) is None
    another(runs, 1, day=9)
    found = trend_of(runs, WHO, 2026)
    since = since_before(found, WHO)
    assert since is not None
    assert (since.basis, since.resources, since.cases) == ((), {}, {})
    assert trend_shown(found, since, DAYS, ZONE, {}).changes == ()


def test_a_shut_gate_is_told_beside_the_zero(runs: Path) -> None:
    finding = {"code": "F-101", "severity": "error", "subject": "cehrtId", "message": "No.", "remedy": "Give it."}
    another(runs, 1, day=9, points=0, findings=[finding])
    shown = trend_shown(trend_of(runs, WHO, 2026), None, DAYS, ZONE, {})
    assert shown.score is not None
    assert [row[2:4] for row in shown.score.told.table.rows] == [("90", "90"), ("0 (gate shut)", "90")]
