"""SMART standalone launch for the command line: the browser signs in, and its answer comes to this machine.

The client is registered with the redirect address `http://127.0.0.1:PORT/cb/preflight` (RFC 8252, 7.3). What a
launch of the web app checks is checked here by the same code; the store lives as long as the login.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from extractors.errors import GatewayError
from extractors.gateway import Gateway, Network
from extractors.places import place_of, resolved
from extractors.profile import load_profile
from extractors.site import Site
from extractors.staging.private import private_folder
from smartapp.smart.errors import SmartError
from smartapp.smart.issuers import ClientAuth, Registration
from smartapp.smart.launch import Ehr, Launching, LaunchRefused
from smartapp.smart.session import TokenInUse
from smartapp.store import Database, DataKeys, Launch, Launches, Trail, Vault

LOOPBACK, PORT = "127.0.0.1", 8182
PATIENCE = 300.0
"""Seconds that a person may take to sign in."""

_NAME = "preflight"
_OK, _NOT_FOUND = 200, 404
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint")
_PAGE = b"<!doctype html><title>pi180</title><p>pi180 has the answer. You may close this window."
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Answer = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client of one server, and how its user is sent there.

    `secret` None is a public client. `show` is given the address at which the person signs in.
    `ranges` of private addresses may be asked too.
    """

    base: str
    client_id: str
    show: Callable[[str], None]
    secret: str | None = field(default=None, repr=False)
    port: int = PORT
    scope_version: str = "v2"
    ca: Path | None = None
    ranges: tuple[str, ...] = ()
    patience: float = PATIENCE


@contextmanager
def signed_in(client: Client, site: Site) -> Iterator[TokenInUse]:
    """A token for what a profile reads, once a person has signed in; forgotten and revoked at the end.

    Raises:
        SmartError: nobody was signed in; the message says why.
        StagingError: the temporary folder cannot be used.
    """
    registration = _registration(client, site)
    with _listening(client.port) as listener, private_folder() as folder:
        database = Database(folder / "login.sqlite")
        try:
            vault = Vault(os.urandom(32))
            launches, trail = Launches(database, vault), Trail(database, DataKeys(database, vault))
            ehr = Ehr(registration, f"http://{LOOPBACK}:{listener.server_port}", _now)
            launching = Launching([ehr], launches, trail, _now)
            launch = _signed_in(launching, listener, client)
            token = TokenInUse(launch, ehr, launches, trail, _now)
            try:
                yield token
            finally:
                token.end()
        finally:
            database.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _signed_in(launching: Launching, listener: "_Listener", client: Client) -> Launch:
    asked, _ = launching.begin_standalone(_NAME)
    client.show(launching.authorization_url(asked))
    for answer in listener.answers(client.patience):
        try:
            waiting = launching.waiting(_NAME, answer.get("state", [""])[0])
        except LaunchRefused:
            continue  # not the answer to this question, whoever sent it
        launching.finish(waiting, answer)
        return waiting
    raise LaunchRefused("nobody signed in in time")


class _Listener(HTTPServer):
    """Takes what browsers bring to the redirect address of this machine."""

    def __init__(self, at: tuple[str, int]) -> None:
        super().__init__(at, _Handler)
        self.brought: list[Answer] = []

    def answers(self, patience: float) -> Iterator[Answer]:
        """Each answer as it comes, until nobody came for so many seconds in all."""
        given_up = time.monotonic() + patience
        while (left := given_up - time.monotonic()) > 0:
            self.timeout = left
            self.handle_request()
            yield from self.brought
            self.brought.clear()


class _Handler(BaseHTTPRequestHandler):
    """Answers one GET with the same page, whatever it brings; keeps nothing in a log."""

    timeout = 10
    server: _Listener

    def do_GET(self) -> None:  # the name is http.server's
        split = urlsplit(self.path)
        known = split.path == f"/cb/{_NAME}"
        self.send_response(_OK if known else _NOT_FOUND)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(_PAGE if known else b"")
        if known:
            self.server.brought.append(parse_qs(split.query, keep_blank_values=True))

    def log_message(self, *_: Any) -> None:
        """Nothing: the address holds a code."""


@contextmanager
def _listening(port: int) -> Iterator[_Listener]:
    try:
        listener = _Listener((LOOPBACK, port))
    except OSError as problem:
        raise SmartError(f"{LOOPBACK}, port {port}: {problem.strerror}. Name another: --port.") from None
    with listener:
        yield listener


def _registration(client: Client, site: Site) -> Registration:
    """What a server says of itself, believed as it stands: the person at the browser sees where she signs in."""
    said = _configuration(client)
    hosts = {place_of(client.base).host}
    for name in _ENDPOINTS:
        if isinstance(said.get(name), str):
            hosts.add(place_of(resolved(said[name], client.base.rstrip("/") + "/")).host)
    return Registration(
        id=_NAME,
        name=_NAME,
        iss=client.base,
        issuer=str(said["issuer"]),
        client_id=client.client_id,
        auth=ClientAuth.BASIC if client.secret else ClientAuth.NONE,
        runs=Path(os.devnull),
        site=site,
        profile=load_profile(site.profile),
        secret=client.secret,
        key=None,
        scope_version="v1" if client.scope_version == "v1" else "v2",
        scopes=None,
        offline=False,
        frame_ancestors=(),
        hosts=frozenset(hosts),
        aliases=(),
        ca=client.ca,
        needs_nonce=True,
        id_token_algorithms=("RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "PS384"),
        network=Network.of(client.ranges),
    )


def _configuration(client: Client) -> dict[str, Any]:
    url = f"{client.base.rstrip('/')}/.well-known/smart-configuration"
    try:
        answer = Gateway(ca=client.ca, network=Network.of(client.ranges)).get(url, retry=False)
        said = answer.document() if answer.status == _OK else {}
    except GatewayError as problem:
        raise SmartError(f"the server's SMART configuration cannot be read: {problem}") from None
    if not isinstance(said.get("issuer"), str):
        raise SmartError("the server has no SMART configuration that names an issuer. Use --token-file instead.")
    return said
