"""Runs the plain SQL of `extractors/sql` in process, in DuckDB.

Parsing takes its time where rows are few. So a statement is parsed once a process, and runs only when its table is
read.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extractors.engine import written_table
from extractors.engine.database import of_few_rows, of_many_rows
from extractors.engine.faults import cause_of, fault, lacks_room, reason_in, told
from extractors.engine.ordering import full_order
from extractors.engine.quoting import path_text, quoted, typed
from extractors.engine.statements import Statement, Waiting, statements
from extractors.errors import TableError
from extractors.staging.derived import IN_FILES, Form, KeptTables, key_of_files, key_of_rows

_LASTING = frozenset({"cases", "received_context", "incoming_context"})
"""Tables from which any period is counted: kept as soon as they are made."""

_BATCH_ROWS = 8_192
_PARSED: dict[str, duckdb.Statement] = {}


class LocalEngine:
    """An in-process database of event tables. Close it, or use it as a context.

    Whatever reads or makes a table raises `StagingError` where memory or the disk comes to its end, and where rows that
    lie in files are gone or damaged.

    Args:
        memory_limit: of the database; engines of few rows have it together. What does not fit lies in a private folder
            on the disk, as long as the engine is open.
        threads: of the database, unless rows are few.
        kept: what earlier runs made: what is asked for is taken from there, or kept there; None keeps nothing.
    """

    def __init__(self, memory_limit: str = "2GB", threads: int = 2, kept: KeptTables | None = None) -> None:
        self._memory_limit, self._threads, self._few = memory_limit, threads, False
        self._views: set[str] = set()
        self._kept = kept
        self._made: set[str] = set()
        self._waiting = Waiting(self._create, self._took)
        self._open = ExitStack()
        self._reader: pa.RecordBatchReader | None = None

    def expect_few_rows(self) -> None:
        """Prepare for small data, whose cost is in starting and planning. Has no effect once a table is there."""
        if "_db" not in self.__dict__:
            self._few = True

    @cached_property
    def _db(self) -> duckdb.DuckDBPyConnection:
        limit = self._memory_limit
        return self._open.enter_context(of_few_rows(limit) if self._few else of_many_rows(limit, self._threads))

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, kind: object = None, problem: BaseException | None = None, trace: object = None) -> None:
        """Let go of all; what ended the context comes out of it, rather than what goes wrong here."""
        with suppress(duckdb.Error) if problem else self._told(), self._open:
            if self._reader is not None:
                self._reader.close()  # it may not have been read to its end, and holds the database

    def _told(self) -> AbstractContextManager[None]:
        return told(self._memory_limit)

    def load(self, name: str, table: pa.Table) -> None:
        """Take an Arrow table in under a name, in place of what had that name."""
        with self._told():
            self._replace(name, key_of_rows(name, table) if self._kept else None)
            self._drop_view(name)
            incoming_rows = table  # noqa: F841  # DuckDB reads it by its name, which is cheaper than a view of it
            self._db.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming_rows")  # noqa: S608  # our names

    def load_files(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Read a table from Parquet files of a schema, under a name; they stay where they are and are not held.

        Raises:
            TableError: a file is missing or is no Parquet table.
        """
        if not files:
            self.load(name, schema.empty_table())
            return
        with self._told():
            self._replace(name, key_of_files(schema, files) if self._kept else None)
            try:
                self._see(name, "*", files)
            except duckdb.Error as problem:
                if lacks_room(problem):
                    raise
                raise TableError(f"{name}: expected Parquet tables that pi180 wrote. Read the source anew.") from None

    def _replace(self, name: str, key: str | None) -> None:
        """Make way for a table that is loaded."""
        self._waiting.replace(name, key)
        self._made.discard(name)
        if self._kept:
            self._kept.know([key])

    def _see(self, name: str, columns: str, files: Sequence[Path]) -> None:
        """Read a table where it lies, each time that it is read."""
        if name not in self._views:
            self._db.execute(f"DROP TABLE IF EXISTS {name}")
        rows = f"read_parquet([{', '.join(map(path_text, files))}], hive_partitioning = false)"
        self._db.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} FROM {rows}")  # noqa: S608  # our names
        self._views.add(name)

    def _drop_view(self, name: str) -> None:
        """Make way for a table in place of a view."""
        if name in self._views:
            self._db.execute(f"DROP VIEW {name}")
            self._views.discard(name)

    def read(self, name: str, path: Path) -> None:
        """Take in under a name what `write` left, in place of what had that name.

        Raises:
            TableError: the file is missing or is no Parquet table.
        """
        self.load(name, written_table(path))

    def run(self, file: str) -> None:
        """Have the statements of one SQL file, each as a table of its name, made when it is read."""
        with self._told():
            self._waiting.add(file)
        if self._kept:
            self._kept.know(self._waiting.key(name) for name, _ in statements(file))

    def computed(self, what: str, of: Sequence[str], compute: Callable[[], Any]) -> Any:
        """What Python makes of whole tables: of an earlier run where it is known, so that they need not be made."""
        key = self._waiting.key_of(what, of)
        return compute() if self._kept is None or key is None else self._kept.value(key, compute)

    def _took(self, found: Statement) -> bool:
        """Read the table of a statement where an earlier run kept it, if it did."""
        kept = self._kept.table(found.key, Form.ROWS) if self._kept and found.key else None
        if kept is None:
            return False
        self._see(found.name, typed(kept.types), [kept.file])
        self._made.discard(found.name)
        return True

    def _create(self, found: Statement) -> None:
        """Make the table of a statement.

        Raises:
            TableError: a table or column that the statement reads is not there.
        """
        self._drop_view(found.name)
        try:
            self._db.execute(self._parsed(f"CREATE OR REPLACE TABLE {found.name} AS {found.text}"))
        except (duckdb.BinderException, duckdb.CatalogException) as problem:
            message = f"{found.file}, {found.name}: expected the tables that it reads, got: {problem}"
            raise TableError(message) from problem
        self._made.add(found.name)
        if found.name in _LASTING:
            self._keep(found.name)

    def _keep(self, name: str) -> None:
        """Keep a table that was made here for the next run, if there is room for it in memory and on the disk."""
        key = self._waiting.key(name)
        if self._kept and key and name in self._made:
            types = {row[0]: row[1] for row in self._db.execute(f"DESCRIBE {name}").fetchall()}
            columns = typed({column: IN_FILES.get(kind, kind) for column, kind in types.items()})
            rows = f"SELECT {columns} FROM {name}"  # noqa: S608  # our names
            with suppress(duckdb.OutOfMemoryException, duckdb.IOException):
                self._kept.keep(key, Form.ROWS, types, lambda draft: self._copy(rows, draft))
        self._made.discard(name)

    def _copy(self, rows: str, path: Path) -> None:
        """Write the rows of a statement as Parquet.

        Raises:
            OSError: as `write` does.
        """
        try:
            self._db.execute(
                f"COPY ({rows}) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
            )
        except duckdb.IOException as problem:
            if str(path) not in str(problem):  # it is of a file that is read, or of the database's own
                raise
            reason = reason_in(str(problem)) or errno.EIO
            raise OSError(reason, os.strerror(reason), str(path)) from None

    def _parsed(self, text: str) -> duckdb.Statement:
        if text not in _PARSED:
            (_PARSED[text],) = self._db.extract_statements(text)
        return _PARSED[text]

    def table(self, name: str, order: str = "ALL") -> pa.Table:
        """A whole table in a fixed order.

        Raises:
            TableError: a table or column that its statement reads is not there.
        """
        with self._told():
            self._waiting.need(name)
            self._keep(name)
            found: pa.Table = self._sorted(name, order).to_arrow_table()
        return found

    def batches(self, name: str, order: str = "ALL") -> Iterator[pa.RecordBatch]:
        """A whole table in a fixed order, a part at a time; read to its end before anything else is asked.

        What nobody has read yet is made while it is given, and not kept.
        """
        with self._told():
            waiting = self._waiting.unmade(name)
            found = self._sorted(f"({waiting.text})" if waiting else name, order)
            reader = self._reader = found.to_arrow_reader(_BATCH_ROWS)
        try:
            yield from reader
        except OSError as problem:  # so Arrow passes on what the database says
            raise fault(str(problem), self._memory_limit) from cause_of(str(problem))
        finally:
            reader.close()

    def _sorted(self, rows: str, order: str) -> duckdb.DuckDBPyRelation:
        found = f"SELECT * FROM {rows}"  # noqa: S608  # our names
        if order != "ALL":  # which is every column already
            order = full_order(order, self._db.sql(found).columns)
        return self._db.sql(f"{found} ORDER BY {order}")

    def rows(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        """A whole table as records, in a fixed order; raises as `table` does."""
        return list(self.table(name, order).to_pylist())

    def forget(self, *names: str) -> None:
        """Let go of tables that nobody reads any more; others are passed over."""
        with self._told():
            for name in names:
                if name in self._made and not self._waiting.is_read(name):
                    self._db.execute(f"DROP TABLE {name}")
                    self._made.discard(name)

    def write(self, name: str, path: Path) -> None:
        """Write a table as Parquet, in a fixed order; raises as `table` does.

        Raises:
            OSError: the file cannot be written, with the reason as far as it is known: a full disk, or another fault.
        """
        key = self._waiting.key(name)
        kept = self._kept.table(key, Form.SORTED) if self._kept and key else None
        if kept:
            shutil.copyfile(kept.file, path)
            return
        with self._told():
            self._waiting.need(name)
            self._copy(f"SELECT * FROM {name} ORDER BY ALL", path)  # noqa: S608  # our names
        if self._kept and key:
            self._kept.keep(key, Form.SORTED, {}, lambda draft: shutil.copyfile(path, draft))
