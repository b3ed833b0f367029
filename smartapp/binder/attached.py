"""What a person puts into a binder beside the run: evidence for its places, and what was handed to CMS.

A copy under pseudonyms names each such file by its digest alone: nobody can say what stands in it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

from scoring.evidence_rules import Slot
from smartapp.attesting.readiness import keys_of_year, readiness
from smartapp.binder.container import MOST_FILES
from smartapp.binder.layout import DOCUMENTS, SUBMITTED
from smartapp.report.binder import FileShown
from smartapp.scored import Scored
from smartapp.store.judged import SUFFIXES, DocumentRefused, judged
from smartapp.usecases import UsageError

MOST_SUBMITTED_BYTES = 64 * 1024 * 1024
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_DIGEST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Attached:
    """A file for one place: the place's key, as of the documents page; `name` is what it was called."""

    slot: str
    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """A place that the answers ask a file for, with the files that came for it."""

    slot: Slot
    measure: str
    files: tuple[FileShown, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Everything that was attached: the files by their names in the binder, and where each of them belongs."""

    files: dict[str, bytes] = field(repr=False)
    places: tuple[Place, ...]
    beside: tuple[FileShown, ...]
    submitted: tuple[FileShown, ...]


def read_attached(slot: str, file: Path, year: int) -> Attached:
    """Read a file for a place.

    Raises:
        UsageError: it cannot be read, is of no kind that an auditor can open without danger, or the year has no such
            place.
    """
    known = keys_of_year(year)
    if slot not in known:
        raise UsageError(f"--document {slot}: expected one of {', '.join(sorted(known))}.")
    try:
        found = Attached(slot, file.name, file.read_bytes())
        judged(found.name, found.data)
    except OSError:
        raise UsageError(f"{file}: cannot be read. Name an existing file.") from None
    except DocumentRefused as problem:
        raise UsageError(f"{file.name}: {problem}") from None
    return found


def read_submitted(file: Path) -> tuple[str, bytes]:
    """Read a file that was handed to CMS, or its receipt: name and bytes.

    Raises:
        UsageError: it cannot be read, or is larger than such a file can be.
    """
    try:
        data = file.read_bytes()
    except OSError:
        raise UsageError(f"{file}: cannot be read. Name an existing file.") from None
    if len(data) > MOST_SUBMITTED_BYTES:
        raise UsageError(f"{file.name}: is larger than {MOST_SUBMITTED_BYTES} bytes, which no submission is.")
    return file.name, data


def sort_attached(
    scored: Scored, documents: Sequence[Attached], submitted: Iterable[tuple[str, bytes]], *, shown: bool
) -> Sorted:
    """Give every file a plain name and its place.

    Args:
        scored: the score, whose answers ask for evidence.
        documents: files for places.
        submitted: names and bytes of what was handed to CMS.
        shown: whether the files themselves go into the binder; else only their digests do.
    """
    named = [(one.slot, _document_name(one), one.data) for one in documents]
    handed = {f"{SUBMITTED}/{_plain(name, data)}": data for name, data in submitted}
    files = {**{name: data for _, name, data in named}, **handed}
    if len(files) > MOST_FILES // 2:
        raise UsageError(f"A binder takes {MOST_FILES // 2} attached files at most.")
    wanted = [(place.slot, place.measure or "", place.key) for place in readiness(scored, ()).places]
    keys = {key for _, _, key in wanted}
    return Sorted(
        files=files if shown else {},
        places=tuple(Place(slot, measure, _files_of(named, {key})) for slot, measure, key in wanted),
        beside=_files_of(named, {slot for slot, _, _ in named} - keys),
        submitted=tuple(file_shown(name, data) for name, data in handed.items()),
    )


def file_shown(name: str, data: bytes) -> FileShown:
    """A file as the page names it."""
    return FileShown(name, len(data), sha256(data).hexdigest())


def _files_of(named: Iterable[tuple[str, str, bytes]], slots: set[str]) -> tuple[FileShown, ...]:
    return tuple(file_shown(name, data) for slot, name, data in named if slot in slots)


def _document_name(document: Attached) -> str:
    """A name that nobody but us chose: a file's own may hold a patient's (R114)."""
    suffix = SUFFIXES[judged(document.name, document.data)][0]
    return f"{DOCUMENTS}/{_ODD.sub('-', document.slot)}-{_digest(document.data)}{suffix}"


def _plain(name: str, data: bytes) -> str:
    """The same for a file that was handed in, of which the ending alone says what it is."""
    suffix = PurePosixPath(name).suffix.lower()
    kept = suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else ""
    return f"submitted-{_digest(data)}{kept}"


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:_DIGEST_SHOWN]
