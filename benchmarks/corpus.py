"""A practice's export, made up: `python -m benchmarks.corpus FOLDER --size 100 [--damaged] [--gzip] [--clinicians N]`.

NDJSON below `lines/`, one file a type, as a bulk export writes it, in the shapes of `fixtures/fhir` with the narrative,
the meta and the resources beside that exports have. The same arguments write the same bytes, a line at a time; only a
byte for each patient and a row for each clinician are held. `truth.json` holds what was written, counted while writing
(see `benchmarks.truth`).
"""

import argparse
import gzip
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

from benchmarks.made_up import MIX, PATIENTS_OF_CLINICIAN, Book, Json, people, weights
from benchmarks.truth import Truth

DAMAGED_OF = 10_000
MB_OF_CLINICIAN = 10
QUIET = MIX[-1][1]

_DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda line: line[: len(line) // 2],
    lambda line: line[:-1],
    lambda line: line.replace(b'"id":', b'"id"', 1),
    lambda line: line.replace(b'"id":"', b'"id":"\xff', 1),
    lambda line: line.replace(b'"meta":{', b'"meta":{}', 1),
    lambda line: b"\0" * len(line),
    lambda line: line + line,
    lambda line: line.replace(b'"id":', b'"id":"x","id":', 1),
)
"""Ways in which lines break; each leaves no line that can be read."""


class Files:
    """One NDJSON file a type, plain or gzip, and what stands in it."""

    def __init__(self, folder: Path, damaged: bool, packed: bool) -> None:
        self.folder, self.truth = folder, Truth()
        self._every, self._packed = DAMAGED_OF if damaged else 0, packed
        self._open: dict[str, BinaryIO] = {}
        self._closing = ExitStack()

    def write(self, found: Json) -> None:
        """Write a resource as a line; one in so many is damaged."""
        kind, truth = str(found["resourceType"]), self.truth
        name = f"{kind}.ndjson{'.gz' if self._packed else ''}"
        file = self._open.get(kind) or self._open.setdefault(kind, self._opened(name))
        line = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
        truth.lines[kind] += 1
        if self._every and truth.lines.total() % self._every == self._every // 2:
            line = _DAMAGES[len(truth.damaged) % len(_DAMAGES)](line)
            truth.damaged.append((name, truth.lines[kind]))
        else:
            truth.whole(found)
        truth.size += file.write(line + b"\n")

    def _opened(self, name: str) -> BinaryIO:
        """A file to write; a packed one has no name and no time inside, so that its bytes repeat."""
        plain = self._closing.enter_context((self.folder / name).open("wb"))
        if not self._packed:
            return plain
        return cast(BinaryIO, self._closing.enter_context(gzip.GzipFile("", "wb", 6, plain, mtime=0)))

    def close(self) -> None:
        """Finish all files."""
        self._closing.close()


def book_of(megabytes: int, clinicians: int | None) -> Book:
    """Who is in a corpus: by its size, or so many clinicians among whom the patients of that size are divided."""
    if clinicians is None:
        return Book(max(1, megabytes // MB_OF_CLINICIAN))
    return Book(clinicians, max(1, megabytes * PATIENTS_OF_CLINICIAN // MB_OF_CLINICIAN // clinicians))


def make(
    folder: Path,
    megabytes: int,
    damaged: bool = False,
    *,
    packed: bool = False,
    clinicians: int | None = None,
    quiet: int = QUIET,
) -> Json:
    """Write a corpus of at least so many millions of bytes before packing; what was written.

    Args:
        folder: where.
        megabytes: size.
        damaged: whether one line in 10,000 is.
        packed: whether the files are gzip.
        clinicians: how many; None: one for each ten megabytes.
        quiet: of a hundred things that happen, those that no measure reads.
    """
    (folder / "lines").mkdir(parents=True, exist_ok=True)
    book, files = book_of(megabytes, clinicians), Files(folder / "lines", damaged, packed)
    for found in people(book):
        files.write(found)
    kinds, often = [kind for kind, _ in MIX], weights(quiet)
    while files.truth.size < megabytes * 1_000_000:
        book.number += 1
        for found in book.draw.choices(kinds, often)[0](book):
            files.write(found)
    files.close()
    truth = files.truth.told()
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return truth


def made(folder: Path, megabytes: int, damaged: bool = False, **how: Any) -> Path:
    """The folder of a corpus, written now where it is not there yet."""
    if not (folder / "truth.json").exists():
        make(folder, megabytes, damaged, **how)
    return folder


def main() -> None:
    """Write one corpus."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("folder", type=Path)
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--damaged", action="store_true", help="damage one line in 10,000")
    reads.add_argument("--gzip", action="store_true", help="pack every file")
    reads.add_argument(
        "--clinicians", type=int, metavar="N", help="so many, whatever the size [default: one for 10 MB]"
    )
    reads.add_argument("--quiet", type=int, default=QUIET, metavar="PERCENT", help="what no measure reads")
    asked = reads.parse_args()
    how = {"packed": asked.gzip, "clinicians": asked.clinicians, "quiet": asked.quiet}
    truth = make(asked.folder, asked.size, asked.damaged, **how)
    print(f"{truth['bytes'] / 1e6:.1f} MB, {sum(truth['lines'].values())} resources, {len(truth['damaged'])} damaged")


if __name__ == "__main__":
    main()
