"""Engines for what runs kept: where that is little, in memory alone, which is faster and leaves nothing on the disk.

Such an engine may stay open for as long as a server runs, and other rows lie in clear in a file meanwhile.
"""

from collections.abc import Iterable
from pathlib import Path

from extractors.cases import FEW_ROWS
from extractors.engine.local import LocalEngine

_FEW_BYTES = 500_000
"""Files of less hold about 80,000 rows."""


def engine_of_files(files: Iterable[Path]) -> LocalEngine:
    """An engine, still empty, that suits what lies in Parquet files; those that are missing hold nothing."""
    return _engine(few=sum(file.stat().st_size for file in files if file.is_file()) < _FEW_BYTES)


def engine_of_rows(rows: int) -> LocalEngine:
    """An engine, still empty, that suits so many rows of all tables together."""
    return _engine(few=rows < FEW_ROWS)


def _engine(few: bool) -> LocalEngine:
    engine = LocalEngine()
    if few:
        engine.expect_few_rows()
    return engine
