"""Random keys for hashing and signing, one for each purpose, kept sealed in the store.

They are not derived from the store's key: a new store's key then changes neither a hash that rows are found by
nor a signature of the audit trail.
"""

import hashlib
import hmac
import json
import os
from enum import StrEnum

from sqlalchemy import insert, select

from smartapp.store.database import Database
from smartapp.store.records import Filing
from smartapp.store.tables import data_key, place
from smartapp.store.vault import Vault

_BYTES = 32


class Purpose(StrEnum):
    """What a key of the store's own is for; no key serves two purposes."""

    FILING = "filing"
    TRAIL = "trail"


class DataKeys:
    """Gives each purpose its key, made when it is first asked for."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self.vault = database, vault
        self._known: dict[Purpose, bytes] = {}

    def get(self, purpose: Purpose) -> bytes:
        """The 32 bytes for a purpose.

        Raises:
            VaultError: the store's key is not the one that sealed them.
        """
        if purpose not in self._known:
            self._known[purpose] = self._kept(purpose)
        return self._known[purpose]

    def _kept(self, purpose: Purpose) -> bytes:
        bound = place(data_key, purpose)
        with self._database.writing() as connection:
            chosen = select(data_key.c.sealed).where(data_key.c.id == purpose)
            sealed = connection.execute(chosen).scalar_one_or_none()
            if sealed is None:
                sealed = self.vault.seal({"key": os.urandom(_BYTES).hex()}, bound)
                connection.execute(insert(data_key).values(id=purpose, sealed=sealed))
        return bytes.fromhex(self.vault.open(sealed, bound)["key"])

    def name_of(self, filing: Filing) -> str:
        """What rows of a filing are found by: a hash that nobody can make or guess without the key."""
        told = json.dumps([filing.registration, filing.year, filing.tin, filing.npi])
        return hmac.new(self.get(Purpose.FILING), told.encode(), hashlib.sha256).hexdigest()
