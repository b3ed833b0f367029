"""Verbs that look into runs that were made: explain, diff."""

import re
import sys
from datetime import date
from pathlib import Path

import click

from scoring.model import Period
from smartapp.cli.options import AS_JSON, DIFFERENT, PLACE, Days, stated_failures
from smartapp.errors import UsageError
from smartapp.kept.archive import counted_periods, open_run
from smartapp.kept.differences import differences
from smartapp.kept.finding_run import find_run
from smartapp.opened.explained import explain_measure, explain_record
from smartapp.printed import score as printed
from smartapp.usecases import period_within
from smartapp.written import as_json

_MEASURE = re.compile(r"PI_\w+")


@click.command()
@click.argument("run", type=PLACE)
@click.argument("what")
@click.option("--period", type=Days(), help="Days to explain. [default: those that the run counted, if one]")
@click.option("--tin", help="Only this TIN.")
@click.option("--npi", help="Only this NPI.")
@AS_JSON
def explain(
    run: Path, what: str, period: tuple[date, date] | None, tin: str | None, npi: str | None, in_json: bool
) -> None:
    """Explain a number of a run, from the number to rule, evidence, resource, file and line.

    RUN is a folder runs/<fingerprint>, or one given with --out that holds one run. WHAT is a measure (PI_EP_1) or a
    record (MedicationRequest/123): of one that is not counted, too, it says why.
    """
    with stated_failures():
        run = find_run(run)
        with open_run(run, counted_period(run, period)) as reading:
            if _MEASURE.fullmatch(what):
                found = explain_measure(reading, what, tin, npi)
                text = as_json(found.as_document()) if in_json else printed.measure_explained(reading, found)
            else:
                record = explain_record(reading, what, tin, npi)
                text = as_json(record.as_document()) if in_json else printed.record_explained(record)
        click.echo(text, nl=False)


def counted_period(run: Path, asked: tuple[date, date] | None) -> Period:
    """The days that were asked for, or else those that a run counted, if it counted one period.

    Raises:
        UsageError: the days leave their year, or none are named and the run counted several periods or none.
    """
    if asked is not None:
        return period_within(asked[0].year, *asked)
    counted = counted_periods(run)
    if len(counted) != 1:
        named = ", ".join(f"{period.start}..{period.end}" for period in counted) or "none"
        raise UsageError(f"{run.name[:12]}: which days? The run counted: {named}. Name them with --period A..B.")
    return counted[0]


@click.command()
@click.argument("first", type=PLACE)
@click.argument("second", type=PLACE)
@AS_JSON
def diff(first: Path, second: Path, in_json: bool) -> None:
    """Name what differs between two runs. Exit code 7 if anything does.

    FIRST and SECOND are folders runs/<fingerprint>, or folders given with --out that hold one run.
    """
    with stated_failures():
        found = differences(find_run(first), find_run(second))
        click.echo(as_json(found.as_document()) if in_json else printed.differences_table(found), nl=False)
    sys.exit(0 if found.none else DIFFERENT)
