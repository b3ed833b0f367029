"""The requirements step: must this clinician or this group report, and what would take the category out."""

from flask import Blueprint, Response

from scoring.evidence_rules import Step as At
from scoring.model import Reporter
from smartapp.attesting.attestations import from_document
from smartapp.attesting.attested_eligibility import NOTHING_SAID, Eligible
from smartapp.attesting.fields import requirement_entries
from smartapp.attesting.owed import clinicians_of, owed
from smartapp.report.dates import dates_shown
from smartapp.report.pages import app_page
from smartapp.report.requirements import requirements_shown
from smartapp.report.steps import Form
from smartapp.store import Filing, Launch
from smartapp.web.answering import Seen, Step, shown, taken
from smartapp.web.pages import signed_in
from smartapp.web.service import current_service

routes = Blueprint("requirements", __name__, url_prefix="/l/<launch_id>")


@routes.get("/requirements")
@signed_in
def requirements(launch: Launch) -> Response:
    """Who owes the category, why, and until when something can be done about it."""
    return shown(launch, _STEP)


@routes.post("/requirements")
@signed_in
def save_requirements(launch: Launch) -> Response:
    """Keep what is known of the clinician or the group."""
    return taken(launch, _STEP)


def _render(seen: Seen, form: Form) -> str:
    found = owed(seen.scored, members_of(seen), seen.frame.today)
    return app_page(
        "requirements",
        seen.frame,
        form=form,
        year=seen.rules.year,
        shown=requirements_shown(seen.scored, found),
        dates=dates_shown(seen.rules, seen.scored.reading.period, seen.frame.today),
        places=seen.ready().on(At.REQUIREMENTS),
        can=seen.choice.can,
    )


def members_of(seen: Seen) -> dict[str, Eligible]:
    """What is said of each clinician of a group, each in answers of their own."""
    if seen.choice.reporter.npi is not None:
        return {}
    return {npi: _said_of(seen, npi) for npi in clinicians_of(seen.scored)}


def _said_of(seen: Seen, npi: str) -> Eligible:
    filing = seen.choice.filing
    draft = current_service().drafts.current(Filing(filing.registration, filing.year, filing.tin, npi))
    if draft is not None:
        return from_document(draft.document, "the saved answers", seen.rules).eligible
    before = seen.before_drafts(Reporter(filing.tin, npi))
    return before.eligible if before else NOTHING_SAID


_STEP = Step("requirements", lambda form, _: requirement_entries(form), _render)
