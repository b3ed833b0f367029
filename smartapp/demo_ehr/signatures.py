"""The only door to joserfc: the server's own key, the tokens it signs, the assertions it checks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from extractors.decode import Json

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = ("RS384", "ES384")
_LONGEST_ASSERTION = 300
_ID_ALGORITHM = "RS256"


class Signer:
    """Signs id_tokens with a key made at start.

    Attributes:
        key: the key pair; a test may sign a forged token with it.
    """

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"use": "sig", "alg": _ID_ALGORITHM}, auto_kid=True)

    @property
    def jwks(self) -> Json:
        """The public half, as a JWK set."""
        return {"keys": [dict(self.key.as_dict(private=False))]}

    def sign(self, claims: Mapping[str, object]) -> str:
        """A signed token with these claims."""
        header = {"alg": _ID_ALGORITHM, "kid": self.key.kid}
        return jwt.encode(header, dict(claims), self.key, [_ID_ALGORITHM])


class AssertionRefused(ValueError):  # noqa: N818
    """A client assertion that proves nothing; the message says which check failed."""


@dataclass
class AssertionDesk:
    """Checks client assertions (RFC 7523; SMART App Launch 2.2, asymmetric authentication)."""

    token_url: str
    now: Callable[[], float]
    _used: set[tuple[str, str]] = field(default_factory=set)

    def client_of(self, assertion: str) -> str:
        """Whom an assertion claims to come from; nothing is proved yet.

        Raises:
            AssertionRefused: it is no JWT, or its header lacks what SMART asks for.
        """
        try:
            header = jws.extract_compact(assertion.encode()).headers()
            subject = _unproved(assertion).get("sub")
        except (JoseError, ValueError):
            raise AssertionRefused("the assertion is not a JWT") from None
        _must(header.get("alg") in ASSERTION_ALGORITHMS, "alg is neither RS384 nor ES384")
        _must(header.get("typ") == "JWT", "typ is not JWT")
        _must(isinstance(header.get("kid"), str), "kid is missing")
        _must(isinstance(subject, str), "sub is missing")
        return str(subject)

    def check(self, assertion: str, client_id: str, jwks: Json) -> None:
        """Check signature and claims; an assertion passes once.

        Raises:
            AssertionRefused: a check failed.
        """
        try:
            claims = jwt.decode(assertion, KeySet.import_key_set(jwks), list(ASSERTION_ALGORITHMS)).claims  # type: ignore[arg-type]
        except (JoseError, ValueError):
            raise AssertionRefused("no registered key made the signature") from None
        _must(claims.get("iss") == claims.get("sub") == client_id, "iss and sub are not the client_id")
        audience = claims.get("aud")
        _must(self.token_url in (audience if isinstance(audience, list) else [audience]), "aud is not the token URL")
        self._check_time(claims)
        identifier = claims.get("jti")
        _must(isinstance(identifier, str) and bool(identifier), "jti is missing")
        _must((client_id, identifier) not in self._used, "jti was used before")
        self._used.add((client_id, str(identifier)))

    def _check_time(self, claims: Mapping[str, object]) -> None:
        expires = claims.get("exp")
        if not isinstance(expires, int | float) or isinstance(expires, bool):
            raise AssertionRefused("exp is missing")
        _must(self.now() < expires, "exp has passed")
        _must(expires <= self.now() + _LONGEST_ASSERTION, "exp is more than five minutes ahead")


def _unproved(assertion: str) -> Json:
    payload = json.loads(jws.extract_compact(assertion.encode()).payload or b"{}")
    if not isinstance(payload, dict):
        raise ValueError("payload is not an object")
    return payload


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionRefused(otherwise)
