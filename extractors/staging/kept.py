"""The folder of parts that are kept from run to run: one run's at a time, and only of the last run."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from extractors.errors import SourceError, StagingError
from extractors.sources.crawl_files import begin, locked
from extractors.staging.parts import Part, files_of

_HEADER, _PARTS = "reuse.json", "parts"
_SCHEMA = "pi180/reuse/1"
_OURS = re.compile(r"\.?[0-9a-f]{64}\.(json|\w+\.parquet)(\.\d+)?")


@dataclass(slots=True)
class KeptParts:
    """Parts on the disk, and which of them this run uses."""

    folder: Path
    _used: set[str] = field(default_factory=set)

    def use(self, part: Part) -> None:
        """Keep a part for the next run."""
        self._used.update(files_of(part))

    def drop_unused(self) -> None:
        """Remove what this run did not use, and what a killed one had begun."""
        for file in self.folder.iterdir():
            if file.name not in self._used and _OURS.fullmatch(file.name) and not file.is_dir():
                file.unlink(missing_ok=True)


@contextmanager
def kept_parts(place: Path) -> Iterator[KeptParts]:
    """The parts in a folder, which is made where there is none, and is this process's meanwhile.

    Raises:
        StagingError: another process uses it, or it holds something else.
    """
    try:
        begin(place, {"schema": _SCHEMA}, name=_HEADER, inside=_PARTS)
        held = locked(place)
    except SourceError as problem:
        raise StagingError(f"--reuse: {problem}") from None
    except NotADirectoryError:
        raise StagingError(f"--reuse: {place}: expected a folder, got a file. Name a new folder.") from None
    with held:
        (place / _PARTS).mkdir(exist_ok=True, mode=0o700)
        yield KeptParts(place / _PARTS)
