"""What `pi180 extract` is to show as ratios of one run: `make bench-ratios`.

Two cores against one, memory of a large export, gzip against plain, a second run against the first, scoring against
extraction, and start-up. Prints target and got, and never fails for being slow; writes `ratios.json`.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks import pages, results
from benchmarks.after import YEAR
from benchmarks.candidates import EXTRACTION
from benchmarks.corpus import made
from benchmarks.extract import CORPORA
from benchmarks.made_up import Json
from benchmarks.measuring import Cost, Failed, cost_of
from benchmarks.one import measured

PI180 = (sys.executable, "-c", "from smartapp.cli import main; main()")
CLINICIANS = 1_000
STARTS = 9


@dataclass(frozen=True)
class Asked:
    """Where corpora stand, their sizes in MB, how often each is read, and the memory that the large one is allowed."""

    corpora: Path
    size: int
    large: int
    rounds: int
    memory: str

    @cached_property
    def plain(self) -> Path:
        """The usual corpus."""
        return made(self.corpora / f"{self.size}", self.size)

    @cached_property
    def packed(self) -> Path:
        """The same, gzip."""
        return made(self.corpora / f"{self.size}-gzip", self.size, packed=True)


def extracted(corpus: Path, workers: int = 1, *options: str) -> Cost:
    """One run of the verb."""
    print(f"pi180 extract {corpus.name}, workers {workers}", file=sys.stderr)
    where = ["--from", str(corpus / "lines"), "--year", str(YEAR)]
    return cost_of([*PI180, "extract", *where, "--workers", str(workers), *options])


def in_turns(rounds: int, *runs: Callable[[], float]) -> list[float]:
    """The median of what each gives, run in rotation."""
    found = [[run() for run in runs] for _ in range(rounds)]
    return [statistics.median(of_one) for of_one in zip(*found, strict=True)]


def cores(asked: Asked) -> Json:
    """Wall time of two workers against one."""
    one, two = in_turns(asked.rounds, lambda: extracted(asked.plain, 1).wall, lambda: extracted(asked.plain, 2).wall)
    return results.target("wall time on two cores, of one core's", "at most 0.6", 0.6, two / one)


def gzip(asked: Asked) -> Json:
    """CPU of packed input against plain."""
    plain, packed = in_turns(asked.rounds, lambda: extracted(asked.plain).cpu, lambda: extracted(asked.packed).cpu)
    return results.target("CPU of gzip input, of plain input's", "at most 1.25", 1.25, packed / plain)


def warm(asked: Asked) -> Json:
    """CPU of a second run over unchanged files against the first."""
    with tempfile.TemporaryDirectory(dir=asked.corpora) as kept:
        first, second = (extracted(asked.plain, 1, "--reuse", f"{kept}/kept").cpu for _ in range(2))
    what = "CPU of a second run over unchanged files, of the first's"
    return results.target(what, "at most 0.25", 0.25, second / first)


def memory(asked: Asked) -> Json:
    """Peak memory of the whole tree of processes on the large export."""
    corpus = made(asked.corpora / f"{asked.large}", asked.large)
    what = f"peak memory at {asked.large:,} MB by two workers with --memory {asked.memory}, all processes together"
    try:
        peak = extracted(corpus, 2, "--memory", asked.memory).peak / 1e6
    except Failed:
        return {"what": what, "target": "at most 512 MB", "got": "the run stopped", "met": "no"}
    return {"what": what, "target": "at most 512 MB", "got": f"{peak:.0f} MB", "met": "yes" if peak <= 512 else "no"}


def scoring(asked: Asked) -> Json:
    """Case queries and scoring of many clinicians against extraction, on one core."""
    corpus = made(asked.corpora / f"{asked.size}-of-{CLINICIANS}", asked.size, clinicians=CLINICIANS)
    alone = measured(EXTRACTION, corpus / "lines").work
    told = measured("score", corpus / "lines", "benchmarks.after").counted
    what = f"case queries and scoring of {told['count']:,} clinicians, of extraction's CPU ({asked.size:,} MB)"
    queries = max(told["read"] - alone, 0)
    shown = results.target(what, "at most 0.2", 0.2, (queries + told["then"]) / alone)
    parts = {"extract": alone, "queries": queries, "scoring": told["then"]}
    return shown | {"cpu_s": {name: round(seconds, 2) for name, seconds in parts.items()}}


def start(_: Asked) -> Json:
    """CPU of `pi180 --help` above that of Python alone."""
    bare, helped = in_turns(
        STARTS, lambda: cost_of([sys.executable, "-c", "pass"]).cpu, lambda: cost_of([*PI180, "--help"]).cpu
    )
    got = helped - bare
    what = "CPU of pi180 --help above bare Python"
    return {"what": what, "target": "under 0.15 s", "got": f"{got:.3f} s", "met": "yes" if got < 0.15 else "no"}


ASKED = {"start": start, "scoring": scoring, "cores": cores, "gzip": gzip, "warm": warm, "memory": memory}


def main() -> None:
    """Measure, print, write `ratios.json`, and fill the docs."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=CORPORA, metavar="FOLDER")
    reads.add_argument("--size", type=int, default=1_000, metavar="MB")
    reads.add_argument("--large", type=int, default=5_000, metavar="MB", help="where peak memory is looked at")
    reads.add_argument("--rounds", type=int, default=3)
    reads.add_argument("--memory", default="512MB", metavar="SIZE", help="what is allowed where memory is looked at")
    reads.add_argument("--only", choices=ASKED, action="append")
    reads.add_argument("--note", default="", help="what else the machine did")
    asked = reads.parse_args()
    sizes = Asked(asked.corpora, asked.size, asked.large, asked.rounds, asked.memory)
    asked.corpora.mkdir(parents=True, exist_ok=True)
    for name in asked.only or ASKED:
        row = ASKED[name](sizes)
        results.keep("ratios", {name: row})
        print(f"{row['what']}: target {row['target']}, got {row['got']}", flush=True)
    results.keep("ratios", {"about": results.about(asked.note, size_mb=asked.size, memory=asked.memory)})
    pages.write()


if __name__ == "__main__":
    main()
