"""The verb that searches the performance periods of a year: best-period."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from scoring.model import Reporter
from scoring.rulebook import RuleBook
from smartapp.ahead.assumed import Answered, assume
from smartapp.ahead.best_period import PeriodSearch
from smartapp.ahead.period_document import best_period_document, briefs_document
from smartapp.attesting.attestations import read_attestations
from smartapp.cli.options import AS_JSON, GATE_SHUT, NPI, PLACE, RULES, TIN, YEAR, Day, stated_failures
from smartapp.cli.origins import from_source_or_run, origin_of, stop_if_broken
from smartapp.errors import UsageError
from smartapp.people.reporters import ReporterError
from smartapp.printed.period import best_period_text, everyone_text
from smartapp.written import as_json


@dataclass(frozen=True, slots=True)
class _Result:
    """What is printed, and whether no period has its gate open."""

    document: dict[str, Any]
    text: str
    shut: bool


@click.command("best-period")
@from_source_or_run
@YEAR
@RULES
@click.option("--attestations", type=PLACE, help="Attestation file. [default: what the year requires is assumed yes]")
@click.option("--as-of", type=Day(), help="The last day that has happened. [default: today, in the practice's zone]")
@click.option("--tin", type=TIN, help="Who reports. [default: the attestation file's, or the only clinician]")
@click.option("--npi", type=NPI, help="Who reports; without it the whole TIN.")
@click.option("--everyone", is_flag=True, help="Search for each clinician and group in the data, one line each.")
@AS_JSON
def best_period(
    year: int, rules: Path | None, attestations: Path | None, everyone: bool, in_json: bool, **asked: Any
) -> None:
    """Find the performance period that earns most, with the exclusions and choices that go with it.

    Every period that the year allows is counted and scored; none is left out. All that the data hold is counted; of
    days after --as-of, and of days that the data do not reach, nothing is called sure. Exit code 4 if no period has
    its gate open.
    """
    named, as_of = Reporter(asked.pop("tin"), asked.pop("npi")), asked.pop("as_of")
    with stated_failures(), _named_by_options():
        origin = origin_of(year, rules, asked)
        answered = _answered(origin.rules, attestations, named)
        with origin.reading(origin.year) as reading:
            stop_if_broken(reading, in_json)
            search = PeriodSearch(reading).seen_from(as_of or origin.today())
            found = _for_everyone(search, answered) if everyone else _for_one(search, answered)
            click.echo(as_json(found.document) if in_json else found.text, nl=False)
    sys.exit(GATE_SHUT if found.shut else 0)


def _for_everyone(search: PeriodSearch, answered: Answered) -> _Result:
    briefs, searched, run = search.everyone(answered), len(search.space), search.reading.fingerprint
    document = briefs_document(briefs, search.horizon, run, searched)
    return _Result(document, everyone_text(briefs, search.horizon, searched), False)


def _for_one(search: PeriodSearch, answered: Answered) -> _Result:
    found, run = search.best(answered), search.reading.fingerprint
    return _Result(best_period_document(found, run), best_period_text(found, run), not found.best.points)


@contextmanager
def _named_by_options() -> Iterator[None]:
    """Say how this verb is told who reports."""
    try:
        yield
    except ReporterError as problem:
        remedy = "Name who reports with --tin and --npi, or take --everyone."
        raise UsageError(f"{problem.problem} {remedy}") from None


def _answered(rules: RuleBook, attestations: Path | None, named: Reporter) -> Answered:
    reporter = named if named.tin or named.npi else None
    if attestations is None:
        return assume(rules, reporter)
    attested = read_attestations(attestations, rules)
    return Answered(replace(attested, reporter=reporter) if reporter else attested)
