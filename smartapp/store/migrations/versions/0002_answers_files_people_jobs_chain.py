"""Answers, files, assignments and jobs; keys of the store's own; the trail is chained.

The table `reading` goes: it said how far work was whose process has ended.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables and the columns of the trail."""
    for name, kind in (("role", sa.String()), ("origin", sa.String()), ("version", sa.String())):
        op.add_column("audit", sa.Column(name, kind))
    op.add_column("audit", sa.Column("link", sa.Integer()))
    op.add_column("audit", sa.Column("code", sa.String()))
    op.create_index("audit_chain", "audit", ["registration", "number"])
    op.create_table(
        "data_key",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("registration", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("filing", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("filing", "number", name="draft_once"),
    )
    op.create_table(
        "document",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("registration", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("filing", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("removed", sa.DateTime()),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_document_filing", "document", ["filing"])
    _add_people_and_jobs()
    op.drop_table("reading")


def _add_people_and_jobs() -> None:
    op.create_table(
        "assignment",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("registration", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("registration", "user", "role", name="assignment_once"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("registration", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("begun", sa.DateTime(), nullable=False),
        sa.Column("beat", sa.DateTime(), nullable=False),
        sa.Column("ended", sa.DateTime()),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("told", sa.LargeBinary()),
    )
    live = sa.text("state IN ('waiting', 'running')")
    op.create_index("job_alone", "job", ["registration", "kind", "about"], unique=True, sqlite_where=live)
