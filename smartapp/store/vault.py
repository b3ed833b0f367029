"""Encryption of what is secret at rest: AES-256-GCM, each text bound to the row and column it belongs to.

A text moved to another row does not open there (R95). Each begins with the id of the key that sealed it, so that
keys can be changed while the store is in use: the newest writes, all of them read (R96).
"""

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartapp.store.errors import StoreError

_NONCE = 12
_ID = 8


class VaultError(StoreError):
    """What was kept does not open: another key, another row, or a changed byte."""


def key_id(key: bytes) -> bytes:
    """What a key is called in what it sealed; it tells nothing of the key."""
    return hmac.new(key, b"pi180 key id", hashlib.sha256).digest()[:_ID]


class Vault:
    """Seals with the newest key and opens with any."""

    def __init__(self, *keys: bytes, source: Callable[[], tuple[bytes, ...]] | None = None) -> None:
        """Args give the keys of 32 bytes, the newest first, or what is asked for them anew each time."""
        self._source = source or (lambda: keys)
        self._keys: tuple[bytes, ...] = ()
        self._ciphers: dict[bytes, AESGCM] = {}

    def seal(self, document: Mapping[str, Any], bound_to: str) -> bytes:
        """Encrypt a document of JSON values; it opens only with the same `bound_to`."""
        return self._seal(json.dumps(document).encode(), bound_to)

    def open(self, sealed: bytes, bound_to: str) -> dict[str, Any]:
        """Decrypt what `seal` made.

        Raises:
            VaultError: it does not open.
        """
        opened: dict[str, Any] = json.loads(self._open(sealed, bound_to))
        return opened

    @property
    def newest(self) -> bytes:
        """The id of the key that seals."""
        return next(iter(self._known()))

    def rewrap(self, sealed: bytes, bound_to: str) -> bytes:
        """The same text, sealed with the newest key.

        Raises:
            VaultError: it does not open.
        """
        return self._seal(self._open(sealed, bound_to), bound_to)

    def _known(self) -> dict[bytes, AESGCM]:
        keys = self._source()
        if keys != self._keys:
            self._ciphers, self._keys = {key_id(key): AESGCM(key) for key in keys}, keys
        return self._ciphers

    def _seal(self, text: bytes, bound_to: str) -> bytes:
        (name, cipher), nonce = next(iter(self._known().items())), os.urandom(_NONCE)
        return name + nonce + cipher.encrypt(nonce, text, bound_to.encode())

    def _open(self, sealed: bytes, bound_to: str) -> bytes:
        known = self._known()
        named = known.get(sealed[:_ID])
        text = _opened(named, sealed[_ID:], bound_to) if named is not None else None
        for cipher in known.values() if text is None else ():
            text = text or _opened(cipher, sealed, bound_to)  # as texts were sealed before they named their key
        if text is None:
            raise VaultError("a kept secret does not open: another key, another row, or a changed byte.")
        return text


def _opened(cipher: AESGCM, sealed: bytes, bound_to: str) -> bytes | None:
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError):  # the latter for less than a nonce
        return None


def seal_content(key: bytes, data: bytes, bound_to: str) -> bytes:
    """Encrypt a file with a key of its own."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, bound_to.encode())


def open_content(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """Decrypt what `seal_content` made.

    Raises:
        VaultError: it does not open.
    """
    text = _opened(AESGCM(key), sealed, bound_to)
    if text is None:
        raise VaultError("a kept file does not open: another key, another document, or a changed byte.")
    return text
