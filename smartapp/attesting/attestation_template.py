"""A commented attestation file for a year, made from the year's rules; every answer is left open."""

from collections.abc import Iterator

from scoring.evidence_rules import load_evidence
from scoring.model import Metric
from scoring.year import Measure, RuleBook, Status
from smartapp.report.words import objective_title

_HEAD = """\
# Attestations for performance year {year}. Remove the # before what applies; leave out what does not.
# A day that is not given is not judged: give those of [cehrt], [done] and [registered] to have them checked.
{provisional}year = {year}

[reporter]   # who reports: with npi an individual, without it the whole TIN
# tin = "9 digits"
# npi = "10 digits"

[period]     # {days} days or more within the year; the last possible start is {last}
# start = {year}-01-01
# end = {year}-12-31

[cehrt]      # CMS EHR Certification ID, 15 characters, from the Certified Health IT Product List
# id = ""
# in_use_from = {year}-01-01    # first day on which every function was in use: by the {functions_by}
# certified_on = {year}-01-01   # day on which the product was certified for your measures: by the {certified_by}

[choices]    # PI_EP_1 counts with (include) or without (exclude) controlled substances
# controlled_substances = "include"

[answers]"""

_NOTES = {
    Status.EXCLUSION: "exclusion: ",
    Status.BONUS: "bonus: ",
    Status.ATTESTATION: "attestation, must be true: ",
    Status.OPTIONAL: "optional: ",
}

_LEVELS = {1: "registered, or testing", 2: "validated production"}

_TOTAL = """\
# [reported.{id}]   # {title}
# numerator = 0
# denominator = 0
# report = "name of the report"
# date = {year}-12-31
"""


def template(rules: RuleBook) -> str:
    """The text of the file."""
    return "\n".join([*_head(rules), *_open_answers(rules), *_open_dates(rules), *_open_totals(rules)]) + "\n"


def _head(rules: RuleBook) -> Iterator[str]:
    technology, provisional = rules.conditions.technology, rules.conditions.provisional
    yield _HEAD.format(
        year=rules.year,
        days=rules.period.minimum_days,
        last=rules.period.last_start,
        functions_by=technology.functions_by,
        certified_by=technology.certified_by,
        provisional=f"# {provisional.text}\n" if provisional else "",
    )


def _open_answers(rules: RuleBook) -> Iterator[str]:
    booleans = [m for m in rules.measures.values() if m.metric is Metric.BOOLEAN]
    for objective in dict.fromkeys(m.objective for m in booleans):
        yield f"\n# {objective_title(rules, objective)}"
        for choice in (c for c in rules.choices if c.objective == objective):
            yield f"# One path only: {'; or '.join(' and '.join(path.measures) for path in choice.paths)}."
        if any(m.requires_level for m in booleans if m.objective == objective):
            yield "# A yes needs its level of active engagement, where two are listed: _PRE or _PROD, one of them."
        for measure in (m for m in booleans if m.objective == objective):
            yield f"# {measure.id} = true  # {_what(rules, measure)}"


def _what(rules: RuleBook, measure: Measure) -> str:
    what = _NOTES.get(measure.status, "") + (measure.summary or _one_line(measure.title))
    if measure.level is not None:
        what += f" ({_LEVELS[measure.level]})"
    if measure.status is Status.REQUIRED and rules.choice_of(measure.id) is None:
        what += "; required unless excluded"
    if rules.is_suppressed(measure.id):
        what += f"; in {rules.year} no counts like yes, and leaving it out makes the category 0"
    return what


def _open_dates(rules: RuleBook) -> Iterator[str]:
    measures = rules.measures.values()
    yield f"\n[done]       # the day on which it was completed: any day of {rules.year}, inside the period or not"
    yield from (f"# {m.id} = {rules.year}-01-01  # {_one_line(m.title)}" for m in measures if m.within_year)
    editions = [f'# {m.id} = "{m.edition}"' for m in measures if m.edition is not None]
    if editions:
        yield from ("\n[editions]   # the edition of the guide that was used", *editions)
    managed = load_evidence().managed_in(rules.year)
    if managed:
        yield f"\n[managed]    # the day of the second part, where a yes asserts two: any day of {rules.year}"
        yield from (f"# {one.of} = {rules.year}-01-01  # {one.title}" for one in managed.values())
    days = rules.conditions.engagement.register_within_days
    yield (
        f"\n[registered] # the day of the registration, for level 1: within {days} days after the period begins; an "
        "earlier year's is fine"
    )
    yield from (f"# {m.id} = {rules.year}-01-01  # {_one_line(m.title)}" for m in measures if m.requires_level)


def _one_line(title: str) -> str:
    return " ".join(title.split())  # one of CMS's titles holds a line break


def _open_totals(rules: RuleBook) -> Iterator[str]:
    yield "\n# Where a server cannot show a measure: the total of the EHR's own report, labelled so everywhere."
    for measure in (m for m in rules.measures.values() if m.metric is Metric.PROPORTION):
        yield _TOTAL.format(id=measure.id, title=_one_line(measure.title), year=rules.year)
