"""The one connection pool to the store's file."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DatabaseError, OperationalError

from smartapp.store.errors import StoreError
from smartapp.store.versions import HEAD, bring_up_to_date, version_of

_PATIENCE = 10.0
"""Seconds to wait for another who writes."""
_PRAGMAS = ("synchronous=FULL", "secure_delete=ON")
_WRITING = "pi180_writing"


class Database:
    """The store's file, made with its tables when it is not there yet, readable by its owner alone."""

    def __init__(self, path: Path, patience: float = _PATIENCE) -> None:
        """Open the file; an older store is upgraded, by one process while others wait.

        Args:
            path: the file.
            patience: seconds to wait for another who writes, each time.

        Raises:
            StoreError: it is newer than this product, damaged, or no store; it is in use by another process for longer
                than that; or it lies where SQLite cannot keep it safe.
        """
        self._path = path
        path.touch(mode=0o600)
        path.chmod(0o600)  # one that was there before may be open to others; its journals get the same mode
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        event.listen(self.engine, "connect", lambda connection, _: _settings(connection, path, patience))
        event.listen(self.engine, "begin", _begin)
        event.listen(self.engine, "handle_error", lambda context: _tell_busy(context, path))
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
        """Give back the room of what was deleted: no page of the file or its journal holds it any longer.

        Raises:
            StoreError: another process uses it all the while.
        """
        with _telling_busy(self._path), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                cursor.execute(statement)
                cursor.fetchall()

    def close(self) -> None:
        """Give every connection back to the system."""
        self.engine.dispose()


def _settings(connection: DBAPIConnection, path: Path, patience: float) -> None:
    connection.isolation_level = None  # transactions begin in `_begin` alone, not where the driver thinks fit
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={patience * 1000:.0f}", *_PRAGMAS):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor, path, patience)
    cursor.close()


def _write_ahead(cursor: Any, path: Path, patience: float) -> None:
    """Journal ahead, which SQLite refuses at once, without its patience, while another is writing the old way.

    Where it cannot, SQLite says so in its answer alone and goes on the old way. Network shares are such places, and on
    them no store is safe.

    Raises:
        StoreError: it lies in such a place.
    """
    until = time.monotonic() + patience
    while True:
        try:
            (mode,) = cursor.execute("PRAGMA journal_mode=WAL").fetchone()
            break
        except sqlite3.OperationalError as problem:
            if not _is_busy(problem) or time.monotonic() > until:
                raise
        time.sleep(0.01)
    if mode != "wal":
        raise StoreError(f"{path}: SQLite cannot journal ahead there (it says {mode!r}). Put it on a local disk.")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITING) else "BEGIN")


def _is_busy(problem: BaseException) -> bool:
    """Whether another process was in the way; the higher bytes of the code say how."""
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


@contextmanager
def _telling_busy(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as problem:
        if _is_busy(problem):
            raise _in_use(path) from None
        raise


def _tell_busy(context: ExceptionContext, path: Path) -> None:
    """In place of the library's message, which has a statement and an address of the web in it."""
    if _is_busy(context.original_exception):
        raise _in_use(path) from None


def _in_use(path: Path) -> StoreError:
    return StoreError(f"{path}: is in use by another process for too long. Wait until that is done, then try again.")
