"""Who may do what here, and who is signed in: for administrators. Whatever they change is audited first."""

from collections.abc import Mapping

from flask import Blueprint, Response, request

from smartapp.people.access import Act, Role
from smartapp.people.granting import NotGranted, granted_by
from smartapp.report.pages import app_page
from smartapp.report.people import people_shown
from smartapp.store import Deed, Launch
from smartapp.web.framing import demand, frame_of
from smartapp.web.pages import check_form, page, signed_in
from smartapp.web.problems import Shown
from smartapp.web.service import Service, current_service, users_of

routes = Blueprint("people", __name__, url_prefix="/l/<launch_id>/people")
_EMPTY: Mapping[str, str] = {}


@routes.get("")
@signed_in
def people(launch: Launch) -> Response:
    """Roles that were given, a form to give one, and who is signed in."""
    demand(launch, Act.MANAGE_PEOPLE)
    return page(_people(launch))


@routes.post("")
@signed_in
def grant(launch: Launch) -> Response:
    """Give a role."""
    service = _changing(launch)
    try:
        granted = granted_by(request.form, service.author(launch).name, service.clock())
    except NotGranted as refused:
        return page(_people(launch, request.form.to_dict(), refused.problems), 400)
    reach = f"{len(granted.tins)} TINs" if granted.tins else "all TINs"
    service.note(Deed.PEOPLE_GRANTED, launch, detail=f"{granted.role} to {granted.user}, {reach}")
    service.store.people.grant(launch.registration, granted)
    return _back(launch)


@routes.post("/revoke")
@signed_in
def revoke(launch: Launch) -> Response:
    """Take a role away, but not one's own administration: nobody might be left to give it back."""
    service = _changing(launch)
    user, role = request.form.get("user", ""), request.form.get("role", "")
    if user in users_of(launch) and role == Role.ADMIN:
        raise Shown(409, "You cannot take your own administration away", "Ask another administrator to do it.")
    if not any((one.user, one.role) == (user, role) for one in service.store.people.all(launch.registration)):
        raise Shown(404, "There is no such role", "Somebody may have taken it away already. Open People again.")
    service.note(Deed.PEOPLE_REVOKED, launch, detail=f"{role} from {user}")
    service.store.people.revoke(launch.registration, user, role)
    return _back(launch)


@routes.post("/end")
@signed_in
def end(launch: Launch) -> Response:
    """End somebody's session, tokens included (R82)."""
    service, named = _changing(launch), request.form.get("session", "")
    sessions = service.launches.signed_in(launch.registration, service.clock())
    session = next((one for one in sessions if one.id == named), None)
    if session is None:
        raise Shown(404, "This session is over", "Open People again to see who is signed in.")
    service.note(Deed.SESSION_ENDED, launch, detail=f"session {session.id}")
    service.token(session).end()
    return _back(launch)


def _changing(launch: Launch) -> Service:
    """Only an administrator's own form goes on."""
    service = current_service()
    check_form(service, launch)
    demand(launch, Act.MANAGE_PEOPLE)
    return service


def _people(launch: Launch, form: Mapping[str, str] = _EMPTY, problems: Mapping[str, str] = _EMPTY) -> str:
    service = current_service()
    registration = service.ehr(launch).registration
    shown = people_shown(
        service.store.people.all(registration.id),
        registration.admins,
        service.launches.signed_in(registration.id, service.clock()),
        launch,
        registration.site.zone_info,
    )
    return app_page("people", frame_of(launch, launch.person), people=shown, form=form, problems=problems)


def _back(launch: Launch) -> Response:
    return Response("", 303, {"Location": f"/l/{launch.id}/people"})
