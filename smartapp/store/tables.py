"""The tables. Whatever is secret is one sealed column of JSON; what is searched by stands beside it in clear or hashed.

A change here needs a new file in `migrations/versions` and, in `database`, the number of that file as `HEAD`.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    DDL,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    event,
    text,
)

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
    Column("role", String),
    Column("origin", String),
    Column("version", String),
    Column("link", Integer),
    Column("code", String),
    Index("audit_chain", "registration", "number"),
)

for _act in ("UPDATE", "DELETE"):
    _only_added_to = DDL(  # type: ignore[no-untyped-call]
        f"CREATE TRIGGER audit_{_act} BEFORE {_act} ON audit BEGIN SELECT RAISE(ABORT, 'audit is only added to'); END"
    )
    event.listen(audit, "after_create", _only_added_to.execute_if(dialect="sqlite"))

data_key = Table(
    "data_key",
    metadata,
    Column("id", String, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
"""Random keys, one for each purpose, sealed with the store's key: what they sign or hash outlives a change of it."""

draft = Table(
    "draft",
    metadata,
    Column("id", String, primary_key=True),
    Column("registration", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("filing", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("filing", "number", name="draft_once"),
)

document = Table(
    "document",
    metadata,
    Column("id", String, primary_key=True),
    Column("registration", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("filing", String, nullable=False, index=True),
    Column("at", DateTime, nullable=False),
    Column("removed", DateTime),
    Column("sealed", LargeBinary, nullable=False),
)

assignment = Table(
    "assignment",
    metadata,
    Column("id", String, primary_key=True),
    Column("registration", String, nullable=False),
    Column("user", String, nullable=False),
    Column("role", String, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("registration", "user", "role", name="assignment_once"),
)

job = Table(
    "job",
    metadata,
    Column("id", String, primary_key=True),
    Column("registration", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("about", String, nullable=False),
    Column("state", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("cancelling", Boolean, nullable=False),
    Column("begun", DateTime, nullable=False),
    Column("beat", DateTime, nullable=False),
    Column("ended", DateTime),
    Column("sealed", LargeBinary, nullable=False),
    Column("told", LargeBinary),
)

LIVE = "state IN ('waiting', 'running')"
Index(
    "job_alone",
    job.c.registration,
    job.c.kind,
    job.c.about,
    unique=True,
    sqlite_where=text(LIVE),
    postgresql_where=text(LIVE),
)

SEALED = {
    launch: ("pending", "context", "person", "grant"),
    data_key: ("sealed",),
    draft: ("sealed",),
    document: ("sealed",),
    assignment: ("sealed",),
    job: ("sealed", "told"),
}
"""Every column that the vault seals; each value is bound to its table, row id and column by `place`."""


def place(table: Table, row_id: str, column: str = "sealed") -> str:
    """What a sealed value is bound to: it opens nowhere else (R95)."""
    return f"{table.name}/{row_id}/{column}"


def naive(now: datetime) -> datetime:
    """An aware time as columns keep it: UTC, without a zone."""
    return now.astimezone(UTC).replace(tzinfo=None)


def aware(kept: datetime) -> datetime:
    """A time of a column, with its zone."""
    return kept.replace(tzinfo=UTC)
