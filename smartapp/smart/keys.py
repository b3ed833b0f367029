"""A folder of signing keys, and their rotation in the order that loses no token (R33, R34).

`keys.json` says which key signs, which is published ahead and which is on its way out; each private key is a file for
its owner alone; `jwks.json` is what to publish or register. A key is published first, signs once the longest cache of
a key set has passed twice, and its predecessor stays published until caches and assertions are over.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from extractors.decode import Unreadable, read_object
from extractors.sources.crawl_files import write_whole
from smartapp.smart import jose
from smartapp.smart.assertion import (
    ALGORITHMS,
    LIFE_SECONDS,
    SigningKey,
    SigningKeyError,
    load_signing_key,
    public_jwks,
)

STATE, PUBLIC = "keys.json", "jwks.json"
SCHEMA = "pi180/keys/1"
USUAL_CACHE: Final = timedelta(hours=24)
_FOLDER_MODE, _PUBLIC_MODE = 0o700, 0o644
_PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi", "k", "oth")


class Standing(StrEnum):
    """What a key is for at present."""

    NEXT = "next"
    SIGNS = "signs"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Kept:
    """One key: its id, algorithm and standing, and since when it stands so (UTC)."""

    kid: str
    alg: str
    standing: Standing
    since: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one folder.

    `url` is where the public ones are published, None if nobody said; `cache` the longest time for which anybody keeps
    a copy of them.
    """

    folder: Path
    keys: tuple[Kept, ...]
    url: str | None
    cache: timedelta

    def of(self, standing: Standing) -> Kept | None:
        """The key that stands so, None if there is none."""
        return next((key for key in self.keys if key.standing is standing), None)

    @property
    def signs(self) -> Kept:
        """The key that signs now.

        Raises:
            SigningKeyError: there is none.
        """
        found = self.of(Standing.SIGNS)
        if found is None:
            raise SigningKeyError(f"{self.folder}: expected a folder of pi180 keys new, with {STATE}.")
        return found

    def load(self, key: Kept) -> SigningKey:
        """The key itself.

        Raises:
            SigningKeyError: its file is not as it was made, or open to others.
        """
        return load_signing_key(self.folder / f"{key.kid}.jwk", alg=key.alg, kid=key.kid, jku=self.url)

    def public(self) -> dict[str, list[dict[str, str]]]:
        """The key set to publish: every key that may have signed what is still on its way, or will sign next."""
        return {"keys": [one for key in self.keys for one in public_jwks(self.load(key))["keys"]]}


@dataclass(frozen=True, slots=True)
class Step:
    """What a rotation did, and what its operator does next; `due`: when the next step may be done, None: any time."""

    done: str
    next: str
    due: datetime | None = None


def new_ring(folder: Path, alg: str, url: str | None, cache: timedelta, now: datetime) -> Ring:
    """A folder with a first key, which signs at once.

    Raises:
        SigningKeyError: there are keys already, or the algorithm is none of ours.
    """
    if (folder / STATE).exists():
        raise SigningKeyError(f"{folder}: holds keys already. Name a new folder, or rotate them: pi180 keys rotate.")
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(_FOLDER_MODE)
    ring = Ring(folder, (), url, cache)
    return _kept(replace(ring, keys=(_made(ring, alg, Standing.SIGNS, now),)))


def read_ring(folder: Path) -> Ring:
    """The keys of a folder.

    Raises:
        SigningKeyError: it is none of ours, or was changed by hand into something else.
    """
    try:
        said = read_object((folder / STATE).read_bytes())
        keys = tuple(
            Kept(str(k["kid"]), str(k["alg"]), Standing(k["standing"]), datetime.fromisoformat(k["since"]))
            for k in said["keys"]
        )
        cache = timedelta(seconds=int(said["cache_seconds"]))
        ring = Ring(folder, keys, said.get("url"), cache) if said["schema"] == SCHEMA else None
    except (OSError, Unreadable, ValueError, TypeError, KeyError):
        ring = None
    if ring is None:
        raise SigningKeyError(f"{folder}: expected a folder of pi180 keys new, with {STATE}.")
    return ring


def signing_key(place: Path, alg: str | None = None, kid: str | None = None) -> SigningKey:
    """The key to sign with: that of a folder which signs now, or of a PEM or JWK file.

    Args:
        place: a folder of `pi180 keys`, or a file.
        alg: for a file; None: as a JWK says.
        kid: for a file; None: as a JWK says.

    Raises:
        SigningKeyError: it cannot be used; the message says what to do.
    """
    if place.is_dir():
        ring = read_ring(place)
        return ring.load(ring.signs)
    stated = _stated(place)
    return load_signing_key(place, alg=alg or stated.get("alg", ""), kid=kid or stated.get("kid", ""), jku=None)


def rotate(folder: Path, now: datetime, published: frozenset[str] | None = None) -> Step:
    """Go one step on, if its time has come.

    Args:
        folder: of the keys.
        now: aware.
        published: the ids of the keys that the published address shows; None where nobody can look.

    Raises:
        SigningKeyError: the folder or a key in it is not usable.
    """
    ring = read_ring(folder)
    coming, past = ring.of(Standing.NEXT), ring.of(Standing.PAST)
    if past is not None:
        return _retire(ring, past, now)
    if coming is None:
        made = _made(ring, ring.signs.alg, Standing.NEXT, now)
        _kept(replace(ring, keys=(*ring.keys, made)))
        return Step(f"made key {made.kid}", f"publish {PUBLIC} now; it signs later", now + 2 * ring.cache)
    if published is not None and coming.kid not in published:
        _kept(_with(ring, replace(coming, since=now)))
        return Step("nothing", f"{ring.url} does not show key {coming.kid}: publish {PUBLIC}", now + 2 * ring.cache)
    return _take_over(ring, coming, now)


def replace_at_once(folder: Path, now: datetime) -> Step:
    """A new key in place of all others, which may be known to somebody: no token is to be had until it is published.

    Raises:
        SigningKeyError: the folder is not usable.
    """
    ring = read_ring(folder)
    made = _made(ring, ring.signs.alg, Standing.SIGNS, now)
    _kept(replace(ring, keys=(made,)))
    for key in ring.keys:
        (folder / f"{key.kid}.jwk").unlink(missing_ok=True)
    return Step(f"made key {made.kid} and dropped all others", f"publish {PUBLIC} now, and tell the vendor")


def problems(ring: Ring) -> list[str]:
    """What is wrong with a folder of keys, in words for its operator; nothing if it is sound."""
    found = []
    for key in ring.keys:
        try:
            ring.load(key)
        except SigningKeyError as problem:
            found.append(str(problem))
    if not found and _published(ring) != ring.public():
        found.append(f"{ring.folder / PUBLIC}: is not the public half of these keys. Give: pi180 keys jwks --write.")
    return found


def problems_published(ring: Ring, shown: Mapping[str, Any]) -> list[str]:
    """What is wrong with the key set that the published address shows (R33, R126)."""
    keys = [key for key in shown.get("keys") or [] if isinstance(key, dict)]
    kids = [str(key.get("kid")) for key in keys]
    found = [f"key {kid}: stands there twice" for kid in sorted({kid for kid in kids if kids.count(kid) > 1})]
    found += [
        f"key {key.get('kid')}: a PRIVATE key is published. Replace it at once: pi180 keys rotate --compromised"
        for key in keys
        if any(name in key for name in _PRIVATE_MEMBERS)
    ]
    there = {str(key.get("kid")): key for key in keys}
    for ours in ring.public()["keys"]:
        theirs = there.get(ours["kid"])
        if theirs is None:
            found.append(f"key {ours['kid']}: is not there. Publish {PUBLIC}")
        elif any(theirs.get(name) != value for name, value in ours.items()):
            found.append(f"key {ours['kid']}: is another one there. Publish {PUBLIC}")
    return found


def write_public(ring: Ring) -> Path:
    """Write the key set to publish."""
    place = ring.folder / PUBLIC
    write_whole(place, json.dumps(ring.public(), indent=2).encode() + b"\n")
    place.chmod(_PUBLIC_MODE)
    return place


def _retire(ring: Ring, past: Kept, now: datetime) -> Step:
    due = past.since + max(ring.cache, timedelta(seconds=LIFE_SECONDS))
    if now < due:
        return Step("nothing", f"key {past.kid} no longer signs and stays published for a while", due)
    _kept(replace(ring, keys=tuple(key for key in ring.keys if key != past)))
    (ring.folder / f"{past.kid}.jwk").unlink(missing_ok=True)
    return Step(f"dropped key {past.kid}", f"publish {PUBLIC} without it")


def _take_over(ring: Ring, coming: Kept, now: datetime) -> Step:
    due = coming.since + 2 * ring.cache
    if now < due:
        return Step("nothing", f"key {coming.kid} is published and signs later", due)
    after = {Standing.SIGNS: Standing.PAST, Standing.NEXT: Standing.SIGNS}
    keys = tuple(replace(key, standing=after[key.standing], since=now) for key in ring.keys)
    _kept(replace(ring, keys=keys))
    return Step(f"key {coming.kid} signs from now on", "leave the published file as it is", now + ring.cache)


def _made(ring: Ring, alg: str, standing: Standing, now: datetime) -> Kept:
    """A new key in a file of its own."""
    if alg not in ALGORITHMS:
        raise SigningKeyError(f"expected one of {', '.join(ALGORITHMS)}, got {alg!r}.")
    jwk = jose.new_key(alg)
    kid = jose.thumbprint(jwk, alg)
    write_whole(ring.folder / f"{kid}.jwk", json.dumps({**jwk, "kid": kid, "use": "sig", "alg": alg}).encode() + b"\n")
    return Kept(kid, alg, standing, now.astimezone(UTC).replace(microsecond=0))


def _with(ring: Ring, key: Kept) -> Ring:
    return replace(ring, keys=tuple(key if one.kid == key.kid else one for one in ring.keys))


def _kept(ring: Ring) -> Ring:
    """Write down which keys there are, then what to publish."""
    state = {
        "schema": SCHEMA,
        "url": ring.url,
        "cache_seconds": int(ring.cache.total_seconds()),
        "keys": [
            {"kid": k.kid, "alg": k.alg, "standing": str(k.standing), "since": k.since.isoformat()} for k in ring.keys
        ],
    }
    write_whole(ring.folder / STATE, json.dumps(state, indent=2).encode() + b"\n")
    write_public(ring)
    return ring


def _published(ring: Ring) -> Mapping[str, Any]:
    try:
        return read_object((ring.folder / PUBLIC).read_bytes())
    except (OSError, Unreadable):
        return {}


def _stated(place: Path) -> dict[str, str]:
    """The algorithm and id that a JWK states; nothing of a PEM, or of what cannot be read, which is told later."""
    try:
        jwk = read_object(place.read_bytes()) if os.access(place, os.R_OK) else {}
    except (OSError, Unreadable):
        return {}
    return {name: jwk[name] for name in ("alg", "kid") if isinstance(jwk.get(name), str)}
