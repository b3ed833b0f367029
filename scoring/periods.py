"""The best performance period: the nouns of the search and what it answers.

Searched is {every period of the year's minimum length or longer} x {report or claim each exclusion that its count
allows} x {the path of each choice} x {controlled substances in or out}. Source: design of the search, docs/explanation/
best-period.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from scoring.exclusions import Count
from scoring.horizon import Horizon
from scoring.model import Finding, MeasureId, Period, Score, Severity, Submission
from scoring.starts import StartsLeft
from scoring.year import RuleBook


@dataclass(frozen=True, slots=True)
class PeriodSpace:
    """All periods that a year allows: `minimum_days` or longer, from `first` to `last`, both included.

    `last_start` is the last day on which one may start.
    """

    first: date
    last: date
    minimum_days: int
    last_start: date

    def __iter__(self) -> Iterator[Period]:
        """Every period, in order of start, then of end."""
        for start in range(self.starts):
            for end in range(start + self.minimum_days - 1, self.days):
                yield Period(self.first + timedelta(start), self.first + timedelta(end))

    def __len__(self) -> int:
        return sum(self.days - self.minimum_days + 1 - start for start in range(self.starts))

    def __contains__(self, period: object) -> bool:
        return (
            isinstance(period, Period)
            and self.first <= period.start <= self.last_start
            and period.end <= self.last
            and period.days >= self.minimum_days
        )

    def at(self, number: int) -> Period:
        """The period of a number, counted from 0 in the order of iteration.

        Raises:
            IndexError: there is none of that number.
        """
        for start in range(self.starts):
            ends = self.days - self.minimum_days + 1 - start
            if 0 <= number < ends:
                first = self.first + timedelta(start)
                return Period(first, first + timedelta(self.minimum_days - 1 + number))
            number -= ends
        raise IndexError("no period of this number")

    def number(self, period: Period) -> int:
        """The number of a period of this space."""
        start, longest = (period.start - self.first).days, self.days - self.minimum_days + 1
        return start * longest - start * (start - 1) // 2 + period.days - self.minimum_days

    @property
    def days(self) -> int:
        """Days from the first to the last, both counted."""
        return (self.last - self.first).days + 1

    @property
    def starts(self) -> int:
        """How many days a period may start on, beginning with the first."""
        by_length = self.days - self.minimum_days + 1
        return max(0, min(by_length, (self.last_start - self.first).days + 1))


def space_of(rules: RuleBook) -> PeriodSpace:
    """The periods of a year by its rules."""
    first, last = date(rules.year, 1, 1), date(rules.year, 12, 31)
    return PeriodSpace(first, last, rules.period.minimum_days, rules.period.last_start)


def halves_of(space: PeriodSpace) -> tuple[Period, ...]:
    """The calendar halves of a year, those that the year allows as periods."""
    year = space.first.year
    halves = Period(date(year, 1, 1), date(year, 6, 30)), Period(date(year, 7, 1), date(year, 12, 31))
    return tuple(half for half in halves if half in space)


@dataclass(frozen=True, slots=True)
class Choices:
    """What is chosen besides the period.

    `exclusions` are all that are claimed, in CMS's order; `paths` holds for each choice of the year (in the order of
    `rules.choices`) the measures of the path taken; `variant` is that of PI_EP_1 (`controlled-included` or
    `controlled-excluded`).
    """

    exclusions: tuple[MeasureId, ...]
    paths: tuple[tuple[MeasureId, ...], ...]
    variant: str


@dataclass(frozen=True, slots=True)
class Margin:
    """How far the count of an exclusion is from its limit: it is available while the count is below `fewer_than`.

    `count` None: it cannot be counted from this source.
    """

    exclusion: MeasureId
    claimed: bool
    count: Count | None
    fewer_than: int

    @property
    def left(self) -> int | None:
        """Cases that may still be added before the exclusion is lost; negative where it is, None where not known."""
        if self.count is None or self.count.possible is None:
            return None
        return self.fewer_than - 1 - self.count.possible


@dataclass(frozen=True, slots=True)
class Outcome:
    """One period with the choices that are best for it, scored by the rules of the year.

    `least` and `most` are the points before the gate if nothing of what is unknown or undecided is met, and if all
    of it is; a required measure of which then nothing is met makes `least` 0. `infeasible` says why the period cannot
    be used at all: errors that hang on its days alone, such as technology that was not in use yet. `waived` are the
    codes of errors that are left out of account because their answer is assumed.
    """

    period: Period
    choices: Choices
    submission: Submission
    score: Score
    least: int
    most: int
    margins: tuple[Margin, ...]
    infeasible: tuple[Finding, ...] = ()
    waived: frozenset[str] = frozenset()

    @property
    def feasible(self) -> bool:
        """Whether the period can be used."""
        return not self.infeasible

    @property
    def before_gate(self) -> int:
        """Points if the gate is open."""
        return self.score.before_gate

    @property
    def points(self) -> int:
        """Points of the category: 0 where an error shuts the gate, those of `waived` codes left out of account."""
        errors = {finding.code for finding in self.score.findings if finding.severity is Severity.ERROR}
        return 0 if errors - self.waived else self.before_gate


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the winner beats another period, or does not lose to it, in one measure or line."""

    line: str
    text: str


@dataclass(frozen=True, slots=True)
class World:
    """The best period, its choices, and its points before the gate, if all that is unknown turned out in one way."""

    period: Period
    points: int
    choices: Choices


@dataclass(frozen=True, slots=True)
class BestPeriod:
    """What the search found for one reporter.

    `best` is the winner, `runner_up` the best other period (None where the year allows one only), `halves` those
    calendar halves that are long enough. `searched` counts periods. `at_stake` is how many points another period and
    choice may have more than the winner at worst, by the days that are seen; 0 where none can. `robust` tells whether
    none can whatever the unknown turns out to be, and whatever the days bring that `horizon` does not reach.
    `if_none_met` and `if_all_met` are the winners if nothing, or all, of what is unknown or undecided is met. `reasons`
    has a sentence for each measure. `unmendable` are errors that no period and no choice mends. `assumed` names what
    nobody answered and was taken for yes. `carried` are measures whose total of the EHR's own report was taken for
    every period. `starts` says which periods can still begin, None where no clock is asked.
    """

    best: Outcome
    runner_up: Outcome | None
    halves: tuple[Outcome, ...]
    full_year: Outcome
    searched: int
    at_stake: int
    if_none_met: World
    if_all_met: World
    reasons: tuple[Reason, ...]
    unmendable: tuple[Finding, ...]
    assumed: tuple[str, ...]
    carried: tuple[MeasureId, ...]
    robust: bool
    horizon: Horizon
    starts: StartsLeft | None
