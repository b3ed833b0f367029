"""One writer at a time: a lease on the folder of the results, with a number that only grows (R116, F10).

Who holds the lease may write. It lasts while its process lives, and at most `LASTS` after it was last renewed, so that
neither a killed process nor one that was paused for good keeps everybody out. Each new holder gets a higher number; an
earlier one that wakes finds a number that is not its own, and is refused before it writes anything that counts.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from smartapp.durable import Files
from smartapp.nightly.machine import Machine, Parked

LASTS = timedelta(hours=2)
_TRIES, _BETWEEN = 100, 0.1
_LEASE, _LOCK = "lease.json", "lock"


class Held(Parked):
    """Another run holds the folder."""


class Overtaken(Parked):
    """This run was away for so long that another one took its place."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease: `mark` tells the process from a later one of its number, `released` that it let go."""

    number: int
    host: str
    pid: int
    mark: str | None
    since: str
    renewed: str
    released: bool = False


class Lease:
    """The right to write to a folder, from `take` until `release`."""

    def __init__(self, folder: Path, machine: Machine, mine: Holder) -> None:
        self._folder, self._machine, self._mine = folder, machine, mine

    @classmethod
    def take(cls, folder: Path, machine: Machine) -> "Lease":
        """Take the lease of a folder that is there.

        Raises:
            Held: another process has it and is alive; the message says which.
        """
        with _locked(folder, machine):
            before = _read(folder)
            if before is not None and _is_in_force(before, machine):
                raise Held(
                    f"{folder.parent}: another run holds it: process {before.pid} on {before.host}, since "
                    f"{before.since}. Nothing was done. Wait for its end, or stop it."
                )
            now = _stamp(machine.now())
            number = before.number + 1 if before else 1
            mine = Holder(number, machine.host, machine.pid, machine.mark(machine.pid), now, now)
            _write(folder, mine)
        return cls(folder, machine, mine)

    @property
    def number(self) -> int:
        """The number of this holder; every later holder has a higher one."""
        return self._mine.number

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Do what only the holder may, while nobody can take the lease.

        Raises:
            Overtaken: somebody has taken it.
            Held: another process is at the lease itself, and stays there.
        """
        with _locked(self._folder, self._machine):
            now = _read(self._folder)
            if now is None or now.number != self.number:
                raise Overtaken(
                    "this run was away for so long that another one took its place. It left nothing behind."
                )
            yield

    def check(self) -> None:
        """Say nothing while the lease is this run's.

        Raises:
            Overtaken: somebody has taken it.
        """
        with self.alone():
            return

    def renew(self) -> None:
        """Say that this run is at work still.

        Raises:
            Overtaken: somebody has taken the lease.
        """
        if self._machine.now() - datetime.fromisoformat(self._mine.renewed) >= LASTS / 100:
            self._say(renewed=_stamp(self._machine.now()))

    def release(self) -> None:
        """Let go; nothing happens where another one has taken the lease."""
        try:
            self._say(released=True)
        except Overtaken:
            return

    def _say(self, **changes: object) -> None:
        with self.alone():
            self._mine = replace(self._mine, **changes)  # type: ignore[arg-type]  # fields of a Holder, by name
            _write(self._folder, self._mine)


def _is_in_force(holder: Holder, machine: Machine) -> bool:
    if holder.released or machine.now() - datetime.fromisoformat(holder.renewed) > LASTS:
        return False
    return holder.host != machine.host or machine.mark(holder.pid) == holder.mark


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _read(folder: Path) -> Holder | None:
    """The last holder; None where there was none yet."""
    try:
        return Holder(**json.loads((folder / _LEASE).read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        raise Parked(f"{folder / _LEASE}: is damaged. Remove it once no run is at work there.") from None


def _write(folder: Path, holder: Holder) -> None:
    Files().write(folder / _LEASE, json.dumps(asdict(holder), sort_keys=True).encode())


@contextmanager
def _locked(folder: Path, machine: Machine) -> Iterator[None]:
    """Hold the folder for a moment; the system lets go when the process ends, however it ends.

    A process that is frozen while it holds the folder is not waited for.
    """
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not any(_has_locked(descriptor, machine) for _ in range(_TRIES)):
            raise Held(f"{folder.parent}: another process holds {folder / _LOCK} and does not let go. Stop it.")
        yield
    finally:
        os.close(descriptor)


def _has_locked(descriptor: int, machine: Machine) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        machine.sleep(_BETWEEN)
        return False
    return True
