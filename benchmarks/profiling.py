"""Where the time goes: `make bench-profile` samples the whole job with py-spy, and tells functions and modules.

Samples that hold the same line of calls are counted together. A function's own share is what it takes itself, what it
calls left out; a module's is that of its functions. Writes `profile.json`.
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

SHOWN = 20
_FRAME = re.compile(r"^(.*) \((.*?)(?::\d+)?\)$")


def stacks(text: str) -> Iterable[tuple[list[str], int]]:
    """The lines of calls of py-spy's raw form, outermost call first, and how many samples hold each."""
    for line in text.splitlines():
        calls, _, count = line.rpartition(" ")
        yield calls.split(";"), int(count)


def place_of(frame: str) -> tuple[str, str]:
    """Function and module of a frame; what is native has its library's name."""
    found = _FRAME.match(frame)
    return (found[1], Path(found[2]).as_posix()) if found else (frame, "")


def shares(text: str) -> Json:
    """Own shares of functions and modules, in percent, the greatest first."""
    functions: Counter[tuple[str, str]] = Counter()
    modules: Counter[str] = Counter()
    for calls, count in stacks(text):
        function, module = place_of(calls[-1])
        functions[function, module] += count
        modules[module] += count
    whole = functions.total()
    return {
        "samples": whole,
        "functions": [
            {"function": function, "module": module, "own_percent": round(100 * count / whole, 1)}
            for (function, module), count in functions.most_common(SHOWN)
        ],
        "modules": [
            {"module": module, "own_percent": round(100 * count / whole, 1)}
            for module, count in modules.most_common(SHOWN)
        ],
    }


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
    print(results.table(pages.FUNCTIONS, found["functions"]))
    pages.write()


if __name__ == "__main__":
    main()
