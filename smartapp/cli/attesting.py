"""The verb that begins what a person answers: attest."""

from pathlib import Path

import click

from scoring.rulebook import load
from smartapp.attesting.attestation_template import template
from smartapp.cli.options import PLACE, RULES, YEAR, stated_failures
from smartapp.errors import UsageError
from smartapp.printed import console
from smartapp.written import write_text


@click.command()
@click.option("--new", "new", type=PLACE, required=True, help="File to make; an existing one is never overwritten.")
@YEAR
@RULES
def attest(new: Path, year: int, rules: Path | None) -> None:
    """Make a commented attestation file for a performance year."""
    with stated_failures():
        if new.exists():
            raise UsageError(f"{new}: exists already and is left as it is. Name another file.")
        write_text(new, template(load(year, rules)))
    console.note(f"{new}: remove the # before what applies, then: pi180 run --attestations {new} ...")
