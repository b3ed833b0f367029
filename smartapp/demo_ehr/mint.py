"""What the server hands out: access and refresh tokens, and the id_token that says who signed in."""

import base64
import hashlib
import secrets
from dataclasses import dataclass

from extractors.decode import Json
from smartapp.demo_ehr.faults import Faults
from smartapp.demo_ehr.grants import AuthorizationCode, Context, Memory, Session, Token
from smartapp.demo_ehr.signatures import Signer

BACKEND_LIFE = 300


@dataclass(frozen=True)
class Site:
    """Where the simulator is, and how long its access tokens live (seconds)."""

    base: str
    token_life: int

    @property
    def fhir(self) -> str:
        """The FHIR base."""
        return self.base + "/fhir"


class Mint:
    """Makes tokens and knows them again."""

    def __init__(self, site: Site, memory: Memory, faults: Faults) -> None:
        self._site, self._memory, self._faults = site, memory, faults
        self.signer = Signer()

    def tokens(self, session: Session, scope: str) -> Json:
        """The token answer of SMART App Launch for this scope, with its launch context."""
        life = self._site.token_life
        answer: Json = {
            "access_token": self._remember(Token(session, scope, self._memory.now() + life, self._faults.epoch)),
            "token_type": "Bearer",
            "expires_in": life,
            "scope": scope,
            **_launch_context(session.context, scope),
        }
        if {"offline_access", "online_access"} & set(session.scope.split()):
            # RFC 6749, 6: a new refresh token has the scope of the old one, whatever this answer is for.
            answer["refresh_token"] = self._remember(Token(session, session.scope))
        return answer

    def backend_token(self, client_id: str, scope: str) -> Json:
        """The token answer for a client without users, which gets five minutes (SMART Backend Services)."""
        session = Session(client_id, Context("", None, banner=False), scope)
        life = min(self._site.token_life, BACKEND_LIFE)
        token = Token(session, scope, self._memory.now() + life, self._faults.epoch)
        return {"access_token": self._remember(token), "token_type": "bearer", "expires_in": life, "scope": scope}

    def bearer(self, value: str) -> Token | None:
        """The access token of this value, if it is good now."""
        token = self._memory.tokens.get(value)
        if token is None or token.expires is None or token.session.revoked or token.epoch != self._faults.epoch:
            return None
        return token if self._memory.now() < token.expires else None

    def id_token(self, code: AuthorizationCode, access_token: str) -> str:
        """The signed statement of who signed in (OpenID Connect Core 1.0, 2)."""
        session, now = code.session, int(self._memory.now())
        claims: Json = {
            "iss": self._site.base,
            "sub": session.context.clinician,
            "aud": session.client_id,
            "iat": now,
            "exp": now + self._site.token_life,
            "at_hash": _half_hash(access_token),
            **self._user(session),
        }
        if code.nonce:
            claims["nonce"] = code.nonce
        return self.signer.sign(self._faults.changed("id_token", claims))

    def _user(self, session: Session) -> Json:
        granted, address = session.scope.split(), f"{self._site.fhir}/Practitioner/{session.context.clinician}"
        return {claim: address for claim in ("fhirUser", "profile") if claim in granted}

    def _remember(self, token: Token) -> str:
        value = secrets.token_urlsafe(32)
        self._memory.tokens[value] = token
        return value


def _launch_context(context: Context, scope: str) -> Json:
    banner: Json = {"need_patient_banner": context.banner}
    if context.patient is None or not {"launch", "launch/patient"} & set(scope.split()):
        return banner
    return {"patient": context.patient, **banner}


def _half_hash(value: str) -> str:
    """The at_hash of OpenID Connect Core, 3.1.3.6, for a token signed with SHA-256."""
    half = hashlib.sha256(value.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
