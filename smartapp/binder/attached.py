"""What a person puts into a binder beside the run: evidence for its places, and what was handed to CMS.

A copy under pseudonyms names each such file by its digest alone: nobody can say what stands in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from scoring.evidence_rules import Slot
from smartapp.attesting.readiness import keys_of_year, readiness
from smartapp.binder.container import MOST_FILES, is_plain
from smartapp.binder.layout import DOCUMENTS, SUBMITTED
from smartapp.errors import UsageError
from smartapp.report.binder import FileShown
from smartapp.scored import Scored
from smartapp.store.judged import SUFFIXES, DocumentRefused, judged

MOST_SUBMITTED_BYTES = 64 * 1024 * 1024
_ODD = re.compile(r"[^A-Za-z0-9._-]+")
_SHA_256 = re.compile("[0-9a-f]{64}")
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
class Filed:
    """A file of the binder and the key of the place that it is for."""

    slot: str
    file: FileShown


@dataclass(frozen=True, slots=True)
class Attachments:
    """Everything that was attached or handed in; `files` has the bytes, and is empty where only digests are shown."""

    documents: tuple[Filed, ...] = ()
    submitted: tuple[FileShown, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def as_document(self) -> dict[str, Any]:
        """What cover and manifest say of them."""
        return {
            "documents": [{"slot": one.slot, **row_of(one.file)} for one in self.documents],
            "submitted": [row_of(file) for file in self.submitted],
        }


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


def attach(documents: Sequence[Attached], submitted: Iterable[tuple[str, bytes]], *, shown: bool) -> Attachments:
    """Give every file a plain name.

    Args:
        documents: files for places.
        submitted: names and bytes of what was handed to CMS.
        shown: whether the files themselves go into the binder; else only their digests do.

    Raises:
        UsageError: they are too many.
    """
    named = [(one.slot, _document_name(one), one.data) for one in documents]
    handed = {f"{SUBMITTED}/{_plain(name, data)}": data for name, data in submitted}
    files = {**{name: data for _, name, data in named}, **handed}
    if len(files) > MOST_FILES // 2:
        raise UsageError(f"A binder takes {MOST_FILES // 2} attached files at most.")
    return Attachments(
        documents=tuple(Filed(slot, file_shown(name, data)) for slot, name, data in named),
        submitted=tuple(file_shown(name, data) for name, data in handed.items()),
        files=files if shown else {},
    )


def attached_in(told: Mapping[str, Any], files: Mapping[str, bytes], *, shown: bool) -> Attachments:
    """The attachments that a binder tells of; where its files are in it, by these.

    Args:
        told: what the manifest says.
        files: those of the binder.
        shown: whether the attached files themselves are in it.

    Raises:
        KeyError, TypeError, UsageError: it tells of something that is not there, or that is no attachment.
    """
    if not shown:
        documents = tuple(Filed(str(row["slot"]), _by_digest(row)) for row in told["documents"])
        return Attachments(documents, tuple(map(_by_digest, told["submitted"])))
    named = [Attached(str(row["slot"]), str(row["file"]), files[row["file"]]) for row in told["documents"]]
    return attach(named, [(str(row["file"]), files[row["file"]]) for row in told["submitted"]], shown=True)


def places_of(scored: Scored, attached: Attachments) -> tuple[tuple[Place, ...], tuple[FileShown, ...]]:
    """Every place that the answers of a score ask a file for, with its files; and the files of no such place."""
    wanted = [(place.slot, place.measure or "", place.key) for place in readiness(scored, ()).places]
    keys = {key for _, _, key in wanted}
    return (
        tuple(Place(slot, measure, _files_of(attached, {key})) for slot, measure, key in wanted),
        _files_of(attached, {one.slot for one in attached.documents} - keys),
    )


def row_of(file: FileShown) -> dict[str, Any]:
    """A file as cover and manifest tell of it."""
    return {"file": file.name, "size": file.size, "sha256": file.sha256}


def file_of(row: Mapping[str, Any]) -> FileShown:
    """The file that such a row tells of.

    Raises:
        KeyError, TypeError, ValueError: it is no such row.
    """
    name, size, digest = row["file"], row["size"], row["sha256"]
    if type(size) is not int or not (is_plain(name) and _SHA_256.fullmatch(digest)):
        raise ValueError("a row that tells of no file")
    return FileShown(name, size, digest)


def _by_digest(row: Mapping[str, Any]) -> FileShown:
    file = file_of(row)
    if not file.name.startswith((f"{DOCUMENTS}/", f"{SUBMITTED}/")):
        raise ValueError("an attached file that lies elsewhere")
    return file


def file_shown(name: str, data: bytes) -> FileShown:
    """A file as the page names it."""
    return FileShown(name, len(data), sha256(data).hexdigest())


def _files_of(attached: Attachments, slots: set[str]) -> tuple[FileShown, ...]:
    return tuple(one.file for one in attached.documents if one.slot in slots)


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
