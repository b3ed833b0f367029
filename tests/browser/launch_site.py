"""Two sites for the browser journeys, over TLS: the demo EHR at `localhost`, pi180 at `127.0.0.1`.

A name and a number are different sites to a browser, so pi180 in a frame of the EHR is truly third-party. A
third server, a stranger at another port, shows pi180 in a frame although nobody registered it.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from html import escape
from pathlib import Path
from typing import Any

from flask import Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from smartapp.demo import AS_OF
from smartapp.demo_ehr import AuthMethod, DemoClient, Faults, create_demo_ehr
from smartapp.paths import fixture
from smartapp.starter import Starter, write_starter
from smartapp.web.serve import app_of
from tests.browser.authority import Authority

LANDING = re.compile(r"/l/[^/]+/$")
"""The address of the first page after sign-in."""
_SCENARIO = "solo-2026"
_CLIENT, _REGISTRATION = "pi180-browser", "demo"
_SANDBOX = "allow-forms allow-same-origin allow-popups"
"""Less than EHRs are known to allow: no script either."""
_HOSTS = ("localhost", "127.0.0.1", "localhost")
_Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True)
class Served:
    """One answer of pi180: what, when it began and ended, and how many FHIR requests the EHR had seen by its end."""

    path: str
    status: int
    began: float
    ended: float
    fhir_requests: int


class Whim(Enum):
    """What the servers do only while a test wants it."""

    HOLD_DATA = "the EHR's FHIR server does not answer"
    BOX_FRAMES = "the EHR's chart puts a sandbox around pi180"
    STAY = "pi180's first page does not lead on, so that it can be looked at"


@dataclass(frozen=True)
class Site:
    """Where the servers are, what they saw, and what they do just now."""

    ehr: str
    app: str
    stranger: str
    faults: Faults = field(default_factory=Faults)
    served: list[Served] = field(default_factory=list)
    whims: set[Whim] = field(default_factory=set)

    @contextmanager
    def follows(self, whim: Whim) -> Iterator[None]:
        """Follow a whim until the block ends."""
        self.whims.add(whim)
        try:
            yield
        finally:
            self.whims.discard(whim)

    def first_page(self) -> tuple[Served, Served]:
        """The latest answer of the EHR that pi180 took, and the page that followed."""
        callback = next(one for one in reversed(self.served) if one.path.startswith("/cb/"))
        landing = next(one for one in reversed(self.served) if LANDING.search(one.path))
        return callback, landing


@contextmanager
def launch_site(folder: Path, results: Path) -> Iterator[Site]:
    """Serve all three until the block ends.

    Args:
        folder: for certificates, settings and store.
        results: what `pi180 run --out` left for the scenario.
    """
    authority = Authority(folder)
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        ports = [listener.getsockname()[1] for listener in listeners]
        site = Site(*(f"https://{host}:{port}" for host, port in zip(_HOSTS, ports, strict=True)))
        apps = (_ehr(site), _app(site, folder / "serve", results, authority.bundle), _stranger)
        for app, listener in zip(apps, listeners, strict=True):
            stack.enter_context(_served(app, listener, authority.context()))
        yield site


def _ehr(site: Site) -> _Wsgi:
    client = DemoClient(_CLIENT, (f"{site.app}/cb/{_REGISTRATION}",), f"{site.app}/launch", AuthMethod.NONE)
    ehr = create_demo_ehr(fixture(_SCENARIO), site.ehr, [client], site.faults)

    @ehr.after_request
    def boxed(response: Response) -> Response:
        if Whim.BOX_FRAMES in site.whims and request.path == "/launch":
            response.set_data(response.get_data(as_text=True).replace("<iframe", f'<iframe sandbox="{_SANDBOX}"'))
        return response

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        while Whim.HOLD_DATA in site.whims and environ["PATH_INFO"].startswith("/fhir/"):
            time.sleep(0.02)
        return ehr(environ, start)

    return answer


def _app(site: Site, folder: Path, results: Path, authorities: Path) -> _Wsgi:
    """pi180 by the very files that a practice would write; the proxy of its settings is this server itself."""
    starter = Starter(
        address=site.app,
        listen=site.app.removeprefix("https://"),
        proxies=1,
        id=_REGISTRATION,
        ehr="Demo EHR (simulator)",
        iss=f"{site.ehr}/fhir",
        issuer=site.ehr,
        client_id=_CLIENT,
        results=str(results),
        frames=(site.ehr,),
        more=f'site = "{fixture(_SCENARIO) / "site.toml"}"\nca = "{authorities}"\n',
    )
    app = app_of(write_starter(folder, starter), as_of=AS_OF)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        def starting(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            statuses.append(int(status.partition(" ")[0]))
            return start(status, [one for one in headers if one[0] != "Refresh" or Whim.STAY not in site.whims], *more)

        statuses: list[int] = []
        began = time.monotonic()
        body = list(app(environ, starting))
        site.served.append(
            Served(environ["PATH_INFO"], statuses[0], began, time.monotonic(), len(site.faults.saw("fhir")))
        )
        return body

    return answer


def _stranger(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """A page with a frame of the address after its `?`; it sets one cookie for every frame, and one for each apart."""
    cookies = [("Set-Cookie", f"{text}; Secure; SameSite=None") for text in ("shared=1", "apart=1; Partitioned")]
    start("200 OK", [("Content-Type", "text/html; charset=utf-8"), *cookies])
    framed = escape(environ["QUERY_STRING"])
    return [f'<!DOCTYPE html><title>Elsewhere</title><iframe src="{framed}"></iframe>'.encode()]


class _Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        """Write nothing: addresses of a launch are no business of a test's output either."""


@contextmanager
def _served(app: _Wsgi, listener: socket.socket, tls: ssl.SSLContext) -> Iterator[None]:
    host, port = listener.getsockname()
    server = make_server(host, port, app, threaded=True, ssl_context=tls, fd=listener.fileno(), request_handler=_Quiet)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
