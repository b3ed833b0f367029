"""Planning as a use case: from the observed part of a period to what can still be done, until when, and what it gives.

The observed part is what is read and counted; the period, with its end perhaps in the future, is what is reported.
Everything is told from one day, the as-of date, that the caller gives: no clock is read here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from scoring.actions import Action, OpenCase, Pool, Situation, applied, score_of
from scoring.conditions import DeadlineId
from scoring.deadlines import closing_day
from scoring.efforts import ActionKind, Efforts, load_efforts
from scoring.model import MeasureId, Period, Proportion, Score
from scoring.plan import Open, Plan, alone, plan
from scoring.possible import Held, Known, OtherBasis, held_back, possible
from scoring.projection import (
    Projection,
    Safety,
    SafetyMargin,
    Span,
    projected,
    safety_margin,
)
from scoring.starts import StartsLeft, starts_left
from scoring.year import RuleBook
from smartapp.ahead.carried import Carried, carried
from smartapp.ahead.open_cases import Cases, Seen, days_of, open_cases, own_rows, window_end
from smartapp.attesting.attestations import Attestations
from smartapp.errors import UsageError
from smartapp.exclusions import BASES, counts_for
from smartapp.opened.evidence import CaseRow, case_rows
from smartapp.scored import Scored, counted_of, score_reading
from smartapp.usecases import Reading

_TWO_BASES = MeasureId("PI_EP_1")
_UNNAMED = {MeasureId("PI_HIE_1"): ActionKind.SEND, MeasureId("PI_HIE_4"): ActionKind.RECONCILE}
"""Of these a total of the EHR's report says how many are not met, and acts can still make them met."""

_SAFE = (Safety.SAFE, Safety.FINAL)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for: a period, from which day, how many points (None: the most), and what not to do."""

    period: Period
    as_of: date
    target: int | None = None
    ruled_out: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Closing:
    """What can be done until a day, that day included, and no longer; `cases` None where it is no matter of cases.

    `what` is the name by which a program knows it; `action` the action that it names, None for a date or cases.
    """

    day: date
    what: str
    cases: int | None = None
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A claim that would give more and that the plan does not count on; `points` before the gate if it were made."""

    held: Held
    points: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with all that it was drawn from.

    `scored` is the observed part, `situation` the same as it would be reported for the whole period, `can` what else
    than cases is open. `gone` says by measure what is not met for good, and why; `undecided` which cases nobody knows
    to be counted, and why. `singles` are all actions with what each adds by itself. `carried` are totals of the EHR's
    report. `closed` is the last day of the submission window where it has passed.
    """

    asked: Asked
    scored: Scored
    span: Span
    situation: Situation
    can: Open
    plan: Plan
    singles: tuple[tuple[Action, int], ...]
    held: tuple[HeldBack, ...]
    margins: tuple[SafetyMargin, ...]
    projection: Projection
    starts: StartsLeft
    closing: tuple[Closing, ...]
    gone: Mapping[MeasureId, Mapping[str, int]]
    undecided: Mapping[MeasureId, Mapping[str, int]]
    carried: tuple[Carried, ...]
    closed: date | None


def observed_part(asked: Asked) -> Period:
    """The days to count: from the period's start to the as-of date or the period's end; no day before the start."""
    span = Span(asked.period, asked.as_of)
    return span.observed or Period(asked.period.start, asked.period.start - timedelta(days=1))


def planned(reading: Reading, attested: Attestations, asked: Asked) -> Planned:
    """Plan for one reporter.

    Args:
        reading: the observed part of the period, as `observed_part` gives it.
        attested: a person's answers.
        asked: the period, the as-of date and the target.

    Raises:
        UsageError: the reporter is not in the data, a reported total contradicts the answers, or the reading is of
            other days.
    """
    if reading.period != observed_part(asked):
        raise UsageError(f"expected the days {observed_part(asked)} to be counted, got {reading.period}.")
    scored, rows, span = score_reading(reading, attested), case_rows(reading), Span(asked.period, asked.as_of)
    seen = Seen(asked.period, asked.as_of, scored.submission.reporter, attested.variant, load_efforts())
    cases, margins = open_cases(reading, rows, seen), tuple(margins_of(scored, rows, span))
    whole = _situation(scored, cases, seen)
    known = _known(scored, _other_basis(scored, rows, seen), margins, seen)
    _check_ruled_out(whole, known, asked.ruled_out)
    situation, known = _without(whole, known, asked.ruled_out)
    can, counted = possible(situation, known), set(situation.submission.proportions) - set(attested.reported)
    closes = closing_day(reading.rules)
    return Planned(
        asked=asked,
        scored=scored,
        span=span,
        situation=situation,
        can=can,
        plan=plan(situation, can, asked.target),
        singles=alone(situation, can),
        held=tuple(_held(situation, can, known)),
        margins=margins,
        projection=projected(situation, span),
        starts=starts_left(reading.rules, asked.as_of),
        closing=tuple(sorted(_closing(situation, can, asked), key=lambda one: (one.day, one.what))),
        gone={measure: found.gone for measure, found in cases.items() if measure in counted and found.gone},
        undecided={m: found.undecided for m, found in cases.items() if m in counted and found.undecided},
        carried=carried(attested, asked.period, asked.as_of),
        closed=closes if asked.as_of > closes else None,
    )


def _situation(scored: Scored, cases: Mapping[MeasureId, Cases], seen: Seen) -> Situation:
    """What would be reported for the whole period if nothing more happened."""
    submission = replace(scored.submission, period=seen.period)
    return Situation(scored.reading.rules, submission, scored.exclusions, _pools(scored, cases, seen))


def _known(scored: Scored, other: OtherBasis | None, margins: tuple[SafetyMargin, ...], seen: Seen) -> Known:
    unsafe = {one.exclusion: one.because for one in margins if one.safety not in _SAFE}
    return Known(seen.as_of, seen.efforts, counted_of(scored), other, unsafe)


def ticked(found: Planned, names: frozenset[str]) -> Score:
    """The score once the actions of these names are done, those on cases to every case; unknown names do nothing."""
    options = (*found.can.gate, *(action for choice in (*found.can.choices, found.can.bonus) for action in choice))
    cases = (action for action, _ in found.singles if action.cases)
    return score_of(applied(found.situation, [one for one in (*options, *cases) if one.id in names]))


def _pools(scored: Scored, cases: Mapping[MeasureId, Cases], seen: Seen) -> dict[MeasureId, tuple[Pool, ...]]:
    """The open cases by measure; of a total of the EHR's report they are a number without names."""
    reported = scored.attestations.reported
    pools = {measure: found.pools for measure, found in cases.items() if measure not in reported}
    ends = window_end(scored.reading, seen.period)
    for measure, kind in _UNNAMED.items():
        if measure in reported and seen.as_of <= ends:
            pools[measure] = (_unnamed(measure, kind, reported[measure].proportion, ends, seen.efforts),)
    return pools


def _unnamed(measure: MeasureId, kind: ActionKind, total: Proportion, by: date, efforts: Efforts) -> Pool:
    return Pool(measure, efforts.rule(kind, measure), (OpenCase("", by, False),) * (total.denominator - total.met))


def _check_ruled_out(situation: Situation, known: Known, names: frozenset[str]) -> None:
    """Refuse a name that is no action's, so that a typing error is never taken for a wish."""
    can = possible(situation, known)
    there = {action.id for action in (*can.gate, *can.bonus, *(one for choice in can.choices for one in choice))}
    there |= {_pool_id(pool) for pools in situation.pools.values() for pool in pools}
    if unknown := sorted(names - there):
        listed = ", ".join(sorted(there)) or "none"
        raise UsageError(f"{', '.join(unknown)}: expected actions that can be done: {listed}. Correct --without.")


def _pool_id(pool: Pool) -> str:
    return Action(pool.measure, pool.rule, date.min).id


def _without(situation: Situation, known: Known, names: frozenset[str]) -> tuple[Situation, Known]:
    """Both without the actions that a person does not want."""
    pools = {measure: _kept(found, names) for measure, found in situation.pools.items()}
    other = known.other and replace(known.other, pools=_kept(known.other.pools, names))
    return replace(situation, pools=pools), replace(known, other=other, ruled_out=names)


def _kept(pools: tuple[Pool, ...], ruled_out: frozenset[str]) -> tuple[Pool, ...]:
    return tuple(pool for pool in pools if _pool_id(pool) not in ruled_out)


def _other_basis(scored: Scored, rows: list[CaseRow], seen: Seen) -> OtherBasis | None:
    """PI_EP_1 on the basis that was not chosen; None where its total is the report's or it is not reported."""
    if _TWO_BASES in scored.attestations.reported or _TWO_BASES not in scored.submission.proportions:
        return None
    variant = next(name for name in BASES if name != scored.attestations.variant)
    other = score_reading(scored.reading, replace(scored.attestations, variant=variant))
    cases = open_cases(scored.reading, rows, replace(seen, variant=variant)).get(_TWO_BASES)
    counted = other.submission.proportions[_TWO_BASES]
    return OtherBasis(_TWO_BASES, BASES[variant], counted, other.exclusions, cases.pools if cases else ())


def margins_of(scored: Scored, rows: list[CaseRow], span: Span) -> Iterator[SafetyMargin]:
    """Every exclusion with a limit, held against it at the end of the period; `rows` are the observed part's cases."""
    reporter, variant = scored.submission.reporter, scored.attestations.variant
    for one in scored.exclusions:
        days = days_of(own_rows(rows, one.counted_as, counts_for(one.counted_as, reporter), variant))
        margin = safety_margin(one, days, span)
        if margin is not None:
            yield margin


def _held(situation: Situation, can: Open, known: Known) -> Iterator[HeldBack]:
    """Those that would give more than there is once the gate is open."""
    ready = score_of(applied(situation, can.gate)).before_gate
    for held in held_back(situation, known):
        after = score_of(applied(situation, (*can.gate, held.action))).before_gate
        if after > ready:
            yield HeldBack(held, after)


def _closing(situation: Situation, can: Open, asked: Asked) -> Iterator[Closing]:
    """Day by day what ends: open cases by their last day, actions, and the dates of the year."""
    open_until = Counter(
        (case.by, f"{measure}, {pool.rule.kind}")
        for measure, pools in situation.pools.items()
        if measure in situation.submission.proportions
        for pool in pools
        for case in pool.cases
    )
    yield from (Closing(day, what, number) for (day, what), number in open_until.items())
    options = (*can.gate, *(action for choice in (*can.choices, can.bonus) for action in choice))
    yield from (Closing(action.by, action.id, action=action) for action in options)
    yield from (Closing(day, what) for day, what in _dates(situation.rules, asked.period) if day >= asked.as_of)


def _dates(rules: RuleBook, period: Period) -> Iterator[tuple[date, str]]:
    yield rules.period.last_start, "the last day on which a period may begin"
    yield period.end, "the period ends: the last day for acts that must lie in it"
    yield date(rules.year, 12, 31), "the performance year ends"
    for deadline in (DeadlineId.SUBMISSION_OPENS, DeadlineId.SUBMISSION_CLOSES):
        yield rules.conditions.deadlines[deadline].day, rules.conditions.deadlines[deadline].title
