"""The best period as a use case: what was read and attested, searched exactly, its answers scored as any score is."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

from extractors.periods.counts import PeriodCounts
from scoring import period_worlds as worlds
from scoring.cells import Cells
from scoring.findings import NOT_CERTIFIED, NOT_IN_USE, REGISTERED_LATE, REQUESTS_MISSED
from scoring.horizon import Horizon, all_seen
from scoring.model import Finding, Period, Reporter, Severity, Submission
from scoring.period_options import Option, deciding, options
from scoring.period_reasons import reasons
from scoring.period_search import Asked, Found, Place, Search
from scoring.periods import BestPeriod, Margin, Outcome, PeriodSpace, World, halves_of, space_of
from scoring.starts import starts_left
from scoring.timeliness import on_time
from scoring.year import Status
from smartapp.ahead.assumed import Answered
from smartapp.ahead.period_evidence import PeriodEvidence
from smartapp.attesting.attestations import VARIANTS, Attestations
from smartapp.people.reporters import reporter_of
from smartapp.scored import Scored, reported_as_counts, score_reading
from smartapp.usecases import Reading

_WORKERS = 2
"""Arrays are added up beside each other; more workers than this wait for the interpreter."""

_BY_START, _BY_END = {NOT_IN_USE.code, REGISTERED_LATE.code, REQUESTS_MISSED.code}, {NOT_CERTIFIED.code}
"""Errors that a later start, or a later end, mends. Requests that an agency asked in vain are left behind by a start
after them; that an end before them does so, too, is left out of account."""


@dataclass(frozen=True, slots=True)
class Brief:
    """The winner of one of many reporters: what it earns, whether it is robust, and what the full year earns."""

    reporter: Reporter
    period: Period
    place: Place
    robust: bool
    full_year: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The best period among all: what each earns, by its number in the space, and whether it can be used (1) or not.

    Points are as scored, 0 where the gate is shut by more than what no period mends. `shown` is one period that
    somebody looks at, with the choices that are best for it; None where the year does not allow it. `as_answered` is
    the best period scored with the answers as they were given, which is what opening it shows.
    """

    space: PeriodSpace
    found: BestPeriod
    shown: Outcome | None
    points: Cells
    usable: Cells
    as_answered: Scored


class PeriodSearch:
    """The periods of a year for whoever reports in one reading; what all reporters share is made once.

    Args:
        reading: of the whole year; its engine has to be open still.
        space: the periods to search; None is all that the year allows.
    """

    def __init__(self, reading: Reading, space: PeriodSpace | None = None) -> None:
        self.reading, self.space = reading, space or space_of(reading.rules)
        self.horizon = all_seen(self.space.last)
        self.counts = PeriodCounts(reading.engine, self.space, reading.site.numerator_window)
        self._ways: dict[tuple[object, ...], tuple[Option, ...]] = {}

    def seen_from(self, as_of: date | None) -> Self:
        """The same search, sure of no day after `as_of`, nor of one that the data do not reach; None asks no clock.

        What is counted stays: all that the data hold.
        """
        self.horizon = Horizon(self.space.last, as_of, self.reading.site.data_until, self.counts.last_case)
        return self

    def best(self, answered: Answered) -> BestPeriod:
        """The best period of one reporter.

        Raises:
            UsageError: the reporter is not in the data or not to be found out.
        """
        return self._searched(answered, reporter_of(self.reading, answered.attested.reporter)).best()

    def overview(self, answered: Answered, shown: Period) -> Overview:
        """The same with what every period earns, and one period that is looked at.

        Raises:
            UsageError: as for `best`.
        """
        searched = self._searched(answered, reporter_of(self.reading, answered.attested.reporter))
        return searched.overview(shown)

    def found(self, answered: Answered) -> Brief:
        """The winner of one reporter alone, without the scores line by line.

        Raises:
            UsageError: the reporter is not in the data or not to be found out.
        """
        return self._searched(answered, reporter_of(self.reading, answered.attested.reporter)).brief()

    def everyone(self, answered: Answered) -> list[Brief]:
        """The winner of each clinician and each group in the data, all with the same answers; by TIN and NPI.

        Totals of the EHR's own report are one reporter's, so none is looked at.
        """
        answered = replace(answered, attested=replace(answered.attested, reported={}))
        required = {measure.id for measure in self.reading.rules.with_status(Status.REQUIRED)}
        found = {Reporter(*series[2:]) for series in self.counts.series if series[0] in required}
        named = sorted((r for r in found if r.tin or r.npi), key=lambda r: (r.tin or "", r.npi or ""))
        with ThreadPoolExecutor(_WORKERS) as workers:
            return list(workers.map(lambda reporter: self._searched(answered, reporter).brief(), named))

    def _searched(self, answered: Answered, reporter: Reporter) -> "_Searched":
        own = replace(answered, attested=replace(answered.attested, reporter=reporter))
        return _Searched(self, own, PeriodEvidence(self.reading, self.counts, reporter, own.attested))

    def ways(self, template: Submission) -> tuple[Option, ...]:
        """Every way to report by the answers of a template, made once for all who give the same."""
        said = (
            template.answers.items(),
            template.cehrt_id,
            template.dates.done.items(),
            template.dates.editions.items(),
        )
        key = tuple(one if isinstance(one, str | None) else frozenset(one) for one in said)
        if key not in self._ways:
            rules = self.reading.rules
            counted, claimable = reported_as_counts(rules), deciding(rules)
            self._ways[key] = options(rules, template, counted, claimable, tuple(VARIANTS.values()))
        return self._ways[key]


class _Searched:
    """One reporter's search, and its places as outcomes."""

    def __init__(self, whole: PeriodSearch, answered: Answered, evidence: PeriodEvidence) -> None:
        self._whole, self._answered, self._evidence = whole, answered, evidence
        self._rules = whole.reading.rules
        self._search = Search(self._rules, evidence, self._asked())

    def _asked(self) -> Asked:
        attested, rules, space = self._answered.attested, self._rules, self._whole.space
        template = Submission(
            rules.year,
            self._evidence.reporter,
            Period(space.first, space.last),
            attested.cehrt_id,
            {},
            attested.answers,
        )
        template = replace(template, dates=attested.dates)
        return Asked(
            space=space,
            options=self._whole.ways(template),
            insisted=frozenset(claim for claim in deciding(rules) if attested.answers.get(claim)),
            usable_from=self._first(template, "start"),
            usable_to=self._first(template, "end"),
        )

    def _first(self, template: Submission, side: str) -> int:
        """The first day, as a number, on which a period may start or end for technology and registrations."""
        space, codes = self._whole.space, _BY_START if side == "start" else _BY_END
        for number in range(space.days):
            period = replace(Period(space.first, space.last), **{side: space.first + timedelta(number)})
            found = on_time(self._rules, replace(template, period=period))
            if not any(finding.code in codes for finding in found):
                return number
        return space.days

    def brief(self) -> Brief:
        """The winner and the full year, without their scores line by line."""
        found, space = self._search.found(), self._whole.space
        full = self._search.at(space.number(Period(space.first, space.last))).points
        return Brief(self._evidence.reporter, space.at(found.best.cell), found.best, self._robust(found), full)

    def _robust(self, found: Found) -> bool:
        horizon, period = self._whole.horizon, self._whole.space.at(found.best.cell)
        return found.at_stake <= 0 and horizon.settles(period, found.best.least, self._rules.cap.points)

    def best(self) -> BestPeriod:
        """Everything that was found, each period scored."""
        found = self._search.found()
        best = self._outcome(found.best)
        runner_up = self._outcome(found.runner_up) if found.runner_up else None
        space = self._whole.space
        full = self._of(Period(space.first, space.last))
        halves = tuple(self._of(half) for half in halves_of(space))
        horizon = self._whole.horizon
        beside = next((o for o in (full, *halves, runner_up) if o is not None and o.period != best.period), best)
        return BestPeriod(
            best=best,
            runner_up=runner_up,
            halves=halves,
            full_year=full,
            searched=len(space),
            at_stake=max(0, found.at_stake),
            if_none_met=self._in(worlds.World.NONE_MET),
            if_all_met=self._in(worlds.World.ALL_MET),
            reasons=reasons(best, beside, runner_up),
            unmendable=self._unmendable(best, found),
            assumed=self._answered.assumed,
            carried=tuple(self._answered.attested.reported),
            robust=self._robust(found),
            horizon=horizon,
            starts=starts_left(self._rules, horizon.as_of) if horizon.as_of else None,
        )

    def overview(self, shown: Period) -> Overview:
        """Everything that was found, beside what each period earns."""
        space = self._whole.space
        looked_at = self._of(shown) if shown in space else None
        best = self.best()
        answered = self._scored(space.number(best.best.period), self._answered.attested)
        return Overview(space, best, looked_at, self._search.points(), self._search.usable, answered)

    def _scored(self, cell: int, attested: Attestations) -> Scored:
        reading = replace(self._whole.reading, period=self._whole.space.at(cell), tallies=self._evidence.tallies(cell))
        return score_reading(reading, replace(attested, period=reading.period))

    def _in(self, world: worlds.World) -> World:
        cell, points, option = self._search.winner(world)
        return World(self._whole.space.at(cell), points, option.choices)

    def _unmendable(self, best: Outcome, found: Found) -> tuple[Finding, ...]:
        waived, errors = self._answered.waived, found.unmendable
        return tuple(f for f in best.score.findings if (f.code, f.subject) in errors and f.code not in waived)

    def _of(self, period: Period) -> Outcome:
        return self._outcome(self._search.at(self._whole.space.number(period)))

    def _outcome(self, place: Place) -> Outcome:
        period = self._whole.space.at(place.cell)
        scored = self._scored(place.cell, chosen(self._answered.attested, place.option, period))
        errors = [f for f in scored.score.findings if f.severity is Severity.ERROR]
        return Outcome(
            period=period,
            choices=place.option.choices,
            submission=scored.submission,
            score=scored.score,
            least=place.least,
            most=place.most,
            margins=tuple(_margins(scored)),
            infeasible=tuple(f for f in errors if f.code in _BY_START | _BY_END),
            waived=self._answered.waived,
        )


def chosen(attested: Attestations, option: Option, period: Period) -> Attestations:
    """A person's answers with the choices of an option; totals of measures that it takes out are left out."""
    reported = {measure: total for measure, total in attested.reported.items() if measure in option.available}
    variant = option.choices.variant
    return replace(attested, period=period, answers=option.answers, reported=reported, variant=variant)


def _margins(scored: Scored) -> Iterator[Margin]:
    for one in scored.exclusions:
        if one.fewer_than is not None and not one.refutes_only:
            claimed = scored.submission.answers.get(one.exclusion) is True
            yield Margin(one.exclusion, claimed, one.count, one.fewer_than)
