"""What the dashboard is put together from; what takes long is worked out once for the same run, period and answers."""

from datetime import date

from smartapp.ahead.looking_ahead import Periods, periods_of, plan_of
from smartapp.attesting.attestations import as_document
from smartapp.attesting.readiness import readiness
from smartapp.attesting.signing import state_of
from smartapp.kept.publish import answers_in_force, score_place
from smartapp.report.dashboard import Dashboard, NextSteps, next_steps
from smartapp.report.dates import dates_shown
from smartapp.report.periods import periods_shown
from smartapp.report.signature import SignatureShown, signature_shown
from smartapp.scored import Scored
from smartapp.web.chosen import Choice
from smartapp.web.service import Service


def dashboard_of(service: Service, scored: Scored, choice: Choice, today: date) -> Dashboard:
    """Everything beside the score, seen from a day."""
    periods = known_periods(service, scored, choice, today)
    files = readiness(scored, service.store.documents.of(choice.filing))
    return Dashboard(
        periods=periods_shown(periods) if periods else None,
        next=service.remembered.once(("next", choice.key, today), lambda: _next(scored, today)),
        files=(files.filled, files.of),
        dates=dates_shown(scored.reading.rules, choice.period, today),
        signature=signature_of(service, scored, choice),
    )


def signature_of(service: Service, scored: Scored, choice: Choice) -> SignatureShown:
    """Whether somebody signed what is shown, with the answers that are in force, and with the key of this server."""
    key = service.settings.signing_key
    trusted = None if key is None else {key.public.fingerprint}
    return signature_shown(state_of(score_place(scored, choice.run), as_document(answers_in_force(scored)), trusted))


def known_periods(service: Service, scored: Scored, choice: Choice, today: date | None) -> Periods | None:
    """Every period around a score, seen from a day, searched once for the same run and answers."""
    return service.remembered.once(("periods", choice.key, today), lambda: periods_of(scored, today))


def _next(scored: Scored, today: date) -> NextSteps | None:
    plan = plan_of(scored, today)
    return next_steps(plan) if plan else None
