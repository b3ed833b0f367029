"""Which version a store's tables are, and how they become those of this product.

A store that is new is made whole at once; Alembic is loaded only when there is something to upgrade, for loading it
takes most of a second.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from smartapp.store.errors import StoreError
from smartapp.store.tables import metadata

HEAD = "0002"
"""The number of the newest file in `migrations/versions`."""
_FIRST = "0001"
_STEPS = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: Connection, file: Path) -> None:
    """Make the tables of a new store, or upgrade those of an older one, whole or not at all.

    Args:
        connection: in a transaction that nobody writes beside.
        file: the store's file; it is copied beside itself before an upgrade.

    Raises:
        StoreError: the store is newer than this product, or no store of its.
    """
    found = version_of(connection)
    if found is None:
        metadata.create_all(connection)
        _stamp(connection, HEAD)
    elif not found.isdecimal():
        raise StoreError(f"{file}: is no store of pi180. Name another data folder.")
    elif found > HEAD:
        raise StoreError(
            f"{file}: was written by a newer pi180 (version {found} of the store; this one knows {HEAD}). "
            "Install that version again."
        )
    elif found < HEAD:
        _back_up(file, found)
        _upgrade(connection, found)


def version_of(connection: Connection) -> str | None:
    """The version that a store says it has; None: it is empty.

    One that says nothing is of the first version: it was written before versions were counted.
    """
    held = inspect(connection).get_table_names()
    if "alembic_version" in held:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none() or "none"
    return (_FIRST if "launch" in held else "none") if held else None


def backups(file: Path) -> tuple[Path, ...]:
    """The copies that were made before upgrades."""
    return tuple(sorted(file.parent.glob(f"{file.name}.before-*")))


def _back_up(file: Path, found: str) -> None:
    copy = file.with_name(f"{file.name}.before-{HEAD}-of-{found}")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _stamp(connection: Connection, version: str) -> None:
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS alembic_version "
            "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text("DELETE FROM alembic_version"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})


def _upgrade(connection: Connection, found: str) -> None:
    from alembic import command  # here, because most starts have nothing to upgrade
    from alembic.config import Config

    _stamp(connection, found)
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    command.upgrade(config, HEAD)
