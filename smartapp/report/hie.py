"""The page of the roads to health information exchange: each in a column of its own, and why two are refused."""

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.model import Cite, Confidence, MeasureId, Metric
from scoring.year import Path, RuleBook
from smartapp.ahead.hie import Pair, Road, Roads
from smartapp.report.charts.bullet import Bullet, bullet_of
from smartapp.report.words import plural
from smartapp.scored import Scored

_LET_THROUGH = (
    "CMS's conversion tool looks at bi-directional exchange alone and would let this pair pass. It is refused here all "
    "the same: CMS's list names these measures as substitutes for each other, and a later stage may refuse both."
)


@dataclass(frozen=True, slots=True)
class Needed:
    """A file that bears a road out."""

    title: str
    what: str
    fresh: str


@dataclass(frozen=True, slots=True)
class RoadShown:
    """One column. `points` are those of the objective, `total` those of the category before the gate.

    `bars` are the rates of what is counted, none for a road that is answered; `statements` the other way round.
    """

    name: str
    title: str
    tag: str
    chosen: bool
    points: str
    available: int
    condition: str
    total: str
    change: str
    measures: tuple[str, ...]
    bars: tuple[Bullet, ...]
    statements: tuple[str, ...]
    needed: tuple[Needed, ...]
    withdrawn: tuple[str, ...]
    refused: tuple[str, ...]
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class PairShown:
    """Two roads at once."""

    title: str
    refusals: tuple[str, ...]
    let_through: str
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class RoadsShown:
    """The whole page of one choice; `field` is that of the statements' form."""

    title: str
    field: str
    reading: str
    gate: str
    roads: tuple[RoadShown, ...]
    pairs: tuple[PairShown, ...]


def roads_shown(scored: Scored, found: Roads) -> RoadsShown:
    """The records of the template."""
    rules = scored.reading.rules
    return RoadsShown(
        title=found.choice.title,
        field=f"road-{found.choice.objective}",
        reading=_reading(rules, found),
        gate="Points are before the gate, which is shut." if scored.score.gate_shut else "",
        roads=tuple(_road(scored, road) for road in found.roads),
        pairs=tuple(_pair(rules, pair) for pair in found.pairs),
    )


def _reading(rules: RuleBook, found: Roads) -> str:
    """What each road gives of the objective, in one sentence."""
    return f"Of {found.choice.points} points, {'; '.join(_gives(rules, road) for road in found.roads)}."


def _gives(rules: RuleBook, road: Road) -> str:
    verb = "gives" if len(road.path.measures) == 1 else "give"
    condition = " if its statements are true" if _is_said(rules, road.path) else ""
    return f"{' and '.join(road.path.measures)} {verb} {_points(road)}{condition}"


def _road(scored: Scored, road: Road) -> RoadShown:
    rules, before = scored.reading.rules, scored.score.before_gate
    said = _is_said(rules, road.path)
    return RoadShown(
        name="+".join(road.path.measures),
        title=_title(rules, road.path),
        tag=_tag(road),
        chosen=road.is_taken and road.is_answered,
        points=_points(road),
        available=sum(line.available for line in road.lines),
        condition=_condition(road, said),
        total=str(road.after.points)
        if road.after.up_to == road.after.points
        else f"{road.after.points}, up to {road.after.up_to}",
        change=_change(road.after.points - before),
        measures=road.path.measures,
        bars=tuple(_bars(road)),
        statements=road.statements,
        needed=tuple(Needed(slot.title, slot.what, slot.fresh) for slot in road.slots),
        withdrawn=road.withdrawn,
        refused=tuple(one.message for one in road.after.refused),
        cites=road.path.ruling.cites,
    )


def _bars(road: Road) -> Iterator[Bullet]:
    for line in road.lines:
        counted = road.counted.get(MeasureId(line.measure))
        if counted is not None:
            yield bullet_of(line, counted)


def _is_said(rules: RuleBook, path: Path) -> bool:
    return all(rules.measures[measure].metric is Metric.BOOLEAN for measure in path.measures)


def _title(rules: RuleBook, path: Path) -> str:
    titles = [" ".join(rules.measures[measure].title.split()) for measure in path.measures]
    return titles[0] if len(titles) == 1 else "Send, and receive and reconcile"


def _tag(road: Road) -> str:
    if not road.is_taken:
        return "not chosen"
    return "chosen" if road.is_answered else "assumed, as no road is whole"


def _points(road: Road) -> str:
    """What the lines earn; a sum of nothing but what cannot be determined is no zero."""
    if all(line.earned is None for line in road.lines):
        return "not determinable"
    more = " and more not determinable" if any(line.earned is None for line in road.lines) else ""
    return f"{sum(line.earned or 0 for line in road.lines)}{more}"


def _condition(road: Road, said: bool) -> str:
    if said:
        return "if its statements are true over the whole period"
    up_to = sum(line.up_to for line in road.lines)
    earned = sum(line.earned or 0 for line in road.lines)
    return f"as counted; up to {up_to} if every unknown is met" if up_to != earned else "as counted"


def _change(points: int) -> str:
    if not points:
        return "as it stands"
    return f"{plural(abs(points), 'point', 'points')} {'more' if points > 0 else 'fewer'} than as it stands"


def _pair(rules: RuleBook, pair: Pair) -> PairShown:
    inferred = any(path.ruling.confidence is Confidence.INFERRED for path in (pair.first, pair.second))
    return PairShown(
        title=f"{_title(rules, pair.first)}, with {_title(rules, pair.second)}",
        refusals=tuple(f"{one.message} {one.remedy}" for one in pair.refusals),
        let_through=_LET_THROUGH if inferred else "",
        cites=tuple(dict.fromkeys(cite for one in pair.refusals for cite in one.cites)),
    )
