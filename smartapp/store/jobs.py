"""Long work: who may begin it, how far it is, and whether somebody asked it to stop.

Rows hold no token. A job that told nothing for `SILENT_FOR` is over: its process is gone.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from smartapp.store.database import Database
from smartapp.store.records import Author
from smartapp.store.tables import aware, job, naive, place
from smartapp.store.vault import Vault

SILENT_FOR = timedelta(minutes=2)
"""Workers give a sign of life every ten seconds, however long a step of the work takes."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def live(self) -> bool:
        """Whether it may still come to something by itself."""
        return self in (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Task:
    """What to do: of each kind and subject (`about`) of a registration one job at most is live.

    `about` names no person: an NPI, a folder's name, a year. `request` is JSON and may say anything but tokens.
    """

    registration: str
    kind: str
    about: str
    request: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `done` of `total` units (0: not known yet), `stage` in words; how it ended, once it has.

    `problem` says why it failed; `result` is whatever it made, such as the name of a run's folder.
    """

    done: int = 0
    total: int = 0
    stage: str = ""
    problem: str | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was last told. `ended` None: it has not. `cancelling`: somebody asked it to stop."""

    id: str
    task: Task
    state: JobState
    progress: Progress
    by: Author
    begun: datetime
    beat: datetime
    ended: datetime | None
    cancelling: bool


class Jobs:
    """Keeps jobs. What they are asked and what they tell is sealed."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    def begin(self, task: Task, by: Author, now: datetime) -> Job | None:
        """Put a job in line; None while another of the same kind and subject is live."""
        row_id = secrets.token_urlsafe(16)
        told = {"request": dict(task.request), "name": by.name, "user": by.user}
        values = {
            "id": row_id,
            "registration": task.registration,
            "kind": task.kind,
            "about": task.about,
            "state": JobState.WAITING,
            "done": 0,
            "total": 0,
            "cancelling": False,
            "begun": naive(now),
            "beat": naive(now),
            "sealed": self._vault.seal(told, place(job, row_id)),
        }
        try:
            with self._database.writing() as connection:
                _bury(connection, now)
                connection.execute(insert(job).values(values))
        except IntegrityError:
            return None
        return self.find(row_id, now)

    def take(self, job_id: str, now: datetime) -> bool:
        """Whether the caller, alone among all processes, may do a job that waits."""
        return self._step(job_id, (JobState.WAITING,), {"state": JobState.RUNNING, "beat": naive(now)})

    def beat(self, job_id: str, now: datetime) -> bool:
        """Say that a job goes on; false: stop, somebody cancelled it or it was given up for silence."""
        self._step(job_id, (JobState.RUNNING,), {"beat": naive(now)})
        return self._may_go_on(job_id)

    def tell(self, job_id: str, progress: Progress, now: datetime) -> bool:
        """Say how far a job is; false: stop, as with `beat`."""
        self._step(job_id, (JobState.RUNNING,), {**self._told(job_id, progress), "beat": naive(now)})
        return self._may_go_on(job_id)

    def end(self, job_id: str, state: JobState, progress: Progress, now: datetime) -> bool:
        """Keep how a job ended; false: it was over already."""
        values = {**self._told(job_id, progress), "state": state, "beat": naive(now), "ended": naive(now)}
        return self._step(job_id, (JobState.WAITING, JobState.RUNNING), values)

    def cancel(self, job_id: str, now: datetime) -> bool:
        """Ask a live job to stop: one that waits is over at once, one that runs learns it when it next tells."""
        waiting = {"state": JobState.CANCELLED, "cancelling": True, "ended": naive(now)}
        if self._step(job_id, (JobState.WAITING,), waiting):
            return True
        return self._step(job_id, (JobState.RUNNING,), {"cancelling": True})

    def resume(self, job_id: str, now: datetime) -> bool:
        """Put a job that failed, was cancelled or interrupted in line again; false: it may not."""
        values = {"state": JobState.WAITING, "cancelling": False, "beat": naive(now), "ended": None}
        over = (JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED)
        try:
            with self._database.writing() as connection:
                _bury(connection, now)
                return _moved(connection, job_id, over, values)
        except IntegrityError:
            return False

    def find(self, job_id: str, now: datetime) -> Job | None:
        """One job; None: unknown."""
        with self._database.engine.connect() as connection:
            row = connection.execute(select(job).where(job.c.id == job_id)).one_or_none()
        return None if row is None else self._job(row, now)

    def of(self, registration: str, now: datetime, kind: str | None = None) -> tuple[Job, ...]:
        """Every job of a registration, the newest first."""
        chosen = select(job).where(job.c.registration == registration)
        if kind is not None:
            chosen = chosen.where(job.c.kind == kind)
        with self._database.engine.connect() as connection:
            rows = connection.execute(chosen.order_by(job.c.begun.desc(), job.c.id)).all()
        return tuple(self._job(row, now) for row in rows)

    def waiting(self) -> tuple[str, ...]:
        """Ids of the jobs in line, the oldest first: for a worker that starts."""
        chosen = select(job.c.id).where(job.c.state == JobState.WAITING).order_by(job.c.beat, job.c.id)
        with self._database.engine.connect() as connection:
            return tuple(connection.execute(chosen).scalars())

    def _step(self, job_id: str, states: tuple[JobState, ...], values: Mapping[str, Any]) -> bool:
        with self._database.writing() as connection:
            return _moved(connection, job_id, states, values)

    def _may_go_on(self, job_id: str) -> bool:
        chosen = select(job.c.state, job.c.cancelling).where(job.c.id == job_id)
        with self._database.engine.connect() as connection:
            row = connection.execute(chosen).one_or_none()
        return row is not None and row.state == JobState.RUNNING and not row.cancelling

    def _told(self, job_id: str, progress: Progress) -> dict[str, Any]:
        words = {"stage": progress.stage, "problem": progress.problem, "result": progress.result}
        sealed = self._vault.seal(words, place(job, job_id, "told"))
        return {"done": progress.done, "total": progress.total, "told": sealed}

    def _job(self, row: Row[Any], now: datetime) -> Job:
        asked = self._vault.open(row.sealed, place(job, row.id))
        words = self._vault.open(row.told, place(job, row.id, "told")) if row.told is not None else {}
        silent = row.state == JobState.RUNNING and row.beat < naive(now) - SILENT_FOR
        return Job(
            id=row.id,
            task=Task(row.registration, row.kind, row.about, asked["request"]),
            state=JobState.INTERRUPTED if silent else JobState(row.state),
            progress=Progress(row.done, row.total, **words),
            by=Author(asked["name"], asked["user"]),
            begun=aware(row.begun),
            beat=aware(row.beat),
            ended=None if row.ended is None else aware(row.ended),
            cancelling=row.cancelling,
        )


def _bury(connection: Connection, now: datetime) -> None:
    """Free the places of jobs whose process is gone."""
    silent = (job.c.state == JobState.RUNNING) & (job.c.beat < naive(now) - SILENT_FOR)
    connection.execute(update(job).where(silent).values(state=JobState.INTERRUPTED, ended=job.c.beat))


def _moved(connection: Connection, job_id: str, states: tuple[JobState, ...], values: Mapping[str, Any]) -> bool:
    step = update(job).where(job.c.id == job_id, job.c.state.in_(states)).values(dict(values))
    return connection.execute(step).rowcount == 1
