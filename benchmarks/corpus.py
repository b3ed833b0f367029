"""A practice's export, made up: `python benchmarks/corpus.py FOLDER --size 100 [--damaged]`.

NDJSON below `lines/`, one file a type, as a bulk export writes it, in the shapes of `fixtures/fhir` with the narrative,
the meta and the resources beside that exports have. The same arguments write the same bytes. `truth.json` holds what
was written, counted while writing: lines by type, prescriptions that count, how many of them were transmitted, and
every damaged line.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.made_up import COUNTED, MIX, Book, Json, people

DAMAGED_OF = 10_000

_DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda line: line[: len(line) // 2],
    lambda line: line[:-1],
    lambda line: line.replace(b'"id":', b'"id"', 1),
    lambda line: line.replace(b'"id":"', b'"id":"\xff', 1),
    lambda line: line.replace(b'"meta":{', b'"meta":{}', 1),
    lambda line: b"\0" * len(line),
    lambda line: line + line,
    lambda line: line.replace(b'"status":', b'"status":"x","status":', 1) if b'"subject"' in line else line[1:],
)
"""Ways in which lines break; each leaves no line that can be read."""


class Files:
    """One NDJSON file a type, and what stands in it."""

    def __init__(self, folder: Path, damaged: bool) -> None:
        self.folder = folder
        self.size = 0
        self.lines: Counter[str] = Counter()
        self.damages: list[tuple[str, int]] = []
        self._every = DAMAGED_OF if damaged else 0
        self._open: dict[str, Any] = {}

    def write(self, found: Json) -> bool:
        """Write a resource as a line; one in so many is damaged. Whether it is whole."""
        kind = str(found["resourceType"])
        file = self._open.get(kind) or self._open.setdefault(kind, (self.folder / f"{kind}.ndjson").open("wb"))
        line = json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()
        self.lines[kind] += 1
        whole = not self._every or sum(self.lines.values()) % self._every != self._every // 2
        if not whole:
            line = _DAMAGES[len(self.damages) % len(_DAMAGES)](line)
            self.damages.append((f"{kind}.ndjson", self.lines[kind]))
        self.size += file.write(line + b"\n")
        return whole

    def close(self) -> None:
        """Finish all files."""
        for file in self._open.values():
            file.close()


def make(folder: Path, megabytes: int, damaged: bool = False) -> Json:
    """Write a corpus of at least so many millions of bytes; what was written."""
    (folder / "lines").mkdir(parents=True, exist_ok=True)
    clinicians = max(1, megabytes // 10)
    book, files = Book(clinicians), Files(folder / "lines", damaged)
    for found in people(clinicians):
        files.write(found)
    kinds, weights = zip(*MIX, strict=True)
    counted: Counter[str] = Counter()
    while files.size < megabytes * 1_000_000:
        book.number += 1
        counts = False
        for found in book.draw.choices(kinds, weights)[0](book):
            order = found["resourceType"] == "MedicationRequest"
            whole = files.write(found)
            counts = whole and (found["status"] in ("active", "completed") if order else counts)
            counted["prescribed" if order else "transmitted"] += counts and found["resourceType"] in COUNTED
    files.close()
    truth = {
        "bytes": files.size,
        "lines": dict(files.lines),
        "prescribed": counted["prescribed"],
        "transmitted": counted["transmitted"],
        "damaged": files.damages,
    }
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return truth


def main() -> None:
    """Write one corpus."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("folder", type=Path)
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--damaged", action="store_true", help="damage one line in 10,000")
    asked = reads.parse_args()
    truth = make(asked.folder, asked.size, asked.damaged)
    print(f"{truth['bytes'] / 1e6:.1f} MB, {sum(truth['lines'].values())} resources, {len(truth['damaged'])} damaged")


if __name__ == "__main__":
    main()
