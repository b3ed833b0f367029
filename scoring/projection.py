"""What is observed and what is only projected: how a period may end, and whether an exclusion stays out of danger.

A projection claims one thing: that the days left are like those observed. It claims no distribution. Beside it stand
what needs no such claim: the score if none, and if all, of the further cases are met; and the busiest stretch of days
that was really seen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction

from scoring.actions import Situation, score_of
from scoring.exclusions import Count, Exclusion
from scoring.model import MeasureId, Origin, Period, Proportion, Score
from scoring.rounding import half_up


@dataclass(frozen=True, slots=True)
class Span:
    """A period seen from a day: `elapsed` days are observed, that day included, `remaining` are not."""

    period: Period
    as_of: date

    @property
    def observed(self) -> Period | None:
        """The days that are observed; None before the period begins."""
        last = min(self.as_of, self.period.end)
        return Period(self.period.start, last) if last >= self.period.start else None

    @property
    def elapsed(self) -> int:
        """How many days are observed."""
        return self.observed.days if self.observed else 0

    @property
    def remaining(self) -> int:
        """How many days are to come."""
        return self.period.days - self.elapsed


class Safety(StrEnum):
    """Whether an exclusion that the count allows so far will still be allowed when the period ends."""

    FINAL = "final"
    SAFE = "safe"
    CLOSE = "close"
    NOT_SAFE = "not safe"
    LOST = "lost"
    NO_TELLING = "no telling"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a count grew so far.

    `counted` are all that may count, `certain` of them surely. `busiest` is the most that fell into as many days in a
    row as remain, None where fewer days are observed than remain.
    """

    counted: int
    elapsed: int
    remaining: int
    busiest: int | None
    certain: int

    @property
    def shown(self) -> str:
        """The count with its bounds."""
        return str(Count(self.certain, self.counted))

    @property
    def expected(self) -> Fraction | None:
        """The count at the end if the days left are like those observed; None while nothing is observed."""
        if not self.remaining:
            return Fraction(self.counted)
        if not self.elapsed:
            return None
        return self.counted + Fraction(self.counted * self.remaining, self.elapsed)


@dataclass(frozen=True, slots=True)
class SafetyMargin:
    """An exclusion against its limit at the end of the period; `because` is the arithmetic in words."""

    exclusion: MeasureId
    fewer_than: int
    pace: Pace | None
    safety: Safety
    because: str


def busiest(days: Iterable[date], length: int, span: Span) -> int | None:
    """The most of `days` within any `length` days in a row of what is observed; None where that is shorter."""
    if not length or span.elapsed < length or span.observed is None:
        return None
    counts = [0] * span.elapsed
    for day in days:
        if span.observed.start <= day <= span.observed.end:
            counts[(day - span.observed.start).days] += 1
    within = most = sum(counts[:length])
    for end in range(length, len(counts)):
        within += counts[end] - counts[end - length]
        most = max(most, within)
    return most


def safety_margin(one: Exclusion, days: Iterable[date], span: Span) -> SafetyMargin | None:
    """Whether an exclusion with a limit is safe to claim, by the pace so far; None for one without a limit.

    Args:
        one: with the count of the observed part.
        days: on which the counted cases fell.
        span: the period, and the day from which it is seen.

    Returns:
        Safe when both the pace so far and the busiest stretch seen keep it below the limit, close when only the pace
        does (or no stretch is long enough to tell), not safe when the pace reaches the limit.
    """
    if one.fewer_than is None:
        return None
    if one.count is None or one.count.possible is None:
        return SafetyMargin(one.exclusion, one.fewer_than, None, Safety.NO_TELLING, "It cannot be counted to its end.")
    counted = one.count.possible
    most = busiest(days, span.remaining, span)
    pace = Pace(counted, span.elapsed, span.remaining, most, one.count.certain)
    safety = _safety(one.count.certain, one.fewer_than, pace)
    return SafetyMargin(one.exclusion, one.fewer_than, pace, safety, _arithmetic(one.fewer_than, pace, safety))


def _safety(certain: int, limit: int, pace: Pace) -> Safety:
    if certain >= limit:
        return Safety.LOST
    if pace.expected is None:
        return Safety.NO_TELLING
    if pace.expected >= limit:
        return Safety.NOT_SAFE
    if not pace.remaining:
        return Safety.FINAL
    below = pace.busiest is not None and pace.counted + pace.busiest < limit
    return Safety.SAFE if below else Safety.CLOSE


def _arithmetic(limit: int, pace: Pace, safety: Safety) -> str:
    counted, room = pace.counted, limit - 1 - pace.counted
    if safety is Safety.LOST:
        return (
            f"{pace.shown} are counted, not fewer than {limit}: it cannot be claimed, and more days do not change that."
        )
    if not pace.remaining:
        return f"{pace.shown} are counted and the period is over: {_room(room)}."
    if pace.expected is None:
        return "No day of the period is observed yet."
    more = half_up(pace.expected) - counted
    text = f"{pace.shown} in {pace.elapsed} days; at that pace about {more} more in the {pace.remaining} days left, "
    text += f"about {half_up(pace.expected)} at the end against a limit of fewer than {limit}; {_room(room)}."
    if pace.busiest is None:
        return f"{text} Fewer days are observed than remain, so no stretch of that length can be looked at."
    return f"{text} The busiest {pace.remaining} days so far held {pace.busiest}."


def _room(room: int) -> str:
    return f"room for {room} more" if room >= 0 else "no room is left"


@dataclass(frozen=True, slots=True)
class Projection:
    """The score of what is observed, and of three ways in which the period may end.

    `pace` goes on as it was, `lowest` has as many further cases and none of them met, `highest` has all of them met.
    All three None when no day is observed, or none remains. Measures whose totals are no recomputed counts stay.
    """

    observed: Score
    pace: Score | None = None
    lowest: Score | None = None
    highest: Score | None = None


def projected(situation: Situation, span: Span) -> Projection:
    """How the period may end, by the pace so far, with the gate's findings of the whole period."""
    observed = score_of(situation)
    if not span.remaining or not span.elapsed:
        return Projection(observed)
    shares = (None, Fraction(0), Fraction(1))
    ends = (score_of(_grown(situation, span, share)) for share in shares)
    return Projection(observed, *ends)


def _grown(situation: Situation, span: Span, share: Fraction | None) -> Situation:
    grown = {m: _further(p, span, share) for m, p in situation.submission.proportions.items()}
    return replace(situation, submission=replace(situation.submission, proportions=grown))


def _further(counted: Proportion, span: Span, share: Fraction | None) -> Proportion:
    """A count with as many further cases as the pace gives; `share` of them met, None for the rate so far."""
    if counted.origin is not Origin.RECOMPUTED or counted.rate is None:
        return counted
    more = half_up(Fraction(counted.denominator * span.remaining, span.elapsed))
    met = half_up(more * (counted.rate if share is None else share))
    return replace(counted, met=counted.met + met, denominator=counted.denominator + more)


def counts_still(situation: Situation) -> Mapping[MeasureId, int]:
    """By measure, how many cases that are not met may still become so."""
    reported = situation.submission.proportions
    return {m: sum(len(pool.cases) for pool in pools) for m, pools in situation.pools.items() if m in reported}
