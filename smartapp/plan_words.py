"""A plan in sentences, the same for the terminal and for pages. None of them names a case."""

from collections.abc import Iterator

from scoring.model import Origin, Score, ScoreLine
from smartapp.planning import Planned

ESTIMATE = "The work is our estimate, to compare actions by; no published figure was found."


def aim(found: Planned) -> str:
    """Where the plan leads from where, or why there is none."""
    plan = found.plan
    before, after = plan.before.points, plan.after.points
    if plan.steps:
        short = "" if plan.reached else f" {plan.target} cannot be reached; this is the most."
        return f"from {before} to {after} of 100 with the least work.{short}"
    if plan.blocking:
        return f"none: the score is {before}, and the gate stays shut whatever is done."
    more = "" if plan.reached else f", and no action lifts it to {plan.target}"
    return f"nothing to do: the score is {before}{more}."


def hours(minutes: int) -> str:
    """Work in the larger unit that fits."""
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def points_of(score: Score) -> str:
    """The points of a score, the gate named where it is shut."""
    return f"0 (gate shut; {score.before_gate} without that)" if score.gate_shut else f"{score.points}"


def not_counted_on(found: Planned) -> Iterator[str]:
    """Claims that would give more and that the plan does not make, with the reason."""
    for one in found.held:
        if one.points > found.plan.before.before_gate:
            yield f"{one.held.action.subject} would give {one.points}: {one.held.why}"


def projected(found: Planned) -> Iterator[str]:
    """What is observed, and then what is only projected."""
    made = found.projection
    if made.pace is None or made.lowest is None or made.highest is None:
        why = "the period is over" if not found.span.remaining else "no day of it is observed yet"
        yield f"Observed: {points_of(made.observed)}. Nothing is projected: {why}."
        return
    yield f"Observed: {points_of(made.observed)}."
    text = f"Projected, if the days to come are like those observed: {points_of(made.pace)}. With as many further "
    text += f"cases, none of them met: {points_of(made.lowest)}; all of them met: {points_of(made.highest)}. Patients "
    yield text + "who come again are counted once, so their number grows more slowly than this."


def earned_in_words(line: ScoreLine | None) -> str:
    """What a line earns of what, a typed count named; a dash for a line that is not there."""
    if line is None:
        return "-"
    mark = " (typed)" if line.origin is Origin.TYPED else ""
    return f"{'?' if line.earned is None else line.earned} / {line.available}{mark}"
