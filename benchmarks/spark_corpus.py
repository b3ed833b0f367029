"""A damaged corpus by both engines: every table of a run the same on Spark as in one process, or exit code 1.

`make spark-corpus SIZE=1000` writes the corpus where it is not there yet. Tables are compared by a digest of all their
rows in order, so that no size is too large.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from extractors.cases import derive, fingerprint, tally
from extractors.digest import digest_of_rows
from extractors.engine.carried import carried_out
from extractors.engine.cluster import Cluster
from extractors.ledger import ledger_of, quarantine_of
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.sources.folder import Folder
from extractors.staging.work import Work
from scoring.model import Period

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
TABLES = (
    "event", "resource", "reference", "directory", "canonical", "fact", "verdict", "cases", "case_evidence", "left_out",
    "unattributed", "day_case",
)  # fmt: skip


def said(lines: Path, work: Work) -> dict[str, Any]:
    """All that a run says, large tables by their digests."""
    source, site = Folder(lines), load_site(None)
    profile = load_profile(site.profile)
    with carried_out(source, profile, site.zone_info, work) as (found, engine):
        began = time.monotonic()
        derive(found, site, engine)
        tallies = tally(engine, YEAR, site.numerator_window)
        engine.run("periods.sql")
        whole = {
            "tallies": tallies,
            "fingerprint": fingerprint(engine, profile.digest),
            "ledger": ledger_of(found, engine),
            "quarantine": quarantine_of(found),
            "files": source.records,
            **{table: digest_of_rows(table, engine.batches(table)) for table in TABLES},
        }
        print(f"  counted and compared in {time.monotonic() - began:.0f} s", flush=True)
        return whole


def corpus(folder: Path, size: int) -> Path:
    """A corpus with one damaged line in 10,000, written now where it is not there yet."""
    if not (folder / "truth.json").exists():
        command = [sys.executable, "-m", "benchmarks.corpus", str(folder), "--size", str(size), "--damaged"]
        subprocess.run(command, check=True)
    return folder


def main() -> None:
    """Compare one corpus."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=Path("out/corpus"), metavar="FOLDER")
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--master", default="local-cluster[2,1,2048]")
    asked = reads.parse_args()
    folder = corpus(asked.corpora / f"damaged-{asked.size}", asked.size)
    print("one process and its helpers:", flush=True)
    here = said(folder / "lines", Work())
    print(f"Spark, {asked.master}:", flush=True)
    there = said(folder / "lines", Work(cluster=Cluster(asked.master)))
    different = [name for name in here if here[name] != there[name]]
    damaged = len(json.loads((folder / "truth.json").read_text())["damaged"])
    aside = there["quarantine"].count
    print(f"{len(here)} results compared; different: {', '.join(different) or 'none'}")
    print(f"{aside} lines set aside, {damaged} were damaged; fingerprint {there['fingerprint'][:16]}")
    sys.exit(1 if different or aside != damaged else 0)


if __name__ == "__main__":
    main()
