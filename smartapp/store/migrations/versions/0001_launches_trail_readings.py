"""The tables that stores had before their versions were counted: an existing store is taken over as it is."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: a store without these tables is new, and new stores are made whole."""
