"""The pages of a launch, all below `/l/<launch id>/`: my score, its measures and basis, this patient, sign out.

Each needs the cookie of that very launch (R83). What is shown is written to the audit trail first.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, g, request

from extractors.sources.search import WrongPatient
from smartapp.people.access import Act, may_see_patient
from smartapp.report.frame import Link, Message
from smartapp.report.glossary import WORDS
from smartapp.report.pages import app_page, basis_page, score_page
from smartapp.report.words import day
from smartapp.store import Deed, Launch, Phase
from smartapp.web.chosen import chosen_score
from smartapp.web.dashboard import dashboard_of
from smartapp.web.first_score import begin
from smartapp.web.framing import access_of, denied, frame_of, known
from smartapp.web.headers import framed_by
from smartapp.web.problems import WAITING, Shown, told
from smartapp.web.service import Service, current_service
from smartapp.web.sessions import is_own_form, is_same
from smartapp.web.starting import job_told

routes = Blueprint("pages", __name__, url_prefix="/l/<launch_id>")

_SIGNED_OUT = (
    "pi180 holds no permission of this launch any more.",
    "Other tabs that you launched stay signed in until you sign out there.",
)
_More = ParamSpec("_More")
_OfLaunch = Callable[Concatenate[Launch, _More], Response]
_View = Callable[..., Response]


def signed_in(view: _OfLaunch[_More]) -> _View:
    """Only for whoever holds this launch's cookie; the answer does not tell whether there is such a launch."""

    @wraps(view)
    def guarded(launch_id: str, *args: _More.args, **kwargs: _More.kwargs) -> Response:
        service = current_service()
        waits = WAITING in request.args  # a page that looks again by itself is not somebody who is there
        launch = (service.sessions.glimpse if waits else service.sessions.launch_of)(request, launch_id)
        if launch is None or launch.phase is not Phase.OPEN:
            service.note(Deed.DENIED, detail=f"a page of a launch that is not this browser's: {request.endpoint}")
            framed_by(*(ehr.registration for ehr in service.launching.ehrs.values()))  # it says only to launch again
            raise Shown(403, "You are not signed in here", "The session is over, or it began in another browser.",
                        "Launch pi180 from the EHR again.")  # fmt: skip
        framed_by(service.ehr(launch).registration)
        g.frame = frame_of(launch, launch.person)
        return view(launch, *args, **kwargs)

    return guarded


@routes.get("/")
@signed_in
def landing(launch: Launch) -> Response:
    """The first page after sign-in. It asks nothing of the EHR, so that it is there at once; the score follows."""
    ehr = current_service().ehr(launch).registration
    links = [Link("My score", f"/l/{launch.id}/score")]
    links += [Link("This patient", f"/l/{launch.id}/patient")] if _patient(launch) else []
    text = f"You are signed in at {ehr.name}. pi180 now reads who you are from the EHR and opens your score."
    response = told(Message("Opening your score", (text,), links=tuple(links), status_word="signed in"))
    response.headers["Refresh"] = f"0; url=/l/{launch.id}/score"
    return response


@routes.get("/score")
@signed_in
def score(launch: Launch) -> Response:
    """The dashboard: what would make the score zero, the score, and what to do next."""
    with chosen_score(launch) as (scored, choice, frame):
        service = current_service()
        board = dashboard_of(service, scored, choice, frame.today or choice.period.end)
        return page(score_page(scored, choice.written, frame, replace(board, job=job_told(service, launch))))


@routes.get("/basis")
@signed_in
def basis(launch: Launch) -> Response:
    """What a score rests on."""
    with chosen_score(launch) as (scored, _, frame):
        return page(basis_page(scored, frame))


@routes.get("/patient")
@signed_in
def patient(launch: Launch) -> Response:
    """What is open for the patient of this launch, read live; for clinicians and staff alone."""
    about = _patient(launch)
    if about is None:
        raise Shown(404, "This launch is about no patient", "Open a chart in the EHR and launch pi180 from there.")
    service = current_service()
    if not may_see_patient(access_of(service, launch, service.person(launch))):
        denied(service, launch, Act.SEE_PATIENT)
    service.note(Deed.PATIENT_VIEWED, launch, about)
    try:
        view = service.patient(launch, about)
    except WrongPatient as problem:
        service.note(Deed.WRONG_PATIENT, launch, about)
        raise Shown(502, "The EHR's answer is not about this patient", str(problem), "Tell your IT.") from None
    return page(app_page("patient", frame_of(launch, service.person(launch)), view=view, as_of=day(view.as_of)))


@routes.get("/help")
@signed_in
def words(launch: Launch) -> Response:
    """How to read the pages, and what their words mean; for whoever is signed in."""
    return page(app_page("help", frame_of(launch, launch.person), words=WORDS))


@routes.post("/read")
@signed_in
def read(launch: Launch) -> Response:
    """Begin to read the clinician's own patients, because she asked for it."""
    service = current_service()
    check_form(service, launch)
    begin(service, launch, known(service, launch))
    return Response("", 303, {"Location": f"/l/{launch.id}/score"})


@routes.post("/sign-out")
@signed_in
def sign_out(launch: Launch) -> Response:
    """End this launch here and at the EHR."""
    service = current_service()
    check_form(service, launch)
    registration = service.ehr(launch).registration
    service.token(launch).end()
    g.frame = None
    response = told(Message("You are signed out", _SIGNED_OUT))
    service.sessions.forget(response, launch.id, registration)
    service.sessions.drop_kept_pages(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def check_form(service: Service, launch: Launch) -> None:
    """Only a form that this very browser was given by us changes anything (R81)."""
    token = service.sessions.form_token(request, launch.id)
    if not (is_same(token, request.form.get("csrf", "")) and is_own_form(request, service.settings)):
        service.note(Deed.DENIED, launch, detail="a form that is not ours")
        raise Shown(403, "This form did not come from here", "Use the button of the page you are signed in with.")


def page(html: str, status: int = 200) -> Response:
    """A whole page as an answer."""
    return Response(html, status, mimetype="text/html")


def _patient(launch: Launch) -> str | None:
    return launch.context.patient if launch.context else None
