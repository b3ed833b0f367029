"""The queue of work for `pi180 worker`: ids of jobs, and nothing else, in a file of its own.

What an id stands for is the store's; so no token, name or address of anybody is in the queue (R24). huey is used
here and nowhere else. Its own format would run whatever code a changed file holds: messages are JSON instead.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

from huey import SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer

from smartapp.errors import UsageError

FILE = "jobs.sqlite"


class _AsJson(Serializer):  # type: ignore[misc]  # huey is not typed
    """Messages as lists of plain values."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data)).encode()

    def _deserialize(self, data: bytes) -> Any:
        return Message(*json.loads(data))


class JobQueue:
    """Ids of jobs that wait, first come, first served. Safe to use from several threads and processes."""

    def __init__(self, file: Path) -> None:
        """Open the queue; its file is made, for its owner alone, when it is not there yet.

        Raises:
            UsageError: the file is damaged, or no queue.
        """
        file.touch(mode=0o600)
        file.chmod(0o600)
        self._huey = _opened(file)
        self._job = self._huey.task(name="job")(_same)

    def put(self, job_id: str) -> None:
        """Have a job done."""
        self._job(job_id)

    def take(self) -> str | None:
        """The id of the next job, which nobody else gets; None: none waits."""
        task = self._huey.dequeue()
        return None if task is None else str(task.args[0])

    def close(self) -> None:
        """Give the calling thread's connection back to the system."""
        self._huey.storage.close()


def _opened(file: Path) -> SqliteHuey:
    try:
        return SqliteHuey("pi180", filename=str(file), fsync=True, results=False, serializer=_AsJson())
    except sqlite3.OperationalError:  # in use, or not to be opened: it may be whole
        raise
    except sqlite3.DatabaseError:
        raise UsageError(
            f"{file}: is no queue of jobs, or is damaged. Remove it: what waits stands in the store, and is taken up."
        ) from None


def _same(job_id: str) -> str:
    return job_id
