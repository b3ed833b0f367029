"""What pi180 does, one function each: the same for the command line, the pages and a scheduler.

No click, no Flask, no printing: a use case takes plain values and gives back plain records.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from extractors import drugs
from extractors.cases import Tally, derive, fingerprint, tally
from extractors.engine.local import LocalEngine
from extractors.events import Extract, extract
from extractors.ledger import NEEDS, Quarantine, Sight, ledger_of, quarantine_of, sights, unseen_needs
from extractors.profile import Profile, load_profile
from extractors.site import Site, load_site
from extractors.sources.folder import FileRecord, FileState, Folder, Progress
from extractors.vocabulary import EventKind
from scoring.model import MeasureId, Origin, Period, Proportion, Reporter, Score, Submission
from scoring.rulebook import RuleBook, load
from scoring.score import score
from scoring.submission import read as read_submission
from smartapp.attestations import Attestations


class UsageError(Exception):
    """What was asked cannot be done as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source gave for one period: counts, what was set aside, and what the source cannot show."""

    fingerprint: str
    rules: RuleBook
    period: Period
    site: Site
    profile: Profile
    tallies: tuple[Tally, ...]
    quarantine: Quarantine
    ledger: tuple[Mapping[str, Any], ...]
    files: tuple[FileRecord, ...]
    sights: Mapping[EventKind, Sight]
    engine: LocalEngine
    places: Mapping[str, tuple[str, int, int | None]]

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the input is not whole: empty, cut, damaged, or too much set aside; none when it is whole."""
        found = [f"{record.file}: {record.state}" for record in self.files if record.state in _BROKEN]
        if not self.places:
            found.append("no FHIR resource that pi180 reads was found")
        if self.quarantine.over_limit:
            found.append(f"{self.quarantine.count} of {self.quarantine.of} lines set aside: over the limit")
        return tuple(found)

    def unseen(self, measure: MeasureId) -> list[EventKind]:
        """The kinds of fact that this source does not show although the measure needs them."""
        policies = [standing.kind for standing in self.site.standing]
        return unseen_needs(measure, dict(self.sights), policies)


_BROKEN = (FileState.TRUNCATED, FileState.DAMAGED)


@dataclass(frozen=True, slots=True)
class Source:
    """What to read and how: a folder, a site file, and the flags that go before it."""

    folder: Path
    site: Path | None = None
    profile: str | None = None
    zone: str | None = None


@contextmanager
def read(source: Source, rules: RuleBook, period: Period, progress: Progress = lambda _: None) -> Iterator[Reading]:
    """Read a folder of FHIR and count one period; the reading stays open for its cases while in use.

    Raises:
        ExtractionError: the folder is missing, or the site file or profile is not usable.
    """
    site = load_site(source.site, source.profile, source.zone)
    profile = load_profile(site.profile)
    folder = Folder(source.folder, progress)
    found = extract(folder.lines(), profile, site.zone_info)
    with LocalEngine() as engine:
        derive(found, site, engine)
        yield Reading(
            fingerprint=fingerprint(engine, rules.digest, profile.digest, site.digest, drugs.digest()),
            rules=rules,
            period=period,
            site=site,
            profile=profile,
            tallies=tuple(tally(engine, period, site.numerator_window)),
            quarantine=quarantine_of(found),
            ledger=tuple(ledger_of(found, engine)),
            files=tuple(folder.records),
            sights=sights(found, profile),
            engine=engine,
            places=_places(found, engine),
        )


def _places(found: Extract, engine: LocalEngine) -> dict[str, tuple[str, int, int | None]]:
    """Where the version of each resource that counts stands: first file, line and Bundle entry."""
    current = {(row["key"], row["content"]) for row in engine.rows("current_resource", "key")}
    places: dict[str, tuple[str, int, int | None]] = {}
    for row in sorted(found.resources, key=lambda r: (r["file"], r["line"], r["entry"] or 0), reverse=True):
        if (row["key"], row["content"]) in current:
            places[row["key"]] = (row["file"], row["line"], row["entry"])
    return places


def period_within(year: int, start: date, end: date) -> Period:
    """A period to count, of any length, within one year.

    Raises:
        UsageError: it ends before it starts or leaves the year.
    """
    if end < start:
        raise UsageError(f"period {start}..{end}: expected the start before the end. Swap them.")
    if start.year != year or end.year != year:
        raise UsageError(
            f"period {start}..{end}: expected days within {year}. A performance period never leaves its year."
        )
    return Period(start, end)


def score_document(path: Path, rules: Path | None = None) -> Score:
    """Score a QPP submission object in a JSON file.

    Args:
        path: the file.
        rules: folder of rule files; None is the product's own.

    Raises:
        UsageError: the file cannot be read or is no JSON.
        SubmissionError: it is JSON, but no submission with a `pi` set of a year that has rules.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(f"{path}: cannot be read. Name an existing QPP submission file.") from None
    except ValueError as problem:
        raise UsageError(f"{path.name}: expected JSON, got: {problem}. Mend the file.") from None
    submission, findings = read_submission(document)
    return score(load(submission.year, rules), submission, findings)


@dataclass(frozen=True, slots=True)
class Scored:
    """A score with the submission that it rests on, and for each measure what was recomputed beside it."""

    reading: Reading
    attestations: Attestations
    submission: Submission
    score: Score
    tallies: Mapping[MeasureId, Tally | None]


def score_reading(reading: Reading, attested: Attestations) -> Scored:
    """Score what was counted, together with what a person attested, for one reporter.

    Raises:
        UsageError: the reporter is not named and the data leave it open.
    """
    reporter = attested.reporter or _only_reporter(reading.tallies)
    counted = {measure: _of(reading.tallies, measure, reporter, attested.variant) for measure in _PROPORTIONS}
    proportions = {
        measure: _proportion(reading, attested, measure, found)
        for measure, found in counted.items()
        if _is_reported(measure, reading.rules, attested)
    }
    submission = Submission(
        year=reading.rules.year,
        reporter=reporter,
        period=reading.period,
        cehrt_id=attested.cehrt_id,
        proportions=proportions,
        answers=attested.answers,
        entity_type="individual" if reporter.npi else "group",
    )
    return Scored(reading, attested, submission, score(reading.rules, submission), counted)


_PROPORTIONS = tuple(measure for measure in NEEDS if measure != "PI_EP_2")


def _of(tallies: tuple[Tally, ...], measure: MeasureId, reporter: Reporter, variant: str) -> Tally | None:
    variants = {variant, "all"}
    for found in tallies:
        if (found.measure, found.tin, found.npi) == (
            measure,
            reporter.tin,
            reporter.npi,
        ) and found.variant in variants:
            return found
    return None


def _proportion(reading: Reading, attested: Attestations, measure: MeasureId, found: Tally | None) -> Proportion:
    if measure in attested.reported:
        return attested.reported[measure].proportion
    if found is None:
        return Proportion(0, 0, origin=Origin.RECOMPUTED, readable=not reading.unseen(measure))
    return Proportion(found.met, found.denominator, found.unknown, found.undecided, Origin.RECOMPUTED)


def _is_reported(measure: MeasureId, rules: RuleBook, attested: Attestations) -> bool:
    """Whether a proportion is part of the submission: not excluded, and on the chosen path."""
    claimed = {answered for answered, yes in attested.answers.items() if yes}
    rule = rules.measures[measure]
    if claimed & set(rule.exclusions):
        return False
    return not any(
        measure in {m for path in choice.paths for m in path.measures}
        and any(claimed & set(path.measures) and measure not in path.measures for path in choice.paths)
        for choice in rules.choices
    )


def _only_reporter(tallies: tuple[Tally, ...]) -> Reporter:
    """The reporter that the data name when they name one: an only NPI within its TIN."""
    named = sorted({(t.tin, t.npi) for t in tallies if t.npi}, key=str)
    if len(named) == 1:
        return Reporter(*named[0])
    listed = "; ".join(f"TIN {tin or 'unknown'} NPI {npi}" for tin, npi in named) or "none"
    raise UsageError(
        f"who reports is not said and the data name several or none ({listed}). Add [reporter] to the attestation file."
    )
