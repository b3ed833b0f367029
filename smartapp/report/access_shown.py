"""Patient access in words: how four business days are counted here, and the days on which there was no access."""

from dataclasses import dataclass

from extractors.cases import ACCESS_BUSINESS_DAYS
from smartapp.opened.access_days import PassedOver, holidays_between
from smartapp.opened.outages import FEWEST_DAYS, MOST_CHANCE, Outage
from smartapp.report.words import day, figure, plural
from smartapp.usecases import Reading

_ACCESS = "PI_PEA_1"
RULE = (
    f"This rule is ours: at least {FEWEST_DAYS} days with cases on which none was met, after days on which some were, "
    f"and so many cases in a row that chance explains them less than once in {figure(MOST_CHANCE.denominator)} times. "
    "What is not shown counts neither way."
)
"""When days make a gap."""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """How the days are counted; `closed` are the holidays of the period, `from_policy` what a site policy gives all."""

    days: int
    closed: tuple[PassedOver, ...]
    from_policy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutageShown:
    """A gap in a sentence, and how it was dated."""

    says: str
    dated: str


def access_rule(reading: Reading) -> AccessRule:
    """How four business days are counted in the reading's period."""
    period, site = reading.period, reading.site
    return AccessRule(
        days=ACCESS_BUSINESS_DAYS,
        closed=holidays_between(period.start, period.end, site.closed_days),
        from_policy=tuple(f"{one.kind} since {day(one.since)}" for one in site.standing),
    )


def outages_shown(found: tuple[Outage, ...], measure: str) -> tuple[OutageShown, ...]:
    """Every gap of a measure, dated to the day."""
    return tuple(OutageShown(outage_in_words(one, measure), _dated(one, measure)) for one in found)


def outage_in_words(one: Outage, measure: str) -> str:
    """One sentence, for a page and for a message alike."""
    what = "Access" if measure == _ACCESS else "What is met"
    stopped = f"{what} stopped on {day(one.stopped)}"
    if one.returned is None:
        return f"{stopped}, and has not returned as far as the data go."
    return f"{stopped}, and returned on {day(one.returned)}."


def _dated(one: Outage, measure: str) -> str:
    """How it was dated."""
    visits = measure == _ACCESS
    cases = plural(one.missed, *(("visit", "visits") if visits else ("case", "cases")))
    said = f"Of {cases} {'with a deadline from' if visits else 'from'} {day(one.missed_from)} to {day(one.missed_to)}, "
    said += f"none was met. The last before was met on {day(one.met_until)}"
    return f"{said}, the first after on {day(one.met_from)}." if one.met_from else f"{said}."
