"""Files that survive a kill, a full disk and a crash: each is whole or not there (R116).

A file is written beside its place, brought to the disk, read back, and renamed into its place; then the folder is
brought to the disk, too. What lies beside a place is never trusted: it is written anew.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from extractors.sources.crawl_files import bring_to_disk

Point = Callable[[str], None]
"""Is told what is about to be done, or was just done."""

_OWNER_ONLY_FOLDER, _OWNER_ONLY_FILE = 0o700, 0o600


class Files:
    """Writes and moves files; `at` is called between all steps, so that a test can break each of them."""

    def __init__(self, at: Point = lambda _: None) -> None:
        self._at = at

    def write(self, place: Path, data: bytes) -> None:
        """Put a file in its place, for its owner alone.

        Raises:
            OSError: it could not be written, or is on the disk otherwise than it was written; the place is as before.
        """
        place.parent.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY_FOLDER)
        draft = place.with_name(f".{place.name}.new")
        self._at(f"before the writing of {place.name}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY_FILE)
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            self._at(f"before the fsync of {place.name}")
            os.fsync(out.fileno())
        self._verify(draft, data)
        self.move(draft, place)

    def move(self, draft: Path, place: Path) -> None:
        """Rename a file that is on the disk into its place, and bring the folder to the disk."""
        self._at(f"before the rename of {place.name}")
        draft.replace(place)
        self._at(f"after the rename of {place.name}")
        bring_to_disk(place.parent)

    def settle(self, folder: Path) -> None:
        """Bring everything below a folder to the disk, and the folders themselves."""
        self._at(f"before the settling of {folder.name}")
        for path in sorted(folder.rglob("*"), reverse=True):
            bring_to_disk(path)
        bring_to_disk(folder)
        bring_to_disk(folder.parent)

    def _verify(self, draft: Path, data: bytes) -> None:
        self._at(f"before the reading back of {draft.name}")
        if draft.read_bytes() != data:
            raise OSError(errno.EIO, "does not read as it was written", str(draft))
