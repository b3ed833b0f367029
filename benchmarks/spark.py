"""The same count on Spark twice: by pi180's extraction on its executors, and by Spark's own JSON reader.

Prescriptions of the year by clinician, those of them that were transmitted, referrals, and patients seen. Spark's
reader is given the columns that it needs and trusts the export; pi180 reads strictly and keeps every fact of every
measure on the way. CPU is that of all processes of a run, Spark's start included, as Linux counts it.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.spark_corpus import corpus
from extractors.engine.cluster import Cluster
from extractors.profile import load_profile
from extractors.site import load_site
from extractors.sources.folder import Folder

MASTER = "local[2]"
AT_MOST = 1.1
_TICKS = 100

BY_READER = """
WITH doctor AS (
  SELECT concat('Practitioner/', id) AS clinician, identifier[0].value AS npi FROM practitioner
), written AS (
  SELECT concat('MedicationRequest/', id) AS id, requester.reference AS clinician FROM medicationrequest
  WHERE intent = 'order' AND status IN ('active', 'completed') AND authoredOn LIKE '2026%'
), sent AS (
  SELECT DISTINCT told.reference AS id FROM (SELECT activity, explode(target) AS told FROM provenance) AS p
  WHERE exists(activity.coding, one -> one.code = 'transmit')
), counted AS (
  SELECT clinician, count(*) AS prescribed, count(sent.id) AS transmitted, 0 AS referred, 0 AS seen
  FROM written LEFT JOIN sent ON sent.id = written.id GROUP BY clinician
  UNION ALL
  SELECT requester.reference, 0, 0, count(*), 0 FROM servicerequest
  WHERE intent = 'order' AND exists(category, one -> exists(one.coding, c -> c.code = '3457005'))
    AND authoredOn LIKE '2026%'
  GROUP BY 1
  UNION ALL
  SELECT one.individual.reference, 0, 0, 0, count(DISTINCT subject.reference)
  FROM (SELECT *, explode(participant) AS one FROM encounter) AS e
  WHERE status = 'finished' AND period.start LIKE '2026%'
  GROUP BY 1
)
SELECT npi, sum(prescribed) AS prescribed, sum(transmitted) AS transmitted, sum(referred) AS referred, sum(seen) AS seen
FROM counted JOIN doctor ON doctor.clinician = counted.clinician GROUP BY npi ORDER BY npi
"""
COLUMNS = {
    "Practitioner": "id STRING, identifier ARRAY<STRUCT<value: STRING>>",
    "MedicationRequest": "id STRING, intent STRING, status STRING, authoredOn STRING, "
    "requester STRUCT<reference: STRING>",
    "Provenance": "activity STRUCT<coding: ARRAY<STRUCT<code: STRING>>>, target ARRAY<STRUCT<reference: STRING>>",
    "ServiceRequest": "intent STRING, authoredOn STRING, category ARRAY<STRUCT<coding: ARRAY<STRUCT<code: STRING>>>>, "
    "requester STRUCT<reference: STRING>",
    "Encounter": "status STRING, period STRUCT<start: STRING>, subject STRUCT<reference: STRING>, "
    "participant ARRAY<STRUCT<individual: STRUCT<reference: STRING>>>",
}
BY_EVENTS = """
WITH doctor AS (
  SELECT DISTINCT key AS clinician, value AS npi FROM directory WHERE attribute = 'npi'
), sent AS (
  SELECT DISTINCT focus FROM event WHERE kind = 'prescription-transmitted' AND answer = 'met'
), counted AS (
  SELECT clinician, count(*) AS prescribed, count(sent.focus) AS transmitted, 0 AS referred, 0 AS seen
  FROM event LEFT JOIN sent ON sent.focus = event.focus
  WHERE kind = 'prescription-written' AND answer = 'met' AND day_from LIKE '2026%' GROUP BY clinician
  UNION ALL
  SELECT clinician, 0, 0, count(*), 0 FROM event
  WHERE kind = 'referral-made' AND answer = 'met' AND day_from LIKE '2026%' GROUP BY clinician
  UNION ALL
  SELECT clinician, 0, 0, 0, count(DISTINCT patient) FROM event
  WHERE kind = 'patient-seen' AND answer = 'met' AND day_from LIKE '2026%' GROUP BY clinician
)
SELECT npi, sum(prescribed) AS prescribed, sum(transmitted) AS transmitted, sum(referred) AS referred, sum(seen) AS seen
FROM counted JOIN doctor ON doctor.clinician = counted.clinician GROUP BY npi ORDER BY npi
"""


def by_reader(lines: Path) -> tuple[float, list[dict[str, object]]]:
    """CPU seconds that starting took, and the counts by Spark's own reader."""
    from extractors.engine.spark.tables import SparkEngine

    with SparkEngine(Cluster(MASTER)) as engine:
        started = cpu_of_all()
        for kind, columns in COLUMNS.items():
            frame = engine.session.read.schema(columns).json(str(lines / f"{kind}.ndjson"))
            frame.createOrReplaceTempView(kind.lower())
        rows = engine.session.sql(BY_READER).toArrow().to_pylist()
        return cpu_of_all() - started, rows


def by_pi180(lines: Path) -> tuple[float, list[dict[str, object]]]:
    """The same by the events that pi180 extracts."""
    from extractors.engine.spark.reading import extract_on_spark
    from extractors.engine.spark.tables import SparkEngine

    site = load_site(None)
    with SparkEngine(Cluster(MASTER)) as engine:
        started = cpu_of_all()
        found = extract_on_spark(Folder(lines), load_profile(site.profile), site.zone_info, engine)
        found.load_into(engine)
        rows = engine.session.sql(BY_EVENTS).toArrow().to_pylist()
        return cpu_of_all() - started, rows


WAYS: dict[str, Callable[[Path], tuple[float, list[dict[str, object]]]]] = {
    "reader": by_reader,
    "pi180": by_pi180,
}


def cpu_of_all() -> float:
    """CPU seconds so far of this process and all below it, also of those that have ended and were waited for."""
    stats = {int(file.parent.name): file.read_text() for file in Path("/proc").glob("[0-9]*/stat") if file.exists()}
    fields = {pid: text.rpartition(")")[2].split() for pid, text in stats.items()}
    below = {int(Path("/proc/self").resolve().name)}
    while more := {pid for pid, said in fields.items() if int(said[1]) in below} - below:
        below |= more
    return sum(int(ticks) for pid in below for ticks in fields[pid][11:15]) / _TICKS


def main() -> None:
    """Run both ways in turn, each in a process of its own, and print what they cost."""
    reads = argparse.ArgumentParser(description=__doc__)
    reads.add_argument("--corpora", type=Path, default=Path("out/corpus"), metavar="FOLDER")
    reads.add_argument("--size", type=int, default=100, metavar="MB")
    reads.add_argument("--rounds", type=int, default=3)
    reads.add_argument("--one", choices=WAYS, help="this way alone, for the others to measure")
    asked = reads.parse_args()
    folder = corpus(asked.corpora / f"damaged-{asked.size}", asked.size)
    if asked.one:
        beyond, rows = WAYS[asked.one](folder / "lines")
        print(json.dumps({"cpu": cpu_of_all(), "beyond": beyond, "rows": rows}))
        return
    command = [sys.executable, "-m", "benchmarks.spark", "--corpora", str(asked.corpora), "--size", str(asked.size)]
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(asked.rounds):
        for way, runs in found.items():
            done = subprocess.run([*command, "--one", way], check=True, capture_output=True, text=True)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    tell(found)


def tell(found: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians, their ratio, and whether both counted the same."""
    for part, what in (("cpu", "CPU s, start included"), ("beyond", "CPU s after the start")):
        cost = {way: median(run[part] for run in runs) for way, runs in found.items()}
        print(f"{what}: pi180 {cost['pi180']:.1f}, Spark's reader {cost['reader']:.1f}", end=", ")
        print(f"ratio {cost['pi180'] / cost['reader']:.2f} (at most {AT_MOST})")
    rows = {way: runs[0]["rows"] for way, runs in found.items()}
    print("the counts are the same" if rows["pi180"] == rows["reader"] else "the counts differ")


if __name__ == "__main__":
    main()
