"""The `pi180` command: one verb, one use case. Results go to standard output, everything else to standard error.

Exit codes: 0 fine; 1 unexpected; 2 wrong usage, missing folder, bad attestation, profile, site or rule file;
4 gate shut; 8 input empty, truncated or too much of it set aside (results are still written). 3, 5, 6 and 7
belong to verbs that read servers and verify bundles.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from extractors.errors import ExtractionError
from extractors.sources.folder import FileState
from scoring.errors import RuleError, SubmissionError
from scoring.explain import as_document
from scoring.model import Period
from scoring.rulebook import RuleBook, load
from smartapp import __version__, console, printed
from smartapp.attestations import AttestationError, read_attestations, template
from smartapp.demo import SCENARIO, YEAR, demo_of
from smartapp.paths import fixture
from smartapp.publish import publish, score_document_of
from smartapp.runs import as_json, reading_document, write_run, write_text
from smartapp.scored import Scored, score_document, score_reading
from smartapp.settings import SettingsError
from smartapp.starter import write_starter
from smartapp.usecases import Reading, Source, UsageError, period_within, read
from smartapp.web.serve import LOOPBACK, listening, serve_beside
from smartapp.web.serve import run as run_server
from smartapp.web.serve import serve as serve_app

WRONG_USAGE, GATE_SHUT, NOT_WHOLE = 2, 4, 8
DEMO_PORT = 8180

_MOST_TOLD = 20
_EXPECTED = (UsageError, ExtractionError, RuleError, SubmissionError, AttestationError, SettingsError)
_PLACE = click.Path(path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Days(click.ParamType[tuple[date, date]]):
    """`2026-01-01..2026-06-29`, both days included."""

    name = "A..B"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, date]:
        start, _, end = str(value).partition("..")
        try:
            return date.fromisoformat(start), date.fromisoformat(end)
        except ValueError:
            self.fail(f"expected two days as 2026-01-01..2026-06-29, got {value!r}.", param, ctx)


_YEAR = click.option("--year", type=int, required=True, help="Performance year.")
_RULES = click.option("--rules", type=_PLACE, help="Folder of py<year>.toml rule files. [default: the product's own]")
_AS_JSON = click.option("--json", "in_json", is_flag=True, help="Print one JSON document.")
_SOURCE = (
    click.option("--from", "folder", type=_PLACE, required=True, help="Folder of FHIR NDJSON, plain or gzip."),
    click.option("--site", type=_PLACE, help="Site settings, a TOML file."),
    click.option("--profile", help="Evidence profile: a name or a TOML file. [default: generic]"),
    click.option("--zone", help="The practice's time zone. [default: the site file's, else America/New_York]"),
)


def _from_source(command: _Command) -> _Command:
    for option in reversed(_SOURCE):
        command = option(command)
    return command


@contextmanager
def _stated_failures() -> Iterator[None]:
    """Turn what a person can mend into one message and exit code 2."""
    try:
        yield
    except _EXPECTED as problem:
        console.note(f"pi180: {problem}")
        sys.exit(WRONG_USAGE)
    except OSError as problem:
        console.note(
            f"pi180: {problem.filename or 'a file'}: {problem.strerror}. Name a place that can be read or written."
        )
        sys.exit(WRONG_USAGE)


@contextmanager
def _reading(source: Source, rules: RuleBook, period: Period) -> Iterator[Reading]:
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


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="pi180")
def main() -> None:
    """MIPS Promoting Interoperability from FHIR R4: every number opens, every run repeats."""


@main.command()
@_from_source
@_YEAR
@_RULES
@click.option("--period", type=_Days(), help="Days to count, both included. [default: the whole year]")
@click.option("--out", type=_PLACE, help="Also keep the run below this folder.")
@_AS_JSON
def extract(
    year: int, rules: Path | None, period: tuple[date, date] | None, out: Path | None, in_json: bool, **source: Any
) -> None:
    """Count every measure for every clinician and group in a folder of FHIR."""
    with _stated_failures():
        _check_apart(out, source["folder"])
        days = period_within(year, *(period or (date(year, 1, 1), date(year, 12, 31))))
        with _reading(Source(**source), load(year, rules), days) as reading:
            if out is not None:
                console.note(f"run kept at {write_run(out / 'runs', reading)}")
            click.echo(
                as_json(reading_document(reading)) if in_json else f"{printed.tally_table(reading)}\n",
                nl=False,
            )
            code = NOT_WHOLE if reading.faults else 0
    sys.exit(code)


@main.command()
@click.argument("submission", type=_PLACE)
@_RULES
@_AS_JSON
def score(submission: Path, rules: Path | None, in_json: bool) -> None:
    """Score a QPP submission object (JSON) line by line, with what would make it zero."""
    with _stated_failures():
        found = score_document(submission, rules)
        click.echo(as_json(as_document(found)) if in_json else f"{printed.score_table(found)}\n", nl=False)
    sys.exit(GATE_SHUT if found.gate_shut else 0)


@main.command()
@_from_source
@_YEAR
@_RULES
@click.option("--period", type=_Days(), help="Performance period. [default: the attestation file's]")
@click.option("--attestations", type=_PLACE, required=True, help="Attestation file; make one with: pi180 attest --new.")
@click.option(
    "--out",
    type=_PLACE,
    required=True,
    help="Folder for report.html, cases.csv, submission.json and the run.",
)
@_AS_JSON
def run(year: int, rules: Path | None, attestations: Path, out: Path, in_json: bool, **asked: Any) -> None:
    """Count, score and report one performance period of one clinician or group."""
    period, source = asked.pop("period"), Source(**asked)
    with _stated_failures():
        scored = _run(source, load(year, rules), period, attestations, out, in_json)
    sys.exit(_exit_code(scored))


def _run(
    source: Source, rules: RuleBook, period: tuple[date, date] | None, attestations: Path, out: Path, in_json: bool
) -> Scored:
    _check_apart(out, source.folder)
    attested = read_attestations(attestations, rules)
    days = period_within(rules.year, *period) if period else attested.period
    if days is None:
        raise UsageError(f"no performance period: give --period A..B, or [period] in {attestations.name}.")
    with _reading(source, rules, days) as reading:
        scored = score_reading(reading, attested)
        published = publish(scored, out)
        console.note(f"report {published.report}\nrun {published.run}")
        if published.note:
            console.note(f"pi180: {published.note}")
        click.echo(as_json(score_document_of(scored)) if in_json else f"{printed.scored_table(scored)}\n", nl=False)
    return scored


def _check_apart(out: Path | None, folder: Path) -> None:
    """Refuse to write where the next run would read."""
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies in the folder that is read. Name another folder with --out.")


def _exit_code(scored: Scored) -> int:
    if scored.reading.faults:
        return NOT_WHOLE
    return GATE_SHUT if scored.score.gate_shut else 0


@main.command()
@click.option("--out", type=_PLACE, help="Folder for the report and the app's files. [default: a new temporary one]")
@click.option("--port", type=int, default=DEMO_PORT, show_default=True, help="Where the app answers; 0 takes any.")
@click.option("--ehr-port", type=int, help="Where the demo EHR answers. [default: the port after the app's]")
def demo(out: Path | None, port: int, ehr_port: int | None) -> None:
    """Run the main job on a synthetic practice, then serve a simulated EHR to launch pi180 from, until Ctrl-C.

    With DEMO_SERVE=0 nothing is served.
    """
    scenario = fixture(SCENARIO)
    place = out or Path(tempfile.mkdtemp(prefix="pi180-demo-"))
    console.note(f"Synthetic practice {SCENARIO}: no real patient, no network.")
    with _stated_failures():
        source = Source(scenario, scenario / "site.toml")
        _run(source, load(YEAR), None, scenario / "attestations.toml", place, False)
        if os.environ.get("DEMO_SERVE") != "0":
            _serve_demo(place, port, port + 1 if ehr_port is None and port else ehr_port or 0)


def _serve_demo(results: Path, port: int, ehr_port: int) -> None:
    with listening(LOOPBACK, port) as app_at, listening(LOOPBACK, ehr_port) as ehr_at:
        demo = demo_of(Path(tempfile.mkdtemp(prefix="pi180-serve-")), results, app_at, ehr_at)
        serve_beside(demo.ehr, ehr_at)
        console.note(f"Open {demo.start}  (a simulated EHR: choose who you are, then launch pi180; Ctrl-C stops)")
        run_server(demo.app, app_at)
        console.note("Stopped.")


@main.command()
@click.option("--settings", type=_PLACE, help="Settings file of the server.")
@click.option("--new", "new", type=_PLACE, help="Write commented settings and a fresh key into this folder instead.")
def serve(settings: Path | None, new: Path | None) -> None:
    """Serve pi180 to clinicians who launch it from their EHR (SMART App Launch)."""
    with _stated_failures():
        if (settings is None) == (new is None):
            raise UsageError("serve needs one of --settings FILE and --new FOLDER.")
        if new is not None:
            made = write_starter(new)
            console.note(f"{made}: fill it in, and issuers.toml beside it, then: pi180 serve --settings {made}")
        elif settings is not None:
            serve_app(settings, console.note)


@main.command()
@click.option("--new", "new", type=_PLACE, required=True, help="File to make; an existing one is never overwritten.")
@_YEAR
@_RULES
def attest(new: Path, year: int, rules: Path | None) -> None:
    """Make a commented attestation file for a performance year."""
    with _stated_failures():
        if new.exists():
            raise UsageError(f"{new}: exists already and is left as it is. Name another file.")
        write_text(new, template(load(year, rules)))
    console.note(f"{new}: remove the # before what applies, then: pi180 run --attestations {new} ...")
