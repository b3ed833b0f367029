"""What a score leads on to: which period earns more, and what can still be done. For pages, from one open score."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from operator import attrgetter

from scoring.model import Period
from scoring.periods import BestPeriod, Outcome, PeriodSpace
from scoring.year import RuleBook, Status
from smartapp.ahead.assumed import Answered, assume
from smartapp.ahead.best_period import Overview, PeriodSearch
from smartapp.ahead.period_words import CONTROLLED
from smartapp.ahead.planning import Asked, Planned, observed_part, planned
from smartapp.ahead.typed import Typed, WhatIf, what_if
from smartapp.attesting.attestations import Attestations
from smartapp.scored import Scored
from smartapp.usecases import recounted


@dataclass(frozen=True, slots=True)
class Starts:
    """Days in a row, both included, on which a period may start and then earns the same at most.

    `points` None: no period that starts then can be used. `earning` of `periods` earn the points, `longest` among them.
    """

    first: date
    last: date
    points: int | None
    earning: int
    periods: int
    longest: Period | None


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of the year around one score.

    `reported` are the points of the score as it is, `shown` its period with the choices that are best for it (None
    where the year does not allow the period). `best_as_reported` are those of the best period with the answers as they
    are, `best_needs` says what it asks for to earn its own. All points are before the gate where something shuts it
    that no period mends, so that periods can be compared.
    """

    rules: RuleBook
    space: PeriodSpace
    found: BestPeriod
    current: Period
    reported: int
    shown: Outcome | None
    starts: tuple[Starts, ...]
    best_as_reported: int
    best_needs: tuple[str, ...]

    def points(self, outcome: Outcome) -> int:
        """What a period earns, in the way in which all of them are compared here."""
        return outcome.before_gate if self.found.unmendable else outcome.points

    @property
    def better(self) -> int:
        """How many points the best period, or another choice in the same one, earns more than the score; 0 or more."""
        return max(0, self.points(self.found.best) - self.reported)


def periods_of(scored: Scored, as_of: date | None = None) -> Periods | None:
    """Every period of the year, for the reporter and the answers of a score whose reading is open still.

    Seen from `as_of`, None asks no clock; nothing is sure of days after it, nor of days that the data do not reach.
    Where nothing was answered, as in a first look, what the year requires is taken for yes. None where the input is
    not whole: then no period is worth a number.
    """
    reading = scored.reading
    if reading.faults:
        return None
    answered, found = _answered(scored), PeriodSearch(reading).seen_from(as_of)
    over = found.overview(answered, reading.period)
    before_gate = bool(over.found.unmendable or answered.assumed)
    as_scored, best = (one.score.before_gate if before_gate else one.score.points for one in (scored, over.as_answered))
    return Periods(
        rules=reading.rules,
        space=over.space,
        found=over.found,
        current=reading.period,
        reported=as_scored,
        shown=over.shown,
        starts=tuple(_starts(over)),
        best_as_reported=best,
        best_needs=tuple(_needs(over.found.best, answered.attested, reading.rules)),
    )


def _needs(best: Outcome, attested: Attestations, rules: RuleBook) -> Iterator[str]:
    """What a period is reported with that the answers do not say, and without that they do; in CMS's order."""
    for measure in rules.measures.values():
        after, before = (bool(answers.get(measure.id)) for answers in (best.submission.answers, attested.answers))
        if after != before:
            verb = "claimed" if measure.status is Status.EXCLUSION else "answered yes"
            yield f"{measure.id} {'' if after else 'not '}{verb}"
    if best.choices.variant != attested.variant:
        yield f"controlled substances {CONTROLLED[best.choices.variant]}d"


def _answered(scored: Scored) -> Answered:
    """A person's answers for the very reporter who was scored."""
    reporter, attested = scored.submission.reporter, scored.attestations
    if not attested.answers:
        return assume(scored.reading.rules, reporter)
    return Answered(replace(attested, reporter=reporter))


def _starts(over: Overview) -> Iterator[Starts]:
    for _, alike in groupby(_by_day(over), attrgetter("points")):
        days = list(alike)
        longest = [one.longest for one in days if one.longest]
        yield Starts(
            first=days[0].first,
            last=days[-1].last,
            points=days[0].points,
            earning=sum(one.earning for one in days),
            periods=sum(one.periods for one in days),
            longest=max(longest, key=lambda one: one.days) if longest else None,
        )


def _by_day(over: Overview) -> Iterator[Starts]:
    """One for each day, in order."""
    space, cell = over.space, 0
    for number in range(space.starts):
        day, ends = space.first + timedelta(number), space.days - space.minimum_days + 1 - number
        cells = range(cell, cell + ends)
        earned = {one: over.points[one] for one in cells if over.usable[one]}
        most = max(earned.values(), default=None)
        best = [one for one in earned if earned[one] == most]
        end = day + timedelta(space.minimum_days - 1 + (best[-1] - cell)) if best else None
        yield Starts(day, day, most, len(best), ends, Period(day, end) if end else None)
        cell += ends


def plan_of(scored: Scored, as_of: date, target: int | None = None) -> Planned | None:
    """What can still be done for a score, seen from a day; the observed part of its period is counted anew.

    None where the input is not whole.

    Raises:
        UsageError: as for `planned`.
    """
    if scored.reading.faults:
        return None
    asked = Asked(scored.reading.period, as_of, target)
    reading = recounted(scored.reading, observed_part(asked))
    return planned(reading, replace(scored.attestations, reporter=scored.submission.reporter), asked)


def what_if_of(scored: Scored, typed: Typed) -> WhatIf:
    """The score beside that with typed values.

    Raises:
        UsageError: as for `what_if`.
    """
    return what_if(scored.reading, replace(scored.attestations, reporter=scored.submission.reporter), typed)
