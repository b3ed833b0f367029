"""The audit trail: who did and saw what. A row is written before anything is shown; without it nothing is.

Rows hold ids, never names or tokens. They are only ever added, and each is chained to the one before it of the
same registration (`chain`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, String, func, insert, select, type_coerce

from smartapp import __version__
from smartapp.store.anchors import last_day, read_anchors, write_anchor
from smartapp.store.chain import BEGUN, FIELDS, Fault, Head, Link, code_of, digest_of, faults_in
from smartapp.store.data_keys import DataKeys, Purpose
from smartapp.store.database import Database
from smartapp.store.tables import audit, aware, naive


class Deed(StrEnum):
    """What may stand in the trail."""

    LAUNCH_REFUSED = "launch refused"
    LAUNCHED = "launched"
    SIGNED_IN = "signed in"
    SIGN_IN_REFUSED = "sign-in refused"
    RENEWED = "token renewed"
    RENEWAL_REFUSED = "token renewal refused"
    SCORE_VIEWED = "score viewed"
    CASES_VIEWED = "cases viewed"
    PATIENT_VIEWED = "patient viewed"
    WRONG_PATIENT = "another patient's data refused"
    READING_BEGUN = "reading of own patients begun"
    READING_ENDED = "reading of own patients ended"
    DENIED = "denied"
    SIGNED_OUT = "signed out"
    ANSWERS_SAVED = "answers saved"
    SIGNED = "numbers and answers signed"
    DOCUMENT_ATTACHED = "document attached"
    DOCUMENT_REMOVED = "document removed"
    DOCUMENT_DOWNLOADED = "document downloaded"
    PEOPLE_GRANTED = "role granted"
    PEOPLE_REVOKED = "role revoked"
    SESSION_ENDED = "session ended by an administrator"
    RUN_BEGUN = "run begun"
    RUN_ENDED = "run ended"
    RUN_CANCELLED = "run cancelled"
    CHOICE_DENIED = "choice denied"
    EXPORTED = "exported"
    TRAIL_VIEWED = "trail viewed"
    TRAIL_CHECKED = "trail checked"
    CHAIN_BEGUN = BEGUN
    KEY_ROTATED = "key rotated"
    WIPED = "wiped"
    UNKNOWN = "unknown"  # never written: a row says something else, and the check tells why


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One row. `user` is issuer and subject; `patient` the id that the launch was about; None: not known.

    `role` is the role that the user acted in, `origin` the address that the request came from. `number`, `at`
    and `version` (of pi180) are None until the row is written, and no part of what makes two events the same.
    """

    event: Deed
    registration: str | None = None
    launch: str | None = None
    user: str | None = None
    patient: str | None = None
    detail: str | None = None
    role: str | None = None
    origin: str | None = None
    number: int | None = field(default=None, compare=False)
    at: datetime | None = field(default=None, compare=False)
    version: str | None = field(default=None, compare=False)


_TOLD = ("event", "registration", "launch", "user", "patient", "detail", "role", "origin")


class Trail:
    """Adds to, reads and checks the trail."""

    def __init__(self, database: Database, keys: DataKeys, anchors: Path | None = None) -> None:
        """`anchors` is a file that gets the heads of all chains once a day; None: none is kept."""
        self._database, self._keys, self._anchors = database, keys, anchors
        self._anchored, self._chained = "", False

    def add(self, event: AuditEvent, now: datetime) -> None:
        """Write one row; whatever keeps it from being written stops what it is about."""
        key = self._keys.get(Purpose.TRAIL)
        with self._database.writing() as connection:
            if not self._chained:
                _adopt(connection, key, now)
            _append(connection, key, event, now)
        self._chained = True
        if self._anchors is not None:
            self._anchor_daily(self._anchors, now)

    def rows(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        deed: Deed | None = None,
        registration: str | None = None,
    ) -> list[AuditEvent]:
        """Rows, oldest first.

        Args:
            since: none before this time.
            until: none at or after this time.
            deed: of one kind alone.
            registration: of one registration alone.
        """
        chosen = select(audit).order_by(audit.c.number)
        chosen = chosen if since is None else chosen.where(audit.c.at >= naive(since))
        chosen = chosen if until is None else chosen.where(audit.c.at < naive(until))
        chosen = chosen if deed is None else chosen.where(audit.c.event == deed)
        chosen = chosen if registration is None else chosen.where(audit.c.registration == registration)
        with self._database.engine.connect() as connection:
            return [_event(row) for row in connection.execute(chosen)]

    def links(self) -> tuple[Link, ...]:
        """Every row as it is kept, oldest first."""
        with self._database.engine.connect() as connection:
            return _links(connection)

    def heads(self) -> tuple[Head, ...]:
        """The end of each chain: what an anchor keeps."""
        last = select(func.max(audit.c.number)).where(audit.c.code.is_not(None)).group_by(audit.c.registration)
        chosen = select(audit.c.registration, audit.c.link, audit.c.code).where(audit.c.number.in_(last))
        with self._database.engine.connect() as connection:
            return tuple(Head(*row) for row in connection.execute(chosen.order_by(audit.c.number)))

    def faults(self, anchors: Iterable[Head] = ()) -> tuple[Fault, ...]:
        """Every row that was changed, moved or put in, or lacks the one before it, and every anchor without its row.

        Rows taken from the end of a chain are found by an anchor alone: the daily ones here, or `anchors`, which were
        kept elsewhere.
        """
        own = read_anchors(self._anchors) if self._anchors is not None and self._anchors.exists() else ()
        return faults_in(self._keys.get(Purpose.TRAIL), self.links(), (*own, *anchors))

    def _anchor_daily(self, file: Path, now: datetime) -> None:
        today = str(naive(now).date())
        if self._anchored < today and (last_day(file) or "") < today:
            write_anchor(file, self.heads(), now)
        self._anchored = max(self._anchored, today)


def _adopt(connection: Connection, key: bytes, now: datetime) -> None:
    """Begin the chains of a trail from before there were any, with a hash of what it held."""
    chained = select(audit.c.number).where(audit.c.code.is_not(None)).limit(1)
    if connection.execute(chained).first() is None:
        earlier = _links(connection)
        if earlier:
            _append(connection, key, AuditEvent(Deed.CHAIN_BEGUN, detail=digest_of(earlier)), now)


def _append(connection: Connection, key: bytes, event: AuditEvent, now: datetime) -> None:
    mine = audit.c.registration.is_not_distinct_from(event.registration) & audit.c.code.is_not(None)
    ends = select(audit.c.link, audit.c.code).where(mine).order_by(audit.c.number.desc()).limit(1)
    link, before = connection.execute(ends).one_or_none() or (0, "")
    number = (connection.execute(select(func.max(audit.c.number))).scalar() or 0) + 1
    told = {name: getattr(event, name) for name in _TOLD}
    told |= {"number": number, "link": link + 1, "version": __version__}
    code = code_of(key, before, {**told, "at": _text(naive(now))})
    connection.execute(insert(audit).values(at=naive(now), code=code, **told))


def _links(connection: Connection) -> tuple[Link, ...]:
    """Times are read as they are kept: one that was made unreadable is a fault of its row, not of the check."""
    columns = [type_coerce(audit.c.at, String) if name == "at" else audit.c[name] for name in FIELDS]
    chosen = select(*columns, audit.c.code).order_by(audit.c.number)
    return tuple(
        Link(dict(zip(FIELDS, (row[0], _text(row[1]), *row[2:-1]), strict=True)), row[-1])
        for row in connection.execute(chosen)
    )


def _text(at: object) -> str:
    """A time of a column with its microseconds, however the database gives it."""
    try:
        return datetime.fromisoformat(str(at)).isoformat(sep=" ", timespec="microseconds")
    except ValueError:
        return repr(at)


def _event(row: Row[Any]) -> AuditEvent:
    told = {name: getattr(row, name) for name in _TOLD}
    known = Deed(row.event) if row.event in set(Deed) else Deed.UNKNOWN
    return AuditEvent(**{**told, "event": known, "number": row.number, "at": aware(row.at), "version": row.version})
