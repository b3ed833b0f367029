"""Events to counted cases: loads an extract and a site into an engine and runs the one SQL for the cases."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from extractors import drugs, tables
from extractors.dates import calendar
from extractors.engine.local import LocalEngine
from extractors.events import Extract
from extractors.identity import canonical_keys, npis_stated_by_reference
from extractors.site import FIRST_YEAR, LAST_YEAR, NumeratorWindow, Site
from extractors.vocabulary import Grade
from scoring.model import MeasureId, Period

ACCESS_BUSINESS_DAYS = 4
"""Business days within which access is timely. Source: ONC RT2a; CMS 2023 measure specification (rules.md 2.5)."""

_FINGERPRINTED = ("kind", "answer", "reason", "focus", "source", "content", "patient", "clinician", "on_behalf_of",
    "organization", "from_utc", "to_utc", "ended_utc", "code_system", "code", "counterpart", "identifier", "detail", "setting",
    "grade", "rank", "rule")  # fmt: skip


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


def derive(extract: Extract, site: Site, engine: LocalEngine) -> None:
    """Fill the engine with facts, cases and evidence from an extract and a site's settings."""
    engine.load("event", pa.Table.from_pylist(extract.events, schema=tables.EVENT))
    engine.load("resource", pa.Table.from_pylist(extract.resources, schema=tables.RESOURCE))
    engine.load("reference", pa.Table.from_pylist(extract.references, schema=tables.REFERENCE))
    engine.load("directory", pa.Table.from_pylist(extract.directory, schema=tables.DIRECTORY))
    for name, rows in _inputs(extract, site).items():
        engine.load(name, pa.Table.from_pylist(rows, schema=tables.CASE_INPUTS[name]))
    engine.run("facts.sql")
    codes = {(row["code_system"] or "", row["code"] or "") for row in _prescribed(engine)}
    engine.load("drug", pa.Table.from_pylist(drugs.drug_rows(codes), schema=tables.CASE_INPUTS["drug"]))
    engine.run("cases.sql")


def _prescribed(engine: LocalEngine) -> list[dict[str, Any]]:
    return [row for row in engine.rows("fact") if row["kind"] == "prescription-written"]


def _inputs(extract: Extract, site: Site) -> dict[str, list[dict[str, Any]]]:
    same = canonical_keys(extract.directory)
    named = {row["key"]: row["value"] for row in extract.directory if row["attribute"] == "npi"}
    keys = {row["clinician"] for row in extract.events if row["clinician"]} | {r["value"] for r in extract.directory}
    npis = {**npis_stated_by_reference(k for k in keys if k not in same), **named}
    first, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    return {
        "canonical": [{"key": key, "same_as": end} for key, end in same.items()],
        "stated_npi": [{"key": key, "npi": npi} for key, npi in npis.items()],
        "site_tin": [{"key": key, "tin": tin} for key, tin in site.tin_map.items()],
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
        "calendar": [
            {"day": d.day, "number": d.number, "business": d.business, "is_business": d.is_business}
            for d in calendar(first, last, site.closed_days)
        ],
        "setting": [
            {
                "history_from": site.history_from and site.history_from.isoformat(),
                "pdmp_lookback_days": site.pdmp_lookback_days,
                "access_business_days": ACCESS_BUSINESS_DAYS,
            }
        ],
    }


def tally(engine: LocalEngine, period: Period, window: NumeratorWindow) -> list[Tally]:
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


def fingerprint(engine: LocalEngine, *digests: str) -> str:
    """SHA-256 over the events of current resources, in canonical order, and the digests of all that decides.

    File, line and what servers write into `meta` are left out: the same data through any source, in any
    order, give the same fingerprint.
    """
    current = {(row["key"], row["content"]) for row in engine.rows("current_resource", "key")}
    events = {
        json.dumps([row[name] for name in _FINGERPRINTED])
        for row in engine.rows("event", "kind")
        if (row["source"], row["content"]) in current
    }
    whole = hashlib.sha256("\n".join([*digests, *sorted(events)]).encode())
    return whole.hexdigest()
