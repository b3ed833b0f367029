"""Tokens of an authorization server, honest and hostile, put together by hand: no library refuses to make them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Json = dict[str, Any]

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ISSUER = "https://login.example.org/oauth"
CLIENT = "our-client"
NONCE = "nonce-of-this-launch"

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


def public(key: rsa.RSAPrivateKey = KEY, **members: Any) -> Json:
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), "kid": "k1", "use": "sig"} | members


def jwks(*keys: Json) -> Json:
    return {"keys": list(keys) or [public()]}


def rs256(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    return lambda message: key.sign(message, padding.PKCS1v15(), SHA256())


def rs384(key: rsa.RSAPrivateKey) -> Callable[[bytes], bytes]:
    return lambda message: key.sign(message, padding.PKCS1v15(), SHA384())


def hs256_with_the_public_key(message: bytes) -> bytes:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.digest(pem, message, hashlib.sha256)


def compact(header: Json | bytes, claims: Json | bytes, sign: Callable[[bytes], bytes]) -> str:
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    message = ".".join(b64(part) for part in parts)
    return f"{message}.{b64(sign(message.encode()))}"


def claims(**changed: Any) -> Json:
    """The claims of an honest token; a value of None leaves its claim out."""
    at = int(NOW.timestamp())
    honest = {"iss": ISSUER, "aud": CLIENT, "sub": "user-1", "exp": at + 300, "iat": at, "nonce": NONCE}
    return {name: value for name, value in (honest | changed).items() if value is not None}


def id_token(
    header: Json | None = None,
    sign: Callable[[bytes], bytes] | None = None,
    payload: bytes | None = None,
    **changed: Any,
) -> str:
    """An id_token, honest but for what is given; a header member of None is left out."""
    members = {"alg": "RS256", "kid": "k1", "typ": "JWT"} | (header or {})
    members = {name: value for name, value in members.items() if value is not None}
    return compact(members, claims(**changed) if payload is None else payload, sign or rs256(KEY))
