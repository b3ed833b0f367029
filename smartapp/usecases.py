"""Reading as a use case: a folder of FHIR to counted cases; `scored` and `publish` go on from here.

The same for the command line, the pages and a scheduler: no click, no Flask, no printing; plain values in,
plain records out.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from extractors.cases import derive, fingerprint, tally
from extractors.drugs.table import tables as drug_tables
from extractors.engine import Engine
from extractors.engine.carried import carried_out
from extractors.ledger import (
    Quarantine,
    Sight,
    as_seen,
    ledger_of,
    never_shown,
    not_whole_needs,
    quarantine_of,
    sights,
    unseen_needs,
)
from extractors.profile import Profile, load_profile
from extractors.site import Site, load_site
from extractors.sources.chosen import source_of
from extractors.sources.crawled import faults_of, not_whole_of
from extractors.sources.folder import FileRecord, FileState, Progress
from extractors.staging.work import Work
from extractors.tallies import Tallies
from extractors.vocabulary import EventKind
from scoring.model import MeasureId, Period
from scoring.rulebook import RuleBook
from smartapp.errors import UsageError
from smartapp.opened.cautions import DIRECTORY, cautions
from smartapp.opened.places import Place, Places


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source gave for one period: counts, what was set aside, and what the source cannot show.

    `places` says for each resource where its version in force stands; `drug_table` is the digest of the drugs
    by which the cases were made.
    """

    fingerprint: str
    rules: RuleBook
    period: Period
    site: Site
    profile: Profile
    tallies: Tallies
    quarantine: Quarantine
    ledger: tuple[Mapping[str, Any], ...]
    files: tuple[FileRecord, ...]
    sights: Mapping[EventKind, Sight]
    engine: Engine
    places: Mapping[str, Place]
    drug_table: str

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the input is not whole: empty, cut, damaged, or too much set aside; none when it is whole."""
        found = [f"{record.file}: {record.state}" for record in self.files if record.state in _BROKEN]
        found += faults_of(self.ledger)
        if not self.places:
            found.append("no FHIR resource that pi180 reads was found; name the folder that holds them with --from")
        if self.quarantine.over_limit:
            patients = f", {self.quarantine.patients} of them Patients" if self.quarantine.patients else ""
            limit = "more than 1 in 1,000, or any Patient, blocks the score"
            found.append(f"{self.quarantine.count} of {self.quarantine.of} lines set aside{patients}: {limit}")
        return tuple(found)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a person should know of an input that is whole: zones assumed, values without a meaning."""
        return cautions(self.ledger, self.site.zone)

    def unseen(self, measure: MeasureId) -> list[EventKind]:
        """The kinds of fact that this source does not show although the measure needs them."""
        policies = [standing.kind for standing in self.site.standing]
        return unseen_needs(measure, dict(self.sights), policies)

    def not_whole(self, measure: MeasureId) -> list[EventKind]:
        """The kinds of case of which the source was not read whole: a count of them is no count."""
        return not_whole_needs(measure, dict(self.sights))

    @property
    def not_whole_directory(self) -> frozenset[str]:
        """The types that say whose a case is and were not read whole: a case that names nobody may be anybody's."""
        return DIRECTORY & {str(row["type"]) for row in not_whole_of(self.ledger)}

    def never_shown(self, measure: MeasureId) -> list[EventKind]:
        """The kinds of case that nothing received could have shown, and whose absence the site does not vouch for."""
        return never_shown(measure, dict(self.sights), self.site.closed_world)


_BROKEN = (FileState.TRUNCATED, FileState.DAMAGED, FileState.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Source:
    """What to read and how: a folder, a site file, and the flags that go before it; how it is carried out."""

    folder: Path
    site: Path | None = None
    profile: str | None = None
    zone: str | None = None
    drugs: Path | None = None
    work: Work | None = None


@contextmanager
def read(source: Source, rules: RuleBook, period: Period, progress: Progress = lambda _: None) -> Iterator[Reading]:
    """Read a folder of FHIR, a crawl or exports, and count one period; the reading stays open for its cases in use.

    Raises:
        ExtractionError: the folder is missing, or the site file, profile or drug tables are not usable.
        UsageError: what is kept for reuse would lie in the folder that is read.
    """
    site = load_site(source.site, source.profile, source.zone, source.drugs)
    with read_folder(source.folder, site, rules, period, progress, source.work) as reading:
        yield reading


@contextmanager
def read_folder(
    place: Path,
    site: Site,
    rules: RuleBook,
    period: Period,
    progress: Progress = lambda _: None,
    work: Work | None = None,
) -> Iterator[Reading]:
    """The same for settings that are read already.

    Raises:
        ExtractionError: the folder is missing, the profile is not usable, or the rows of much data cannot be kept.
        UsageError: what is kept for reuse would lie in the folder that is read.
    """
    work = work or Work()
    check_reuse(work.reuse, place)
    profile = load_profile(site.profile)
    drugs = drug_tables(site.drug_tables).digest
    source = source_of(place, profile, progress)
    site = as_seen(site, profile, source.not_whole)
    with carried_out(source, profile, site.zone_info, work) as (found, engine):
        derive(found, site, engine)
        ledger = (*ledger_of(found, engine), *source.asked)
        yield Reading(
            fingerprint=fingerprint(engine, rules.digest, profile.digest, site.digest, drugs),
            rules=rules,
            period=period,
            site=site,
            profile=profile,
            tallies=Tallies(tally(engine, period, site.numerator_window)),
            quarantine=quarantine_of(found),
            ledger=ledger,
            files=tuple(source.records),
            sights=sights(engine, profile, source.not_whole),
            engine=engine,
            places=places_of(engine, ledger),
            drug_table=drugs,
        )


def check_reuse(reuse: Path | None, place: Path) -> None:
    """Refuse to keep what was extracted where it would be read.

    Raises:
        UsageError: the one folder lies in the other.
    """
    if reuse is not None and reuse.resolve().is_relative_to(place.resolve()):
        raise UsageError(f"{reuse} lies in the folder that is read. Name another folder to keep for reuse.")


def recounted(reading: Reading, period: Period) -> Reading:
    """The same reading with another period counted, none of its days where it ends before it starts.

    Its engine holds the cases of these days afterwards, whatever days it held before.
    """
    [held] = reading.engine.rows("period", "1")
    if period == reading.period and (held["start_day"], held["end_day"]) == (str(period.start), str(period.end)):
        return reading
    counted = Tallies(tally(reading.engine, period, reading.site.numerator_window))
    return replace(reading, period=period, tallies=counted)


def places_of(engine: Engine, ledger: Iterable[Mapping[str, Any]]) -> Places:
    """Where the version of each resource that counts stands; the ledger says whether there is any."""
    return Places(engine, any(row.get("current") for row in ledger))


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
