"""Everything that makes the category zero or the submission refused, and what deserves a warning.

`check` collects; nothing is computed here that `score` would need. Findings come in the order a person would
work through them: attestations, CEHRT ID, period, measures, conflicts.
"""

import re
from datetime import date

from scoring import findings
from scoring.conflicts import conflicts
from scoring.findings import CEHRT_ID, PERFORMANCE_PERIOD
from scoring.model import Finding, MeasureId, Period, Submission
from scoring.requirements import requirements
from scoring.timeliness import on_time
from scoring.year import RuleBook

_MOST_SHOWN = 40


def check(rules: RuleBook, submission: Submission) -> tuple[Finding, ...]:
    """All findings about what is reported, errors and warnings alike.

    Source: 42 CFR 414.1375(b); each finding cites its own rules.
    """
    return (
        *_attestations(rules, submission),
        *_cehrt(rules, submission.cehrt_id),
        *_period(rules, submission.period),
        *on_time(rules, submission),
        *requirements(rules, submission),
        *conflicts(rules, submission),
    )


def _attestations(rules: RuleBook, submission: Submission) -> tuple[Finding, ...]:
    found = (_attestation(rules, submission, name) for name in rules.gate.attestations)
    return tuple(finding for finding in found if finding)


def _attestation(rules: RuleBook, submission: Submission, name: MeasureId) -> Finding | None:
    measure = rules.measures[name]
    if submission.answers.get(name) is True or name in submission.proportions:
        return None
    kind, got = findings.ATTESTATION_MISSING, "nothing"
    if name in submission.answers:
        kind, got = findings.ATTESTATION_NO, "no"
    message = f"{measure.title} ({name}) must be answered yes, got {got}: the category is 0."
    remedy = f"Answer {name} yes if it is true of the performance year; nothing else makes up for it."
    return kind.about(name, message, remedy, measure.ruling, rules.gate.ruling)


def _cehrt(rules: RuleBook, cehrt_id: str | None) -> tuple[Finding, ...]:
    cehrt, remedy = rules.gate.cehrt, "Take the ID from the Certified Health IT Product List (CHPL)."
    if not cehrt_id:
        message = "The CMS EHR Certification ID is missing: without it nothing earns points."
        return (findings.CEHRT_MISSING.about(CEHRT_ID, message, remedy, rules.gate.ruling),)
    if not re.fullmatch(cehrt.shape, cehrt_id, re.ASCII):
        message = f"The CEHRT ID must be {_in_words(cehrt.shape)}, got {_shown(cehrt_id)} ({len(cehrt_id)} characters)."
        return (findings.CEHRT_MALFORMED.about(CEHRT_ID, message, remedy, cehrt.ruling),)
    if not any(re.match(prefix, cehrt_id) for prefix in cehrt.prefixes):
        expected = " or ".join(cehrt.prefixes)
        message = f'The CEHRT ID was expected to begin with {expected} (. is any character), got "{cehrt_id}".'
        return (findings.CEHRT_UNEXPECTED.about(CEHRT_ID, message, remedy, cehrt.ruling),)
    return ()


def _shown(cehrt_id: str) -> str:
    """An ID in quotation marks, unless it would spoil what it is printed on."""
    fits = len(cehrt_id) <= _MOST_SHOWN and cehrt_id.isprintable()
    return f'"{cehrt_id}"' if fits else "other characters"


def _in_words(shape: str) -> str:
    """The shape of an ID for a reader of no regular expressions; one of another kind as it stands."""
    found = re.fullmatch(r"\[0-9A-Z\]\{(\d+)\}", shape)
    return f"{found[1]} digits and capital letters" if found else f"of the shape {shape}"


def _period(rules: RuleBook, period: Period | None) -> tuple[Finding, ...]:
    if period is None:
        message = f"No performance period is reported; at least {rules.period.minimum_days} days are required."
        remedy = "Report the first and the last day of the period."
        return (findings.PERIOD_MISSING.about(PERFORMANCE_PERIOD, message, remedy, rules.period.ruling),)
    if period.end < period.start:
        message = f"The performance period ends on {period.end}, before it starts on {period.start}."
        remedy = "Correct the two dates."
        return (findings.PERIOD_REVERSED.about(PERFORMANCE_PERIOD, message, remedy, rules.period.ruling),)
    return (*_period_bounds(rules, period), *_period_length(rules, period))


def _period_bounds(rules: RuleBook, period: Period) -> tuple[Finding, ...]:
    found = []
    last, ruling = rules.period.last_start, rules.period.ruling
    if period.start < date(rules.year, 1, 1) or period.end > date(rules.year, 12, 31):
        message = f"The period must lie within {rules.year}, got {period.start} to {period.end}."
        remedy = f"Choose a period within {rules.year}."
        found.append(findings.PERIOD_OUTSIDE_YEAR.about(PERFORMANCE_PERIOD, message, remedy, ruling))
    if period.start > last:
        message = f"The period starts on {period.start}; the last possible start is {last}."
        remedy = f"Start on {last} or earlier."
        found.append(findings.PERIOD_STARTS_LATE.about(PERFORMANCE_PERIOD, message, remedy, ruling))
    return tuple(found)


def _period_length(rules: RuleBook, period: Period) -> tuple[Finding, ...]:
    rule = rules.period
    if period.days < rule.minimum_days:
        message = f"The period has {period.days} days, both ends counted; {rule.minimum_days} are required."
        remedy = f"Choose a period of at least {rule.minimum_days} days that begins by {rule.last_start}."
        return (findings.PERIOD_SHORT.about(PERFORMANCE_PERIOD, message, remedy, rule.ruling),)
    if period.days == rule.minimum_days and rule.boundary.doubts:
        message = f"The period has exactly {period.days} days. {' '.join(rule.boundary.doubts)}"
        remedy = f"Choose a period of {rule.minimum_days + 1} days or more if you can."
        return (findings.PERIOD_AT_MINIMUM.about(PERFORMANCE_PERIOD, message, remedy, rule.boundary),)
    return ()
