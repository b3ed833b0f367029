"""Why the winner wins: one sentence for each line of the score, and what decided against the runner-up."""

from collections.abc import Iterator

from scoring.model import ScoreLine
from scoring.periods import Margin, Outcome, Reason

THE_PERIOD = "period"
"""The line of the reason that concerns the choice of days."""


def reasons(best: Outcome, beside: Outcome, runner_up: Outcome | None) -> tuple[Reason, ...]:
    """A sentence for each line of either score, then one for the period.

    Args:
        best: the winner.
        beside: the period that it is held against, line by line.
        runner_up: the best other period; None where there is none.
    """
    theirs = {line.measure: line for line in beside.score.lines}
    own = [Reason(line.measure, _line(line, theirs.pop(line.measure, None), best, beside)) for line in best.score.lines]
    left = [Reason(name, f"Not reported here. {_beside(line, beside)}") for name, line in theirs.items()]
    return (*own, *left, Reason(THE_PERIOD, " ".join(_period(best, runner_up))))


def _line(line: ScoreLine, theirs: ScoreLine | None, best: Outcome, beside: Outcome) -> str:
    excluded = [m for m in best.margins if m.claimed and f"by {m.exclusion};" in line.because]
    said = [line.because, *(_margin(margin) for margin in excluded)]
    if beside.period == best.period:
        return " ".join(said)
    said.append(_beside(theirs, beside) if theirs else f"From {_days(beside)} it is not reported.")
    return " ".join(said)


def _margin(margin: Margin) -> str:
    if margin.left is None:
        return "Its count is not known from this source."
    counted = f"{margin.count} counted, fewer than {margin.fewer_than} allowed"
    return f"{counted}; {margin.left} more would still do."


def _beside(line: ScoreLine, beside: Outcome) -> str:
    earned = "not determinable" if line.earned is None else f"{line.earned} of {line.available}"
    excluded = not line.available and set(beside.choices.exclusions) & set(line.because.replace(";", " ").split())
    return f"From {_days(beside)}: {'excluded' if excluded else earned}."


def _days(outcome: Outcome) -> str:
    return f"{outcome.period.start} to {outcome.period.end}"


def _period(best: Outcome, runner_up: Outcome | None) -> Iterator[str]:
    if runner_up is None:
        yield "The year allows this period alone."
        return
    yield f"The runner-up, {_days(runner_up)}, {_decided(best, runner_up)}"


def _decided(best: Outcome, other: Outcome) -> str:
    """By what the winner comes first, in the order in which it is decided."""
    fewer, shorter = best.before_gate - other.before_gate, best.period.days - other.period.days
    claims = len(other.choices.exclusions) - len(best.choices.exclusions)
    steps = (
        (best.feasible != other.feasible, "cannot be used."),
        (bool(best.points) != bool(other.points), "has its gate shut by what was counted."),
        (fewer != 0, f"earns {fewer} fewer."),
        (_least(best) != _least(other), "earns the same and is closer to the limit of an exclusion that it claims."),
        (shorter != 0, f"earns the same and is {shorter} day{'' if shorter == 1 else 's'} shorter."),
        (claims != 0, "earns the same and claims more exclusions."),
        (True, "earns the same and ends later."),
    )
    return next(said for decides, said in steps if decides)


def _least(outcome: Outcome) -> int | None:
    return min((m.left or 0 for m in outcome.margins if m.claimed and m.fewer_than > 1), default=None)
