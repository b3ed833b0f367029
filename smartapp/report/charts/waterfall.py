"""The waterfall of a plan: from the points as they are, step by step, to those that are promised."""

from dataclasses import dataclass

from scoring.plan import Plan
from scoring.year import RuleBook
from smartapp.ahead.plan_words import todo
from smartapp.report.charts.score_bar import Segment
from smartapp.report.charts.shape import DataTable, Told, percent_of
from smartapp.report.words import plural


@dataclass(frozen=True, slots=True)
class Fall:
    """One row: what is done and what the score is afterwards; `segments` lie in a row of all points there are."""

    name: str
    words: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Waterfall:
    """The rows from before to after, each with what it adds to the one above it."""

    told: Told
    rows: tuple[Fall, ...]


def waterfall(plan: Plan, rules: RuleBook) -> Waterfall | None:
    """The rows of a plan.

    Args:
        plan: its steps in their order, each scored with all before it.
        rules: of the year; the most points there are fill the width.

    Returns:
        None where nothing is to be done.
    """
    if not plan.steps:
        return None
    cap = rules.cap.points
    points = [plan.before.points, *(step.score_after for step in plan.steps)]
    names = [todo(step.action, rules) for step in plan.steps]
    moved = list(zip(names, points, points[1:], strict=False))
    rows = [Fall("As it stands", plural(points[0], "point", "points"), _segments(points[0], points[0], cap))]
    rows += [Fall(name, f"{_signed(after - before)}, then {after}", _segments(before, after, cap))
             for name, before, after in moved]  # fmt: skip
    table = DataTable(
        "The score after each step of the plan",
        ("Step", "Adds", "Then"),
        (("As it stands", "", str(points[0])), *((name, _signed(b - a), str(b)) for name, a, b in moved)),
    )
    reading = f"{plural(len(plan.steps), 'step leads', 'steps lead')} from {points[0]} to {points[-1]} of {cap} points."
    return Waterfall(Told("lift", "What lifts the score", reading, table), tuple(rows))


def _segments(before: int, after: int, cap: int) -> tuple[Segment, ...]:
    """What there was, and what the row adds, or takes away."""
    low, high = min(before, after), max(before, after)
    parts = (("base", 0, low), ("earned" if after >= before else "lost", low, high))
    return tuple(Segment(kind, percent_of(at, cap), percent_of(end - at, cap)) for kind, at, end in parts if end > at)


def _signed(points: int) -> str:
    return f"{points:+d}" if points else "no change by itself"
