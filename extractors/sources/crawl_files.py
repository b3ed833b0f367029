"""The files of a crawl's folder: how they come to be, grow, and are nobody else's meanwhile."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from extractors.errors import SourceError

HEADER, JOURNAL, PAGES = "crawl.json", "journal.ndjson", "pages"
LOCK = ".lock"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_SEGMENT = 64 * 1024 * 1024
_BETWEEN_SYNCS = 1.0


@dataclass(frozen=True, slots=True)
class Kept:
    """One page that is kept: where it stands, the SHA-256 of its bytes, and the URL that it was asked by.

    `reading` tells the first walk over a search from a second one, `strangers` counts resources that were left out
    because they are another patient's or of another type, `entries` those that are in it. `line` counts from 1,
    `offset` and `size` are bytes.
    """

    url: str
    reading: int
    entries: int
    strangers: int = 0
    file: str = ""
    line: int = 0
    offset: int = 0
    size: int = 0
    sha256: str = ""


class Files:
    """The files of a crawl that grow: the journal, and pages in files of bounded size, new ones for every process."""

    def __init__(self, folder: Path, whole: int, locked: IO[bytes]) -> None:
        self._folder, self._locked = folder, locked
        self._journal = os.open(folder / JOURNAL, os.O_RDWR | os.O_CREAT, _FILE_MODE)
        os.ftruncate(self._journal, whole)
        os.lseek(self._journal, 0, os.SEEK_END)
        self._number = max((int(file.stem) for file in (folder / PAGES).iterdir() if file.stem.isdigit()), default=0)
        self._pages: int | None = None
        self._line = self._size = 0
        self._synced = time.monotonic()

    def put(self, data: bytes, page: Kept) -> Kept:
        """Write a page; give where it stands."""
        if self._pages is None or self._size > _SEGMENT:
            self._pages = self._next()
        _write_all(self._pages, data + b"\n")
        self._line += 1
        kept = replace(page, file=self._name, line=self._line, offset=self._size, size=len(data))
        self._size += len(data) + 1
        return kept

    def say(self, line: bytes) -> None:
        """Write a line of the journal."""
        _write_all(self._journal, line)

    @property
    def is_due(self) -> bool:
        """Whether the disk has not seen what was written for a while."""
        return time.monotonic() - self._synced > _BETWEEN_SYNCS

    def sync(self) -> None:
        """Bring what was written to the disk, pages first."""
        self._synced = time.monotonic()
        for descriptor in (self._pages, self._journal):
            if descriptor is not None:
                os.fsync(descriptor)

    def close(self) -> None:
        """Bring everything to the disk and close it; then others may write."""
        self.sync()
        for descriptor in (self._pages, self._journal):
            if descriptor is not None:
                os.close(descriptor)
        self._locked.close()

    @property
    def _name(self) -> str:
        return f"{PAGES}/{self._number:06}.ndjson"

    def _next(self) -> int:
        """A new file for pages."""
        if self._pages is not None:
            os.fsync(self._pages)
            os.close(self._pages)
        self._number, self._line, self._size = self._number + 1, 0, 0
        opened = os.open(self._folder / self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        bring_to_disk(self._folder / PAGES)
        return opened


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def begin(folder: Path, header: Mapping[str, Any], name: str = HEADER, inside: str = PAGES) -> None:
    """Make the folder of a crawl or an export, if it is not there yet: its header, and the folder for what it reads."""
    if (folder / name).exists():
        return
    if folder.exists() and any(entry.name not in (inside, LOCK) for entry in folder.iterdir()):
        raise SourceError(f"{folder}: is not empty and holds no {name}. Name a new folder.")
    (folder / inside).mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    folder.chmod(_FOLDER_MODE)
    write_whole(folder / name, json.dumps(header, indent=2, sort_keys=True).encode() + b"\n")


def locked(folder: Path) -> IO[bytes]:
    """Hold a folder, so that nobody else writes to it until what this gives is closed.

    Raises:
        SourceError: another process holds it.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, _FILE_MODE)
    held = os.fdopen(descriptor, "wb")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise SourceError(f"{folder}: another process is writing there. Wait for its end, or stop it.") from None
    return held


def write_whole(place: Path, body: bytes) -> None:
    """Write a file whole: beside its place, to the disk, then renamed into it."""
    draft = place.with_name(f".{place.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE), "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    draft.replace(place)
    bring_to_disk(place.parent)


def whole_lines(path: Path) -> tuple[list[bytes], int]:
    """The lines of a journal that were written to their end, and the bytes that they take; none of a file not there."""
    data = path.read_bytes() if path.exists() else b""
    whole, end, _ = data.rpartition(b"\n")
    return whole.split(b"\n") if whole else [], len(whole) + len(end)


def bring_to_disk(path: Path) -> None:
    """Have the system write what it still holds of a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_of(file: Path) -> str | None:
    """The SHA-256 of a file; None where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return None
