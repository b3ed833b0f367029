"""What a rule file must agree on with itself: names that lead somewhere, points that sum.

Runs once per load, after every table was read by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, product

from scoring.allocation import allocate
from scoring.model import MeasureId, Metric
from scoring.readings import under
from scoring.table import Table
from scoring.year import Measure, RuleBook, Status

Names = Iterator[tuple[str, str]]


def check(rules: RuleBook, listed: Sequence[MeasureId], top: Table) -> None:
    """Refuse a year that names what does not exist, lists an id twice, or has points that do not sum.

    Args:
        rules: the year as read.
        listed: the ids of all measure tables, so that one listed twice is seen.
        top: the file, for the wording of refusals.

    Raises:
        RuleError: the first disagreement found.
    """
    top.once("measure", listed)
    top.once("exclusion_threshold", (threshold.exclusion for threshold in rules.thresholds))
    _check_measure_names(rules, top)
    _check_shapes(rules, top)
    _check_line_names(rules, top)
    _check_choices(rules, top)
    _check_total(rules, top)


def _check_measure_names(rules: RuleBook, top: Table) -> None:
    for key, name in chain(_measure_names(rules), _table_names(rules)):
        top.known(key, name, rules.measures, "the id of a [[measure]]")


def _check_line_names(rules: RuleBook, top: Table) -> None:
    lines = _line_names(rules)
    for key, line in _moved_lines(rules):
        top.known(key, line, lines, "a scored measure or an objective that holds points")


def _measure_names(rules: RuleBook) -> Names:
    for measure in rules.measures.values():
        where = f"measure.{measure.id}"
        yield from ((f"{where}.exclusions", name) for name in measure.exclusions)
        yield from ((f"{where}.substitutes", name) for name in measure.substitutes)
        if measure.engages is not None:
            yield f"{where}.engages", measure.engages


def _table_names(rules: RuleBook) -> Names:
    yield from (("gate.attestations", name) for name in rules.gate.attestations)
    yield from (("joint.measures", name) for joint in rules.joints for name in joint.measures)
    for path in (path for choice in rules.choices for path in choice.paths):
        yield from (("choice.path", name) for name in (*path.measures, *path.refuses))
    yield from (("reallocation.excluded", name) for step in rules.reallocations for name in step.excluded)
    for combination in rules.combinations:
        yield from (("combination", name) for name in (*combination.excluded, *combination.unless))
    yield from (("suppression.measure", suppression.measure) for suppression in rules.suppressions)
    for threshold in rules.thresholds:
        yield from (("exclusion_threshold", name) for name in (threshold.exclusion, threshold.of))
    yield from (("exclusion_hint.exclusions", name) for hint in rules.hints for name in hint.exclusions)
    yield from (("criteria.measures", name) for entry in rules.conditions.criteria for name in entry.measures)


def _moved_lines(rules: RuleBook) -> Names:
    for step in rules.reallocations:
        yield from (("reallocation", line) for line in (*step.sources, step.target))
    for combination in rules.combinations:
        yield from (("combination.lines", line) for line in combination.lines)


def _line_names(rules: RuleBook) -> set[str]:
    scored = {measure.id for measure in rules.measures.values() if measure.points is not None}
    joints = {joint.objective for joint in rules.joints}
    choices = {choice.objective for choice in rules.choices}
    return {*scored, *joints, *choices}


def _check_shapes(rules: RuleBook, top: Table) -> None:
    joint = {measure for entry in rules.joints for measure in entry.measures}
    for measure in rules.measures.values():
        scored = measure.status is Status.REQUIRED and measure.id not in joint
        if scored != (measure.points is not None):
            where, expected = f"measure.{measure.id}.points", "points" if scored else "no points"
            top.refuse(where, expected, str(measure.points), "Correct points or status.")
        _check_shape(measure, top)
    for name in rules.gate.attestations:
        status, expected = rules.measures[name].status, f"{name} to have status attestation"
        if status is not Status.ATTESTATION:
            top.refuse("gate.attestations", expected, status, "Correct one of the two.")


def _check_shape(measure: Measure, top: Table) -> None:
    engagement = measure.status is Status.ENGAGEMENT
    if engagement != (measure.engages is not None and measure.level is not None):
        expected = "engages and level exactly when status is engagement"
        top.refuse(f"measure.{measure.id}", expected, f"status {measure.status}", "Correct the table.")
    if measure.metric is Metric.PROPORTION and measure.status is not Status.REQUIRED:
        expected = "status required for a proportion"
        top.refuse(f"measure.{measure.id}.status", expected, measure.status, "Correct status or metric.")


def _check_choices(rules: RuleBook, top: Table) -> None:
    for choice in rules.choices:
        if not choice.paths:
            top.refuse("choice.path", "at least one path", "none", "Add the paths of the objective.")
        for n, path in enumerate(choice.paths, start=1):
            points = sum(rules.measures[measure].points or 0 for measure in path.measures)
            if points != choice.points:
                where = f"choice.path[{n}].measures"
                top.refuse(where, f"points that sum to {choice.points}", str(points), "Correct the points.")


def _check_total(rules: RuleBook, top: Table) -> None:
    """Every combination of exclusions and paths must carry the total; they are few, so try them all."""
    excludable = [measure.id for measure in rules.measures.values() if measure.exclusions]
    moving = (one for one in rules.readings if one.shares_first or one.reallocation)
    for book in (rules, *(under(rules, reading) for reading in moving)):
        for paths, excluded in product(product(*(choice.paths for choice in book.choices)), _subsets(excludable)):
            available = allocate(book, frozenset(excluded), paths).available
            _check_allocation(book.total.points, available, excluded, top)


def _check_allocation(total: int, available: Mapping[str, int], excluded: tuple[MeasureId, ...], top: Table) -> None:
    points, remedy = sum(available.values()), "Correct the points or the reallocations."
    if points != total:
        case = f"{points} when {', '.join(excluded) or 'nothing'} is excluded"
        top.refuse("total.points", f"maxima that sum to {total}", case, remedy)
    for measure in excluded:
        if available.get(measure):
            left = f"{available[measure]} when {', '.join(excluded)} is excluded"
            top.refuse("reallocation", f"no points left on {measure}", left, remedy)


def _subsets(measures: Sequence[MeasureId]) -> list[tuple[MeasureId, ...]]:
    return list(chain.from_iterable(combinations(measures, n) for n in range(len(measures) + 1)))
