"""The verb that reads a server into a folder: crawl."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from extractors.gateway import LANES, MOST_LANES
from extractors.sources.cohort import Cohort, Rule, checked_id, listed_in
from smartapp.cli.options import NOT_WHOLE, PLACE, Days, stated_failures
from smartapp.cli.reading import AS_WHOM, RATE, WHERE, crawling_of, manners_of, told_endings, with_options
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.reading.crawling import Crawling, Outcome
from smartapp.reading.crawling import crawl as crawled

_OPTIONS = (
    click.argument("base"),
    click.option("--out", type=PLACE, required=True, help="Folder to keep it in: new, or that of the same crawl."),
    click.option("--group", help="Id of a Group: read its members."),
    click.option("--patients", type=PLACE, help="File with ids of patients, one a line."),
    click.option("--appointments", type=Days(), help="Read who has an appointment within days."),
    click.option("--encounters", type=Days(), help="Read who was seen within days."),
    *AS_WHOM,
    click.option("--alias", "aliases", multiple=True, help="Another base of the same server, for further pages."),
    click.option("--lanes", type=click.IntRange(1, MOST_LANES), default=LANES, show_default=True, help="At a time."),
    RATE,
    *WHERE,
)


@click.command()
@with_options(_OPTIONS)
def crawl(**options: Any) -> None:
    """Read the FHIR server at BASE into a folder, patient by patient, for pi180 extract and run.

    Name the patients by one of --group, --patients, --appointments and --encounters. The same command again goes on
    where it stopped, and asks anew for what failed or was withheld.

    Exit code 8 if something could not be read (the folder says what) or patients of the list are not there, 5 if the
    token is refused, 6 if the server does not answer, 130 if it was interrupted: what was read is kept.
    """
    with stated_failures():
        found = _crawled(_asked(**options))
        _tell(found, options["out"])
    sys.exit(NOT_WHOLE if found.faults or found.not_whole or found.unknown else 0)


def _crawled(asked: Crawling) -> Outcome:
    with told_endings(), console.crawl_progress() as tell:
        return crawled(asked, tell)


def _tell(found: Outcome, out: Path) -> None:
    for caution in found.cautions:
        console.note(f"pi180: {caution}.")
    for fault in found.faults:
        console.note(f"pi180: the crawl is not whole: {fault}.")
    for row in found.not_whole:
        console.note(f"pi180: {row['type']}: {row['state']} ({row['searches']} searches).")
    if found.unknown:
        console.note(
            f"pi180: {found.unknown} of {found.patients} patients are not on this server, or it does not show them: a "
            "count without them may be too small. Expected ids of Patient resources, no record numbers. Check them."
        )
    click.echo(
        f"{found.patients - found.unknown} patients read into {out}. Count them: pi180 extract --from {out} --year YEAR"
    )


def _asked(**options: Any) -> Crawling:
    return crawling_of(manners_of(options["lanes"], options["rate"]), cohort=_cohort(**options), **options)


def _cohort(**options: Any) -> Cohort:
    given = [name for name in ("group", "patients", "appointments", "encounters") if options[name] is not None]
    if len(given) != 1:
        raise UsageError("whose records? Expected one of --group, --patients, --appointments and --encounters.")
    if given == ["group"]:
        return Cohort(Rule.GROUP, group=checked_id(options["group"], "--group"))
    if given == ["patients"]:
        file = options["patients"]
        return Cohort(Rule.LIST, listed=listed_in(file.read_text(encoding="utf-8-sig"), file.name))
    start, end = _days(options[given[0]], given[0])
    return Cohort(Rule(given[0]), start=start, end=end)


def _days(days: tuple[date, date], name: str) -> tuple[date, date]:
    if days[1] < days[0]:
        raise UsageError(f"--{name}: expected the first day before the last. Swap them.")
    return days
