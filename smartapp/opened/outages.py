"""Gaps in what is met: days on which cases are due and none is met, although before and after they are.

The rule is ours; no official text has one. A run of days with cases on at least three of them counts as a gap when so
many cases in a row would all be missed by chance less than once in 10,000, at the rate of the days outside it. Days on
which nothing is certain neither make a gap nor end one: what a source does not show is never taken for missed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby

MOST_CHANCE = Fraction(1, 10_000)
"""The chance below which missed cases in a row are no accident."""

FEWEST_DAYS = 3
"""Days with missed cases that a gap has at least."""


@dataclass(frozen=True, slots=True)
class Due:
    """One case on the day that decides it. `met` None means: not known.

    `began` and `ended` are the days on which something on record that could make it met began or ended; none where the
    source tells no such days.
    """

    day: date
    met: bool | None
    began: frozenset[date] = frozenset()
    ended: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Outage:
    """One gap, dated as closely as the data allow.

    `stopped` is the first day without, `returned` the first day with again (None: it lasts as far as the data go).
    `met_until` is the last day before on which a case was met, `missed_from` to `missed_to` the days, both included, on
    which all that is certain was missed, `met_from` the first day after on which a case was met (None as above).
    `missed` and `unknown` are numbers of cases within, `days` those with a missed one.
    """

    stopped: date
    returned: date | None
    met_until: date
    missed_from: date
    missed_to: date
    met_from: date | None
    missed: int
    unknown: int
    days: int

    @property
    def last(self) -> date | None:
        """The last day without; None while it lasts."""
        return self.returned - timedelta(days=1) if self.returned else None


def outages(cases: Iterable[Due]) -> tuple[Outage, ...]:
    """Every gap among the cases of one measure and reporter, in order of days; the order of the cases is of no account.

    A gap that has not ended by the last day is one too; nothing before the first met case is.
    """
    by_day: defaultdict[date, list[Due]] = defaultdict(list)
    for case in cases:
        by_day[case.day].append(case)
    days = sorted(day for day, due in by_day.items() if any(case.met is not None for case in due))
    runs = [(is_met, list(found)) for is_met, found in groupby(days, key=lambda day: any(c.met for c in by_day[day]))]
    found = (_outage(by_day, runs, number) for number, (is_met, _) in enumerate(runs) if not is_met and number)
    return tuple(outage for outage in found if outage is not None)


def _outage(by_day: dict[date, list[Due]], runs: Sequence[tuple[bool, list[date]]], number: int) -> Outage | None:
    """The run as a gap; None where it may be chance."""
    days = runs[number][1]
    before, after = runs[number - 1][1][-1], runs[number + 1][1][0] if number + 1 < len(runs) else None
    inside = [case for day, due in by_day.items() if days[0] <= day <= days[-1] for case in due]
    missed = [case for case in inside if case.met is False]
    if len(days) < FEWEST_DAYS or _chance(by_day, inside, len(missed)) >= MOST_CHANCE:
        return None
    return Outage(
        stopped=_told_by_most([case.ended for case in missed], before, days[0]) or days[0],
        returned=after and (_told_by_most([case.began for case in missed], days[-1], after) or after),
        met_until=before,
        missed_from=days[0],
        missed_to=days[-1],
        met_from=after,
        missed=len(missed),
        unknown=len(inside) - len(missed),
        days=len(days),
    )


def _chance(by_day: dict[date, list[Due]], inside: Sequence[Due], missed: int) -> Fraction:
    """How probable it is that so many are all missed, at the rate outside the gap."""
    everything = [case.met for due in by_day.values() for case in due if case.met is not None]
    outside, met = len(everything) - sum(case.met is not None for case in inside), sum(everything)
    return (1 - Fraction(met, outside)) ** missed


def _told_by_most(told: Sequence[frozenset[date]], after: date, until: date) -> date | None:
    """The day after the one and until the other that the evidence of at least half of the cases names; None if none."""
    days = Counter(day for of_case in told for day in of_case if after < day <= until)
    named = [day for day, number in days.items() if 2 * number >= len(told)]
    return min(named, default=None)
