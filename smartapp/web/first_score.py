"""No score yet: what to do, and the reading of the clinician's own patients, which only she starts.

A worker reads (`work`). It needs `offline_access`, so that she may leave; it keeps its tokens alive, not her session.
"""

from flask import request

from smartapp.long_work import Kind
from smartapp.report.frame import Action, Link
from smartapp.report.jobs import far
from smartapp.store import Job, JobState, Launch, Person
from smartapp.web.problems import STILL, Shown
from smartapp.web.service import Service
from smartapp.web.starting import begin as begin_job
from smartapp.web.starting import is_left, may_begin, may_read, newest, of_year, open_to_begin, year_named

TOLD_EVERY = 5
"""Seconds after which a page about a job that goes on looks again."""

FIRST_LOOK = (
    "A first look, not the practice's score: read with your permission, of the patients under your name, with nothing "
    "attested."
)
_NO_NPI = (
    "The EHR states no NPI for you, so there is no score of your own. Ask the administrator of pi180 in your practice "
    "for a role."
)
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
    job = newest(service, launch, person, Kind.OWN_PATIENTS)
    if job is not None and job.state.live:
        return _going_on(who, job)
    why = f"No run of this practice holds a score for you.{_ended(job)}"
    if not may_read(service, launch):
        return Shown(404, "No score yet", who, why, _EXPORT, _PERMISSION)
    return Shown(404, "No score yet", who, why, _OFFER, _EXPORT, actions=read_actions(service, launch, person))


def _going_on(who: str, job: Job) -> Shown:
    """How far the reading is: looked at again every few seconds, or standing still until its reader asks."""
    if STILL in request.args:
        again = (Link("Look again", request.path),)
        return Shown(200, "Reading your patients", who, f"{far(job)} This page stands still.", links=again)
    still = (Link("Let this page stand still", f"{request.path}?{STILL}=1"),)
    text = f"{far(job)} This page looks again by itself."
    return Shown(200, "Reading your patients", who, text, links=still, wait=TOLD_EVERY)


def read_actions(service: Service, launch: Launch, person: Person) -> tuple[Action, ...]:
    """A button for each year that can be begun: it begins a reading, or goes on with one that was broken off."""
    job = newest(service, launch, person, Kind.OWN_PATIENTS)
    token = service.sessions.form_token(request, launch.id)
    years = open_to_begin(service, launch, person, Kind.OWN_PATIENTS)
    return tuple(
        Action(
            f"{'Go on reading' if is_left(job, year) else 'Read'} my patients{of_year(year, years)}",
            f"/l/{launch.id}/read",
            {"csrf": token, "year": str(year)},
        )
        for year in years
    )


def _ended(job: Job | None) -> str:
    if job is None or job.state is JobState.DONE:
        return ""
    if job.state is JobState.CANCELLED:
        return " The last reading was cancelled."
    is_left_undone = job.state is JobState.INTERRUPTED
    kept = " Whom it had read is kept for a day: it goes on from there." if is_left_undone else ""
    return f" The last reading ended without one: {job.progress.problem or 'the server was stopped'}.{kept}"


def begin(service: Service, launch: Launch, person: Person) -> None:
    """Begin the reading in the background; nothing happens while one of the same clinician is live.

    Raises:
        Shown: it may not begin, or the form names no year that is open.
    """
    if not may_begin(service, launch, person, Kind.OWN_PATIENTS):
        raise no_score(service, launch, person)
    begin_job(service, launch, person, Kind.OWN_PATIENTS, year_named(service, launch, request.form.get("year", "")))
