"""The dates panel: every day of the year that decides something, and how far away it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from scoring.conditions import DeadlineId
from scoring.model import Cite, Period
from scoring.rulings import Ruling
from scoring.timeliness import register_by
from scoring.year import RuleBook
from smartapp.report.words import day, plural


@dataclass(frozen=True, slots=True)
class DateShown:
    """One day: `what` has to be done by it, `left` says how far away it is, empty where that is not asked."""

    what: str
    day: str
    iso: str
    left: str
    passed: bool
    note: str
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]


def dates_shown(rules: RuleBook, period: Period, as_of: date | None) -> tuple[DateShown, ...]:
    """The days of a year and a period, the nearest first.

    Args:
        rules: the rules of the year.
        period: the one that is looked at: the day to register by moves with it.
        as_of: the day from which the days left are counted; None counts none.
    """
    found = sorted(_dates(rules, period), key=lambda one: one[1])
    return tuple(_shown(what, when, note, ruling, as_of) for what, when, note, ruling in found)


def _dates(rules: RuleBook, period: Period) -> Iterator[tuple[str, date, str, Ruling]]:
    conditions, year = rules.conditions, rules.year
    days, last = rules.period.minimum_days, rules.period.last_start
    note = f"A performance period has {days} days or more; one that starts later does not fit into {year}."
    yield "Last day on which a performance period may start", last, note, rules.period.ruling
    days = conditions.engagement.register_within_days
    note = f"{days} days after this period begins. An earlier registration is fine; with another period this day moves."
    what = "Register with agencies and registries, for active engagement level 1"
    yield what, register_by(rules, period), note, conditions.engagement.ruling
    todo = " and ".join(measure.title for measure in rules.measures.values() if measure.within_year)
    ruling = next((m.ruling for m in rules.measures.values() if m.within_year), rules.period.ruling)
    yield "The performance year ends", date(year, 12, 31), f"{todo} are done by then, in the period or not.", ruling
    for name in DeadlineId:
        deadline = conditions.deadlines[name]
        yield deadline.title, deadline.day, "", deadline.ruling


def _shown(what: str, when: date, note: str, ruling: Ruling, as_of: date | None) -> DateShown:
    days = None if as_of is None else (when - as_of).days
    return DateShown(
        what=what,
        day=day(when),
        iso=when.isoformat(),
        left=_left(days),
        passed=days is not None and days < 0,
        note=note,
        doubts=ruling.doubts,
        cites=ruling.cites,
    )


def _left(days: int | None) -> str:
    if days is None:
        return ""
    if days < 0:
        return "passed"
    return "today" if days == 0 else f"{plural(days, 'day', 'days')} left"
