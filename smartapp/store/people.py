"""Who may do what, besides the clinicians whom the EHR names: assignments of roles, by registration."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select

from smartapp.store.database import Database
from smartapp.store.tables import assignment, aware, naive, place
from smartapp.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Assignment:
    """One role of one user.

    `user` is the reference that the EHR calls the user by (`Practitioner/abc`), or issuer and subject with a blank
    between. `role` is a word of `smartapp.people.access`. `tins` None: every TIN of the registration. `by` says
    who granted.
    """

    user: str
    label: str
    role: str
    tins: tuple[str, ...] | None = field(repr=False)
    by: str
    at: datetime


class People:
    """Keeps assignments. Names and TINs are sealed."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    def of(self, registration: str, *users: str) -> tuple[Assignment, ...]:
        """Every assignment of somebody, by each of the ways in which the EHR names the person."""
        return self._found((assignment.c.registration == registration) & assignment.c.user.in_(users))

    def all(self, registration: str) -> tuple[Assignment, ...]:
        """Every assignment of a registration, by user and role."""
        return self._found(assignment.c.registration == registration)

    def grant(self, registration: str, granted: Assignment) -> None:
        """Keep an assignment, in place of an earlier one of the same user and role."""
        row_id = secrets.token_urlsafe(16)
        told = {"label": granted.label, "by": granted.by, "tins": granted.tins}
        values = {
            "id": row_id,
            "registration": registration,
            "user": granted.user,
            "role": granted.role,
            "at": naive(granted.at),
            "sealed": self._vault.seal(told, place(assignment, row_id)),
        }
        with self._database.writing() as connection:
            connection.execute(delete(assignment).where(_one(registration, granted.user, granted.role)))
            connection.execute(insert(assignment).values(values))

    def revoke(self, registration: str, user: str, role: str) -> bool:
        """Take an assignment away; false: there was none."""
        with self._database.writing() as connection:
            return connection.execute(delete(assignment).where(_one(registration, user, role))).rowcount == 1

    def _found(self, chosen: Any) -> tuple[Assignment, ...]:
        ordered = select(assignment).where(chosen).order_by(assignment.c.user, assignment.c.role)
        with self._database.engine.connect() as connection:
            rows = connection.execute(ordered).all()
        return tuple(map(self._assignment, rows))

    def _assignment(self, row: Row[Any]) -> Assignment:
        told = self._vault.open(row.sealed, place(assignment, row.id))
        tins = None if told["tins"] is None else tuple(told["tins"])
        return Assignment(row.user, told["label"], row.role, tins, told["by"], aware(row.at))


def _one(registration: str, user: str, role: str) -> Any:
    return (assignment.c.registration == registration) & (assignment.c.user == user) & (assignment.c.role == role)
