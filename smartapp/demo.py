"""The demo: the main job on a synthetic practice, then a simulated EHR from which pi180 is launched."""

import socket
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from smartapp.demo_ehr import AuthMethod, DemoClient, create_demo_ehr
from smartapp.paths import fixture
from smartapp.starter import Starter, write_starter
from smartapp.web.serve import app_of

SCENARIO, YEAR = "solo-2026", 2026
AS_OF = date(2026, 11, 21)
"""The day on which the scenario is meant to be read (fixtures/fhir/README.md)."""
_CLIENT_ID, _REGISTRATION = "pi180-demo", "demo"
_MORE = """\
site = "{site}"
source = "{source}"
offline = true
admins = ["Practitioner/office-staff"]
"""
"""The office staff may look after everything, and count the scenario anew as if IT had exported it again."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Two apps that know each other's addresses."""

    app: Any
    ehr: Any
    start: str


def demo_of(folder: Path, results: Path, app_listener: socket.socket, ehr_listener: socket.socket) -> Demo:
    """Connect the app with the demo EHR by the very settings files that a practice would write.

    Args:
        folder: for settings and store; must not hold any yet.
        results: what `pi180 run --out` left for the scenario.
        app_listener: where the app will be served, on this machine.
        ehr_listener: where the demo EHR will be served.
    """
    app_at, ehr_at = (f"http://127.0.0.1:{listener.getsockname()[1]}" for listener in (app_listener, ehr_listener))
    starter = Starter(
        address=app_at,
        listen=app_at.removeprefix("http://"),
        proxies=0,
        id=_REGISTRATION,
        ehr="Demo EHR (simulator)",
        iss=f"{ehr_at}/fhir",
        issuer=ehr_at,
        client_id=_CLIENT_ID,
        results=str(results.resolve()),
        frames=(ehr_at,),
        more=_MORE.format(site=fixture(SCENARIO) / "site.toml", source=fixture(SCENARIO)),
        signing=True,
    )
    client = DemoClient(_CLIENT_ID, (f"{app_at}/cb/{_REGISTRATION}",), f"{app_at}/launch", AuthMethod.NONE)
    ehr = create_demo_ehr(fixture(SCENARIO), ehr_at, [client])
    return Demo(app_of(write_starter(folder, starter), as_of=AS_OF), ehr, f"{ehr_at}/")
