"""What the authorization server remembers, in memory: launches, requests, codes and tokens.

Everything that one approval led to hangs on one session, so that revoking it ends all of it.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Clock = Callable[[], float]
"""Seconds since 1970."""

LAUNCH_LIFE, REQUEST_LIFE, CODE_LIFE = 600, 600, 60


@dataclass(frozen=True)
class Context:
    """Who opened the app and on whom.

    Attributes:
        clinician: id of a Practitioner.
        patient: id of a Patient; None if no chart was open.
        banner: whether the app must show who the patient is, because no chart around it does.
    """

    clinician: str
    patient: str | None
    banner: bool


@dataclass
class Session:
    """One approval: what was granted to which client, until it is revoked."""

    client_id: str
    context: Context
    scope: str
    revoked: bool = False
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))


@dataclass
class AuthorizationCode:
    """A code that a client may trade once, before it expires."""

    session: Session
    redirect_uri: str
    code_challenge: str
    nonce: str | None
    expires: float
    used: bool = False
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """The URI that the code was sent to."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """The granted scopes, parted by spaces."""
        return self.session.scope

    def get_nonce(self) -> str | None:
        """The nonce of the request, if it had one."""
        return self.nonce


@dataclass
class Token:
    """An access or a refresh token.

    Attributes:
        expires: None for a refresh token.
        epoch: how often all access tokens had been declared expired when this one was made.
        spent: whether a refresh token was traded in.
    """

    session: Session
    scope: str
    expires: float | None = None
    epoch: int = 0
    spent: bool = False

    def check_client(self, client: object) -> bool:
        """Whether the token was issued to this client."""
        return self.session.client_id == getattr(client, "client_id", None)

    def get_scope(self) -> str:
        """The granted scopes, parted by spaces."""
        return self.scope


@dataclass(frozen=True)
class Request:
    """An authorization request that waits for a person's decision; `launch` is None for a standalone launch."""

    parameters: Mapping[str, str]
    launch: Context | None
    expires: float


class Memory:
    """All records of one demo EHR, each under a random value that only its holder knows."""

    def __init__(self, now: Clock) -> None:
        self.now = now
        self.codes: dict[str, AuthorizationCode] = {}
        self.tokens: dict[str, Token] = {}
        self._launches: dict[str, tuple[Context, float]] = {}
        self._requests: dict[str, Request] = {}

    def launch(self, context: Context) -> str:
        """Remember a launch; the value to hand to the app says nothing by itself."""
        value = secrets.token_urlsafe(24)
        self._launches[value] = (context, self.now() + LAUNCH_LIFE)
        return value

    def launched(self, value: str) -> Context | None:
        """The context of a launch; None if there is none or it is over."""
        context, expires = self._launches.get(value, (None, 0))
        return context if self.now() < expires else None

    def ask(self, parameters: Mapping[str, str], launch: Context | None) -> str:
        """Remember a request until it is decided; the value names it in the form."""
        value = secrets.token_urlsafe(24)
        self._requests[value] = Request(parameters, launch, self.now() + REQUEST_LIFE)
        return value

    def asked(self, value: str) -> Request | None:
        """The request that waits under this value; None if there is none or it is over."""
        request = self._requests.get(value)
        return request if request and self.now() < request.expires else None

    def decided(self, value: str) -> None:
        """Forget a request: it has its answer."""
        self._requests.pop(value, None)
