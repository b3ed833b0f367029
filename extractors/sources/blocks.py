"""Bytes of a source cut at line ends: cheap to make, to send to another process, and to tell from others.

Where a cut falls depends on sizes alone. A line that is inserted shifts the cuts after it in its file, and no other
file's.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from extractors.decode import MAXIMUM_LINE
from extractors.events import Line

SIZE = 4 * 1024 * 1024
"""Bytes of a block, about: what one process works on at a time."""


@dataclass(frozen=True, slots=True)
class Stretch:
    r"""Some bytes of one file that hold whole lines: the number of the first (from 1) and its offset in bytes.

    Lines end with `\n`, the last one perhaps with the data; `count` of them are not blank. A stretch that `is_one` is
    one line whatever it holds: a document over many lines, or the beginning of a line over the limit.
    """

    file: str
    number: int
    offset: int
    data: bytes
    count: int = 1
    is_one: bool = False

    def lines(self) -> Iterator[Line]:
        r"""The lines, blank ones left out, without their ends; of one over the limit only the beginning.

        Only `\n` ends a line: other separators of text are content.
        """
        if self.is_one:
            if self.data.strip():
                yield Line(self.file, self.number, self.offset, self.data)
            return
        offset = self.offset
        for number, data in enumerate(self.data.split(b"\n"), self.number):
            if data.strip():
                yield Line(self.file, number, offset, data.removesuffix(b"\r")[: MAXIMUM_LINE + 1])
            offset += len(data) + 1


def written(lines: Iterable[bytes]) -> int:
    """How many lines are not blank."""
    return sum(map(bool, map(bytes.strip, lines)))


Block = tuple[Stretch, ...]
"""Stretches that are worked on together: parts of a large file, or many small ones."""


def grouped(stretches: Iterable[Stretch], size: int = SIZE) -> Iterator[Block]:
    """Blocks of at most `size` bytes, or of one stretch that is longer, in order."""
    held: list[Stretch] = []
    length = 0
    for stretch in stretches:
        if held and length + len(stretch.data) > size:
            yield tuple(held)
            held, length = [], 0
        held.append(stretch)
        length += len(stretch.data)
    if held:
        yield tuple(held)


def lines_of(block: Block) -> Iterator[Line]:
    """The lines of a block."""
    return (line for stretch in block for line in stretch.lines())


def digest_of(block: Block) -> bytes:
    """SHA-256 of what a block holds and where in its files that stands."""
    whole = hashlib.sha256()
    for one in block:
        whole.update(repr((one.file, one.number, one.offset, one.is_one, len(one.data))).encode())
        whole.update(one.data)
    return whole.digest()


def single(line: Line) -> Stretch:
    """A line that stands for itself, such as a page of a crawl."""
    return Stretch(line.file, line.number, line.offset, line.data, is_one=True)
