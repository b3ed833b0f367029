"""A folder of bulk exports as a source: the files that count as lines, and what came of them as rows of the ledger."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from extractors.decode import Json, Unreadable, read_object
from extractors.events import Line
from extractors.profile import Profile
from extractors.sources.blocks import Stretch, single
from extractors.sources.bulk_doubts import EVERYTHING
from extractors.sources.bulk_journal import BulkJournal, Got, Job, Proven
from extractors.sources.bulk_manifest import Content, is_instant
from extractors.sources.crawled import BULK, NOT_ASKED, WHOLE_EXPORT
from extractors.sources.dialect import types_of
from extractors.sources.folder import FileRecord, FileState, Progress, ndjson_stretches
from extractors.sources.queries import SETTLED
from extractors.sources.search import Outcome

UNFINISHED = "unfinished: give the command of the export again, and it goes on where it stopped"
_LEFT_OUT = "the server left out who the clinicians are"
_ERRORS = "the server reports errors in making the export"


class Exported:
    """Reads the files of the exports that count: the last of everything, and what changed after it.

    `records` fills while lines are read. `asked` are rows of the ledger, one for each type; `not_whole` are the types
    of which something was withheld, lost, unproven or not asked for.
    """

    def __init__(self, root: Path, profile: Profile, progress: Progress = lambda _: None) -> None:
        """Read the journal.

        Raises:
            SourceError: it is damaged.
        """
        self._journal, self._progress = BulkJournal(root), progress
        self._jobs = self._journal.counted()
        self.records: list[FileRecord] = []
        wanted = {kind for job in self._jobs for kind in job.request["types"]}
        lacking = sorted(set(types_of(profile)) - wanted) if self._jobs else []
        states = _states(self._jobs, sorted(wanted))
        self.asked = (
            *(_row(kind, states[kind], _of_type(self._jobs, kind)) for kind in sorted(wanted)),
            *(_row(kind, (NOT_ASKED, ""), ()) for kind in lacking),
            *(() if self._jobs else ({**_row("all", (UNFINISHED, ""), ()), "query": WHOLE_EXPORT},)),
        )
        self.not_whole = frozenset({kind for kind in wanted if states[kind][0] not in SETTLED} | set(lacking))

    @property
    def moments(self) -> tuple[str, ...]:
        """The moments, by the server, whose state the exports give; the last is that of the data."""
        return tuple(job.moment for job in self._jobs)

    def lines(self) -> Iterator[Line]:
        """Every line of every file of records, then what was deleted; a file that is not as it was kept is told."""
        return (line for stretch in self.stretches() for line in stretch.lines())

    def stretches(self) -> Iterator[Stretch]:
        """The same, by stretches of files, or line by line where something has to be added."""
        for job in self._jobs:
            for got in _files(job, Content.OUTPUT):
                yield from _of_changes(self._file(got), job)
            for got in _files(job, Content.DELETED):
                yield from (single(_dated(line, job.since)) for one in self._file(got) for line in one.lines())

    def _file(self, got: Got) -> Iterator[Stretch]:
        path = self._journal.folder / got.file
        record = FileRecord(got.file, got.size)
        self.records.append(record)
        yield from ndjson_stretches(path, record, self._progress)
        if record.state is FileState.READ and record.sha256 != got.sha256:
            record.state = FileState.DAMAGED


def _files(job: Job, content: Content) -> list[Got]:
    return [got for _, got in sorted(job.files.items()) if got.content is content and got.file]


def _of_type(jobs: Iterable[Job], kind: str) -> list[Got]:
    return [got for job in jobs for got in _files(job, Content.OUTPUT) if got.type == kind]


def _of_changes(file: Iterator[Stretch], job: Job) -> Iterator[Stretch]:
    """The records of an export of changes bear the moment of the export where they have none of their own.

    Else nothing would tell that they are newer than the records that they replace.
    """
    since = job.request["since"]
    if not since:
        return file
    return (single(_changed(line, job.since or since)) for stretch in file for line in stretch.lines())


def _changed(line: Line, moment: str) -> Line:
    try:
        record = read_object(line.data)
    except Unreadable:
        return line
    said = record.get("meta", {})
    if not isinstance(said, dict) or is_instant(str(said.get("lastUpdated"))):
        return line
    meta = {**said, "lastUpdated": moment}
    return replace(line, data=json.dumps({**record, "meta": meta}).encode())


def _dated(line: Line, moment: str | None) -> Line:
    """A Bundle of deletions, in which those without a time bear the moment of the export.

    Without one a deletion is the last word, also over a record that was made again later.
    """
    try:
        bundle = read_object(line.data)
    except Unreadable:
        return line
    entries = bundle.get("entry")
    if moment is None or not isinstance(entries, list):
        return line
    return replace(line, data=json.dumps({**bundle, "entry": [_entry_dated(one, moment) for one in entries]}).encode())


def _entry_dated(entry: Any, moment: str) -> Any:
    if not isinstance(entry, dict):
        return entry
    said = entry.get("response")
    response: Json = said if isinstance(said, dict) else {}
    return {**entry, "response": {"lastModified": moment, **response}}


def _states(jobs: list[Job], wanted: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """What can be said of each type, worst first, and why."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for job in jobs:
        for kind in job.withheld:
            found[kind].append((Outcome.WITHHELD, "the token does not permit reading all of it"))
        for got in job.files.values():
            for kind, state, why in _doubts(got):
                found[kind].append((state, why))
    if jobs and "Practitioner" in wanted and not _of_type(jobs, "Practitioner") and _any(jobs):
        found["Practitioner"].append((Outcome.PARTIAL, _LEFT_OUT))
    everywhere = found[EVERYTHING]
    return {kind: _worst(found[kind] + everywhere) for kind in wanted}


def _any(jobs: Iterable[Job]) -> bool:
    return any(got.lines for job in jobs for got in _files(job, Content.OUTPUT))


def _doubts(got: Got) -> Iterator[tuple[str, str, str]]:
    """The types that a file leaves in doubt: its own, or all where it does not say what it held."""
    known = got.type if got.content is Content.OUTPUT and got.type[:1].isupper() else EVERYTHING
    if got.state is Proven.LOST:
        yield known, Outcome.FAILED, f"a file was lost: {got.detail}"
    elif got.state is Proven.WITHHELD:
        yield known, Outcome.WITHHELD, f"the server does not permit fetching a file: {got.detail}"
    elif got.state is Proven.UNPROVEN:
        yield known, Outcome.UNPROVEN, f"a file is not proven to be whole: {got.detail}"
    for kind in got.grave:
        yield kind, Outcome.PARTIAL, f"{_ERRORS}: {got.lines} lines of them"


def _worst(found: list[tuple[str, str]]) -> tuple[str, str]:
    order = (Outcome.FAILED, Outcome.WITHHELD, Outcome.PARTIAL, Outcome.UNPROVEN)
    return min(found, key=lambda one: order.index(Outcome(one[0])), default=(Outcome.COMPLETE, ""))


def _row(kind: str, state: tuple[str, str], files: Iterable[Got]) -> dict[str, Any]:
    got = list(files)
    return {
        "source": BULK,
        "type": kind,
        "query": "files",
        "state": state[0],
        "searches": 0,
        "files": len(got),
        "received": sum(one.lines for one in got),
        "duplicate": 0,
        "left_out": 0,
        "reasons": [state[1]] if state[1] else [],
    }
