"""Which periods can still begin, seen from a day."""

from dataclasses import dataclass
from datetime import date, timedelta

from scoring.deadlines import closing_day
from scoring.year import RuleBook


@dataclass(frozen=True, slots=True)
class StartsLeft:
    """Which periods can still begin: on a day from `first` to `last`, both included; `first` None for no day."""

    first: date | None
    last: date
    minimum_days: int
    text: str


def starts_left(rules: RuleBook, as_of: date) -> StartsLeft:
    """The days on which a period may still begin, seen from a day.

    A period that began before can still be chosen, until the data are handed in: what was counted in it is known.
    """
    last, minimum, closes = rules.period.last_start, rules.period.minimum_days, closing_day(rules)
    if as_of > closes:
        text = f"The submission window of {rules.year} closed on {closes}: no period can be begun, chosen or reported "
        return StartsLeft(None, last, minimum, f"{text}any more.")
    first = max(as_of, date(rules.year, 1, 1))
    if first <= last:
        earliest_end = first + timedelta(days=minimum - 1)
        text = f"A period can still begin on any day until {last}. One that begins on {first} ends on {earliest_end} "
        text += f"or later, {minimum} days or more."
        return StartsLeft(first, last, minimum, text)
    text = f"A period that begins after {last} is no longer possible: {minimum} days would leave {rules.year}. "
    text += "Any period that began until then can still be chosen."
    return StartsLeft(None, last, minimum, text)
