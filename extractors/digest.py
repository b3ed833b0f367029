"""One digest for the rows of a table: column by column, in the order in which they come, in bounded memory.

Of each column two streams are hashed: how many bytes each value has (null has -1), and the values themselves, one after
the other. Together they give every value back, so that no two tables have the same streams. Where one batch ends and
the next begins is no part of them, nor which engine the rows come from.
"""

import json
from collections.abc import Iterable
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
        text: Any = values.cast(pa.string())  # Arrow's signatures are of any kind of array
        lengths: Any = pc.fill_null(pc.binary_length(text), _NULL)
        self._lengths.update(lengths.to_numpy().astype("<i4", copy=False))
        whole = pa.ListArray.from_arrays(pa.array([0, len(text)], pa.int32()), pc.fill_null(text, ""))
        joined: Any = pc.binary_join(whole, "")
        self._text.update(joined[0].as_buffer())

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
