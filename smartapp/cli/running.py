"""The verb that counts, scores and reports: run."""

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from scoring.rulebook import RuleBook, load
from smartapp.attesting.attestations import read_attestations
from smartapp.cli.engines import on_engine
from smartapp.cli.folders import check_apart, reading_of
from smartapp.cli.nightly import run_config
from smartapp.cli.options import (
    AS_JSON,
    AS_OF,
    GATE_SHUT,
    NOT_WHOLE,
    PLACE,
    RULES,
    Command,
    Days,
    source_options,
    stated_failures,
)
from smartapp.cli.working import working
from smartapp.errors import UsageError
from smartapp.kept.publish import publish
from smartapp.kept.score_files import score_document_of
from smartapp.printed import console
from smartapp.printed import score as printed
from smartapp.printed.beside import unattributed_lines
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, period_within
from smartapp.written import as_json

_SPELT = {"folder": "from"}


def _source_unless_config(command: Command) -> Command:
    return source_options(command, required=False)


@click.command()
@click.option("--config", type=PLACE, help="Settings of an unattended run, instead of all other options but --json.")
@_source_unless_config
@working
@on_engine
@click.option("--year", type=int, help="Performance year.")
@RULES
@click.option("--period", type=Days(), help="Performance period. [default: the attestation file's]")
@click.option("--attestations", type=PLACE, help="Attestation file; make one with: pi180 attest --new.")
@click.option("--out", type=PLACE, help="Folder for report.html, cases.csv, submission.json and the run.")
@AS_OF
@AS_JSON
def run(config: Path | None, in_json: bool, **asked: Any) -> None:
    """Count, score and report one performance period of one clinician or group.

    With --config unattended: reads a folder or a server, reports for every reporter of the settings, and prints nothing
    unless something changed. Exit code 4 if a numerator fell or stopped or the gate shut since the run before, 9 if
    this machine cannot go on now; 143 if it was stopped.
    """
    if config is not None:
        if given := _given_beside("config", "in_json"):
            raise click.UsageError(f"--config: expected no other option but --json, got also {', '.join(given)}.")
        run_config(config, in_json)
    for name in ("folder", "year", "attestations", "out"):
        if asked[name] is None:
            raise click.UsageError(f"Missing option '--{_SPELT.get(name, name)}' (or '--config').")
    _run(Printing(in_json, asked.pop("as_of")), **asked)


def _given_beside(*names: str) -> list[str]:
    """The options, as a person writes them, that the command line has beside the named ones."""
    context = click.get_current_context()
    return sorted(
        option.opts[0]
        for option in context.command.params
        if option.name not in names and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    )


def _run(
    printing: "Printing",
    year: int,
    rules: Path | None,
    period: tuple[date, date] | None,
    attestations: Path,
    out: Path,
    **source: Any,
) -> None:
    with stated_failures():
        scored = run_and_publish(Source(**source), load(year, rules), period, attestations, out, printing)
    sys.exit(_exit_code(scored))


@dataclass(frozen=True, slots=True)
class Printing:
    """How a score is printed; no part of the run that is kept (docs/adr/0005).

    `as_of` is the day from which deadlines are told, in the text and in report.html; None tells only the days.
    """

    in_json: bool = False
    as_of: date | None = None


def run_and_publish(
    source: Source,
    rules: RuleBook,
    period: tuple[date, date] | None,
    attestations: Path,
    out: Path,
    printing: Printing,
) -> Scored:
    """Count, score, write and print one reporter's period; notes go to standard error."""
    check_apart(out, source.folder)
    attested = read_attestations(attestations, rules)
    days = period_within(rules.year, *period) if period else attested.period
    if days is None:
        raise UsageError(f"no performance period: give --period A..B, or [period] in {attestations.name}.")
    with reading_of(source, rules, days) as reading:
        scored = score_reading(reading, attested)
        published = publish(scored, out, printing.as_of)
        console.note(f"report {published.report}\nrun {published.run}")
        if published.note:
            console.note(f"pi180: {published.note}")
        if printing.in_json:
            text = as_json(score_document_of(scored))
        else:
            table = printed.scored_table(scored, printing.as_of)
            text = "\n".join([table, *unattributed_lines(reading), ""])
        click.echo(text, nl=False)
    return scored


def _exit_code(scored: Scored) -> int:
    if scored.reading.faults:
        return NOT_WHOLE
    return GATE_SHUT if scored.score.gate_shut else 0
