"""Files that somebody attached as evidence: each encrypted with a key of its own, which the store keeps sealed.

A file lies in the store's folder under a random name. Removing it destroys file and key at once; what stays is
that it was there: name, hash, and who removed it when.
"""

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from smartapp.store.data_keys import DataKeys
from smartapp.store.database import Database
from smartapp.store.errors import StoreError
from smartapp.store.judged import SUFFIXES, DocumentRefused, cleaned, judged
from smartapp.store.records import Author, Filing
from smartapp.store.tables import aware, document, naive, place
from smartapp.store.vault import open_content, seal_content

MOST_DOCUMENTS = 200
"""How many files one filing may have."""

Scan = Callable[[bytes], str | None]
"""Looks into a file before it is kept: None, or why it is refused."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came. `slot` says which evidence it is: a word of the page that takes it. `note` is a person's."""

    slot: str
    name: str
    data: bytes = field(repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that is kept, or was: `removed` None: it is still there.

    `media_type` was judged by the content; `sha256` is of the content as it came, `size` in bytes.
    """

    id: str
    slot: str
    name: str
    note: str
    media_type: str
    size: int
    sha256: str
    by: str
    user: str
    at: datetime
    removed: datetime | None
    removed_by: str | None

    @property
    def download_name(self) -> str:
        """A name for the download that nobody but us chose."""
        return f"{self.slot}-{self.sha256[:8]}{SUFFIXES[self.media_type][0]}"


class Documents:
    """Keeps files. Whoever asks for one says of which filing it is: nobody else's can be reached by its id."""

    def __init__(self, database: Database, keys: DataKeys, folder: Path, scan: Scan | None = None) -> None:
        self._database, self._keys, self._vault = database, keys, keys.vault
        self._folder, self._scan = folder, scan
        folder.mkdir(mode=0o700, exist_ok=True)

    def add(self, filing: Filing, upload: Upload, by: Author, now: datetime) -> Document:
        """Keep a file.

        Raises:
            DocumentRefused: it may not be kept; the message is for whoever attached it.
        """
        name = cleaned(upload.name)
        media_type = judged(name, upload.data)
        self._check_wanted(filing, upload.data)
        row_id, key = secrets.token_hex(16), os.urandom(32)
        told: dict[str, Any] = {
            "slot": upload.slot,
            "name": name,
            "note": upload.note,
            "media_type": media_type,
            "size": len(upload.data),
            "sha256": hashlib.sha256(upload.data).hexdigest(),
            "by": by.name,
            "user": by.user,
        }
        self._write(row_id, seal_content(key, upload.data, _content(row_id)))
        values = {
            "id": row_id,
            "registration": filing.registration,
            "year": filing.year,
            "filing": self._keys.name_of(filing),
            "at": naive(now),
            "sealed": self._vault.seal({**told, "key": key.hex()}, place(document, row_id)),
        }
        with self._database.writing() as connection:
            connection.execute(insert(document).values(values))
        return Document(id=row_id, at=now, removed=None, removed_by=None, **told)

    def of(self, filing: Filing) -> tuple[Document, ...]:
        """Every file that is there, the oldest first."""
        return tuple(one for one in self.history(filing) if one.removed is None)

    def history(self, filing: Filing) -> tuple[Document, ...]:
        """Every file that is or was there, the oldest first."""
        chosen = select(document).where(self._is_of(filing)).order_by(document.c.at, document.c.id)
        with self._database.engine.connect() as connection:
            rows = connection.execute(chosen).all()
        return tuple(map(self._document, rows))

    def find(self, filing: Filing, document_id: str) -> Document | None:
        """One file of a filing; None: unknown, of another filing, or removed."""
        row = self._row(filing, document_id)
        return None if row is None else self._document(row)

    def content(self, filing: Filing, document_id: str) -> bytes | None:
        """A file as it came; None as with `find`.

        Raises:
            VaultError: the kept file was changed.
            StoreError: it is missing.
        """
        row = self._row(filing, document_id)
        if row is None:
            return None
        key = bytes.fromhex(self._vault.open(row.sealed, place(document, row.id))["key"])
        try:
            sealed = (self._folder / row.id).read_bytes()
        except FileNotFoundError:
            raise StoreError("The file is missing from the store's folder. Ask your IT to restore it.") from None
        return open_content(key, sealed, _content(row.id))

    def remove(self, filing: Filing, document_id: str, by: Author, now: datetime) -> bool:
        """Destroy a file and its key, and keep that it was there; false: as None with `find`."""
        row = self._row(filing, document_id)
        if row is None:
            return False
        told = self._vault.open(row.sealed, place(document, row.id)) | {"key": None, "removed_by": by.name}
        values = {"removed": naive(now), "sealed": self._vault.seal(told, place(document, row.id))}
        gone = update(document).where(document.c.id == row.id, document.c.removed.is_(None)).values(values)
        with self._database.writing() as connection:
            removed = connection.execute(gone).rowcount == 1
        (self._folder / row.id).unlink(missing_ok=True)
        return removed

    def _check_wanted(self, filing: Filing, data: bytes) -> None:
        chosen = select(func.count()).where(self._is_of(filing), document.c.removed.is_(None))
        with self._database.engine.connect() as connection:
            held = connection.execute(chosen).scalar_one()
        if held >= MOST_DOCUMENTS:
            raise DocumentRefused(f"There are {MOST_DOCUMENTS} files already. Remove some that are not needed.")
        reason = self._scan(data) if self._scan else None
        if reason is not None:
            raise DocumentRefused(f"The file was refused: {reason}.")

    def _write(self, row_id: str, sealed: bytes) -> None:
        beside = self._folder / f"{row_id}.part"
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self._folder / row_id)

    def _is_of(self, filing: Filing) -> Any:
        return document.c.filing == self._keys.name_of(filing)

    def _row(self, filing: Filing, document_id: str) -> Row[Any] | None:
        mine = self._is_of(filing) & (document.c.id == document_id) & document.c.removed.is_(None)
        with self._database.engine.connect() as connection:
            return connection.execute(select(document).where(mine)).one_or_none()

    def _document(self, row: Row[Any]) -> Document:
        told = {"removed_by": None, **self._vault.open(row.sealed, place(document, row.id))}
        del told["key"]
        removed = None if row.removed is None else aware(row.removed)
        return Document(id=row.id, at=aware(row.at), removed=removed, **told)


def _content(row_id: str) -> str:
    return place(document, row_id, "content")
