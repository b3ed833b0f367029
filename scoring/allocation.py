"""Which lines a score has and how many points each carries, once exclusions and paths are known.

A line is a scored measure, or the objective of a joint. Works on exclusions and paths alone; what was counted
or answered is `score`'s matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scoring.model import MeasureId, Submission
from scoring.rulings import Ruling
from scoring.year import Choice, Path, Reallocation, RuleBook


@dataclass(frozen=True, slots=True)
class Allocation:
    """The points each line carries (`available`, whole) and the rulings that moved points to or from it.

    `moved` names, for a line that lost all its points, where they went.
    """

    available: Mapping[str, int]
    rulings: Mapping[str, tuple[Ruling, ...]]
    moved: Mapping[str, str]


@dataclass(slots=True)
class _Ledger:
    """Points per line and per objective of a choice, while reallocations apply."""

    points: dict[str, int]
    rulings: dict[str, list[Ruling]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def rule(self, line: str, ruling: Ruling) -> None:
        self.rulings.setdefault(line, []).append(ruling)

    def move(self, source: str, target: str, points: int) -> None:
        self.points[source] -= points
        self.points[target] = self.points.get(target, 0) + points


def claimed_exclusions(rules: RuleBook, submission: Submission) -> dict[MeasureId, MeasureId]:
    """Measures that the submission excludes, each with the first exclusion answered yes."""
    claimed: dict[MeasureId, MeasureId] = {}
    for measure in rules.measures.values():
        for exclusion in measure.exclusions:
            if submission.answers.get(exclusion) is True:
                claimed.setdefault(measure.id, exclusion)
    return claimed


def is_complete(path: Path, submission: Submission, excluded: Mapping[MeasureId, MeasureId]) -> bool:
    """Whether every measure of the path is counted, answered yes, or excluded."""
    return all(
        measure in excluded or measure in submission.proportions or submission.answers.get(measure) is True
        for measure in path.measures
    )


def path_taken(choice: Choice, submission: Submission, excluded: Mapping[MeasureId, MeasureId]) -> Path:
    """The first complete path in the order listed; the last path when none is complete."""
    complete = (path for path in choice.paths if is_complete(path, submission, excluded))
    return next(complete, choice.paths[-1])


def paths_taken(rules: RuleBook, submission: Submission, excluded: Mapping[MeasureId, MeasureId]) -> tuple[Path, ...]:
    """The path taken of each choice, in the order of `rules.choices`."""
    return tuple(path_taken(choice, submission, excluded) for choice in rules.choices)


def measures_in_play(rules: RuleBook, paths: tuple[Path, ...]) -> tuple[MeasureId, ...]:
    """All measures but those of paths not taken, in CMS's order."""
    taken = {measure for path in paths for measure in path.measures}
    chosen = {measure for choice in rules.choices for path in choice.paths for measure in path.measures}
    return tuple(m for m in rules.measures if m in taken or m not in chosen)


def allocate(rules: RuleBook, excluded: frozenset[MeasureId], paths: tuple[Path, ...]) -> Allocation:
    """Apply the reallocations in file order, then share what objectives of choices hold.

    Args:
        rules: the year.
        excluded: measures with a claimed exclusion; those of paths not taken have no effect.
        paths: the path taken of each choice, in the order of `rules.choices`.

    Returns:
        Every line in play, excluded ones with 0 points. The points always sum to the total of the year.
    """
    ledger = _Ledger(_initial(rules, paths))
    effective = excluded & set(measures_in_play(rules, paths))
    for step in rules.reallocations:
        if effective.issuperset(step.excluded):
            _apply(step, ledger)
            _share_first(rules, paths, ledger)
    for choice, path in zip(rules.choices, paths, strict=True):
        _share(choice, path, effective, ledger)
    _combine(rules, effective, ledger)
    pools = {choice.objective for choice in rules.choices}
    available = {line: points for line, points in ledger.points.items() if line not in pools}
    return Allocation(available, {line: tuple(rulings) for line, rulings in ledger.rulings.items()}, ledger.moved)


def _initial(rules: RuleBook, paths: tuple[Path, ...]) -> dict[str, int]:
    points: dict[str, int] = {}
    for measure in measures_in_play(rules, paths):
        own = rules.measures[measure].points
        if own is not None:
            points[measure] = own
    points.update({joint.objective: joint.points for joint in rules.joints})
    points.update({choice.objective: 0 for choice in rules.choices})
    return points


def _apply(step: Reallocation, ledger: _Ledger) -> None:
    moving = [source for source in step.sources if ledger.points.get(source, 0)]
    for source in moving:
        ledger.move(source, step.target, ledger.points[source])
        ledger.rule(source, step.ruling)
        ledger.moved[source] = step.target
    if moving:
        ledger.rule(step.target, step.ruling)


def _share_first(rules: RuleBook, paths: tuple[Path, ...], ledger: _Ledger) -> None:
    for choice, path in zip(rules.choices, paths, strict=True):
        if choice.shares_first:
            _share(choice, path, frozenset(), ledger)


def _share(choice: Choice, path: Path, excluded: frozenset[MeasureId], ledger: _Ledger) -> None:
    held = ledger.points[choice.objective]
    open_lines = [measure for measure in path.measures if measure not in excluded]
    if not held or not open_lines:
        return
    shares = len(open_lines)
    for line in open_lines:
        ledger.move(choice.objective, line, held // shares)
        for ruling in ledger.rulings.get(choice.objective, ()):
            ledger.rule(line, ruling)
        if shares > 1:
            ledger.rule(line, choice.share)


def _combine(rules: RuleBook, excluded: frozenset[MeasureId], ledger: _Ledger) -> None:
    for combination in rules.combinations:
        if excluded.issuperset(combination.excluded) and excluded.isdisjoint(combination.unless):
            for line in combination.lines:
                ledger.rule(line, combination.ruling)
