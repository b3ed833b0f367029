"""The verb that tells how data get to CMS: submission-guide."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from scoring.conditions import Submitter
from scoring.rulebook import load
from smartapp.attesting.submission_guide import guide_document, submission_guide
from smartapp.cli.options import AS_JSON, AS_OF, RULES, stated_failures
from smartapp.people.open_years import open_years
from smartapp.printed.guide import guide_text
from smartapp.written import as_json


@click.command("submission-guide")
@click.option("--year", type=int, help="Performance year. [default: the one whose submission window closes next]")
@click.option("--submitter", type=click.Choice([str(one) for one in Submitter]), help="Who hands it in. [default: all]")
@RULES
@AS_OF
@AS_JSON
def guide(year: int | None, submitter: str | None, rules: Path | None, as_of: date | None, in_json: bool) -> None:
    """Say who may hand a year's data to CMS, by which way, between which days, and with which file.

    pi180 sends nothing to CMS: a person does.
    """
    with stated_failures():
        book = load(year or open_years(as_of or datetime.now(UTC).date())[0], rules)
        found = submission_guide(book, Submitter(submitter) if submitter else None, as_of)
    click.echo(as_json(guide_document(found)) if in_json else guide_text(found), nl=False)
