"""The bullet bar: of one measure's denominator what is met, what is unknown, and what is not met."""

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.model import MeasureId, Proportion, ScoreLine
from smartapp.report.charts.score_bar import Segment
from smartapp.report.charts.shape import DataTable, Told, percent_of
from smartapp.report.words import figure, plural, rate_in_words
from smartapp.scored import Scored


@dataclass(frozen=True, slots=True)
class Bullet:
    """One rate. `segments` fill the bar, which is the denominator; none where nothing is eligible or readable."""

    measure: str
    title: str
    words: str
    points: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """The rates of a score, each a bar of its own."""

    told: Told
    bars: tuple[Bullet, ...]


def bullets_of(scored: Scored) -> Bullets:
    """The counted lines of a score, in its order; what they draw is what the score counted."""
    lines = tuple(_counted(scored))
    table = DataTable(
        "What the bars of the rates draw",
        ("Measure", "Met", "Unknown", "Not met", "Denominator", "Undecided", "Rate"),
        tuple(_row(line, counted) for line, counted in lines),
    )
    told = Told("rates", "Rates by measure", _reading(lines), table)
    return Bullets(told, tuple(bullet_of(line, counted) for line, counted in lines))


def _counted(scored: Scored) -> Iterator[tuple[ScoreLine, Proportion]]:
    for line in scored.score.lines:
        counted = scored.submission.proportions.get(MeasureId(line.measure))
        if counted is not None:
            yield line, counted


def bullet_of(line: ScoreLine, counted: Proportion) -> Bullet:
    """The bar of one line of a score and what it counted."""
    return Bullet(line.measure, line.title, _words(counted), _points(line), segments_of(counted))


def segments_of(counted: Proportion) -> tuple[Segment, ...]:
    """Met, unknown and not met side by side; together the whole denominator."""
    if not counted.readable or not counted.denominator:
        return ()
    parts = (("earned", counted.met), ("open", counted.unknown), ("lost", not_met(counted)))
    found, at = [], 0
    for kind, number in parts:
        if number:
            found.append(Segment(kind, percent_of(at, counted.denominator), percent_of(number, counted.denominator)))
            at += number
    return tuple(found)


def not_met(counted: Proportion) -> int:
    """The cases of the denominator that are surely not met."""
    return counted.denominator - counted.met - counted.unknown


def _words(counted: Proportion) -> str:
    if not counted.readable:
        return "cannot be read from this server"
    if not counted.denominator:
        return "nothing was eligible"
    text = f"{figure(counted.met)} of {figure(counted.denominator)}, {rate_in_words(counted.rate, counted.unknown)}"
    return text + (f"; {figure(counted.unknown)} unknown" if counted.unknown else "")


def _points(line: ScoreLine) -> str:
    if line.earned is None:
        return f"not determinable, of {line.available} points"
    upper = f", up to {line.up_to} if every unknown is met" if line.up_to != line.earned else ""
    return f"{line.earned} of {plural(line.available, 'point', 'points')}{upper}"


def _row(line: ScoreLine, counted: Proportion) -> tuple[str, ...]:
    if not counted.readable:
        return (line.title, *["not readable"] * 6)
    numbers = (counted.met, counted.unknown, not_met(counted), counted.denominator, counted.undecided)
    return (line.title, *map(figure, numbers), rate_in_words(counted.rate, counted.unknown))


def _reading(lines: tuple[tuple[ScoreLine, Proportion], ...]) -> str:
    seen = [(counted.rate, line, counted) for line, counted in lines if counted.readable and counted.rate is not None]
    hidden = sum(not counted.readable for _, counted in lines)
    text = f"{plural(hidden, 'measure', 'measures')} cannot be read from this server." if hidden else ""
    if not seen:
        return text or "Nothing was eligible in a counted measure."
    _, line, counted = min(seen, key=lambda one: one[0])
    return (
        f"The lowest of {plural(len(seen), 'rate', 'rates')} is that of {line.title}: {_words(counted)}. {text}".strip()
    )
