import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from scoring.rulebook import load
from smartapp import paths
from smartapp.attestations import read_attestations
from smartapp.publish import publish
from smartapp.scored import score_reading
from smartapp.usecases import Source, read
from smartapp.web import create_report_app

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"]  # fmt: skip


def chromium() -> str:
    """The browser to drive; a machine without one fails, so that no run passes by not looking."""
    found = os.environ.get("PI180_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("No Chromium found. Run the browser tests with: make browser (it installs one or says how).")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    unboxed = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        driven = playwright.chromium.launch(executable_path=chromium(), args=_QUIET + unboxed)
        yield driven
        driven.close()


@pytest.fixture(scope="session")
def report_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pi180 score` leaves for the synthetic practice."""
    folder, out = paths.fixture("solo-2026"), tmp_path_factory.mktemp("report")
    rules = load(2026)
    attested = read_attestations(folder / "attestations.toml", rules)
    assert attested.period
    with read(Source(folder, folder / "site.toml"), rules, attested.period) as reading:
        publish(score_reading(reading, attested), out)
    return out


@pytest.fixture(scope="session")
def address(report_folder: Path) -> Iterator[str]:
    with make_server("127.0.0.1", 0, create_report_app(report_folder), threaded=True) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        serving.join()
