"""The only door to DuckDB: runs the plain SQL of `extractors/sql` in process.

A SQL file is a sequence of named SELECT statements (`-- table: name`); each becomes a table that the next
ones may read. The text itself is no dialect's: the same statements run in a distributed engine.
"""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

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


class LocalEngine:
    """An in-process database of event tables. Close it, or use it as a context."""

    def __init__(self, memory_limit: str = "2GB") -> None:
        self._db = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": 2})

    def single_threaded(self) -> None:
        """Use one thread from now on: for small data, whose cost is in starting threads."""
        self._db.execute("SET threads = 1")

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def load(self, name: str, table: pa.Table) -> None:
        """Take an Arrow table in under a name, in place of what had that name."""
        self._db.register("incoming_rows", table)
        self._db.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming_rows")  # noqa: S608  # our names
        self._db.unregister("incoming_rows")

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
        """Run the statements of one SQL file, each into a table of its name.

        Raises:
            TableError: a table or column that the statements read is not there.
        """
        for name, text in statements(file):
            try:
                self._db.execute(f"CREATE OR REPLACE TABLE {name} AS {text}")
            except (duckdb.BinderException, duckdb.CatalogException) as problem:
                raise TableError(f"{file}, {name}: expected the tables that it reads, got: {problem}") from problem

    def table(self, name: str, order: str = "ALL") -> pa.Table:
        """A whole table in a fixed order."""
        found: pa.Table = self._db.sql(f"SELECT * FROM {name} ORDER BY {order}").to_arrow_table()  # noqa: S608  # our names
        return found

    def rows(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        """A whole table as records, in a fixed order."""
        return list(self.table(name, order).to_pylist())

    def write(self, name: str, path: Path) -> None:
        """Write a table as Parquet, in a fixed order."""
        self._db.execute(f"COPY (SELECT * FROM {name} ORDER BY ALL) TO '{path}' (FORMAT parquet)")  # noqa: S608
