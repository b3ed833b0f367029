"""The pages of a reading of a clinician's own patients, kept patient by patient until the reading ends.

A patient's pages count once their folder has its name: it is written beside and renamed when it is whole. So whoever
goes on after a process was killed reads no patient twice, and none in part. The pages are protected health
information: the folder is its owner's alone, and what nobody went on with for a day is removed.
"""

import json
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from extractors.decode import Json
from extractors.sources.crawl_files import locked
from extractors.sources.search import Found
from smartapp.written import write_text

GOOD_FOR = timedelta(days=1)
"""How long after its beginning a reading may be gone on with: its pages are all of about one time."""
_HEADER, _PAGES, _DRAFT = "reading.json", "pages", "draft"


class OwnPages:
    """The folder of one reading, held for as long as this is open: nobody else reads into it meanwhile."""

    def __init__(self, folder: Path) -> None:
        """Hold the folder; it is made when it is not there yet.

        Raises:
            SourceError: another worker holds it.
        """
        self._folder, self.pages = folder, folder / _PAGES
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._held = locked(folder)

    def __enter__(self) -> "OwnPages":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def begin(self, header: Json, now: datetime) -> None:
        """Go on where the same reading was broken off less than a day ago; else begin with nothing.

        Args:
            header: what makes it this reading and no other, without the time.
            now: the present, aware.
        """
        if _is_good(self._folder, now) and _header(self._folder).get("of") == header:
            return
        (self._folder / _HEADER).unlink(missing_ok=True)  # first: pages without it are nobody's
        shutil.rmtree(self.pages, ignore_errors=True)
        self.pages.mkdir(mode=0o700)
        write_text(self._folder / _HEADER, json.dumps({"begun": now.astimezone(UTC).isoformat(), "of": header}))

    def has(self, name: str) -> bool:
        """Whether all answers of this name are kept."""
        return (self.pages / _digest(name)).is_dir()

    def keep(self, name: str, answers: Iterable[Found]) -> None:
        """Keep all answers of this name in place of earlier ones, or none of them."""
        draft, place = self._folder / _DRAFT, self.pages / _digest(name)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        for answer in answers:
            for line in answer.lines:
                (draft / f"{answer.type}-{line.number:03}.json").write_bytes(line.data)
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)

    def keep_only(self, names: Iterable[str]) -> None:
        """Remove what is kept under any other name."""
        wanted = {_digest(name) for name in names}
        for place in self.pages.iterdir():
            if place.name not in wanted:
                shutil.rmtree(place)

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._folder, ignore_errors=True)


def remove_old(folder: Path, now: datetime) -> None:
    """Remove each reading below a folder that nobody may go on with any more; it may be missing."""
    for place in folder.iterdir() if folder.is_dir() else ():
        if not _is_good(place, now):
            shutil.rmtree(place, ignore_errors=True)


def _is_good(folder: Path, now: datetime) -> bool:
    try:
        age = now - datetime.fromisoformat(_header(folder)["begun"])
    except (KeyError, ValueError, TypeError):
        return False
    return timedelta(0) <= age < GOOD_FOR


def _header(folder: Path) -> Json:
    try:
        found: Json = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _digest(name: str) -> str:
    """The name of a folder, which is no patient's id."""
    return sha256(name.encode()).hexdigest()[:24]
