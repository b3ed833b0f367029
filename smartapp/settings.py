"""The settings of `pi180 serve`: read strictly, checked whole, and refused while anything is missing.

A server that starts half-configured fails in front of a clinician, or worse, does not fail. So everything
that can be known at the start is checked there (security requirement R118): the address, the key, the data folder, the
number of proxies, every registration with its secrets and folders.
"""

import base64
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extractors.errors import LinkRefused
from extractors.places import Place, place_of
from extractors.strict_toml import check_keys, read_toml
from smartapp.errors import Mendable, UsageError
from smartapp.signing_key import SigningKey, read_signing_key

_KEYS: dict[str, Any] = {
    "address": str,
    "listen": str,
    "proxies": int,
    "data": str,
    "issuers": str,
}
_OPTIONAL: dict[str, Any] = {"key_file": str, "key_env": str, "scan": list, "workers": int, "signing_key": str}
KeySource = Callable[[], tuple[bytes, ...]]
"""Gives the store's keys as they are at present, the newest first."""
_KEY_BYTES = 32
_FEWEST_DISTINCT = 16  # of 32 random bytes fewer distinct ones are all but impossible; typed ones are common
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SettingsError(Mendable):
    """Settings or a registration cannot be used as written; the message says where, expected, got, what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where pi180 answers and keeps things.

    `address` is what browsers see, without a path or a slash at its end; `host` and `port` are listened on.
    `proxies` is the exact number of reverse proxies in front. `key` encrypts what is secret in the store; `keys` gives
    it and the older ones that still open something, also after a change while the server runs; None: there are none.
    `scan` is a command that gets each uploaded file on its standard input and ends with 0 if it may be kept; empty:
    none. `workers` that run beside the server, in its process: one, or none where `pi180 worker` does the work.
    `signing_key` is the practice's own key, with which people sign in the app; None: nobody can.
    """

    address: str
    host: str
    port: int
    proxies: int
    data: Path
    issuers: Path
    key: bytes = field(repr=False)
    keys: KeySource | None = field(default=None, repr=False)
    scan: tuple[str, ...] = ()
    workers: int = 1
    signing_key: SigningKey | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        """The address, parsed."""
        return place_of(self.address)


def load_settings(path: Path) -> Settings:
    """Read a settings file; paths in it are relative to its folder.

    Raises:
        SettingsError: anything is missing, unknown, contradictory, or readable by others.
    """
    _, document = read_toml(path, "server settings", SettingsError)
    check_keys(document, _KEYS, _OPTIONAL, path.name, SettingsError)
    keys = _key_source(document, path)
    address, (host, port) = _address(document["address"], path.name), _listen(document["listen"], path.name)
    return Settings(
        address=address,
        host=host,
        port=port,
        proxies=_proxies(document["proxies"], place_of(address), path.name),
        data=_data(path.parent / document["data"], path.name),
        issuers=path.parent / document["issuers"],
        key=keys()[0],
        keys=keys,
        scan=_scan(document.get("scan", []), path.name),
        workers=_workers(document.get("workers", 1), path.name),
        signing_key=_signing_key(path, document.get("signing_key")),
    )


def _address(text: str, at: str) -> str:
    try:
        place = place_of(text)
    except LinkRefused as problem:
        raise SettingsError(f"{at}, address: {problem} Plain http is for this machine alone.") from None
    if place.segments or "?" in text or "#" in text:
        raise SettingsError(
            f"{at}, address: expected scheme and host without a path, such as https://pi180.example.org."
        )
    return text.rstrip("/")


def _listen(text: str, at: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{at}, listen: expected an address and port such as 127.0.0.1:8180, got {text!r}.")
    return host.strip("[]"), int(port)


def _proxies(number: int, place: Place, at: str) -> int:
    if number < 0 or (number == 0 and place.scheme == "https"):
        raise SettingsError(
            f"{at}, proxies: expected how many reverse proxies stand in front, got {number}. pi180 ends no TLS itself: "
            "an https address needs at least 1."
        )
    return number


def _workers(number: int, at: str) -> int:
    if number not in (0, 1):
        raise SettingsError(
            f"{at}, workers: expected 1, or 0 where pi180 worker runs as a process of its own, got {number}."
        )
    return number


def _signing_key(settings: Path, named: str | None) -> SigningKey | None:
    try:
        return read_signing_key(settings.parent / named) if named is not None else None
    except UsageError as problem:
        raise SettingsError(f"{settings.name}, signing_key: {problem}") from None


def _data(folder: Path, at: str) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise SettingsError(f"{at}, data: {folder} cannot be made. Name a folder that can be written.") from None
    if folder.stat().st_mode & _OTHERS:
        raise SettingsError(f"{at}, data: {folder} is open to others. Close it: chmod 700 {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"{at}, data: {folder} cannot be written.")
    return folder


def read_secret(path: Path) -> str:
    """The text of a file that only its owner may read.

    Raises:
        SettingsError: it is missing, empty, or open to others.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path}: expected a secret in a text file, but it cannot be read.") from None
    if mode & _OTHERS:
        raise SettingsError(f"{path}: holds a secret and is open to others. Close it: chmod 600 {path}")
    if not text:
        raise SettingsError(f"{path}: expected a secret, got an empty file.")
    return text


def new_key() -> str:
    """A fresh key as it stands in a key file."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()


def read_key(path: Path) -> bytes:
    """The newest key of a file, by which new secrets are encrypted.

    Raises:
        SettingsError: as `read_keys`.
    """
    return read_keys(path)[0]


def read_keys(path: Path) -> tuple[bytes, ...]:
    """The store's keys in a file, one a line, the newest first: each 32 random bytes in base64url.

    Raises:
        SettingsError: one is no such key, or one that somebody typed.
    """
    return _keys_in(read_secret(path), str(path))


class KeyFile:
    """The keys of a file, read again whenever it was changed: keys are changed while the server runs (R96)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, ...] = ()
        self._keys: tuple[bytes, ...] = ()

    def __call__(self) -> tuple[bytes, ...]:
        """The keys as they are now.

        Raises:
            SettingsError: as `read_keys`, and when the file is gone.
        """
        try:
            told = self.path.stat()
        except OSError:
            raise SettingsError(f"{self.path}: expected the store's key, but it cannot be read.") from None
        seen = (told.st_mtime_ns, told.st_ino, told.st_size)
        if seen != self._seen:
            self._keys, self._seen = read_keys(self.path), seen
        return self._keys


def _key_source(document: Mapping[str, Any], settings: Path) -> KeySource:
    if "key_file" in document and "key_env" in document:
        raise SettingsError(f"{settings.name}: 'key_file' and 'key_env' both name the store's key. Take one out.")
    if "key_file" not in document and "key_env" not in document:
        raise SettingsError(f"{settings.name}: 'key_file' is missing. Add it.")
    if "key_file" in document:
        return KeyFile(settings.parent / document["key_file"])
    name = document["key_env"]
    keys = _keys_in(os.environ.get(name, ""), f"environment variable {name}")
    return lambda: keys


def _keys_in(text: str, at: str) -> tuple[bytes, ...]:
    keys = tuple(map(_key, text.split()))
    if not keys or any(len(key) != _KEY_BYTES or len(set(key)) < _FEWEST_DISTINCT for key in keys):
        raise SettingsError(
            f"{at}: expected {_KEY_BYTES} random bytes in base64url. Make one: pi180 serve --new FOLDER"
        )
    return keys


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except ValueError:
        return b""


def _scan(words: list[Any], at: str) -> tuple[str, ...]:
    if not all(isinstance(word, str) and word for word in words):
        raise SettingsError(f'{at}, scan: expected a command and its words, such as ["clamdscan", "-"].')
    return tuple(words)
