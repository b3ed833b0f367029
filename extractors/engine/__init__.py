"""Where cases are counted: engines that run the SQL of `extractors/sql` over event tables."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
from pyarrow.parquet import ParquetFile

from extractors.errors import TableError
from extractors.events import Takes


class Engine(Takes, Protocol):
    """A database of event tables that runs the plain SQL of `extractors/sql`: in this process, or on a cluster.

    The same statements over the same tables give the same rows in every engine. Text compares by the bytes of its
    UTF-8, and null comes last unless an order says otherwise. A statement is run when its table is first read.
    """

    def expect_few_rows(self) -> None:
        """Prepare for small data, whose cost is in starting and planning."""

    def read(self, name: str, path: Path) -> None:
        """Take in under a name what `write` left, in place of what had that name."""

    def run(self, file: str) -> None:
        """Have the statements of one SQL file, each as a table of its name."""

    def table(self, name: str, order: str = "ALL") -> pa.Table:
        """A whole table in a fixed order: that which is said, then every other column from left to right.

        So ALL, which says none, is every column.
        """

    def batches(self, name: str, order: str = "ALL") -> Iterator[pa.RecordBatch]:
        """A whole table in a fixed order, a part at a time; read to its end before anything else is asked."""

    def rows(self, name: str, order: str = "ALL") -> list[dict[str, Any]]:
        """A whole table as records, in a fixed order."""

    def forget(self, *names: str) -> None:
        """Let go of tables that nobody reads any more; others are passed over."""

    def write(self, name: str, path: Path) -> None:
        """Write a table as Parquet, in a fixed order."""

    def computed(self, what: str, of: Sequence[str], compute: Callable[[], Any]) -> Any:
        """What Python makes of whole tables; an engine that keeps things may know it without making these.

        Args:
            what: names the computation, and all that decides it besides the code and the tables.
            of: the tables that it reads.
            compute: gives a value of JSON: text, numbers, truths, null, lists, and records with text as keys.
        """


def written_table(path: Path) -> pa.Table:
    """The table that an engine's `write` left in a file.

    Raises:
        TableError: the file is missing or is no Parquet table.
    """
    try:
        return ParquetFile(path).read()
    except (OSError, pa.ArrowException):
        raise TableError(f"{path.name}: expected a Parquet table that pi180 wrote, got none.") from None
