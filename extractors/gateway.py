"""The outbound gateway: every byte that leaves, leaves here.

A credential is bound to a base, and attached only when the URL that is really asked lies at or below it.
Redirects are not followed, proxies and credentials from the environment are not used, every wait and every
answer has a limit, and no message names more of a URL than its host: the rest may hold a patient's id.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urlencode

import requests
import urllib3
from requests.adapters import HTTPAdapter

from extractors.decode import MAXIMUM_LINE, Json, Unreadable, read_object
from extractors.errors import GatewayError, LinkRefused, Oversized, Unreachable
from extractors.places import place_of

LANES = 4
_BLOCK = 64 * 1024
_REDIRECTS = range(300, 400)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect, between two arrivals, and in total for one answer; bytes of a decoded answer."""

    connect: float = 10
    idle: float = 60
    total: float = 180
    size: int = MAXIMUM_LINE


@dataclass(frozen=True, slots=True)
class Credential:
    """The value of an Authorization header, and the base (origin and path) that alone may see it."""

    header: str = field(repr=False)
    base: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: status, headers by lower-case name, decoded body, and the URL asked."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = field(repr=False)

    def document(self) -> Json:
        """The body as one JSON object.

        Raises:
            GatewayError: it is none; the message says how, without its content.
        """
        try:
            return read_object(self.body)
        except Unreadable as problem:
            raise GatewayError(f"{place_of(self.url).host}: expected JSON, got {problem}.") from None


class Gateway:
    """Asks servers over HTTP for one registration. Safe to use from several threads."""

    def __init__(self, limits: Limits = Limits(), ca: Path | None = None) -> None:
        """Limits of every request, and the bundle of certificate authorities to trust (None: the usual ones)."""
        self._limits = limits
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))  # one user's never go with another's
        self._session.verify = str(ca) if ca else True
        adapter = HTTPAdapter(pool_maxsize=LANES, pool_block=True, max_retries=0)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def get(self, url: str, credential: Credential | None = None, accept: str = "application/json") -> Answer:
        """Ask for a URL.

        Raises:
            GatewayError: see `extractors.errors`.
        """
        return self._send(requests.Request("GET", url, headers={"Accept": accept}), credential)

    def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form; `headers` may carry a client's own Authorization, which is for this URL alone.

        Raises:
            GatewayError: see `extractors.errors`.
        """
        own = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        return self._send(requests.Request("POST", url, headers=own, data=urlencode(form)), None)

    def _send(self, asked: requests.Request, credential: Credential | None) -> Answer:
        asked.headers["Accept-Encoding"] = "identity"
        host = place_of(asked.url).host
        prepared = self._session.prepare_request(asked)
        _attach(prepared, credential)
        started = time.monotonic()
        try:
            with self._session.send(
                prepared,
                stream=True,
                allow_redirects=False,
                timeout=(self._limits.connect, self._limits.idle),
                verify=self._session.verify,
            ) as response:
                return self._answer(response, host, started)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as problem:
            raise Unreachable(f"{host}: {_cause(problem)}. Check the network, or try again later.") from None

    def _answer(self, response: requests.Response, host: str, started: float) -> Answer:
        if response.status_code in _REDIRECTS:
            raise LinkRefused(f"{host}: it answered with a redirect ({response.status_code}), which is not followed.")
        body = bytearray()
        while block := response.raw.read1(_BLOCK, decode_content=True):
            body += block
            if len(body) > self._limits.size:
                raise Oversized(f"{host}: its answer exceeds {self._limits.size} bytes. Ask for less at a time.")
            if time.monotonic() - started > self._limits.total:
                raise Unreachable(f"{host}: its answer took more than {self._limits.total:g} seconds.")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, bytes(body), str(response.url))


def _attach(prepared: requests.PreparedRequest, credential: Credential | None) -> None:
    """Attach a credential if the URL that will be asked, as it will be asked, lies within its base."""
    place = place_of(str(prepared.url))
    if credential is None:
        return
    if not place_of(credential.base).holds(place):
        raise LinkRefused(f"{place.host}: the credential is not for this address. Nothing was sent.")
    prepared.headers["Authorization"] = credential.header


def _cause(problem: Exception) -> str:
    if isinstance(problem, requests.exceptions.SSLError):
        return "its certificate was not accepted"
    if isinstance(problem, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(problem, requests.exceptions.ConnectionError):
        return "no connection"
    return "the answer broke off"
