"""Verbs that count and score: extract, score, run, attest."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from extractors.sources.folder import FileState
from scoring.explain import as_document
from scoring.model import Period
from scoring.rulebook import RuleBook, load
from smartapp.attesting.attestation_template import template
from smartapp.attesting.attestations import read_attestations
from smartapp.cli.engines import on_engine
from smartapp.cli.nightly import run_config
from smartapp.cli.options import (
    AS_JSON,
    AS_OF,
    GATE_SHUT,
    NOT_WHOLE,
    PLACE,
    RULES,
    YEAR,
    Command,
    Days,
    from_source,
    source_options,
    stated_failures,
)
from smartapp.cli.working import working
from smartapp.kept.publish import publish
from smartapp.kept.runs import as_json, reading_document, write_run, write_text
from smartapp.kept.score_files import score_document_of
from smartapp.opened.unattributed import documents, unattributed
from smartapp.printed import console
from smartapp.printed import score as printed
from smartapp.printed.beside import unattributed_lines
from smartapp.scored import Scored, score_document, score_reading
from smartapp.submissions import score_several
from smartapp.usecases import Reading, Source, UsageError, period_within, read

_MOST_TOLD = 20
_SPELT = {"folder": "from"}


def _source_unless_config(command: Command) -> Command:
    return source_options(command, required=False)


@contextmanager
def reading_of(source: Source, rules: RuleBook, period: Period) -> Iterator[Reading]:
    """A folder read for one period, with progress and what was left out or set aside on standard error."""
    total = sum(p.stat().st_size for p in source.folder.rglob("*") if p.is_file()) if source.folder.is_dir() else 0
    with console.reading_progress(total) as progress, read(source, rules, period, progress) as reading:
        for record in reading.files:
            if record.state is FileState.NOT_FHIR:
                console.note(f"pi180: {record.file} is no FHIR and is left out.")
        for fault in reading.faults:
            console.note(f"pi180: the input is not whole: {fault}.")
        _tell_set_aside(reading)
        yield reading


def _tell_set_aside(reading: Reading) -> None:
    rows = reading.quarantine.rows
    for row in rows[:_MOST_TOLD]:
        entry = f", entry {row['entry']}" if row["entry"] is not None else ""
        console.note(
            f"pi180: set aside {row['file']}, line {row['line']}{entry}, byte {row['offset']}: {row['reason']}."
        )
    if len(rows) > _MOST_TOLD:
        console.note(f"pi180: {len(rows) - _MOST_TOLD} more lines set aside; --json and the report name them all.")


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
        _check_apart(out, source["folder"])
        days = period_within(year, *(period or (date(year, 1, 1), date(year, 12, 31))))
        with reading_of(Source(**source), load(year, rules), days) as reading:
            if out is not None:
                console.note(f"run kept at {write_run(out / 'runs', reading)}")
            nobodys = unattributed(reading)
            if in_json:
                text = as_json({**reading_document(reading), "unattributed": documents(nobodys)})
            else:
                text = "\n".join([printed.tally_table(reading), *unattributed_lines(nobodys), ""])
            click.echo(text, nl=False)
            code = NOT_WHOLE if reading.faults else 0
    sys.exit(code)


@click.command()
@click.argument("submission", type=PLACE, nargs=-1, required=True)
@RULES
@AS_OF
@AS_JSON
def score(submission: tuple[Path, ...], rules: Path | None, as_of: date | None, in_json: bool) -> None:
    """Score a QPP submission object (JSON) line by line, with what would make it zero.

    Several files are several submissions of one reporter: each is scored by itself, then what the year makes of them.
    """
    with stated_failures():
        if len(submission) > 1:
            category = score_several(submission, rules)
            text = as_json(category.as_document()) if in_json else printed.category_table(category, as_of)
            shut = not any(one.qualifying and not one.score.gate_shut for one in category.submissions)
        else:
            found = score_document(submission[0], rules)
            text = as_json(as_document(found)) if in_json else f"{printed.score_table(found, as_of)}\n"
            shut = found.gate_shut
        click.echo(text, nl=False)
    sys.exit(GATE_SHUT if shut else 0)


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
        if given := sorted(name for name, value in asked.items() if value is not None):
            raise click.UsageError(f"--config: expected no other option but --json, got also {', '.join(given)}.")
        run_config(config, in_json)
    for name in ("folder", "year", "attestations", "out"):
        if asked[name] is None:
            raise click.UsageError(f"Missing option '--{_SPELT.get(name, name)}' (or '--config').")
    _run(Printing(in_json, asked.pop("as_of")), **asked)


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
    _check_apart(out, source.folder)
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
            text = "\n".join([table, *unattributed_lines(unattributed(reading)), ""])
        click.echo(text, nl=False)
    return scored


def _check_apart(out: Path | None, folder: Path) -> None:
    """Refuse to write where the next run would read."""
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies in the folder that is read. Name another folder with --out.")


def _exit_code(scored: Scored) -> int:
    if scored.reading.faults:
        return NOT_WHOLE
    return GATE_SHUT if scored.score.gate_shut else 0


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
