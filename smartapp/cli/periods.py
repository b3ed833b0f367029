"""The verb that searches the performance periods of a year: best-period."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from scoring.model import Period, Reporter
from scoring.rulebook import RuleBook, load
from smartapp.attestations import read_attestations
from smartapp.best_period import Answered, PeriodSearch, assume
from smartapp.cli.counting import reading_of
from smartapp.cli.options import AS_JSON, GATE_SHUT, PLACE, RULES, YEAR, from_source, stated_failures
from smartapp.cli.planning import stop_if_broken
from smartapp.period_document import best_period_document, briefs_document
from smartapp.printed_period import best_period_text, everyone_text
from smartapp.runs import as_json
from smartapp.usecases import Source


@click.command("best-period")
@from_source
@YEAR
@RULES
@click.option("--attestations", type=PLACE, help="Attestation file. [default: what the year requires is assumed yes]")
@click.option("--tin", help="Who reports. [default: the attestation file's, or the only clinician]")
@click.option("--npi", help="Who reports; without it the whole TIN.")
@click.option("--everyone", is_flag=True, help="Search for each clinician and group in the data, one line each.")
@AS_JSON
def best_period(
    year: int, rules: Path | None, attestations: Path | None, everyone: bool, in_json: bool, **asked: Any
) -> None:
    """Find the performance period that earns most, with the exclusions and choices that go with it.

    Every period that the year allows is counted and scored; none is left out. Exit code 4 if none has its gate open.
    """
    named = Reporter(asked.pop("tin"), asked.pop("npi"))
    with stated_failures():
        book = load(year, rules)
        answered = _answered(book, attestations, named)
        with reading_of(Source(**asked), book, Period(date(year, 1, 1), date(year, 12, 31))) as reading:
            stop_if_broken(reading, in_json)
            search = PeriodSearch(reading)
            if everyone:
                briefs, searched = search.everyone(answered), len(search.space)
                document = briefs_document(briefs, reading.fingerprint, searched)
                text, shut = everyone_text(briefs, searched), False
            else:
                found = search.best(answered)
                document = best_period_document(found, reading.fingerprint)
                text, shut = best_period_text(found, reading.fingerprint), not found.best.points
            click.echo(as_json(document) if in_json else text, nl=False)
    sys.exit(GATE_SHUT if shut else 0)


def _answered(rules: RuleBook, attestations: Path | None, named: Reporter) -> Answered:
    reporter = named if named.tin or named.npi else None
    if attestations is None:
        return assume(rules, reporter)
    attested = read_attestations(attestations, rules)
    return Answered(replace(attested, reporter=reporter) if reporter else attested)
