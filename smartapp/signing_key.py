"""The practice's own key to sign with: Ed25519 (RFC 8032), private in a file for its owner alone, public beside it.

A signature says that whoever holds the private file signed exactly these bytes. Who that is, only the fingerprint says
that the practice gave out by another way.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from smartapp.errors import UsageError

ALGORITHM = "Ed25519"
PUBLIC_SUFFIX = ".pub"
_OWN = Path(".config") / "pi180" / "signing.key"
_FINGERPRINT = re.compile("[0-9a-f]{64}")
_HEX_KEY = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """32 bytes that a signature is verified with."""

    raw: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the 32 bytes, 64 small hexadecimal digits."""
        return hashlib.sha256(self.raw).hexdigest()

    def signed(self, data: bytes, signature: bytes) -> bool:
        """Whether the signature is of these bytes and by this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; what it prints tells nothing of it."""

    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The key that its signatures are verified with."""
        return PublicKey(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, data: bytes) -> bytes:
        """64 bytes; the same for the same bytes."""
        return self.private.sign(data)


def new_signing_key(place: Path) -> SigningKey:
    """Make a key: `place` for its owner alone, and the public one beside it with `.pub` at the end.

    Raises:
        UsageError: one of the two files is there already; a key is never overwritten.
    """
    public = _beside(place)
    for file in (place, public):
        if file.exists():
            raise UsageError(f"{file}: is there already. A key is never overwritten; name a new file.")
    made = Ed25519PrivateKey.generate()
    write_new(place, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return SigningKey(made)


def own_signing_key(home: Path) -> tuple[SigningKey, Path, bool]:
    """The key of whoever signs without naming one, below their home; made where there is none yet.

    Returns:
        The key, its file, and whether it was made now.

    Raises:
        UsageError: the file cannot be read or written, or is no key for its owner alone.
    """
    place = home / _OWN
    if place.exists():
        return read_signing_key(place), place, False
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return new_signing_key(place), place, True
    except OSError:
        raise UsageError(f"{place}: cannot be written. Name a key: --key FILE (pi180 signing-key new).") from None


def read_signing_key(place: Path) -> SigningKey:
    """Read the private key from a file.

    Raises:
        UsageError: it cannot be read, holds no Ed25519 private key, or others may read it.
    """
    try:
        others = place.stat().st_mode & 0o077
        found = load_pem_private_key(place.read_bytes(), None)
    except OSError:
        raise UsageError(f"{place}: cannot be read. Make a key with: pi180 signing-key new FILE") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(
            f"{place.name}: expected a private key of pi180 signing-key new, got something else."
        ) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise UsageError(f"{place.name}: expected an {ALGORITHM} private key, got another kind of key.")
    if others:
        raise UsageError(f"{place.name}: others than its owner may read it. Take that away: chmod 600 {place.name}")
    return SigningKey(found)


def read_public_key(place: Path) -> PublicKey:
    """Read a public key from the file that `new_signing_key` made beside the private one.

    Raises:
        UsageError: it cannot be read or holds no Ed25519 public key.
    """
    try:
        found = load_pem_public_key(place.read_bytes())
    except OSError:
        raise UsageError(f"{place}: cannot be read. Name the practice's public key ({PUBLIC_SUFFIX}).") from None
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, Ed25519PublicKey):
        raise UsageError(f"{place.name}: expected an {ALGORITHM} public key ({PUBLIC_SUFFIX}), got something else.")
    return PublicKey(found.public_bytes(Encoding.Raw, PublicFormat.Raw))


def trusted_fingerprint(named: str) -> str:
    """The fingerprint that somebody names, as 64 hexadecimal digits with or without blanks, or as a public key's file.

    Raises:
        UsageError: it is neither.
    """
    digits = re.sub(r"[\s:]", "", named).lower()
    return digits if _FINGERPRINT.fullmatch(digits) else read_public_key(Path(named)).fingerprint


def public_of_hex(text: object) -> PublicKey | None:
    """A public key from its 64 hexadecimal digits; None for anything else."""
    return PublicKey(bytes.fromhex(text)) if isinstance(text, str) and _HEX_KEY.fullmatch(text) else None


def in_groups(fingerprint: str) -> str:
    """A fingerprint as it is read aloud: groups of four."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


def write_new(place: Path, data: bytes) -> None:
    """Write a file that was not there, for its owner alone.

    Raises:
        UsageError: it is there already.
    """
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{place}: is there already, and is never overwritten. Name a new file.") from None
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}{PUBLIC_SUFFIX}")
