"""Verbs about the server's store: check, anchor, export-trail, rotate-key, wipe, grant, revoke, people."""

import getpass
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from smartapp.cli.options import DIFFERENT, PLACE, stated_failures
from smartapp.errors import UsageError
from smartapp.new_key import ChangedKey, change_key, forget_older_keys
from smartapp.own_store import store_of
from smartapp.people.access import ASSIGNABLE
from smartapp.printed import console
from smartapp.settings import Settings, load_settings
from smartapp.smart.issuers import Registration, load_issuers
from smartapp.store import Assignment, AuditEvent, Deed, Store
from smartapp.store.anchors import anchor_line, read_anchors, write_anchor
from smartapp.store.audit_fhir import as_audit_event
from smartapp.store.retention import (
    LEAST_YEARS,
    Limits,
    Wiped,
    carry_out,
    everything_of,
    kept_until,
    outlived,
    youngest_year,
)

_SETTINGS = click.option("--settings", type=PLACE, required=True, help="Settings file of the server.")
_REGISTRATION = click.option("--ehr", "registration", required=True, help="Id of the EHR's registration.")
_ROLE = click.option("--role", type=click.Choice([str(role) for role in ASSIGNABLE]), required=True)
_USER = "The EHR's fhirUser (Practitioner/abc), or issuer and subject with a blank between."


@dataclass(frozen=True, slots=True)
class _Kept:
    """An open store with what is around it."""

    settings: Settings
    store: Store
    now: datetime

    def note(self, deed: Deed, detail: str | None = None, registration: str | None = None) -> None:
        """Write to the audit trail, before the deed, as the account of this machine."""
        user = f"local {getpass.getuser()}"
        self.store.trail.add(AuditEvent(deed, registration, user=user, detail=detail), self.now)

    def registrations(self) -> tuple[Registration, ...]:
        """The EHRs that are registered."""
        return load_issuers(self.settings.issuers)

    def known(self, registration: str) -> str:
        """The id of a registration that there is.

        Raises:
            UsageError: there is none.
        """
        ids = [one.id for one in self.registrations()]
        if registration not in ids:
            raise UsageError(f"--ehr: expected one of {', '.join(ids)}, got {registration!r}.")
        return registration


@contextmanager
def _kept(settings: Path) -> Iterator[_Kept]:
    with stated_failures():
        loaded = load_settings(settings)
        with closing(store_of(loaded)) as opened:
            yield _Kept(loaded, opened, datetime.now(UTC))


@click.group()
def store() -> None:
    """Look after what the server keeps: its audit trail, its keys, its people, and how long things stay."""


@store.command()
@_SETTINGS
@click.option("--anchor", type=PLACE, help="File of pi180 store anchor that was kept elsewhere.")
def check(settings: Path, anchor: Path | None) -> None:
    """Check that the audit trail is as it was written: nothing changed, moved, put in or taken out.

    It is compared with the daily anchors in the data folder, and with those of --anchor. Exit code 7 if anything is
    not as it was written.
    """
    with _kept(settings) as kept:
        faults = kept.store.trail.faults(read_anchors(anchor) if anchor else ())
        rows = len(kept.store.trail.links())
        kept.note(Deed.TRAIL_CHECKED, f"{rows} rows, {len(faults)} faults")
        for fault in faults:
            click.echo(f"row {fault.number}: {fault.what}" if fault.number else fault.what)
        if not faults:
            click.echo(f"The audit trail is as it was written: {rows} rows.")
    sys.exit(DIFFERENT if faults else 0)


@store.command()
@_SETTINGS
@click.option("--out", type=PLACE, help="File to add the line to. [default: printed]")
def anchor(settings: Path, out: Path | None) -> None:
    """State the present end of the audit trail's chains in one line, to be kept where the server cannot write."""
    with _kept(settings) as kept:
        heads = kept.store.trail.heads()
        if out is None:
            click.echo(anchor_line(heads, kept.now))
        else:
            write_anchor(out, heads, kept.now)
            console.note(f"{out}: one line for {len(heads)} chains. Keep it where the server cannot write.")


@store.command("export-trail")
@_SETTINGS
@click.option("--out", type=PLACE, required=True, help="File to write; it must not exist.")
@click.option("--format", "form", type=click.Choice(["rows", "fhir"]), default="rows", show_default=True)
def export_trail(settings: Path, out: Path, form: str) -> None:
    """Write the audit trail as NDJSON: its rows with their chain, or FHIR R4 AuditEvent resources."""
    with _kept(settings) as kept:
        kept.note(Deed.EXPORTED, f"audit trail as {form}")
        lines = _RENDERED[form](kept.store)
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        console.note(f"{out}: {len(lines)} rows.")


def _rows(opened: Store) -> list[str]:
    return [json.dumps({**link.told, "code": link.code}) for link in opened.trail.links()]


def _audit_events(opened: Store) -> list[str]:
    return [json.dumps(as_audit_event(row)) for row in opened.trail.rows()]


_RENDERED: dict[str, Callable[[Store], list[str]]] = {"rows": _rows, "fhir": _audit_events}


@store.command("rotate-key")
@_SETTINGS
@click.option("--forget-old", is_flag=True, help="Take the older keys out of the key file, a minute later at least.")
def rotate_key(settings: Path, forget_old: bool) -> None:
    """Change the key that seals what is secret, while the server runs; stopped, it goes on when run again."""
    with _kept(settings) as kept:

        def note(detail: str) -> None:
            kept.note(Deed.KEY_ROTATED, detail)

        if forget_old:
            changed = forget_older_keys(kept.settings, kept.store, note, kept.now)
        else:
            changed = change_key(kept.settings, kept.store, note)
        _tell(changed, settings)


def _tell(changed: ChangedKey, settings: Path) -> None:
    console.note(f"Key {changed.name} seals everything; {changed.sealed.done} values were sealed anew.")
    if changed.sealed.unopened:
        console.note(f"{changed.sealed.unopened} values open with no key that is known, and were left as they are.")
    if changed.older:
        console.note(
            "Older keys still stand in the key file. Keep a copy of them with older backups, then: "
            f"pi180 store rotate-key --forget-old --settings {settings}"
        )


@store.command()
@_SETTINGS
@click.option("--yes", is_flag=True, help="Wipe. Without it, what would be wiped is shown.")
@click.option("--years", type=int, default=LEAST_YEARS, show_default=True, help="Years to keep answers and files.")
@click.option("--first-look-days", type=int, default=30, show_default=True, help="Days to keep first looks.")
@click.option("--everything-of", "whole", help="Id of a registration of which everything goes, however young.")
def wipe(settings: Path, yes: bool, years: int, first_look_days: int, whole: str | None) -> None:
    """Wipe what was kept for long enough; the audit trail is never wiped."""
    with _kept(settings) as kept:
        limits = Limits(years=years, first_look_days=first_look_days)
        chosen = _outlived(kept, limits) if whole is None else _everything(kept, whole)
        for one in chosen:
            click.echo(f"{one.count:>7}  {one.what}")
        if not chosen:
            console.note("Nothing to wipe.")
        elif not yes:
            console.note("Nothing was wiped. To wipe this: the same with --yes")
        else:
            kept.note(Deed.WIPED, "; ".join(f"{one.count} {one.what}" for one in chosen), whole)
            carry_out(kept.store, chosen)
            console.note("Wiped.")


def _outlived(kept: _Kept, limits: Limits) -> tuple[Wiped, ...]:
    looks = {one.first_looks for one in kept.registrations()}
    return outlived(kept.store, kept.settings.data, looks, limits, kept.now)


def _everything(kept: _Kept, registration: str) -> tuple[Wiped, ...]:
    """Of a registration that is no longer there, too."""
    here = [one for one in kept.registrations() if one.id == registration]
    year = youngest_year(kept.store, registration)
    if year is not None and kept.now.date() <= kept_until(year):
        console.note(f"Answers and files of {year} are here. CMS may ask for them until {kept_until(year)}.")
    for one in here:
        console.note(f"Runs of the practice are not wiped here: {one.runs}")
    return everything_of(kept.store, kept.settings.data, registration, [one.first_looks for one in here])


@store.command(help=f"Give somebody a role. USER: {_USER}")
@_SETTINGS
@_REGISTRATION
@_ROLE
@click.option("--name", required=True, help="What people call the user.")
@click.option("--tin", "tins", multiple=True, help="A TIN whose numbers the role reaches. [default: all]")
@click.argument("user")
def grant(settings: Path, registration: str, role: str, name: str, tins: tuple[str, ...], user: str) -> None:  # noqa: D103  # the help says it
    with _kept(settings) as kept:
        if not all(re.fullmatch("[0-9]{9}", tin) for tin in tins):
            raise UsageError("--tin: expected nine digits without dashes.")
        granted = Assignment(user, name, role, tins or None, f"local {getpass.getuser()}", kept.now)
        kept.note(Deed.PEOPLE_GRANTED, f"{role}: {user}", kept.known(registration))
        kept.store.people.grant(registration, granted)
        console.note(f"{user} is {role} now.")


@store.command(help=f"Take a role away. USER: {_USER}")
@_SETTINGS
@_REGISTRATION
@_ROLE
@click.argument("user")
def revoke(settings: Path, registration: str, role: str, user: str) -> None:  # noqa: D103  # the help says it
    with _kept(settings) as kept:
        if role not in [one.role for one in kept.store.people.of(registration, user)]:
            raise UsageError(f"{user} is not {role} at {registration}. See: pi180 store people")
        kept.note(Deed.PEOPLE_REVOKED, f"{role}: {user}", registration)
        kept.store.people.revoke(registration, user, role)
        console.note(f"{user} is not {role} any more.")


@store.command()
@_SETTINGS
@_REGISTRATION
def people(settings: Path, registration: str) -> None:
    """List who has which role."""
    with _kept(settings) as kept:
        for one in kept.store.people.all(kept.known(registration)):
            reach = "all TINs" if one.tins is None else f"{len(one.tins)} TINs"
            click.echo(f"{one.role:<8} {one.user}  {one.label}  {reach}, since {one.at.date()} by {one.by}")
