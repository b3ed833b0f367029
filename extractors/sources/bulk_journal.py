"""The folder of bulk exports of one server: files as they came, and a journal that says how far each job went.

`bulk.json` says what is exported, `jobs/0001/` holds the manifests and files of the first job, and `journal.ndjson`
grows by a line for each step. A line is on the disk before the next step begins, and what it speaks of is on the disk
before the line: whatever ends the process, the same job goes on, and none is started twice. Everything is the owner's
alone.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from extractors.decode import Json
from extractors.errors import SourceError
from extractors.sources.bulk_manifest import Content
from extractors.sources.crawl_files import JOURNAL, begin, digest_of, locked, whole_lines

SCHEMA = "pi180/bulk/1"
HEADER, JOBS = "bulk.json", "jobs"
Reached = Callable[[str], None]
"""Is told each step, before and after it is on the disk."""


class Proven(StrEnum):
    """What became of one file (R58)."""

    PROVEN = "complete"
    UNPROVEN = "unproven: nothing shows that the file came whole"
    WITHHELD = "withheld: the server does not permit fetching the file"
    LOST = "failed: the file could not be had"


@dataclass(frozen=True, slots=True)
class Got:
    """One file of a job: its number in the manifest, what it holds, where it stands, and whether it is all of it.

    `file` is empty for one that was lost. `size` is in bytes, `lines` those that are not blank; `detail` says why it is
    not proven, `grave` are the types that a server's account of trouble speaks of (`all` if it names none).
    """

    number: int
    content: Content
    type: str
    state: Proven
    file: str = ""
    size: int = 0
    lines: int = 0
    sha256: str = ""
    detail: str = ""
    grave: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One export, as far as it went.

    Attributes:
        number: from 1.
        request: what was asked for (`Request.as_document`), with `profile_digest` and `members`.
        asked_at: when it was kicked off, UTC.
        status: the address to ask how it goes; None where the answer to the kick-off was never had.
        moment: the server's transactionTime as it stands in the manifest; empty while there is none.
        since: the same, where a later export may ask for what changed since.
        withheld: types that were asked for and not granted.
        listed: what tells each file that the manifest lists, in its order; None while there is no manifest.
        files: what was got, by number: the place in `listed`, from 1.
        ended: why it gave nothing; empty while it may.
        committed: whether all its files are there and counted.
        closed: whether the server was told that it may forget it.
    """

    number: int
    request: Mapping[str, Any]
    asked_at: datetime
    status: str | None = None
    moment: str = ""
    since: str | None = None
    withheld: tuple[str, ...] = ()
    listed: tuple[str, ...] | None = None
    files: Mapping[int, Got] = field(default_factory=dict)
    ended: str = ""
    committed: bool = False
    closed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every file that was listed is there and proven."""
        return len(self.files) >= len(self.listed or ()) and all(
            got.state is Proven.PROVEN for got in self.files.values()
        )

    @property
    def folder(self) -> str:
        """Where its files are, below the journal's folder."""
        return f"{JOBS}/{self.number:04}"


class BulkJournal:
    """The folder of some exports, open for reading, or by `opened` for writing."""

    def __init__(self, folder: Path) -> None:
        """Read what is there.

        Raises:
            SourceError: it holds no exports, or its journal is damaged.
        """
        self.folder = folder
        self.header = _header(folder)
        self.jobs: dict[int, Job] = {}
        self._out: int | None = None
        self._lock: IO[bytes] | None = None
        self._reached: Reached = lambda _: None
        self._whole = self._read()

    @classmethod
    def opened(cls, folder: Path, header: Mapping[str, Any], reached: Reached = lambda _: None) -> "BulkJournal":
        """The folder to begin or to go on with; nobody else writes to it meanwhile.

        Raises:
            SourceError: it holds something else, or another process is at it.
        """
        begin(folder, {"schema": SCHEMA, **header}, HEADER, JOBS)
        lock = locked(folder)
        try:
            journal = cls(folder)
            journal._take_up(lock, {"schema": SCHEMA, **header}, reached)
        except BaseException:
            lock.close()
            raise
        return journal

    def close(self) -> None:
        """Let go of the folder."""
        if self._out is not None and self._lock is not None:
            os.close(self._out)
            self._lock.close()
            self._out = self._lock = None

    def last(self) -> Job | None:
        """The newest job that did not end without a result; None if there is none."""
        return next((job for job in reversed(self.jobs.values()) if not job.ended), None)

    def counted(self) -> list[Job]:
        """The committed jobs that make up what is known: the newest of everything, and what changed after it."""
        found: list[Job] = []
        for job in self.jobs.values():
            if job.committed:
                found = [*found, job] if job.request["since"] else [job]
        return found

    def is_intact(self) -> bool:
        """Whether every file that counts still reads as it was got; each is read to its end."""
        kept = (got for job in self.counted() for got in job.files.values() if got.file)
        return all(digest_of(self.folder / got.file) == got.sha256 for got in kept)

    def say(self, what: str, number: int, /, **more: Any) -> Job:
        """Note a step, on the disk before this returns; the job as it then stands."""
        if self._out is None:
            raise SourceError(f"{self.folder}: is open for reading only.")
        line = {what: {"job": number, "at": datetime.now(UTC).isoformat(timespec="seconds"), **more}}
        self._reached(f"before {what}")
        _write(self._out, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._note(line)
        self._reached(f"after {what}")
        return self.jobs[number]

    def got(self, number: int, got: Got) -> Job:
        """Note what became of a file."""
        return self.say("file", number, **asdict(got))

    def forget_replaced(self) -> None:
        """Remove the files of jobs that do not count any more."""
        counted = {job.folder for job in self.counted()}
        for job in self.jobs.values():
            place = self.folder / job.folder
            if counted and job.folder not in counted and (job.committed or job.ended) and place.is_dir():
                shutil.rmtree(place)

    def _take_up(self, lock: IO[bytes], header: Mapping[str, Any], reached: Reached) -> None:
        differing = sorted(name for name in {*self.header, *header} if self.header.get(name) != header.get(name))
        if differing:
            named = ", ".join(differing)
            raise SourceError(f"{self.folder}: holds exports of something else ({named} differ). Name another folder.")
        self._out, self._lock, self._reached = (
            os.open(self.folder / JOURNAL, os.O_RDWR | os.O_CREAT, 0o600),
            lock,
            reached,
        )
        os.ftruncate(self._out, self._whole)
        os.lseek(self._out, 0, os.SEEK_END)

    def _read(self) -> int:
        """Take in every whole line; a last one without its end was being written when the process ended."""
        path = self.folder / JOURNAL
        lines, whole = whole_lines(path)
        for number, line in enumerate(lines, 1):
            try:
                self._note(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError):
                raise SourceError(f"{path}, line {number}: is damaged. Export into a new folder.") from None
        return whole

    def _note(self, line: Json) -> None:
        ((what, said),) = line.items()
        number = said["job"]
        if what == "asked":
            self.jobs[number] = Job(number, said["request"], datetime.fromisoformat(said["at"]))
            return
        job = self.jobs[number]
        if what == "file":
            values = {name: value for name, value in said.items() if name not in ("job", "at")}
            values |= {
                "content": Content(said["content"]),
                "state": Proven(said["state"]),
                "grave": tuple(said["grave"]),
            }
            got = Got(**values)
            self.jobs[number] = replace(job, files={**job.files, got.number: got})
            return
        changes: dict[str, dict[str, Any]] = {
            "accepted": {"status": said.get("status"), "withheld": tuple(said.get("withheld", ()))},
            "manifest": {
                "moment": said.get("moment", ""),
                "since": said.get("since"),
                "listed": tuple(said["listed"]) if "listed" in said else None,
                "files": {},
            },
            "committed": {"committed": True},
            "closed": {"closed": True},
            "ended": {"ended": said.get("why") or "ended"},
        }
        self.jobs[number] = replace(job, **changes[what])


def is_export(folder: Path) -> bool:
    """Whether a folder holds exports."""
    return (folder / HEADER).is_file() and (folder / JOBS).is_dir()


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.fsync(descriptor)


def _header(folder: Path) -> Json:
    try:
        header = json.loads((folder / HEADER).read_bytes())
    except (OSError, ValueError):
        raise SourceError(f"{folder}: holds no export. Name the folder that pi180 bulk was given.") from None
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise SourceError(f"{folder / HEADER}: expected exports of this version. Export into a new folder.")
    return header
