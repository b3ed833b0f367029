"""A run is a folder named by its fingerprint: everything that a number rests on, to be opened or repeated.

Written beside its place and renamed into it, so that a run is whole or not there.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from extractors.cases import Tally
from extractors.ledger import Quarantine
from smartapp import __version__
from smartapp.usecases import Reading

_TABLES = ("event", "resource", "reference", "current_directory", "cases", "case_evidence")


def tally_document(tally: Tally) -> dict[str, Any]:
    """A tally as the command-line contract prints it."""
    return asdict(tally)


def quarantine_document(quarantine: Quarantine) -> dict[str, Any]:
    """The quarantine as printed: counts, whether over the limit, and each line's place and reason."""
    return {**asdict(quarantine), "rows": list(quarantine.rows), "over_limit": quarantine.over_limit}


def reading_document(reading: Reading) -> dict[str, Any]:
    """What `pi180 extract --json` prints: tallies, quarantine, ledger and what they rest on."""
    return {
        "schema": "pi180/extract/1",
        "version": __version__,
        "run": reading.fingerprint,
        "year": reading.rules.year,
        "period": {
            "start": str(reading.period.start),
            "end": str(reading.period.end),
            "days": reading.period.days,
        },
        "profile": _profile(reading),
        "site": {
            "digest": reading.site.digest,
            "zone": reading.site.zone,
            "numerator_window": reading.site.numerator_window,
        },
        "rules": {"digest": reading.rules.digest},
        "tallies": [tally_document(tally) for tally in reading.tallies],
        "quarantine": quarantine_document(reading.quarantine),
        "ledger": [dict(row) for row in reading.ledger],
        "files": [asdict(record) for record in reading.files],
        "shown": dict(reading.sights.items()),
        "faults": list(reading.faults),
    }


def _profile(reading: Reading) -> dict[str, Any]:
    profile = reading.profile
    observed = profile.observed or "documented, not observed"
    return {"name": profile.name, "version": profile.version, "digest": profile.digest, "observed": observed}


def as_json(document: Mapping[str, Any]) -> str:
    """One JSON document, keys sorted, the same text for the same content."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, default=str) + "\n"


def write_run(root: Path, reading: Reading, documents: Mapping[str, str]) -> Path:
    """Write a run folder below `root` and return it; an earlier one of the same fingerprint is replaced.

    Args:
        root: where runs are kept.
        reading: what was read; its tables are written as Parquet.
        documents: further files by name (score, attestations).
    """
    place = root / reading.fingerprint
    draft = root / f".{reading.fingerprint}.{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    for table in _TABLES:
        reading.engine.write(table, draft / f"{table}.parquet")
    for name, text in {**_documents(reading), **documents}.items():
        write_text(draft / name, text)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)
    return place


def _documents(reading: Reading) -> dict[str, str]:
    """What a run rests on, as texts: its counts, the rules, the profile and the site's settings in force."""
    return {
        "run.json": as_json(reading_document(reading)),
        "rules.toml": reading.rules.text,
        "profile.toml": reading.profile.text,
        "site.json": as_json(reading.site.as_document()),
    }


def write_text(path: Path, text: str) -> None:
    """Write a file whole: beside its place, to the disk, then renamed into it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)
