"""One run at a time, and never a full disk: who holds the results, and what a run leaves free (F8, F10, F16)."""

import fcntl
import json
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from smartapp.nightly.config import load_clinic
from smartapp.nightly.endings import WAITS
from smartapp.nightly.lease import LASTS, Held, Lease, Overtaken
from smartapp.nightly.machine import Parked
from smartapp.nightly.state import FOLDER
from smartapp.nightly.watch import SLICE, Watch
from tests.bulk.exporter import Raw, exporter
from tests.extractors.practice import resource
from tests.unattended.nights import PLENTY, Practice, copy_of, orders
from tests.unattended.test_j23_same_number_three_ways import PEOPLE


def long_line(number: int) -> bytes:
    """A resource of a megabyte."""
    return json.dumps({**resource("Observation", f"o-{number}"), "note": [{"text": "x" * 1_000_000}]}).encode() + b"\n"


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
        if point == "before the settling of next-2" and not seen:
            later.now = made.now + LASTS + timedelta(minutes=1)
            later.night(pid=os.getppid())
            seen.append(later.left())

    with pytest.raises(Overtaken):
        made.night(at=sleep_over)
    assert later.left() == seen[0] == unbroken.left()
    assert later.status()["state"] == "done"
    assert list((made.out / FOLDER).glob("next*")) == []


@pytest.mark.requirement("R116")
def test_a_writer_that_was_overtaken_takes_nothing_from_the_files_of_the_other(
    first: Practice, unbroken: Practice, tmp_path: Path
) -> None:
    """F10: the first run begins to write while the files of the second wait beside their places."""
    made = copy_of(first, tmp_path)
    later = replace(made, said=[], shown=[], points=[])
    points = list[str]()

    def write_late(point: str) -> None:
        points.append(point)
        if point == "before the rename of cases.csv":
            shutil.copytree(made.out / FOLDER / "next-3", tmp_path / "seen")

    def sleep_over(point: str) -> None:
        if point == "after the loading" and not points:
            later.now = made.now + LASTS + timedelta(minutes=1)
            later.night(pid=os.getppid(), at=write_late)
            (made.out / FOLDER / "next-3").mkdir()

    with pytest.raises(Overtaken):
        made.night(at=sleep_over)
    assert [one.name for one in (made.out / FOLDER).glob("next*")] == ["next-3"]
    assert (tmp_path / "seen" / "0" / "cases.csv").is_file()
    assert later.left() == unbroken.left()


@pytest.mark.requirement("R116")
def test_a_process_that_is_frozen_at_the_lease_is_not_waited_for_without_end(first: Practice, tmp_path: Path) -> None:
    made = copy_of(first, tmp_path)
    waits = list[float]()
    with (made.out / FOLDER / "lock").open("wb") as frozen:
        fcntl.flock(frozen, fcntl.LOCK_EX)
        with pytest.raises(Held, match="does not let go"):
            made.night(sleep=waits.append)
    assert 5 < sum(waits) < 60
    made.night(sleep=waits.append)


@pytest.mark.requirement("R116")
def test_the_lease_is_renewed_in_long_waits_and_while_files_come(first: Practice, tmp_path: Path) -> None:
    made, waits = copy_of(first, tmp_path), list[float]()

    def pass_time(seconds: float) -> None:
        waits.append(seconds)
        made.now += timedelta(seconds=seconds)

    machine = made.machine(sleep=pass_time, host="here")
    lease = Lease.take(made.out / FOLDER, machine)
    made.reads("https://ehr.example.org/fhir", 'group = "panel"')
    asked = load_clinic(made.config).fetching
    assert asked is not None
    asked = Watch(lease, machine, made.out, 0).over(asked)
    for wait in (asked.waits.sleep, asked.crawling.manners.patience.sleep):
        wait(2 * LASTS.total_seconds())
        with pytest.raises(Held):
            Lease.take(made.out / FOLDER, made.machine(host="there"))
    assert max(waits) == SLICE
    assert sum(waits) == 4 * LASTS.total_seconds()
    for _ in range(3):
        made.now += LASTS * 0.9
        asked.arrived(1)
    with pytest.raises(Held):
        Lease.take(made.out / FOLDER, made.machine(host="there"))


@pytest.mark.requirement("R117")
def test_a_download_stops_before_the_disk_is_full(first: Practice, tmp_path: Path) -> None:
    """F8: the disk of the records, not that of the results, has room for 30 MB besides the 500 that must stay."""
    made = copy_of(first, tmp_path)
    left = {"records": 530_000_000}

    def free(place: Path) -> int:
        return left.get(place.name, PLENTY)

    machine = made.machine(free=free)
    watch = Watch(Lease.take(made.out / FOLDER, machine), machine, made.root / "records", 500_000_000)
    for _ in range(15):
        watch.arrived(1_000_000)
        left["records"] -= 1_000_000
    with pytest.raises(Parked, match="records: 515 MB are free, expected 516 MB"):
        watch.arrived(1_000_000)


@pytest.mark.requirement("R117")
def test_a_server_is_not_asked_where_its_records_have_no_room(first: Practice, tmp_path: Path) -> None:
    made = copy_of(first, tmp_path)
    with exporter([*PEOPLE, *orders(True)]) as server:
        made.reads(server.base, 'group = "panel"', 'read = "bulk"')
        with pytest.raises(Parked, match="records"):
            made.night(free=lambda place: 1 if place.name == "records" else PLENTY)
        assert server.heard == []
    assert made.status()["exit_code"] == WAITS


@pytest.mark.requirement("R117")
def test_a_file_that_would_fill_the_disk_is_not_kept_and_the_next_night_goes_on(
    first: Practice, tmp_path: Path
) -> None:
    made = copy_of(first, tmp_path)
    looks = iter([PLENTY])  # before the export is asked for
    big = b"".join(long_line(number) for number in range(20))
    with exporter([*PEOPLE, *orders(True)]) as server:
        made.reads(server.base, 'group = "panel"', 'read = "bulk"')
        server.says("GET", "/files/1/Observation", Raw(body=big))
        server.manifest = {"output": [{"type": "Observation", "url": f"{server.root}/files/1/Observation"}]}
        with pytest.raises(Parked, match="records"):
            made.night(free=lambda place: next(looks, 1) if place.name == "records" else PLENTY)
        assert not list((made.root / "records").rglob("*Observation*"))
        server.scripts.clear()
        server.manifest = {}
        made.night()
        assert server.kicked_off == 1


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
