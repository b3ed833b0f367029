"""How time and memory grow: `make bench-growth`, against size, clinicians, events and periods.

Each point is one run of the whole job, NDJSON to the cases of all measures, in a process of its own. One thing grows at
a time; the rest stays as it is at `--base` megabytes. Writes `growth.json`, and what the docs show of it.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import pages, results
from benchmarks.candidates import EXTRACTION, WHOLE
from benchmarks.corpus import made
from benchmarks.extract import CORPORA, check, truth_of
from benchmarks.made_up import Json
from benchmarks.one import Run, measured

SIZES = (100, 250, 500, 1_000, 2_500, 5_000, 10_000)
CLINICIANS = (1, 10, 100, 1_000, 10_000)
QUIET = (95, 75, 50, 25, 0)
PERIODS = (1, 10, 25, 50, 100)


def point(x: float, run: Run, **more: object) -> Json:
    """A point of a chart: CPU and wall seconds, and peak MB."""
    return {"x": x, "cpu_s": round(run.cpu, 2), "wall_s": round(run.wall, 2), "peak_mb": round(run.peak / 1e6), **more}


def whole_job(corpus: Path) -> Run:
    """One run of the whole job, its counts held against what was written."""
    print(f"reading {corpus.name}", file=sys.stderr)
    run = measured(WHOLE, corpus / "lines")
    check(corpus.name, run.counted, truth_of(corpus))
    return run


def by_size(corpora: Path, sizes: Iterable[int]) -> Iterator[Json]:
    """By millions of bytes."""
    for size in sizes:
        yield point(size, whole_job(made(corpora / f"{size}", size)))


def by_clinicians(corpora: Path, base: int) -> Iterator[Json]:
    """By clinicians, among whom as many patients are divided, each clinician having one at least."""
    for count in CLINICIANS:
        yield point(count, whole_job(made(corpora / f"{base}-of-{count}", base, clinicians=count)))


def by_events(corpora: Path, base: int) -> Iterator[Json]:
    """By events that come of as many bytes: from nearly all resources being such as no measure reads, to none."""
    for quiet in QUIET:
        corpus = made(corpora / f"{base}-quiet-{quiet}", base, quiet=quiet)
        alone = measured(EXTRACTION, corpus / "lines")
        yield point(alone.counted["events"], whole_job(corpus), extract_cpu_s=round(alone.cpu, 2))


def by_periods(corpus: Path) -> Iterator[Json]:
    """By periods that are counted one by one after one reading."""
    for count in PERIODS:
        run = measured("periods", corpus / "lines", "benchmarks.after", str(count))
        yield point(count, run, then_cpu_s=round(run.counted["then"], 2), read_cpu_s=round(run.counted["read"], 2))


def searched(corpus: Path) -> Json:
    """Every period of the year at once, for one clinician."""
    found = measured("search", corpus / "lines", "benchmarks.after").counted
    return {"periods": found["count"], "cpu_s": round(found["then"], 2), "read_cpu_s": round(found["read"], 2)}


def main() -> None:
    """Measure what was asked for, write `growth.json`, and fill the docs."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=CORPORA, metavar="FOLDER")
    reads.add_argument("--size", type=int, default=1_000, metavar="MB", help="the largest export")
    reads.add_argument("--base", type=int, default=100, metavar="MB", help="the size where something else grows")
    reads.add_argument("--only", choices=("sizes", "clinicians", "events", "periods"), action="append")
    reads.add_argument("--note", default="", help="what else the machine did")
    asked = reads.parse_args()
    grows = {
        "sizes": lambda: by_size(asked.corpora, [size for size in SIZES if size <= asked.size] or [asked.size]),
        "clinicians": lambda: by_clinicians(asked.corpora, asked.base),
        "events": lambda: by_events(asked.corpora, asked.base),
        "periods": lambda: by_periods(made(asked.corpora / f"{asked.base}", asked.base)),
    }
    for name in asked.only or grows:
        results.keep("growth", {name: list(grows[name]())})
    if "periods" in (asked.only or grows):
        results.keep("growth", {"search": searched(asked.corpora / f"{asked.base}")})
    results.keep("growth", {"about": results.about(asked.note, base_mb=asked.base)})
    pages.write()


if __name__ == "__main__":
    main()
