"""HTTP on connections of our own making: to addresses that were let through, heads and answers bounded while they come.

The one door to requests, urllib3 and the network below them.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError

from extractors.errors import GatewayError, LinkRefused, Oversized, Unreachable, Untrusted
from extractors.gateway.answers import Answer, Limits, Proof
from extractors.gateway.body import pass_on, read_body
from extractors.gateway.network import Network
from extractors.places import place_of

Prepared = requests.PreparedRequest
_BLOCK = 64 * 1024
_HOSTS = 10
_OK, _REDIRECTS = 200, range(300, 400)
Begin = Callable[[], Callable[[bytes], object]]
"""Makes what takes a body piece by piece, anew for every try."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every connection keeps to."""

    limits: Limits
    network: Network


class Wire:
    """Sends prepared requests, nothing of the environment added, and reads each answer to its end."""

    def __init__(self, limits: Limits, network: Network, ca: Path | None) -> None:
        self._limits = limits
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))  # one user's never go with another's
        self._session.verify = str(ca) if ca else True
        adapter = _Adapter(_Terms(limits, network))
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def prepare(self, method: str, url: str, headers: Mapping[str, str], body: str | None = None) -> Prepared:
        """The request as it will be sent; its URL is the one that will be asked.

        Raises:
            LinkRefused: the URL is none that may be asked.
        """
        place_of(url)
        try:
            return self._session.prepare_request(requests.Request(method, url, headers=headers, data=body))
        except requests.RequestException:
            raise LinkRefused("a link is refused: it is no URL.") from None

    def send(self, prepared: Prepared, host: str, begin: Begin | None = None) -> Answer:
        """Ask.

        Args:
            prepared: the request.
            host: for messages.
            begin: makes what takes the pieces of a body that came with status 200, which is then empty in the answer;
                None: the body is kept in memory.

        Raises:
            GatewayError: see `extractors.errors`; the message names the host alone.
        """
        started = time.monotonic()
        try:
            with self._session.send(
                prepared,
                stream=True,
                allow_redirects=False,
                timeout=(self._limits.connect, self._limits.idle),
                verify=self._session.verify,
            ) as response:
                return self._answer(response, begin)
        except GatewayError as problem:
            raise type(problem)(f"{host}: {problem}") from None
        except (requests.RequestException, HTTPError, OSError) as problem:
            raise self._meant(problem, host, time.monotonic() - started) from None

    def _answer(self, response: requests.Response, begin: Begin | None) -> Answer:
        if response.status_code in _REDIRECTS:
            raise LinkRefused(f"it answered with a redirect ({response.status_code}), which is not followed.")
        headers = {name.lower(): value for name, value in response.headers.items()}
        arriving, encoding = _arriving(response), headers.get("content-encoding", "")
        if begin is not None and response.status_code == _OK:
            body, packed = b"", pass_on(arriving, encoding, self._limits, begin())
        else:
            body, packed = read_body(arriving, encoding, self._limits)
        return Answer(response.status_code, headers, body, str(response.url), _proof(response, packed))

    def _meant(self, problem: Exception, host: str, seconds: float) -> GatewayError:
        if seconds >= self._limits.total:
            return Unreachable(f"{host}: its answer took more than {self._limits.total:g} seconds.")
        if isinstance(problem, requests.exceptions.SSLError):
            return Untrusted(f"{host}: its certificate was not accepted. Its IT has to mend it, or name its authority.")
        return Unreachable(f"{host}: {_cause(problem)}. Check the network, or try again later.")


def _arriving(response: requests.Response) -> Iterator[bytes]:
    while block := response.raw.read1(_BLOCK, decode_content=False):
        yield block


def _proof(response: requests.Response, packed: bool) -> Proof:
    """What shows that a body which was read to its end is all of it."""
    if response.raw.chunked:
        return Proof.CHUNKS
    if response.headers.get("Content-Length", "").isdecimal():
        return Proof.LENGTH
    return Proof.PACKING if packed else Proof.NONE


def _cause(problem: Exception) -> str:
    if isinstance(problem, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(problem, requests.exceptions.ConnectionError):
        return "no connection"
    return "the answer broke off"


class _Adapter(HTTPAdapter):
    """Pools whose connections keep the terms; the library's own retries are off."""

    def __init__(self, terms: _Terms) -> None:
        self._terms = terms
        super().__init__(_HOSTS, terms.limits.lanes, max_retries=0, pool_block=True)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **more: Any) -> None:
        """As the library does, with TLS 1.2 or later and pools of our own."""
        super().init_poolmanager(connections, maxsize, block, ssl_minimum_version=ssl.TLSVersion.TLSv1_2, **more)
        pools = {"http": partial(_Pool, terms=self._terms), "https": partial(_SafePool, terms=self._terms)}
        self.poolmanager.pool_classes_by_scheme = pools


class _Connection(HTTPConnection):
    """Plain, for this machine."""

    def __init__(self, *args: Any, terms: _Terms, **more: Any) -> None:
        super().__init__(*args, **more)
        self._terms = terms

    def _new_conn(self) -> socket.socket:
        """Dial what the network allows for the host; its name stays what the certificate is checked for."""
        name: str = self._dns_host
        failed = NewConnectionError(self, "the name has no address")
        for address in self._terms.network.addresses(name, self.port):
            self._dns_host = address
            try:
                return super()._new_conn()
            except NewConnectionError as problem:
                failed = problem
            finally:
                self._dns_host = name
        raise failed

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """Await an answer, which has to be over by a certain moment."""
        self.response_class = partial(_Bounded, limits=self._terms.limits)  # type: ignore[assignment]  # is only called
        return super().getresponse()


class _SafeConnection(_Connection, HTTPSConnection):
    """Over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class _Bounded(HTTPResponse):
    """An answer whose head has a largest size, and which has to end in time however slowly it drips."""

    def __init__(self, sock: socket.socket, *args: Any, limits: Limits, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self._arrivals = _Arrivals(sock, self.fp.detach(), limits)
        self.fp = io.BufferedReader(self._arrivals, _BLOCK)

    def begin(self) -> None:
        """Read the head."""
        with self._arrivals.bounded():
            super().begin()


class _Arrivals(io.RawIOBase):
    """The bytes of one answer as they come from a socket."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, limits: Limits) -> None:
        self._sock, self._raw, self._limits = sock, raw, limits
        self._until = time.monotonic() + limits.total
        self._left: int | None = None
        self._ended = False
        self._since, self._came = time.monotonic(), 0

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """What comes meanwhile is the head; the buffer may hold a block beyond it.

        Raises:
            Unreachable: the connection ended before the head did, which the library takes for its end.
        """
        self._left = self._limits.head
        yield
        self._left = None
        self._since, self._came = time.monotonic(), 0
        if self._ended:
            raise Unreachable("the answer broke off")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """What has arrived.

        Raises:
            TimeoutError: nothing or too little for too long, or the answer takes too long as a whole.
            Oversized: the head is longer than it may be.
        """
        remaining = self._until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("the answer takes too long")
        self._check_pace()
        self._sock.settimeout(min(self._limits.idle, remaining))
        if self._left is not None and self._left <= 0:
            raise Oversized(f"its headers exceed {self._limits.head} bytes.")
        got = self._raw.readinto(buffer if self._left is None else memoryview(buffer)[: self._left])
        self._ended = got == 0
        self._came += got or 0
        if self._left is not None:
            self._left -= got or 0
        return got

    def _check_pace(self) -> None:
        """Hold what came since the last look against the slowest that is borne."""
        now = time.monotonic()
        if now - self._since < self._limits.idle:
            return
        if self._came < self._limits.slowest:
            raise TimeoutError("the answer drips")
        self._since, self._came = now, 0

    def close(self) -> None:
        self._raw.close()
        super().close()
