"""A crawl's folder: pages as they came, and a journal that says what each is and what became of every search.

`crawl.json` says what is crawled, `pages/NNNNNN.ndjson` hold the answers, one a line, and `journal.ndjson` grows by a
line for each page, restart and ended search. A page counts once its line is in the journal, and it is written before;
so a process that is killed loses at most the page that each lane was keeping, and a machine that fails at most the
last second. What a journal names and the pages do not bear out is asked for again. Everything is the owner's alone.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any

from extractors.decode import Json
from extractors.errors import SourceError
from extractors.sources.crawl_files import HEADER, JOURNAL, PAGES, Files, Kept, begin, locked, whole_lines
from extractors.sources.search import Outcome

SCHEMA = "pi180/crawl/1"
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
"""Line ends in JSON stand between its tokens alone, so that blanks in their place say the same."""


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
        evidence: whether the Provenance of each match came with it.
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
    evidence: bool = False
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
        self._lock, self._syncing = Lock(), Lock()
        self._out: Files | None = None
        self._whole = 0
        self._read()

    @classmethod
    def opened(cls, folder: Path, header: Mapping[str, Any]) -> "Journal":
        """The folder of a crawl to begin or to go on with; nobody else writes to it meanwhile.

        Raises:
            SourceError: it holds something else, or another crawl; or another process is at it.
        """
        begin(folder, {"schema": SCHEMA, **header})
        lock = locked(folder)
        try:
            journal = cls(folder)
            journal._check_same({"schema": SCHEMA, **header})
            journal._take_up(lock)
        except BaseException:
            lock.close()
            raise
        return journal

    def _check_same(self, header: Mapping[str, Any]) -> None:
        differing = sorted(name for name in {*self.header, *header} if self.header.get(name) != header.get(name))
        if differing:
            named = ", ".join(differing)
            raise SourceError(f"{self.folder}: holds a crawl of something else ({named} differ). Name another folder.")

    def close(self) -> None:
        """Bring everything to the disk, and let go of the folder."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def pages(self, key: str) -> tuple[Kept, ...]:
        """The pages of a search that count, in the order in which they came."""
        return tuple(self._pages.get(key, ()))

    def all_pages(self) -> list[tuple[str, Kept]]:
        """Every page that counts, with the key of its search."""
        with self._lock:
            return [(key, page) for key, pages in self._pages.items() for page in pages]

    def body(self, page: Kept) -> bytes:
        """The bytes of a page.

        Raises:
            SourceError: they are not those that were kept.
        """
        try:
            with (self.folder / page.file).open("rb") as pages:
                pages.seek(page.offset)
                body = pages.read(page.size)
        except OSError as problem:
            raise SourceError(f"{page.file}: {problem.strerror}. Give the command of the crawl again.") from None
        if hashlib.sha256(body).hexdigest() != page.sha256:
            raise SourceError(
                f"{page.file}, line {page.line}: was changed since it was kept. Give the command of the crawl again."
            )
        return body

    def keep(self, key: str, body: bytes, page: Kept) -> Kept:
        """Keep a page of a search, then its line; where it stands and its digest are set here."""
        data = body.translate(_ONE_LINE)
        out = self._writing()
        with self._lock:
            kept = replace(out.put(data, page), sha256=hashlib.sha256(data).hexdigest())
            self._append(out, {"page": {"key": key, **asdict(kept)}})
        self._sync(out)
        return kept

    def begin_again(self, key: str) -> None:
        """Drop the pages of a search: they do not count any more."""
        self._say({"again": {"key": key}})

    def end(self, record: Record) -> None:
        """Note what became of a search."""
        self._say({"ended": asdict(replace(record, ended=_now()))})

    def finish(self) -> None:
        """Note that everything was asked."""
        self._say({"finished": {"at": _now()}})

    def _say(self, line: Json) -> None:
        out = self._writing()
        with self._lock:
            self._append(out, line)
        self._sync(out)

    def _append(self, out: Files, line: Json) -> None:
        out.say(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._note(line)

    def _writing(self) -> Files:
        if self._out is None:
            raise SourceError(f"{self.folder}: is open for reading only.")
        return self._out

    def _sync(self, out: Files) -> None:
        """Bring what was written to the disk, once a second, while the other lanes go on."""
        if out.is_due and self._syncing.acquire(blocking=False):
            try:
                out.sync()
            finally:
                self._syncing.release()

    def _note(self, line: Json) -> None:
        ((what, said),) = line.items()
        self.finished = what == "finished"
        if what == "page":
            page = {name: value for name, value in said.items() if name != "key"}
            self._pages[said["key"]].append(Kept(**page))
        elif what == "again":
            self._pages[said["key"]].clear()
            self.records.pop(said["key"], None)
        elif what == "ended":
            self.records[said["key"]] = Record(**{**said, "state": Outcome(said["state"])})

    def _read(self) -> None:
        """Take in every whole line; a last one without its end was being written when the process ended."""
        path = self.folder / JOURNAL
        lines, self._whole = whole_lines(path)
        for number, line in enumerate(lines, 1):
            try:
                self._note(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError):
                raise SourceError(f"{path}, line {number}: is damaged. Crawl into a new folder.") from None

    def _take_up(self, lock: IO[bytes]) -> None:
        """Go on writing: without the torn end of the journal, and without pages that are not as they were kept."""
        self._out = Files(self.folder, self._whole, lock)
        for key, page in self.all_pages():
            try:
                self.body(page)
            except SourceError:
                self.begin_again(key)


def is_crawl(folder: Path) -> bool:
    """Whether a folder holds a crawl."""
    return (folder / HEADER).is_file() and (folder / PAGES).is_dir()


def _header(folder: Path) -> Json:
    try:
        header = json.loads((folder / HEADER).read_bytes())
    except (OSError, ValueError):
        raise SourceError(f"{folder}: holds no crawl. Name the folder that pi180 crawl was given.") from None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise SourceError(f"{folder / HEADER}: expected a crawl of this version. Crawl into a new folder.")
    return header


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
