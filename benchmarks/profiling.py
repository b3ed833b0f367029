"""Where the time goes: `make bench-profile` samples the whole job with py-spy, and tells functions and modules.

A function's own share is what it takes itself, what it calls left out. Of pi180's own functions the share with what
they call is told too: it adds up to more than the whole. Writes `profile.json`.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks import pages, results
from benchmarks.candidates import WHOLE
from benchmarks.corpus import made
from benchmarks.extract import CORPORA
from benchmarks.made_up import Json
from benchmarks.measuring import ROOT

SHOWN = 15
_OURS = ("extractors/", "scoring/", "smartapp/")
_FRAME = re.compile(r"^(.*) \((.*?)(?::\d+)?\)$")


def stacks(text: str) -> Iterable[tuple[list[str], int]]:
    """The lines of calls of py-spy's raw form, outermost call first, and how many samples hold each."""
    for line in text.splitlines():
        calls, _, count = line.rpartition(" ")
        yield calls.split(";"), int(count)


def place_of(frame: str) -> tuple[str, str]:
    """Function and module of a frame; what is native has its library's name, and may have none of its own."""
    found = _FRAME.match(frame)
    function, module = (found[1], Path(found[2]).as_posix()) if found else (frame, "")
    return ("without a name" if function.startswith("0x") else function), module


def shares(text: str) -> Json:
    """In percent of all samples, the greatest first: own shares of functions, and pi180's own with what they call."""
    own: Counter[tuple[str, str]] = Counter()
    within: Counter[tuple[str, str]] = Counter()
    for calls, count in stacks(text):
        own[place_of(calls[-1])] += count
        for place in {place_of(call) for call in calls}:
            within[place] += count
    ours = Counter({place: count for place, count in within.items() if place[1].startswith(_OURS)})
    found = {name: _rows(counts, own.total()) for name, counts in (("functions", own), ("parts", ours))}
    return {"samples": own.total(), **found}


def _rows(counts: Counter[tuple[str, str]], whole: int) -> list[Json]:
    return [
        {"percent": round(100 * count / whole, 1), "function": function, "module": module}
        for (function, module), count in counts.most_common(SHOWN)
    ]


def sampled(corpus: Path, rate: int) -> str:
    """What py-spy saw of one run of the whole job, and of its children."""
    with tempfile.NamedTemporaryFile("r", suffix=".txt") as out:
        spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or "py-spy"
        how = [
            spy,
            "record",
            "--format",
            "raw",
            "--rate",
            str(rate),
            "--native",
            "--subprocesses",
            "--output",
            out.name,
        ]
        program = [sys.executable, "-m", "benchmarks.one", WHOLE, str(corpus / "lines")]
        subprocess.run([*how, "--", *program], check=True, cwd=ROOT)
        return Path(out.name).read_text()


def main() -> None:
    """Sample, print, write `profile.json`, and fill the docs."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=CORPORA, metavar="FOLDER")
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--rate", type=int, default=100, help="samples a second")
    asked = reads.parse_args()
    found = shares(sampled(made(asked.corpora / f"{asked.size}", asked.size), asked.rate))
    results.keep("profile", found | {"about": results.about("", size_mb=asked.size)})
    for name in ("parts", "functions"):
        print(results.table(pages.FUNCTIONS, found[name]))
    pages.write()


if __name__ == "__main__":
    main()
