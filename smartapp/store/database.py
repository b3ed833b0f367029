"""The tables, and the one connection pool to them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection

metadata = MetaData()

launch = Table(
    "launch",
    metadata,
    Column("id", String, primary_key=True),
    Column("registration", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("created", DateTime, nullable=False),
    Column("seen", DateTime, nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("state_hash", String, unique=True),
    Column("pending", LargeBinary),
    Column("context", LargeBinary),
    Column("person", LargeBinary),
    Column("grant", LargeBinary),
    Column("grant_version", Integer, nullable=False, default=0),
    Column("renewing_until", DateTime),
    Column("needed_until", DateTime),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", DateTime, nullable=False),
    Column("event", String, nullable=False),
    Column("registration", String),
    Column("launch", String),
    Column("user", String),
    Column("patient", String),
    Column("detail", String),
)

for _act in ("UPDATE", "DELETE"):
    _only_added_to = DDL(  # type: ignore[no-untyped-call]
        f"CREATE TRIGGER audit_{_act} BEFORE {_act} ON audit BEGIN SELECT RAISE(ABORT, 'audit is only added to'); END"
    )
    event.listen(audit, "after_create", _only_added_to.execute_if(dialect="sqlite"))

reading = Table(
    "reading",
    metadata,
    Column("registration", String, primary_key=True),
    Column("npi", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("problem", String),
    Column("beat", DateTime, nullable=False),
)

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=10000")


def naive(now: datetime) -> datetime:
    """An aware time as columns keep it: UTC, without a zone."""
    return now.astimezone(UTC).replace(tzinfo=None)


class Database:
    """The store's file, made with its tables when it is not there yet, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        path.chmod(0o600)  # one that was there before may be open to others; its journals get the same mode
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self.engine, "connect", _settings)
        metadata.create_all(self.engine)

    def close(self) -> None:
        """Give every connection back to the system."""
        self.engine.dispose()


def _settings(connection: DBAPIConnection, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
