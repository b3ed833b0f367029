"""The pages of a launch, all below `/l/<launch id>/`: my score, its measures and basis, this patient, sign out.

Each needs the cookie of that very launch (R83). What is shown is written to the audit trail first.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Blueprint, Response, g, request

from extractors.sources.search import WrongPatient
from smartapp.archive import Kept, latest, open_score
from smartapp.evidence import case_rows
from smartapp.looking_ahead import periods_of
from smartapp.report import Frame, Link, Message, app_page, basis_page, measure_page, score_page
from smartapp.report.words import day, moment
from smartapp.scored import Scored
from smartapp.smart.session import SignInNeeded
from smartapp.store import Deed, Launch, Person, Phase
from smartapp.web.first_score import FIRST_LOOK, begin, no_score
from smartapp.web.headers import framed_by
from smartapp.web.problems import STYLESHEET, WAITING, Shown, told
from smartapp.web.service import Service, current_service
from smartapp.web.sessions import is_own_form, is_same

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
        g.frame = _frame(launch, launch.person)
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
    """The latest run's score of the clinician who is signed in."""
    with own_score(launch) as (scored, kept, frame):
        return page(score_page(scored, kept.written, frame, periods_of(scored, frame.today)))


@routes.get("/measures/<measure>")
@signed_in
def measure(launch: Launch, measure: str) -> Response:
    """The rows behind one measure's numbers."""
    with own_score(launch) as (scored, _, frame):
        try:
            return page(measure_page(scored, case_rows(scored.reading), measure, frame))
        except KeyError:
            raise Shown(404, "There is no such measure", "My score lists the measures that are counted.") from None


@routes.get("/basis")
@signed_in
def basis(launch: Launch) -> Response:
    """What a score rests on."""
    with own_score(launch) as (scored, _, frame):
        return page(basis_page(scored, frame))


@routes.get("/patient")
@signed_in
def patient(launch: Launch) -> Response:
    """What is open for the patient of this launch, read live."""
    about = _patient(launch)
    if about is None:
        raise Shown(404, "This launch is about no patient", "Open a chart in the EHR and launch pi180 from there.")
    service = current_service()
    service.note(Deed.PATIENT_VIEWED, launch, about)
    try:
        view = service.patient(launch, about)
    except WrongPatient as problem:
        service.note(Deed.WRONG_PATIENT, launch, about)
        raise Shown(502, "The EHR's answer is not about this patient", str(problem), "Tell your IT.") from None
    return page(app_page("patient", _frame(launch, service.person(launch)), view=view, as_of=day(view.as_of)))


@routes.post("/read")
@signed_in
def read(launch: Launch) -> Response:
    """Begin to read the clinician's own patients, because she asked for it."""
    service = current_service()
    check_form(service, launch)
    begin(service, launch, _known(service, launch))
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


@contextmanager
def own_score(launch: Launch) -> Iterator[tuple[Scored, Kept, Frame]]:
    """The score that the request names, among those of the signed-in clinician; the newest unless it names one."""
    service = current_service()
    person = _known(service, launch)
    registration = service.ehr(launch).registration
    found = latest(registration.runs, person.npi) if person.npi else ()
    looks = latest(registration.first_looks, person.npi) if person.npi and not found else ()
    if not (found or looks):
        raise no_score(service, launch, person)
    kept = _chosen(found or looks)
    service.note(Deed.SCORE_VIEWED, launch, detail=f"run {kept.fingerprint[:12]}, {request.endpoint}")
    with open_score(kept.place) as scored:
        yield (
            scored,
            kept,
            replace(_frame(launch, person, found or looks, kept), notices=(FIRST_LOOK,) if looks else ()),
        )


def _chosen(found: tuple[Kept, ...]) -> Kept:
    """The score that the request names by its key; the first if it names none."""
    key = request.args.get("score", found[0].key)
    kept = next((one for one in found if one.key == key), None)
    if kept is None:
        raise Shown(404, "There is no such score", "My score opens the newest one.")
    return kept


def _known(service: Service, launch: Launch) -> Person:
    try:
        person = service.person(launch)
    except SignInNeeded as problem:
        raise Shown(403, "The EHR's permission has run out", str(problem)) from None
    if person is None:
        raise Shown(403, "pi180 cannot tell who you are", "The EHR did not say who is signed in, or does not permit "
                    "reading it. Your IT has to grant openid, fhirUser and reading Practitioner to pi180.")  # fmt: skip
    return person


def _frame(launch: Launch, person: Person | None, found: tuple[Kept, ...] = (), shown: Kept | None = None) -> Frame:
    service, home = current_service(), f"/l/{launch.id}"
    registration = service.ehr(launch).registration
    return Frame(
        stylesheet=STYLESHEET,
        home=home,
        user=person.name if person else "Signed in",
        npi=person.npi if person else None,
        ehr=registration.name,
        launched=moment(launch.created.astimezone(registration.site.zone_info)),
        csrf=service.sessions.form_token(request, launch.id),
        has_patient=_patient(launch) is not None,
        others=tuple(_choice(kept, kept is shown) for kept in found) if len(found) > 1 else (),
        today=service.today(registration),
        choice=f"?score={shown.key}" if shown is not None and shown is not found[0] else "",
    )


def _choice(kept: Kept, current: bool) -> Link:
    text = f"TIN {kept.tin or 'not known'}, {day(kept.period.start)} to {day(kept.period.end)}"
    return Link(text, f"score?score={kept.key}", current)
