"""How long to wait for an export, whatever its server says about it (R55)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from extractors.decode import Unreadable
from extractors.errors import GatewayError, Unreachable
from extractors.gateway import Answer
from extractors.gateway.retrying import stated_wait
from extractors.sources.bulk_server import FAULT, GONE, OK, TOO_MANY, BulkServer

_ACCEPTED = 202
_LATER = (408, 425, TOO_MANY, 503)
_PROGRESS = 100


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Waits:
    """Limits of waiting, in seconds, and the clocks to wait by.

    A wait of our own choice starts at `first` and doubles up to `longest`; what the server states is cut at `most`, and
    then it is asked again. `failures` in a row end the run, and the job stays; one older than `job` is given up.
    """

    first: float = 2
    longest: float = 60
    most: float = 3600
    failures: int = 8
    job: timedelta = timedelta(days=30)
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep


class JobGone(Exception):  # noqa: N818  # the word says it
    """The server does not know the job any more, or it failed there: only a new one can help."""


class Polling:
    """Waits for one job."""

    def __init__(self, server: BulkServer, waits: Waits, say: Callable[[str], None]) -> None:
        self._server, self._waits, self._say = server, waits, say
        self._own, self._failed = waits.first, 0

    def manifest(self, status: str, since: datetime) -> Answer:
        """The answer that holds the first page of the manifest, however long it takes.

        Args:
            status: where to ask.
            since: when the job began.

        Raises:
            JobGone: there is nothing to wait for.
            SignInNeeded: the credential is refused.
            Unreachable: the server gave no usable answer several times in a row.
        """
        while True:
            if self._waits.now() - since > self._waits.job:
                raise JobGone(f"it was not done within {self._waits.job.days} days")
            answer, wait = self._asked(status)
            if answer is not None:
                return answer
            self._waits.sleep(wait)

    def _asked(self, status: str) -> tuple[Answer | None, float]:
        """The manifest, or seconds to wait."""
        try:
            answer = self._server.poll(status)
        except Unreachable as problem:
            return None, self._after_failure(str(problem))
        if answer.status == OK:
            return answer, 0
        if answer.status in GONE:
            raise JobGone(f"the server does not know it any more (status {answer.status})")
        if answer.status == _ACCEPTED or answer.status in _LATER or _is_passing(answer):
            self._failed = 0
            return None, self._until_next(answer)
        if answer.status < FAULT:
            raise JobGone(f"the server refused it (status {answer.status})")
        return None, self._after_fault(answer)

    def _until_next(self, answer: Answer) -> float:
        stated = stated_wait(answer.headers, self._waits.now())
        wait = self._next_own() if stated is None else max(stated, self._waits.first)
        progress = _shown(answer.headers.get("x-export-status", ""))
        cut = f", which asks for {stated:.0f} seconds" if stated is not None and stated > self._waits.most else ""
        wait = min(wait, self._waits.most)
        self._say(f"waiting for the server{cut}; asking again in {wait:.0f} seconds{progress}")
        return wait

    def _after_fault(self, answer: Answer) -> float:
        self._failed += 1
        if self._failed >= self._waits.failures:
            raise JobGone(f"the server failed at it (status {answer.status})")
        return self._next_own()

    def _after_failure(self, why: str) -> float:
        self._failed += 1
        if self._failed >= self._waits.failures:
            raise Unreachable(f"{why} The export waits at the server: give the same command again later.")
        return self._next_own()

    def _next_own(self) -> float:
        wait, self._own = self._own, min(self._own * 2, self._waits.longest)
        return wait


def _is_passing(answer: Answer) -> bool:
    """Whether the server says of its fault that it will pass (Bulk Data, "Response - Error Status")."""
    if answer.status < FAULT:
        return False
    try:
        issues = answer.document().get("issue")
    except (GatewayError, Unreadable):
        return False
    found = issues if isinstance(issues, list) else []
    return any(isinstance(issue, dict) and issue.get("code") == "transient" for issue in found)


def _shown(status: str) -> str:
    """X-Export-Status as it may be printed: short, and no control characters."""
    text = "".join(sign for sign in status[:_PROGRESS] if sign.isprintable())
    return f" ({text})" if text else ""
