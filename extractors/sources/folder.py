"""A folder of exported FHIR: NDJSON or JSON files, plain or gzip, under any names.

What a file is, its content says: gzip by its first bytes, NDJSON by lines that begin with an object, one
JSON document otherwise. A gzip stream that ends early gives the lines before the cut and says so.
"""

import hashlib
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from extractors.decode import MAXIMUM_LINE, Unreadable, read_object
from extractors.errors import SourceError
from extractors.events import Line

_GZIP = b"\x1f\x8b"
_GZIP_MEMBER = 31  # zlib: a gzip header, the largest window
_BLOCK = 1024 * 1024
_BOM = b"\xef\xbb\xbf"

Progress = Callable[[int], None]


class FileState(StrEnum):
    """What became of one file."""

    READ = "read"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    NOT_FHIR = "not FHIR"


@dataclass(slots=True)
class FileRecord:
    """One file of the source: path within the folder, bytes on disk and their SHA-256, lines given, state."""

    file: str
    size: int
    sha256: str = ""
    lines: int = 0
    state: FileState = FileState.READ


class Folder:
    """Reads every file below a folder, in the order of their names.

    `records` fills while lines are read; it is complete when the lines are exhausted.
    """

    def __init__(self, root: Path, progress: Progress = lambda _: None) -> None:
        if not root.is_dir():
            what = "is a file" if root.exists() else "does not exist"
            raise SourceError(
                f"{root}: expected a folder with FHIR NDJSON, but it {what}. Name the folder with --from."
            )
        self.root = root
        self.paths = sorted(p for p in root.rglob("*") if p.is_file() and not _is_hidden(p.relative_to(root)))
        self.records: list[FileRecord] = []
        self._progress = progress

    @property
    def size(self) -> int:
        """Bytes on disk of all files."""
        return sum(path.stat().st_size for path in self.paths)

    def lines(self) -> Iterator[Line]:
        """Every line of every file, blank ones left out."""
        for path in self.paths:
            record = FileRecord(path.relative_to(self.root).as_posix(), path.stat().st_size)
            self.records.append(record)
            yield from self._file(path, record)

    def _file(self, path: Path, record: FileRecord) -> Iterator[Line]:
        content = _Content(path, record, self._progress)
        lines = _split(content.blocks(), record.file)
        first = next((line for line in lines if line.data.strip()), None)
        if first is None:
            record.state = FileState.EMPTY if record.state is FileState.READ else record.state
        elif _is_object(first.data):
            yield from self._counted(record, first, lines)
        else:
            yield from self._document(record, [first, *lines])

    def _counted(self, record: FileRecord, first: Line, rest: Iterator[Line]) -> Iterator[Line]:
        record.lines += 1
        yield first
        for line in rest:
            if line.data.strip():
                record.lines += 1
                yield line

    def _document(self, record: FileRecord, lines: list[Line]) -> Iterator[Line]:
        """A file whose first line is no JSON object: one document over many lines, bad NDJSON, or no FHIR."""
        whole = Line(record.file, lines[0].number, lines[0].offset, b"\n".join(line.data for line in lines))
        starts = sum(line.data.removeprefix(_BOM).lstrip().startswith(b"{") for line in lines)
        if _is_object(whole.data):
            record.lines = 1
            yield whole
        elif any(_is_object(line.data) for line in lines):
            record.lines = len(lines)
            yield from lines
        elif starts and lines[0].data.removeprefix(_BOM).lstrip().startswith(b"{"):
            record.lines = 1
            yield whole
        else:
            record.state = FileState.NOT_FHIR


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_object(data: bytes) -> bool:
    try:
        read_object(data)
    except Unreadable:
        return False
    return True


def _split(blocks: Iterator[bytes], file: str) -> Iterator[Line]:
    r"""Lines between `\n` bytes only: other separators of text are content.

    Of a line over the limit only the beginning is kept, so that it is set aside without filling memory.
    """
    number, offset, rest, dropped = 1, 0, b"", 0
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for data in whole:
            yield Line(file, number, offset, data.removesuffix(b"\r"))
            number, offset, dropped = number + 1, offset + len(data) + dropped + 1, 0
        if len(rest) > MAXIMUM_LINE + 1:
            dropped += len(rest) - MAXIMUM_LINE - 1
            rest = rest[: MAXIMUM_LINE + 1]
    if rest:
        yield Line(file, number, offset, rest.removesuffix(b"\r"))


class _Content:
    """The bytes of one file, gunzipped where they are gzip (all members), the record told about damage."""

    def __init__(self, path: Path, record: FileRecord, progress: Progress) -> None:
        self._path, self._record, self._progress = path, record, progress

    def blocks(self) -> Iterator[bytes]:
        with self._path.open("rb") as handle:
            packed = handle.read(2) == _GZIP
            handle.seek(0)
            raw = iter(lambda: handle.read(_BLOCK), b"")
            yield from self._unpacked(raw) if packed else self._told(raw)

    def _told(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for block in raw:
            digest.update(block)
            self._progress(len(block))
            yield block
        self._record.sha256 = digest.hexdigest()

    def _unpacked(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        member, begun = zlib.decompressobj(wbits=_GZIP_MEMBER), False
        told = self._told(raw)
        try:
            for block in told:
                data = block
                while data:
                    begun = True
                    yield member.decompress(data, _BLOCK)
                    data = member.unconsumed_tail
                    if member.eof:
                        data = member.unused_data.lstrip(b"\0")
                        member, begun = zlib.decompressobj(wbits=_GZIP_MEMBER), False
        except zlib.error:
            self._record.state = FileState.DAMAGED
            deque(told, maxlen=0)  # what follows damage is not data, but the file's hash covers it
            return
        if begun:
            self._record.state = FileState.TRUNCATED
