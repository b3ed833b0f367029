"""The attestations step: the statements one by one, with what each answer would do before anybody saves it."""

from flask import Blueprint, Response

from smartapp.attesting.attestations import VARIANTS
from smartapp.attesting.consequences import consequences
from smartapp.attesting.fields import answer_entries
from smartapp.report.attesting import Material, attesting
from smartapp.report.pages import app_page
from smartapp.report.steps import Form
from smartapp.store import Launch
from smartapp.web.answering import Seen, Step, restored, shown, taken
from smartapp.web.pages import signed_in
from smartapp.web.service import current_service

routes = Blueprint("attestations", __name__, url_prefix="/l/<launch_id>")


@routes.get("/attestations")
@signed_in
def attestations(launch: Launch) -> Response:
    """Every statement of the year."""
    return shown(launch, _STEP)


@routes.post("/attestations")
@signed_in
def save_attestations(launch: Launch) -> Response:
    """Keep the answers as a new version."""
    return taken(launch, _STEP)


@routes.post("/attestations/restore")
@signed_in
def restore_version(launch: Launch) -> Response:
    """Keep an earlier version as the newest."""
    return restored(launch, _STEP)


def _render(seen: Seen, form: Form) -> str:
    likely = current_service().remembered.once(("consequences", seen.choice.key), lambda: consequences(seen.scored))
    before = seen.before_drafts()
    words = {variant: word for word, variant in VARIANTS.items()}
    material = Material(
        scored=seen.scored,
        likely=likely,
        ready=seen.ready(),
        form=form,
        as_of=seen.frame.today,
        history=seen.history(),
        began=words[before.variant] if before else "include",
    )
    return app_page(
        "attestations",
        seen.frame,
        form=form,
        shown=attesting(material),
        year=seen.rules.year,
        engagement=seen.rules.conditions.engagement,
        can=seen.choice.can,
    )


_STEP = Step("attestations", answer_entries, _render)
