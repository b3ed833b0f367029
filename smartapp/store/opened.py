"""The whole store, opened once from its folder."""

from dataclasses import dataclass
from pathlib import Path

from smartapp.store.audit import Trail
from smartapp.store.data_keys import DataKeys, Purpose
from smartapp.store.database import Database
from smartapp.store.documents import Documents, Scan
from smartapp.store.drafts import Drafts
from smartapp.store.errors import StoreError
from smartapp.store.jobs import Jobs
from smartapp.store.launches import Launches
from smartapp.store.people import People
from smartapp.store.vault import Vault, VaultError

FILE, DOCUMENTS, ANCHORS = "pi180.sqlite", "documents", "trail-anchors.jsonl"


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that is kept, by what it is about."""

    database: Database
    vault: Vault
    launches: Launches
    trail: Trail
    drafts: Drafts
    documents: Documents
    people: People
    jobs: Jobs

    def close(self) -> None:
        """Give every connection back to the system."""
        self.database.close()


def open_store(folder: Path, vault: Vault, scan: Scan | None = None) -> Store:
    """The store in a folder, made when it is not there yet.

    Args:
        folder: the data folder of the settings; it exists and is its owner's alone.
        vault: with the store's key.
        scan: looks into each file before it is kept.

    Raises:
        StoreError: it is newer than this product, or was sealed with another key.
    """
    database = Database(folder / FILE)
    keys = DataKeys(database, vault)
    _check_key(keys, folder)
    return Store(
        database=database,
        vault=vault,
        launches=Launches(database, vault),
        trail=Trail(database, keys, folder / ANCHORS),
        drafts=Drafts(database, keys),
        documents=Documents(database, keys, folder / DOCUMENTS, scan),
        people=People(database, vault),
        jobs=Jobs(database, vault),
    )


def _check_key(keys: DataKeys, folder: Path) -> None:
    try:
        keys.get(Purpose.TRAIL)
    except VaultError:
        raise StoreError(
            f"{folder}: the key is not one that this store was sealed with. Give the right key; what to do when it is "
            "lost stands in the how-to about keeping and wiping."
        ) from None
