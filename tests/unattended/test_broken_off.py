"""A run that is killed, stopped, doubled or out of room: the next one ends as an unbroken one (F1, F8-F12, F16)."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from extractors.errors import SourceError
from smartapp.durable import Files
from smartapp.nightly.endings import WAITS, ending_of
from smartapp.nightly.lease import LASTS, Held, Lease, Overtaken
from smartapp.nightly.machine import MOST_BACK, Machine, Parked
from smartapp.nightly.state import FOLDER
from smartapp.nightly.status import State
from tests.unattended.nights import Killed, Practice, orders, practice

BEFORE, AFTER = [True] * 4, [True, True, True, False, True, True]
FAILPOINTS = (
    "before the writing of status.json",
    "before the fsync of status.json",
    "before the reading back of .status.json.new",
    "before the rename of status.json",
    "after the rename of status.json",
    "after the loading",
    "before the settling of next",
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


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """A practice after its first night; nobody may change it."""
    made = practice(tmp_path_factory.mktemp("first"), *BEFORE)
    made.night()
    made.export(orders(*AFTER))
    return made


@pytest.fixture(scope="module")
def unbroken(first: Practice, tmp_path_factory: pytest.TempPathFactory) -> Practice:
    """The same after a second night that nothing disturbed; its points are those of that night."""
    made = copy_of(first, tmp_path_factory.mktemp("unbroken"))
    made.night()
    return made


def copy_of(made: Practice, root: Path) -> Practice:
    shutil.copytree(made.root, root, dirs_exist_ok=True)
    return replace(made, root=root, said=[], shown=[], points=[])


def number_of(point: str, points: list[str]) -> int:
    """Which of the points it is; the name of a run is not known beforehand."""
    if point.startswith("the last "):
        named = point.replace("the last ", "before the ")
        return len(points) - 1 - points[::-1].index(named)
    if point.endswith("the run"):
        return points.index("before the settling of next") + 1
    return points.index(point)


@pytest.mark.requirement("R116")
@pytest.mark.parametrize("points", [FAILPOINTS[n::7] for n in range(7)])
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
    assert broken.night().exit_code == 0
    assert broken.said == []


_CHILD = """
import os, signal, sys
from pathlib import Path
from smartapp.cli.nightly import carry_out
from smartapp.nightly.config import load_clinic
from smartapp.nightly.machine import Machine
path, point, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
carry_out(load_clinic(path), Machine(at=lambda one: os.kill(os.getpid(), number) if one == point else None), False)
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


@pytest.mark.requirement("R116")
def test_a_second_run_at_the_same_time_says_who_is_at_work_and_does_nothing(first: Practice, tmp_path: Path) -> None:
    made = copy_of(first, tmp_path)
    before = made.status()
    lease = Lease.take(made.out / FOLDER, made.machine(host="clinic-1"))
    with pytest.raises(Held, match=f"process {os.getpid()} on clinic-1, since 2026-07-01"):
        made.night(host="clinic-1")
    assert made.status() == before
    lease.release()

    made.night()
    assert made.said


@pytest.mark.requirement("R116")
@pytest.mark.parametrize(("late", "refused"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_a_lease_of_another_machine_lasts_its_time(
    late: timedelta, refused: bool, first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    Lease.take(made.out / FOLDER, made.machine(host="elsewhere"))
    made.now += LASTS + late
    if refused:
        with pytest.raises(Held, match="on elsewhere"):
            Lease.take(made.out / FOLDER, made.machine())
    else:
        assert Lease.take(made.out / FOLDER, made.machine()).number == 3


@pytest.mark.requirement("R116")
def test_a_writer_that_wakes_after_another_took_its_place_is_refused_before_it_changes_anything(
    first: Practice, unbroken: Practice, tmp_path: Path
) -> None:
    """F10: the first run sleeps after its files are ready; the second runs through meanwhile."""
    made = copy_of(first, tmp_path)
    later = replace(made, said=[], shown=[], points=[])
    seen = list[dict[str, bytes]]()

    def sleep_over(point: str) -> None:
        if point == "before the settling of next" and not seen:
            later.now = made.now + LASTS + timedelta(minutes=1)
            later.night(pid=os.getppid())
            seen.append(later.left())

    with pytest.raises(Overtaken):
        made.night(at=sleep_over)
    assert later.left() == seen[0] == unbroken.left()
    assert later.status()["state"] == "done"


@pytest.mark.requirement("R117")
def test_a_run_waits_rather_than_fill_the_disk(first: Practice, unbroken: Practice, tmp_path: Path) -> None:
    made = copy_of(first, tmp_path)
    before = made.left()
    made.free = 10_000_000
    with pytest.raises(Parked, match="10 MB are free, expected 50"):
        made.night()

    assert made.left() == before
    assert (made.status()["state"], made.status()["exit_code"]) == ("parked", 9)
    made.free = 10**12
    made.night()
    assert made.left() == unbroken.left()


@pytest.mark.requirement("R117")
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_is_full_or_fails_in_the_midst_parks_the_run_with_nothing_half_accepted(
    reason: int, first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    before = made.left()

    def fail(point: str) -> None:
        if point == "before the settling of next":
            raise OSError(reason, os.strerror(reason), "results")

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


@pytest.mark.parametrize(("reason", "parked"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)])
def test_a_disk_that_is_full_under_an_export_parks_the_run(reason: int, parked: bool) -> None:
    problem = SourceError("jobs/0001: no room")
    problem.__cause__ = OSError(reason, os.strerror(reason))
    ending = ending_of(problem)

    assert (ending.state is State.PARKED, ending.code == WAITS) == (parked, parked)
