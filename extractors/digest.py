"""One digest for the rows of a table: column by column, in the order in which they come, in bounded memory.

Of each column two streams are hashed: how many bytes each value has (null has -1), and the values themselves, one after
the other. Together they give every value back, so that no two tables have the same streams. Where one batch ends and
the next begins is no part of them, nor which engine the rows come from.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NULL = -1


class _Column:
    """The two streams of one column."""

    def __init__(self) -> None:
        self._lengths, self._text = sha256(), sha256()

    def take(self, values: Any) -> None:
        """Go on with more values, as text."""
        text: Any = pc.fill_null(values.cast(pa.string()), "")  # Arrow's signatures are of any kind of array
        lengths: Any = pc.if_else(values.is_null(), _NULL, pc.binary_length(text))
        self._lengths.update(lengths.to_numpy(zero_copy_only=False).astype("<i4", copy=False))
        _, ends, data = text.buffers()
        offsets = memoryview(ends).cast("i")
        if data is not None:
            self._text.update(memoryview(data)[offsets[text.offset] : offsets[text.offset + len(text)]])

    @property
    def digests(self) -> tuple[str, str]:
        """What the streams came to."""
        return self._lengths.hexdigest(), self._text.hexdigest()


def digest_of_rows(name: str, batches: Iterable[pa.RecordBatch]) -> str:
    """SHA-256 over a table's name, the names of its columns, and all values of each; the order of rows matters."""
    columns: dict[str, _Column] = {}
    for batch in (some for some in batches if some.num_rows):
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            columns.setdefault(column, _Column()).take(values)
    told = [name, *([column, *found.digests] for column, found in columns.items())]
    return sha256(json.dumps(told).encode()).hexdigest()


def each_once(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Rows in order, without those that follow their like: of sorted rows each once, however often it was read."""
    last: list[dict[str, Any]] = []
    for batch in (some for some in batches if some.num_rows):
        new = pa.array([batch.slice(0, 1).to_pylist() != last])
        last = batch.slice(batch.num_rows - 1).to_pylist()
        yield batch.filter(pa.concat_arrays([new, _differs(batch)]))


def _differs(batch: pa.RecordBatch) -> Any:
    """For every row but the first, whether it says anything else than the one before it."""
    same: Any = pa.array([True] * (batch.num_rows - 1), pa.bool_())
    for column in batch.columns:
        if not pc.any(same).as_py():
            break
        one, other = column.slice(1), column.slice(0, len(column) - 1)
        equal: Any = pc.equal(one, other)
        both_null: Any = pc.and_(one.is_null(), other.is_null())
        same = pc.and_(same, pc.or_(pc.fill_null(equal, False), both_null))
    return pc.invert(same)
