"""The same folder read and counted by the embedded engine and by Spark."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from extractors.cases import derive, fingerprint, tally
from extractors.engine import Engine
from extractors.engine.carried import carried_out
from extractors.engine.cluster import Cluster
from extractors.events import Facts
from extractors.ledger import ledger_of, quarantine_of
from extractors.profile import load_profile
from extractors.site import Site, load_site
from extractors.sources.folder import FileRecord, Folder
from extractors.staging.work import Work
from scoring.model import Period

YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
TABLES = (
    "event", "resource", "reference", "directory", "canonical", "fact", "verdict", "cases", "case_evidence", "left_out",
    "unattributed", "tally", "day_case",
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """All that a reading says: rows by table, and what is no table."""

    rows: Mapping[str, list[dict[str, Any]]]
    files: list[FileRecord]
    noted: Mapping[str, Any]


def said_by_one_process(folder: Path) -> Said:
    source, site = Folder(folder), site_of(folder)
    with carried_out(source, load_profile(site.profile), site.zone_info, Work(workers=1)) as (found, engine):
        return _said(found, engine, site, source.records)


def said_by_spark(folder: Path, cluster: Cluster, size: int) -> Said:
    from extractors.engine.spark.reading import extract_on_spark  # the other tests are collected without Spark
    from extractors.engine.spark.tables import SparkEngine

    source, site = Folder(folder), site_of(folder)
    with SparkEngine(cluster) as engine:
        found = extract_on_spark(source, load_profile(site.profile), site.zone_info, engine, size)
        return _said(found, engine, site, source.records)


def site_of(folder: Path) -> Site:
    file = folder / "site.toml"
    return load_site(file if file.exists() else None)


def _said(found: Facts, engine: Engine, site: Site, files: list[FileRecord]) -> Said:
    derive(found, site, engine)
    tallies = tally(engine, YEAR, site.numerator_window)
    engine.run("periods.sql")
    noted = {
        "tallies": tallies,
        "quarantine": quarantine_of(found),
        "not read": found.not_read,
        "first": found.first,
        "tried": found.tried.hits,
        "counts": dict(found.counts),
        "ledger": ledger_of(found, engine),
        "fingerprint": fingerprint(engine, "rules"),
    }
    return Said({name: engine.rows(name) for name in TABLES}, files, noted)
