"""Reading a run back: from the folder that `runs` wrote to the same reading and the same score, without FHIR.

Tables and settings come from the folder, and everything after them from the code that made the report: the
tallies are counted again and the score is scored again. What does not fit together is refused, because a page
must never show a number that its folder does not bear out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from extractors.cases import tally
from extractors.engine import Engine
from extractors.engine.local import LocalEngine
from extractors.errors import ExtractionError, StagingError
from extractors.ledger import Quarantine, Sight
from extractors.profile import Profile, load_kept
from extractors.site import Site, site_of
from extractors.sources.folder import FileRecord, FileState
from extractors.tallies import Tallies
from extractors.vocabulary import EventKind
from scoring.errors import RuleError
from scoring.model import Period
from scoring.rulebook import RuleBook, parse
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.attesting.attestations import Attestations, from_document
from smartapp.errors import UsageError
from smartapp.kept.engines import engine_of_files
from smartapp.kept.runs import COUNTED, period_name, score_name, table_file
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Reading, period_within, places_of

FINGERPRINT = re.compile("[0-9a-f]{64}")
_PERIOD = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})--([0-9]{4}-[0-9]{2}-[0-9]{2})")
_SCORE = re.compile("TIN-(?P<tin>[0-9]{9}|unknown|other-[0-9a-f]{12})-NPI-(?P<npi>[0-9]{10})")
_UNUSABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, ExtractionError, RuleError, AttestationError)


class ArchiveError(UsageError):
    """A run's folder cannot be opened: it lacks something, or was changed. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A score in a run's folder, by what the names of its folders say.

    `tin` is None when it is not known or no TIN of nine digits. `written` is the time that the file system gives
    score.json, since a run keeps no clock (docs/adr/0005): a copy that does not keep it brings its own.
    """

    place: Path
    fingerprint: str
    tin: str | None
    npi: str
    period: Period
    year: int
    written: datetime

    @property
    def key(self) -> str:
        """What names the TIN of this score in an address, and tells nothing of it."""
        return sha256(self.place.name.encode()).hexdigest()[:8]


def latest(runs: Path, npi: str) -> tuple[Kept, ...]:
    """The newest score of a clinician for each TIN, of the latest year that has any; the newest first.

    Args:
        runs: the folder that holds the runs; it may be missing.
        npi: ten digits; for anything else there is no score.
    """
    found = sorted(kept_scores(runs, npi), key=lambda kept: (kept.year, kept.written, str(kept.place)), reverse=True)
    newest: dict[str, Kept] = {}
    for kept in found:
        newest.setdefault(kept.place.name, kept)
    return tuple(newest.values())


def kept_scores(runs: Path, npi: str) -> Iterator[Kept]:
    """Every score of a clinician below a folder of runs, in no order; what else lies there is passed over."""
    for file in runs.glob("*/*/TIN-*-NPI-*/score.json"):
        kept = _kept(file)
        if kept is not None and kept.npi == npi:
            yield kept


def _kept(score: Path) -> Kept | None:
    place, days, run = score.parent, score.parent.parent, score.parent.parent.parent
    named, period = _SCORE.fullmatch(place.name), named_period(days.name)
    if named is None or period is None or not FINGERPRINT.fullmatch(run.name):
        return None
    try:
        whole = all(file.is_file() for file in (score, place / "attestations.json", run / "run.json"))
        written = datetime.fromtimestamp(score.stat().st_mtime, UTC)
    except OSError:  # replaced or taken away in this moment
        return None
    tin = named["tin"] if named["tin"].isdigit() else None
    return Kept(place, run.name, tin, named["npi"], period, period.start.year, written) if whole else None


def named_period(name: str) -> Period | None:
    """The period that a folder of a run is named by; None for any other name."""
    found = _PERIOD.fullmatch(name)
    try:
        return Period(*map(date.fromisoformat, found.groups())) if found else None
    except ValueError:
        return None


def counted_periods(run: Path) -> tuple[Period, ...]:
    """The periods that a run's folder holds numbers of, in order; none where it is no run's folder."""
    found = [named_period(path.parent.name) for path in sorted(run.glob("*/tallies.json"))]
    return tuple(period for period in found if period is not None)


def basis_of(run: Path) -> tuple[RuleBook, Site]:
    """The rules and the site settings that a run was counted with.

    Raises:
        ArchiveError: the folder lacks them, or they are not usable.
    """
    with _usable(run, "run.json"):
        year = int(_document(run / "run.json")["year"])
    return _rules(run, year), _site(run)


@contextmanager
def open_run(run: Path, period: Period) -> Iterator[Reading]:
    """Open a run's folder and count a period of its year; the reading stays open for its cases while in use.

    Args:
        run: `runs/<fingerprint>`.
        period: any days of the run's year, whether they were counted before or not.

    Raises:
        ArchiveError: the folder lacks something, or says what does not fit together.
        UsageError: the period leaves the year.
        StagingError: there is no place or no room for its rows here.
    """
    with engine_of_run(run) as engine:
        yield load_run(run, period, engine)


@contextmanager
def open_score(place: Path) -> Iterator[Scored]:
    """Open `runs/<fingerprint>/<period>/TIN-…-NPI-…` (or `…-group`): the score that was written there, anew.

    Raises:
        ArchiveError: the folder lacks something, or says what does not fit together.
    """
    period = named_period(place.parent.name)
    if period is None:
        raise ArchiveError(f"{place.parent.name}: expected a folder named by its days, as 2026-01-01--2026-06-30.")
    with open_run(place.parent.parent, period) as reading:
        scored = score_reading(reading, kept_answers(place, reading.rules))
        if score_name(scored.submission.reporter) != place.name:
            raise _changed(place.parent.parent, "the answers are of another reporter than their folder")
        yield scored


def engine_of_run(run: Path) -> LocalEngine:
    """An engine, still empty, for the tables of a run's folder, which `load_run` reads."""
    return engine_of_files(table_file(run, table) for table in COUNTED)


def load_run(run: Path, period: Period, engine: Engine) -> Reading:
    """Read a run's folder into an engine that the caller closes, and count a period; raises as `open_run`."""
    with _usable(run, "run.json"):
        told = _document(run / "run.json")
        year, fingerprint, drug_table = int(told["year"]), str(told["run"]), str(told["drug_table"]["digest"])
        quarantine, files, sights = _quarantine(told["quarantine"]), _files(told["files"]), _sights(told["shown"])
        ledger = tuple(dict(row) for row in told["ledger"])
    if fingerprint != run.name:
        raise _changed(run, "run.json is of another run")
    rules, profile, site = _rules(run, year), _profile(run), _site(run)
    _check_digests(run, told, {"rules": rules.digest, "profile": profile.digest, "site": site.digest})
    period_within(year, period.start, period.end)
    _load_tables(run, engine)
    return Reading(
        fingerprint=fingerprint,
        rules=rules,
        period=period,
        site=site,
        profile=profile,
        tallies=_counted(run, period, site, engine),
        quarantine=quarantine,
        ledger=ledger,
        files=files,
        sights=sights,
        engine=engine,
        places=places_of(engine, ledger),
        drug_table=drug_table,
    )


@contextmanager
def _usable(run: Path, file: str) -> Iterator[None]:
    """Turn whatever makes a file of a run unusable into one message that names it and says what to do."""
    at = f"run {run.name[:12]}, {file}"
    try:
        yield
    except StagingError:  # it is of this machine, and says nothing of the run
        raise
    except FileNotFoundError:
        raise ArchiveError(f"{at}: is missing; earlier versions left some files out. Run pi180 again.") from None
    except _UNUSABLE as problem:
        got = f"no {problem}" if isinstance(problem, KeyError) else f"{type(problem).__name__}: {problem}"
        raise ArchiveError(f"{at}: expected what this version writes, got {got}. Run pi180 again.") from problem


def _changed(run: Path, what: str) -> ArchiveError:
    return ArchiveError(f"run {run.name[:12]}: the run was changed: {what}. Run pi180 again to have it whole.")


def _document(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _quarantine(told: Mapping[str, Any]) -> Quarantine:
    return Quarantine(told["count"], told["of"], told["patients"], tuple(told["rows"]))


def _files(told: list[dict[str, Any]]) -> tuple[FileRecord, ...]:
    return tuple(FileRecord(**{**record, "state": FileState(record["state"])}) for record in told)


def _sights(told: Mapping[str, str]) -> dict[EventKind, Sight]:
    return {kind: Sight(told[kind]) for kind in EventKind}


def _rules(run: Path, year: int) -> RuleBook:
    with _usable(run, "rules.toml"):
        return parse((run / "rules.toml").read_bytes(), "rules.toml", year)


def _profile(run: Path) -> Profile:
    with _usable(run, "profile.toml"):
        (run / "profile.toml").resolve(strict=True)
        return load_kept(run)


def _site(run: Path) -> Site:
    with _usable(run, "site.json"):
        return site_of(_document(run / "site.json"), "site.json")


def kept_answers(place: Path, rules: RuleBook) -> Attestations:
    """The answers beside a score that a run holds.

    Raises:
        ArchiveError: they are missing, or say what the year does not know.
    """
    with _usable(place.parent.parent, "attestations.json"):
        return from_document(_document(place / "attestations.json"), "attestations.json", rules)


def _check_digests(run: Path, told: Mapping[str, Any], found: Mapping[str, str]) -> None:
    for what, digest in found.items():
        with _usable(run, "run.json"):
            expected = told[what]["digest"]
        if digest != expected:
            raise _changed(run, f"its {what} are not those that it was counted with")


def counted_again(run: Path, reading: Reading, period: Period) -> Reading:
    """Another period of the same year from a reading that is open; its engine holds the cases of this one from now on.

    Raises:
        ArchiveError: the folder holds other numbers of that period.
        UsageError: the period leaves the year.
    """
    period_within(reading.rules.year, period.start, period.end)
    return replace(reading, period=period, tallies=_counted(run, period, reading.site, reading.engine))


def _load_tables(run: Path, engine: Engine) -> None:
    for table in COUNTED:
        file = table_file(run, table)
        with _usable(run, file.name):
            engine.read(table, file.resolve(strict=True))


def _counted(run: Path, period: Period, site: Site, engine: Engine) -> Tallies:
    """Count what is loaded; a period that was counted before has to come out the same."""
    with _usable(run, "its tables"):
        found = Tallies(tally(engine, period, site.numerator_window))
    before = run / period_name(period) / "tallies.json"
    if before.exists():
        with _usable(run, before.name):
            expected = _document(before)["tallies"]
        if expected != [asdict(one) for one in found]:
            raise _changed(run, "its cases do not come out as they were counted, or pi180 counts differently now")
    return found
