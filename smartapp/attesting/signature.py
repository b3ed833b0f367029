"""A person's signature under numbers and answers: the record, whether it still holds, and how that is told."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smartapp.errors import UsageError
from smartapp.signing_key import public_of_hex
from smartapp.written import as_json

SCHEMA = "pi180/attestation-signature/1"
STATEMENT = (
    "I have looked at these numbers and answers. To the best of my knowledge they are true, accurate and complete, "
    "and what supports them is kept. I sign them for the reporter named here."
)
"""Ours, and not the text to which CMS has a submitter agree on its site, which stands there alone."""

_LONGEST = 500
_UNREADABLE = (ValueError, TypeError, LookupError, RecursionError)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: name, role in the practice, and the reason for which it is signed. One line each."""

    name: str
    role: str
    reason: str

    def __post_init__(self) -> None:
        for what, text in (("name", self.name), ("role", self.role), ("reason", self.reason)):
            if not text.strip() or not text.isprintable() or len(text) > _LONGEST:
                raise UsageError(f"{what}: expected one line of at most {_LONGEST} characters, which says something.")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature. `at` is UTC; `digests` are SHA-256 by file; `key` is the fingerprint of the key that signed."""

    version: int
    signer: Signer
    at: datetime
    run: str
    period: str
    digests: Mapping[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class Unsigned:
    """Nobody signed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What is there is what was signed."""

    signature: Signature


@dataclass(frozen=True, slots=True)
class Void:
    """Somebody signed, but not what is there now, or not so that it holds.

    `signature` is None where the file of it cannot be believed. `changed`: whether what was signed changed; else what
    is there was signed, and yet it does not hold.
    """

    signature: Signature | None
    why: tuple[str, ...]
    changed: bool = True


State = Unsigned | Signed | Void


def signature_of(text: bytes) -> Signature | None:
    """A signature from its bytes; None where they are none, or its key did not sign them as they stand."""
    try:
        told = json.loads(text)
        signature, key = bytes.fromhex(told.pop("signature")), public_of_hex(told["public_key"])
        if key is None or not key.signed(as_json(told).encode(), signature):
            return None
        return signature_in(told) if told["fingerprint"] == key.fingerprint else None
    except _UNREADABLE:
        return None


def signature_in(told: Mapping[str, Any]) -> Signature:
    """A signature by what its document says."""
    return Signature(
        version=int(told["version"]),
        signer=Signer(told["name"], told["role"], told["reason"]),
        at=datetime.fromisoformat(told["signed_at"]).astimezone(UTC),
        run=str(told["run"]),
        period=str(told["period"]),
        digests={str(name): str(digest) for name, digest in told["files"].items()},
        key=str(told["fingerprint"]),
    )


def state_name(state: State) -> str:
    """unsigned, signed or void."""
    return type(state).__name__.lower()


def state_document(state: State) -> dict[str, Any]:
    """The state as plain values, in the shape `pi180/signature-state/1`; `text` is what pages say."""
    signature = None if isinstance(state, Unsigned) else state.signature
    return {
        "schema": "pi180/signature-state/1",
        "state": state_name(state),
        "text": in_words(state),
        "why": list(state.why) if isinstance(state, Void) else [],
        "signature": _plain(signature) if signature else None,
    }


def in_words(state: State) -> str:
    """The state in one sentence, the same on every page and in every file."""
    if isinstance(state, Unsigned):
        return "Not signed."
    if isinstance(state, Signed):
        return f"Signed by {_who(state.signature)}, reason: {state.signature.signer.reason}."
    after, named = (" after signing", "It was signed by") if state.changed else ("", "The signature names")
    by = f" {named} {_who(state.signature)}." if state.signature else ""
    return f"Signature void: {'; '.join(state.why)}{after}.{by}"


def _who(signature: Signature) -> str:
    at = signature.at
    return f"{signature.signer.name}, {signature.signer.role}, on {at:%B} {at.day}, {at.year}, {at:%H:%M} UTC"


def _plain(signature: Signature) -> dict[str, Any]:
    signer = signature.signer
    return {
        "version": signature.version,
        "name": signer.name,
        "role": signer.role,
        "reason": signer.reason,
        "signed_at": signature.at.isoformat(),
        "run": signature.run,
        "period": signature.period,
        "files": dict(signature.digests),
        "fingerprint": signature.key,
    }
