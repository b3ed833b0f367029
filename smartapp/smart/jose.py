"""The door to joserfc: a signature made, a signature checked, a private key read.

What a token may say is decided elsewhere. Failures come back as None and never as an exception of the
library, because those quote what they could not read.
"""

import base64
import binascii
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, RSAKey

PrivateKey = RSAKey | ECKey

LEAST_BITS: Final = 2048
MOST_BITS: Final = 8192


@dataclass(frozen=True, slots=True)
class Family:
    """What kind of key an algorithm signs with: its type, its curve (None for RSA), its public JWK members."""

    kty: str
    curve: str | None
    members: tuple[str, ...]


_RSA = Family("RSA", None, ("kty", "n", "e"))

FAMILIES: Final[Mapping[str, Family]] = {
    **{f"{scheme}{size}": _RSA for scheme in ("RS", "PS") for size in (256, 384, 512)},
    **{
        f"ES{size}": Family("EC", curve, ("kty", "crv", "x", "y"))
        for size, curve in ((256, "P-256"), (384, "P-384"), (512, "P-521"))
    },
}
"""The algorithms known here: asymmetric ones only, so that no list in a setting can let `none` or HMAC in."""


class _Registry(jws.JWSRegistry):
    max_header_length = 8192  # room for a certificate chain, which is then not looked at


def is_usable(jwk: object, algorithm: str) -> bool:
    """Whether a member of a key set can check signatures of this algorithm, by type, curve, size and stated use."""
    family = FAMILIES[algorithm]
    return (
        isinstance(jwk, Mapping)
        and jwk.get("kty") == family.kty
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", algorithm) == algorithm
        and _verifies(jwk.get("key_ops"))
        and (jwk.get("crv") == family.curve if family.curve else LEAST_BITS <= _bits(jwk.get("n")) <= MOST_BITS)
    )


def verified_payload(token: str, jwk: Mapping[str, object], algorithm: str) -> bytes | None:
    """The payload of a compact JWS whose signature this key and algorithm made; None if they did not.

    The key is the one given: members of the token's header that hold or point to keys are not used.
    """
    family = FAMILIES[algorithm]
    registry = _Registry(algorithms=[algorithm], strict_check_header=False)
    try:
        key = _key({name: str(jwk[name]) for name in family.members}, family)
        return jws.deserialize_compact(token, key, registry=registry).payload
    except Exception:  # whatever the libraries raise for a hostile token or key: it is not verified
        return None


def signed(header: Mapping[str, str], claims: Mapping[str, object], key: PrivateKey) -> str:
    """A compact JWS over the claims as JSON; the algorithm is the header's `alg`."""
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return jws.serialize_compact(dict(header), payload, key, algorithms=[header["alg"]])


def read_key(data: bytes | Mapping[str, object], algorithm: str) -> PrivateKey | None:
    """A key of the algorithm's type from PEM bytes or a JWK, private or public; None if there is none to read.

    An encrypted PEM is not read: there is nobody at start-up to ask for the password.
    """
    family = FAMILIES[algorithm]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of a short key; `fits` refuses it
            key = _key(data if isinstance(data, bytes) else _text_members(data), family)
            key.dict_value  # noqa: B018  # a curve without a JOSE name fails here, not at the first use
            return key
    except Exception:  # whatever the libraries raise: it is no such key
        return None


def new_key(algorithm: str, bits: int = 3072) -> dict[str, str]:
    """A new private key as a JWK, bare: RSA of some bits, or on the algorithm's curve."""
    family = FAMILIES[algorithm]
    made = ECKey.generate_key(family.curve) if family.curve else RSAKey.generate_key(bits)
    return {name: str(value) for name, value in made.as_dict(private=True).items() if name != "kid"}


def thumbprint(jwk: Mapping[str, str], algorithm: str) -> str:
    """What names a key by its public half alone (RFC 7638)."""
    return str(_key(dict(jwk), FAMILIES[algorithm]).thumbprint())


def fits(key: PrivateKey, algorithm: str) -> bool:
    """Whether the key has the algorithm's curve, or for RSA at least 2048 bits (R32)."""
    curve = FAMILIES[algorithm].curve
    return key.raw_value.key_size >= LEAST_BITS if isinstance(key, RSAKey) else key.curve_name == curve


def public_members(key: PrivateKey, algorithm: str) -> dict[str, str]:
    """The bare public key as a JWK: nothing but what its type needs."""
    found = key.as_dict(private=False)
    return {name: str(found[name]) for name in FAMILIES[algorithm].members}


def _key(data: bytes | dict[str, str], family: Family) -> PrivateKey:
    return RSAKey.import_key(data) if family.kty == "RSA" else ECKey.import_key(data)  # type: ignore[arg-type]


_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


def _text_members(jwk: Mapping[str, object]) -> dict[str, str]:
    names = {"kty", "n", "e", "crv", "x", "y", *_PRIVATE}
    return {name: value for name, value in jwk.items() if name in names and isinstance(value, str)}


def _verifies(operations: object) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _bits(modulus: object) -> int:
    if not isinstance(modulus, str):
        return 0
    try:
        return int.from_bytes(base64.urlsafe_b64decode(modulus + "==")).bit_length()
    except (binascii.Error, ValueError):
        return 0
