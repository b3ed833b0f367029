"""Who signed in: an id_token believed only after every check, and the FHIR resource that stands for the user.

Source: OpenID Connect Core 1.0 section 3.1.3.7, as SMART App Launch 2.2 asks for it. A library's own claim
checks are not used: they accept any issuer unless told, and wait longer for an expired token than we do.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from extractors.decode import Unreadable, read_object
from extractors.errors import LinkRefused
from extractors.places import place_of
from smartapp.smart import jose
from smartapp.smart.errors import SmartError

MOST_CHARACTERS: Final = 64 * 1024
LONGEST_SUBJECT: Final = 255

_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_USER = re.compile(r"(?:Practitioner|PractitionerRole|Patient|RelatedPerson|Person)/(?!\.\.?\Z)[\w.-]{1,64}", re.ASCII)
_LONGEST_REFERENCE = 2048


class Reason(StrEnum):
    """Why an id_token is refused; each value is the sentence to show, and none depends on the token."""

    SIZE = "size: expected at most 64 kB"
    FORM = "form: expected one signed token of three base64url parts"
    HEADER = "header: expected a readable JSON object"
    CRITICAL = "header: expected no critical extension, for none is understood"
    ALGORITHM = "alg: expected an asymmetric algorithm that the registration allows"
    KEY_SET = "key set: expected the issuer's JWKS with a list of keys"
    UNKNOWN_KEY = "kid: expected a key of the issuer's JWKS"
    ONE_KEY = "kid: expected it to name exactly one usable signature key"
    SIGNATURE = "signature: expected one by the issuer's key"
    CLAIMS = "claims: expected a readable JSON object"
    ISSUER = "iss: expected exactly the registered issuer"
    AUDIENCE = "aud: expected our client id among the audiences"
    PARTY = "azp: expected our client id, and it must be there with several audiences"
    EXPIRY = "exp: expected a whole number"
    EXPIRED = "exp: expected a time that is not past; compare the clocks"
    ISSUED = "iat: expected a whole number"
    EARLY = "iat: expected a time that is not to come; compare the clocks"
    NOT_YET = "nbf: expected a whole number that is not to come; compare the clocks"
    SUBJECT = "sub: expected text of 1 to 255 printable characters"
    NONCE = "nonce: expected the one sent with this launch"


class IdentityRefused(SmartError):  # noqa: N818  # the word says it: a token, not an error of ours
    """An id_token fails a check. `reason` says which; what the token holds is in no message."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"The id_token is refused at its {reason}.")
        self.reason = reason


class UnknownKey(IdentityRefused):
    """The key set has no key of the token's `kid`: the issuer may have renewed its keys, fetch the set once more."""

    def __init__(self) -> None:
        super().__init__(Reason.UNKNOWN_KEY)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user as an issuer knows them. Names, mail addresses and other claims are not kept.

    `fhir_user` is the claim as it came, or None: a text to compare and never an address to fetch before
    `fhir_user_reference` has judged it.
    """

    issuer: str
    subject: str
    fhir_user: str | None

    @property
    def user_key(self) -> tuple[str, str]:
        """What tells users apart (R20): the same subject of two issuers is two users."""
        return self.issuer, self.subject


@dataclass(frozen=True, slots=True)
class _Expected:
    """What the claims are held against; `now` in seconds since 1970."""

    issuer: str
    client_id: str
    nonce: str | None
    now: float
    leeway: int


def validate(  # noqa: PLR0913  # each is one thing to hold the token against
    id_token: str,
    keys: Mapping[str, object],
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    algorithms: tuple[str, ...] = ("RS256",),
    now: datetime,
    leeway_seconds: int = 60,
) -> Identity:
    """Believe an id_token or refuse it (R17, R18, R10, R20).

    A `jwk`, `jku`, `x5u` or `x5c` in the token's header is never used: the key comes from `keys` or not at all.

    Args:
        id_token: as the token response had it.
        keys: the JWKS of the registered issuer, parsed.
        issuer: the registered issuer, compared exactly.
        client_id: ours at that issuer.
        nonce: the one sent with this launch; None where the registration records that this EHR leaves it out,
            and then a nonce in the token is not looked at.
        algorithms: what the registration allows. `none` and HMAC are refused even when listed.
        now: aware.
        leeway_seconds: what the two clocks may differ by.

    Raises:
        UnknownKey: the token names a key that `keys` does not have; they may be fetched anew, once.
        IdentityRefused: any other check fails.
    """
    header = _header(id_token)
    algorithm = _algorithm(header, algorithms)
    payload = jose.verified_payload(id_token, _signing_key(keys, header, algorithm), algorithm)
    if payload is None:
        raise IdentityRefused(Reason.SIGNATURE)
    claims = _object(payload)
    if claims is None:
        raise IdentityRefused(Reason.CLAIMS)
    _check(claims, _Expected(issuer, client_id, nonce, now.timestamp(), leeway_seconds))
    return Identity(issuer, claims["sub"], _fhir_user(claims))


def fhir_user_reference(claim: str | None, fhir_base: str) -> str | None:
    """The user's resource as `Type/id`, or None where it may not be fetched with this launch's token (R19).

    A claim may be relative or absolute; it must lie directly under this FHIR base, compared by scheme, host,
    port and path segments, and be of one of the five types that can stand for a user.
    """
    if claim is None or len(claim) > _LONGEST_REFERENCE or {"?", "#"} & set(claim):
        return None
    if _USER.fullmatch(claim):
        return claim
    try:
        base, place = place_of(fhir_base), place_of(claim)
    except LinkRefused:
        return None
    below = "/".join(place.segments[len(base.segments) :])
    return below if base.holds(place) and _USER.fullmatch(below) else None


def _header(id_token: str) -> dict[str, Any]:
    if len(id_token) > MOST_CHARACTERS:
        raise IdentityRefused(Reason.SIZE)
    if not _COMPACT.fullmatch(id_token):
        raise IdentityRefused(Reason.FORM)
    header = _object(_decoded(id_token.partition(".")[0]))
    if header is None:
        raise IdentityRefused(Reason.HEADER)
    if "crit" in header or "b64" in header:
        raise IdentityRefused(Reason.CRITICAL)
    return header


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        return b""


def _object(data: bytes) -> dict[str, Any] | None:
    """The JSON object, or None; an exception here would carry what it could not read."""
    try:
        return read_object(data)
    except Unreadable:
        return None


def _algorithm(header: Mapping[str, Any], allowed: tuple[str, ...]) -> str:
    named = header.get("alg")
    if not isinstance(named, str) or named not in allowed or named not in jose.FAMILIES:
        raise IdentityRefused(Reason.ALGORITHM)
    return named


def _signing_key(keys: Mapping[str, object], header: Mapping[str, Any], algorithm: str) -> Mapping[str, object]:
    listed = keys.get("keys")
    if not isinstance(listed, list):
        raise IdentityRefused(Reason.KEY_SET)
    candidates = [key for key in listed if isinstance(key, Mapping)]
    if "kid" in header:
        candidates = [key for key in candidates if "kid" in key and key["kid"] == header["kid"]]
        if not candidates:
            raise UnknownKey
    usable = [key for key in candidates if jose.is_usable(key, algorithm)]
    if len(usable) != 1:
        raise IdentityRefused(Reason.ONE_KEY)
    return usable[0]


def _check(claims: Mapping[str, Any], expected: _Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise IdentityRefused(Reason.ISSUER)
    _check_audience(claims, expected.client_id)
    _check_times(claims, expected.now, expected.leeway)
    if not _is_subject(claims.get("sub")):
        raise IdentityRefused(Reason.SUBJECT)
    if expected.nonce is not None and not _same(claims.get("nonce"), expected.nonce):
        raise IdentityRefused(Reason.NONCE)


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    named = claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    if client_id not in audiences:
        raise IdentityRefused(Reason.AUDIENCE)
    is_named = "azp" in claims or len(audiences) > 1
    if is_named and claims.get("azp") != client_id:
        raise IdentityRefused(Reason.PARTY)


def _check_times(claims: Mapping[str, Any], now: float, leeway: int) -> None:
    if not _is_whole(claims.get("exp")):
        raise IdentityRefused(Reason.EXPIRY)
    if claims["exp"] <= now - leeway:
        raise IdentityRefused(Reason.EXPIRED)
    if not _is_whole(claims.get("iat")):
        raise IdentityRefused(Reason.ISSUED)
    if claims["iat"] > now + leeway:
        raise IdentityRefused(Reason.EARLY)
    if "nbf" in claims and not (_is_whole(claims["nbf"]) and claims["nbf"] <= now + leeway):
        raise IdentityRefused(Reason.NOT_YET)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SUBJECT and value.isprintable() and not value.isspace()


def _same(claim: object, nonce: str) -> bool:
    return isinstance(claim, str) and nonce != "" and hmac.compare_digest(claim.encode(), nonce.encode())


def _fhir_user(claims: Mapping[str, Any]) -> str | None:
    """`fhirUser`, else the older `profile` if its end looks like a user's resource; None for anything else."""
    named, older = _reference_text(claims.get("fhirUser")), _reference_text(claims.get("profile"))
    if named is not None or older is None:
        return named
    return older if _USER.fullmatch("/".join(older.rsplit("/", 2)[-2:])) else None


def _reference_text(value: object) -> str | None:
    is_text = (
        isinstance(value, str) and 0 < len(value) <= _LONGEST_REFERENCE and value.isascii() and value.isprintable()
    )
    return str(value) if is_text else None
