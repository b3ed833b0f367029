"""The four business days within which a patient has to have access, told day by day, with what was passed over.

The deadline itself is that of `access.sql`; this says in words how it comes about.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile

from extractors.cases import ACCESS_BUSINESS_DAYS
from extractors.dates import federal_holiday_names

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A day that is no business day, and why."""

    day: date
    why: str


@dataclass(frozen=True, slots=True)
class CountedDays:
    """The business days that were counted after the information was available, the last of them the deadline."""

    available: date
    counted: tuple[date, ...]
    passed_over: tuple[PassedOver, ...]

    @property
    def deadline(self) -> date:
        """The last day on which access is timely."""
        return self.counted[-1]


def counted_days(available: date, closed: frozenset[date]) -> CountedDays:
    """Count the business days from the day after the information became available.

    Args:
        available: the day on which the clinician had the information.
        closed: days on which the practice does no business, weekends apart.
    """
    counted: list[date] = []
    passed: list[PassedOver] = []
    for day in _days_after(available):
        why = _why_closed(day, closed)
        passed.append(PassedOver(day, why)) if why else counted.append(day)
        if len(counted) == ACCESS_BUSINESS_DAYS:
            break
    return CountedDays(available, tuple(counted), tuple(passed))


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += timedelta(days=1)
        yield day


def _why_closed(day: date, closed: frozenset[date]) -> str:
    if day.weekday() >= _SATURDAY:
        return "weekend"
    return federal_holiday_names(day.year).get(day, "the practice was closed") if day in closed else ""


def holidays_between(start: date, end: date, closed: frozenset[date]) -> tuple[PassedOver, ...]:
    """The closed days of a period, both ends included, that are no weekend."""
    whole = takewhile(lambda day: day <= end, _days_after(start - timedelta(days=1)))
    found = (PassedOver(day, _why_closed(day, closed)) for day in whole)
    return tuple(one for one in found if one.why not in ("", "weekend"))
