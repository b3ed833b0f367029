"""The roads of an objective that can be fulfilled in several ways, as health information exchange: each as if chosen.

What each gives is scored once more by the one path, with the answers that choosing it would set. Two roads at once are
put together on purpose, to show that they are refused, whatever another program lets through.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from scoring.allocation import claimed_exclusions, is_complete, path_taken
from scoring.conflicts import conflicts
from scoring.eligibility_rules import Span
from scoring.evidence_rules import Slot, When, load_evidence
from scoring.model import Finding, MeasureId, Metric, Proportion, ScoreLine, Severity
from scoring.year import Choice, Path, RuleBook
from smartapp.ahead.otherwise import Otherwise, beside
from smartapp.attesting.proposed import propose
from smartapp.attesting.roads import choose_path
from smartapp.scored import Scored, counted_of


@dataclass(frozen=True, slots=True)
class Road:
    """One path as if it were chosen and its statements were true.

    `lines` are those of its objective, `counted` what its measures count. `is_taken` tells whether the score goes by
    it, `is_answered` whether it is answered or counted whole; a path is also taken where none is whole. `slots` are
    the files that bear it out, `withdrawn` what choosing it takes away, and `statements` what a yes says, in words.
    """

    path: Path
    is_taken: bool
    is_answered: bool
    after: Otherwise
    lines: tuple[ScoreLine, ...]
    counted: dict[MeasureId, Proportion]
    slots: tuple[Slot, ...]
    withdrawn: tuple[str, ...]
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two roads reported together, and why that is refused."""

    first: Path
    second: Path
    refusals: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Roads:
    """A choice of the year with all its roads, and all pairs of them."""

    choice: Choice
    roads: tuple[Road, ...]
    pairs: tuple[Pair, ...]


def roads_of(scored: Scored) -> tuple[Roads, ...]:
    """Every choice of the year, in the order of the rules; none where the input is not whole, which has no points."""
    return () if scored.reading.faults else tuple(_roads(scored, one) for one in scored.reading.rules.choices)


def _roads(scored: Scored, choice: Choice) -> Roads:
    excluded = claimed_exclusions(scored.reading.rules, scored.submission)
    taken = path_taken(choice, scored.submission, excluded)
    order = sorted(choice.paths, key=lambda path: _is_attested(scored.reading.rules, path))
    return Roads(
        choice=choice,
        roads=tuple(_road(scored, choice, path, is_taken=path is taken) for path in order),
        pairs=tuple(_pair(scored, choice, *two) for two in combinations(order, 2)),
    )


def _is_attested(rules: RuleBook, path: Path) -> bool:
    """Whether a path is answered with yes, and not counted."""
    return all(rules.measures[measure].metric is Metric.BOOLEAN for measure in path.measures)


def _road(scored: Scored, choice: Choice, path: Path, *, is_taken: bool) -> Road:
    chosen = choose_path(scored, path.measures)
    after = propose(scored, chosen.entries).after or scored
    rules, counted = scored.reading.rules, counted_of(after)
    excluded = claimed_exclusions(rules, scored.submission)
    return Road(
        path=path,
        is_taken=is_taken,
        is_answered=is_complete(path, scored.submission, excluded),
        after=beside(scored, after),
        lines=tuple(line for line in after.score.lines if line.objective == choice.objective),
        counted={measure: counted[measure] for measure in path.measures if measure in counted},
        slots=tuple(_slots(rules, path)),
        withdrawn=chosen.withdrawn,
        statements=tuple(text for measure in path.measures for text in statements_of(measure, rules.year)),
    )


def statements_of(measure: MeasureId, year: int) -> tuple[str, ...]:
    """What a yes to a measure says in a performance year; nothing where it is counted."""
    held = (one for one in _statements() if one["measure"] == measure and year in Span(one["first"], one.get("last")))
    return tuple(text for one in held for text in one["parts"])


@cache
def _statements() -> tuple[dict[str, Any], ...]:
    text = (files("smartapp.ahead") / "road_statements.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)["statement"])


def _slots(rules: RuleBook, path: Path) -> Iterator[Slot]:
    """The files that bear a path out once it is reported."""
    for slot in load_evidence().slots_in(rules.year):
        if slot.when in (When.COUNTED, When.YES) and set(slot.of) & set(path.measures):
            yield slot


def _pair(scored: Scored, choice: Choice, first: Path, second: Path) -> Pair:
    """Both roads in one submission, and no third, as somebody might write it by hand."""
    rules, counted, before = scored.reading.rules, counted_of(scored), scored.submission
    all_roads = {measure for path in choice.paths for measure in path.measures}
    both = [measure for path in (first, second) for measure in path.measures]
    said = {measure: True for measure in both if rules.measures[measure].metric is Metric.BOOLEAN}
    answers = {name: answer for name, answer in before.answers.items() if name not in all_roads}
    proportions = {name: number for name, number in before.proportions.items() if name not in all_roads}
    numbers = {measure: counted[measure] for measure in both if measure in counted}
    submission = replace(before, answers={**answers, **said}, proportions={**proportions, **numbers})
    return Pair(first, second, tuple(one for one in conflicts(rules, submission) if _concerns(one, both)))


def _concerns(finding: Finding, measures: list[MeasureId]) -> bool:
    return finding.severity is Severity.ERROR and any(measure in finding.message for measure in measures)
