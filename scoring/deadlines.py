"""Until when something can be done about each finding, by the calendar of its year."""

from dataclasses import replace
from datetime import date

from scoring.conditions import DeadlineId
from scoring.findings import CATALOGUE, Due
from scoring.model import Finding, MeasureId
from scoring.year import RuleBook


def closing_day(rules: RuleBook) -> date:
    """The last day on which anything can be handed in."""
    return rules.conditions.deadlines[DeadlineId.SUBMISSION_CLOSES].day


def dated(rules: RuleBook, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings, each with the last day on which it can be mended."""
    return tuple(replace(finding, by=_day(rules, finding)) for finding in found)


def _day(rules: RuleBook, finding: Finding) -> date:
    measure = rules.measures.get(MeasureId(finding.subject))
    due = Due.YEAR_END if measure is not None and measure.within_year else CATALOGUE[finding.code].due
    if due is Due.YEAR_END:
        return date(rules.year, 12, 31)
    return closing_day(rules)
