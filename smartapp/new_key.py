"""Changing the store's key while the server runs (R96).

The new key is written before the others in the key file. The server, which looks at the file whenever it seals or
opens something, writes with it from then on and still reads with the others; meanwhile everything is sealed anew. The
older keys leave the file later and separately: what was on its way in while the file changed may still need them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from smartapp.errors import UsageError
from smartapp.settings import KeyFile, Settings, new_key
from smartapp.store import Store
from smartapp.store.rewrap import Rewrapped, rewrap_all

_AT_REST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ChangedKey:
    """What a change came to: the id of the key that writes now, what was sealed anew, and how many keys still read."""

    name: str
    sealed: Rewrapped
    older: int


def change_key(settings: Settings, store: Store, note: Callable[[str], None]) -> ChangedKey:
    """Begin to use a new key, or go on where an earlier change stopped, and seal everything with it.

    Args:
        settings: of the server; it may be running.
        store: its store.
        note: told the id of the key before anything is changed, for the audit trail.

    Raises:
        UsageError: the keys come from the environment and hold no new one.
    """
    if len(_keys(settings)) == 1:
        _put_before(settings)
    note(f"key {store.vault.newest.hex()} seals from now on")
    return _sealed(settings, store)


def forget_older_keys(settings: Settings, store: Store, note: Callable[[str], None], now: datetime) -> ChangedKey:
    """Seal everything with the newest key, then take the others out of the key file.

    Raises:
        UsageError: there are none, the file was changed within the last minute, or the environment has the keys.
    """
    file = _file(settings)
    changed = datetime.fromtimestamp(file.stat().st_mtime, now.tzinfo)
    if len(_keys(settings)) == 1:
        raise UsageError(f"{file}: holds one key, none to forget.")
    if now - changed < _AT_REST:
        raise UsageError(f"{file}: was changed within the last minute. Wait until the server surely uses the new key.")
    note(f"keys before {store.vault.newest.hex()} are forgotten")
    rewrap_all(store.database, store.vault)
    _write(file, file.read_text(encoding="utf-8").split()[:1])  # what opened with none of them loses nothing by it
    return _sealed(settings, store)


def _keys(settings: Settings) -> tuple[bytes, ...]:
    return settings.keys() if settings.keys else (settings.key,)


def _file(settings: Settings) -> Path:
    if not isinstance(settings.keys, KeyFile):
        raise UsageError(
            "The keys come from the environment. Put a new one before the old one, a blank between, restart the "
            "server, run this again, and take the old one out."
        )
    return settings.keys.path


def _put_before(settings: Settings) -> None:
    file = _file(settings)
    _write(file, [new_key(), *file.read_text(encoding="utf-8").split()])


def _write(file: Path, keys: list[str]) -> None:
    """Replace the key file at once: whoever reads it finds the keys of before or those of now."""
    beside = file.with_name(f"{file.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write("\n".join(keys) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)


def _sealed(settings: Settings, store: Store) -> ChangedKey:
    return ChangedKey(store.vault.newest.hex(), rewrap_all(store.database, store.vault), len(_keys(settings)) - 1)
