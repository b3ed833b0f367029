"""What an EHR's authorization server says about itself, believed as far as its registration goes.

Read from `[base]/.well-known/smart-configuration` alone (SMART App Launch 2.2). Nothing usable there is an
error: there is no way to go on without authorization (security requirement R8).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from extractors.errors import GatewayError
from extractors.gateway import Gateway
from extractors.places import place_of, resolved
from smartapp.smart.errors import Unavailable
from smartapp.smart.issuers import Registration

TRUSTED_FOR = timedelta(hours=24)
"""How long metadata and keys are used without asking again (R8)."""
KEYS_ASKED_AGAIN = timedelta(minutes=1)
"""How soon keys may be asked for again when a token names one that is not known (R17)."""

_OK = 200
_Kept = TypeVar("_Kept")


class DiscoveryFailed(Unavailable):  # the word says it: what happened, not an error of ours
    """The authorization server's metadata or keys cannot be had or believed."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where to authorize, get tokens, read keys and revoke (None: nowhere). `names_issuer`: RFC 9207 is promised."""

    authorize: str
    token: str
    jwks: str
    revoke: str | None
    names_issuer: bool


class Discovery:
    """Asks once and remembers, for one registration."""

    def __init__(self, registration: Registration, gateway: Gateway) -> None:
        self._registration, self._gateway = registration, gateway
        self._endpoints: tuple[Endpoints, datetime] | None = None
        self._keys: tuple[dict[str, Any], datetime] | None = None

    def endpoints(self, now: datetime) -> Endpoints:
        """The endpoints; those known before while the server does not answer.

        Raises:
            DiscoveryFailed: there are none, or not such as the registration allows.
        """
        self._endpoints = _fresh(self._endpoints, now, TRUSTED_FOR, self._ask_endpoints)
        return self._endpoints[0]

    def keys(self, now: datetime, *, again: bool = False) -> dict[str, Any]:
        """The keys that id_tokens are signed with; `again` when a token names one that is not among them.

        Raises:
            DiscoveryFailed: there are none.
        """
        url = self.endpoints(now).jwks
        self._keys = _fresh(self._keys, now, KEYS_ASKED_AGAIN if again else TRUSTED_FOR, lambda: self._document(url))
        return self._keys[0]

    def _ask_endpoints(self) -> Endpoints:
        url = f"{self._registration.iss.rstrip('/')}/.well-known/smart-configuration"
        document = self._document(url)
        if document.get("issuer") != self._registration.issuer:
            raise DiscoveryFailed(f"{self._host}: its metadata names another issuer than its registration.")
        revoke = document.get("revocation_endpoint")
        return Endpoints(
            authorize=self._endpoint(document, "authorization_endpoint"),
            token=self._endpoint(document, "token_endpoint"),
            jwks=self._endpoint(document, "jwks_uri"),
            revoke=self._endpoint(document, "revocation_endpoint") if revoke else None,
            names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        text = document.get(name)
        if not isinstance(text, str) or not text:
            raise DiscoveryFailed(f"{self._host}: its metadata has no {name}.")
        try:
            url = resolved(text, self._registration.iss.rstrip("/") + "/")
        except GatewayError as problem:
            raise DiscoveryFailed(f"{self._host}, {name}: {problem}") from None
        host = place_of(url).host
        if host not in self._registration.hosts:
            raise DiscoveryFailed(
                f"{self._host}, {name}: {host} is not approved. Approve it: hosts in the registration."
            )
        return url

    def _document(self, url: str) -> dict[str, Any]:
        try:
            answer = self._gateway.get(url)
            if answer.status != _OK:
                raise DiscoveryFailed(f"{self._host}: its metadata cannot be read (status {answer.status}).")
            return answer.document()
        except GatewayError as problem:
            raise DiscoveryFailed(f"{self._host}: its metadata cannot be read: {problem}") from None

    @property
    def _host(self) -> str:
        return self._registration.base.host


def _fresh(
    kept: tuple[_Kept, datetime] | None, now: datetime, life: timedelta, ask: Callable[[], _Kept]
) -> tuple[_Kept, datetime]:
    """What is kept while it is young, else what is asked for; what is kept again if nobody answers."""
    if kept is not None and now - kept[1] < life:
        return kept
    try:
        return ask(), now
    except DiscoveryFailed:
        if kept is None:
            raise
        return kept
