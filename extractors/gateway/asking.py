"""What may be asked, with which credential, and how often.

A credential is bound to a base, and attached only when the URL that is really asked lies at or below it. Redirects
are not followed, and no message names more of a URL than its host: the rest may hold a patient's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from extractors.errors import LinkRefused, Unreachable
from extractors.gateway.answers import Answer, Credential, Limits
from extractors.gateway.breaker import Breaker
from extractors.gateway.network import Network
from extractors.gateway.pace import Pace
from extractors.gateway.retrying import PASSING, SERVER_FAULT, TOO_MANY, Effort, Patience, stated_wait
from extractors.gateway.wire import Begin, Prepared, Wire
from extractors.places import place_of

_OUT_OF_ORDER = PASSING - {TOO_MANY, SERVER_FAULT}
"""What speaks of the server as a whole; too many requests are ours, and a fault may be that of one request."""
_PACKED = {"Accept-Encoding": "gzip"}
_POLL = 1.0
_USUAL, _PUBLIC, _PATIENT = Limits(), Network(), Patience()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that must not be sent twice."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = field(default=None, repr=False)


class Gateway:
    """Asks servers over HTTP for one registration. Safe to use from several threads."""

    def __init__(
        self,
        limits: Limits = _USUAL,
        ca: Path | None = None,
        network: Network = _PUBLIC,
        pace: Pace | None = None,
        patience: Patience = _PATIENT,
    ) -> None:
        """Set the terms of every request.

        Args:
            limits: of each answer, and connections to a host at a time.
            ca: the bundle of certificate authorities to trust; None: the usual ones.
            network: where it may connect to.
            pace: how often a host is asked; None: as often as there is something to ask.
            patience: how often a request is tried that may be repeated.
        """
        self._wire = Wire(limits, network, ca)
        self._pace = pace or Pace()
        self._patience, self._once = patience, replace(patience, tries=1, budget=limits.connect)
        self._breaker = Breaker(patience.clock)

    def get(
        self, url: str, credential: Credential | None = None, accept: str = "application/json", *, retry: bool = True
    ) -> Answer:
        """Ask for a URL; again, with patience, where the network or the server fails for a while.

        Args:
            url: http or https.
            credential: attached if the URL lies within its base.
            accept: the media type wanted.
            retry: False: once, for what a person waits for.

        Raises:
            GatewayError: see `extractors.errors`.
        """
        prepared = self._wire.prepare("GET", url, {"Accept": accept, **_PACKED})
        _attach(prepared, credential)
        return self._asked(prepared, self._patience if retry else self._once)

    def post_form(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Send a form, once; `headers` may carry a client's own Authorization, which is for this URL alone.

        Raises:
            GatewayError: see `extractors.errors`.
        """
        own = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        prepared = self._wire.prepare("POST", url, {**own, **_PACKED}, urlencode(form))
        return self._asked(prepared, self._once)

    def send(self, request: Asked, credential: Credential | None = None) -> Answer:
        """Send a request of any method, once.

        Raises:
            GatewayError: see `extractors.errors`. Whether the server did what was asked is then not known.
        """
        headers = {"Accept": "application/json", **request.headers, **_PACKED}
        prepared = self._wire.prepare(request.method, request.url, headers, request.body)
        _attach(prepared, credential)
        return self._asked(prepared, self._once)

    def download(self, url: str, begin: Begin, credential: Credential | None = None, accept: str = "*/*") -> Answer:
        """Ask for a URL as `get` does, and give its body away as it comes; the answer has none where it succeeded.

        Args:
            url: http or https.
            begin: makes what takes the pieces, anew for every try.
            credential: attached if the URL lies within its base.
            accept: the media type wanted.

        Raises:
            GatewayError: see `extractors.errors`.
        """
        prepared = self._wire.prepare("GET", url, {"Accept": accept, **_PACKED})
        _attach(prepared, credential)
        return self._asked(prepared, self._patience, begin)

    def _asked(self, prepared: Prepared, patience: Patience, begin: Begin | None = None) -> Answer:
        place = place_of(str(prepared.url))
        where, effort = f"{place.host}:{place.port}", Effort(patience)
        while True:
            self._await_turn(where, effort)
            try:
                answer = self._wire.send(prepared, place.host, begin)
            except Unreachable:
                self._breaker.failed(where)
                if (wait := effort.after(None)) is None:
                    raise
            else:
                wait = self._heard(answer, where, effort)
                if wait is None:
                    return answer
            patience.sleep(wait)

    def _heard(self, answer: Answer, where: str, effort: Effort) -> float | None:
        """Seconds to wait before asking again, None: the answer stands; what it says of the server is kept."""
        (self._breaker.failed if answer.status in _OUT_OF_ORDER else self._breaker.answered)(where)
        stated = stated_wait(answer.headers, datetime.now(UTC)) if answer.status in PASSING else None
        if stated:
            self._pace.hold(where, stated)
        return effort.after(answer.status, stated)

    def _await_turn(self, where: str, effort: Effort) -> None:
        """Wait while the server asked for rest, is left alone, or had its share of requests.

        Raises:
            Unreachable: it would take longer than there is patience.
        """
        while wait := self._pace.held(where) or self._breaker.wait(where):
            if wait > effort.left():
                host = where.rpartition(":")[0]
                raise Unreachable(f"{host}: it is left alone for {wait:.0f} seconds, for it failed or asked for it.")
            self._patience.sleep(min(wait, _POLL))
        if wait := self._pace.take(where):
            self._patience.sleep(wait)


def _attach(prepared: Prepared, credential: Credential | None) -> None:
    """Attach a credential if the URL that will be asked, as it will be asked, lies within its base."""
    if credential is None:
        return
    place = place_of(str(prepared.url))
    if not place_of(credential.base).holds(place):
        raise LinkRefused(f"{place.host}: the credential is not for this address. Nothing was sent.")
    prepared.headers["Authorization"] = credential.header
