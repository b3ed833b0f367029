"""No score yet: what to do, and the reading of the clinician's own patients, which only she starts.

The reading runs in a thread of the server and needs `offline_access`, so that she may leave; it keeps its
tokens alive, not her session.
"""

import secrets
import threading
from datetime import timedelta

from flask import request

from extractors.errors import ExtractionError
from scoring.errors import RuleError
from smartapp.archive import latest
from smartapp.own_patients import Panel, Told, read_own_patients
from smartapp.report import Action
from smartapp.smart.errors import SmartError
from smartapp.smart.scopes import granted
from smartapp.store import Deed, Launch, Person, ReadingProgress, ReadingState
from smartapp.usecases import UsageError
from smartapp.web.problems import Shown
from smartapp.web.service import READINGS, Service

_TOLD_EVERY = 5
_KEPT_FOR = timedelta(minutes=30)

FIRST_LOOK = (
    "A first look, not the practice's score: read with your permission, of the patients under your name, with nothing "
    "attested."
)
_NO_NPI = "The EHR states no NPI for you, so there is no score of your own. This version has no pages for staff."
_EXPORT = (
    "For the whole practice your IT exports its data and runs: pi180 run --from EXPORT --year YEAR --attestations FILE "
    "--out FOLDER, where FOLDER is the one that this EHR's registration names as results."
)
_PERMISSION = (
    "pi180 could also read your own patients with your permission. For that your IT sets offline = true in this EHR's "
    "registration, and lets the EHR grant offline_access to pi180."
)
_OFFER = (
    "pi180 can read your own patients now, with your permission: everyone whom the EHR lists as seen by you this year, "
    "or with an order of yours. It takes about ten requests a patient; you may leave this page meanwhile."
)


def no_score(service: Service, launch: Launch, person: Person) -> Shown:
    """The page for somebody without a score: how far the reading is, or what to do."""
    who = f"You are signed in as {person.name}" + (f", NPI {person.npi}." if person.npi else ".")
    if person.npi is None:
        return Shown(404, "No score of your own", who, _NO_NPI)
    told = service.readings.progress(launch.registration, person.npi, service.clock())
    if told is not None and told.state is ReadingState.RUNNING:
        far = f"{told.done} of {told.total} patients" if told.total else "looking up your patients"
        return Shown(200, "Reading your patients", who, f"{far}. This page looks again by itself.", wait=_TOLD_EVERY)
    why = f"No run of this practice holds a score for you.{_ended(told)}"
    if not _may_read(service, launch):
        return Shown(404, "No score yet", who, why, _EXPORT, _PERMISSION)
    token = service.sessions.form_token(request, launch.id)
    action = Action("Read my patients", f"/l/{launch.id}/read", {"csrf": token})
    return Shown(404, "No score yet", who, why, _OFFER, _EXPORT, actions=(action,))


def _ended(told: ReadingProgress | None) -> str:
    if told is None or told.state is ReadingState.DONE:
        return ""
    return f" The last reading ended without one: {told.problem or 'the server was stopped'}."


def _may_read(service: Service, launch: Launch) -> bool:
    grant = service.launches.grant(launch.id)
    return grant is not None and grant.refresh_token is not None and granted(grant.scope).offline


def begin(service: Service, launch: Launch, person: Person) -> None:
    """Begin the reading in the background; nothing happens while one of the same clinician runs.

    Raises:
        Shown: it may not begin.
    """
    has_score = person.npi is not None and latest(service.ehr(launch).registration.runs, person.npi)
    if person.npi is None or launch.context is None or has_score or not _may_read(service, launch):
        raise no_score(service, launch, person)
    if service.readings.begin(launch.registration, person.npi, service.clock()):
        service.note(Deed.READING_BEGUN, launch)
        threading.Thread(target=_read, args=(service, launch, person.npi), daemon=True).start()


def _read(service: Service, launch: Launch, npi: str) -> None:
    """The whole reading; however it ends, its end is told."""

    def tell(done: int, total: int, state: ReadingState = ReadingState.RUNNING, problem: str | None = None) -> None:
        service.launches.need(launch.id, service.clock() + _KEPT_FOR)
        told = ReadingProgress(state, done, total, problem)
        service.readings.tell(launch.registration, npi, told, service.clock())

    try:
        tell(0, 0)
        read_own_patients(service.server(launch), _panel(service, launch, npi, tell))
        end, problem = ReadingState.DONE, None
    except (SmartError, ExtractionError, UsageError, RuleError) as failure:
        end, problem = ReadingState.FAILED, str(failure).removesuffix(".")
    except Exception as failure:  # nothing else tells that the thread is gone
        end, problem = ReadingState.FAILED, f"an unexpected {type(failure).__name__}"
    tell(0, 0, end, problem)
    service.note(Deed.READING_ENDED, launch, detail=problem)


def _panel(service: Service, launch: Launch, npi: str, tell: Told) -> Panel:
    registration = service.ehr(launch).registration
    user = launch.context.fhir_user if launch.context else None
    if user is None or not user.startswith("Practitioner/"):
        raise UsageError("the EHR names the signed-in user by no Practitioner")
    return Panel(
        user=user,
        npi=npi,
        pages=service.settings.data / READINGS / secrets.token_hex(8),
        site=registration.site,
        profile=registration.profile,
        granted=granted(service.token(launch).scope()),
        year=service.today(registration).year,
        runs=registration.first_looks,
        tell=tell,
    )
