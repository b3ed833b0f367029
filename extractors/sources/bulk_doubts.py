"""What leaves a file of an export in doubt: its own end and count, and what its server says went wrong."""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from extractors.decode import MAXIMUM_LINE, Unreadable, read_object
from extractors.sources.bulk_files import Weighed
from extractors.sources.bulk_manifest import Listed

EVERYTHING = "all"
_UNREAD = object()
_WORD = re.compile(r"[A-Z][A-Za-z]{2,40}")
_GRAVE = ("fatal", "error")
MOST_OUTCOMES = 10_000
"""Lines of a server's account of trouble that are read; what more says leaves everything in doubt."""


def doubt_of(weighed: Weighed, listed: Listed) -> str:
    """Why what came cannot be all of a file, whatever its transport showed; empty if nothing says so."""
    if not weighed.ends:
        return "its last line is cut"
    if listed.count is not None and listed.count != weighed.lines:
        return f"it holds {weighed.lines} lines where the server says {listed.count}"
    return ""


def grave_in(place: Path, asked: Iterable[str]) -> tuple[str, ...]:
    """The types that the errors in a file of OperationOutcomes speak of; `all` where one names none of those asked for.

    Its words are not kept: they may name a patient. Beyond `MOST_OUTCOMES` lines nothing is read: `all` as well.
    """
    wanted, found = set(asked), set[str]()
    for issue in _issues(place):
        if issue is _UNREAD:
            return tuple(sorted({*found, EVERYTHING}))
        if not isinstance(issue, dict) or issue.get("severity") in _GRAVE:
            found |= {word for word in _WORD.findall(str(issue)) if word in wanted} or {EVERYTHING}
    return tuple(sorted(found))


def _issues(place: Path) -> Iterator[object]:
    with place.open("rb") as file:
        lines = iter(partial(file.readline, MAXIMUM_LINE), b"")
        for number, line in enumerate(lines):
            if number == MOST_OUTCOMES:
                yield _UNREAD
                return
            if line.strip():
                try:
                    issues = read_object(line).get("issue")
                except Unreadable:
                    issues = None
                yield from issues if isinstance(issues, list) else [None]
