"""Verbs that serve pages and work for them: demo, serve, worker."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from scoring.rulebook import load
from smartapp.cli.options import PLACE, stated_failures
from smartapp.cli.running import Printing, run_and_publish
from smartapp.demo import SCENARIO, YEAR, demo_of
from smartapp.errors import UsageError
from smartapp.paths import fixture
from smartapp.printed import console
from smartapp.starter import write_starter
from smartapp.usecases import Source
from smartapp.web.selfcheck import Weight
from smartapp.web.serve import LOOPBACK, Listener, listening, run_with_worker, self_check, serve_beside, work
from smartapp.web.serve import serve as serve_app

DEMO_PORT = 8180


@click.command()
@click.option("--out", type=PLACE, help="Folder for the report and the app's files. [default: a new temporary one]")
@click.option("--port", type=int, default=DEMO_PORT, show_default=True, help="Where the app answers; 0 takes any.")
@click.option("--ehr-port", type=int, help="Where the demo EHR answers. [default: the port after the app's]")
def demo(out: Path | None, port: int, ehr_port: int | None) -> None:
    """Run the main job on a synthetic practice, then serve a simulated EHR to launch pi180 from, until Ctrl-C.

    With DEMO_SERVE=0 nothing is served.
    """
    scenario = fixture(SCENARIO)
    place = out or Path(tempfile.mkdtemp(prefix="pi180-demo-"))
    console.note(f"Synthetic practice {SCENARIO}: no real patient, no network.")
    serving = os.environ.get("DEMO_SERVE") != "0"
    with stated_failures(), _addresses(port, ehr_port) if serving else nullcontext() as at:
        source = Source(scenario, scenario / "site.toml")
        run_and_publish(source, load(YEAR), None, scenario / "attestations.toml", place, Printing())
        if at is not None:
            _serve_demo(place, *at)


@contextmanager
def _addresses(port: int, ehr_port: int | None) -> Iterator[tuple[Listener, Listener]]:
    """Where the app and the demo EHR will answer: taken before the work, for a port may be another's already."""
    beside = port + 1 if ehr_port is None and port else ehr_port or 0
    with listening(LOOPBACK, port) as app_at, listening(LOOPBACK, beside) as ehr_at:
        yield app_at, ehr_at


def _serve_demo(results: Path, app_at: Listener, ehr_at: Listener) -> None:
    demo = demo_of(Path(tempfile.mkdtemp(prefix="pi180-serve-")), results, app_at, ehr_at)
    serve_beside(demo.ehr, ehr_at)
    console.note(f"Open {demo.start}  (a simulated EHR: choose who you are, then launch pi180; Ctrl-C stops)")
    run_with_worker(demo.app, app_at)
    console.note("Stopped.")


@click.command()
@click.option("--settings", type=PLACE, help="Settings file of the server.")
@click.option("--new", "new", type=PLACE, help="Write commented settings and a fresh key into this folder instead.")
@click.option("--check", is_flag=True, help="Look whether everything is as it must be, say so, and serve nothing.")
def serve(settings: Path | None, new: Path | None, check: bool) -> None:
    """Serve pi180 to clinicians who launch it from their EHR (SMART App Launch)."""
    with stated_failures():
        if (settings is None) == (new is None) or (check and new):
            raise UsageError("serve needs one of --settings FILE and --new FOLDER.")
        if new is not None:
            made = write_starter(new)
            console.note(f"{made}: fill it in, and issuers.toml beside it, then: pi180 serve --settings {made}")
        elif settings is not None and check:
            _tell_checks(settings)
        elif settings is not None:
            serve_app(settings, console.note)


def _tell_checks(settings: Path) -> None:
    checks = self_check(settings)
    for one in checks:
        click.echo(f"{one.weight:<8} {one.what}: {one.text}")
    if any(one.weight is Weight.REFUSED for one in checks):
        raise UsageError("the server would not start. Mend what is refused.")


@click.command()
@click.option("--settings", type=PLACE, required=True, help="Settings file of the server.")
def worker(settings: Path) -> None:
    """Do what was begun on pi180's pages, in a process of its own (workers = 0 in the settings), until Ctrl-C."""
    with stated_failures():
        work(settings, console.note)
