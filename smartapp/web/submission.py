"""The submission step: what is ready, what is missing, and the ways to CMS. pi180 sends nothing there."""

from flask import Blueprint, Response

from smartapp.report import app_page
from smartapp.report.dates import dates_shown
from smartapp.report.submitting import submitting
from smartapp.store import Launch
from smartapp.web.answering import Seen
from smartapp.web.chosen import chosen_score
from smartapp.web.pages import page, signed_in

routes = Blueprint("submission", __name__, url_prefix="/l/<launch_id>")


@routes.get("/submission")
@signed_in
def submission(launch: Launch) -> Response:
    """How far it is."""
    with chosen_score(launch) as (scored, choice, frame):
        seen = Seen(launch, scored, choice, frame)
        dates = dates_shown(seen.rules, scored.reading.period, frame.today)
        return page(
            app_page("submission", frame, shown=submitting(scored, seen.ready()), dates=dates, year=choice.year)
        )
