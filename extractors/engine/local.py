"""The only door to DuckDB: runs the plain SQL of `extractors/sql` in process.

A small practice's year, or one patient, is a few thousand rows: there, the time goes into starting a database,
parsing and planning, hardly into counting. So a statement is parsed once a process and runs only when its table
is read, and engines of few rows share one started database, each with a catalog of its own.
"""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from extractors.engine import written_table
from extractors.engine.quoting import path_text, quoted, typed
from extractors.engine.statements import Statement, Waiting, statements
from extractors.errors import StagingError, TableError
from extractors.staging.derived import IN_FILES, Form, KeptTables, key_of_files, key_of_rows
from extractors.staging.private import private_folder

_GROWTH_DEPENDS_ON = (
    "cte_inlining",
    "deliminator",
    "empty_result_pullup",
    "filter_pullup",
    "filter_pushdown",
    "in_clause",
    "limit_pushdown",
    "materialized_cte",
    "top_n",
    "unused_columns",
)
"""Optimizers that stay for few rows too: without them, a join may become all pairs."""

_LASTING = frozenset({"cases", "received_context", "incoming_context"})
"""Tables from which any period is counted: kept as soon as they are made."""

_WITHOUT_ROOM = (duckdb.OutOfMemoryException, duckdb.IOException, duckdb.TransactionException, duckdb.FatalException)
"""What it raises at the end of its memory or of the disk: in a statement, or where its rows go into the file."""

_BATCH_ROWS = 8_192
_NUMBERS = count(1)
_PARSED: dict[str, duckdb.Statement] = {}


@cache
def _for_few_rows(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """The one database of all engines of few rows: its starting and its planning cost more than the counting."""
    db = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": 1, "temp_directory": ""})
    known = [str(name) for (name,) in db.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    db.execute(f"SET disabled_optimizers = '{','.join(n for n in known if n not in _GROWTH_DEPENDS_ON)}'")
    return db


class LocalEngine:
    """An in-process database of event tables. Close it, or use it as a context.

    As a context it turns the end of its memory, or of the disk, into a `StagingError`.

    Args:
        memory_limit: of the database; engines of few rows have it together. What does not fit lies in a private folder
            on the disk, as long as the engine is open.
        threads: of the database, unless rows are few.
        kept: what earlier runs made: what is asked for is taken from there, or kept there; None keeps nothing.
    """

    def __init__(self, memory_limit: str = "2GB", threads: int = 2, kept: KeptTables | None = None) -> None:
        self._memory_limit, self._threads, self._catalog = memory_limit, threads, ""
        self._views: set[str] = set()
        self._kept = kept
        self._made: set[str] = set()
        self._waiting = Waiting(self._create, self._took)
        self._spilling = ExitStack()

    def expect_few_rows(self) -> None:
        """Prepare for small data, whose cost is in starting and planning. Has no effect once a table is there."""
        if "_db" not in self.__dict__:
            self._catalog = f"run_{next(_NUMBERS)}"

    @cached_property
    def _db(self) -> duckdb.DuckDBPyConnection:
        if not self._catalog:
            return self._on_the_disk()
        db = _for_few_rows(self._memory_limit).cursor()
        db.execute(f"ATTACH ':memory:' AS {self._catalog}; USE {self._catalog}")
        return db

    def _on_the_disk(self) -> duckdb.DuckDBPyConnection:
        """A database for many rows, in a file, for of tables in memory alone a part always stays there.

        Tables have no order of their own here: whoever reads one says in which order.
        """
        folder = self._spilling.enter_context(private_folder())
        settings: dict[str, Any] = {
            "memory_limit": self._memory_limit,
            "threads": self._threads,
            "temp_directory": str(folder),
            "preserve_insertion_order": False,
        }
        db = duckdb.connect(folder / "rows.duckdb", config=settings)
        db.execute("PRAGMA disable_checkpoint_on_shutdown")  # the file goes with the engine
        return db

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, kind: object = None, problem: BaseException | None = None, trace: object = None) -> None:
        if "_db" not in self.__dict__:
            return
        if self._catalog:
            self._db.execute(f"USE memory; DETACH {self._catalog}")
        self._db.close()
        self._spilling.close()
        if isinstance(problem, _WITHOUT_ROOM):
            raise StagingError(self._too_little) from problem

    @property
    def _too_little(self) -> str:
        return (
            f"the rows need more than the {self._memory_limit} that the database has, or more room on the disk. "
            "Allow more memory (--memory), or name another disk with TMPDIR."
        )

    def load(self, name: str, table: pa.Table) -> None:
        """Take an Arrow table in under a name, in place of what had that name."""
        self._replace(name, key_of_rows(name, table) if self._kept else None)
        self._drop_view(name)
        incoming_rows = table  # noqa: F841  # DuckDB reads the variable by its name, which is cheaper than a view of it
        self._db.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming_rows")  # noqa: S608  # our names

    def load_files(self, name: str, schema: pa.Schema, files: Sequence[Path]) -> None:
        """Read a table from Parquet files of a schema, under a name; they stay where they are and are not held.

        Raises:
            TableError: a file is missing or is no Parquet table.
        """
        if not files:
            self.load(name, schema.empty_table())
            return
        self._replace(name, key_of_files(schema, files) if self._kept else None)
        try:
            self._see(name, "*", files)
        except duckdb.Error:
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
            with suppress(duckdb.OutOfMemoryException):
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
            full = os.strerror(errno.ENOSPC) in str(problem)
            reason = errno.ENOSPC if full else errno.EIO
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
        self._waiting.need(name)
        self._keep(name)
        found: pa.Table = self._db.sql(f"SELECT * FROM {name} ORDER BY {order}").to_arrow_table()  # noqa: S608  # our names
        return found

    def batches(self, name: str, order: str = "ALL") -> Iterator[pa.RecordBatch]:
        """A whole table in a fixed order, a part at a time; read to its end before anything else is asked.

        What nobody has read yet is made while it is given, and not kept.
        """
        waiting = self._waiting.unmade(name)
        rows = f"({waiting.text})" if waiting else name
        try:
            yield from self._db.sql(f"SELECT * FROM {rows} ORDER BY {order}").to_arrow_reader(_BATCH_ROWS)  # noqa: S608
        except OSError:  # so Arrow says it
            raise StagingError(self._too_little) from None

    def rows(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        """A whole table as records, in a fixed order; raises as `table` does."""
        return list(self.table(name, order).to_pylist())

    def forget(self, *names: str) -> None:
        """Let go of tables that nobody reads any more; others are passed over."""
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
        self._waiting.need(name)
        self._copy(f"SELECT * FROM {name} ORDER BY ALL", path)  # noqa: S608  # our names
        if self._kept and key:
            self._kept.keep(key, Form.SORTED, {}, lambda draft: shutil.copyfile(path, draft))
