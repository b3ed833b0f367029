"""The verb that reads a server in bulk: bulk."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from extractors.gateway import LANES
from extractors.sources.bulk_request import Form, Level
from extractors.sources.cohort import Cohort, Rule, checked_id
from smartapp.cli.options import NOT_WHOLE, PLACE, UNREACHABLE, stated_failures
from smartapp.cli.reading import AS_WHOM, RATE, WHERE, crawling_of, manners_of, told_endings, with_options
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.reading.fetch_terms import MANIFEST_MB
from smartapp.reading.fetching import Choice, Fetched, Fetching, Renew, Telling, Way, cancel, fetch

_Result = TypeVar("_Result")
_MANIFEST = "Megabytes that the list of the export's files may have."
_OPTIONS = (
    click.argument("base"),
    click.option("--out", type=PLACE, required=True, help="Folder to keep it in: new, or that of the same reading."),
    click.option("--group", help="Id of a Group: export its members."),
    click.option("--all", "everybody", is_flag=True, help="Export all patients."),
    click.option("--system", is_flag=True, help="Export all there is, patients or not."),
    *AS_WHOM,
    click.option("--alias", "aliases", multiple=True, help="Another base of the same server, which may see the token."),
    click.option("--form", type=click.Choice([*map(str, Form)]), default="get", help="How the server wants the types."),
    click.option("--manifest-mb", type=click.IntRange(min=1), default=MANIFEST_MB, help=_MANIFEST, show_default=True),
    click.option("--again", is_flag=True, help="Export everything anew, though a finished export is there."),
    click.option("--changes", is_flag=True, help="Export what changed since the finished export that is there."),
    click.option("--cancel", is_flag=True, help="Let the server forget the export that is not finished; read nothing."),
    click.option("--only-bulk", is_flag=True, help="Do not crawl where the server does not export."),
    RATE,
    *WHERE,
)


@click.command()
@with_options(_OPTIONS)
def bulk(**options: Any) -> None:
    """Read the FHIR server at BASE into a folder by a bulk export, for pi180 extract and run.

    Where the server does not export, it is crawled instead, and the reason told. The same command again goes on where
    it stopped, and starts no second export; --cancel gives it up.

    Exit code 8 if something could not be read whole, 5 if the sign-in is refused, 6 if the server does not answer, 130
    if it was interrupted: what was read is kept, and the export goes on at the server.
    """
    with stated_failures():
        asked = _asked(**options)
        if options["cancel"]:
            sys.exit(_carried_out(lambda telling: _cancelled(asked, telling)))
        found = _carried_out(lambda telling: fetch(asked, telling))
        _tell(found)
    sys.exit(NOT_WHOLE if found.faults or found.not_whole or found.unknown else 0)


def _cancelled(asked: Fetching, telling: Telling) -> int:
    """The exit code."""
    if not cancel(asked, telling):
        return UNREACHABLE
    click.echo("No export is left unfinished at the server.")
    return 0


def _carried_out(what: Callable[[Telling], _Result]) -> _Result:
    """What a use case gives; it exits with the code of what a person, the server or the sign-in stops."""
    with told_endings():
        return what(Telling(say=lambda text: console.note(f"pi180: {text}.")))


def _tell(found: Fetched) -> None:
    for text in (*found.cautions, *(f"the reading is not whole: {fault}" for fault in found.faults)):
        console.note(f"pi180: {text}.")
    for row in found.not_whole:
        why = f" ({row['reasons'][0]})" if isinstance(row["reasons"], list) and row["reasons"] else ""
        console.note(f"pi180: {row['type']}: {row['state']}{why}.")
    if found.unknown:
        console.note(f"pi180: {found.unknown} of {found.patients} patients are not shown by the server.")
    how = "Exported" if found.way is Way.BULK else "Crawled"
    what = f"{how} into {found.folder}" if found.new else f"{found.folder} holds it already (--again reads it anew)"
    click.echo(f"{what}. Count it: pi180 extract --from {found.folder} --year YEAR")


def _asked(**options: Any) -> Fetching:
    if options["again"] and options["changes"]:
        raise UsageError("--again and --changes: expected one of them.")
    renew = Renew.ALL if options["again"] else Renew.CHANGES if options["changes"] else Renew.KEEP
    crawling = crawling_of(manners_of(LANES, options["rate"]), cohort=_cohort(**options), **options)
    choice = Choice.BULK if options["only_bulk"] else Choice.BEST
    level = Level.SYSTEM if options["system"] else None
    return Fetching(crawling, choice, renew, level, Form(options["form"]), manifest_mb=options["manifest_mb"])


def _cohort(**options: Any) -> Cohort:
    if sum((options["group"] is not None, options["everybody"], options["system"])) != 1:
        raise UsageError("whose records? Expected one of --group, --all and --system.")
    if options["group"] is not None:
        return Cohort(Rule.GROUP, group=checked_id(options["group"], "--group"))
    return Cohort(Rule.ALL)
