"""What a command costs with everything that it starts: CPU, wall time, and the most memory at one time."""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_EVERY = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU and wall in seconds and peak memory in bytes, of a process and all that it started; what it printed."""

    cpu: float
    wall: float
    peak: int
    said: str


class Failed(Exception):  # noqa: N818  # the word says it
    """A measured command ended with an error; the message is its last words."""


def cost_of(command: list[str], folder: Path = ROOT) -> Cost:
    """Run a command to its end.

    Memory is what the processes of the tree hold together, pages that they share counted once, looked at ten times a
    second; where the system does not say that, the most that any one of them held at any time.

    Raises:
        Failed: it ended with an error.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=folder)
        watch = _Watch(process.pid)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        watch.end()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            err.seek(0)
            raise Failed(f"{' '.join(command)}: {err.read()[-2000:]}")
        out.seek(0)
        return Cost(used.ru_utime + used.ru_stime, wall, watch.peak or _most(used), out.read())


def _most(used: resource.struct_rusage) -> int:
    return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def most_held() -> int:
    """The most memory in bytes that this process held at any time, and not, as `getrusage` has it, its parent's."""
    for line in _text(Path("/proc/self/status")).splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return _most(resource.getrusage(resource.RUSAGE_SELF))


class _Watch:
    """Looks at the memory of a process and its descendants, in a thread."""

    def __init__(self, process: int) -> None:
        self.peak, self._process, self._ended = 0, process, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(_EVERY):
            self.peak = max(self.peak, sum(map(held_by, tree_of(self._process))))

    def end(self) -> None:
        """Stop looking."""
        self._ended.set()
        self._thread.join()


def tree_of(process: int) -> list[int]:
    """A process and its descendants that still run, by number; only itself where the system does not say."""
    found = [process]
    for one in found:
        for told in Path(f"/proc/{one}/task").glob("*/children"):
            found += map(int, _text(told).split())
    return found


def held_by(process: int) -> int:
    """The memory of a process in bytes, its part of shared pages; 0 where it has ended or the system does not say."""
    for line in _text(Path(f"/proc/{process}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    resident = _text(Path(f"/proc/{process}/statm")).split()
    return int(resident[1]) * _PAGE if resident else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def cpu_now() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(os.times()[:4])
