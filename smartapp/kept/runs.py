"""A run is a folder named by its fingerprint: everything that a number rests on, to be opened or repeated.

`runs/<fingerprint>/` holds what was read and by which rules; `<period>/` in it the tallies of a period, and
`<period>/<reporter>/` a score. One run serves several periods and reporters; a later one removes nothing.
The same data read again, perhaps from other files, put what was read last in place of the earlier reading; but in a
run of which somebody signed a score, the tables stay as they were signed.
Folders are written beside their place and renamed into it, so that each is whole or not there. They hold
protected health information and are the owner's alone. `archive` reads them back.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from extractors.ledger import Quarantine
from extractors.profile import kept_files
from scoring.model import Period, Reporter
from smartapp import __version__
from smartapp.usecases import Reading
from smartapp.written import as_json, write_text

BESIDE = ("left_out", "case_trait", "case_name", "utc_day")
"""The tables by which a difference from another count is explained."""

COUNTED = (
    "cases",
    "case_evidence",
    "received_context",
    "incoming_context",
    "current_place",
    "seen_reporter",
    "unattributed",
    *BESIDE,
)
"""The tables from which a run is counted, scored, reported and compared again."""

_TABLES = ("event", "resource", "reference", "current_directory", *COUNTED)
_TIN, _NPI = re.compile("[0-9]{9}"), re.compile("[0-9]{10}")
_TALLIES = "tallies.json"
SIGNED_FOLDER = "signed"
"""In the folder of a period, beside its scores: what was signed of them."""

_OWNER_ONLY_FOLDER = 0o700


def reading_document(reading: Reading) -> dict[str, Any]:
    """What `pi180 extract --json` prints: the tallies of a period and what they rest on."""
    return {**_input_document(reading), **period_document(reading)}


def _input_document(reading: Reading) -> dict[str, Any]:
    return {
        "schema": "pi180/extract/1",
        "version": __version__,
        "run": reading.fingerprint,
        "year": reading.rules.year,
        "profile": _profile(reading),
        "site": {
            "digest": reading.site.digest,
            "zone": reading.site.zone,
            "numerator_window": reading.site.numerator_window,
        },
        "rules": {"digest": reading.rules.digest},
        "drug_table": {"digest": reading.drug_table},
        "quarantine": _quarantine(reading.quarantine),
        "ledger": [dict(row) for row in reading.ledger],
        "files": [asdict(record) for record in reading.files],
        "shown": dict(reading.sights.items()),
        "faults": list(reading.faults),
    }


def period_document(reading: Reading) -> dict[str, Any]:
    """The tallies of a reading's period, as `tallies.json` holds them."""
    period = reading.period
    return {
        "period": {"start": str(period.start), "end": str(period.end), "days": period.days},
        "tallies": [asdict(tally) for tally in reading.tallies],
    }


def _quarantine(quarantine: Quarantine) -> dict[str, Any]:
    return {**asdict(quarantine), "rows": list(quarantine.rows), "over_limit": quarantine.over_limit}


def _profile(reading: Reading) -> dict[str, Any]:
    profile = reading.profile
    observed = profile.observed or "documented, not observed"
    return {"name": profile.name, "version": profile.version, "digest": profile.digest, "observed": observed}


def write_run(root: Path, reading: Reading, anew: bool = False) -> Path:
    """Write what was read, and the tallies of its period, below `root`; return the run's folder.

    Args:
        root: the folder of the runs.
        reading: what was read.
        anew: whether it also takes the place of what somebody signed; else a run that is signed only gets what it
            lacks.
    """
    run = root / reading.fingerprint
    draft = _draft(run)
    for table in _TABLES:
        reading.engine.write(table, table_file(draft, table))
    texts = {
        "rules.toml": reading.rules.text,
        **kept_files(reading.profile),
        "site.json": as_json(reading.site.as_document()),
        "run.json": as_json(_input_document(reading)),
    }
    _fill(draft, texts)
    if run.exists():
        _move_files(draft, run, only_missing=is_signed(run) and not anew)
    else:
        draft.rename(run)
    write_period(run, reading)
    return run


def write_period(run: Path, reading: Reading) -> None:
    """Write the tallies of a reading's period into its run, which is there."""
    period = run / period_name(reading.period)
    period.mkdir(mode=_OWNER_ONLY_FOLDER, exist_ok=True)
    write_text(period / _TALLIES, as_json(period_document(reading)))


def holds(run: Path, period: Period) -> bool:
    """Whether a run's folder holds what another run can be held against, over a period."""
    needed = (table_file(run, "resource"), table_file(run, "cases"), run / period_name(period) / _TALLIES)
    return all(file.is_file() for file in needed)


def is_signed(run: Path) -> bool:
    """Whether somebody signed a score of a run, whether that still holds or not."""
    return any(run.glob(f"*/{SIGNED_FOLDER}/*/[0-9]*"))


def _move_files(draft: Path, run: Path, only_missing: bool) -> None:
    """Put the files of a draft in place of those of a run; its periods and scores stay.

    Two readings of one fingerprint say the same, but from other files and lines, or with other lines set aside.
    """
    for file in sorted(draft.iterdir()):
        if not (only_missing and (run / file.name).exists()):
            file.replace(run / file.name)
    shutil.rmtree(draft)


def table_file(run: Path, table: str) -> Path:
    """Where a run's folder holds one of its tables."""
    return run / f"{table}.parquet"


def write_score(run: Path, reading: Reading, reporter: Reporter, texts: Mapping[str, str]) -> Path:
    """Write what a score of one reporter left into a run, in place of an earlier score of the same."""
    place = run / period_name(reading.period) / score_name(reporter)
    draft = _draft(place)
    _fill(draft, texts)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)
    return place


def score_name(reporter: Reporter) -> str:
    """The name of the folder of a reporter's score.

    What stands as a TIN or NPI in the data may be anything, a path too: only digits become part of a name.
    """
    tin = _name_of(reporter.tin, _TIN) if reporter.tin else "unknown"
    return f"TIN-{tin}-" + (f"NPI-{_name_of(reporter.npi, _NPI)}" if reporter.npi else "group")


def is_well_named(reporter: Reporter) -> bool:
    """Whether TIN and NPI, as far as the data state them, are of digits, so that answers can name the reporter."""
    stated = ((reporter.tin, _TIN), (reporter.npi, _NPI))
    return all(value is None or digits.fullmatch(value) for value, digits in stated)


def _name_of(stated: str, digits: re.Pattern[str]) -> str:
    return stated if digits.fullmatch(stated) else f"other-{sha256(stated.encode()).hexdigest()[:12]}"


def period_name(period: Period) -> str:
    """The name of the folder of a period."""
    return f"{period.start}--{period.end}"


def _draft(place: Path) -> Path:
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=_OWNER_ONLY_FOLDER)
    return draft


def _fill(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        write_text(folder / name, text)
