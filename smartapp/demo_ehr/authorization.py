"""The only door to Authlib's provider side: SMART App Launch 2.2 as an authorization server."""

import base64
import threading
from collections.abc import Mapping
from urllib.parse import unquote_plus

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, request

from extractors.decode import Json
from smartapp.demo_ehr.clients import AuthMethod, RegisteredClient
from smartapp.demo_ehr.faults import Faults
from smartapp.demo_ehr.grants import CODE_LIFE, AuthorizationCode, Context, Memory, Session, Token
from smartapp.demo_ehr.mint import Mint, Site
from smartapp.demo_ehr.signatures import ASSERTION_TYPE, AssertionDesk, AssertionRefused

_METHODS = [method.value for method in AuthMethod if method is not AuthMethod.NONE] + [AuthMethod.NONE.value]


class AuthorizationRefused(Exception):  # noqa: N818  # the word says it: a request, not an error of ours
    """An authorization request that must not be shown to a person.

    Attributes:
        response: the redirect that tells the client; None if the client or its URI cannot be trusted.
    """

    def __init__(self, reason: str, response: Response | None = None) -> None:
        super().__init__(reason)
        self.response = response


class Provider:
    """The authorization server over one memory; every decision about a protocol message is taken here."""

    def __init__(self, site: Site, clients: Mapping[str, RegisteredClient], memory: Memory, faults: Faults) -> None:
        self.site, self.clients, self.memory, self.faults = site, clients, memory, faults
        self.mint = Mint(site, memory, faults)
        self._desk = AssertionDesk(site.base + "/token", memory.now)
        # Trading a code or a refresh token reads and then marks it: two requests at once must not both win.
        self._lock = threading.Lock()
        self._server = AuthorizationServer()

    @property
    def has_backends(self) -> bool:
        """Whether any client signs in by itself; else nothing tells of what only such clients can use."""
        return any(client.client.backend for client in self.clients.values())

    def install(self, app: Flask) -> None:
        """Register the grants with the Flask application."""
        server = self._server
        server.init_app(app, self.clients.get, self._save_nothing)
        server.register_token_generator("default", self._token)
        server.register_client_auth_method(AuthMethod.CLIENT_SECRET_BASIC.value, _by_basic)
        server.register_client_auth_method(AuthMethod.PRIVATE_KEY_JWT.value, self._by_assertion)
        server.register_grant(_bound(_CodeGrant, self), [_SmartRequest(self), _Challenge(), _IdToken(self)])
        server.register_grant(_bound(_RefreshGrant, self))
        if self.has_backends:
            server.register_grant(_bound(_BackendGrant, self))
        server.register_endpoint(_bound(_Revocation, self))
        server.register_extension(_Issuer(self.site.base))

    def check_request(self, asked: Mapping[str, str]) -> None:
        """Check an authorization request before a person sees it.

        Raises:
            AuthorizationRefused: it must be refused, by a redirect or by a page.
        """
        client = self.clients.get(asked.get("client_id", ""))
        if client is None:
            raise AuthorizationRefused("The client_id is not registered here.")
        if not client.check_redirect_uri(asked.get("redirect_uri", "")):
            raise AuthorizationRefused("The redirect_uri is not one that is registered for this client.")
        problem = self._request(asked)
        try:
            if asked.get("response_type") != "code":
                raise OAuth2Error(error="unsupported_response_type", redirect_uri=asked["redirect_uri"])
            self._server.get_consent_grant(problem)
        except OAuth2Error as error:
            raise AuthorizationRefused(error.error, self._told(problem, error)) from None

    def refuse(self, asked: Mapping[str, str], error: str) -> Response:
        """The redirect that carries an error to the client."""
        told = OAuth2Error(error=error, redirect_uri=asked["redirect_uri"])
        return self._told(self._request(asked), told)

    def decide(self, asked: Mapping[str, str], context: Context | None) -> Response:
        """The redirect after a person's decision: with a code, or with access_denied if the context is None."""
        request_again = self._request(asked)
        grant = self._server.get_authorization_grant(request_again)
        return _see_other(self._server.create_authorization_response(request_again, context, grant))

    def token(self) -> Response:
        """Answer the token request at hand."""
        with self._lock:
            return self._refused_form() or self._server.create_token_response()

    def revoke(self) -> Response:
        """Answer the revocation request at hand (RFC 7009)."""
        with self._lock:
            return self._refused_form() or self._server.create_endpoint_response("revocation")

    def _request(self, asked: Mapping[str, str]) -> OAuth2Request:
        """The request as Authlib reads it; rebuilt from memory, because the person's answer is another request."""
        rebuilt = OAuth2Request("GET", self.site.base + "/authorize")
        rebuilt.payload = BasicOAuth2Payload(dict(asked))
        return rebuilt

    def _told(self, asked: OAuth2Request, error: OAuth2Error) -> Response:
        error.state = asked.payload.state
        response = self._server.handle_error_response(asked, error)
        _Issuer(self.site.base).add_issuer_parameter(self._server, response)
        return _see_other(response)

    def _refused_form(self) -> Response | None:
        """RFC 6749, 3.2: no parameter twice, and none in the address, where servers write it to their logs."""
        if request.args or any(len(values) > 1 for values in request.form.listvalues()):
            error = InvalidRequestError("A parameter is repeated or stands in the address.")
            answer: Response = self._server.handle_error_response(None, error)
            return answer
        return None

    def _save_nothing(self, _token: Json, _request: OAuth2Request) -> None:
        """Tokens are remembered where they are made."""

    def _token(
        self, grant_type: str, client: RegisteredClient, scope: str, user: Session | None = None, **_: object
    ) -> Json:
        if grant_type == "client_credentials":
            return self.mint.backend_token(client.client_id, scope)
        if user is None:
            raise InvalidRequestError("There is no approval to give tokens for.")
        return self.mint.tokens(user, scope)

    def _by_assertion(self, _query: object, asked: OAuth2Request) -> RegisteredClient | None:
        if asked.form.get("client_assertion_type") != ASSERTION_TYPE:
            return None
        assertion = asked.form.get("client_assertion", "")
        try:
            client = self.clients.get(self._desk.client_of(assertion))
            if client is None or client.client.jwks is None:
                raise AssertionRefused("the client is not registered with keys")
            self._desk.check(assertion, client.client_id, client.client.jwks)
        except AssertionRefused as problem:
            raise InvalidClientError(f"Client assertion refused: {problem}.") from None
        return client


def _by_basic(query_client: object, asked: OAuth2Request) -> RegisteredClient | None:
    """HTTP Basic with id and secret form-encoded, as RFC 6749, 2.3.1 has it."""
    kind, _, value = asked.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    client: RegisteredClient | None = query_client(unquote_plus(name))  # type: ignore[operator]
    return client if client and client.check_client_secret(unquote_plus(secret)) else None


def _see_other(response: Response) -> Response:
    """A redirect after a form was posted must become a GET."""
    if response.status_code == 302:
        response.status_code = 303
    return response


def _bound(part: type, provider: Provider) -> type:
    """Authlib takes classes, not objects: a class that knows its provider."""
    return type(part.__name__, (part,), {"provider": provider})


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    provider: Provider
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS

    def save_authorization_code(self, code: str, asked: OAuth2Request) -> None:
        memory, data = self.provider.memory, asked.payload.data
        session = Session(asked.client.client_id, asked.user, asked.scope)
        memory.codes[code] = AuthorizationCode(
            session, data["redirect_uri"], data["code_challenge"], data.get("nonce"), memory.now() + CODE_LIFE
        )

    def query_authorization_code(self, code: str, client: RegisteredClient) -> AuthorizationCode | None:
        found = self.provider.memory.codes.get(code)
        if found is None or found.session.client_id != client.client_id:
            return None
        if found.used:
            # RFC 6749, 4.1.2: a code that comes twice was stolen, before or now; what it led to ends.
            found.session.revoked = True
            return None
        return found if self.provider.memory.now() < found.expires else None

    def delete_authorization_code(self, authorization_code: AuthorizationCode) -> None:
        authorization_code.used = True

    def authenticate_user(self, authorization_code: AuthorizationCode) -> Session:
        return authorization_code.session


class _RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    provider: Provider
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        token = self.provider.memory.tokens.get(refresh_token)
        if token is None or token.expires is not None or token.session.revoked:
            return None
        if token.spent:
            # RFC 9700, 4.14.2: a spent token that comes back was stolen, before or now.
            token.session.revoked = True
            return None
        return token

    def authenticate_user(self, refresh_token: Token) -> Session:
        return refresh_token.session

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.spent = True


class _BackendGrant(ClientCredentialsGrant):  # type: ignore[misc]
    provider: Provider
    TOKEN_ENDPOINT_AUTH_METHODS = (AuthMethod.PRIVATE_KEY_JWT.value,)


class _Revocation(RevocationEndpoint):  # type: ignore[misc]
    provider: Provider
    CLIENT_AUTH_METHODS = _METHODS

    def query_token(self, token_string: str, _hint: str | None) -> Token | None:
        return self.provider.memory.tokens.get(token_string)

    def revoke_token(self, token: Token, _request: OAuth2Request) -> None:
        token.session.revoked = True


class _Issuer(IssuerParameter):  # type: ignore[misc]
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class _Challenge(CodeChallenge):  # type: ignore[misc]
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)


class _SmartRequest:
    """What SMART asks of an authorization request beyond OAuth."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __call__(self, grant: AuthorizationCodeGrant) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self._check)

    def _check(self, grant: AuthorizationCodeGrant, _redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if asked.get("aud") != self._provider.site.fhir:
            raise InvalidRequestError("aud is not the FHIR base of this server.")
        if not asked.get("state"):
            raise InvalidRequestError("state is missing.")
        if not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("A code_challenge with the method S256 is needed.")
        if "launch" in grant.request.scope.split() and not self._provider.memory.launched(asked.get("launch", "")):
            raise InvalidRequestError("The launch value is unknown or over.")


class _IdToken(OpenIDCode):  # type: ignore[misc]
    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=False)
        self._provider = provider

    def exists_nonce(self, nonce: str, _request: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in self._provider.memory.codes.values())

    def encode_id_token(self, token: Json, asked: OAuth2Request) -> str:
        return self._provider.mint.id_token(asked.authorization_code, token["access_token"])
