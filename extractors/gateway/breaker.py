"""A server that does not answer is left alone for a while, then tried with one request (R50)."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

FAILURES, REST = 5, 30.0
"""Failures in a row after which a server is left alone, and for how many seconds."""


@dataclass(slots=True)
class _State:
    failures: int = 0
    closed_at: float = 0


class Breaker:
    """Counts failures in a row by server. Safe to use from several threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def wait(self, where: str) -> float:
        """Seconds to leave a server alone; 0: ask. After its rest one request goes ahead, the others wait for it."""
        with self._lock:
            state = self._states.get(where, _State())
            if state.failures < FAILURES:
                return 0
            now = self._clock()
            if (rest := state.closed_at - now) > 0:
                return rest
            state.closed_at = now + REST
            return 0

    def failed(self, where: str) -> None:
        """A request came to nothing."""
        with self._lock:
            state = self._states.setdefault(where, _State())
            state.failures += 1
            state.closed_at = self._clock() + REST

    def answered(self, where: str) -> None:
        """The server does its work again."""
        with self._lock:
            self._states.pop(where, None)
