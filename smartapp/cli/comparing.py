"""The verb that holds an EHR's own report against a run: compare."""

import sys
from datetime import date
from pathlib import Path

import click

from scoring.model import Reporter
from smartapp.attesting.attestations import VARIANTS
from smartapp.beside.compared import compare as hold_against
from smartapp.beside.listed import read_report
from smartapp.cli.looking import counted_period
from smartapp.cli.options import AS_JSON, DIFFERENT, PLACE, Days, stated_failures
from smartapp.kept.archive import open_run
from smartapp.kept.finding_run import find_run
from smartapp.printed import beside as printed_beside
from smartapp.written import as_json


@click.command()
@click.argument("run", type=PLACE)
@click.option(
    "--ehr-report", "report", type=PLACE, required=True, help="The EHR's report as CSV: totals, or a list of cases."
)
@click.option("--period", type=Days(), help="Days to compare. [default: those that the run counted, if one]")
@click.option("--tin", help="Whose the rows are that name no TIN.")
@click.option("--npi", help="Whose the rows are that name no NPI. [default: the TIN as a group, or the only clinician]")
@click.option(
    "--controlled-substances",
    "variant",
    type=click.Choice(tuple(VARIANTS)),
    default="include",
    show_default=True,
    help="How PI_EP_1 is counted here.",
)
@AS_JSON
def compare(
    run: Path,
    report: Path,
    period: tuple[date, date] | None,
    variant: str,
    in_json: bool,
    **named: str | None,
) -> None:
    """Hold the EHR's own report against a run and name candidate causes. Exit code 7 if they differ.

    RUN is a folder runs/<fingerprint>, or one given with --out that holds one run. The EHR's certified report is the
    number of record: nothing is corrected.
    """
    with stated_failures():
        told, place = read_report(report), find_run(run)
        with open_run(place, counted_period(place, period)) as reading:
            who = Reporter(named["tin"], named["npi"]) if any(named.values()) else None
            found = hold_against(reading, told, who, VARIANTS[variant])
        click.echo(as_json(found.as_document()) if in_json else printed_beside.beside_table(found), nl=False)
    sys.exit(0 if found.agrees else DIFFERENT)
