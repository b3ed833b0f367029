"""The measures of a score: their list, and each down to the cases behind its numbers."""

from flask import Blueprint, Response, request

from scoring.model import MeasureId, Reporter
from smartapp.exclusions import counts_for
from smartapp.opened.drilldown import Asked, NoSuchRows, is_counted, open_measure
from smartapp.people.access import Act, may
from smartapp.report.pages import measure_page, measures_page
from smartapp.store import Deed, Launch
from smartapp.web.chosen import chosen_score
from smartapp.web.framing import access_of, known
from smartapp.web.pages import page, signed_in
from smartapp.web.problems import Shown
from smartapp.web.service import current_service

routes = Blueprint("measures", __name__, url_prefix="/l/<launch_id>")

_NO_MEASURE = "There is no such measure", "Measures and period lists those that are counted."
_NO_ROWS = "There are no such rows", "Open the measure anew, and follow one of its numbers."


@routes.get("/measures")
@signed_in
def measures(launch: Launch) -> Response:
    """Every measure of the year, what it counted and what it earns."""
    with chosen_score(launch) as (scored, _, frame):
        return page(measures_page(scored, frame))


@routes.get("/measures/<measure>")
@signed_in
def measure(launch: Launch, measure: str) -> Response:
    """One measure with the rows behind one of its numbers; cases of patients only for who may see them."""
    service, named = current_service(), MeasureId(measure)
    with chosen_score(launch) as (scored, choice, frame):
        if not is_counted(scored, named):
            raise Shown(404, *_NO_MEASURE)
        with_cases = _sees_cases(launch, counts_for(named, choice.reporter))
        if with_cases:
            service.note(Deed.CASES_VIEWED, launch, detail=f"run {choice.fingerprint[:12]}, {measure[:20]}")
        try:
            opened = service.opened.once((choice.key, named), lambda: open_measure(scored, named))
            return page(measure_page(scored, opened, Asked.of(request.args), frame, with_cases=with_cases))
        except NoSuchRows:
            raise Shown(404, *_NO_ROWS) from None


def _sees_cases(launch: Launch, whose: Reporter) -> bool:
    """Whether this person may see the cases of a measure, which may be those of the whole practice."""
    service = current_service()
    return may(access_of(service, launch, known(service, launch)), Act.SEE_CASES, whose)
