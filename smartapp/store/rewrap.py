"""A new key for what is sealed, while the store is in use: value by value, each only if nobody changed it meanwhile.

Stopped at any point it goes on from there: what the newest key sealed already is passed over.
"""

from dataclasses import dataclass

from sqlalchemy import Table, func, select, update

from smartapp.store.database import Database
from smartapp.store.tables import SEALED, place
from smartapp.store.vault import Vault, VaultError


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many values got the newest key, and how many open with no key that is known."""

    done: int
    unopened: int


def rewrap_all(database: Database, vault: Vault) -> Rewrapped:
    """Seal everything with the newest key. Files stay as they are: each has a key of its own, which is sealed here."""
    done = unopened = 0
    for table, columns in SEALED.items():
        for column in columns:
            for row_id in _older(database, vault, table, column):
                opened = _rewrap(database, vault, table, (row_id, column))
                done, unopened = done + opened, unopened + (not opened)
    return Rewrapped(done, unopened)


def _older(database: Database, vault: Vault, table: Table, column: str) -> list[str]:
    name = vault.newest
    older = func.substr(table.c[column], 1, len(name)) != name
    chosen = select(table.c.id).where(table.c[column].is_not(None), older)
    with database.engine.connect() as connection:
        return list(connection.execute(chosen).scalars())


def _rewrap(database: Database, vault: Vault, table: Table, at: tuple[str, str]) -> bool:
    """Whether the value is sealed with the newest key now, or is gone."""
    row_id, column = at
    with database.writing() as connection:
        sealed = connection.execute(select(table.c[column]).where(table.c.id == row_id)).scalar_one_or_none()
        if sealed is None:
            return True
        try:
            anew = vault.rewrap(sealed, place(table, row_id, column))
        except VaultError:
            return False
        connection.execute(update(table).where(table.c.id == row_id).values({column: anew}))
    return True
