"""Verbs of the unattended run: what `pi180 run --config` does, and config new, config check."""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from extractors.errors import ExtractionError
from scoring.rulebook import load
from smartapp.cli.options import PLACE, RULES, WRONG_USAGE, YEAR, stated_failures
from smartapp.nightly.config import Clinic, judged, load_clinic
from smartapp.nightly.endings import UNEXPECTED, UNUSABLE, Stopped, ending_of
from smartapp.nightly.machine import Machine
from smartapp.nightly.night import Speaking, run_night
from smartapp.nightly.problems import ConfigError
from smartapp.nightly.server import reachable
from smartapp.nightly.starter import write_config
from smartapp.nightly.status import Status
from smartapp.nightly.word import leave_word
from smartapp.printed import console
from smartapp.written import as_json

GRACE = 25
"""Seconds in which a run that is asked to stop finishes what it is at; then it ends as if it were killed (R125)."""


def run_config(path: Path, in_json: bool) -> None:
    """Carry out an unattended run and exit with its code."""
    machine = Machine()
    with stated_failures(), _word_left(path, machine):
        clinic = load_clinic(path)
    carry_out(clinic, machine, in_json)


@contextmanager
def _word_left(path: Path, machine: Machine) -> Iterator[None]:
    """Let the status file say that the settings cannot be used; where it cannot, standard error says that, too."""
    try:
        yield
    except ConfigError:
        if not leave_word(path, machine):
            console.note(
                f"pi180: exit code {UNUSABLE}, and no status file says so: the folder of the results cannot be told or "
                "written, or another run is at work there."
            )
        raise


def carry_out(clinic: Clinic, machine: Machine, in_json: bool) -> None:
    """The run itself, on a machine, until it ends by itself or is asked to stop; exits with its code."""
    with _stops_when_asked(), _told_why():
        sys.exit(run_night(clinic, machine, _speaking(in_json)).exit_code)


def _speaking(in_json: bool) -> Speaking:
    """Results to standard output; the rest to standard error, and only where a person sits there."""

    def result(lines: tuple[str, ...], status: Status) -> None:
        click.echo(as_json(status.as_document()) if in_json else "\n".join([*lines, ""]), nl=False)
        sys.stdout.flush()

    if not sys.stderr.isatty():
        return Speaking(result)
    return Speaking(result, console.note, _every(console.note), lambda _: None)


def _every(note: Callable[[str], None]) -> Callable[[int, int], None]:
    """A note at each tenth."""

    def tell(done: int, of: int) -> None:
        if of and done * 10 // of > (done - 1) * 10 // of:
            note(f"read {done} of {of}")

    return tell


@contextmanager
def _stops_when_asked() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does, but within `GRACE`; a killed run loses nothing, it is only less polite."""

    def stop(*_: object) -> None:
        hard = threading.Timer(GRACE, os._exit, (128 + signal.SIGTERM,))
        hard.daemon = True
        hard.start()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _told_why() -> Iterator[None]:
    """Say what ended a run early, without a word of a patient, and exit with its code."""
    try:
        yield
    except (Exception, KeyboardInterrupt, Stopped) as problem:
        ending = ending_of(problem)
        console.note(f"pi180: {_reason(problem, ending.code)}")
        if ending.code == UNEXPECTED:
            traceback.print_tb(problem.__traceback__)
        sys.exit(ending.code)


def _reason(problem: BaseException, code: int) -> str:
    if isinstance(problem, Stopped | KeyboardInterrupt):
        return "stopped. What was done is kept; the next run goes on from there."
    if isinstance(problem, OSError):
        return f"{problem.filename or 'a file'}: {problem.strerror}. {ending_of(problem).next_action}"
    if code == UNEXPECTED:
        return f"an unexpected {type(problem).__name__} at:"
    return str(problem)


@click.group()
def config() -> None:
    """Settings of an unattended run: pi180 run --config FILE."""


@config.command()
@click.argument("folder", type=PLACE)
@YEAR
@RULES
def new(folder: Path, year: int, rules: Path | None) -> None:
    """Write commented settings, and an attestation file beside them, into FOLDER."""
    with stated_failures():
        made = write_config(folder, load(year, rules))
    console.note(f"{made}: fill it in, and attestations.toml beside it, then: pi180 config check {made}")


@config.command()
@click.argument("file", type=PLACE)
@click.option("--online", is_flag=True, help="Ask the server, too: whether it answers, and signs pi180 in.")
def check(file: Path, online: bool) -> None:
    """Say everything that is wrong with the settings in FILE, at once. Exit code 2 if anything is."""
    with stated_failures():
        clinic, problems = judged(file)
    found = [*problems, *(_asked(clinic) if online and clinic else ())]
    for problem in found:
        click.echo(problem)
    if not found:
        click.echo(f"{file}: can be used{', and the server answers' if online and clinic and clinic.fetching else ''}.")
    sys.exit(WRONG_USAGE if found else 0)


def _asked(clinic: Clinic) -> tuple[str, ...]:
    """What is wrong with the server; nothing where a folder is read."""
    if clinic.fetching is None:
        return ()
    try:
        reachable(clinic.fetching.crawling)
    except ExtractionError as problem:
        return (str(problem),)
    return ()
