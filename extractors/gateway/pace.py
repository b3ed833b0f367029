"""How often one server is asked, by all processes that share a file (R49).

The rule is the generic cell rate algorithm: each request moves the moment at which the next is due, and one that
comes before it waits. Nothing but hosts and moments is kept.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from extractors.errors import SourceError

USUAL_RATE = 240
"""Requests a minute that a crawl makes of one server unless told otherwise: the strictest documented limit of a
vendor is 250 a minute and practice."""
Clock = Callable[[], float]

_LONGEST_HOLD = 60.0
_AHEAD = 64
_TABLE = "CREATE TABLE IF NOT EXISTS pace (host TEXT PRIMARY KEY, due REAL NOT NULL, held REAL NOT NULL) WITHOUT ROWID"
_KEEP = "INSERT INTO pace VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE SET due = excluded.due, held = excluded.held"


class Pace:
    """Spaces the requests to each host. Safe to use from several threads, and from several processes on one file."""

    def __init__(
        self,
        rate: float | None = None,
        burst: int = 4,
        file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare the file.

        Args:
            rate: requests a minute to one host; None: as many as there are.
            burst: how many may go at once after a pause.
            file: shared with other processes; None: this process alone.
            clock: seconds since 1970, the same for all processes.

        Raises:
            SourceError: the file cannot be used.
        """
        self._interval = 60 / rate if rate else 0.0
        self._burst = (burst - 1) * self._interval
        self._clock, self._lock = clock, threading.Lock()
        if file is not None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._store = sqlite3.connect(file or ":memory:", timeout=30, isolation_level=None, check_same_thread=False)
            self._store.execute("PRAGMA journal_mode = WAL")
            self._store.execute("PRAGMA synchronous = NORMAL")
            self._store.execute(_TABLE)
        except sqlite3.Error:
            raise SourceError(
                f"{file}: it cannot keep the pace of requests. Remove it; it holds nothing else."
            ) from None

    def take(self, host: str) -> float:
        """Take the next turn; seconds until it comes."""
        with self._alone():
            now, due, held = self._state(host)
            self._store.execute(_KEEP, (host, due + self._interval, held))
        return max(0.0, due - self._burst - now)

    def hold(self, host: str, seconds: float) -> None:
        """Nobody asks a host for a while, a minute at most: it said so."""
        with self._alone():
            now, due, held = self._state(host)
            self._store.execute(_KEEP, (host, due, max(held, now + min(seconds, _LONGEST_HOLD))))

    def held(self, host: str) -> float:
        """Seconds for which a host is still to be left alone."""
        with self._lock:
            now, _, held = self._state(host)
        return max(0.0, held - now)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            self._store.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self._store.execute("COMMIT")

    def _state(self, host: str) -> tuple[float, float, float]:
        """Now, when the next request is due, and until when nobody asks. A clock that was set back voids both."""
        now = self._clock()
        row = self._store.execute("SELECT due, held FROM pace WHERE host = ?", (host,)).fetchone()
        due, held = row or (now, now)
        far = self._burst + _AHEAD * self._interval
        return now, due if now <= due <= now + far else now, held if held <= now + _LONGEST_HOLD else now
