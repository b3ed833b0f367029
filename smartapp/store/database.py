"""The one connection pool to the store's file."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError

from smartapp.store.errors import StoreError
from smartapp.store.versions import HEAD, bring_up_to_date, version_of

_PATIENCE = 10.0
"""Seconds to wait for another who writes."""
_PRAGMAS = (f"busy_timeout={_PATIENCE * 1000:.0f}", "synchronous=FULL", "secure_delete=ON")
_WRITING = "pi180_writing"


class Database:
    """The store's file, made with its tables when it is not there yet, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        """Open the file; an older store is upgraded, by one process while others wait.

        Raises:
            StoreError: it is newer than this product, damaged, or no store.
        """
        path.touch(mode=0o600)
        path.chmod(0o600)  # one that was there before may be open to others; its journals get the same mode
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self.engine, "connect", _settings)
        event.listen(self.engine, "begin", _begin)
        if not self._is_current(path):
            with self.writing() as connection:
                bring_up_to_date(connection, path)

    def _is_current(self, path: Path) -> bool:
        try:
            with self.engine.connect() as connection:
                return version_of(connection) == HEAD
        except OperationalError:  # in use, or not to be opened: it may be whole
            raise
        except DatabaseError:
            raise StoreError(
                f"{path}: is no store of pi180, or is damaged. Name another data folder, or put a copy of it back."
            ) from None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that nobody writes beside: what it reads is still so when it writes."""
        with self.engine.execution_options(**{_WRITING: True}).begin() as connection:
            yield connection

    def compact(self) -> None:
        """Give back the room of what was deleted: no page of the file or its journal holds it any longer."""
        with closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                cursor.execute(statement)
                cursor.fetchall()

    def close(self) -> None:
        """Give every connection back to the system."""
        self.engine.dispose()


def _settings(connection: DBAPIConnection, _: Any) -> None:
    connection.isolation_level = None  # transactions begin in `_begin` alone, not where the driver thinks fit
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Journal ahead, which SQLite refuses at once, without its patience, while another is writing the old way."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")
