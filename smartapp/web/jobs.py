"""The page of runs: what is being counted anew and how far it is, with buttons to begin and to cancel.

Nothing of it takes the place of the numbers on the other pages before it is whole.
"""

from flask import Blueprint, Response, request

from smartapp.long_work import Kind
from smartapp.people.access import Act
from smartapp.report.frame import Action, Frame
from smartapp.report.jobs import JobShown, is_any_live, job_shown
from smartapp.report.pages import app_page
from smartapp.store import Job, Launch, Person
from smartapp.web.first_score import TOLD_EVERY, read_actions
from smartapp.web.framing import denied, frame_of, known
from smartapp.web.pages import check_form, page, signed_in
from smartapp.web.problems import STILL, WAITING
from smartapp.web.service import Service, current_service
from smartapp.web.starting import begin, cancel, jobs_of, may_begin, of_year, open_to_begin, year_named, years_open
from smartapp.web.worker import has_worker

routes = Blueprint("jobs", __name__, url_prefix="/l/<launch_id>/runs")

_MOST_SHOWN = 20


@routes.get("")
@signed_in
def runs(launch: Launch) -> Response:
    """Every job that this person may see, and what they may begin."""
    service = current_service()
    person = known(service, launch)
    frame = frame_of(launch, person)
    if "runs" not in frame.offers:
        denied(service, launch, Act.START_RUN)
    shown = [_shown(service, launch, job, frame) for job in jobs_of(service, launch, person)[:_MOST_SHOWN]]
    still = STILL in request.args
    actions = _actions(service, launch, person)
    response = page(app_page("runs", frame, jobs=shown, actions=actions, still=still))
    if is_any_live(shown) and not still:
        response.headers["Refresh"] = f"{TOLD_EVERY}; url={request.path}?{WAITING}=1"
    return response


@routes.post("/start")
@signed_in
def start(launch: Launch) -> Response:
    """Begin to count the practice's export anew; nothing happens while that goes on."""
    service = current_service()
    check_form(service, launch)
    person = known(service, launch)
    if not may_begin(service, launch, person, Kind.PRACTICE):
        denied(service, launch, Act.START_RUN)
    begin(service, launch, person, Kind.PRACTICE, year_named(service, launch, request.form.get("year", "")))
    return _back(launch)


@routes.post("/<job_id>/cancel")
@signed_in
def stop(launch: Launch, job_id: str) -> Response:
    """Ask a job to stop."""
    service = current_service()
    check_form(service, launch)
    job = next((one for one in jobs_of(service, launch, known(service, launch)) if one.id == job_id), None)
    if job is None:
        denied(service, launch, Act.START_RUN)
    cancel(service, launch, job)
    return _back(launch)


def _shown(service: Service, launch: Launch, job: Job, frame: Frame) -> JobShown:
    zone = service.ehr(launch).registration.site.zone_info
    button = Action("Cancel", f"{frame.home}/runs/{job.id}/cancel", {"csrf": frame.csrf})
    return job_shown(job, zone, has_worker=has_worker(service), cancel=button)


def _actions(service: Service, launch: Launch, person: Person) -> tuple[Action, ...]:
    """What may be begun now, with a button for each year that can still be handed in."""
    open_now = open_to_begin(service, launch, person, Kind.PRACTICE)
    return (*read_actions(service, launch, person), *(_anew(service, launch, year) for year in open_now))


def _anew(service: Service, launch: Launch, year: int) -> Action:
    fields = {"csrf": service.sessions.form_token(request, launch.id), "year": str(year)}
    label = f"Count the practice's export anew{of_year(year, years_open(service, launch))}"
    return Action(label, f"/l/{launch.id}/runs/start", fields)


def _back(launch: Launch) -> Response:
    return Response("", 303, {"Location": f"/l/{launch.id}/runs"})
