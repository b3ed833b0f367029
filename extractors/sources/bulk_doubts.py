"""What leaves a file of an export in doubt: its own end and count, and what its server says went wrong."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from extractors.decode import Unreadable, read_object
from extractors.sources.bulk_files import Weighed
from extractors.sources.bulk_manifest import Listed

EVERYTHING = "all"
_WORD = re.compile(r"[A-Z][A-Za-z]{2,40}")
_GRAVE = ("fatal", "error")


def doubt_of(weighed: Weighed, listed: Listed) -> str:
    """Why what came cannot be all of a file, whatever its transport showed; empty if nothing says so."""
    if not weighed.ends:
        return "its last line is cut"
    if listed.count is not None and listed.count != weighed.lines:
        return f"it holds {weighed.lines} lines where the server says {listed.count}"
    return ""


def grave_in(place: Path, asked: Iterable[str]) -> tuple[str, ...]:
    """The types that the errors in a file of OperationOutcomes speak of; `all` where one names none of those asked for.

    Its words are not kept: they may name a patient.
    """
    wanted, found = set(asked), set[str]()
    for issue in _issues(place):
        if not isinstance(issue, dict) or issue.get("severity") in _GRAVE:
            found |= {word for word in _WORD.findall(str(issue)) if word in wanted} or {EVERYTHING}
    return tuple(sorted(found))


def _issues(place: Path) -> Iterator[object]:
    with place.open("rb") as lines:
        for line in lines:
            if line.strip():
                try:
                    issues = read_object(line).get("issue")
                except Unreadable:
                    issues = None
                yield from issues if isinstance(issues, list) else [None]
