"""How far the days of a year are seen: what is to come, or was not read, is never counted on.

A search says what the data hold. It is sure of a period only where no day of it is missing, and of the winner only
where no other period can change any more.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from scoring.model import Period

QUIET_DAYS = 14
"""So many days without any case may be a holiday; with more of them at their end, the data are taken to end there."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is known of the days of a year up to `last`, its last day.

    `as_of` is the day from which it is seen, None where no clock is asked. `data_until` is the last day that the
    data hold whole, as the practice says it, else None. `last_case` is the day of the last case, None without any.
    """

    last: date
    as_of: date | None
    data_until: date | None
    last_case: date | None

    @property
    def until(self) -> date:
        """The last day that is seen; before the year where none is."""
        passed = min(self.as_of or self.last, self.last)
        if self.data_until is not None:
            return min(passed, self.data_until)
        if self.last_case is None:
            return date(self.last.year - 1, 12, 31)
        return passed if (passed - self.last_case).days <= QUIET_DAYS else self.last_case

    @property
    def of_clock(self) -> bool:
        """Whether the day from which it is seen is what ends it, not the data."""
        return self.as_of is not None and self.until == self.as_of

    @property
    def over(self) -> bool:
        """Whether every day of the year is seen."""
        return self.until >= self.last

    def to_come(self, period: Period) -> int:
        """How many days of a period are not seen."""
        return (period.end - min(max(self.until, period.start - timedelta(days=1)), period.end)).days

    def settles(self, best: Period, least: int, cap: int) -> bool:
        """Whether no day to come can give another period more than `best` surely has, nor take anything from it."""
        return self.over or (not self.to_come(best) and least >= cap)


def all_seen(last: date) -> Horizon:
    """A year of which no day is missing."""
    return Horizon(last, None, last, None)
