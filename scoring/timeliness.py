"""Whether what a practice dates was in time: technology, analyses, guides, registrations.

A day that is not given is not judged: the CEHRT ID and a yes carry no dates, and CMS asks for them in an audit only.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from scoring import findings
from scoring.findings import CEHRT_ID
from scoring.model import AgencyRequest, Finding, MeasureId, Period, Submission
from scoring.year import RuleBook

_REGISTERING = 1
"""The level of active engagement that rests on a registration."""


def on_time(rules: RuleBook, submission: Submission) -> tuple[Finding, ...]:
    """Findings about days that are given and too late, or of another year.

    Source: 42 CFR 414.1305 (CEHRT), 414.1375(b); rules of the measures.
    """
    period = submission.period
    return (
        *(_technology(rules, submission, period) if period else ()),
        *_done(rules, submission),
        *_editions(rules, submission),
        *(_registrations(rules, submission, period) if period else ()),
        *(_requests(rules, submission, period) if period else ()),
    )


def _technology(rules: RuleBook, submission: Submission, period: Period) -> Iterator[Finding]:
    dates, ruling = submission.dates, rules.conditions.technology.ruling
    if dates.in_use_from is not None and dates.in_use_from > period.start:
        message = (
            f"The certified functions were in use from {dates.in_use_from}, after the period began on {period.start}."
        )
        remedy = f"Choose a period that starts on {dates.in_use_from} or later."
        yield findings.NOT_IN_USE.about(CEHRT_ID, message, remedy, ruling)
    if dates.certified_on is not None and dates.certified_on > period.end:
        message = f"The product was certified on {dates.certified_on}, after the period ended on {period.end}."
        remedy = f"Choose a period that ends on {dates.certified_on} or later."
        yield findings.NOT_CERTIFIED.about(CEHRT_ID, message, remedy, ruling)


def _done(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    parts = (("was done", submission.dates.done), ("had its risks managed", submission.dates.managed))
    for name, how, day in ((name, how, day) for how, days in parts for name, day in days.items()):
        if day.year != rules.year:
            measure = rules.measures[name]
            message = f"{measure.title} ({name}) {how} on {day}; it has to be done in {rules.year}."
            remedy = f"Name the day in {rules.year}, or do not answer it yes."
            yield findings.DONE_OUTSIDE_YEAR.about(name, message, remedy, measure.ruling)


def _editions(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for name, edition in submission.dates.editions.items():
        measure = rules.measures[name]
        if measure.edition is not None and edition != measure.edition:
            message = f"{measure.title} ({name}) asks for the {measure.edition} edition, got {edition}."
            remedy = f"Do the assessment with the {measure.edition} edition by the end of {rules.year}."
            yield findings.EDITION_OTHER.about(name, message, remedy, measure.ruling)


def _registrations(rules: RuleBook, submission: Submission, period: Period) -> Iterator[Finding]:
    rule, last = rules.conditions.engagement, register_by(rules, period)
    for name, day in submission.dates.registered.items():
        if day > last and _is_registering(rules, submission, name):
            message = f"{rules.measures[name].title} ({name}): registered on {day}, more than"
            message += f" {rule.register_within_days} days after the period began on {period.start}."
            remedy = f"Choose a period that starts on {day - timedelta(days=rule.register_within_days)} or later."
            yield findings.REGISTERED_LATE.about(name, message, remedy, rule.ruling)


def register_by(rules: RuleBook, period: Period) -> date:
    """The last day, included, on which to register for level 1 of a period. Source: rules of the measures."""
    return period.start + timedelta(days=rules.conditions.engagement.register_within_days)


def answer_by(rules: RuleBook, request: AgencyRequest) -> date:
    """The last day, included, on which to answer a request of an agency. Source: rules of the measures."""
    return request.asked + timedelta(days=rules.conditions.engagement.answer_within_days)


def is_failure(rules: RuleBook, request: AgencyRequest) -> bool:
    """Whether a request was surely not answered in time; one without an answer is open until somebody says so."""
    return request.missed or (request.answered is not None and request.answered > answer_by(rules, request))


def _is_registering(rules: RuleBook, submission: Submission, name: MeasureId) -> bool:
    levels = [level.level for level in rules.levels_of(name) if submission.answers.get(level.id) is True]
    return levels == [_REGISTERING]


def _requests(rules: RuleBook, submission: Submission, period: Period) -> Iterator[Finding]:
    rule = rules.conditions.engagement
    for name, requests in submission.dates.requests.items():
        asked = [one for one in requests if period.start <= one.asked <= period.end]
        failed = sum(is_failure(rules, one) for one in asked)
        if failed >= rule.failures and _is_registering(rules, submission, name):
            message = f"{rules.measures[name].title} ({name}): {failed} requests of the agency in the period were not"
            message += f" answered within {rule.answer_within_days} days; {rule.failures} fail level 1."
            remedy = f"Do not answer {name} yes at level 1 for this period, or correct the days if they are wrong."
            yield findings.REQUESTS_MISSED.about(name, message, remedy, rule.ruling)
