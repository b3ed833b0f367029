"""A run that is killed, stopped, doubled or out of room: the next one ends as an unbroken one (F1, F8-F12, F16)."""

import errno
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from extractors.engine.local import LocalEngine
from extractors.errors import SourceError, StagingError
from smartapp.durable import Files
from smartapp.kept.archive import ArchiveError
from smartapp.nightly.endings import UNUSABLE, WAITS, ending_of
from smartapp.nightly.machine import MOST_BACK, Machine, Parked
from smartapp.nightly.state import FOLDER
from smartapp.nightly.status import State
from tests.extractors.faulty import TABLE, no_file_above, parts
from tests.unattended.nights import Killed, Practice, copy_of

FAILPOINTS = (
    "before the writing of status.json",
    "before the fsync of status.json",
    "before the reading back of .status.json.new",
    "before the rename of status.json",
    "after the rename of status.json",
    "after the loading",
    "before the settling of next-2",
    "before the settling of the run",
    "before the rename of cases.csv",
    "after the rename of cases.csv",
    "before the rename of report.html",
    "after the rename of report.html",
    "before the rename of score.json",
    "after the rename of submission.json",
    "before the writing of state.json",
    "before the fsync of state.json",
    "before the reading back of .state.json.new",
    "before the rename of state.json",
    "after the rename of state.json",
    "the last writing of status.json",
    "the last rename of state.json",
)


def number_of(point: str, points: list[str]) -> int:
    """Which of the points it is; the name of a run is not known beforehand."""
    if point.startswith("the last "):
        named = point.replace("the last ", "before the ")
        return len(points) - 1 - points[::-1].index(named)
    if point.endswith("the run"):
        return points.index("before the settling of next-2") + 1
    return points.index(point)


@pytest.mark.requirement("R116")
@pytest.mark.parametrize("points", [FAILPOINTS[n::3] for n in range(3)])
def test_a_run_that_is_killed_at_any_step_and_again_at_others_ends_as_an_unbroken_one(
    points: tuple[str, ...], first: Practice, unbroken: Practice, tmp_path: Path
) -> None:
    broken, told = copy_of(first, tmp_path), list[str]()
    for point in points:
        broken.points.clear()
        broken.breaks_at = number_of(point, unbroken.points)
        with pytest.raises(Killed):
            broken.night()
        told += broken.said
    broken.breaks_at = None
    broken.night()

    assert broken.left() == unbroken.left()
    assert broken.status()["run"] == unbroken.status()["run"]
    assert {*told, *broken.said} == set(unbroken.said)
    if points[0] == FAILPOINTS[0]:
        assert broken.night().exit_code == 0
        assert broken.said == []


_CHILD = """
import os, signal, sys
from pathlib import Path
from smartapp.nightly.config import load_clinic
from smartapp.nightly.machine import Machine
from smartapp.nightly.night import Speaking, run_night
path, point, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
machine = Machine(at=lambda one: os.kill(os.getpid(), number) if one == point else None)
if number == signal.SIGKILL:
    run_night(load_clinic(path), machine, Speaking(lambda lines, status: None))
else:
    from smartapp.cli.nightly import carry_out
    carry_out(load_clinic(path), machine, False)
"""


def in_a_process(made: Practice, point: str, number: int) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own that gets a signal at a point."""
    words = [sys.executable, "-c", _CHILD, str(made.config), point, str(number)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.requirement("R116")
def test_a_killed_process_leaves_a_lease_that_the_next_run_takes_over(
    first: Practice, unbroken: Practice, tmp_path: Path
) -> None:
    broken = copy_of(first, tmp_path)
    done = in_a_process(broken, "before the rename of score.json", signal.SIGKILL)

    assert done.returncode == -signal.SIGKILL
    assert broken.status()["state"] == "running"
    assert broken.night(now=Machine().now).run == unbroken.status()["run"]
    assert broken.left() == unbroken.left()


@pytest.mark.requirement("R125")
def test_a_process_that_is_asked_to_stop_keeps_what_it_did_lets_go_and_exits_with_143(
    first: Practice, unbroken: Practice, tmp_path: Path
) -> None:
    asked = copy_of(first, tmp_path)
    done = in_a_process(asked, "after the loading", signal.SIGTERM)

    assert done.returncode == 143
    assert done.stdout == ""
    assert done.stderr == "pi180: stopped. What was done is kept; the next run goes on from there.\n"
    status = asked.status()
    assert (status["state"], status["exit_code"]) == ("parked", 143)
    assert asked.night(now=Machine().now, host="another").run == unbroken.status()["run"]


@pytest.mark.requirement("R117")
def test_a_disk_that_fails_in_the_midst_parks_the_run_with_nothing_half_accepted(
    first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    before = made.left()

    def fail(point: str) -> None:
        if point == "before the settling of next-2":
            raise OSError(errno.EIO, os.strerror(errno.EIO), "results")

    with pytest.raises(OSError, match="results"):
        made.night(at=fail)

    runs = [name for name in made.left() if name not in before]
    assert all(name.startswith("runs/") for name in runs)
    assert {name: made.left()[name] for name in before} == before
    assert (made.status()["state"], made.status()["exit_code"]) == ("parked", 9)


@pytest.mark.requirement("R117")
def test_what_a_killed_process_had_begun_to_write_is_removed_and_what_a_living_one_writes_is_not(
    first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    drafts = [made.out / "runs" / f".abc.{pid}" for pid in (77, 78)]
    for draft in drafts:
        draft.mkdir()
    made.night(mark=lambda pid: None if pid == 77 else "1")

    assert [draft.exists() for draft in drafts] == [False, True]


@pytest.mark.requirement("R117")
def test_a_file_for_which_there_is_no_room_leaves_the_one_that_is_there(tmp_path: Path) -> None:
    place = tmp_path / "state.json"
    Files().write(place, b"old")

    def full(point: str) -> None:
        if point.startswith("before the fsync"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"):
        Files(full).write(place, b"new")
    assert place.read_bytes() == b"old"
    Files().write(place, b"newer")
    assert (place.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (b"newer", ["state.json"])


@pytest.mark.requirement("R116")
def test_a_file_that_does_not_read_as_it_was_written_never_takes_its_place(tmp_path: Path) -> None:
    """F9: a bit flips between the disk and the reading back."""
    place = tmp_path / "state.json"
    Files().write(place, b"old")

    def flip(point: str) -> None:
        if point.startswith("before the reading back"):
            (tmp_path / ".state.json.new").write_bytes(b"nex")

    with pytest.raises(OSError, match="does not read as it was written"):
        Files(flip).write(place, b"new")
    assert place.read_bytes() == b"old"


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(("back", "runs"), [(MOST_BACK, True), (MOST_BACK + timedelta(seconds=1), False)])
def test_a_clock_behind_the_last_run_stops_the_next_one(
    back: timedelta, runs: bool, first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    made.now -= back + timedelta(hours=1)
    if runs:
        made.night()
    else:
        with pytest.raises(Parked, match="Set the clock"):
            made.night()
        assert made.status()["exit_code"] == 9


@pytest.mark.requirement("R125")
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('"pi180/night/2"', "was written as pi180/night/2, and this pi180 reads pi180/night/1"),
        ('"someone else\'s"', "is damaged"),
        ("7", "is damaged"),
    ],
)
def test_what_another_version_wrote_parks_the_run_and_says_which(
    written: str, told: str, first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    state = made.out / FOLDER / "state.json"
    state.write_text(state.read_text().replace('"pi180/night/1"', written))
    before = state.read_bytes()
    with pytest.raises(Parked, match=told):
        made.night()
    assert (made.status()["exit_code"], state.read_bytes()) == (WAITS, before)


@pytest.mark.requirement("R117")
@pytest.mark.parametrize(
    ("reason", "parked"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EIO, True), (errno.EACCES, False)]
)
def test_a_disk_that_is_full_or_fails_parks_the_run_also_under_an_export(reason: int, parked: bool) -> None:
    fault, problem = OSError(reason, os.strerror(reason)), SourceError("jobs/0001: no room")
    problem.__cause__ = fault
    for ending in (ending_of(problem), ending_of(fault)):
        assert (ending.state is State.PARKED, ending.code == WAITS) == (parked, parked)


@pytest.mark.requirement("R117")
def test_a_disk_that_is_full_while_rows_are_counted_parks_the_run() -> None:
    with no_file_above(20_000), pytest.raises(StagingError) as problem, LocalEngine("40MB") as engine:
        engine.load("found", TABLE)
    told_again = ArchiveError("run 0123: cannot be opened")
    told_again.__cause__ = problem.value
    for ending in (ending_of(problem.value), ending_of(told_again)):
        assert (ending.state, ending.code) == (State.PARKED, WAITS)


@pytest.mark.requirement("R117")
def test_rows_that_are_gone_are_no_full_disk(tmp_path: Path) -> None:
    files = parts(tmp_path)
    with LocalEngine() as engine:
        engine.load_files("found", TABLE.schema, files)
        files[0].unlink()
        with pytest.raises(StagingError) as problem:
            engine.table("found")
    assert (ending_of(problem.value).state, ending_of(problem.value).code) == (State.FAILED, UNUSABLE)
