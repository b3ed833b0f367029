"""The audit trail: who did and saw what. A row is written before anything is shown; without it nothing is.

Rows hold ids, never names or tokens. They are only ever added.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import insert, select

from smartapp.store.database import Database
from smartapp.store.tables import audit, naive


class Deed(StrEnum):
    """What may stand in the trail."""

    LAUNCH_REFUSED = "launch refused"
    LAUNCHED = "launched"
    SIGNED_IN = "signed in"
    SIGN_IN_REFUSED = "sign-in refused"
    RENEWED = "token renewed"
    RENEWAL_REFUSED = "token renewal refused"
    SCORE_VIEWED = "score viewed"
    PATIENT_VIEWED = "patient viewed"
    WRONG_PATIENT = "another patient's data refused"
    READING_BEGUN = "reading of own patients begun"
    READING_ENDED = "reading of own patients ended"
    DENIED = "denied"
    SIGNED_OUT = "signed out"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One row. `user` is issuer and subject; `patient` the id that the launch was about; None: not known."""

    event: Deed
    registration: str | None = None
    launch: str | None = None
    user: str | None = None
    patient: str | None = None
    detail: str | None = None


class Trail:
    """Adds to and reads the trail."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine

    def add(self, event: AuditEvent, now: datetime) -> None:
        """Write one row; whatever keeps it from being written stops what it is about."""
        with self._engine.begin() as connection:
            connection.execute(insert(audit).values(at=naive(now), **asdict(event)))

    def rows(self) -> list[AuditEvent]:
        """Every row, oldest first."""
        columns = [audit.c[name] for name in ("event", "registration", "launch", "user", "patient", "detail")]
        with self._engine.connect() as connection:
            found = connection.execute(select(*columns).order_by(audit.c.number)).all()
        return [AuditEvent(Deed(row[0]), *row[1:]) for row in found]
