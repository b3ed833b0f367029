import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import read_attestations
from smartapp.kept.publish import keep, publish
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, read
from tests.browser.launch_site import PRACTICES, Site, launch_site

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"]  # fmt: skip

FIRST_PAGE = "first page after the EHR's answer"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how long a clinician waits for something to look at."""
    told = [value for one in terminalreporter.getreports("passed") for name, value in one.user_properties
            if name == FIRST_PAGE]  # fmt: skip
    if told:
        terminalreporter.write_line(f"{FIRST_PAGE}: {', '.join(map(str, told))}")


def chromium(playwright: Playwright) -> str:
    """The browser to drive; a machine without one fails, so that no run passes by not looking."""
    found = os.environ.get("PI180_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    own = playwright.chromium.executable_path
    if found is None and not Path(own).exists():
        pytest.fail("No Chromium found. Run the browser tests with: make browser (it installs one or says how).")
    return found or own


def _arguments() -> list[str]:
    return _QUIET + (["--no-sandbox"] if os.geteuid() == 0 else [])


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    driven = playwright.chromium.launch(executable_path=chromium(playwright), args=_arguments())
    yield driven
    driven.close()


@contextmanager
def _scored(scenario: str) -> Iterator[Scored]:
    """The score of a synthetic practice as its own answers have it."""
    folder, rules = paths.fixture(scenario), load(2026)
    attested = read_attestations(folder / "attestations.toml", rules)
    assert attested.period
    with read(Source(folder, folder / "site.toml"), rules, attested.period) as reading:
        yield score_reading(reading, attested)


@pytest.fixture(scope="session")
def report_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pi180 score` leaves for the synthetic practice."""
    out = tmp_path_factory.mktemp("report")
    with _scored("solo-2026") as scored:
        publish(scored, out)
    return out


@pytest.fixture(scope="session")
def results(report_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The results folder of each practice."""
    kept = {name: tmp_path_factory.mktemp(name) for name in PRACTICES}
    for name in ("group", "thin"):
        with _scored(PRACTICES[name]) as scored:
            keep(scored, kept[name] / "runs")
    return {**kept, "demo": report_folder.resolve()}


@pytest.fixture(scope="session")
def address(report_folder: Path) -> str:
    """The report as somebody opens it who was sent the file."""
    return (report_folder / "report.html").resolve().as_uri()


@pytest.fixture(scope="session")
def site(results: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with launch_site(tmp_path_factory.mktemp("site"), results) as serving:
        yield serving


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages go, for people to look at."""
    folder = Path(os.environ.get("PI180_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def persistent(playwright: Playwright, tmp_path: Path) -> Callable[..., BrowserContext]:
    """Starts a browser of its own, with a profile that somebody has changed the settings of."""

    def starting(preferences: Mapping[str, object], **options: Any) -> BrowserContext:
        profile = tmp_path / "profile" / "Default"
        profile.mkdir(parents=True)
        (profile / "Preferences").write_text(json.dumps(preferences))
        return playwright.chromium.launch_persistent_context(
            profile.parent, executable_path=chromium(playwright), args=_arguments(), **options
        )

    return starting
