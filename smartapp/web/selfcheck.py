"""The self-check before the server listens (R118): what is not as it must be stops the start, one sentence each.

Reading the settings and registrations refused already what they say wrongly; this looks at what they mean here and now.
Whether an EHR's keys can be had is only ever a warning: a server has to start while an EHR is down.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from flask import Flask, Response

from extractors.errors import ExtractionError, StagingError
from extractors.staging.private import temporary_place
from smartapp.settings import SettingsError
from smartapp.smart.errors import SmartError
from smartapp.smart.issuers import Registration
from smartapp.web.service import Service
from smartapp.web.worker import has_worker

SLACK = timedelta(minutes=1)
"""How far a clock may be set back between two starts without being wrong."""


class Weight(StrEnum):
    """What follows from a check."""

    FINE = "ok"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `text` says what is wrong and what to do, or that nothing is."""

    what: str
    weight: Weight
    text: str


def checks_of(app: Flask, service: Service) -> tuple[Check, ...]:
    """Everything that can be looked at without a network."""
    registrations = [ehr.registration for ehr in service.launching.ehrs.values()]
    folders = (check for one in registrations for check in _folders(one))
    served = (_settings(service), _debugging(app), _cookies(service), _clock(service), _temporary())
    return (*served, *folders, _worker(service))


def reach(service: Service) -> Iterator[Check]:
    """Whether each EHR's sign-in and keys can be had now."""
    for name, ehr in service.launching.ehrs.items():
        try:
            ehr.discovery.keys(service.clock())
            yield Check(f"EHR {name}", Weight.FINE, "its sign-in and its keys can be had")
        except (SmartError, ExtractionError) as problem:
            yield Check(f"EHR {name}", Weight.WARNING, f"nobody can sign in there now: {problem}")


def refuse(checks: tuple[Check, ...]) -> None:
    """Stop the start where anything is refused.

    Raises:
        SettingsError: it names the first of them.
    """
    for check in checks:
        if check.weight is Weight.REFUSED:
            raise SettingsError(f"{check.what}: {check.text}")


def _settings(service: Service) -> Check:
    """That they were read says that address, key, proxies and data folder are as they must be."""
    place, proxies = service.settings.address, service.settings.proxies
    return Check("settings", Weight.FINE, f"{place} behind {proxies} proxies; key, data folder and store can be used")


def _debugging(app: Flask) -> Check:
    told = app.debug or app.testing or app.config["PROPAGATE_EXCEPTIONS"]
    if told:
        return Check("debugging", Weight.REFUSED, "is on, and would show what no browser may see. Unset FLASK_DEBUG.")
    return Check("debugging", Weight.FINE, "is off")


def _cookies(service: Service) -> Check:
    """What a browser would be given, for each registration."""
    for ehr in service.launching.ehrs.values():
        answer = Response()
        service.sessions.keep(answer, "self-check", "value", ehr.registration)
        if lacking := _lacking(answer.headers["Set-Cookie"], secure=service.settings.place.scheme == "https"):
            return Check("cookies", Weight.REFUSED, f"a session's cookie lacks {', '.join(lacking)}.")
    return Check("cookies", Weight.FINE, "sessions are kept as they must be")


def _lacking(cookie: str, *, secure: bool) -> list[str]:
    needed = ["HttpOnly", "SameSite=", *(["Secure", "__Host-", "Path=/"] if secure else [])]
    return [one for one in needed if one not in cookie]


def _clock(service: Service) -> Check:
    """A clock that is behind what was already written would let permissions live too long, and disorder the trail."""
    if service.trail.rows(since=service.clock() + SLACK):
        text = "this machine's clock is behind the newest row of the audit trail. Set the clock, then start again."
        return Check("clock", Weight.REFUSED, text)
    return Check("clock", Weight.FINE, "is not behind the audit trail")


def _temporary() -> Check:
    """Rows of runs that are opened lie there, and files while they come in."""
    try:
        return Check("temporary folder", Weight.FINE, f"{temporary_place()} can be written")
    except StagingError as problem:
        return Check("temporary folder", Weight.REFUSED, str(problem))


def _folders(registration: Registration) -> Iterator[Check]:
    """Runs that are made here need a place; an export may be missing for a while."""
    at = f"registration {registration.id}"
    makes_runs = registration.source is not None or registration.offline
    if makes_runs and not _may_write(registration.runs):
        text = f"{registration.runs.parent} cannot be written, and runs are to be made there. Give pi180 the folder."
        yield Check(at, Weight.REFUSED, text)
    if registration.source is not None and not registration.source.is_dir():
        yield Check(at, Weight.WARNING, f"{registration.source}: there is no export there yet.")


def _may_write(folder: Path) -> bool:
    """Whether a folder can be written, or made."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _worker(service: Service) -> Check:
    if service.settings.workers or has_worker(service):
        return Check("worker", Weight.FINE, "runs beside the server" if service.settings.workers else "is running")
    return Check("worker", Weight.WARNING, "none is running: start pi180 worker --settings FILE as well.")
