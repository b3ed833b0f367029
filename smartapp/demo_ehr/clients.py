"""The applications that the demo EHR knows: what a real EHR keeps from registering an app."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from extractors.decode import Json
from smartapp.demo_ehr.scopes import grantable


class AuthMethod(Enum):
    """How a client proves itself at the token endpoint, by its registered name (RFC 7591, RFC 7523)."""

    NONE = "none"
    CLIENT_SECRET_BASIC = "client_secret_basic"  # noqa: S105 (the method's name)
    CLIENT_SECRET_POST = "client_secret_post"  # noqa: S105 (the method's name)
    PRIVATE_KEY_JWT = "private_key_jwt"


@dataclass(frozen=True)
class DemoClient:
    """One registered application.

    Attributes:
        redirect_uris: compared character by character.
        launch_url: where a launch from the chart sends the browser.
        secret: for the two methods with a secret; None otherwise.
        jwks: the public keys, as a JWK set, for private_key_jwt; None otherwise.
        name: what the chart calls the application.
        backend: whether it signs in by itself (client_credentials) and has no users.
    """

    client_id: str
    redirect_uris: tuple[str, ...]
    launch_url: str
    auth_method: AuthMethod = AuthMethod.NONE
    secret: str | None = None
    jwks: Json | None = None
    name: str = "pi180"
    backend: bool = False

    def __post_init__(self) -> None:
        with_secret = self.auth_method in (AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_POST)
        if with_secret != bool(self.secret):
            raise ValueError(f"client {self.client_id}: {self.auth_method.value} and the secret do not go together")
        if (self.auth_method is AuthMethod.PRIVATE_KEY_JWT) != (self.jwks is not None):
            raise ValueError(f"client {self.client_id}: {self.auth_method.value} and the JWK set do not go together")


class RegisteredClient:
    """A client, answering the questions that Authlib asks of one."""

    def __init__(self, client: DemoClient) -> None:
        self.client = client
        self.client_id = client.client_id

    def get_client_id(self) -> str:
        """The registered identifier."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a request must name its redirect URI."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The part of the asked scope that this server can grant; None if nothing is left."""
        backend = self.client.backend
        return " ".join(text for text in (scope or "").split() if grantable(text, backend=backend)) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether the URI is registered, to the character."""
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether the secret is the registered one."""
        return hmac.compare_digest(client_secret.encode(), (self.client.secret or "").encode())

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Whether the client registered this method; each endpoint wants the same."""
        return method == self.client.auth_method.value

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow is offered."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client may use the grant."""
        return grant_type in (
            ("client_credentials",) if self.client.backend else ("authorization_code", "refresh_token")
        )


def registry(clients: Sequence[DemoClient]) -> dict[str, RegisteredClient]:
    """The clients by identifier.

    Raises:
        ValueError: two clients share an identifier.
    """
    known = {client.client_id: RegisteredClient(client) for client in clients}
    if len(known) != len(clients):
        raise ValueError("two demo clients have the same client_id: give each its own")
    return known
