"""The allow-list of EHRs: who may launch pi180, as what client, and whose runs its users see.

One registration per FHIR base. A launch from a base that is not here is refused before any packet leaves.
Registrations are data (`issuers.toml`); a new EHR needs no Python.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from extractors.errors import LinkRefused
from extractors.gateway import Network
from extractors.places import Place, place_of
from extractors.profile import Profile, load_profile
from extractors.site import Site, load_site
from extractors.strict_toml import check_keys, read_toml
from smartapp.people.access import is_user
from smartapp.settings import SettingsError, read_secret
from smartapp.smart.addresses import base_at, network_at, origin_at, place_at
from smartapp.smart.assertion import SigningKey, load_signing_key
from smartapp.smart.errors import SmartError

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_REQUIRED: dict[str, Any] = {
    "id": str,
    "name": str,
    "iss": str,
    "issuer": str,
    "client_id": str,
    "auth": str,
    "results": str,
}
_OPTIONAL: dict[str, Any] = {
    "secret_file": str,
    "key_file": str,
    "key_id": str,
    "algorithm": str,
    "jwks_url": str,
    "scope_version": str,
    "scopes": list,
    "offline": bool,
    "profile": str,
    "site": str,
    "frame_ancestors": list,
    "hosts": list,
    "aliases": list,
    "networks": list,
    "ca": str,
    "nonce": str,
    "id_token_algorithms": list,
    "admins": list,
    "source": str,
}
_ASYMMETRIC = {"RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384"}
_READS = re.compile(r"^launch/|\.(?:read|r|s|rs)(?:\?.*)?$")
UNFILLED = "the id that the EHR gave to pi180"
"""What a first set of settings holds in place of a client id."""
_SCOPE_VERSIONS = {"v1", "v2"}
_NONCES = {"required", "omitted"}


class ClientAuth(StrEnum):
    """How the client proves itself at the token endpoint. Source: SMART App Launch 2.2, client authentication."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY = "private_key_jwt"


@dataclass(frozen=True, slots=True)
class Registration:
    """One EHR that may launch pi180.

    `iss` is the FHIR base as registered; `issuer` the authorization server as its metadata and id_tokens name
    it, exactly. `hosts` are the hosts that its endpoints may have, `network` the addresses they may have.
    `runs` is where runs of its practice lie. `source` is the folder of the practice's export, from which the app makes
    runs; None: it makes none. It may be missing for a while.
    `scopes` None asks for the minimum that the profile needs. `admins` are the users who may give roles from the start,
    each as its fhirUser (`Practitioner/abc`) or as issuer and subject with a space between.
    """

    id: str
    name: str
    iss: str
    issuer: str
    client_id: str
    auth: ClientAuth
    runs: Path
    site: Site
    profile: Profile
    secret: str | None = field(repr=False)
    key: SigningKey | None = field(repr=False)
    scope_version: Literal["v1", "v2"]
    scopes: tuple[str, ...] | None
    offline: bool
    frame_ancestors: tuple[str, ...]
    hosts: frozenset[str]
    aliases: tuple[str, ...]
    ca: Path | None
    needs_nonce: bool
    id_token_algorithms: tuple[str, ...]
    network: Network = field(default_factory=Network)
    admins: tuple[str, ...] = ()
    source: Path | None = None

    @property
    def first_looks(self) -> Path:
        """Where runs of clinicians' own readings lie, apart from the practice's."""
        return self.runs.with_name("first-looks")

    @property
    def base(self) -> Place:
        """The FHIR base, parsed."""
        return place_of(self.iss)


def load_issuers(path: Path) -> tuple[Registration, ...]:
    """Read every registration.

    Raises:
        SettingsError: one of them is not usable, or two are for the same FHIR base or id.
    """
    _, document = read_toml(path, "registrations of EHRs", SettingsError)
    check_keys(document, {"issuer": list}, {}, path.name, SettingsError)
    found = tuple(
        _registration(entry, path, f"{path.name}, issuer {n}") for n, entry in enumerate(document["issuer"], 1)
    )
    if not found:
        raise SettingsError(f"{path.name}: no [[issuer]]. Register the EHR that launches pi180.")
    for what in ("id", "base"):
        values = [getattr(one, what) for one in found]
        if len(set(values)) < len(values):
            raise SettingsError(f"{path.name}: two registrations have the same {what}. Keep one of them.")
    return found


def registered(registrations: Iterable[Registration], iss: str) -> Registration | None:
    """The registration of an `iss` as a launch names it, None if there is none (R1).

    Compared by its parts: case of scheme and host, default port, one slash at the end do not matter.
    """
    try:
        place = place_of(iss)
    except LinkRefused:
        return None
    if "?" in iss or "#" in iss:
        return None
    return next((one for one in registrations if one.base == place), None)


def _registration(entry: Mapping[str, Any], path: Path, at: str) -> Registration:
    check_keys(entry, _REQUIRED, _OPTIONAL, at, SettingsError)
    if not _ID.fullmatch(entry["id"]):
        raise SettingsError(f"{at}, id: expected small letters, digits and dashes, got {entry['id']!r}.")
    site = load_site(path.parent / entry["site"] if "site" in entry else None, entry.get("profile"))
    if entry["client_id"] == UNFILLED:
        raise SettingsError(f"{at}, client_id: expected the id that the EHR gave to pi180. Fill it in.")
    auth = ClientAuth(_one_of(entry, "auth", {method.value for method in ClientAuth}, at))
    places = [place_at(base_at(entry["iss"], f"{at}, iss"), at), place_at(entry["issuer"], f"{at}, issuer")]
    return Registration(
        id=entry["id"],
        name=entry["name"],
        iss=entry["iss"],
        issuer=entry["issuer"],
        client_id=entry["client_id"],
        auth=auth,
        runs=path.parent / entry["results"] / "runs",
        site=site,
        profile=load_profile(site.profile),
        secret=_secret(entry, auth, path.parent, at),
        key=_key(entry, auth, path.parent, at),
        scope_version="v1" if _one_of(entry, "scope_version", _SCOPE_VERSIONS, at, "v2") == "v1" else "v2",
        scopes=_scopes(entry, at) if "scopes" in entry else None,
        offline=entry.get("offline", False),
        frame_ancestors=tuple(
            origin_at(text, f"{at}, frame_ancestors") for text in _texts(entry, "frame_ancestors", at)
        ),
        hosts=frozenset({place.host for place in places} | {text.lower() for text in _texts(entry, "hosts", at)}),
        aliases=tuple(base_at(text, f"{at}, aliases") for text in _texts(entry, "aliases", at)),
        ca=_authorities(entry, path.parent, at),
        needs_nonce=_one_of(entry, "nonce", _NONCES, at, "required") == "required",
        id_token_algorithms=_algorithms(entry, at),
        network=network_at(_texts(entry, "networks", at), at),
        admins=_admins(entry, at),
        source=_source(entry, path.parent, at),
    )


def _one_of(entry: Mapping[str, Any], name: str, words: set[str], at: str, default: str = "") -> str:
    word: str = entry.get(name, default)
    if word not in words:
        raise SettingsError(f"{at}, {name}: expected one of {', '.join(sorted(words))}, got {word!r}.")
    return word


def _texts(entry: Mapping[str, Any], name: str, at: str) -> tuple[str, ...]:
    found = entry.get(name, [])
    if not all(isinstance(text, str) and text for text in found):
        raise SettingsError(f"{at}, {name}: expected a list of texts.")
    return tuple(found)


def _scopes(entry: Mapping[str, Any], at: str) -> tuple[str, ...]:
    """Scopes of the operator's own choosing, as long as they only read and say who signs in."""
    found = _texts(entry, "scopes", at)
    if wrong := [scope for scope in found if "/" in scope and not _READS.search(scope)]:
        raise SettingsError(f"{at}, scopes: expected scopes that only read, such as user/Task.rs, got {wrong[0]!r}.")
    if not {"openid", "fhirUser"} <= set(found):
        raise SettingsError(f"{at}, scopes: expected openid and fhirUser among them: without, nobody can be signed in.")
    return found


def _admins(entry: Mapping[str, Any], at: str) -> tuple[str, ...]:
    """Users who are no text with blanks around it: such a one would never be met by whoever signs in."""
    found = _texts(entry, "admins", at)
    if wrong := [text for text in found if not is_user(text)]:
        raise SettingsError(
            f"{at}, admins: expected a fhirUser such as Practitioner/abc, or issuer and subject with a space between, "
            f"got {wrong[0]!r}."
        )
    return found


def _secret(entry: Mapping[str, Any], auth: ClientAuth, folder: Path, at: str) -> str | None:
    needed = auth in (ClientAuth.BASIC, ClientAuth.POST)
    if needed != ("secret_file" in entry):
        raise SettingsError(f"{at}, secret_file: {'needed' if needed else 'not used'} with auth = {auth.value!r}.")
    return read_secret(folder / entry["secret_file"]) if needed else None


def _key(entry: Mapping[str, Any], auth: ClientAuth, folder: Path, at: str) -> SigningKey | None:
    needed = auth is ClientAuth.PRIVATE_KEY
    for name in ("key_file", "key_id", "algorithm"):
        if needed != (name in entry):
            raise SettingsError(f"{at}, {name}: {'needed' if needed else 'not used'} with auth = {auth.value!r}.")
    if not needed:
        return None
    try:
        return load_signing_key(
            folder / entry["key_file"], alg=entry["algorithm"], kid=entry["key_id"], jku=entry.get("jwks_url")
        )
    except SmartError as problem:
        raise SettingsError(f"{at}, key_file: {problem}") from None


def _authorities(entry: Mapping[str, Any], folder: Path, at: str) -> Path | None:
    if "ca" not in entry:
        return None
    bundle: Path = folder / entry["ca"]
    if not bundle.is_file():
        raise SettingsError(f"{at}, ca: {bundle} is no file. Name a bundle of certificate authorities (PEM).")
    return bundle


def _source(entry: Mapping[str, Any], folder: Path, at: str) -> Path | None:
    """A folder of its own: what a run leaves must never lie where the next one reads."""
    if "source" not in entry:
        return None
    source: Path = folder / entry["source"]
    results: Path = folder / entry["results"]
    if results.resolve().is_relative_to(source.resolve()):
        raise SettingsError(f"{at}, source: {results} lies in it. Name another folder for results.")
    return source


def _algorithms(entry: Mapping[str, Any], at: str) -> tuple[str, ...]:
    found = _texts(entry, "id_token_algorithms", at) or ("RS256",)
    if not set(found) <= _ASYMMETRIC:
        raise SettingsError(f"{at}, id_token_algorithms: expected some of {', '.join(sorted(_ASYMMETRIC))}.")
    return found
