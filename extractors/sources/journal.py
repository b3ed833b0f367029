"""A crawl's folder: pages as they came, and a journal that says what each is and what became of every search.

`crawl.json` says what is crawled, `pages/NNNNNN.json` hold the answers, and `journal.ndjson` grows by a line for
each page, restart and ended search. A page counts once its line is on the disk, and its file is there before; so a
crash at any moment loses at most the page of each lane that was being kept. Everything is the owner's alone.
"""

import fcntl
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any

from extractors.decode import Json
from extractors.errors import SourceError
from extractors.sources.search import Outcome

SCHEMA = "pi180/crawl/1"
_HEADER, _JOURNAL, _PAGES, _LOCK = "crawl.json", "journal.ndjson", "pages", ".lock"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


@dataclass(frozen=True, slots=True)
class Kept:
    """One page that is kept: its file within the folder and that file's SHA-256, the URL that it was asked by.

    `reading` tells the first walk over a search from a second one, `strangers` counts resources that were left out
    because they are another patient's or of another type, `entries` those that are in it.
    """

    file: str
    sha256: str
    url: str
    reading: int
    entries: int
    strangers: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one search: the ledger's row of it.

    Attributes:
        role: what it was asked for (`crawl.Role`).
        type: the type that was searched.
        whose: key of the patient; None for a search of nobody.
        query: its parameters, as in a URL.
        state: what became of it; `detail` says why, `refused_with` is the status of a refusal.
        received: different matches.
        duplicates: matches that came more than once.
        strangers: resources that were left out, another patient's or of another type.
        ended: when, UTC, ISO 8601.
    """

    key: str
    role: str
    type: str
    whose: str | None
    query: str
    state: Outcome
    detail: str = ""
    refused_with: int | None = None
    received: int = 0
    duplicates: int = 0
    strangers: int = 0
    ended: str = ""


class Journal:
    """The folder of one crawl, open for reading, or by `opened` for writing. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Read what is there.

        Raises:
            SourceError: it is no crawl's folder, or its journal cannot be read.
        """
        self.folder = folder
        self.header = _header(folder)
        self.records: dict[str, Record] = {}
        self.finished = False
        self._pages: dict[str, list[Kept]] = defaultdict(list)
        self._lock, self._number = Lock(), 0
        self._out: IO[bytes] | None = None
        self._whole = 0
        self._read()

    @classmethod
    def opened(cls, folder: Path, header: Mapping[str, Any]) -> "Journal":
        """The folder of a crawl to begin or to go on with; nobody else writes to it meanwhile.

        Raises:
            SourceError: it holds something else, or another crawl; or another process is at it.
        """
        _begin(folder, {"schema": SCHEMA, **header})
        locked = _locked(folder)
        journal = cls(folder)
        if journal.header != {"schema": SCHEMA, **header}:
            differing = sorted(k for k in {*journal.header, *header} if journal.header.get(k) != header.get(k))
            named = ", ".join(name for name in differing if name != "schema")
            raise SourceError(f"{folder}: holds a crawl of something else ({named} differ). Name another folder.")
        journal._take_up(locked)
        return journal

    def close(self) -> None:
        """Let go of the folder."""
        if self._out is not None:
            self._out.close()
            self._held.close()
            self._out = None

    def pages(self, key: str) -> tuple[Kept, ...]:
        """The pages of a search that count, in the order in which they came."""
        return tuple(self._pages.get(key, ()))

    def body(self, page: Kept) -> bytes:
        """The bytes of a page.

        Raises:
            SourceError: they are not those that were kept.
        """
        try:
            body = (self.folder / page.file).read_bytes()
        except OSError as problem:
            raise SourceError(f"{page.file}: {problem.strerror}. Crawl into a new folder.") from None
        if hashlib.sha256(body).hexdigest() != page.sha256:
            raise SourceError(f"{page.file}: it was changed since it was kept. Crawl into a new folder.")
        return body

    def keep(self, key: str, body: bytes, page: Kept) -> Kept:
        """Keep a page of a search: its file first, then its line; `file` and `sha256` are set here."""
        with self._lock:
            self._number += 1
            number = self._number
        kept = replace(page, file=f"{_PAGES}/{number:06}.json", sha256=hashlib.sha256(body).hexdigest())
        _write(self.folder / kept.file, body)
        self._append({"page": {"key": key, **asdict(kept)}})
        return kept

    def begin_again(self, key: str) -> None:
        """Drop the pages of a search: they do not count any more."""
        self._append({"again": {"key": key}})

    def end(self, record: Record) -> None:
        """Note what became of a search."""
        self._append({"ended": asdict(replace(record, ended=_now()))})

    def finish(self) -> None:
        """Note that everything was asked."""
        self._append({"finished": {"at": _now()}})

    def _append(self, line: Json) -> None:
        if self._out is None:
            raise SourceError(f"{self.folder}: is open for reading only.")
        with self._lock:
            self._out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._out.flush()
            os.fsync(self._out.fileno())
            self._note(line)

    def _note(self, line: Json) -> None:
        ((what, said),) = line.items()
        self.finished = what == "finished"
        if what == "page":
            page = {name: value for name, value in said.items() if name != "key"}
            self._pages[said["key"]].append(Kept(**page))
            self._number = max(self._number, int(Path(page["file"]).stem))
        elif what == "again":
            self._pages[said["key"]].clear()
            self.records.pop(said["key"], None)
        elif what == "ended":
            self.records[said["key"]] = Record(**{**said, "state": Outcome(said["state"])})

    def _read(self) -> None:
        """Take in every whole line; a last one without its end was being written when the process ended."""
        path = self.folder / _JOURNAL
        data = path.read_bytes() if path.exists() else b""
        whole, _, _ = data.rpartition(b"\n")
        self._whole = len(whole) + 1 if b"\n" in data else 0
        for number, line in enumerate(whole.split(b"\n") if whole else [], 1):
            try:
                self._note(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError):
                raise SourceError(f"{path}, line {number}: is damaged. Crawl into a new folder.") from None

    def _take_up(self, locked: IO[bytes]) -> None:
        """Go on writing: without the torn end of the journal, and without files that no line names."""
        self._held = locked
        path = self.folder / _JOURNAL
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _FILE_MODE)
        os.ftruncate(descriptor, self._whole)
        self._out = os.fdopen(descriptor, "ab")
        self._out.seek(0, os.SEEK_END)
        named = {page.file for pages in self._pages.values() for page in pages}
        for file in (self.folder / _PAGES).iterdir():
            if f"{_PAGES}/{file.name}" not in named:
                file.unlink()


def is_crawl(folder: Path) -> bool:
    """Whether a folder holds a crawl."""
    return (folder / _HEADER).is_file() and (folder / _PAGES).is_dir()


def _header(folder: Path) -> Json:
    try:
        header = json.loads((folder / _HEADER).read_bytes())
    except (OSError, ValueError):
        raise SourceError(f"{folder}: holds no crawl. Name the folder that pi180 crawl was given.") from None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise SourceError(f"{folder / _HEADER}: expected a crawl of this version. Crawl into a new folder.")
    return header


def _begin(folder: Path, header: Mapping[str, Any]) -> None:
    """Make the folder of a crawl, if it is not there yet."""
    if (folder / _HEADER).exists():
        return
    if folder.exists() and any(entry.name not in (_PAGES, _LOCK) for entry in folder.iterdir()):
        raise SourceError(f"{folder}: is not empty and holds no crawl. Name a new folder.")
    (folder / _PAGES).mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    folder.chmod(_FOLDER_MODE)
    _write(folder / _HEADER, json.dumps(header, indent=2, sort_keys=True).encode() + b"\n")


def _locked(folder: Path) -> IO[bytes]:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, _FILE_MODE)
    held = os.fdopen(descriptor, "wb")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise SourceError(f"{folder}: another crawl is writing there. Wait for its end, or stop it.") from None
    return held


def _write(place: Path, body: bytes) -> None:
    """Write a file whole: beside its place, to the disk, then renamed into it."""
    draft = place.with_name(f".{place.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(place)
    _sync(place.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def bodies(journal: Journal, key: str) -> Iterator[bytes]:
    """The bytes of each page of a search that counts."""
    return (journal.body(page) for page in journal.pages(key))
