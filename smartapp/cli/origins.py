"""What a verb that looks ahead reads: a folder of FHIR, or a run that was kept, which brings its rules and site."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from extractors.site import Site, load_site
from scoring.model import Period
from scoring.rulebook import RuleBook, load
from smartapp.cli.folders import reading_of
from smartapp.cli.options import NOT_WHOLE, PLACE, Command, source_options
from smartapp.errors import UsageError
from smartapp.kept.archive import basis_of, open_run
from smartapp.kept.finding_run import find_run
from smartapp.usecases import Reading, Source, recounted
from smartapp.written import as_json

_RUN = click.option("--run", type=PLACE, help="A run that was kept (runs/<fingerprint>), in place of --from.")


def from_source_or_run(command: Command) -> Command:
    """Add the options of a verb that reads a folder of FHIR or a run that was kept."""
    return source_options(_RUN(command), required=False)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is read, not read yet. `run` None: the folder of `source`."""

    rules: RuleBook
    site: Site
    source: Source
    run: Path | None

    @property
    def year(self) -> Period:
        """The whole performance year."""
        return Period(date(self.rules.year, 1, 1), date(self.rules.year, 12, 31))

    def today(self) -> date:
        """The day by the clock, in the practice's zone."""
        return datetime.now(UTC).astimezone(self.site.zone_info).date()

    @contextmanager
    def reading(self, period: Period) -> Iterator[Reading]:
        """Read and count the days of a period, none where it ends before it starts."""
        if self.run is None:
            with reading_of(self.source, self.rules, period) as reading:
                yield reading
        else:
            with open_run(self.run, self.year) as reading:
                yield recounted(reading, period)


def origin_of(year: int, rules: Path | None, asked: Mapping[str, Any]) -> Origin:
    """What the options of `from_source_or_run` name.

    Raises:
        UsageError: neither or both are named, something that a run brings itself is given beside it, or the run is of
            another year.
    """
    run, given = asked["run"], {name: value for name, value in asked.items() if name != "run"}
    source = Source(**given)
    if (run is None) == (source.folder is None):
        raise UsageError("expected one of --from DIR and --run RUN. Name what to read.")
    if run is None:
        return Origin(
            load(year, rules), load_site(source.site, source.profile, source.zone, source.drugs), source, None
        )
    beside = sorted(name for name, value in {**given, "rules": rules}.items() if value is not None)
    if beside:
        raise UsageError(f"--{', --'.join(beside)}: a run brings its own. Leave it out beside --run.")
    kept = find_run(run)
    book, site = basis_of(kept)
    if book.year != year:
        raise UsageError(f"run {kept.name[:12]}: expected one of {year}, got one of {book.year}. Correct --year.")
    return Origin(book, site, source, kept)


def stop_if_broken(reading: Reading, in_json: bool) -> None:
    """No plan rests on an input that is not whole; why it is not was noted while it was read."""
    if reading.faults:
        if in_json:
            click.echo(as_json({"schema": "pi180/blocked/1", "blocked": list(reading.faults)}), nl=False)
        sys.exit(NOT_WHOLE)
