"""Rows kept as columns while they are gathered, and given to SQL as one Arrow table."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

Row = dict[str, Any]


class Rows:
    """The rows of one table of `tables`. Iteration gives each as a record; the order is that in which they came."""

    __slots__ = ("columns", "schema")

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.columns: dict[str, list[Any]] = {name: [] for name in schema.names}

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Iterator[Row]:
        names = tuple(self.columns)
        return (dict(zip(names, values, strict=True)) for values in zip(*self.columns.values(), strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.columns == other.columns

    __hash__ = None  # type: ignore[assignment]  # it grows

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one row, which has every column."""
        for name, column in self.columns.items():
            column.append(row[name])

    def extend(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows, each with every column."""
        for row in rows:
            self.add(row)

    def table(self) -> pa.Table:
        """All rows as an Arrow table."""
        return pa.table([pa.array(self.columns[f.name], f.type) for f in self.schema], schema=self.schema)
