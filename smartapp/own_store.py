"""The store that a server's settings name, opened with their keys and their scanner."""

import subprocess
from collections.abc import Sequence

from smartapp.settings import Settings
from smartapp.store import Store, Vault, open_store
from smartapp.store.documents import Scan

_SECONDS = 60
_UNSCANNED = "it could not be scanned; ask your IT to look at the setting 'scan'"


def store_of(settings: Settings) -> Store:
    """The store of a server, made when it is not there yet.

    Raises:
        StoreError: it is newer than this product, or sealed with another key.
    """
    keys = settings.keys or (lambda: (settings.key,))
    return open_store(settings.data, Vault(source=keys), scan_with(settings.scan))


def scan_with(command: Sequence[str]) -> Scan | None:
    """A scan by a command that reads the file from its standard input and ends with 0 if it may be kept.

    Whatever else happens, also that the command is missing or takes a minute, refuses the file. None for no command.
    """

    def scan(data: bytes) -> str | None:
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired):
            return _UNSCANNED
        return {0: None, 1: "the scanner objects to it"}.get(done.returncode, _UNSCANNED)

    return scan if command else None
