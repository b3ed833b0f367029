"""Signing in without a person: SMART Backend Services, client_credentials with a signed assertion.

A token is kept until 60 seconds before its end, a short one for four fifths of its life, and asked for again only then,
or once after the server refused it (R37). What the token endpoint refuses is not asked for a second time: bad
authentication that repeats locks clients out (F15). Source: SMART App Launch 2.2, "Backend Services".
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Literal

from extractors.errors import ExtractionError, GatewayError
from extractors.gateway import Answer, Credential, Gateway
from extractors.places import place_of, resolved
from extractors.sources.queries import SignInNeeded
from smartapp.smart.assertion import SigningKey, client_assertion
from smartapp.smart.scopes import Access, Granted, granted, requested
from smartapp.smart.tokens import ASSERTION_TYPE, TokenAnswer, TokenRefused, TokenUnavailable, token_in

RENEWED_BEFORE = timedelta(seconds=60)
_PART = 5
SKEW_TOLERATED, SKEW_TOLD = timedelta(seconds=60), timedelta(seconds=20)
"""Beyond the first nothing is read, beyond the second it is told (R36): an assertion lives four minutes."""
_AGAIN_AFTER_REFUSAL = timedelta(seconds=60)
_OK = 200
_HINTS = {
    "invalid_client": "The server does not know this client id with this key: check that its public keys (pi180 keys "
    "jwks) are those registered there, and that the client id is right.",
    "invalid_scope": "The registration does not allow these scopes: compare them with what was registered.",
    "unauthorized_client": "The registration does not allow backend services: ask for them at the vendor.",
}

Clock = Callable[[], datetime]


class ClockWrong(ExtractionError):  # noqa: N818  # the word says it
    """This machine's clock and the server's differ too much to go on; the message says by how much."""


class TokenUnanswered(ExtractionError):  # noqa: N818
    """The token endpoint gives no answer, or is out of order: it may work later."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signs in where: a registered client id, its key, the token endpoint, and the base that a token is for."""

    client_id: str
    key: SigningKey
    token_url: str
    base: str


@dataclass(frozen=True, slots=True)
class _Held:
    credential: Credential
    granted: Granted
    until: datetime


class BackendToken:
    """A bearer for the gateway, one token for all who ask. Safe to use from several threads."""

    def __init__(
        self,
        identity: Identity,
        types: Iterable[str],
        gateway: Gateway,
        clock: Clock = lambda: datetime.now(UTC),
        version: Literal["v1", "v2"] = "v2",
    ) -> None:
        """Ask for nothing yet.

        Args:
            identity: who signs in.
            types: those that are to be read; no others are asked for (R38).
            gateway: for the token endpoint.
            clock: aware.
            version: how scopes are written.
        """
        self._identity, self._gateway, self._clock = identity, gateway, clock
        self._types = sorted(set(types))
        self._scope = requested(self._types, version=version, level="system")
        self._lock = Lock()
        self._held: _Held | None = None
        self._refused: SignInNeeded | None = None
        self._renewed_for_refusal: datetime | None = None
        self._skew = timedelta()

    def credential(self, refused: Credential | None = None) -> Credential:
        """A token for the base: the one held, or a new one near its end and, once a minute, after a refusal.

        Raises:
            SignInNeeded: the token endpoint refuses us; nothing more is asked of it.
            TokenUnanswered: it gives no answer now.
            ClockWrong: the clocks differ by more than a minute.
        """
        with self._lock:
            held = self._held
            if held is None or self._clock() >= held.until or self._is_spoilt(held, refused):
                held = self._held = self._issued()
            return held.credential

    def lacking(self) -> tuple[str, ...]:
        """The types of which not everything was granted; none while nothing was asked for or the server did not say."""
        held = self._held
        if held is None or not held.granted.known:
            return ()
        return tuple(t for t in self._types if held.granted.access(t, "system") is not Access.READABLE)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What a person should know: clocks that differ, and what was not granted."""
        said = []
        if abs(self._skew) > SKEW_TOLD:
            said.append(f"{_differs(self._skew)}: let this machine follow a time server (NTP)")
        if lacking := self.lacking():
            said.append(f"the server did not grant reading all of {', '.join(lacking)}: what needs them is not known")
        return tuple(said)

    def _is_spoilt(self, held: _Held, refused: Credential | None) -> bool:
        """Whether the token held is the one refused, and a newer one was not asked for a moment ago for that reason."""
        if refused is None or refused.header != held.credential.header:
            return False
        now, before = self._clock(), self._renewed_for_refusal
        if before is not None and timedelta() <= now - before < _AGAIN_AFTER_REFUSAL:  # a clock may be set back
            return False
        self._renewed_for_refusal = now
        return True

    def _issued(self) -> _Held:
        if self._refused is not None:
            raise self._refused
        try:
            answer = self._asked()
            self._check_clock(answer)
            token = token_in(answer)
        except TokenRefused as problem:
            self._refused = SignInNeeded(f"{self._host}: {problem} {_HINTS.get(problem.reason, '')}".rstrip())
            raise self._refused from None
        except (TokenUnavailable, GatewayError) as problem:
            raise TokenUnanswered(f"{self._host}: no token at present: {problem}") from None
        return self._as_held(token)

    def _asked(self) -> Answer:
        who = self._identity
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": client_assertion(who.key, who.client_id, who.token_url, self._clock()),
        }
        return self._gateway.post_form(who.token_url, form)

    def _check_clock(self, answer: Answer) -> None:
        """Hold our clock against the server's before its answer is believed: a wrong clock looks like a wrong key."""
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", "")).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            return
        self._skew = self._clock() - theirs
        if abs(self._skew) > SKEW_TOLERATED:
            raise ClockWrong(f"{self._host}: {_differs(self._skew)}. Set the clock (NTP), then run again.")

    def _as_held(self, token: TokenAnswer) -> _Held:
        life = timedelta(seconds=token.lifetime)
        until = self._clock() + life - min(RENEWED_BEFORE, life / _PART)
        # RFC 6749, 5.1: a scope that is not stated is the one that was asked for.
        scopes = granted(token.scope if token.scope is not None else self._scope)
        return _Held(Credential(f"Bearer {token.access_token}", self._identity.base), scopes, until)

    @property
    def _host(self) -> str:
        return place_of(self._identity.token_url).host


def token_url_of(base: str, gateway: Gateway) -> str:
    """The token endpoint that a server's SMART configuration names.

    Raises:
        SignInNeeded: it names none, or one that no credential may go to.
        GatewayError: the server gives no answer.
    """
    place = f"{base.rstrip('/')}/.well-known/smart-configuration"
    answer = gateway.get(place)
    said = answer.document().get("token_endpoint") if answer.status == _OK else None
    if not isinstance(said, str) or not said:
        raise SignInNeeded(
            f"{place_of(base).host}: its SMART configuration names no token endpoint. State --token-url."
        )
    return resolved(said, place)


def _differs(skew: timedelta) -> str:
    seconds = round(skew.total_seconds())
    return f"this machine's clock is {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} the server's"
