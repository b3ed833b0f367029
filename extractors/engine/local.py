"""The only door to DuckDB: runs the plain SQL of `extractors/sql` in process.

A SQL file is a sequence of named SELECT statements (`-- table: name`); each becomes a table that the next
ones may read. The text itself is no dialect's: the same statements run in a distributed engine.

A small practice's year, or one patient, is a few thousand rows: there, the time goes into starting a database,
parsing and planning, hardly into counting. So a statement is parsed once a process and runs only when its table
is read, and engines of few rows share one started database, each with a catalog of its own.
"""

import errno
import os
import re
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from extractors.errors import TableError

_STATEMENT = re.compile(r"^-- table: (?P<name>\w+)\n(?P<text>.*?)^;$", re.DOTALL | re.MULTILINE)


@cache
def statements(file: str) -> tuple[tuple[str, str], ...]:
    """The named SELECT statements of one file of `extractors/sql`, in order."""
    text = (files("extractors") / "sql" / file).read_text(encoding="utf-8")
    return tuple((found["name"], found["text"]) for found in _STATEMENT.finditer(text))


@cache
def _words(text: str) -> frozenset[str]:
    """The words of a statement: among them is every table that it reads."""
    return frozenset(re.findall(r"\w+", re.sub(r"--.*", "", text)))


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

_BATCH_ROWS = 65_536
_NUMBERS = count(1)
_PARSED: dict[str, duckdb.Statement] = {}


@cache
def _for_few_rows(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """The one database of all engines of few rows: its starting and its planning cost more than the counting."""
    db = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": 1})
    known = [str(name) for (name,) in db.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    db.execute(f"SET disabled_optimizers = '{','.join(n for n in known if n not in _GROWTH_DEPENDS_ON)}'")
    return db


class _Waiting(NamedTuple):
    """A statement whose table nobody has read yet, and the tables before it that it may read."""

    file: str
    text: str
    reads: frozenset[str]


class LocalEngine:
    """An in-process database of event tables. Close it, or use it as a context.

    Args:
        memory_limit: of the database; engines of few rows have it together.
    """

    def __init__(self, memory_limit: str = "2GB") -> None:
        self._memory_limit, self._catalog = memory_limit, ""
        self._names: set[str] = set()
        self._waiting: dict[str, _Waiting] = {}

    def expect_few_rows(self) -> None:
        """Prepare for small data, whose cost is in starting and planning. Has no effect once a table is there."""
        if "_db" not in self.__dict__:
            self._catalog = f"run_{next(_NUMBERS)}"

    @cached_property
    def _db(self) -> duckdb.DuckDBPyConnection:
        if not self._catalog:
            return duckdb.connect(":memory:", config={"memory_limit": self._memory_limit, "threads": 2})
        db = _for_few_rows(self._memory_limit).cursor()
        db.execute(f"ATTACH ':memory:' AS {self._catalog}; USE {self._catalog}")
        return db

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *_: object) -> None:
        if "_db" not in self.__dict__:
            return
        if self._catalog:
            self._db.execute(f"USE memory; DETACH {self._catalog}")
        self._db.close()

    def load(self, name: str, table: pa.Table) -> None:
        """Take an Arrow table in under a name, in place of what had that name."""
        self._replace(name)
        incoming_rows = table  # noqa: F841  # DuckDB reads the variable by its name, which is cheaper than a view of it
        self._db.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming_rows")  # noqa: S608  # our names

    def read(self, name: str, path: Path) -> None:
        """Take in under a name what `write` left, in place of what had that name.

        Raises:
            TableError: the file is missing or is no Parquet table.
        """
        try:
            table = ParquetFile(path).read()
        except (OSError, pa.ArrowException):
            raise TableError(f"{path.name}: expected a Parquet table that pi180 wrote, got none.") from None
        self.load(name, table)

    def run(self, file: str) -> None:
        """Have the statements of one SQL file, each as a table of its name, made when it is read."""
        for name, text in statements(file):
            reads = _words(text) & self._names - {name}
            self._replace(name)
            self._waiting[name] = _Waiting(file, text, reads)

    def _replace(self, name: str) -> None:
        """Make what waits to read the table that had this name; if that itself still waits, nobody needs it."""
        for reader in [n for n, found in self._waiting.items() if name in found.reads]:
            self._make(reader)
        self._waiting.pop(name, None)
        self._names.add(name)

    def _make(self, name: str) -> None:
        """Make a table that waits, after those that it reads.

        Raises:
            TableError: a table or column that the statement reads is not there.
        """
        found = self._waiting.pop(name, None)
        if found is None:
            return
        for read in sorted(found.reads):
            self._make(read)
        try:
            self._db.execute(self._parsed(f"CREATE OR REPLACE TABLE {name} AS {found.text}"))
        except (duckdb.BinderException, duckdb.CatalogException) as problem:
            raise TableError(f"{found.file}, {name}: expected the tables that it reads, got: {problem}") from problem

    def _parsed(self, text: str) -> duckdb.Statement:
        if text not in _PARSED:
            (_PARSED[text],) = self._db.extract_statements(text)
        return _PARSED[text]

    def table(self, name: str, order: str = "ALL") -> pa.Table:
        """A whole table in a fixed order.

        Raises:
            TableError: a table or column that its statement reads is not there.
        """
        self._make(name)
        found: pa.Table = self._db.sql(f"SELECT * FROM {name} ORDER BY {order}").to_arrow_table()  # noqa: S608  # our names
        return found

    def batches(self, name: str, order: str = "ALL") -> Iterator[pa.RecordBatch]:
        """A whole table in a fixed order, a part at a time; read to its end before anything else is asked.

        What nobody has read yet is made while it is given, and not kept.
        """
        waiting = self._waiting.get(name)
        for read in sorted(waiting.reads) if waiting else ():
            self._make(read)
        rows = f"({waiting.text})" if waiting else name
        yield from self._db.sql(f"SELECT * FROM {rows} ORDER BY {order}").to_arrow_reader(_BATCH_ROWS)  # noqa: S608

    def rows(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        """A whole table as records, in a fixed order; raises as `table` does."""
        return list(self.table(name, order).to_pylist())

    def write(self, name: str, path: Path) -> None:
        """Write a table as Parquet, in a fixed order; raises as `table` does.

        Raises:
            OSError: the file cannot be written, with the reason as far as it is known: a full disk, or another fault.
        """
        self._make(name)
        try:
            self._db.execute(f"COPY (SELECT * FROM {name} ORDER BY ALL) TO '{path}' (FORMAT parquet)")  # noqa: S608
        except duckdb.IOException as problem:
            full = os.strerror(errno.ENOSPC) in str(problem)
            reason = errno.ENOSPC if full else errno.EIO
            raise OSError(reason, os.strerror(reason), str(path)) from None
