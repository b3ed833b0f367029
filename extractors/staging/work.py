"""How a reading is carried out: by how many processes, in how much memory, and what of it is kept for the next time."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from extractors.engine.cluster import Cluster
from extractors.errors import StagingError
from extractors.sources.blocks import SIZE

DATABASE = "2GB"
PROCESS_MB, LEAST_MB = 200, 300
"""What a process that reads takes, about; and the least in which all of it works."""
_BESIDE_MB, _THREAD_MB = 360, 250
"""What the process that counts takes, about, besides what its database holds; and what each thread of that needs."""
_LEAST_DATABASE_MB = 150
"""What the database has at least, or a third of all if that is less. In 152 MB it counted 5 GB."""
_SIZE = re.compile(r"(?P<number>\d{1,6})\s?(?P<unit>[MG])i?B", re.IGNORECASE)
_UNITS = {"M": 1, "G": 1_000}


def cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Work:
    """How a reading is carried out; what comes of it is the same, whatever is said here.

    Attributes:
        workers: processes at work, this one included; also the threads of the database.
        memory: what the database may hold before it goes on on the disk.
        reuse: a folder of what earlier runs extracted, None keeps nothing after a run.
        block: bytes that one process works on at a time.
        alone: blocks that this process does by itself where there are no more, for to start others costs a second.
        cluster: a Spark that reads and counts instead of this machine; what is said above is then Spark's to say.
    """

    workers: int = field(default_factory=cores)
    memory: str = DATABASE
    reuse: Path | None = None
    block: int = SIZE
    alone: int = 8
    cluster: Cluster | None = None

    @property
    def threads(self) -> int:
        """Threads of the database. Each holds rows of its own, so that one alone works where memory is little."""
        return max(min(self.workers, _size(self.memory) // _THREAD_MB), 1)


def work_of(workers: int | None = None, memory: str | None = None, reuse: Path | None = None) -> Work:
    """What a person asked for; None leaves the default.

    Memory is that of all processes together: as many read as fit in it, and after them the database has what the one
    that counts leaves, and 150 MB or a third at least.

    Raises:
        StagingError: a number or a size that cannot be meant.
    """
    if workers is not None and workers < 1:
        raise StagingError(f"workers: expected 1 or more, got {workers}.")
    wanted = cores() if workers is None else workers
    if memory is None:
        return Work(wanted, DATABASE, reuse)
    size = megabytes(memory)
    database = max(size - _BESIDE_MB, min(size // 3, _LEAST_DATABASE_MB))
    return Work(min(wanted, max(size // PROCESS_MB, 1)), f"{database}MB", reuse)


def megabytes(text: str) -> int:
    """A size as people write it.

    Raises:
        StagingError: it is none, or too little to work with.
    """
    if (size := _size(text)) < LEAST_MB:
        raise StagingError(f"memory: expected {LEAST_MB}MB or more, such as 512MB or 2GB, got {text!r}.")
    return size


def _size(text: str) -> int:
    """Megabytes; 0 for what is no size."""
    found = _SIZE.fullmatch(text.strip())
    return int(found["number"]) * _UNITS[found["unit"].upper()] if found else 0
