"""How numbers, days and names are worded for a person. Nothing here decides anything."""

import re
from datetime import date, datetime
from fractions import Fraction

from scoring.model import Reporter
from scoring.rulebook import RuleBook
from smartapp.due import distance

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_THOUSAND = 1000
_NOON = 12


def figure(number: int) -> str:
    """A whole number, thousands parted."""
    return f"{number:,}"


def percent(rate: Fraction | None) -> str:
    """An exact rate with one decimal; what is not quite all or nothing never looks like it."""
    if rate is None:
        return "no rate: nothing was eligible"
    tenths = (rate.numerator * 2 * _THOUSAND + rate.denominator) // (2 * rate.denominator)
    if tenths == _THOUSAND and rate < 1:
        return "over 99.9%"
    if tenths == 0 and rate > 0:
        return "under 0.1%"
    return f"{tenths // 10}.{tenths % 10}%"


def rate_in_words(rate: Fraction | None, unknown: int) -> str:
    """The rate of what is seen met; where nothing is seen met and something is unknown, there is none to tell."""
    return "not known" if rate == 0 and unknown else percent(rate)


def day(when: date) -> str:
    """A day as Americans write it."""
    return f"{when:%B} {when.day}, {when.year}"


def until(when: date, as_of: date | None) -> str:
    """A last day, and how far it is from the day on which that is asked, if any."""
    return f"{day(when)}{distance(as_of, when)}"


def moment(when: datetime) -> str:
    """A day and time of day as Americans write them, in the zone that the time bears."""
    return f"{day(when)}, {when.hour % _NOON or _NOON}:{when:%M} {'am' if when.hour < _NOON else 'pm'} {when:%Z}"


def reporter_in_words(reporter: Reporter) -> str:
    """Who reports, by the numbers that CMS knows them by."""
    tin = f"TIN {reporter.tin}" if reporter.tin else "TIN not known"
    if reporter.entity_id:
        return f"Entity {reporter.entity_id}"
    return f"NPI {reporter.npi}, {tin}" if reporter.npi else f"{tin}, as a group"


def objective_title(rules: RuleBook, objective: str) -> str:
    """The name of an objective: CMS's where the rules give it, else its identifier in words."""
    choices = {choice.objective: choice.title for choice in rules.choices}
    joints = {joint.objective: joint.title for joint in rules.joints}
    words = _HUMP.sub(" ", objective).replace(" To ", " to ")
    return {**choices, **joints}.get(objective, words[:1].upper() + words[1:])


def plural(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{figure(number)} {one if number == 1 else many}"


def day_in_words(text: str) -> str:
    """A day as data write it, in words; a partial or odd date stays as it is."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def month_in_words(text: str) -> str:
    """A month as data write it (`2026-03`), in words; anything else stays as it is."""
    try:
        return f"{date.fromisoformat(f'{text}-01'):%B %Y}"
    except ValueError:
        return text
