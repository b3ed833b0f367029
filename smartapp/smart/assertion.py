"""How the app proves itself to a token endpoint without a secret: private_key_jwt.

Source: SMART App Launch 2.2, "Client Authentication: Asymmetric". Built here and not by an OAuth library: one
sends an hour's expiry where SMART allows five minutes, names no key, and repeats the identifier of an
assertion whose claims it was given (P8, P9).
"""

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from extractors.decode import Unreadable, read_object
from smartapp.smart import jose
from smartapp.smart.errors import SmartError

ALGORITHMS: Final = ("RS384", "ES384")
LIFE_SECONDS: Final = 240
"""SMART allows 300; the rest is for clocks that differ (R31)."""

_MOST_BYTES = 64 * 1024
_KINDS = {"RS384": "an RSA key of at least 2048 bits", "ES384": "an EC key on curve P-384"}


class SigningKeyError(SmartError):
    """A private key file is not usable; the message says where, what was expected and what to do, not what it holds."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and how it is registered. `jku` is the registered address of our public keys, or None."""

    alg: str
    kid: str
    jku: str | None
    private: jose.PrivateKey = field(repr=False, compare=False)


def load_signing_key(path: Path, *, alg: str, kid: str, jku: str | None) -> SigningKey:
    """Read a private key from a PEM or JWK file that only its owner can open (R32, R35).

    Args:
        path: of the file; an encrypted PEM is not read.
        alg: RS384 or ES384, as registered.
        kid: as registered; a JWK that names another is refused.
        jku: registered address of our public keys, or None if the registration has none.

    Raises:
        SigningKeyError: the file or the key in it is not what the registration needs.
    """
    if alg not in ALGORITHMS or not kid:
        raise SigningKeyError(f"{path}: expected a key id and one of {', '.join(ALGORITHMS)} in the registration.")
    key = jose.read_key(_material(path, alg, kid), alg)
    if key is None:
        raise SigningKeyError(f"{path}: expected {_KINDS[alg]}, unencrypted, as PEM or JWK; found none to read.")
    if not key.is_private:
        raise SigningKeyError(f"{path}: expected a private key, found a public one. Name the private key's file.")
    if not jose.fits(key, alg):
        raise SigningKeyError(f"{path}: expected {_KINDS[alg]} for {alg}. Make a new key and register it.")
    return SigningKey(alg, kid, jku, key)


def client_assertion(key: SigningKey, client_id: str, token_url: str, now: datetime) -> str:
    """A new assertion for one token request (R31), to be used once.

    Args:
        key: of `load_signing_key`.
        client_id: ours at this server.
        token_url: of the token endpoint, exactly as the server published it.
        now: aware.
    """
    header = {"alg": key.alg, "kid": key.kid, "typ": "JWT"} | ({"jku": key.jku} if key.jku else {})
    issued = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": issued,
        "exp": issued + LIFE_SECONDS,
        "jti": secrets.token_urlsafe(16),
    }
    return jose.signed(header, claims, key.private)


def public_jwks(key: SigningKey) -> dict[str, list[dict[str, str]]]:
    """The key set to publish or register: the bare public key with its id, use and algorithm (R33)."""
    return {"keys": [{**jose.public_members(key.private, key.alg), "kid": key.kid, "use": "sig", "alg": key.alg}]}


def _material(path: Path, alg: str, kid: str) -> bytes | Mapping[str, object]:
    data = _owners_bytes(path)
    if not data.lstrip().startswith(b"{"):
        return data
    try:
        jwk = read_object(data)
    except Unreadable:
        jwk = {}
    if any(jwk.get(name, ours) != ours for name, ours in (("alg", alg), ("kid", kid), ("use", "sig"))):
        raise SigningKeyError(f"{path}: expected a JWK for signatures with the alg and kid of the registration.")
    return jwk


def _owners_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_MOST_BYTES) if not mode & 0o077 else b""
    except OSError as problem:
        raise SigningKeyError(f"{path}: the private key cannot be read ({problem.strerror}).") from None
    if mode & 0o077:
        raise SigningKeyError(f"{path}: expected a file for its owner alone, got mode {mode:04o}. Run chmod 600 on it.")
    return data
