"""Verifying a binder from its file alone: offline, without a store or a run, and if asked by counting it again."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from smartapp.attesting.signature import signature_of
from smartapp.binder import layout
from smartapp.binder.container import MOST_BYTES, Fault, NoBinder
from smartapp.binder.manifest import Verified, verified
from smartapp.binder.replaying import replay
from smartapp.usecases import UsageError


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying a file. `replayed` None: nobody asked, or it was not whole in the first place.

    `fingerprint` is that of the key which the binder names; `trusted` says whether it was compared with one that came
    by another way. `points` None: the score gives none.
    """

    name: str
    files: int
    faults: tuple[Fault, ...]
    fingerprint: str | None
    trusted: bool
    replayed: bool | None
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
            "replayed": self.replayed,
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
        return Verification(file.name, 0, (found,), None, trusted is not None, None, {})
    faults = (*found.faults, *_of_answers(found))
    replayed = again and not faults
    faults += replay(found) if replayed else ()
    told = {name: found.manifest.get(name) for name in ("run", "period", "points", "attestation", "keep_until")}
    return Verification(
        file.name, len(found.files), faults, found.fingerprint, found.trusted, replayed if again else None, told
    )


def _looked_at(file: Path, trusted: str | None) -> Verified | Fault:
    try:
        if file.stat().st_size > MOST_BYTES:
            return Fault(file.name, f"is larger than a binder can be ({MOST_BYTES} bytes)")
        return verified(file.read_bytes(), trusted)
    except OSError:
        raise UsageError(f"{file}: cannot be read. Name an existing binder.") from None
    except NoBinder as problem:
        return Fault(file.name, str(problem))


def _of_answers(found: Verified) -> Iterator[Fault]:
    """Whether who signed the answers signed what is in the binder, where the binder says so and has the signature."""
    signature, files = found.files.get(layout.SIGNATURE_OF_ANSWERS), found.files
    if signature is None:
        return
    told = signature_of(signature)
    if told is None:
        if _stated(files) != "void":
            yield Fault(layout.SIGNATURE_OF_ANSWERS, "is no signature by the key that it names")
        return
    names = {**layout.OF_SCORE, layout.TALLIES: f"{layout.SCORE}/{layout.TALLIES}"}
    holds = all(_digest(files.get(target)) == told.digests.get(name) for name, target in names.items())
    if holds != (_stated(files) == "signed"):
        yield Fault(layout.SIGNATURE_STATE, "says otherwise than the signature and the files that are here")


def _stated(files: Mapping[str, bytes]) -> str | None:
    try:
        return str(json.loads(files[layout.SIGNATURE_STATE])["state"])
    except (LookupError, ValueError, TypeError):
        return None


def _digest(data: bytes | None) -> str | None:
    return sha256(data).hexdigest() if data is not None else None
