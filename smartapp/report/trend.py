"""The page of the trend: points and rates over the kept runs, what changed since the run before, and gaps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from scoring.model import Period
from smartapp.kept.trend import Kept, Rate, Since, Trend
from smartapp.opened.outages import Outage
from smartapp.report.access_shown import outage_in_words
from smartapp.report.charts.shape import DataTable, Told
from smartapp.report.charts.trend import TrendLine, Value, trend_line
from smartapp.report.periods import in_days
from smartapp.report.words import day, figure, moment, plural, rate_in_words

_NO_NUMBER = "no score: input not whole"
_BASIS = {"rules": "rules", "profile": "evidence profile", "site": "settings of the site", "drug_table": "drug table"}


@dataclass(frozen=True, slots=True)
class Changed:
    """What of one kind changed, in words."""

    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Days of a measure on which nothing was met."""

    measure: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class TrendShown:
    """The whole page; `score` None where no run is kept, `changes` None where there is no run before."""

    notes: tuple[str, ...]
    score: TrendLine | None
    rates: tuple[TrendLine, ...]
    changes: tuple[Changed, ...] | None
    between: str
    outages: tuple[Gap, ...]


def trend_shown(
    trend: Trend, since: Since | None, period: Period, zone: tzinfo, gaps: Mapping[str, Sequence[Outage]]
) -> TrendShown:
    """The records of the template.

    Args:
        trend: the kept runs.
        since: what the newest has otherwise than the one before.
        period: the days that are looked at; runs of others are marked.
        zone: in which times are told.
        gaps: by measure, days on which nothing was met, of the run and period that are looked at.
    """
    kept = trend.kept
    titles = kept[-1].titles if kept else {}
    return TrendShown(
        notes=tuple(_notes(trend, period)),
        score=_score_line(kept, period, zone) if kept else None,
        rates=tuple(_rate_line(kept, measure, period, zone) for measure in _measures(kept)),
        changes=tuple(_changes(since, titles)) if since else None,
        between=f"{_when(since.first, zone)} and {_when(since.second, zone)}" if since else "",
        outages=tuple(Gap(m, titles.get(m, m), outage_in_words(one, m)) for m in gaps for one in gaps[m]),
    )


def _reading(kept: tuple[Kept, ...]) -> str:
    scored = [one for one in kept if one.points is not None]
    if not scored:
        return "No kept run has a score of this reporter."
    first, last = scored[0], scored[-1]
    if first is last:
        return f"One run is kept, with {plural(last.points or 0, 'point', 'points')}."
    change = (last.points or 0) - (first.points or 0)
    moved = "as many" if not change else f"{abs(change)} {'more' if change > 0 else 'fewer'}"
    text = f"{last.points} points in the newest run, {moved} than in the oldest of {len(scored)}"
    return f"{text.replace('as many than', 'as many as')}; the least were {min(one.points or 0 for one in scored)}."


def _notes(trend: Trend, period: Period) -> Iterator[str]:
    if any(one.period != period for one in trend.kept):
        yield "Hollow dots are runs that scored another period than the one chosen here: they count other days."
    if any(one.gate_shut for one in trend.kept):
        yield "A score of 0 with the gate shut is not one of nothing counted: the table has the points before the gate."
    if trend.older:
        yield f"{plural(trend.older, 'older run is', 'older runs are')} kept and not drawn."
    if trend.unreadable:
        yield f"{plural(trend.unreadable, 'run that cannot be read is', 'runs that cannot be read are')} left out."


def _score_line(kept: tuple[Kept, ...], period: Period, zone: tzinfo) -> TrendLine:
    rows = tuple((_when(one, zone), in_days(one.period), *_points(one)) for one in kept)
    head = ("Run", "Period", "Points", "Before the gate", "Up to")
    told = Told("trend-score", "Score", _reading(kept), DataTable("Points of each run", head, rows))
    return trend_line(told, [_value(one, period, zone, one.points, str(one.points)) for one in kept])


def _points(one: Kept) -> tuple[str, str, str]:
    if one.points is None:
        return _NO_NUMBER, "none", "none"
    shut = " (gate shut)" if one.gate_shut else ""
    return f"{one.points}{shut}", str(one.before_gate), str(one.up_to)


def _value(one: Kept, period: Period, zone: tzinfo, number: Fraction | int | None, text: str) -> Value:
    known = None if number is None else Fraction(number)
    return Value(known, text, day(one.written.astimezone(zone)), one.period != period)


def _measures(kept: tuple[Kept, ...]) -> list[str]:
    """The measures that were lines of the newest score, in its order."""
    return list(kept[-1].titles) if kept else []


def _rate_line(kept: tuple[Kept, ...], measure: str, period: Period, zone: tzinfo) -> TrendLine:
    rates = [(one, one.rates.get(measure)) for one in kept]
    head = ("Run", "Period", "Met", "Denominator", "Unknown", "Rate")
    rows = tuple((_when(one, zone), in_days(one.period), *_numbers(rate)) for one, rate in rates)
    title = kept[-1].titles[measure]
    table = DataTable(f"{title}: what each run counted", head, rows)
    told = Told(f"trend-{measure}", title, _rate_reading([rate for _, rate in rates if rate]), table)
    return trend_line(told, [_value(one, period, zone, _percent(rate), _text(rate)) for one, rate in rates])


def _numbers(rate: Rate | None) -> tuple[str, ...]:
    if rate is None:
        return "not counted", "not counted", "not counted", "none"
    return figure(rate.met), figure(rate.denominator), figure(rate.unknown), _text(rate)


def _percent(rate: Rate | None) -> Fraction | None:
    """The rate of 100; none where nothing was eligible, or nothing is seen met and something is unknown."""
    if rate is None or not rate.denominator or (not rate.met and rate.unknown):
        return None
    return Fraction(100 * rate.met, rate.denominator)


def _text(rate: Rate | None) -> str:
    if rate is None:
        return ""
    return rate_in_words(Fraction(rate.met, rate.denominator) if rate.denominator else None, rate.unknown)


def _rate_reading(rates: list[Rate]) -> str:
    if not rates:
        return "No run counted it."
    first, last = rates[0], rates[-1]
    now = f"{figure(last.met)} of {figure(last.denominator)} met in the newest run, {_text(last)}"
    return f"{now}." if first is last else f"{now}; {_text(first)} in the oldest."


def _when(one: Kept, zone: tzinfo) -> str:
    return moment(one.written.astimezone(zone))


def _changes(since: Since, titles: Mapping[str, str]) -> Iterator[Changed]:
    if since.first.period != since.second.period:
        yield Changed("Period", f"{in_days(since.first.period)}, then {in_days(since.second.period)}")
    for one in since.basis:
        yield Changed("What decides", f"other {_BASIS.get(one.what, one.what)}: {one.first}, then {one.second}")
    for how, number in sorted(since.resources.items()):
        text = how.replace("the first", "the earlier run").replace("the second", "the newer run")
        yield Changed("Records", f"{plural(number, 'resource', 'resources')} {text}")
    for (measure, how), number in sorted(since.cases.items()):
        words = {"new": "came", "gone": "went", "otherwise": "came out otherwise"}
        yield Changed(_named(measure, titles), f"{plural(number, 'case', 'cases')} {words[how]}")


def _named(measure: str, titles: Mapping[str, str]) -> str:
    return f"{titles[measure]} ({measure})" if measure in titles else measure
