"""Readings of a clinician's own patients that run in the background: who may run one, and how far it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from smartapp.store.database import Database
from smartapp.store.tables import naive, reading

SILENT_FOR = timedelta(minutes=15)
"""A reading that told nothing for so long is over: its process is gone."""


class ReadingState(StrEnum):
    """Where a reading stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How far a reading is, in patients; `total` 0: not known yet; `problem` says why it failed."""

    state: ReadingState
    done: int
    total: int
    problem: str | None


class Readings:
    """One reading at most for each clinician of each EHR."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine

    def begin(self, registration: str, npi: str, now: datetime) -> bool:
        """Whether the caller may begin: false while another reading of the same clinician runs."""
        values = {"state": ReadingState.RUNNING, "done": 0, "total": 0, "problem": None, "beat": naive(now)}
        idle = or_(reading.c.state != ReadingState.RUNNING, reading.c.beat < naive(now) - SILENT_FOR)
        mine = (reading.c.registration == registration) & (reading.c.npi == npi)
        try:
            with self._engine.begin() as connection:
                if connection.execute(update(reading).where(mine, idle).values(values)).rowcount == 1:
                    return True
                connection.execute(insert(reading).values(registration=registration, npi=npi, **values))
        except IntegrityError:
            return False
        return True

    def tell(self, registration: str, npi: str, told: ReadingProgress, now: datetime) -> None:
        """Keep how far the reading is; also its end."""
        values = {
            "state": told.state,
            "done": told.done,
            "total": told.total,
            "problem": told.problem,
            "beat": naive(now),
        }
        mine = (reading.c.registration == registration) & (reading.c.npi == npi)
        with self._engine.begin() as connection:
            connection.execute(update(reading).where(mine).values(values))

    def progress(self, registration: str, npi: str, now: datetime) -> ReadingProgress | None:
        """The last reading of a clinician; None: there was none."""
        mine = (reading.c.registration == registration) & (reading.c.npi == npi)
        with self._engine.connect() as connection:
            row = connection.execute(select(reading).where(mine)).one_or_none()
        if row is None:
            return None
        gone = row.state == ReadingState.RUNNING and row.beat < naive(now) - SILENT_FOR
        state = ReadingState.INTERRUPTED if gone else ReadingState(row.state)
        return ReadingProgress(state, row.done, row.total, row.problem)
