"""What a binder says of the signature under the answers, held against the signature, the files and the binder's key."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from smartapp.attesting.signature import (
    Signature,
    Signed,
    State,
    Unsigned,
    Void,
    signature_in,
    signature_of,
    state_document,
)
from smartapp.binder import layout
from smartapp.binder.container import Fault
from smartapp.binder.manifest import MANIFEST, Verified
from smartapp.errors import UsageError
from smartapp.written import as_json

_VOID = "Signature void: "
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, UsageError)


def state_in(files: Mapping[str, bytes]) -> State | None:
    """The state that a binder tells; None where it tells none in the form and in the words of pi180.

    Why a signature is void is taken as it is told: what was signed elsewhere, a binder does not hold.
    """
    text = files.get(layout.SIGNATURE_STATE, b"")
    try:
        told = json.loads(text)
        found = _state(told)
        is_void = isinstance(found, Void) and told["text"].isprintable() and told["text"].startswith(_VOID)
        document = state_document(found) | ({"text": told["text"]} if is_void else {})
        return found if as_json(document).encode() == text else None
    except _UNREADABLE:
        return None


def _state(told: Mapping[str, Any]) -> State:
    if told["state"] == "unsigned":
        return Unsigned()
    signature = None if told["signature"] is None else signature_in(told["signature"])
    if told["state"] == "void":
        return Void(signature, tuple(map(str, told["why"])))
    if signature is None:
        raise ValueError("signed by nobody")
    return Signed(signature)


def faults_of_answers(binder: Verified) -> Iterator[Fault]:
    """Whether the state is what the signature and the files bear out, and what the manifest says of it.

    A copy under pseudonyms has no signature: there the state is taken as it is told.
    """
    files, key, told = binder.files, binder.fingerprint, binder.manifest
    state, text = state_in(files), files.get(layout.SIGNATURE_OF_ANSWERS)
    if state is None:
        yield Fault(layout.SIGNATURE_STATE, "cannot be read as the state of a signature")
        return
    if json.loads(files[layout.SIGNATURE_STATE]) != told.get("attestation"):
        yield Fault(MANIFEST, f"says otherwise than {layout.SIGNATURE_STATE} who signed")
    if isinstance(state, Signed) and text is None and told.get("pseudonyms") is not True:
        yield Fault(layout.SIGNATURE_OF_ANSWERS, "is missing, though the answers are said to be signed")
    found = signature_of(text) if text is not None else _told(state) if isinstance(state, Signed) else None
    if found is not None and found.key != key:
        yield Fault(
            layout.SIGNATURE_STATE if text is None else layout.SIGNATURE_OF_ANSWERS,
            f"is by another key than the binder: expected {key}, got {found.key}",
        )
    if text is not None:
        yield from _held_against(state, found, files)


def _held_against(state: State, found: Signature | None, files: Mapping[str, bytes]) -> Iterator[Fault]:
    if found is None:
        if not (isinstance(state, Void) and state.signature is None):
            yield Fault(layout.SIGNATURE_OF_ANSWERS, "is no signature by the key that it names")
        return
    names = {**layout.OF_SCORE, layout.TALLIES: f"{layout.SCORE}/{layout.TALLIES}"}
    holds = all(_digest(files.get(target)) == found.digests.get(name) for name, target in names.items())
    if _told(state) != found or (isinstance(state, Signed) and not holds):
        yield Fault(layout.SIGNATURE_STATE, "says otherwise than the signature and the files that are here")


def _told(state: State) -> Signature | None:
    return None if isinstance(state, Unsigned) else state.signature


def _digest(data: bytes | None) -> str | None:
    return sha256(data).hexdigest() if data is not None else None
