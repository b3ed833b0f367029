"""Active engagement for a page: the days that are computed for a period, and every request of an agency."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from smartapp.attesting.engagement import Asked, Engagement
from smartapp.attesting.fields import requests_in
from smartapp.report.steps import Form
from smartapp.report.words import day, plural


@dataclass(frozen=True, slots=True)
class RequestShown:
    """One request of an agency: the names of its three fields, and what follows from its days."""

    number: int
    asked: str
    answered: str
    missed: str
    told: str
    late: bool


@dataclass(frozen=True, slots=True)
class LedgerShown:
    """Active engagement of one measure: what is computed for this period."""

    register_by: str
    registered: str
    late: bool
    told: str
    failing: bool
    requests: tuple[RequestShown, ...]


def ledger_shown(engaged: Engagement, form: Form, as_of: date | None) -> LedgerShown:
    """One measure of the ledger, with a place for one request more.

    Args:
        engaged: what is known and computed.
        form: what was typed, which stands in the fields again.
        as_of: the day on which it is looked at; None judges no open request.
    """
    failing = engaged.failed >= engaged.fails_at
    told = f"{plural(engaged.failed, 'request', 'requests')} of this period not answered in time; "
    told += f"{engaged.fails_at} turn level 1 to not met."
    return LedgerShown(
        register_by=day(engaged.register_by),
        registered=day(engaged.registered) if engaged.registered else "",
        late=engaged.late,
        told=told,
        failing=failing,
        requests=tuple(_requests(engaged, form, as_of)),
    )


def _requests(engaged: Engagement, form: Form, as_of: date | None) -> Iterator[RequestShown]:
    name, known = engaged.measure.id, dict(enumerate(engaged.requests))
    typed = requests_in(form.fields, name)
    numbers = sorted({*known, *typed})
    for number in (*numbers, (numbers[-1] + 1) if numbers else 0):
        key, request = f"{name}-{number}", known.get(number)
        told = _request_in_words(request, as_of) if request else ""
        late = request is not None and request.failed
        yield RequestShown(number + 1, f"asked-{key}", f"answered-{key}", f"missed-{key}", told, late)


def _request_in_words(asked: Asked, as_of: date | None) -> str:
    text = f"Reply by {day(asked.answer_by)}."
    if asked.failed:
        text += " It was not answered in time."
    elif asked.request.answered is not None:
        text += " Answered in time."
    elif as_of is not None and as_of > asked.answer_by:
        text += " That day has passed: say when it was answered, or that it was not."
    return text if asked.in_period else f"{text} Not of this period."
