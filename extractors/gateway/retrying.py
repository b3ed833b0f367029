"""How long to wait before asking again, and when to stop (R50)."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from random import SystemRandom

TOO_MANY, SERVER_FAULT, UNAVAILABLE = 429, 500, 503
PASSING = frozenset({408, 425, TOO_MANY, SERVER_FAULT, 502, UNAVAILABLE, 504})
"""Statuses after which the same request may fare better; all others are the server's last word."""
_SECONDS = re.compile(r"([+-]?)([0-9]+)(?:\.[0-9]*)?")
_NEVER = _EPOCH = 10.0**9


@dataclass(frozen=True, slots=True)
class Patience:
    """How often one request is made, and how long it waits, in seconds.

    `tries` in all, `tries_of_500` of one that ends with status 500, which may be for good. A wait is drawn
    between nothing and `first`, doubled each time up to `longest`; what the server asks for is waited in full. All
    waits together stay within `budget`: where they would not, the last answer stands.
    """

    tries: int = 8
    tries_of_500: int = 3
    first: float = 1
    longest: float = 60
    budget: float = 300
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = SystemRandom().random


ONCE = Patience(tries=1, budget=0)
"""For what a person waits for, and for what must not be sent twice."""


class Effort:
    """One request's tries under some patience."""

    def __init__(self, patience: Patience) -> None:
        self._patience, self._tries = patience, 0
        self._until = patience.clock() + patience.budget

    def left(self) -> float:
        """Seconds that may still be waited."""
        return self._until - self._patience.clock()

    def after(self, status: int | None, stated: float | None = None) -> float | None:
        """Seconds to wait after a try, None: it was the last.

        Args:
            status: what was answered; None: nothing.
            stated: seconds that the server asks to wait.
        """
        self._tries += 1
        most = self._patience.tries_of_500 if status == SERVER_FAULT else self._patience.tries
        if self._tries >= min(most, self._patience.tries) or not (status is None or status in PASSING):
            return None
        wait = self._wait(stated)
        return wait if wait <= self.left() else None

    def _wait(self, stated: float | None) -> float:
        if stated is not None and stated > 0:
            return stated + self._patience.chance() * self._patience.first
        longest = self._patience.first * float(2 ** (self._tries - 1))
        return self._patience.chance() * min(self._patience.longest, longest)


def stated_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that Retry-After asks for (RFC 9110, 10.2.3); None where it is missing or says nothing that is meant.

    A moment is compared with the server's own Date where it sent one, for clocks differ; what is past is 0. A number
    that would be more than thirty years is a moment too: seconds or milliseconds since 1970, as some servers send it.
    """
    text = headers.get("retry-after", "").strip()
    found, theirs = _SECONDS.fullmatch(text), _moment(headers.get("date", "")) or now
    if found:
        seconds = 0.0 if found[1] == "-" else float(found[2])
        return seconds if seconds < _EPOCH else _until(seconds, theirs)
    moment = _moment(text)
    return None if moment is None else max(0.0, (moment - theirs).total_seconds())


def _until(stamp: float, now: datetime) -> float:
    seconds = stamp / 1000 if stamp >= _EPOCH * 1000 else stamp
    return min(max(0.0, seconds - now.timestamp()), _NEVER)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
