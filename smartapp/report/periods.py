"""The periods of a year for a page: a map of every start, the periods that matter beside each other, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoring.model import MeasureId, Period
from scoring.periods import Outcome, Reason
from smartapp.ahead.looking_ahead import Periods, Starts
from smartapp.ahead.period_words import CONTROLLED, Wording, certainty, gate, resting_on, unseen_days
from smartapp.report.words import day, figure, objective_title, plural

_HEIGHT = 120
"""Of the bars, in CSS pixels; 100 points fill it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Starts in a row on the map: `x` and `width` in percent of the year, `y` and `height` in pixels.

    `hatched`: no period that starts then can be used.
    """

    x: str
    width: str
    y: str
    height: str
    hatched: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """One period on the map, as a bar from its start to its end below the starts; `opens` is its row's anchor."""

    kind: str
    text: str
    x: str
    width: str
    y: int
    opens: str


@dataclass(frozen=True, slots=True)
class Month:
    """Where a month begins, in percent of the year."""

    x: str
    letter: str


@dataclass(frozen=True, slots=True)
class Today:
    """A day on the map, in percent of the year; its text stands on the side where there is room."""

    text: str
    x: str
    anchor: str


@dataclass(frozen=True, slots=True)
class PeriodMap:
    """The drawing; `today` None where no day is marked."""

    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    months: tuple[Month, ...]
    today: Today | None
    label: str
    reading: str

    @property
    def hatched(self) -> bool:
        """Whether any start cannot be used."""
        return any(bar.hatched for bar in self.bars)


@dataclass(frozen=True, slots=True)
class Row:
    """One period in the table of those that matter; `points` is "cannot be used" where it cannot."""

    anchor: str
    name: str
    days: str
    length: int
    points: str
    range: str
    claims: str
    controlled: str


@dataclass(frozen=True, slots=True)
class StartRow:
    """Starts in a row, in words."""

    days: str
    points: str
    earning: str
    longest: str


@dataclass(frozen=True, slots=True)
class PeriodsShown:
    """Everything that pages show of the periods. `headline` is short, `better` tells whether it is news.

    `unsure` says that days of the best period are still to come; what is safe, the plan tells.
    """

    better: bool
    headline: str
    says: tuple[str, ...]
    map: PeriodMap
    rows: tuple[Row, ...]
    starts: tuple[StartRow, ...]
    reasons: tuple[Reason, ...]
    gate: tuple[str, ...]
    certainty: tuple[str, ...]
    rests_on: tuple[str, ...]
    starts_left: str
    unsure: bool


_WORDING = Wording(day, "")


def periods_shown(periods: Periods) -> PeriodsShown:
    """The records of the templates; the day from which the periods are seen is marked as today, if there is one."""
    found = periods.found
    return PeriodsShown(
        better=bool(periods.better),
        headline=_headline(periods),
        says=tuple(_says(periods)),
        map=_map(periods),
        rows=tuple(_rows(periods)),
        starts=tuple(_start_row(one, periods) for one in periods.starts),
        reasons=tuple(Reason(_title(one.line, periods), one.text) for one in found.reasons),
        gate=tuple(gate(found, _WORDING)),
        certainty=tuple(certainty(found, _WORDING)),
        rests_on=tuple(resting_on(found)),
        starts_left=found.starts.text if found.starts else "",
        unsure=not found.horizon.over and bool(found.horizon.to_come(found.best.period)),
    )


def _title(line: str, periods: Periods) -> str:
    """What a reason is about: a measure by its title and id, an objective, the bonus or the period by its name."""
    measure = periods.rules.measures.get(MeasureId(line))
    return f"{measure.title} ({line})" if measure else objective_title(periods.rules, line)


def _headline(periods: Periods) -> str:
    if not periods.better:
        return "No period earns more"
    same = periods.found.best.period == periods.current
    return "Better choices found for this period" if same else "Better period found"


def _says(periods: Periods) -> Iterator[str]:
    """One reading of all periods, then what else a person has to know before she takes the best one."""
    best, shown = periods.found.best, periods.shown
    now = f"{in_days(periods.current)} earns {periods.reported} as it is reported"
    own = periods.points(shown) if shown else periods.reported
    if own > periods.reported and periods.better:
        now += f" and {own} with the choices that are best for it"
    if periods.better and best.period == periods.current:
        needs = f": {', '.join(periods.best_needs)}" if periods.best_needs else ""
        yield f"{now}{needs}."
    elif periods.better:
        yield f"{in_days(best.period)} earns {_best_points(periods)}; {now}."
    else:
        yield f"{now}, and none of the {figure(periods.found.searched)} periods of the year earns more."
    if periods.found.unmendable:
        yield "The gate is shut whatever the period: these are the points without that."
    yield from unseen_days(periods.found, _WORDING)


def _best_points(periods: Periods) -> str:
    """What the best period earns as it is when it is opened, and with what it earns its own points."""
    most, as_reported = periods.points(periods.found.best), periods.best_as_reported
    if as_reported == most or not periods.best_needs:
        return f"{most} points"
    return f"{as_reported} points as it is reported, and {most} with: {', '.join(periods.best_needs)}"


def in_days(period: Period) -> str:
    """A period by its first and last day."""
    return f"{day(period.start)} to {day(period.end)}"


def _map(periods: Periods) -> PeriodMap:
    best, searched = periods.found.best, figure(periods.found.searched)
    span = periods.starts[0].first, periods.starts[-1].last
    unusable = any(one.points is None for one in periods.starts)
    reading = f"Each bar is a day on which a period may start, {day(span[0])} to {day(span[1])}, as high as the most "
    reading += f"points that a period from that day earns. Of {searched} periods, {in_days(best.period)} is best with "
    reading += f"{periods.points(best)}." + (" From hatched days no period can be used." if unusable else "")
    return PeriodMap(
        bars=tuple(_bar(one, periods) for one in periods.starts),
        marks=tuple(_marks(periods)),
        months=tuple(Month(_at(date(span[0].year, n, 1), periods), f"{date(2000, n, 1):%b}"[0]) for n in range(1, 13)),
        today=_today(periods),
        label=f"Most points by the day on which the period starts, {span[0].year}",
        reading=reading,
    )


def _today(periods: Periods) -> Today | None:
    as_of = periods.found.horizon.as_of
    if as_of is None or not periods.space.first <= as_of <= periods.space.last:
        return None
    early = (as_of - periods.space.first).days * 2 < periods.space.days
    return Today(f"Today, {_short(as_of)}", _at(as_of, periods), "start" if early else "end")


def _bar(starts: Starts, periods: Periods) -> Bar:
    height = _HEIGHT if starts.points is None else max(1, starts.points * _HEIGHT // 100)
    days = (starts.last - starts.first).days + 1
    width = _percent(days, periods)
    return Bar(_at(starts.first, periods), width, str(_HEIGHT - height), str(height), starts.points is None)


def _marks(periods: Periods) -> Iterator[Mark]:
    """The period of the score, the best, and the runner-up, each on a line of its own."""
    found = periods.found
    drawn = [("best", f"Best, {periods.points(found.best)}", found.best.period)]
    drawn.append(("current", f"Yours, {periods.reported}", periods.current))
    if found.runner_up:
        drawn.append(("runner-up", f"Runner-up, {periods.points(found.runner_up)}", found.runner_up.period))
    for number, (kind, name, period) in enumerate(drawn):
        text = f"{name}: {_short(period.start)} to {_short(period.end)}"
        place = _at(period.start, periods), _percent(period.days, periods)
        yield Mark(kind, text, *place, number * 44, f"period-{kind}")


def _short(when: date) -> str:
    return f"{when:%b} {when.day}"


def _at(when: date, periods: Periods) -> str:
    return _percent((when - periods.space.first).days, periods)


def _percent(days: int, periods: Periods) -> str:
    return f"{float(Fraction(days * 100, periods.space.days)):.2f}%"


def _rows(periods: Periods) -> Iterator[Row]:
    found, shown = periods.found, periods.shown
    named = [("best", "Best", found.best), ("current", "Yours, with the choices best for it", shown)]
    named.append(("runner-up", "Runner-up", found.runner_up))
    named += [(f"half-{half.period.start.month}", _half(half), half) for half in found.halves]
    for kind, name, outcome in (*named, ("full-year", "Full year", found.full_year)):
        if outcome is not None:
            yield _row(kind, name, outcome, periods)
        elif kind == "current":
            days = in_days(periods.current)
            yield Row(f"period-{kind}", "Yours", days, periods.current.days, "not allowed", "", "", "")


def _half(outcome: Outcome) -> str:
    return "First half" if outcome.period.start.month == 1 else "Second half"


def _row(kind: str, name: str, one: Outcome, periods: Periods) -> Row:
    return Row(
        anchor=f"period-{kind}",
        name=name,
        days=in_days(one.period),
        length=one.period.days,
        points=str(periods.points(one)) if one.feasible else "cannot be used",
        range=f"{one.least} to {one.most}"
        if one.least != one.most
        else f"{one.least}, which the unknowns do not change",
        claims=", ".join(one.choices.exclusions) or "none",
        controlled=CONTROLLED[one.choices.variant],
    )


def _start_row(starts: Starts, periods: Periods) -> StartRow:
    days = day(starts.first) if starts.first == starts.last else f"{day(starts.first)} to {day(starts.last)}"
    if starts.points is None or starts.longest is None:
        why = " ".join(finding.message for finding in periods.found.full_year.infeasible)
        return StartRow(days, "cannot be used", f"none of {figure(starts.periods)}", why)
    longest = f"{in_days(starts.longest)}, {plural(starts.longest.days, 'day', 'days')}"
    return StartRow(days, str(starts.points), f"{figure(starts.earning)} of {figure(starts.periods)}", longest)
