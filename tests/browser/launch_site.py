"""Two sites for the browser journeys, over TLS: the demo EHRs at `localhost`, pi180 at `127.0.0.1`.

A name and a number are different sites to a browser, so pi180 in a frame of an EHR is truly third-party. A
stranger at another port shows pi180 in a frame although nobody registered it. Each practice has an EHR of its own.
"""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from html import escape
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from smartapp.demo import AS_OF
from smartapp.demo_ehr import AuthMethod, DemoClient, Faults, create_demo_ehr
from smartapp.paths import fixture
from smartapp.starter import Starter, write_starter
from smartapp.store import Assignment, AuditEvent, Store
from smartapp.web.serve import app_of
from tests.browser.authority import Authority

LANDING = re.compile(r"/l/[^/]+/$")
"""The address of the first page after sign-in."""
PRACTICES = {"demo": "solo-2026", "group": "group-4", "thin": "thin-server", "new": "thin-server"}
"""The scenario of each practice, by its registration; of the last nobody made a run yet."""
_FIRST, *_FURTHER = PRACTICES
_CLIENT = "pi180-browser"
_ROLES = {"Practitioner/office-staff": ("staff",), "Practitioner/nurse-practitioner": ("staff", "admin", "auditor")}
"""Who may do what in the group, beside its clinicians."""
_SANDBOX = "allow-forms allow-same-origin allow-popups"
"""Less than EHRs are known to allow: no script either."""
_HOSTS = ("localhost", "127.0.0.1", "localhost", *("localhost" for _ in _FURTHER))
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
    others: dict[str, str] = field(default_factory=dict)
    """Further EHRs by their registrations."""
    rules: list[str] = field(default_factory=list)
    """The addresses of pi180 that a browser may open."""
    stores: list[Store] = field(default_factory=list)
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

    @property
    def trail(self) -> list[AuditEvent]:
        """All that was audited."""
        return self.stores[0].trail.rows()

    def forget_answers(self) -> None:
        """Be as before somebody answered or attached anything."""
        with self.stores[0].launches._engine.begin() as connection:
            for table in ("draft", "document", "job"):
                connection.exec_driver_sql(f"DELETE FROM {table}")

    def first_page(self) -> tuple[Served, Served]:
        """The latest answer of the EHR that pi180 took, and the page that followed."""
        callback = next(one for one in reversed(self.served) if one.path.startswith("/cb/"))
        landing = next(one for one in reversed(self.served) if LANDING.search(one.path))
        return callback, landing


@contextmanager
def launch_site(folder: Path, results: Mapping[str, Path]) -> Iterator[Site]:
    """Serve all until the block ends.

    Args:
        folder: for certificates, settings and store.
        results: what `pi180 run --out` left for each practice, by its registration.
    """
    authority = Authority(folder)
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in _HOSTS]
        ports = [listener.getsockname()[1] for listener in listeners]
        addresses = [f"https://{host}:{port}" for host, port in zip(_HOSTS, ports, strict=True)]
        site = Site(*addresses[:3], dict(zip(_FURTHER, addresses[3:], strict=True)))
        others = [_ehr_of(site, name, address) for name, address in site.others.items()]
        apps = (_ehr(site), _app(site, folder / "serve", results, authority.bundle), _stranger, *others)
        for app, listener in zip(apps, listeners, strict=True):
            stack.enter_context(_served(app, listener, authority.context()))
        yield site


def _ehr_of(site: Site, name: str, address: str) -> Flask:
    """The EHR of a practice; only the first is asked to misbehave."""
    client = DemoClient(_CLIENT, (f"{site.app}/cb/{name}",), f"{site.app}/launch", AuthMethod.NONE)
    faults = site.faults if name == _FIRST else Faults()
    return create_demo_ehr(fixture(PRACTICES[name]), address, [client], faults)


def _ehr(site: Site) -> _Wsgi:
    ehr = _ehr_of(site, _FIRST, site.ehr)

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


def _settings(site: Site, folder: Path, results: Mapping[str, Path], authorities: Path) -> Path:
    """The very files that a practice would write, with an entry for each EHR."""
    first, *further = (
        write_starter(folder / name, _starter(site, name, address, results[name], authorities))
        for name, address in {_FIRST: site.ehr, **site.others}.items()
    )
    with (first.parent / "issuers.toml").open("a", encoding="utf-8") as issuers:
        issuers.writelines((one.parent / "issuers.toml").read_text(encoding="utf-8") for one in further)
    return first


def _starter(site: Site, name: str, address: str, results: Path, authorities: Path) -> Starter:
    """The proxy of the settings is this server itself."""
    practice = fixture(PRACTICES[name]) / "site.toml"
    return Starter(
        address=site.app,
        listen=site.app.removeprefix("https://"),
        proxies=1,
        id=name,
        ehr="Demo EHR (simulator)" if name == _FIRST else f"Demo EHR of {name}",
        iss=f"{address}/fhir",
        issuer=address,
        client_id=_CLIENT,
        results=str(results),
        frames=(address,),
        more=f'site = "{practice}"\nca = "{authorities}"\noffline = {str(name != _FIRST).lower()}\n',
    )


def _app(site: Site, folder: Path, results: Mapping[str, Path], authorities: Path) -> _Wsgi:
    """pi180, with roles given in the group."""
    app = app_of(_settings(site, folder, results, authorities), as_of=AS_OF)
    site.rules.extend(sorted({rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods}))
    site.stores.append(app.extensions["pi180"].store)
    for user, roles in _ROLES.items():
        for role in roles:
            site.stores[0].people.grant("group", Assignment(user, user, role, None, "test", datetime.now(UTC)))

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
