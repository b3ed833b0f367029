"""The way in: EHR launch, standalone launch, and the EHR's answer (SMART App Launch 2.2).

`GET /launch`, `/launch/<id>/go` and `/cb/<id>` change state, as OAuth has it; they are audited and cannot be forged:
the first begins what only this browser can continue, the others need its cookie, and the last its state as well.
"""

import secrets

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from smartapp.paths import templates
from smartapp.report.frame import Action, Link, Message
from smartapp.smart.launch import LaunchRefused
from smartapp.store import Deed, Launch
from smartapp.web.headers import framed_by
from smartapp.web.problems import Shown, told
from smartapp.web.service import current_service
from smartapp.web.sessions import form_token, is_own_form, is_same

routes = Blueprint("launch", __name__)

_LAUNCH_PARAMETERS = {"iss", "launch"}


@routes.get("/style.css")
def style() -> Response:
    """The one style sheet."""
    return Response((templates() / "style.css").read_bytes(), mimetype="text/css")


@routes.get("/")
def front() -> Response:
    """Where a launch without an EHR's menu starts: one button for each registered EHR (R5)."""
    service = current_service()
    mark = request.cookies.get(service.sessions.start_cookie) or secrets.token_urlsafe(32)
    ehrs = [ehr.registration for ehr in service.launching.ehrs.values()]
    token = form_token(mark)
    actions = tuple(Action(f"Sign in at {e.name}", "/start", {"ehr": e.id, "csrf": token}) for e in ehrs)
    advice = "Or open pi180 from the EHR's own menu: then it also knows the patient in front of you."
    response = told(Message("Promoting Interoperability from your EHR's data", (advice,), actions))
    secure = service.settings.place.scheme == "https"
    response.set_cookie(service.sessions.start_cookie, mark, secure=secure, httponly=True, samesite="Lax")
    return response


@routes.post("/start")
def start() -> Response:
    """A standalone launch, from our own front page in this very browser."""
    service = current_service()
    mark = request.cookies.get(service.sessions.start_cookie, "")
    own = is_same(form_token(mark), request.form.get("csrf", ""))
    if not (mark and own and is_own_form(request, service.settings)):
        service.note(Deed.DENIED, detail="a form that is not ours")
        raise Shown(403, "This sign-in did not start here", "Go to the front page and choose the EHR there.")
    return _by_a_page(*service.launching.begin_standalone(request.form.get("ehr", "")))


@routes.get("/launch")
def launch() -> Response:
    """An EHR launch: `iss` and `launch`, each once (R3)."""
    given = request.args
    if any(len(given.getlist(name)) != 1 for name in _LAUNCH_PARAMETERS):
        current_service().note(Deed.LAUNCH_REFUSED, detail="iss or launch is missing, or stands twice")
        raise Shown(400, "This is not a launch", "The EHR has to name itself (iss) and the launch, each once.")
    return _begun(*current_service().launching.begin(given["iss"], given["launch"]))


def _begun(found: Launch, secret: str) -> Response:
    """Give the browser its cookie, and see at the next step whether it kept it."""
    registration, sessions = current_service().ehr(found).registration, current_service().sessions
    framed_by(registration)
    response = _seen_other(f"/launch/{found.id}/go")
    sessions.make_room(request, response, registration)
    sessions.keep(response, found.id, secret, registration)
    return response


def _by_a_page(found: Launch, secret: str) -> Response:
    """The same for a form: a page that goes on by itself, since browsers hold every redirect of a form to our policy.

    Where an EHR's sign-in leads on to yet other hosts nobody can list.
    """
    begun = _begun(found, secret)
    link = Link("Go on", begun.headers["Location"])
    page = told(Message("Going on to the EHR", ("The EHR now asks who you are.",), links=(link,)))
    page.headers["Refresh"] = f"0; url={link.href}"
    for cookie in begun.headers.get_all("Set-Cookie"):
        page.headers.add("Set-Cookie", cookie)
    return page


@routes.get("/launch/<launch_id>/go")
def go(launch_id: str) -> Response:
    """On to the EHR, if the browser kept the cookie; else a way that needs no cookie in a frame (R16, J3)."""
    service = current_service()
    found = service.sessions.launch_of(request, launch_id)
    if found is None:
        return _offer_new_tab(launch_id)
    framed_by(service.ehr(found).registration)
    return _seen_other(service.launching.authorization_url(found))


@routes.post("/launch/<launch_id>/again")
def again(launch_id: str) -> Response:
    """The same launch in a window of its own."""
    if not is_own_form(request, current_service().settings):
        current_service().note(Deed.DENIED, detail="a form that is not ours")
        raise Shown(403, "This launch did not start here", "Launch pi180 from the EHR again.")
    return _by_a_page(*current_service().launching.begin_again(launch_id))


def _offer_new_tab(launch_id: str) -> Response:
    service = current_service()
    found = service.launches.find(launch_id, service.clock())
    if found is None or found.pending is None:
        raise LaunchRefused("this launch is over")
    framed_by(service.ehr(found).registration)
    why = "This browser does not let pi180 remember you inside the EHR's frame. In a tab of its own it works."
    still = "If this comes up again in the new tab, allow cookies for this site, then launch once more."
    action = Action("Open in a new tab", f"/launch/{launch_id}/again", new_tab=True)
    return told(Message("One more step", (why, still), (action,)))


@routes.route("/cb/<registration_id>", methods=["GET", "POST"])
def callback(registration_id: str) -> Response:
    """The EHR's answer: its state is compared before anything else of it is read (R12, R15)."""
    service, answer = current_service(), request.form if request.method == "POST" else request.args
    found = service.launching.waiting(registration_id, _once(answer, "state"))
    registration = service.ehr(found).registration
    framed_by(registration)
    if service.sessions.launch_of(request, found.id) is None:
        service.note(Deed.SIGN_IN_REFUSED, found, detail="the browser does not hold the launch's cookie")
        return _offer_new_tab(found.id)
    secret = service.launching.finish(found, answer.to_dict(flat=False))
    response = _seen_other(f"/l/{found.id}/")
    service.sessions.keep(response, found.id, secret, registration)
    return response


def _once(answer: MultiDict[str, str], name: str) -> str:
    values = answer.getlist(name)
    return values[0] if len(values) == 1 else ""


def _seen_other(address: str) -> Response:
    return Response("", 303, {"Location": address})
