"""Which source a folder is: a crawl, exports, the one of both that was finished last, or files of FHIR."""

import json
from pathlib import Path

from extractors.errors import SourceError
from extractors.profile import Profile
from extractors.sources.bulk_journal import is_export
from extractors.sources.crawl_files import write_whole
from extractors.sources.crawled import Crawled
from extractors.sources.exported import Exported
from extractors.sources.folder import Folder, Progress
from extractors.sources.journal import is_crawl

CURRENT = "current.json"
_SCHEMA = "pi180/current/1"

Source = Crawled | Exported | Folder


def source_of(place: Path, profile: Profile, progress: Progress = lambda _: None) -> Source:
    """What to read from a folder.

    Raises:
        SourceError: there is nothing to read, or what is there is damaged.
    """
    found = current_of(place) or _unfinished(place) or place
    if is_crawl(found):
        return Crawled(found, profile, progress)
    if is_export(found):
        return Exported(found, profile, progress)
    return Folder(found, progress)


def _unfinished(place: Path) -> Path | None:
    """A reading below that never was finished: it says of itself that it is not whole; None if there is none."""
    below = sorted(place.iterdir()) if place.is_dir() and not (is_crawl(place) or is_export(place)) else []
    return next((entry for entry in below if is_crawl(entry) or is_export(entry)), None)


def current_of(place: Path) -> Path | None:
    """The folder below that was finished last; None where nothing says so.

    Raises:
        SourceError: what says so is damaged.
    """
    file = place / CURRENT
    if not file.is_file():
        return None
    try:
        said = json.loads(file.read_bytes())
        name = said["folder"] if said["schema"] == _SCHEMA else ""
    except (OSError, ValueError, TypeError, KeyError):
        name = ""
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise SourceError(f"{file}: expected the name of a folder beside it. Read the server anew.")
    return place / name


def make_current(folder: Path) -> None:
    """Let a finished folder be what is read from the folder above it."""
    document = {"schema": _SCHEMA, "folder": folder.name}
    write_whole(folder.parent / CURRENT, json.dumps(document).encode() + b"\n")
