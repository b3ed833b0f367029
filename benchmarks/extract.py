"""What reading costs: `make bench` runs pi180's extraction and other programs in rotation, on the same files.

Every run is a process of its own. CPU is user and system time; `work` is what comes after imports and preparation, and
is what is compared: at a few megabytes the start of a process would hide it. Slow programs read a sample. Nothing here
fails for being slow; a count that is wrong, or a damaged line that is not listed, does.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.candidates import PREPARED, SLOW
from benchmarks.corpus import make
from extractors.events import extract
from extractors.profile import load_profile
from extractors.sources.folder import Folder

Json = dict[str, Any]
HERE = Path(__file__).parent
SAMPLE = 2_000_000
_PARSERS = {"simdjson, parse only": "simdjson", "orjson loop": "orjson"}
_VERSIONS = ("duckdb", "fhir.resources", "fhirpathpy", "msgspec")


def run_one(name: str, corpus: Path) -> None:
    """Run one program in this process, and print what it cost."""
    prepared = PREPARED[name]()
    paths = sorted(corpus.glob("*.ndjson"))
    before = time.process_time()
    counted = prepared(paths)
    work = time.process_time() - before
    used = resource.getrusage(resource.RUSAGE_SELF)
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    said = {"work": work, "cpu": used.ru_utime + used.ru_stime, "peak": peak, "counted": counted}
    print(json.dumps(said))


def measured(name: str, corpus: Path) -> Json:
    """Run one program in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--corpus", str(corpus)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE.parent)
    found: Json = json.loads(ran.stdout.splitlines()[-1])
    return found


def sample_of(corpus: Path) -> Path:
    """The beginning of every file of a corpus, about two megabytes together, each by its share."""
    sample, lines = corpus / "sample", corpus / "lines"
    if not sample.exists():
        sample.mkdir()
        whole = sum(path.stat().st_size for path in lines.glob("*.ndjson"))
        for path in lines.glob("*.ndjson"):
            share = max(1, path.stat().st_size * SAMPLE // whole)
            with path.open("rb") as file:
                (sample / path.name).write_bytes(b"".join(file.readlines(share)))
    return sample


def check(name: str, counted: Json, truth: Json) -> None:
    """Stop where a program counted otherwise than the corpus says."""
    for what in ("prescribed", "transmitted"):
        if what in counted and counted[what] != truth[what]:
            raise SystemExit(f"{name}: {what} {counted[what]}, but {truth[what]} were written")


def check_damaged(corpus: Path) -> str:
    """That every damaged line is listed and every other one counted, exactly; says how many."""
    truth = json.loads((corpus / "truth.json").read_text())
    found = extract(Folder(corpus / "lines").lines(), load_profile("generic"), ZoneInfo("America/New_York"))
    listed = sorted([row["file"], row["line"]] for row in found.quarantine)
    if listed != sorted(truth["damaged"]):
        raise SystemExit(f"{len(listed)} lines were set aside, but {len(truth['damaged'])} others are damaged")
    counted = len(found.resources) + sum(found.not_read.values())
    if counted + len(listed) != sum(truth["lines"].values()):
        raise SystemExit(f"{counted} whole lines were counted, of {sum(truth['lines'].values()) - len(listed)}")
    return f"{len(listed)} damaged lines listed, {counted} others counted"


def compare(corpus: Path, rounds: int) -> list[Json]:
    """Run all programs in rotation; a row for each, the median of its runs."""
    truth, sample = json.loads((corpus / "truth.json").read_text()), sample_of(corpus)
    runs: dict[str, list[Json]] = {name: [] for name in PREPARED if find_spec(_PARSERS.get(name, "json"))}
    for number in range(rounds):
        for name in (name for name in runs if name not in SLOW or not number):
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
            found = measured(name, sample if name in SLOW else corpus / "lines")
            if name not in SLOW:  # a sample is not the whole
                check(name, found["counted"], truth)
            runs[name].append(found)
    return [_row(name, found, sample if name in SLOW else corpus / "lines") for name, found in runs.items()]


def _row(name: str, runs: list[Json], corpus: Path) -> Json:
    paths = list(corpus.glob("*.ndjson"))
    size = sum(path.stat().st_size for path in paths)
    resources = sum(path.read_bytes().count(b"\n") for path in paths)
    work = statistics.median(run["work"] for run in runs)
    return {
        "program": name,
        "runs": len(runs),
        "megabytes": round(size / 1e6, 1),
        "work_s": round(work, 3),
        "whole_process_cpu_s": round(statistics.median(run["cpu"] for run in runs), 3),
        "cpu_s_per_gb": round(work / size * 1e9, 2),
        "least_per_gb": round(min(run["work"] for run in runs) / size * 1e9, 2),
        "most_per_gb": round(max(run["work"] for run in runs) / size * 1e9, 2),
        "resources_per_cpu_s": round(resources / work),
        "peak_mb": round(max(run["peak"] for run in runs) / 1e6),
    }


def show(rows: list[Json]) -> None:
    """Print the rows, each with its ratio to pi180's extraction."""
    own = next(row for row in rows if row["program"] == "pi180 extract")
    heads = f"{'CPU s/GB':>11}{'least-most':>18}{'resources/CPU s':>17}{'peak MB':>9}{'pi180 takes':>13}"
    print(f"{'program':24}{'MB':>8}{heads}")
    for row in rows:
        spread = f"{row['least_per_gb']:.2f}-{row['most_per_gb']:.2f}"
        ratio = own["cpu_s_per_gb"] / row["cpu_s_per_gb"]
        says = f"{ratio:.1f} x" if ratio >= 1 else f"1/{1 / ratio:.1f}"
        print(
            f"{row['program']:24}{row['megabytes']:8.1f}{row['cpu_s_per_gb']:11.2f}{spread:>18}"
            f"{row['resources_per_cpu_s']:17,}{row['peak_mb']:9}{says:>13}"
        )


def _written(rows: list[Json], lines: str, asked: argparse.Namespace) -> Json:
    versions = {"python": platform.python_version()} | {name: version(name) for name in _VERSIONS}
    about = {"cores": os.cpu_count(), "rounds": asked.rounds, "note": asked.note, "versions": versions}
    return {"about": about, "damaged": lines, "programs": rows}


def main() -> None:
    """Make the corpora, compare, print, write `results.json`."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--one", choices=sorted(PREPARED), help=argparse.SUPPRESS)
    reads.add_argument("--corpus", type=Path, default=HERE.parent / "out" / "corpus", metavar="FOLDER")
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--rounds", type=int, default=5)
    reads.add_argument("--note", default="", help="what else the machine did, for results.json")
    asked = reads.parse_args()
    if asked.one:
        run_one(asked.one, asked.corpus)
        return
    corpus, damaged = asked.corpus / f"{asked.size}", asked.corpus / f"{asked.size}-damaged"
    for folder, broken in ((corpus, False), (damaged, True)):
        if not (folder / "truth.json").exists():
            make(folder, asked.size, broken)
    rows = compare(corpus, asked.rounds)
    show(rows)
    lines = check_damaged(damaged)
    print(lines)
    (HERE / "results.json").write_text(json.dumps(_written(rows, lines, asked), indent=1) + "\n")


if __name__ == "__main__":
    main()
