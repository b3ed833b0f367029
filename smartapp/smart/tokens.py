"""The token endpoint: a code for tokens, tokens for newer ones, and their end. The only door to Authlib here.

Authlib prepares and reads the OAuth messages; every byte goes through the gateway.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import parse_qsl, quote_plus, urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.client import OAuth2Client

from extractors.errors import GatewayError
from extractors.gateway import Answer, Gateway
from smartapp.smart.assertion import client_assertion
from smartapp.smart.discovery import Endpoints
from smartapp.smart.errors import SmartError, Unavailable
from smartapp.smart.issuers import ClientAuth, Registration

UNSTATED_LIFE = 300
"""Seconds that a token is believed to live whose life is not stated (R21)."""
LONGEST_LIFE = 24 * 60 * 60
"""Seconds that a token is believed to live at most, whatever is stated."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_OK, _SERVER_FAULT = 200, 500
_LATER = (408, 425, 429)
_DIGITS = 9
_KNOWN = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


class TokenRefused(SmartError):  # noqa: N818
    """The server said no. `reason` is OAuth's word for it (RFC 6749, 5.2), or `unreadable answer`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the EHR refused the token request: {reason}.")
        self.reason = reason


class TokenUnavailable(Unavailable):
    """No answer, or a fault of the server: it may work later."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token response, checked. `lifetime` in seconds; None: not stated, where nothing else is said."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    lifetime: int
    scope: str | None
    patient: str | None
    encounter: str | None
    needs_banner: bool | None


class TokenEndpoint:
    """One registration's client at its authorization server."""

    def __init__(
        self,
        registration: Registration,
        endpoints: Endpoints,
        gateway: Gateway,
        redirect_uri: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._endpoints = endpoints
        self._client = OAuth2Client(
            _Wire(gateway),
            client_id=registration.client_id,
            client_secret=registration.secret,
            token_endpoint_auth_method=registration.auth.value,
            revocation_endpoint_auth_method=registration.auth.value,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        self._client.register_client_auth_method((ClientAuth.BASIC.value, _basic))
        if registration.key is not None:
            key = registration.key
            sign = _signing(lambda url: client_assertion(key, registration.client_id, url, clock()))
            self._client.register_client_auth_method((ClientAuth.PRIVATE_KEY.value, sign))

    def authorization_url(self, state: str, verifier: str, **more: str) -> str:
        """Where to send the browser: with PKCE S256 always, whatever the server advertises (R11, R13)."""
        url, _ = self._client.create_authorization_url(self._endpoints.authorize, state, verifier, **more)
        return str(url)

    def exchange(self, code: str, verifier: str) -> TokenAnswer:
        """Tokens for a code.

        Raises:
            TokenRefused: the server said no, or something that is no token response.
            TokenUnavailable: it said nothing.
        """
        return self._asked(lambda: self._client.fetch_token(self._endpoints.token, code=code, code_verifier=verifier))

    def renew(self, refresh_token: str) -> TokenAnswer:
        """Newer tokens, with the scope that was granted: none is asked for (R25).

        Raises:
            TokenRefused: the server said no: somebody has to sign in again.
            TokenUnavailable: it said nothing.
        """
        return self._asked(lambda: self._client.refresh_token(self._endpoints.token, refresh_token=refresh_token))

    def revoke(self, token: str) -> None:
        """Ask the server to end a token (RFC 7009); whether it does is not in our hands."""
        if self._endpoints.revoke is not None:
            try:
                self._client.revoke_token(self._endpoints.revoke, token=token)
            except GatewayError:
                return

    def _asked(self, ask: Callable[[], Mapping[str, Any]]) -> TokenAnswer:
        try:
            return _answer(ask())
        except OAuth2Error as problem:
            raise TokenRefused(problem.error if problem.error in _KNOWN else "unknown error") from None
        except GatewayError as problem:
            raise TokenUnavailable(f"the EHR's token endpoint gave no answer: {problem}") from None


class _Wire:
    """What Authlib takes for a session of requests: it sends a prepared form through the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> "_Said":
        _, signed, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Said(self._gateway.post_form(url, dict(parse_qsl(body, keep_blank_values=True)), signed))


class _Said:
    """What Authlib takes for a response of requests."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.status_code = answer.status

    def json(self) -> dict[str, Any]:
        """The document as Authlib can take it: it stumbles over times and errors that are not as they must be."""
        if self.status_code in _LATER:
            self._is_out_of_order()
        try:
            document = self._answer.document()
        except GatewayError:
            raise TokenRefused("unreadable answer") from None
        if not isinstance(document.get("error", "" if self.status_code == _OK else None), str):
            raise TokenRefused("unreadable answer")
        known = {name: value for name, value in document.items() if name != "expires_at"}
        return {**known, "expires_in": _lifetime(document.get("expires_in"))}

    def raise_for_status(self) -> None:
        if self.status_code >= _SERVER_FAULT:
            self._is_out_of_order()

    def _is_out_of_order(self) -> NoReturn:
        raise TokenUnavailable(f"the EHR's token endpoint is out of order (status {self.status_code}).")


def token_in(answer: Answer) -> TokenAnswer:
    """What the token endpoint said to a request that went out without Authlib.

    Raises:
        TokenRefused: it said no, or something that is no token response.
        TokenUnavailable: it is out of order.
    """
    said = _Said(answer)
    said.raise_for_status()
    document = said.json()
    if "error" in document or answer.status != _OK:
        error = document.get("error")
        raise TokenRefused(error if error in _KNOWN else "unknown error")
    return _answer(document)


def _basic(client: Any, _method: str, url: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
    """HTTP Basic with id and secret form-encoded first, as RFC 6749, 2.3.1 says (R29)."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    return url, {**headers, "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, body


def _signing(assertion: Callable[[str], str]) -> Callable[..., tuple[str, dict[str, str], str]]:
    def sign(
        _client: Any, _method: str, url: str, headers: dict[str, str], body: str
    ) -> tuple[str, dict[str, str], str]:
        proof = urlencode({"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(url)})
        return url, headers, f"{body}&{proof}"

    return sign


def _answer(document: Mapping[str, Any]) -> TokenAnswer:
    token, kind = document.get("access_token"), document.get("token_type")
    if not _fits_header(token) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise TokenRefused("unreadable answer")
    banner = document.get("need_patient_banner")
    return TokenAnswer(
        access_token=str(token),
        refresh_token=_text(document, "refresh_token"),
        id_token=_text(document, "id_token"),
        lifetime=document["expires_in"],
        scope=_text(document, "scope"),
        patient=_text(document, "patient"),
        encounter=_text(document, "encounter"),
        needs_banner=banner if isinstance(banner, bool) else None,
    )


def _fits_header(token: object) -> bool:
    """Whether it is text that an Authorization header can carry (RFC 6749, appendix A.12)."""
    return isinstance(token, str) and token != "" and token.isascii() and token.isprintable()


def _text(document: Mapping[str, Any], name: str) -> str | None:
    found = document.get(name)
    if found is not None and not isinstance(found, str):
        raise TokenRefused("unreadable answer")
    return found if name == "scope" else found or None


def _lifetime(stated: object) -> int:
    """Seconds; a number in quotation marks is understood, anything else counts as not stated."""
    if isinstance(stated, str) and stated.isdecimal() and len(stated) <= _DIGITS:
        stated = int(stated)
    if isinstance(stated, int) and not isinstance(stated, bool) and stated > 0:
        return min(stated, LONGEST_LIFE)
    return UNSTATED_LIFE
