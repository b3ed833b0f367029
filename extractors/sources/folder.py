"""A folder of exported FHIR: NDJSON or JSON files, plain or gzip, under any names.

What a file is, a bounded beginning of its content says: gzip by its first bytes, NDJSON by a line that is an
object, one JSON document otherwise. A stream that ends early gives what came before the cut and says so. Every
file has a record, also one that is not read; links that lead out of the folder are not followed.
"""

import hashlib
import os
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

from extractors.decode import MAXIMUM_LINE, is_object
from extractors.errors import SourceError
from extractors.events import Line
from extractors.sources.blocks import Stretch, written
from extractors.unpacking import MAGIC, Unpacker

_PIECE = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_OBJECT_AT_LINE_START = re.compile(rb"(?m)^\{.*$")
_ARRAY = re.compile(rb"(?:\[\s*)+(?:[{\"]|\]\s*\Z|-?\d[\d.eE+-]*\s*,)")
_SHOWN = 1000  # lines of a file without any object that are set aside one by one: enough to see what it is
_NAMED_FHIR = re.compile(r"\.(ndjson|jsonl|json)(\.gz)?$", re.IGNORECASE)

Progress = Callable[[int], None]


class FileState(StrEnum):
    """What became of one file."""

    READ = "read"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    NOT_FHIR = "not FHIR"
    UNREADABLE = "unreadable"
    HIDDEN = "hidden, left out"


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

    `records` fills while lines are read; it is complete when the lines are exhausted. Nobody knows what was asked for
    to make the folder, so that nothing is known to be missing.
    """

    asked: tuple[dict[str, Any], ...] = ()
    not_whole: frozenset[str] = frozenset()

    def __init__(self, root: Path, progress: Progress = lambda _: None, piece: int = _PIECE) -> None:
        if not root.is_dir():
            what = "is a file" if root.exists() else "does not exist"
            raise SourceError(
                f"{root}: expected a folder with FHIR NDJSON, but it {what}. Name the folder with --from."
            )
        self.root = root
        self.records: list[FileRecord] = []
        self._progress, self._piece = progress, piece

    def lines(self) -> Iterator[Line]:
        """Every line of every file that is FHIR or ought to be, blank ones left out."""
        return (line for stretch in self.stretches() for line in stretch.lines())

    def stretches(self) -> Iterator[Stretch]:
        """The same, by stretches of a file of about the size of a piece."""
        for path in self.paths:
            record, stretches = self.file(path)
            self.records.append(record)
            yield from stretches

    @cached_property
    def paths(self) -> list[Path]:
        """Every file and link below, in the order of their names."""
        return _below(self.root)

    def file(self, path: Path) -> tuple[FileRecord, Iterator[Stretch]]:
        """One file: its record, which is complete when its stretches are exhausted, and they."""
        record = FileRecord(path.relative_to(self.root).as_posix(), 0)
        record.state = self._state_before(path, record)
        return record, self._file(path, record) if record.state is FileState.READ else iter(())

    def _state_before(self, path: Path, record: FileRecord) -> FileState:
        if any(part.startswith(".") for part in path.relative_to(self.root).parts):
            return FileState.HIDDEN
        try:
            whole = path.resolve(strict=True)
            record.size = whole.stat().st_size
        except OSError:
            return FileState.UNREADABLE
        stays = whole.is_relative_to(self.root.resolve()) and whole.is_file()
        return FileState.READ if stays else FileState.UNREADABLE

    def _file(self, path: Path, record: FileRecord) -> Iterator[Stretch]:
        pieces = _Content(path, record, self._progress, self._piece).pieces()
        try:
            beginning = _beginning(pieces)
            yield from _counted(_stretches(beginning, _again(beginning, pieces, self._piece), record), record)
        except OSError:
            record.state = FileState.UNREADABLE


def _below(root: Path) -> list[Path]:
    """Every file and link below a folder, and every folder that cannot be listed, in the order of their names."""
    found: list[Path] = []

    def refused(problem: OSError) -> None:
        found.append(Path(problem.filename))

    for place, folders, files in os.walk(root, onerror=refused):
        entries = [Path(place, name) for name in (*folders, *files)]
        found += [entry for entry in entries if entry.is_symlink() or entry.name in files]
    return sorted(found)


def _beginning(pieces: Iterator[bytes]) -> bytes:
    """The content up to a little over the longest line that is read, whole when it is shorter.

    Less where the first piece says enough: it begins with a line that is an object.
    """
    held: list[bytes] = []
    length = 0
    while length <= MAXIMUM_LINE and (piece := next(pieces, None)) is not None:
        held.append(piece)
        length += len(piece)
        first, end, _ = _text(piece).partition(b"\n") if len(held) == 1 else (b"", b"", b"")
        if end and is_object(first):
            break
    return b"".join(held)


def _text(beginning: bytes) -> bytes:
    return beginning.removeprefix(_BOM).lstrip()


def _again(beginning: bytes, pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """A beginning in pieces, and the pieces after it."""
    return chain((beginning[at : at + size] for at in range(0, len(beginning), size)), pieces)


def _stretches(beginning: bytes, pieces: Iterator[bytes], record: FileRecord) -> Iterator[Stretch]:
    """The lines of one file, told apart by its beginning; a document over many lines is one line."""
    text = _text(beginning)
    cut = _cut(pieces, record)
    if not text:
        yield from cut
        if record.lines == 0 and record.state is FileState.READ:
            record.state = FileState.EMPTY
    elif is_object(text.partition(b"\n")[0]) or _is_long_line(text):
        yield from cut
    elif _is_one_document(text):
        yield Stretch(record.file, 1, 0, beginning[: MAXIMUM_LINE + 1], is_one=True)
        deque(pieces, maxlen=0)  # a document over the limit is set aside, but the file's hash covers it
        if record.state is FileState.READ and text.startswith(b"{") and text[-1:] != b"\n" and not is_object(text):
            record.state = FileState.TRUNCATED
    elif _holds_object(beginning):
        yield from cut
    elif _OBJECT_AT_LINE_START.search(beginning) or _NAMED_FHIR.search(record.file):
        yield from _corrupt(cut, record)
    else:
        deque(pieces, maxlen=0)
        record.state = FileState.NOT_FHIR


def _corrupt(cut: Iterator[Stretch], record: FileRecord) -> Iterator[Stretch]:
    """Of a file that ought to be FHIR and holds no object, only the first lines, so that it fills no memory."""
    left = _SHOWN
    for stretch in cut:
        more = next(islice(stretch.lines(), left, None), None)
        if more is not None:
            yield replace(stretch, data=stretch.data[: more.offset - stretch.offset], count=left)
            deque(cut, maxlen=0)
            record.state = FileState.DAMAGED
            return
        yield stretch
        left -= stretch.count


def ndjson_stretches(path: Path, record: FileRecord, progress: Progress) -> Iterator[Stretch]:
    """The lines of one file that is known to be NDJSON, plain or gzip; its record says what became of it."""
    try:
        yield from _counted(_cut(_Content(path, record, progress).pieces(), record), record)
    except OSError:
        record.state = FileState.UNREADABLE


def _counted(stretches: Iterator[Stretch], record: FileRecord) -> Iterator[Stretch]:
    for stretch in stretches:
        record.lines += stretch.count
        if stretch.count:
            yield stretch


def _is_long_line(text: bytes) -> bool:
    """Whether text is the beginning of a line over the limit, after which others may stand."""
    return len(text) > MAXIMUM_LINE and text.startswith(b"{") and b"\n" not in text


def _is_one_document(text: bytes) -> bool:
    """Whether text is one JSON value over many lines, or no UTF-8 at all: read, or set aside, as one."""
    if text.startswith(_UTF16):
        return True
    starts = sum(1 for _ in islice(_OBJECT_AT_LINE_START.finditer(text), 2))
    return starts <= 1 and (text.startswith(b"{") or _ARRAY.match(text) is not None)


def _holds_object(beginning: bytes) -> bool:
    return any(is_object(found[0]) for found in islice(_OBJECT_AT_LINE_START.finditer(beginning), _SHOWN))


def _cut(pieces: Iterator[bytes], record: FileRecord) -> Iterator[Stretch]:
    r"""Pieces cut after their last `\n`, what follows put before the next one.

    Of a line over the limit only the beginning is kept, so that it is set aside without filling memory. A last
    line that has no end and is no object was cut.
    """
    number, offset, rest, dropped = 1, 0, b"", 0
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        start = piece.find(b"\n") + 1 if dropped else 0
        if dropped:
            dropped += start or len(piece)
        if dropped and end:
            yield Stretch(record.file, number, offset, rest, written((rest,)), is_one=True)
            number, offset, rest, dropped = number + 1, offset + len(rest) + dropped, b"", 0
        if end > start:
            data = b"".join((rest, memoryview(piece)[start:end]))
            lines = data.split(b"\n")
            yield Stretch(record.file, number, offset, data, written(lines))
            number, offset, rest = number + len(lines) - 1, offset + len(data), b""
        if not dropped:
            rest += piece[end:]
        if len(rest) > MAXIMUM_LINE + 1:
            rest, dropped = rest[: MAXIMUM_LINE + 1], len(rest) - MAXIMUM_LINE - 1
    if rest.strip():
        yield Stretch(record.file, number, offset, rest)
        if record.state is FileState.READ and not is_object(rest):
            record.state = FileState.TRUNCATED


class _Content:
    """The bytes of one file, gunzipped where they are gzip (all members), the record told about damage."""

    def __init__(self, path: Path, record: FileRecord, progress: Progress, piece: int = _PIECE) -> None:
        self._path, self._record, self._progress, self._piece = path, record, progress, piece

    def pieces(self) -> Iterator[bytes]:
        with self._path.open("rb") as handle:
            packed = handle.read(len(MAGIC)) == MAGIC
            handle.seek(0)
            raw = iter(lambda: handle.read(self._piece), b"")
            yield from self._unpacked(raw) if packed else self._told(raw)

    def _told(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        digest = hashlib.sha256()
        for piece in raw:
            digest.update(piece)
            self._progress(len(piece))
            yield piece
        self._record.sha256 = digest.hexdigest()

    def _unpacked(self, raw: Iterator[bytes]) -> Iterator[bytes]:
        unpacker, told = Unpacker(), self._told(raw)
        try:
            for piece in told:
                yield from unpacker.feed(piece)
        except zlib.error:
            self._record.state = FileState.DAMAGED
            deque(told, maxlen=0)  # what follows damage is not data, but the file's hash covers it
            return
        if not unpacker.whole:
            self._record.state = FileState.TRUNCATED
