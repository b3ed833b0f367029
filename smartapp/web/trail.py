"""The audit trail of this registration, for auditors and administrators. Looking is itself written down first."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, request

from smartapp.people.access import Act, may
from smartapp.report.pages import app_page
from smartapp.report.trail import trail_shown
from smartapp.store import AuditEvent, Deed, Launch
from smartapp.web.framing import access_of, demand, frame_of
from smartapp.web.pages import page, signed_in
from smartapp.web.service import Service, current_service

routes = Blueprint("trail", __name__, url_prefix="/l/<launch_id>/trail")


@routes.get("")
@signed_in
def trail(launch: Launch) -> Response:
    """The rows of a day, the latest first, of one kind if the address names one."""
    person, service = demand(launch, Act.SEE_TRAIL), current_service()
    day, problem = _day(service, launch)
    deed = next((one for one in Deed if one == request.args.get("deed")), None)
    service.note(Deed.TRAIL_VIEWED, launch, detail=f"{day}{f', {deed}' if deed else ''}")
    with_patients = may(access_of(service, launch, person), Act.SEE_CASES, None)
    rows = [] if problem else _rows(service, launch, day, deed)
    shown = trail_shown(rows, service.ehr(launch).registration.site.zone_info, with_patients=with_patients)
    form = {"day": request.args.get("day", str(day)), "deed": deed or ""}
    html = app_page("trail", frame_of(launch, person), trail=shown, form=form, problem=problem, faults=_faults(launch))
    return page(html, 400 if problem else 200)


def _day(service: Service, launch: Launch) -> tuple[date, str]:
    """The day that is asked for, the clock's if none is, and what is wrong with it, as the ends of the calendar are.

    Rows carry the time of the clock, also where the numbers are looked at as of another day.
    """
    today = service.clock().astimezone(service.ehr(launch).registration.site.zone_info).date()
    try:
        day = date.fromisoformat(request.args.get("day") or str(today))
    except ValueError:
        day = date.max
    if date.min < day < date.max:
        return day, ""
    return today, "Type a day of the calendar as year-month-day, such as 2026-01-31."


def _rows(service: Service, launch: Launch, day: date, deed: Deed | None) -> list[AuditEvent]:
    zone = service.ehr(launch).registration.site.zone_info
    since = datetime.combine(day, time(), zone)
    until = datetime.combine(day + timedelta(1), time(), zone)
    return service.trail.rows(since, until, deed, launch.registration)


def _faults(launch: Launch) -> tuple[str, ...] | None:
    """What does not fit in the chain of this registration; None where nobody asked to look."""
    if "check" not in request.args:
        return None
    service = current_service()
    service.note(Deed.TRAIL_CHECKED, launch)
    found = [one for one in service.trail.faults() if one.registration == launch.registration]
    return tuple(f"Row {one.number}: {one.what}" if one.number else one.what for one in found)
