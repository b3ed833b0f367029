"""Events to counted cases: loads an extract and a site into an engine and runs the one SQL for the cases."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa

from extractors import tables
from extractors.dates import calendar
from extractors.digest import digest_of_rows, each_once
from extractors.drugs.resolve import drug_rows
from extractors.drugs.table import DrugTables
from extractors.drugs.table import tables as drug_tables
from extractors.engine import Engine
from extractors.events import Facts
from extractors.identity import canonical_keys
from extractors.site import (
    FIRST_YEAR,
    LAST_YEAR,
    NumeratorWindow,
    ReconUnit,
    SharedEhrRecipients,
    Site,
)
from extractors.vocabulary import Grade
from scoring.model import MeasureId, Period

STATED = ("current.sql", "identity.sql")
FACTS = ("canonical.sql", "directory.sql", "messages.sql", "facts.sql")
CASES = (
    "orders.sql",
    "prescriptions.sql",
    "referrals.sql",
    "contexts.sql",
    "summaries.sql",
    "access.sql",
    "cases.sql",
    "left_out.sql",
    "ledger.sql",
)
"""What says what counts as said, makes facts of it, and cases of facts; each file needs those before it."""

ON_THE_WAY = (
    "resolved_event", "manifold", "message_doubt", "message_side", "meant_for_another", "party", "own_side",
    "addressed", "only_tin", "visit_tin", "visit_of",
)  # fmt: skip
"""Tables that only facts are made of: large, and not needed once these are there."""

_SAID = ("stated_event", "current_reference", "stated_directory")
"""The tables that together hold all that current resources say; a row counts once, however often it was read."""

FEW_ROWS = 100_000
"""Rows of all tables below which a second thread, and planning for many rows, cost more than they do."""

ACCESS_BUSINESS_DAYS = 4
"""Business days within which access is timely. Source: ONC RT2a; CMS 2023 measure specification (rules.md 2.5)."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one measure counted for one reporter in one period.

    `npi` None is the group of the TIN; `tin` None is what no TIN could be found for. `met` and `unknown` are
    parts of `denominator`; `undecided` is in neither number. `rests_on` splits `met` by grade of evidence.
    """

    measure: MeasureId
    variant: str
    tin: str | None
    npi: str | None
    denominator: int
    met: int
    unknown: int
    undecided: int
    rests_on: dict[str, int]


def derive(extract: Facts, site: Site, engine: Engine) -> None:
    """Fill the engine with facts, cases and evidence from an extract and a site's settings."""
    if sum(extract.counts.values()) < FEW_ROWS:
        engine.expect_few_rows()
    extract.load_into(engine)
    for name in STATED:
        engine.run(name)
    engine.load("calendar", _calendar(site.closed_days))
    known = drug_tables(site.drug_tables)
    asked = f"canonical keys by {known.digest}"
    same = engine.computed(asked, ["tangled"], lambda: canonical_keys(engine.rows("tangled"), known))
    ends = [{"key": key, "same_as": end} for key, end in same.items()]
    for name, found in {"untangled": ends, **_settings(site)}.items():
        engine.load(name, pa.Table.from_pylist(found, schema=tables.CASE_INPUTS[name]))
    for name in FACTS:
        engine.run(name)
    asked = f"drugs by {known.digest}"
    drugs = engine.computed(asked, ["prescribed"], lambda: _drugs(known, engine))
    engine.forget(*ON_THE_WAY)
    engine.load("drug", pa.Table.from_pylist(drugs, schema=tables.CASE_INPUTS["drug"]))
    for name in CASES:
        engine.run(name)


def _drugs(known: DrugTables, engine: Engine) -> list[dict[str, str | int]]:
    return drug_rows(known, (row["codings"] for row in engine.rows("prescribed")))


@lru_cache(maxsize=8)
def _calendar(closed: frozenset[date]) -> pa.Table:
    days = list(calendar(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31), closed))
    schema = tables.CASE_INPUTS["calendar"]
    return pa.Table.from_pydict({name: [getattr(day, name) for day in days] for name in schema.names}, schema)


def _settings(site: Site) -> dict[str, list[dict[str, Any]]]:
    return {
        "site_tin": [{"key": key, "tin": tin} for key, tin in site.tin_map.items()],
        "shared_ehr": [{"organization": key} for key in sorted(site.shared_ehr)],
        "closed": [{"kind": kind} for kind in sorted(site.closed_world)],
        "standing": [
            {
                "kind": s.kind,
                "day_from": s.since.isoformat(),
                "ended_day": s.ended and s.ended.isoformat(),
                "why": s.why,
            }
            for s in site.standing
        ],
        "setting": [
            {
                "history_from": site.history_from and site.history_from.isoformat(),
                "data_until": site.data_until and site.data_until.isoformat(),
                "pdmp_lookback_days": site.pdmp_lookback_days,
                "access_business_days": ACCESS_BUSINESS_DAYS,
                "collapse_changes": site.collapse_changes,
                "exclude_shared_ehr": site.shared_ehr_recipients is SharedEhrRecipients.EXCLUDE,
                "recon_by_session": site.recon_unit is ReconUnit.SESSION,
                "telehealth_in_pea": site.telehealth_in_pea,
            }
        ],
    }


def tally(engine: Engine, period: Period, window: NumeratorWindow) -> list[Tally]:
    """Count the derived cases of any period, without reading anything again."""
    start, end = period.start, period.end
    if window is NumeratorWindow.CALENDAR_YEAR:
        start, end = date(period.start.year, 1, 1), date(period.start.year, 12, 31)
    row = {
        "start_day": period.start.isoformat(),
        "end_day": period.end.isoformat(),
        "window_start": start.isoformat(),
        "window_end": end.isoformat(),
    }
    engine.load("period", pa.Table.from_pylist([row]))
    engine.run("variants.sql")
    engine.run("tallies.sql")
    return [_tally(found) for found in engine.rows("tally", "measure, variant DESC, tin NULLS LAST, npi NULLS FIRST")]


def _tally(row: dict[str, Any]) -> Tally:
    return Tally(
        measure=MeasureId(row["measure"]),
        variant=row["variant"],
        tin=row["tin"],
        npi=row["npi"],
        denominator=int(row["denominator"]),
        met=int(row["met"]),
        unknown=int(row["unknown"]),
        undecided=int(row["undecided"]),
        rests_on={grade: int(row[grade]) for grade in Grade if row[grade]},
    )


def fingerprint(engine: Engine, *digests: str) -> str:
    """SHA-256 over what current resources say, in canonical order, and the digests of all that decides.

    That is their events, their references and their directory rows (a TIN, a merge). File, line and what
    servers write into `meta` are left out: the same data through any source, in any order, give the same
    fingerprint.
    """
    said = [engine.computed("digest of rows", [table], partial(_digest, engine, table)) for table in _SAID]
    return hashlib.sha256("\n".join([*digests, *said]).encode()).hexdigest()


def _digest(engine: Engine, table: str) -> str:
    return digest_of_rows(table, each_once(engine.batches(table)))
