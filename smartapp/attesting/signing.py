"""Signing what is attested: who stands for which numbers and answers, when and why; and whether that still holds.

A signature freezes what it is of: a copy of it is kept beside the score, as a version of its own. Whatever is written
in the score's place afterwards is compared with what was signed; if anything differs the signature is void, and says
by what. Pages, files and the binder all tell the state by `state_of`.
"""

import errno
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from extractors.sources.crawl_files import digest_of
from smartapp.attesting.signature import (
    SCHEMA,
    STATEMENT,
    Signature,
    Signed,
    Signer,
    State,
    Unsigned,
    Void,
    signature_in,
    signature_of,
)
from smartapp.durable import Files
from smartapp.errors import UsageError
from smartapp.kept.archive import ArchiveError, named_period, open_score
from smartapp.kept.runs import SIGNED_FOLDER
from smartapp.kept.score_files import check_borne_out
from smartapp.scored import Scored
from smartapp.signing_key import SigningKey
from smartapp.written import as_json

SIGNATURE_FILE = "signature.json"
_TALLIES = "tallies.json"
_WHAT = {
    "attestations.json": "the answers",
    _TALLIES: "the counts",
    "cases.csv": "the cases",
    "score.json": "the score",
    "submission.json": "the submission",
}
"""What is signed, by file, in the order in which changes are told."""
_OWNER_ONLY = 0o700
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
_FOREIGN = "signed by a key that is not the practice's"


class NotReadyToSign(UsageError):  # noqa: N818  # the words say it
    """Nobody can stand for what is there; the message says what to mend."""


def sign(place: Path, signer: Signer, key: SigningKey, at: datetime, seen: Mapping[str, str] | None = None) -> Signed:
    """Sign the score in a folder, and keep a copy of what was signed.

    Args:
        place: `runs/<fingerprint>/<period>/<reporter>`.
        signer: who signs.
        key: with which key.
        at: when, with a zone.
        seen: the files that the signer stands for, by name; None: those that are there.

    Raises:
        ArchiveError: the folder does not bear out its numbers, or was written anew meanwhile.
        NotReadyToSign: the input is not whole, the gate is shut, or a required measure is not determinable.
    """
    files = _checked(place, seen or {})
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    folder = _folder(place)
    while True:
        version = max(_versions(folder), default=0) + 1
        told = _document(place, signer, at, version, digests)
        told |= {"public_key": key.public.raw.hex(), "fingerprint": key.public.fingerprint}
        text = as_json({**told, "signature": key.sign(as_json(told).encode()).hex()})
        if _keep(folder, version, {**files, SIGNATURE_FILE: text.encode()}):
            return Signed(signature_in(told))


def state_of(place: Path, answers: Mapping[str, Any] | None = None, trusted: Collection[str] | None = None) -> State:
    """Whether what stands in a score's folder is signed.

    Args:
        place: `runs/<fingerprint>/<period>/<reporter>`; its signatures lie beside it.
        answers: the answers that are in force, as `attestations.as_document` gives them, where they are kept
            elsewhere; None takes those of the folder.
        trusted: fingerprints of the keys that sign for the practice; None: whose key it is is not judged.
    """
    folder = _folder(place)
    versions = _versions(folder)
    if not versions:
        return _elsewhere(place, trusted)
    signature = read_signature(folder / str(max(versions)) / SIGNATURE_FILE)
    if signature is None:
        return Void(None, ("the signature itself was changed",))
    if not _is_trusted(signature, trusted):
        return Void(signature, (_FOREIGN,), changed=False)
    why = [f"{_WHAT[name]} changed" for name in _changed(place, signature)]
    if answers is not None and _digest(as_json(answers)) != signature.digests.get("attestations.json"):
        why = list(dict.fromkeys([f"{_WHAT['attestations.json']} changed", *why]))
    if why:
        return Void(signature, tuple(why))
    later = [one for one in _others(place) if _is_trusted(one, trusted) and _order(one) > _order(signature)]
    return Void(signature, (_superseded(max(later, key=_order)),), changed=False) if later else Signed(signature)


def read_signature(file: Path) -> Signature | None:
    """A signature from its file; None where it cannot be read, or its key did not sign it as it stands."""
    try:
        return signature_of(file.read_bytes())
    except OSError:
        return None


def signature_file(place: Path) -> Path | None:
    """The file of the newest signature beside a score; None where nobody signed."""
    folder = _folder(place)
    versions = _versions(folder)
    return folder / str(max(versions)) / SIGNATURE_FILE if versions else None


def check_ready(scored: Scored) -> None:
    """Whether somebody can stand for a score.

    Raises:
        NotReadyToSign: the answers are of other days, the input is not whole, the gate is shut, or a required measure
            is not determinable.
    """
    if scored.attestations.period not in (None, scored.reading.period):
        raise NotReadyToSign(
            "The answers are of other days than the numbers. Sign those of the days that are attested."
        )
    if scored.reading.faults:
        raise NotReadyToSign("The input is not whole, so that there is nothing to sign. Read it whole, and run again.")
    if scored.score.gate_shut:
        raise NotReadyToSign(
            "The gate is shut: the category would be zero or refused. Mend what pi180 run names first."
        )
    if not scored.score.determinable:
        raise NotReadyToSign(
            "A required measure is not determinable: neither zero nor passed. Enter the EHR report's own totals under "
            "[reported.…] in the attestation file, or claim what truly applies, and run again."
        )


def _checked(place: Path, seen: Mapping[str, str]) -> dict[str, bytes]:
    """The files to sign, which were the same before and after they were held against their run."""
    files = _bytes_of(place)
    with open_score(place) as scored:
        check_ready(scored)
        check_borne_out(scored, place)
    if _bytes_of(place) != files or any(files.get(name) != text.encode() for name, text in seen.items()):
        raise ArchiveError("The score was written anew while it was being signed. Look at it again, and sign again.")
    return files


def _bytes_of(place: Path) -> dict[str, bytes]:
    return {name: file.read_bytes() for name, file in _files(place).items() if file.is_file()}


def _document(place: Path, signer: Signer, at: datetime, version: int, digests: Mapping[str, str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "statement": STATEMENT,
        "version": version,
        "name": signer.name,
        "role": signer.role,
        "reason": signer.reason,
        "signed_at": at.astimezone(UTC).isoformat(timespec="seconds"),
        "run": place.parent.parent.name,
        "period": place.parent.name,
        "reporter": place.name,
        "files": dict(digests),
    }


def _folder(place: Path) -> Path:
    """Beside the score, which is replaced as a whole when it is written anew."""
    return place.parent / SIGNED_FOLDER / place.name


def _versions(folder: Path) -> list[int]:
    return [int(one.name) for one in folder.glob("[0-9]*") if one.name.isdecimal()]


def _files(place: Path) -> dict[str, Path]:
    return {name: (place.parent if name == _TALLIES else place) / name for name in _WHAT}


def _changed(place: Path, signature: Signature) -> list[str]:
    """The files that are not as they were signed, and those that only one side has."""
    return [name for name, file in _files(place).items() if digest_of(file) != signature.digests.get(name)]


def _is_trusted(signature: Signature, trusted: Collection[str] | None) -> bool:
    return trusted is None or signature.key in trusted


def _elsewhere(place: Path, trusted: Collection[str] | None) -> State:
    """Void where other numbers of the same reporter and year were signed, in another run or for other days."""
    found = [one for one in _others(place) if _is_trusted(one, trusted)]
    if not found:
        return Unsigned()
    last = max(found, key=_order)
    what = "the days" if last.run == place.parent.parent.name else "the run"
    return Void(last, (f"{what} changed (signed: {_numbers(last)})",))


def _order(signature: Signature) -> tuple[datetime, str, str]:
    """Which signature of a reporter and year is the later; of two in one second, one and not both."""
    return signature.at, signature.run, signature.period


def _superseded(by: Signature) -> str:
    return f"superseded by what {by.signer.name} signed on {by.at:%B} {by.at.day}, {by.at.year} ({_numbers(by)})"


def _numbers(signature: Signature) -> str:
    return f"run {signature.run[:12]}, {signature.period.replace('--', ' to ')}"


def _others(place: Path) -> Iterator[Signature]:
    """The signatures of other numbers of the same reporter and year, as far as they can be believed."""
    here = named_period(place.parent.name)
    for folder in place.parent.parent.parent.glob(f"*/*/{SIGNED_FOLDER}/{place.name}"):
        period = named_period(folder.parents[1].name)
        if here and period and period.start.year == here.start.year and folder != _folder(place):
            found = (read_signature(folder / str(version) / SIGNATURE_FILE) for version in _versions(folder))
            yield from (one for one in found if one is not None)


def _keep(folder: Path, version: int, files: Mapping[str, bytes]) -> bool:
    """Write a version whole: beside its place, to the disk, then renamed into it. False: somebody took its number."""
    folder.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
    draft, writer = Path(mkdtemp(prefix=".draft-", dir=folder)), Files()
    try:
        for name, data in files.items():
            writer.write(draft / name, data)
        writer.move(draft, folder / str(version))
    except OSError as problem:
        if problem.errno not in _TAKEN:
            raise
        return False
    finally:
        rmtree(draft, ignore_errors=True)
    return True


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
