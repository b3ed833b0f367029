"""Verifying a binder from its file alone: offline, without a store or a run, and if asked by counting it again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from smartapp.attesting.signature import signature_of
from smartapp.binder import layout
from smartapp.binder.container import MOST_BYTES, Fault, NoBinder
from smartapp.binder.manifest import Verified, verified
from smartapp.binder.replaying import as_given, replay
from smartapp.binder.signed_answers import faults_of_answers
from smartapp.binder.told import faults_of_manifest, faults_of_names
from smartapp.errors import UsageError


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying a file. `replayed` None: nobody asked, or it was not whole in the first place.

    `fingerprint` is that of the key which the binder names; `trusted` says whether it was compared with one that came
    by another way. `signed_with` is the fingerprint of the key under the answers, None where no signature is here.
    `as_given` are the files that replaying cannot make again. `points` None: the score gives none.
    """

    name: str
    files: int
    faults: tuple[Fault, ...]
    fingerprint: str | None
    trusted: bool
    signed_with: str | None
    replayed: bool | None
    as_given: tuple[str, ...]
    told: Mapping[str, Any]

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def as_document(self) -> dict[str, Any]:
        """What `pi180 verify --json` prints."""
        return {
            "schema": "pi180/verified/1",
            "file": self.name,
            "whole": self.whole,
            "files": self.files,
            "faults": [asdict(fault) for fault in self.faults],
            "fingerprint": self.fingerprint,
            "key_compared": self.trusted,
            "attestation_key": self.signed_with,
            "replayed": self.replayed,
            "as_given": list(self.as_given),
            **self.told,
        }


def verify(file: Path, trusted: str | None = None, *, again: bool = False) -> Verification:
    """Verify a binder.

    Args:
        file: the binder.
        trusted: fingerprint of the practice's key, which came by another way; None compares with none.
        again: whether to count and score it again, which takes longest and is done only where it is whole.

    Raises:
        UsageError: the file cannot be read.
    """
    found = _looked_at(file, trusted)
    if isinstance(found, Fault):
        return Verification(file.name, 0, (found,), None, trusted is not None, None, None, (), {})
    faults = (
        *found.faults,
        *faults_of_manifest(found.manifest, found.fingerprint),
        *faults_of_names(found.files),
        *faults_of_answers(found),
    )
    replayed = again and not faults
    faults += replay(found) if replayed else ()
    told = {name: found.manifest.get(name) for name in ("run", "period", "points", "attestation", "keep_until")}
    return Verification(
        name=file.name,
        files=len(found.files),
        faults=faults,
        fingerprint=found.fingerprint,
        trusted=found.trusted,
        signed_with=_signed_with(found.files),
        replayed=replayed if again else None,
        as_given=as_given(found) if replayed and not faults else (),
        told=told,
    )


def _signed_with(files: Mapping[str, bytes]) -> str | None:
    signature = signature_of(files.get(layout.SIGNATURE_OF_ANSWERS, b""))
    return signature.key if signature else None


def _looked_at(file: Path, trusted: str | None) -> Verified | Fault:
    try:
        if file.stat().st_size > MOST_BYTES:
            return Fault(file.name, f"is larger than a binder can be ({MOST_BYTES} bytes)")
        return verified(file.read_bytes(), trusted)
    except OSError:
        raise UsageError(f"{file}: cannot be read. Name an existing binder.") from None
    except NoBinder as problem:
        return Fault(file.name, str(problem))
