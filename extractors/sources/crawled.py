"""A crawl's folder as a source: its pages as lines, and what became of every search as rows of the ledger."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from extractors.errors import SourceError
from extractors.events import Line
from extractors.profile import Profile
from extractors.sources.blocks import Stretch
from extractors.sources.crawl_files import Kept
from extractors.sources.dialect import types_of
from extractors.sources.folder import FileRecord, FileState, Progress
from extractors.sources.journal import Journal, Record
from extractors.sources.queries import SETTLED, Role, role_of
from extractors.sources.search import Outcome

SOURCE, BULK = "crawl", "bulk"
WHOLE, WHOLE_EXPORT, COHORT, NOT_ASKED = "crawl", "export", str(Role.COHORT), "not asked"
NO_PATIENT = "patients without a Patient"
UNFINISHED = "unfinished: give the command of the crawl again, and it goes on where it stopped"
_MOST_REASONS = 5
_SERVERS = (SOURCE, BULK)
_OVERALL = (WHOLE, WHOLE_EXPORT, COHORT)


class Crawled:
    """Reads the pages of a crawl, in the order in which they were kept.

    `records` fills while lines are read; its digests are of the digests of the pages that count. `asked` are rows of
    the ledger, one for each purpose, type and state of searches; `not_whole` are the types of which something was
    withheld, lost, unproven or not asked for.
    """

    def __init__(self, root: Path, profile: Profile, progress: Progress = lambda _: None) -> None:
        """Read the journal.

        Raises:
            SourceError: it is damaged.
        """
        self._journal, self._progress = Journal(root), progress
        self.records: list[FileRecord] = []
        asked = self._journal.records.values()
        lacking = sorted(set(types_of(profile)) - set(self._journal.header.get("types", ())))
        self.asked = (
            *_rows(asked),
            *({**_row(one, Role.PATIENT), "state": NOT_ASKED} for one in lacking),
            *self._nobodys(),
            *self._end(),
        )
        unsettled = {record.type for record in asked if record.state not in SETTLED}
        self.not_whole = frozenset(unsettled | set(lacking))

    def lines(self) -> Iterator[Line]:
        """Every page that holds anything, as one line; a page that is not as it was kept is told and left out."""
        return (line for page in self.stretches() for line in page.lines())

    def stretches(self) -> Iterator[Stretch]:
        """The same, each page a stretch of its own."""
        records: dict[str, FileRecord] = {}
        for page in self._pages():
            if page.file not in records:
                records[page.file] = FileRecord(page.file, 0)
                self.records.append(records[page.file])
            record = records[page.file]
            try:
                body = self._journal.body(page)
            except SourceError:
                record.state = FileState.DAMAGED
                continue
            record.size, record.lines = record.size + len(body), record.lines + 1
            record.sha256 = hashlib.sha256((record.sha256 + page.sha256).encode()).hexdigest()
            self._progress(len(body))
            yield Stretch(page.file, page.line, page.offset, body, is_one=True)

    def _pages(self) -> list[Kept]:
        kept = [page for key, page in self._journal.all_pages() if role_of(key) is not Role.COHORT and page.entries]
        return sorted(kept, key=lambda page: (page.file, page.offset))

    def _nobodys(self) -> Iterable[dict[str, Any]]:
        """A row that counts the patients of whom the server gave no Patient, although it answered."""
        asked = [one for one in self._journal.records.values() if (one.role, one.type) == (Role.PATIENT, "Patient")]
        lacking = sum(one.state is Outcome.COMPLETE and not one.received for one in asked)
        if lacking:
            yield {**_row("Patient", Role.PATIENT), "query": NO_PATIENT, "state": Outcome.COMPLETE, "searches": lacking}

    def _end(self) -> Iterable[dict[str, Any]]:
        return () if self._journal.finished else ({**_row("all", Role.PATIENT), "query": WHOLE, "state": UNFINISHED},)


def _rows(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.role, record.type, record.state].append(record)
    for (role, kind, state), group in sorted(groups.items()):
        reasons = sorted({record.detail for record in group if record.detail})
        yield {
            **_row(kind, role),
            "state": state,
            "searches": len(group),
            "received": _sum(group, lambda record: record.received),
            "duplicate": _sum(group, lambda record: record.duplicates),
            "left_out": _sum(group, lambda record: record.strangers),
            "reasons": reasons[:_MOST_REASONS],
        }


def _row(kind: str, role: str) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "type": kind,
        "query": str(role),
        "searches": 0,
        "received": 0,
        "duplicate": 0,
        "left_out": 0,
        "reasons": [],
    }


def _sum(group: Iterable[Record], number: Callable[[Record], int]) -> int:
    return sum(map(number, group))


def faults_of(ledger: Iterable[Mapping[str, Any]]) -> list[str]:
    """Why what was read of a server may give no score: it is not finished, or not all patients are known."""
    asked = [row for row in ledger if row.get("source") in _SERVERS and row["query"] in _OVERALL]
    return [f"{row['query']}: {row['state']}" for row in asked if row["state"] not in SETTLED]


def not_whole_of(ledger: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of a ledger that say that something of a type could not be had."""
    asked = [row for row in ledger if row.get("source") in _SERVERS and row["query"] not in _OVERALL]
    return [row for row in asked if row["state"] not in SETTLED]
