"""The pages that look ahead from my score: the periods of the year, the plan, and what if.

Values typed into a form are scored and shown, and neither kept nor written down.
"""

from flask import Blueprint, Response, request

from smartapp.ahead.looking_ahead import plan_of, what_if_of
from smartapp.errors import UsageError
from smartapp.people.access import Act
from smartapp.report.pages import periods_page, plan_page, what_if_page
from smartapp.store import Deed, Launch
from smartapp.web.chosen import chosen_score
from smartapp.web.dashboard import known_periods
from smartapp.web.pages import check_form, page, signed_in
from smartapp.web.service import current_service
from smartapp.web.typing_form import typed_in

routes = Blueprint("ahead", __name__, url_prefix="/l/<launch_id>")

_MOST_POINTS = 100


@routes.get("/periods")
@signed_in
def periods(launch: Launch) -> Response:
    """Every performance period around the score, and which one earns more."""
    with chosen_score(launch) as (scored, choice, frame):
        return page(periods_page(scored, known_periods(current_service(), scored, choice, frame.today), frame))


@routes.get("/plan")
@signed_in
def plan(launch: Launch) -> Response:
    """What can still be done, for the points that the address asks for, or the most; it names cases."""
    with chosen_score(launch, Act.SEE_CASES) as (scored, choice, frame):
        current_service().note(Deed.CASES_VIEWED, launch, detail=f"run {choice.fingerprint[:12]}, plan")
        asked = request.args.get("target", type=int)
        target = asked if asked and 0 < asked <= _MOST_POINTS else None
        today = frame.today or scored.reading.period.end
        return page(plan_page(scored, plan_of(scored, today, target), frame))


@routes.get("/what-if")
@signed_in
def suppose(launch: Launch) -> Response:
    """The form, nothing typed yet."""
    with chosen_score(launch) as (scored, _, frame):
        return page(what_if_page(scored, frame))


@routes.post("/supposed")
@signed_in
def what_if(launch: Launch) -> Response:
    """Both scores, and the form as it was sent."""
    check_form(current_service(), launch)
    with chosen_score(launch) as (scored, _, frame):
        form = request.form.to_dict()
        try:
            found = what_if_of(scored, typed_in(form, scored.reading.rules))
        except UsageError as problem:
            return page(what_if_page(scored, frame, form, problem=str(problem)), 400)
        return page(what_if_page(scored, frame, form, found))
