"""What a run needs of the machine that it runs on: the time, room on the disk, and who is still alive."""

import os
import platform
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smartapp.durable import Point

MOST_BACK = timedelta(seconds=60)
"""How far a clock may stand before the end of the last run; more, and no run begins (R36)."""

_STARTED = 19
"""Which field after the name in /proc/PID/stat is the time of the start."""


class Parked(Exception):  # noqa: N818  # no error of the run: it waits for the machine
    """The run cannot go on on this machine now; nothing is lost, and the message says what to do."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, or in tests whatever takes its place.

    Attributes:
        now: the time, aware.
        free: bytes that may still be written where a path is or will be.
        host: its name.
        pid: the number of this process.
        mark: what tells a process from a later one of the same number; None where none of that number is alive.
        sleep: waits some seconds.
        at: is told each step, before and after; only a test listens.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    free: Callable[[Path], int] = lambda place: free_at(place)
    host: str = field(default_factory=platform.node)
    pid: int = field(default_factory=os.getpid)
    mark: Callable[[int], str | None] = lambda pid: mark_of(pid)
    sleep: Callable[[float], None] = time.sleep
    at: Point = lambda _: None


def free_at(place: Path) -> int:
    """Bytes that are free on the disk of a place, which need not be there yet."""
    there = next(one for one in (place.absolute(), *place.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free


def mark_of(pid: int) -> str | None:
    """When a process began, as the system counts; "alive" where it does not tell; None where there is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return "alive"
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "alive"
    return said.rpartition(")")[2].split()[_STARTED]


def check_clock(now: datetime, last: datetime | None) -> None:
    """Refuse a clock that stands before the end of the last run.

    Raises:
        Parked: it does, by more than `MOST_BACK`.
    """
    if last is not None and last - now > MOST_BACK:
        raise Parked(
            f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, but the last run was on {last:%Y-%m-%d %H:%M:%S} UTC. Days "
            "and tokens cannot be trusted by it. Set the clock (NTP), then run again."
        )


def check_room(free: int, floor: int, place: Path) -> None:
    """Refuse to write where too little is free (R117).

    Raises:
        Parked: fewer than `floor` bytes are free.
    """
    if free < floor:
        raise Parked(
            f"{place}: {free / 1e6:.0f} MB are free, expected {floor / 1e6:.0f} MB or more. Make room, or move the "
            "folders; the next run goes on from here."
        )
