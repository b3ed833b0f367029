"""The score bar: for each objective what is earned, what is still open and what is lost."""

from dataclasses import dataclass, replace

from scoring.model import ScoreLine
from scoring.score import BONUS
from smartapp.report.charts.shape import percent_of
from smartapp.report.words import objective_title
from smartapp.scored import Scored


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a bar, in percent of the drawing's width."""

    kind: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One objective, of which `hidden` lines are not determinable; the bonus is extra and so never lost."""

    title: str
    earned: int
    open: int
    lost: int
    available: int
    hidden: int
    is_bonus: bool
    segments: tuple[Segment, ...] = ()

    @property
    def earned_in_words(self) -> str:
        """The points earned; a sum of nothing but what cannot be determined is no zero."""
        if not self.hidden:
            return str(self.earned)
        return f"{self.earned} and more not determinable" if self.earned else "not determinable"

    @property
    def label(self) -> str:
        """The bar in words, for those who do not see it."""
        parts = [f"{self.earned_in_words} earned", f"{self.open} not determinable or open" if self.open else ""]
        return ", ".join([p for p in (*parts, "" if self.is_bonus else f"{self.lost} lost") if p])


@dataclass(frozen=True, slots=True)
class Chart:
    """All bars with one sentence that reads them."""

    bars: tuple[Bar, ...]
    reading: str
    total: int
    cap: int


def chart_of(scored: Scored) -> Chart:
    """The chart of a score: what it draws is what the score's lines say."""
    groups: dict[tuple[str, bool], list[ScoreLine]] = {}
    for line in scored.score.lines:
        groups.setdefault((line.objective, line.measure == BONUS), []).append(line)
    plain = [_bar(scored, objective, lines, is_bonus=extra) for (objective, extra), lines in groups.items()]
    widest = max(bar.available for bar in plain)
    bars = tuple(_drawn(bar, widest) for bar in plain)
    total = sum(bar.earned for bar in bars)
    return Chart(bars, _reading(bars, total, scored.score.before_gate), total, scored.reading.rules.cap.points)


def _bar(scored: Scored, objective: str, lines: list[ScoreLine], *, is_bonus: bool) -> Bar:
    earned = sum(line.earned or 0 for line in lines)
    reachable = sum(line.available if line.earned is None else line.up_to for line in lines)
    available = sum(line.available for line in lines)
    return Bar(
        title=lines[0].title if is_bonus else objective_title(scored.reading.rules, objective),
        earned=earned,
        open=reachable - earned,
        lost=0 if is_bonus else available - reachable,
        available=available,
        hidden=sum(line.earned is None for line in lines),
        is_bonus=is_bonus,
    )


def _drawn(bar: Bar, widest: int) -> Bar:
    segments, at = [], 0
    for kind, points in (("earned", bar.earned), ("open", bar.open), ("lost", bar.lost)):
        if points:
            segments.append(Segment(kind, percent_of(at, widest), percent_of(points, widest)))
            at += points
    return replace(bar, segments=tuple(segments))


def _reading(bars: tuple[Bar, ...], total: int, before_gate: int) -> str:
    undecided, lost = sum(bar.open for bar in bars), sum(bar.lost for bar in bars)
    capped = f", which the cap makes {before_gate}" if total != before_gate else ""
    return f"The lines earn {total} points{capped}; {undecided} are not determinable or open, and {lost} are lost."
