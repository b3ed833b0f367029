"""The worker: takes jobs from the queue and does them one by one, in a process of its own or beside the server.

It shows that it lives by a sign in the data folder. Whatever another worker left undone it takes up again: what was
stopped in good order when it starts, what fell silent as soon as that is certain (security requirements R116, R125).
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from smartapp.reading.own_pages import GOOD_FOR, remove_old
from smartapp.store import JobState
from smartapp.web.problems import noted
from smartapp.web.service import READINGS, Service
from smartapp.web.work import do
from smartapp.written import write_text

SIGN = "worker.sign"
SIGN_EVERY = 10.0
"""Seconds between two signs of life, of the worker and of the job that it does."""
LOOKED_EVERY = 1.0
"""Seconds between two looks into an empty queue."""
_LOOKS_ROUND = 60
"""After so many looks, what others left is looked for as well."""
GONE_AFTER = timedelta(seconds=90)
"""Without a sign of life for so long, there is no worker."""
STOPS_WITHIN = 25.0
"""Seconds that a job may take to come to a place where it can be gone on with; then the process ends all the same."""


class Worker:
    """One worker. `step` is all that it does; `run` does it again and again until `stop`."""

    def __init__(self, service: Service) -> None:
        self._service, self._stop = service, threading.Event()
        self._doing, self._idle = "", 0

    @property
    def is_idle(self) -> bool:
        """Whether no job is being done."""
        return not self._doing

    def step(self) -> bool:
        """Do the next job of the queue; false: none waits."""
        job_id = self._service.queue.take()
        if job_id is None:
            return False
        self._doing = job_id
        try:
            do(self._service, job_id, self._stop.is_set)
        finally:
            self._doing = ""
        return True

    def sign(self) -> bool:
        """Show that the worker lives, and its job with it; false: nobody wants its job any more, or it has none."""
        now = self._service.clock()
        write_text(self._service.settings.data / SIGN, now.astimezone(UTC).isoformat())
        return bool(self._doing) and self._service.jobs.beat(self._doing, now)

    def take_up(self) -> None:
        """Put in the queue what others left: jobs that were stopped or fell silent, and those that it lost."""
        now, jobs = self._service.clock(), self._service.jobs
        remove_old(self._service.settings.data / READINGS, now)
        for registration in self._service.launching.ehrs:
            for job in jobs.of(registration, now):
                if job.state is JobState.INTERRUPTED and now - job.begun < GOOD_FOR:
                    jobs.resume(job.id, now)
        for job_id in jobs.waiting():
            self._service.queue.put(job_id)

    def run(self) -> None:
        """Work until somebody calls `stop`; what is being done then comes to a place where it can be gone on with.

        What goes wrong with the store or the disk is logged and tried again: the job in question falls silent, and is
        taken up.
        """
        signing = threading.Thread(target=self._sign_on, daemon=True)
        signing.start()
        while not self._stop.is_set():
            if not self.tried(self.step):
                self.tried(self._rest)
        signing.join()
        self._service.queue.close()

    def stop(self) -> None:
        """Begin no further job, and stop the one that is being done as soon as it tells how far it is."""
        self._stop.set()

    def _rest(self) -> bool:
        if self._idle % _LOOKS_ROUND == 0:
            self.take_up()
        self._idle += 1
        return self._stop.wait(LOOKED_EVERY)

    def _sign_on(self) -> None:
        self.tried(self.sign)
        while not self._stop.wait(SIGN_EVERY):
            self.tried(self.sign)

    def tried(self, act: Callable[[], bool]) -> bool:
        """What an act gives; false, once it is logged and a while has passed, where it fails."""
        try:
            return act()
        except Exception as failure:  # a worker that died of a full disk would not notice when there is room again
            noted(failure)
            self._stop.wait(SIGN_EVERY)
            return False


def last_sign(data: Path) -> datetime | None:
    """When a worker last showed that it lives; None: never."""
    try:
        return datetime.fromisoformat((data / SIGN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def has_worker(service: Service) -> bool:
    """Whether a worker gave a sign of life lately."""
    sign = last_sign(service.settings.data)
    return sign is not None and abs(service.clock() - sign) <= GONE_AFTER  # the clock may have been set back since


def run_worker(worker: Worker, wait: Callable[[], object]) -> None:
    """Work beside whatever `wait` waits for; when that ends or is interrupted, give what is being done time to stop."""
    working = threading.Thread(target=worker.run, daemon=True)
    working.start()
    try:
        wait()
    finally:
        worker.stop()
        working.join(STOPS_WITHIN)
