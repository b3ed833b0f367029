"""The CEHRT step: the certification ID of the year, since when it was in use, and when it was certified."""

from flask import Blueprint, Response

from scoring.evidence_rules import Step as At
from scoring.findings import CEHRT_ID, NOT_CERTIFIED, NOT_IN_USE
from scoring.model import Severity
from smartapp.attesting.fields import cehrt_entries
from smartapp.attesting.proposed import propose
from smartapp.report.pages import app_page
from smartapp.report.steps import Form
from smartapp.report.words import day
from smartapp.scored import Scored
from smartapp.store import Launch
from smartapp.web.answering import Seen, Step, shown, taken
from smartapp.web.pages import signed_in

routes = Blueprint("cehrt", __name__, url_prefix="/l/<launch_id>")


@routes.get("/cehrt")
@signed_in
def cehrt(launch: Launch) -> Response:
    """The ID and its days, judged by the year's rules."""
    return shown(launch, _STEP)


@routes.post("/cehrt")
@signed_in
def save_cehrt(launch: Launch) -> Response:
    """Keep them."""
    return taken(launch, _STEP)


def _render(seen: Seen, form: Form) -> str:
    rules, period = seen.rules, seen.scored.reading.period
    codes = (NOT_IN_USE.code, NOT_CERTIFIED.code)
    judged = _judged(seen, form)
    found = [one for one in judged.score.findings if one.subject == CEHRT_ID or one.code in codes]
    return app_page(
        "cehrt",
        seen.frame,
        form=form,
        year=rules.year,
        cehrt=rules.gate.cehrt,
        technology=rules.conditions.technology,
        days=(day(period.start), day(period.end)),
        findings=found,
        typed=judged is not seen.scored,
        refused=any(one.severity is Severity.ERROR for one in found),
        products=judged.attestations.products,
        cehrt_id=judged.attestations.cehrt_id,
        places=seen.ready().on(At.CEHRT),
        can=seen.choice.can,
    )


def _judged(seen: Seen, form: Form) -> Scored:
    """The score that the rules judge: with what was typed where that is looked at, else as it is kept."""
    if form.looked is None:
        return seen.scored
    return propose(seen.scored, cehrt_entries(form.fields)).after or seen.scored


_STEP = Step("cehrt", lambda form, _: cehrt_entries(form), _render)
