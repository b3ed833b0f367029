"""`make bench-peers`: pi180's whole job beside `pysof` and `fqm-execution` on the same small export, in rotation.

`pysof` does the four counts of the corpus by ViewDefinitions; `fqm-execution` calculates prescriptions and those that
were transmitted as a measure, from logic that was written as ELM by hand. What cannot be loaded here is left out, and
said. Nothing fails for being slow; a count that is wrong does.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import pages, results
from benchmarks.candidates import WHOLE
from benchmarks.corpus import made
from benchmarks.extract import CORPORA, check, row_of, truth_of
from benchmarks.made_up import Json
from benchmarks.measuring import Failed, cost_of
from benchmarks.one import Run, measured

HERE = Path(__file__).parent
SOF, FQM = "pysof ViewDefinitions", "fqm-execution measure"
_OF_FQM = ("Patient", "MedicationRequest", "Provenance")


def fqm(folder: Path) -> Run:
    """One run of the measure engine; its work is the calculation alone, without reading and making Bundles."""
    cost = cost_of([shutil.which("node") or "node", str(HERE / "fqm.mjs"), str(folder)])
    said = json.loads(cost.said.splitlines()[-1])
    return Run(said["done"] - said["prepared"], cost.cpu, cost.wall, cost.peak, said["counted"])


def check_totals(counted: Json, truth: Json) -> None:
    """Stop where the measure engine counted otherwise than what was written."""
    for what in ("prescribed", "transmitted"):
        if counted[what] != truth[what]:
            raise SystemExit(f"{FQM}: {what} {counted[what]}, but {truth[what]} were written")


def only(corpus: Path, types: tuple[str, ...]) -> Path:
    """A folder with the files of some types alone, so that a row tells of what was read."""
    folder = corpus / "-".join(types)
    if not folder.exists():
        folder.mkdir()
        for name in types:
            (folder / f"{name}.ndjson").symlink_to(corpus.resolve() / "lines" / f"{name}.ndjson")
    return folder


def loaded(name: str, run: Callable[[Path], Run], folder: Path) -> bool:
    """Whether a program can be run here; says why not."""
    try:
        run(folder)
    except (Failed, OSError) as problem:
        print(f"{name} is left out, for it cannot be run here: {str(problem).splitlines()[-1]}", file=sys.stderr)
        return False
    return True


def compare(corpus: Path, rounds: int, tiny: Path) -> list[Json]:
    """Run all that can be run in rotation; a row for each."""
    truth, lines, few = truth_of(corpus), corpus / "lines", only(corpus, _OF_FQM)
    programs: dict[str, Callable[[Path], Run]] = {
        WHOLE: lambda folder: measured(WHOLE, folder),
        SOF: lambda folder: measured(SOF, folder, "benchmarks.peers.sof"),
        FQM: fqm,
    }
    folders = {WHOLE: lines, SOF: lines, FQM: few}
    runs: dict[str, list[Run]] = {name: [] for name, run in programs.items() if loaded(name, run, tiny / "lines")}
    for number in range(rounds):
        for name, found in runs.items():
            print(f"round {number + 1} of {rounds}: {name}", file=sys.stderr)
            found.append(programs[name](folders[name]))
            check_totals(found[-1].counted, truth) if name == FQM else check(name, found[-1].counted, truth)
    return [row_of(name, found, folders[name]) for name, found in runs.items()]


def targets_of(rows: list[Json]) -> list[Json]:
    """What the whole job may cost beside the peers: for a GB beside the views, for a resource beside the engine."""
    found = {row["program"]: row for row in rows}
    own, targets = found[WHOLE], list[Json]()
    if SOF in found:
        ratio = own["cpu_s_per_gb"] / found[SOF]["cpu_s_per_gb"]
        targets.append(results.target(f"{WHOLE}: CPU of {SOF}", "at most 1/15", 1 / 15, ratio))
    if FQM in found:
        ratio = found[FQM]["resources_per_cpu_s"] / own["resources_per_cpu_s"]
        targets.append(results.target(f"{WHOLE}: CPU for a resource, of {FQM}", "at most 1/100", 1 / 100, ratio))
    return targets


def swap_openssl(folder: Path) -> None:
    """Let `pysof` use the system's OpenSSL from a folder, in the environment of the benchmark alone.

    The one in its wheel asks for a newer C library than some systems have.
    """
    for name in ("libssl", "libcrypto"):
        for own in Path(sys.prefix).glob(f"lib/python*/site-packages/pysof.libs/{name}-*.so.3"):
            shutil.copyfile(folder / f"{name}.so.3", own)


def main() -> None:
    """Make the corpus, compare, print, add to `results.json`."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=CORPORA, metavar="FOLDER")
    reads.add_argument("--size", type=int, default=20, metavar="MB")
    reads.add_argument("--rounds", type=int, default=3)
    reads.add_argument("--openssl", type=Path, metavar="FOLDER", help="let pysof use the OpenSSL that stands there")
    reads.add_argument("--note", default="", help="what else the machine did")
    asked = reads.parse_args()
    if asked.openssl:
        swap_openssl(asked.openssl)
    rows = compare(made(asked.corpora / f"{asked.size}", asked.size), asked.rounds, made(asked.corpora / "1", 1))
    targets = targets_of(rows)
    about = results.about(asked.note, rounds=asked.rounds, size_mb=asked.size)
    results.keep("results", {"peers": rows, "peer_targets": targets, "peers_about": about})
    print(results.table(results.PROGRAMS, results.with_ratio(rows, WHOLE)))
    print(results.table(results.TARGETS, targets))
    pages.write()


if __name__ == "__main__":
    main()
