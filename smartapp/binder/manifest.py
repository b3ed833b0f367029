"""A binder's manifest and its signature: what is in it, byte for byte, and by whose key.

The manifest names every other file with its SHA-256; the signature is of the manifest's bytes and stands in a file of
one form. With the container's one form, no byte of a binder is left that nothing covers.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from smartapp.binder.container import CONTAINER, Fault, opened, packed
from smartapp.signing_key import ALGORITHM, PublicKey, SigningKey, public_of_hex
from smartapp.written import as_json

SCHEMA = "pi180/binder/1"
_SIGNATURE_SCHEMA = "pi180/binder-signature/1"
MANIFEST = "09-manifest-and-signature/manifest.json"
SIGNATURE = "09-manifest-and-signature/signature.json"
_UNREADABLE = (ValueError, TypeError, LookupError, RecursionError)


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of looking at a binder; it is whole when nothing is wrong.

    `manifest` is empty where none can be read; `fingerprint` is that of the key which the signature names, None where
    it names none. Whose key it is, only a fingerprint says that came by another way: `trusted` says whether one did.
    """

    faults: tuple[Fault, ...]
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    fingerprint: str | None
    trusted: bool

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def file_rows(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Name, size in bytes and SHA-256 of each file, in the order of their names."""
    return [
        {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()} for name, data in sorted(files.items())
    ]


def sealed(files: Mapping[str, bytes], told: Mapping[str, Any], key: SigningKey) -> bytes:
    """A binder of some files: with their manifest, which `told` goes into, and its signature.

    Raises:
        ValueError: a file's name is not plain, or it is too much.
    """
    manifest = as_json({**told, "schema": SCHEMA, "files": file_rows(files)}).encode()
    signature = _signature_text(manifest, key.public, key.sign(manifest))
    return packed({**files, MANIFEST: manifest, SIGNATURE: signature})


def verified(data: bytes, trusted: str | None = None) -> Verified:
    """Look at a binder by itself: no store, no run, no network.

    Args:
        data: the whole file.
        trusted: the fingerprint that the practice gave out; None compares with none.

    Raises:
        NoBinder: it is no zip.
    """
    files, faults = opened(data)
    if not files:
        return Verified(faults or (Fault(CONTAINER, "is empty"),), {}, {}, None, trusted is not None)
    key, signed = _signer(files)
    manifest = _document(files.get(MANIFEST, b""))
    found = [*faults, *signed, *_differences(files, manifest, {fault.name for fault in faults})]
    if key is not None and trusted not in (None, key.fingerprint):
        found.append(Fault(SIGNATURE, f"is by another key: expected {trusted}, got {key.fingerprint}"))
    return Verified(tuple(found), files, manifest, key.fingerprint if key else None, trusted is not None)


def _signature_text(manifest: bytes, public: PublicKey, signature: bytes) -> bytes:
    document = {
        "schema": _SIGNATURE_SCHEMA,
        "algorithm": ALGORITHM,
        "public_key": public.raw.hex(),
        "fingerprint": public.fingerprint,
        "signs": MANIFEST,
        "sha256": sha256(manifest).hexdigest(),
        "signature": signature.hex(),
    }
    return as_json(document).encode()


def _signer(files: Mapping[str, bytes]) -> tuple[PublicKey | None, list[Fault]]:
    """The key that a binder's signature names, and what is wrong with the signature."""
    if SIGNATURE not in files or MANIFEST not in files:
        return None, [Fault(name, "is missing") for name in (SIGNATURE, MANIFEST) if name not in files]
    told = _document(files[SIGNATURE])
    key, signature = public_of_hex(told.get("public_key")), _bytes(told.get("signature"))
    if key is None or _signature_text(files[MANIFEST], key, signature) != files[SIGNATURE]:
        return key, [Fault(SIGNATURE, f"is not the signature of {MANIFEST} as a binder has it")]
    if not key.signed(files[MANIFEST], signature):
        return key, [Fault(SIGNATURE, f"does not fit {MANIFEST}: one of the two was changed")]
    return key, []


def _differences(files: Mapping[str, bytes], manifest: Mapping[str, Any], known: set[str]) -> Iterator[Fault]:
    """Files that are not as the manifest says, but for those that are known to be damaged."""
    try:
        listed = {str(row["name"]): (row["size"], row["sha256"]) for row in manifest["files"]}
    except _UNREADABLE:
        yield Fault(MANIFEST, "cannot be read as the manifest of a binder")
        return
    if manifest.get("schema") != SCHEMA:
        yield Fault(MANIFEST, f"expected schema {SCHEMA}, got {manifest.get('schema')!r}")
    there = {name: data for name, data in files.items() if name not in (MANIFEST, SIGNATURE)}
    for name in sorted({*listed, *there} - known):
        if name not in there:
            yield Fault(name, "is missing")
        elif name not in listed:
            yield Fault(name, "is not in the manifest: somebody added it")
        elif listed[name] != (len(there[name]), sha256(there[name]).hexdigest()):
            yield Fault(name, "was changed: its SHA-256 is not that of the manifest")


def _document(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except _UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def _bytes(text: object) -> bytes:
    try:
        return bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        return b""
