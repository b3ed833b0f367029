"""What executors do: find where the lines of files stand, and extract those of some places.

Nothing here knows of Spark: plain functions over Arrow batches, as `mapInArrow` calls them. Each task is a function of
the files and of what it was sent, so that one whose executor is lost is simply done again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from extractors import tables
from extractors.errors import EngineError
from extractors.events import Extract, Reader
from extractors.profile import load_texts
from extractors.sources.blocks import Stretch, grouped, lines_of
from extractors.sources.folder import FileRecord, FileState, Folder
from extractors.staging.versions import code_digest
from extractors.unpacking import MAGIC

_TOGETHER = 16 * 1024 * 1024
"""Bytes of lines whose rows are held at once."""

ASIDE = "quarantine"
NOT_READ, FIRST, TRIED = "not_read", "first", "tried"


def _schema(**columns: str) -> pa.Schema:
    kinds = {"text": pa.string(), "number": pa.int64()}
    return pa.schema([pa.field(name, kinds[kind]) for name, kind in columns.items()])


OUT = {
    "event": tables.EVENT,
    "resource": tables.RESOURCE,
    "reference": tables.REFERENCE,
    "directory": tables.DIRECTORY,
    ASIDE: _schema(
        file="text", line="number", offset="number", entry="number", hash="text", type="text", reason="text"
    ),
    NOT_READ: _schema(file="text", type="text", times="number"),
    FIRST: _schema(type="text", part="number", line="number", document="text"),
    TRIED: _schema(rule="text", kind="text", reason="text", times="number"),
}
"""Everything that extraction gives, by the name of its table."""

_COLUMNS = {field.name: field for schema in OUT.values() for field in schema}
WIDE = pa.schema([pa.field("table", pa.string()), *_COLUMNS.values()])
"""One row of any of these tables, for a task has rows of one form only."""

PLACED = _schema(file="number", found="text")
"""By the number of a file, its record and the places of its lines as JSON."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whole lines of one file: where they begin, how many bytes they have, and whether they are one line.

    Of a packed file `length` is None: all of it, for nobody can begin in its midst.
    """

    file: str
    number: int
    offset: int
    length: int | None
    is_one: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """By what lines are extracted, so that every executor does the same: files of the profile, time zone, and code."""

    profile: tuple[tuple[str, str], ...]
    zone: str
    code: str


@dataclass(frozen=True, slots=True)
class Placing:
    """Finds the places of lines in files below a folder, `paths` of each task."""

    root: str
    paths: tuple[tuple[tuple[int, str], ...], ...]
    size: int

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Read the files of the tasks that a batch numbers."""
        folder = Folder(Path(self.root), piece=self.size)
        for task in _numbers(batches):
            for number, path in self.paths[task]:
                found = json.dumps(_placed(folder, folder.root / path, self.size))
                yield pa.record_batch([[number], [found]], schema=PLACED)


def _placed(folder: Folder, path: Path, size: int) -> dict[str, Any]:
    record, stretches = folder.file(path)
    places = [_place(one) for one in stretches]
    if places and _is_packed(path):
        places = [Place(record.file, 1, 0, None)]
    return {"record": asdict(record), "places": [asdict(place) for place in _joined(places, size)]}


def _place(found: Stretch) -> Place:
    return Place(found.file, found.number, found.offset, len(found.data), found.is_one)


def _joined(places: Iterable[Place], size: int) -> Iterator[Place]:
    """Neighbours put together up to a size."""
    held: Place | None = None
    for place in places:
        if held and _adjoin(held, place) and (held.length or 0) + (place.length or 0) <= size:
            held = Place(held.file, held.number, held.offset, (held.length or 0) + (place.length or 0))
            continue
        if held:
            yield held
        held = place
    if held:
        yield held


def _adjoin(one: Place, other: Place) -> bool:
    return not (one.is_one or other.is_one) and one.offset + (one.length or 0) == other.offset


def _is_packed(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(len(MAGIC)) == MAGIC


def record_of(said: dict[str, Any]) -> FileRecord:
    """A record as `Placing` wrote it."""
    return FileRecord(**{**said, "state": FileState(said["state"])})


@dataclass(frozen=True, slots=True)
class Extracting:
    """Extracts the lines of places below a folder, `parts` being those of each task."""

    root: str
    parts: tuple[tuple[Place, ...], ...]
    terms: Terms

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of `WIDE` for the parts that a batch numbers."""
        folder = Folder(Path(self.root))
        for part in _numbers(batches):
            stretches = (one for place in self.parts[part] for one in _stretches(folder, place))
            for number, block in enumerate(grouped(stretches, _TOGETHER)):
                found = _reader(self.terms).extract(lines_of(block))
                yield from _wide(found, part << _BLOCKS_OF_A_PART | number)


_BLOCKS_OF_A_PART = 24


def _numbers(batches: Iterable[pa.RecordBatch]) -> Iterator[int]:
    return (int(str(number)) for batch in batches for number in batch.column(0))


def _stretches(folder: Folder, place: Place) -> Iterator[Stretch]:
    path = folder.root / place.file
    if place.length is None:
        yield from folder.file(path)[1]
        return
    with path.open("rb") as handle:
        handle.seek(place.offset)
        data = handle.read(place.length)
    if len(data) != place.length:
        raise EngineError(f"{place.file}: is shorter than it was. Leave the files alone while they are read.")
    yield Stretch(place.file, place.number, place.offset, data, is_one=place.is_one)


@cache
def _reader(terms: Terms) -> Reader:
    """Extracts by the terms; refuses to work with other code than that of who asked."""
    if code_digest() != terms.code:
        raise EngineError("an executor has another version of pi180 than the driver. Give both the same wheel.")
    return Reader(load_texts(dict(terms.profile)), ZoneInfo(terms.zone))


def _wide(found: Extract, order: int) -> Iterator[pa.RecordBatch]:
    rows = {name: one.table() for name, one in found.tables.items()}
    for name, noted in _noted(found, order).items():
        rows[name] = pa.Table.from_pylist(noted, schema=OUT[name])
    for name, table in rows.items():
        yield from _widened(name, table).to_batches()


def _noted(found: Extract, order: int) -> dict[str, list[dict[str, Any]]]:
    return {
        ASIDE: found.quarantine,
        NOT_READ: [{"file": file, "type": what, "times": n} for (file, what), n in found.not_read.items()],
        FIRST: [
            {"type": kind, "part": order, "line": at, "document": json.dumps(document)}
            for kind, documents in found.first.items()
            for at, document in enumerate(documents)
        ],
        TRIED: [
            {"rule": r, "kind": str(hit), "reason": what, "times": n} for (r, hit, what), n in found.tried.hits.items()
        ],
    }


def _widened(name: str, table: pa.Table) -> pa.Table:
    length = table.num_rows
    own: dict[str, Any] = {"table": pa.array([name] * length, pa.string())}
    own |= {column: table.column(column) for column in table.schema.names}
    own |= {field.name: pa.nulls(length, field.type) for field in WIDE if field.name not in own}
    return pa.table([own[field.name] for field in WIDE], schema=WIDE)
