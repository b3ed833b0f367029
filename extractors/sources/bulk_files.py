r"""One file of an export on its way to the disk: beside its place, checked while it comes, then renamed into it.

Lines end at `\n` alone: U+2028 and its like are content (P17). Nothing of a file is held in memory but its last line.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from extractors.decode import MAXIMUM_LINE, is_object
from extractors.errors import SourceError
from extractors.sources.crawl_files import bring_to_disk

_FILE_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Weighed:
    """A file as it came: bytes, lines that are not blank, SHA-256, and whether its last line is a whole object."""

    size: int
    lines: int
    sha256: str
    ends: bool


class Draft:
    """A file that is being written; each `begin` starts it anew, and `arrived` is told the bytes of each piece."""

    def __init__(self, place: Path, arrived: Callable[[int], None] = lambda _: None) -> None:
        self.place, self._arrived = place, arrived
        self._draft = place.with_name(f".{place.name}.part")
        self._out: int | None = None
        self._reset()

    def begin(self) -> Callable[[bytes], None]:
        """Start anew; what this gives takes the pieces.

        Raises:
            SourceError: the disk does not take it; its cause is the system's error.
        """
        self.close()
        self._reset()
        try:
            self._out = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
        except OSError as problem:
            raise self._refused(problem) from problem
        return self._take

    def weigh(self) -> Weighed:
        """What came."""
        whole = not self._line.strip() or is_object(self._line)
        lines = self._lines + bool(self._line.strip())
        ends = whole and (not self._last.strip() or is_object(self._last))
        return Weighed(self._size, lines, self._digest.hexdigest(), ends)

    def settle(self, reached: Callable[[str], None]) -> None:
        """Bring it to the disk and into its place.

        Raises:
            SourceError: the disk does not take it.
        """
        try:
            if self._out is not None:
                os.fsync(self._out)
            self.close()
            reached("before rename")
            self._draft.replace(self.place)
            bring_to_disk(self.place.parent)
            reached("after rename")
        except OSError as problem:
            raise self._refused(problem) from problem

    def drop(self) -> None:
        """Leave nothing behind."""
        self.close()
        self._draft.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of what is written."""
        if self._out is not None:
            os.close(self._out)
            self._out = None

    def _reset(self) -> None:
        self._digest, self._size, self._lines = hashlib.sha256(), 0, 0
        self._line = self._last = b""

    def _take(self, piece: bytes) -> None:
        self._arrived(len(piece))
        self._digest.update(piece)
        self._size += len(piece)
        *whole, rest = piece.split(b"\n")
        if whole:
            whole[0] = self._line + whole[0]
            filled = [line for line in whole if line.strip()]
            self._lines += len(filled)
            self._last = filled[-1] if filled else self._last
            self._line = rest
        elif len(self._line) <= MAXIMUM_LINE:
            self._line += rest
        self._write(piece)

    def _write(self, piece: bytes) -> None:
        left = memoryview(piece)
        try:
            while left and self._out is not None:
                left = left[os.write(self._out, left) :]
        except OSError as problem:
            raise self._refused(problem) from problem

    def _refused(self, problem: OSError) -> SourceError:
        self.drop()
        return SourceError(
            f"{self.place}: {problem.strerror}. Make room or mend the disk; then the same command goes on."
        )
