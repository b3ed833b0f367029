"""J22: a scheduler runs pi180 every night. Silence while nothing changes; a lost numerator is an alert, dated."""

import json
import shutil
from pathlib import Path

import pytest

from smartapp.nightly.endings import NotWhole
from smartapp.nightly.status import State
from tests.extractors.practice import Json
from tests.unattended.nights import Practice, copy_of, orders, practice

GOOD, GAP = [True] * 20, [False] * 9


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """A practice after its first night, with what that said; nobody may change it."""
    made = practice(tmp_path_factory.mktemp("told"), *GOOD)
    made.night()
    return made


@pytest.fixture
def clinic(told: Practice, tmp_path: Path) -> Practice:
    """The same, to go on with."""
    return copy_of(told, tmp_path)


@pytest.fixture
def unread(tmp_path: Path) -> Practice:
    """A practice before its first night."""
    return practice(tmp_path, *GOOD)


def codes(status: Json) -> set[str]:
    return {one["code"] for one in status["findings"] if one["key"] in status["news"]}


def test_a_second_run_without_new_data_prints_nothing_and_leaves_every_byte_as_it_was(
    told: Practice, clinic: Practice
) -> None:
    first = clinic.left()
    second = clinic.night()
    after_second = clinic.status()
    third = clinic.night()

    assert any("PI_EP_1: 20 of 20 met" in line for line in told.said)
    assert (clinic.said, second.exit_code, third.exit_code, second.changed) == ([], 0, 0, False)
    assert clinic.left() == first
    times = {"started", "ended"}
    assert {k: v for k, v in clinic.status().items() if k not in times} == {
        k: v for k, v in after_second.items() if k not in times
    }


def test_a_numerator_that_stopped_is_told_once_with_its_day_and_exit_code_4(clinic: Practice) -> None:
    clinic.export(orders(*GOOD, *GAP))
    found = clinic.night()

    assert found.exit_code == 4
    assert "F-402" in codes(clinic.status())
    says = "F-402 PI_EP_1: what is met stopped on 21 March 2026 and has not returned as far as the data go: 9 cases"
    assert any(line.startswith(says) for line in clinic.said)
    assert clinic.night().exit_code == 0
    assert clinic.said == []
    assert any(one["code"] == "F-402" for one in clinic.status()["findings"])


def test_a_numerator_that_returned_is_told_as_well(unread: Practice) -> None:
    unread.export(orders(*GOOD, *GAP))
    unread.night()
    unread.export(orders(*GOOD, *GAP, *GOOD))
    found = unread.night()

    assert any(line.startswith("no longer: F-402 PI_EP_1") for line in unread.said)
    assert any("stopped on 21 March 2026 and returned on 30 March 2026" in line for line in unread.said)
    assert found.exit_code == 4


def test_a_numerator_that_fell_over_the_same_days_is_told_with_the_days_of_what_was_lost(clinic: Practice) -> None:
    clinic.export(orders(True, True, False, True, False, *GOOD[5:]))
    found = clinic.night()

    assert found.exit_code == 4
    [line] = [line for line in clinic.said if line.startswith("F-401")]
    told, _, lost = line.partition("; ")
    assert told == "F-401 PI_EP_1: 18 met where the run before had 20, from 2026-01-01 to 2026-06-29"
    assert lost == "those that are met no longer are of 3 March 2026 to 5 March 2026."
    assert clinic.night().exit_code == 0


@pytest.mark.parametrize("gone", ["2026-01-01--2026-06-29/tallies.json", ""], ids=["days", "run"])
def test_a_run_before_whose_files_are_gone_is_told_instead_of_no_alert(clinic: Practice, gone: str) -> None:
    run = clinic.out / "runs" / clinic.status()["run"]
    (run / gone).unlink() if gone else shutil.rmtree(run)
    clinic.export(orders(True, True, False, True, False, *GOOD[5:]))
    found = clinic.night()

    assert (found.exit_code, codes(clinic.status()) & {"F-401", "F-405"}) == (8, {"F-405"})
    says = f"F-405 run before: the files of run {run.name[:12]} are gone: whether a numerator fell since is not known."
    assert says in clinic.said
    assert clinic.night().exit_code == 0
    assert clinic.said == []


def test_a_numerator_that_grew_is_no_alert(clinic: Practice) -> None:
    clinic.export(orders(*GOOD, True))

    assert clinic.night().exit_code == 0
    assert "  PI_EP_1: 21 of 21 met (was 20 of 20 met)" in clinic.said


def test_where_the_period_moves_on_the_days_of_the_run_before_are_held_against_each_other(unread: Practice) -> None:
    unread.settings(reports='[[report]]\nattestations = "attestations.toml"\nperiod = "year to date"')
    (unread.root / "site.toml").write_text('closed_world = ["prescription-transmitted"]\n')
    unread.night()
    assert unread.status()["reports"][0]["end"] == "2026-03-20"
    unread.export(orders(False, *GOOD[1:], True, True))

    assert unread.night().exit_code == 4
    assert unread.status()["reports"][0]["end"] == "2026-03-22"
    assert any("19 met where the run before had 20, from 2026-01-01 to 2026-03-20" in line for line in unread.said)


def test_without_a_period_of_its_own_the_attestation_file_gives_it_and_else_the_year_so_far(clinic: Practice) -> None:
    given = clinic.status()["reports"][0]
    clinic.attest(start="")
    clinic.night()
    so_far = clinic.status()["reports"][0]

    assert (given["start"], given["end"]) == ("2026-01-01", "2026-06-29")
    assert (so_far["start"], so_far["end"]) == ("2026-01-01", "2026-12-31")


def test_the_best_period_is_one_that_the_year_allows(unread: Practice) -> None:
    unread.settings(reports='[[report]]\nattestations = "attestations.toml"\nperiod = "best"')
    unread.night()
    [found] = unread.status()["reports"]

    assert not any(one["code"] in ("F-106", "F-107", "F-108") for one in unread.status()["findings"])
    assert found["start"] <= "2026-03-01"


def test_a_gate_that_is_shut_is_exit_code_4_once_and_stays_in_the_status_file(told: Practice, clinic: Practice) -> None:
    assert (told.status()["exit_code"], clinic.night().exit_code) == (4, 0)
    assert clinic.status()["reports"][0]["gate_shut"]
    assert any(one["code"] == "F-103" for one in clinic.status()["findings"])


def test_new_answers_are_reported_without_new_data(clinic: Practice) -> None:
    clinic.attest("[answers]\nPI_PPHI_1 = true")
    found = clinic.night()

    assert found.exit_code == 0
    assert any(line.startswith("no longer: F-101 PI_PPHI_1") for line in clinic.said)


def test_a_report_that_somebody_removed_or_changed_is_written_again_in_silence(clinic: Practice) -> None:
    before = clinic.left()
    (clinic.out / "report.html").unlink()
    (clinic.out / "cases.csv").write_bytes(b"\x00")
    found = clinic.night()

    assert (clinic.left(), clinic.said, found.exit_code) == (before, [], 0)


def test_two_reporters_have_a_folder_each_and_share_the_runs(unread: Practice) -> None:
    (unread.root / "group.toml").write_text('year = 2026\n[reporter]\ntin = "000180180"\n')
    report = '[[report]]\nattestations = "{}.toml"\nfolder = "{}"\n'
    unread.settings(reports=report.format("attestations", "dr-c") + report.format("group", "group"))
    unread.night()

    assert {name.partition("/")[0] for name in unread.left()} == {"dr-c", "group", "runs"}
    assert {one["folder"] for one in unread.status()["reports"]} == {"dr-c", "group"}
    assert unread.night().exit_code == 0
    assert unread.said == []


def test_an_export_that_is_cut_leaves_the_results_of_the_night_before(clinic: Practice) -> None:
    before = clinic.left()
    export = clinic.root / "export" / "all.ndjson"
    whole = export.read_bytes()
    export.write_bytes(whole[:-40])
    with pytest.raises(NotWhole, match="truncated"):
        clinic.night()

    status = clinic.status()
    assert clinic.left() == before
    assert (status["state"], status["exit_code"]) == (State.FAILED, 8)
    export.write_bytes(whole)
    assert clinic.night().exit_code == 0
    assert clinic.said == []


def test_what_is_asked_for_as_json_is_the_status_of_the_run(told: Practice) -> None:
    assert json.loads(json.dumps(told.shown)) == [told.status()]
