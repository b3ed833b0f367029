"""How long things are kept, and how they are wiped (R97, R100).

What supports an attestation is kept for six years from the end of its performance period (42 CFR 414.1390, 414.1400).
The audit trail must last as long (45 CFR 164.316(b)(2)(i)): no wipe takes any of it. A wipe is first drawn up, to be
shown, and then carried out as it was drawn up.
"""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Table, delete, select

from smartapp.store.errors import StoreError
from smartapp.store.launches import over
from smartapp.store.opened import DOCUMENTS, FILE, Store
from smartapp.store.tables import assignment, document, draft, job, launch, naive
from smartapp.store.versions import backups

LEAST_YEARS = 6
"""The shortest time that answers and files may be kept, in years after the end of their performance year."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """For how long things are kept: answers and files in years, the rest in days."""

    years: int = LEAST_YEARS
    first_look_days: int = 30
    job_days: int = 90
    copy_days: int = 30

    def __post_init__(self) -> None:
        if self.years < LEAST_YEARS or min(self.first_look_days, self.job_days, self.copy_days) < 1:
            raise StoreError(f"Keep answers and files for {LEAST_YEARS} years at least, and everything else for a day.")


@dataclass(frozen=True, slots=True)
class Wiped:
    """One kind of thing that a wipe takes: rows of one table by id, and files or folders."""

    what: str
    table: Table | None = None
    ids: tuple[str, ...] = ()
    places: tuple[Path, ...] = ()

    @property
    def count(self) -> int:
        """How many things these are, a document with its file being one."""
        return len(self.ids) or len(self.places)


def kept_until(year: int, limits: Limits = Limits()) -> date:
    """The last day on which answers and files of a performance year must be there."""
    return date(year + limits.years, 12, 31)


def outlived(store: Store, folder: Path, looks: Iterable[Path], limits: Limits, now: datetime) -> tuple[Wiped, ...]:
    """Everything that was kept for long enough.

    Args:
        store: the store.
        folder: the data folder that it lies in.
        looks: folders with runs of clinicians' own readings, the first looks; they may be missing.
        limits: for how long things are kept.
        now: when.
    """
    past, day = naive(now).year - limits.years - 1, timedelta(days=1)
    old_jobs = job.c.ended.is_not(None) & (job.c.ended < naive(now) - limits.job_days * day)
    copies = [copy for copy in backups(folder / FILE) if _age(copy, now) > limits.copy_days * day]
    runs = [run for look in looks for run in look.glob("*") if _age(run, now) > limits.first_look_days * day]
    with store.database.engine.connect() as connection:
        found = (
            _rows(connection, "ended launches", launch, over(now)),
            _rows(connection, "ended jobs", job, old_jobs),
            _rows(connection, f"versions of answers of {past} and before", draft, draft.c.year <= past),
            _documents(connection, f"documents of {past} and before", folder, document.c.year <= past),
            Wiped("files that belong to no document", places=_orphans(connection, folder, now)),
            Wiped("copies of the store from before upgrades", places=tuple(copies)),
            Wiped("first looks", places=tuple(runs)),
        )
    return tuple(one for one in found if one.count)


def everything_of(store: Store, folder: Path, registration: str, looks: Sequence[Path]) -> tuple[Wiped, ...]:
    """Everything of one registration but its part of the audit trail, and but the practice's own runs."""
    with store.database.engine.connect() as connection:
        found = (
            _rows(connection, "launches", launch, launch.c.registration == registration),
            _rows(connection, "jobs", job, job.c.registration == registration),
            _rows(connection, "versions of answers", draft, draft.c.registration == registration),
            _documents(connection, "documents", folder, document.c.registration == registration),
            _rows(connection, "assignments", assignment, assignment.c.registration == registration),
            Wiped("first looks", places=tuple(run for look in looks for run in look.glob("*"))),
        )
    return tuple(one for one in found if one.count)


def youngest_year(store: Store, registration: str) -> int | None:
    """The latest year that a registration has answers or files of; None: it has none."""
    chosen = [select(table.c.year).where(table.c.registration == registration) for table in (draft, document)]
    with store.database.engine.connect() as connection:
        return max((year for one in chosen for year in connection.execute(one).scalars()), default=None)


def carry_out(store: Store, wiped: Iterable[Wiped]) -> None:
    """Take away what was drawn up: first the rows, with the keys of files, then the files, then the room they had."""
    for one in wiped:
        _delete(store, one)
        for place in one.places:
            shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    store.database.compact()


def _rows(connection: Connection, what: str, table: Table, chosen: ColumnElement[bool]) -> Wiped:
    return Wiped(what, table, tuple(connection.execute(select(table.c.id).where(chosen)).scalars()))


def _documents(connection: Connection, what: str, folder: Path, chosen: ColumnElement[bool]) -> Wiped:
    rows = _rows(connection, what, document, chosen)
    return Wiped(what, document, rows.ids, tuple(folder / DOCUMENTS / one for one in rows.ids))


def _orphans(connection: Connection, folder: Path, now: datetime) -> tuple[Path, ...]:
    """Files that an interrupted upload or removal left; a day old, for one may be on its way in right now."""
    there = document.c.removed.is_(None)
    known = set(connection.execute(select(document.c.id).where(there)).scalars())
    files = (folder / DOCUMENTS).glob("*")
    return tuple(file for file in files if file.name not in known and _age(file, now) > timedelta(days=1))


def _age(place: Path, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(place.stat().st_mtime, now.tzinfo)


def _delete(store: Store, one: Wiped) -> None:
    if one.table is None:
        return
    for start in range(0, len(one.ids), _AT_ONCE):
        with store.database.writing() as connection:
            connection.execute(delete(one.table).where(one.table.c.id.in_(one.ids[start : start + _AT_ONCE])))
