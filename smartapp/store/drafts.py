"""Drafts of a person's answers: whole documents, each a version of its own, never changed afterwards."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select

from smartapp.store.data_keys import DataKeys
from smartapp.store.database import Database
from smartapp.store.errors import StoreError
from smartapp.store.records import Author, Filing
from smartapp.store.tables import aware, draft, naive, place


@dataclass(frozen=True, slots=True)
class Draft:
    """One version of the answers of a filing.

    `number` counts from 1 within the filing. `document` is in the shape that
    `smartapp.attesting.attestations.from_document` reads. `reason` is empty where none was given.
    """

    number: int
    document: Mapping[str, Any]
    by: str
    user: str
    at: datetime
    reason: str


class StaleDraft(StoreError):  # noqa: N818  # the word says it
    """Somebody saved in between; `newest` is what they saved."""

    def __init__(self, newest: Draft | None) -> None:
        super().__init__("Somebody saved other answers in between. Look at theirs, then save yours again.")
        self.newest = newest


class Drafts:
    """Keeps drafts. Answers and who gave them are sealed; the filing is a hash."""

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database, self._keys, self._vault = database, keys, keys.vault

    def current(self, filing: Filing) -> Draft | None:
        """The newest version; None: nothing was saved yet."""
        chosen = select(draft).where(self._of(filing)).order_by(draft.c.number.desc()).limit(1)
        with self._database.engine.connect() as connection:
            row = connection.execute(chosen).one_or_none()
        return None if row is None else self._draft(row)

    def history(self, filing: Filing) -> tuple[Draft, ...]:
        """Every version, the newest first."""
        chosen = select(draft).where(self._of(filing)).order_by(draft.c.number.desc())
        with self._database.engine.connect() as connection:
            rows = connection.execute(chosen).all()
        return tuple(map(self._draft, rows))

    def save(
        self,
        filing: Filing,
        document: Mapping[str, Any],
        by: Author,
        now: datetime,
        based_on: int | None,
        reason: str = "",
    ) -> Draft:
        """Keep a new version.

        Args:
            filing: what the answers are for.
            document: all answers, as JSON values.
            by: who gave them.
            now: when.
            based_on: the number of the version that the person saw and changed; None: there was none.
            reason: why, in the person's words.

        Raises:
            StaleDraft: that is not the newest version any more.
        """
        row_id, number = secrets.token_urlsafe(16), (based_on or 0) + 1
        told = {"document": dict(document), "by": by.name, "user": by.user, "reason": reason}
        values = {
            "id": row_id,
            "registration": filing.registration,
            "year": filing.year,
            "filing": self._keys.name_of(filing),
            "number": number,
            "at": naive(now),
            "sealed": self._vault.seal(told, place(draft, row_id)),
        }
        with self._database.writing() as connection:
            newest = connection.execute(select(func.max(draft.c.number)).where(self._of(filing))).scalar_one()
            if newest == based_on:
                connection.execute(insert(draft).values(values))
                return Draft(number, document, by.name, by.user, now, reason)
        raise StaleDraft(self.current(filing))

    def _of(self, filing: Filing) -> Any:
        return draft.c.filing == self._keys.name_of(filing)

    def _draft(self, row: Row[Any]) -> Draft:
        told = self._vault.open(row.sealed, place(draft, row.id))
        return Draft(row.number, told["document"], told["by"], told["user"], aware(row.at), told["reason"])
