"""Rows kept while they are gathered, and given to SQL as one Arrow table."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

Row = dict[str, Any]
Values = tuple[Any, ...]
"""A row as its values, in the order of its table's columns."""


class Rows:
    """The rows of one table of `tables`. Iteration gives each as a record; the order is that in which they came."""

    __slots__ = ("schema", "values")

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.values: list[Values] = []

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Row]:
        names = self.schema.names
        return (dict(zip(names, values, strict=True)) for values in self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self.values == other.values

    __hash__ = None  # type: ignore[assignment]  # it grows

    def add(self, row: Mapping[str, Any]) -> None:
        """Take one row, which has every column."""
        self.values.append(tuple([row[name] for name in self.schema.names]))

    def extend(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows, each with every column."""
        for row in rows:
            self.add(row)

    def table(self) -> pa.Table:
        """All rows as an Arrow table."""
        columns = zip(*self.values, strict=True) if self.values else ((),) * len(self.schema)
        arrays = [pa.array(column, field.type) for field, column in zip(self.schema, columns, strict=True)]
        return pa.table(arrays, schema=self.schema)
