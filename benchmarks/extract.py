"""What reading costs: `make bench` runs pi180 and other programs in rotation, on the same files.

Every run is a process of its own; CPU is user and system time of it and its children. Slow programs read a sample.
Nothing here fails for being slow; a count that is wrong, or a damaged line that is not listed, does.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks import pages, results
from benchmarks.candidates import JSON_LOOP, MODELS, PARSED, PREPARED, SELECTORS, SLOW, WHOLE
from benchmarks.corpus import made
from benchmarks.made_up import Json
from benchmarks.measuring import ROOT
from benchmarks.one import Run, measured
from extractors.events import Extract, Line, extract
from extractors.profile import load_profile
from extractors.sources.folder import Folder

CORPORA = ROOT / "out" / "corpus"
SAMPLE = 2_000_000
_PARSERS = {PARSED: "simdjson", "orjson loop": "orjson"}
_BLOCK = 5_000


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


def truth_of(corpus: Path) -> Json:
    """What was written into a corpus."""
    found: Json = json.loads((corpus / "truth.json").read_text())
    return found


def check(name: str, counted: Json, truth: Json) -> None:
    """Stop where a program that counts did so otherwise than the corpus says."""
    if "counts" in counted and counted["counts"] != truth["counts"]:
        differ = sorted(npi for npi, said in truth["counts"].items() if counted["counts"].get(npi) != said)
        raise SystemExit(
            f"{name}: counts of {len(differ)} of {len(truth['counts'])} clinicians are not what was written"
        )


def check_damaged(corpus: Path) -> Json:
    """That every damaged line is listed and every other one counted, exactly; says how many."""
    truth, listed, counted = truth_of(corpus), list[tuple[str, int]](), 0
    for found in map(_extracted, _blocks(corpus)):
        listed += [(row["file"], row["line"]) for row in found.quarantine]
        counted += len(found.resources) + sum(found.not_read.values())
    if sorted(listed) != sorted(map(tuple, truth["damaged"])):
        raise SystemExit(f"{len(listed)} lines were set aside, but {len(truth['damaged'])} others are damaged")
    if counted + len(listed) != sum(truth["lines"].values()):
        raise SystemExit(f"{counted} whole lines were counted, of {sum(truth['lines'].values()) - len(listed)}")
    check("the damaged export", measured(WHOLE, corpus / "lines").counted, truth)
    return {"megabytes": round(truth["bytes"] / 1e6), "listed": len(listed), "counted": counted}


def _blocks(corpus: Path) -> Iterator[list[Line]]:
    lines = Folder(corpus / "lines").lines()
    while block := list(islice(lines, _BLOCK)):
        yield block


def _extracted(block: list[Line]) -> Extract:
    return extract(block, load_profile("generic"), ZoneInfo("America/New_York"))


def compare(corpus: Path, rounds: int) -> list[Json]:
    """Run all programs in rotation; a row for each, the median of its runs."""
    truth, sample = truth_of(corpus), sample_of(corpus)
    runs: dict[str, list[Run]] = {name: [] for name in PREPARED if find_spec(_PARSERS.get(name, "json"))}
    for number in range(rounds):
        for name in (name for name in runs if name not in SLOW or not number):
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
            found = measured(name, sample if name in SLOW else corpus / "lines")
            check(name, found.counted, truth)
            runs[name].append(found)
    return [row_of(name, found, sample if name in SLOW else corpus / "lines") for name, found in runs.items()]


def row_of(name: str, runs: list[Run], folder: Path) -> Json:
    """What the runs of one program over one folder cost, by its bytes and its lines."""
    paths = list(folder.glob("*.ndjson"))
    size = sum(path.stat().st_size for path in paths)
    work = [run.work for run in runs]
    per_gb = [round(seconds / size * 1e9, 2) for seconds in (statistics.median(work), min(work), max(work))]
    return {
        "program": name,
        "runs": len(runs),
        "megabytes": round(size / 1e6, 1),
        "work_s": round(statistics.median(work), 3),
        "whole_process_cpu_s": round(statistics.median(run.cpu for run in runs), 3),
        "wall_s": round(statistics.median(run.wall for run in runs), 3),
        **dict(zip(("cpu_s_per_gb", "least_per_gb", "most_per_gb"), per_gb, strict=True)),
        "resources_per_cpu_s": round(sum(map(lines_in, paths)) / statistics.median(work)),
        "peak_mb": round(max(run.peak for run in runs) / 1e6),
    }


def lines_in(path: Path) -> int:
    """How many lines a file has, without holding it."""
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1024 * 1024), b""))


def targets_of(rows: list[Json]) -> list[Json]:
    """What the whole job may cost beside the other programs, and what it does, for each that ran."""
    cost = {row["program"]: row["cpu_s_per_gb"] for row in rows}
    asked = [
        (f"CPU of {PARSED}", PARSED, 6, "at most {} times"),
        (f"CPU of the {JSON_LOOP}", JSON_LOOP, 1, "less than {} times"),
        (f"CPU of {MODELS}", MODELS, 1 / 25, "at most 1/25"),
        (f"CPU of {SELECTORS}", SELECTORS, 1 / 100, "at most 1/100"),
    ]
    return [
        results.target(f"{WHOLE}: {what}", words.format(limit), limit, cost[WHOLE] / cost[name])
        for what, name, limit, words in asked
        if name in cost
    ]


def main() -> None:
    """Make the corpora, compare, print, write `results.json`."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=CORPORA, metavar="FOLDER")
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--rounds", type=int, default=5)
    reads.add_argument("--note", default="", help="what else the machine did, for results.json")
    asked = reads.parse_args()
    corpus = made(asked.corpora / f"{asked.size}", asked.size)
    damaged = made(asked.corpora / f"{asked.size}-damaged", asked.size, damaged=True)
    rows = compare(corpus, asked.rounds)
    targets, about = targets_of(rows), results.about(asked.note, rounds=asked.rounds, size_mb=asked.size)
    found = {"about": about, "programs": rows, "targets": targets, "damaged": check_damaged(damaged)}
    results.keep("results", found)
    print(results.table(results.PROGRAMS, results.with_ratio(rows, WHOLE)))
    print(results.table(results.TARGETS, targets))
    pages.write()


if __name__ == "__main__":
    main()
