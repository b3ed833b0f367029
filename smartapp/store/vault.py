"""Encryption of what is secret at rest: AES-256-GCM, each text bound to the row and column it belongs to.

A text moved to another row does not open there (security requirement R95).
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from smartapp.store.errors import StoreError

_NONCE = 12


class VaultError(StoreError):
    """What was kept does not open: another key, another row, or a changed byte."""


class Vault:
    """Seals and opens documents with one key of 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, document: Mapping[str, Any], bound_to: str) -> bytes:
        """Encrypt a document of JSON values; it opens only with the same `bound_to`."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, json.dumps(document).encode(), bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> dict[str, Any]:
        """Decrypt what `seal` made.

        Raises:
            VaultError: it does not open.
        """
        try:
            text = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        except (InvalidTag, ValueError):  # the latter for less than a nonce
            raise VaultError("a kept secret does not open: another key, another row, or a changed byte.") from None
        opened: dict[str, Any] = json.loads(text)
        return opened


def seal_content(key: bytes, data: bytes, bound_to: str) -> bytes:
    """Encrypt a file with a key of its own."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, bound_to.encode())


def open_content(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """Decrypt what `seal_content` made.

    Raises:
        VaultError: it does not open.
    """
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
    except (InvalidTag, ValueError):
        raise VaultError("a kept file does not open: another key, another document, or a changed byte.") from None
