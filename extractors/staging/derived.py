"""Derived tables and other results that are kept from run to run, by what decides them, as a build keeps what it made.

A key is a digest of all that decides a result (see `extractors.engine.statements`). What was kept under it counts only
if the digest of its bytes holds; damaged, cut, foreign or missing, it is made anew. The folder is that of the rows,
and as private.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from extractors.digest import digest_of_rows
from extractors.errors import StagingError
from extractors.sources.crawl_files import digest_of
from extractors.staging.versions import code_version
from extractors.staging.whole import LEAST_ROOM, draft_of, heard, say

_TABLES = "tables"
_OURS = re.compile(r"\.?(?P<name>[0-9a-f]{64})\.[a-z.]+(\.\d+)?")
_COLUMN = re.compile(r"\w+")
_CONTENT_NAMED = re.compile(r"[0-9a-f]{64}\..+")

IN_FILES = {
    "BIGINT": "BIGINT",
    "BOOLEAN": "BOOLEAN",
    "HUGEINT": "DECIMAL(38,0)",
    "INTEGER": "INTEGER",
    "VARCHAR": "VARCHAR",
}
"""The types of columns in the database that are kept, and as what each lies in a file, where no value changes."""


def key_of_rows(name: str, table: pa.Table) -> str:
    """The key of a table that Python gives: its rows in their order, and the types of its columns."""
    return sha256(f"{table.schema} {digest_of_rows(name, table.to_batches())}".encode()).hexdigest()


def key_of_files(schema: pa.Schema, files: Sequence[Path]) -> str | None:
    """The key of a table in files of which each is named by what it holds, as parts are; None for other files."""
    names = [file.name for file in files]
    if not all(map(_CONTENT_NAMED.fullmatch, names)):
        return None
    return sha256(f"{schema} {names}".encode()).hexdigest()


class Form(StrEnum):
    """How a table lies in its file: in no order, or sorted by all of its columns."""

    ROWS = "rows"
    SORTED = "sorted"


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table in a file, and the type of each of its columns in the database, as which a reader takes it."""

    file: Path
    types: Mapping[str, str]


@dataclass(slots=True)
class KeptTables:
    """Results on the disk, and which of them this run knows of: those alone are left at its end.

    Args:
        folder: where they lie, this process's alone meanwhile.
        version: of what makes them.
    """

    folder: Path
    version: str
    _known: set[str] = field(default_factory=set)

    def know(self, keys: Iterable[str | None]) -> None:
        """Leave what is kept under these keys for the next run, whether or not this one reads it."""
        self._known.update(self._name(key) for key in keys if key is not None)

    def table(self, key: str, form: Form) -> KeptTable | None:
        """The table of a key; None where there is none that is whole."""
        place = self._place(key, form)
        try:
            said = heard(place.with_suffix(".json"))
            types = {name: kind for name, kind in said["types"] if _COLUMN.fullmatch(name) and kind in IN_FILES}
            whole = digest_of(place) == said["sha256"] and len(types) == len(said["types"])
        except (ValueError, TypeError, KeyError):
            return None
        return KeptTable(place, types) if whole else None

    def keep(self, key: str, form: Form, types: Mapping[str, str], write: Callable[[Path], object]) -> None:
        """Keep a table that `write` writes to a file, unless it has columns of other types, or there is no room."""
        self.know([key])
        place = self._place(key, form)
        if not IN_FILES.keys() >= set(types.values()):
            return
        with suppress(OSError):
            if shutil.disk_usage(self.folder).free < LEAST_ROOM:
                return
            with draft_of(place) as draft:
                write(draft)
                said = {"types": list(types.items()), "sha256": digest_of(draft)}
            say(place.with_suffix(".json"), said)

    def value(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value of a key, of JSON, computed where none is kept."""
        self.know([key])
        place = self.folder / f"{self._name(key)}.json"
        found = heard(place)
        if not isinstance(found, list) or len(found) != 1:
            found = [compute()]
            with suppress(OSError):
                say(place, found)
        return found[0]

    def drop_unknown(self) -> None:
        """Remove what this run does not know of, and what a killed one had begun."""
        for file in self.folder.iterdir():
            named = _OURS.fullmatch(file.name)
            if named and (file.name.startswith(".") or named["name"] not in self._known) and not file.is_dir():
                file.unlink(missing_ok=True)

    def _place(self, key: str, form: Form) -> Path:
        return self.folder / f"{self._name(key)}.{form}.parquet"

    def _name(self, key: str) -> str:
        return sha256(f"{self.version} {key}".encode()).hexdigest()


@contextmanager
def kept_tables(place: Path | None) -> Iterator[KeptTables | None]:
    """The results in a folder for reuse that is this process's already; None keeps nothing.

    At the end what the run does not know of is dropped, unless it was interrupted and may not have come to it.

    Raises:
        StagingError: a file stands where they should lie.
    """
    if place is None:
        yield None
        return
    folder = place / _TABLES
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
    except FileExistsError:
        raise StagingError(f"--reuse: {folder}: expected a folder, got a file. Remove it.") from None
    tables = KeptTables(folder, code_version())
    try:
        yield tables
    except Exception:
        tables.drop_unknown()
        raise
    tables.drop_unknown()
