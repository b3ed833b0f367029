"""A disk that has no room, and kept rows that are damaged in the midst of their use."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import write_table

ROWS = 60_000
TABLE = pa.table({"said": [f"Patient/secret-{number * 7919 % ROWS:05}" for number in range(ROWS)]})


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """Every write beyond so many bytes of a file fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)


def parts(folder: Path) -> list[Path]:
    """The table in three files."""
    files = [folder / f"{number}.parquet" for number in range(3)]
    for file in files:
        write_table(TABLE, file, compression="zstd", row_group_size=20_000)
    return files


def cut(file: Path) -> None:
    os.truncate(file, 1000)


def flip(file: Path) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[:2000] + bytes(4000) + whole[6000:])
