"""The settings of `pi180 serve`: read strictly, checked whole, and refused while anything is missing.

A server that starts half-configured fails in front of a clinician, or worse, does not fail. So everything
that can be known at the start is checked there (security requirement R118): the address, the key, the data folder, the
number of proxies, every registration with its secrets and folders.
"""

import base64
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from extractors.errors import LinkRefused
from extractors.places import Place, place_of
from extractors.strict_toml import check_keys, read_toml

_KEYS: dict[str, Any] = {
    "address": str,
    "listen": str,
    "proxies": int,
    "data": str,
    "key_file": str,
    "issuers": str,
}
_KEY_BYTES = 32
_FEWEST_DISTINCT = 16  # of 32 random bytes fewer distinct ones are all but impossible; typed ones are common
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SettingsError(Exception):
    """Settings or a registration cannot be used as written; the message says where, expected, got, what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where pi180 answers and keeps things.

    `address` is what browsers see, without a path or a slash at its end; `host` and `port` are listened on.
    `proxies` is the exact number of reverse proxies in front. `key` encrypts what is secret in the store.
    """

    address: str
    host: str
    port: int
    proxies: int
    data: Path
    issuers: Path
    key: bytes = field(repr=False)

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
    check_keys(document, _KEYS, {}, path.name, SettingsError)
    address, (host, port) = _address(document["address"], path.name), _listen(document["listen"], path.name)
    return Settings(
        address=address,
        host=host,
        port=port,
        proxies=_proxies(document["proxies"], place_of(address), path.name),
        data=_data(path.parent / document["data"], path.name),
        issuers=path.parent / document["issuers"],
        key=read_key(path.parent / document["key_file"]),
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
    """The store's key: 32 random bytes in base64url.

    Raises:
        SettingsError: not such a key, or one that somebody typed.
    """
    try:
        key = base64.b64decode(read_secret(path), altchars=b"-_", validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES or len(set(key)) < _FEWEST_DISTINCT:
        raise SettingsError(
            f"{path}: expected {_KEY_BYTES} random bytes in base64url. Make one: pi180 serve --new FOLDER"
        )
    return key
