"""Launches: each is a session of its own, found by its id and opened by the secret that only its cookie holds.

Of the secret and of `state` only hashes are kept; tokens and context are sealed and bound to their row.
Every step that may happen once is one conditional UPDATE, so that two processes cannot both take it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update
from sqlalchemy import insert as insert_into

from smartapp.store.database import Database
from smartapp.store.records import Context, Grant, Launch, Pending, Person, Phase
from smartapp.store.tables import launch, naive, place
from smartapp.store.vault import Vault, VaultError

PENDING_LIFE = timedelta(minutes=10)
"""How long an EHR may take to answer (security requirement R6)."""
IDLE_LIFE = timedelta(minutes=15)
"""How long a session may rest (45 CFR 164.312(a)(2)(iii), R82)."""
WHOLE_LIFE = timedelta(hours=8)
"""How long a session may last (R82)."""

_SEALED = ("pending", "context", "person", "grant")
_DATES = ("received", "expires")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Launches:
    """Keeps launches. Every method is one transaction."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._engine, self._vault = database.engine, vault

    def create(self, registration: str, pending: Pending, now: datetime) -> tuple[Launch, str]:
        """A new launch that inherits nothing from any other, and the secret for its cookie."""
        self.sweep(now)
        row_id, secret = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
        values: dict[str, Any] = {
            "id": row_id,
            "registration": registration,
            "phase": Phase.OFFERED,
            "secret_hash": _hash(secret),
        }
        values |= {
            "created": naive(now),
            "seen": naive(now),
            "pending": self._seal(asdict(pending), row_id, "pending"),
        }
        with self._engine.begin() as connection:
            connection.execute(insert_into(launch).values(values))
        made = self.find(row_id, now)
        assert made is not None  # noqa: S101  # just written
        return made, secret

    def find(self, launch_id: str, now: datetime) -> Launch | None:
        """A launch that is still alive, by its id alone: for what needs no session. None: unknown or over."""
        with self._engine.connect() as connection:
            row = connection.execute(select(launch).where(launch.c.id == launch_id)).one_or_none()
        return self._launch(row) if row is not None and _is_alive(row, naive(now)) else None

    def enter(self, launch_id: str, secret: str, now: datetime) -> Launch | None:
        """A live launch for whoever holds its secret, who is hereby seen; None for anybody else."""
        found = self.look(launch_id, secret, now)
        if found is not None:
            with self._engine.begin() as connection:
                connection.execute(update(launch).where(launch.c.id == launch_id).values(seen=naive(now)))
        return found

    def look(self, launch_id: str, secret: str, now: datetime) -> Launch | None:
        """As `enter`, for a request about something else: the session goes on resting (R82)."""
        with self._engine.connect() as connection:
            row = connection.execute(select(launch).where(launch.c.id == launch_id)).one_or_none()
        if row is None or not hmac.compare_digest(row.secret_hash, _hash(secret)) or not _is_alive(row, naive(now)):
            return None
        return self._launch(row)

    def ask(self, launch_id: str, state: str, pending: Pending) -> bool:
        """Remember what the EHR's answer must match; once per launch."""
        values = {
            "phase": Phase.ASKED,
            "state_hash": _hash(state),
            "pending": self._seal(asdict(pending), launch_id, "pending"),
        }
        return self._step(launch_id, Phase.OFFERED, values)

    def by_state(self, registration: str, state: str, now: datetime) -> Launch | None:
        """The launch that waits for this `state` under this registration; None: unknown, used or over."""
        chosen = select(launch).where(launch.c.state_hash == _hash(state), launch.c.registration == registration)
        with self._engine.connect() as connection:
            row = connection.execute(chosen).one_or_none()
        return self._launch(row) if row is not None and _is_alive(row, naive(now)) else None

    def use_state(self, launch_id: str) -> bool:
        """Take the `state` away; true for the one caller who did."""
        taken = update(launch).where(launch.c.id == launch_id, launch.c.state_hash.is_not(None)).values(state_hash=None)
        with self._engine.begin() as connection:
            return connection.execute(taken).rowcount == 1

    def open(self, launch_id: str, context: Context, grant: Grant, now: datetime) -> str | None:
        """Somebody signed in: keep context and tokens, forget what was pending, and change the secret.

        Returns:
            The new secret for the cookie; None if the launch was not waiting for this.
        """
        secret = secrets.token_urlsafe(32)
        values = {
            "phase": Phase.OPEN,
            "secret_hash": _hash(secret),
            "created": naive(now),
            "seen": naive(now),
            "pending": None,
            "context": self._seal(asdict(context), launch_id, "context"),
            "grant": self._seal(_grant_document(grant), launch_id, "grant"),
            "grant_version": grant.version,
        }
        return secret if self._step(launch_id, Phase.ASKED, values) else None

    def know(self, launch_id: str, person: Person) -> None:
        """Keep who the signed-in user is."""
        self._step(launch_id, Phase.OPEN, {"person": self._seal(asdict(person), launch_id, "person")})

    def grant(self, launch_id: str) -> Grant | None:
        """The tokens of an open launch."""
        with self._engine.connect() as connection:
            sealed = connection.execute(select(launch.c.grant).where(launch.c.id == launch_id)).scalar_one_or_none()
        return None if sealed is None else _grant(self._vault.open(sealed, place(launch, launch_id, "grant")))

    def claim_renewal(self, launch_id: str, version: int, now: datetime, lease: timedelta) -> bool:
        """Whether the caller, alone among all processes, may renew this version of the tokens until the lease ends."""
        free = launch.c.renewing_until.is_(None) | (launch.c.renewing_until < naive(now))
        claimed = update(launch).where(launch.c.id == launch_id, launch.c.grant_version == version, free)
        with self._engine.begin() as connection:
            return connection.execute(claimed.values(renewing_until=naive(now) + lease)).rowcount == 1

    def renew(self, launch_id: str, grant: Grant) -> bool:
        """Keep renewed tokens in place of the version before; false if that is no longer the one kept."""
        values = {
            "grant": self._seal(_grant_document(grant), launch_id, "grant"),
            "grant_version": grant.version,
            "renewing_until": None,
        }
        before = update(launch).where(launch.c.id == launch_id, launch.c.grant_version == grant.version - 1)
        with self._engine.begin() as connection:
            return connection.execute(before.where(launch.c.phase == Phase.OPEN).values(values)).rowcount == 1

    def release_renewal(self, launch_id: str) -> None:
        """Give back a claim that led to no new tokens."""
        with self._engine.begin() as connection:
            connection.execute(update(launch).where(launch.c.id == launch_id).values(renewing_until=None))

    def need(self, launch_id: str, until: datetime) -> None:
        """Keep the tokens of a launch for work in the background; its session rests and ends all the same."""
        with self._engine.begin() as connection:
            connection.execute(update(launch).where(launch.c.id == launch_id).values(needed_until=naive(until)))

    def needed(self, launch_id: str, now: datetime) -> Launch | None:
        """A launch whose tokens are kept for work in the background, its session over or not; None: they are not."""
        mine = (launch.c.id == launch_id) & (launch.c.phase == Phase.OPEN) & (launch.c.needed_until >= naive(now))
        with self._engine.connect() as connection:
            row = connection.execute(select(launch).where(mine)).one_or_none()
        return None if row is None else self._launch(row)

    def signed_in(self, registration: str, now: datetime) -> tuple[Launch, ...]:
        """Every session of a registration that somebody is signed in with, the one seen last first."""
        mine = (launch.c.registration == registration) & (launch.c.phase == Phase.OPEN)
        with self._engine.connect() as connection:
            rows = connection.execute(select(launch).where(mine).order_by(launch.c.seen.desc())).all()
        return tuple(one for row in rows if _is_alive(row, naive(now)) and (one := self._launch(row)) is not None)

    def end(self, launch_id: str) -> None:
        """End a launch and forget everything secret of it."""
        gone: dict[str, Any] = dict.fromkeys((*_SEALED, "state_hash", "renewing_until"))
        with self._engine.begin() as connection:
            connection.execute(update(launch).where(launch.c.id == launch_id).values(phase=Phase.ENDED, **gone))

    def sweep(self, now: datetime) -> None:
        """Forget every launch that is over."""
        with self._engine.begin() as connection:
            connection.execute(delete(launch).where(over(now)))

    def _step(self, launch_id: str, phase: Phase, values: Mapping[str, Any]) -> bool:
        step = update(launch).where(launch.c.id == launch_id, launch.c.phase == phase).values(dict(values))
        with self._engine.begin() as connection:
            return connection.execute(step).rowcount == 1

    def _seal(self, document: Mapping[str, Any], launch_id: str, column: str) -> bytes:
        return self._vault.seal(document, place(launch, launch_id, column))

    def _launch(self, row: Row[Any]) -> Launch | None:
        """A launch as kept; None where it was sealed with another key: then it is over."""
        try:
            opened = {
                name: self._vault.open(getattr(row, name), place(launch, row.id, name))
                for name in ("pending", "context", "person")
                if getattr(row, name) is not None
            }
        except VaultError:
            return None
        return Launch(
            id=row.id,
            registration=row.registration,
            phase=Phase(row.phase),
            created=row.created.replace(tzinfo=UTC),
            seen=row.seen.replace(tzinfo=UTC),
            pending=Pending(**opened["pending"]) if "pending" in opened else None,
            context=Context(**opened["context"]) if "context" in opened else None,
            person=Person(**opened["person"]) if "person" in opened else None,
        )


def over(now: datetime) -> ColumnElement[bool]:
    """Which launches nobody can come back to."""
    present = naive(now)
    free = launch.c.needed_until.is_(None) | (launch.c.needed_until < present)
    found = (launch.c.phase == Phase.ENDED) | (free & (launch.c.created < present - WHOLE_LIFE))
    found |= free & (launch.c.phase == Phase.OPEN) & (launch.c.seen < present - IDLE_LIFE)
    return found | ((launch.c.phase != Phase.OPEN) & (launch.c.created < present - PENDING_LIFE))


def _is_alive(row: Row[Any], now: datetime) -> bool:
    if row.phase == Phase.OPEN:
        return bool(now < row.seen + IDLE_LIFE and now < row.created + WHOLE_LIFE)
    return bool(row.phase != Phase.ENDED and now < row.created + PENDING_LIFE)


def _grant_document(grant: Grant) -> dict[str, Any]:
    return {**asdict(grant), **{name: getattr(grant, name).isoformat() for name in _DATES}}


def _grant(document: Mapping[str, Any]) -> Grant:
    return Grant(**{**document, **{name: datetime.fromisoformat(document[name]) for name in _DATES}})
