"""The verb that counts: extract."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from scoring.rulebook import load
from smartapp.cli.engines import on_engine
from smartapp.cli.folders import check_apart, reading_of
from smartapp.cli.options import AS_JSON, NOT_WHOLE, PLACE, RULES, YEAR, Days, from_source, stated_failures
from smartapp.cli.working import working
from smartapp.kept.runs import reading_document, write_run
from smartapp.opened.unattributed import documents, unattributed
from smartapp.printed import console
from smartapp.printed import score as printed
from smartapp.printed.beside import unattributed_lines
from smartapp.usecases import Source, period_within
from smartapp.written import as_json


@click.command()
@from_source
@working
@on_engine
@YEAR
@RULES
@click.option("--period", type=Days(), help="Days to count, both included. [default: the whole year]")
@click.option("--out", type=PLACE, help="Also keep the run below this folder.")
@AS_JSON
def extract(
    year: int, rules: Path | None, period: tuple[date, date] | None, out: Path | None, in_json: bool, **source: Any
) -> None:
    """Count every measure for every clinician and group in a folder of FHIR."""
    with stated_failures():
        check_apart(out, source["folder"])
        days = period_within(year, *(period or (date(year, 1, 1), date(year, 12, 31))))
        with reading_of(Source(**source), load(year, rules), days) as reading:
            if out is not None:
                console.note(f"run kept at {write_run(out / 'runs', reading)}")
            if in_json:
                text = as_json({**reading_document(reading), "unattributed": documents(unattributed(reading))})
            else:
                text = "\n".join([printed.tally_table(reading), *unattributed_lines(reading), ""])
            click.echo(text, nl=False)
            code = NOT_WHOLE if reading.faults else 0
    sys.exit(code)
