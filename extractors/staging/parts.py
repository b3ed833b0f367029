"""What became of one block, as files: its rows as Parquet, and beside them, for reuse, all else with their digests.

A part counts only if it is whole (see `whole`): else it is as good as nothing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import write_table

from extractors.decode import Json
from extractors.events import Extract
from extractors.rows import Row, Rows
from extractors.staging.whole import digest, heard, put, say
from extractors.told import Hit, Tried


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of rows: its name, how many, and the SHA-256 of its bytes."""

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one block: files by table (none for a table without rows), and all that is not rows.

    The fields are those of an `Extract`.
    """

    name: str
    tables: Mapping[str, Kept]
    quarantine: list[Row]
    not_read: Counter[tuple[str, str]]
    first: dict[str, list[Json]]
    tried: Tried


def write(folder: Path, name: str, found: Extract) -> Part:
    """Write the rows of a block.

    Raises:
        OSError: they cannot be written.
    """
    tables = {table: _written(folder, f"{name}.{table}.parquet", rows) for table, rows in found.tables.items() if rows}
    return Part(name, tables, found.quarantine, found.not_read, found.first, found.tried)


def keep(folder: Path, part: Part) -> None:
    """Write what is not rows, by which `read` finds the part again."""
    said = {
        "name": part.name,
        "tables": {table: [kept.file, kept.rows, kept.sha256] for table, kept in part.tables.items()},
        "quarantine": part.quarantine,
        "not_read": [[*key, number] for key, number in part.not_read.items()],
        "first": part.first,
        "tried": [[*key, number] for key, number in part.tried.hits.items()],
    }
    say(folder / f"{part.name}.json", said)


def read(folder: Path, name: str) -> Part | None:
    """A part that `keep` left under a name; None unless all of it is there as it was written."""
    try:
        part = _part(heard(folder / f"{name}.json"))
        whole = all(digest((folder / kept.file).read_bytes()) == kept.sha256 for kept in part.tables.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return part if whole and part.name == name else None


def files_of(part: Part) -> list[str]:
    """The names of all files that a kept part has."""
    return [f"{part.name}.json", *(kept.file for kept in part.tables.values())]


def _part(said: dict[str, Any]) -> Part:
    return Part(
        name=said["name"],
        tables={table: Kept(*kept) for table, kept in said["tables"].items()},
        quarantine=said["quarantine"],
        not_read=Counter({(file, what): number for file, what, number in said["not_read"]}),
        first=said["first"],
        tried=Tried(Counter({(rule, Hit(hit), what): number for rule, hit, what, number in said["tried"]})),
    )


def _written(folder: Path, file: str, rows: Rows) -> Kept:
    out = pa.BufferOutputStream()
    write_table(rows.table(), out, compression="zstd")
    data = out.getvalue().to_pybytes()
    put(folder / file, data)
    return Kept(file, len(rows), digest(data))
