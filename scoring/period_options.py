"""The ways in which one reporter may report, whatever the period: exclusions claimed, paths taken, variants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from scoring.allocation import claimed_exclusions, measures_in_play, paths_taken
from scoring.model import Dates, MeasureId, Proportion, Severity, Submission
from scoring.periods import Choices
from scoring.score import score
from scoring.year import Path, RuleBook

Answers = Mapping[MeasureId, bool]
Error = tuple[str, str]
"""Code and subject of a finding that shuts the gate."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to report: its answers, and what they are worth before anything is counted.

    `fixed` are the points of all that is not counted; `available` the maxima of the measures that are, each of which
    needs one met case at least. `claims` are the exclusions that the counts allow or not; `errors` shut the gate
    whatever is counted.
    """

    choices: Choices
    answers: Answers
    claims: tuple[MeasureId, ...]
    fixed: int
    available: Mapping[MeasureId, int]
    errors: frozenset[Error]


def options(
    rules: RuleBook,
    template: Submission,
    counted: Sequence[MeasureId],
    claimable: Sequence[MeasureId],
    variants: Sequence[str],
) -> tuple[Option, ...]:
    """Every way to report, the simplest first.

    Args:
        rules: the year.
        template: what is answered; its proportions and its period are not looked at.
        counted: the measures that are reported as counts.
        claimable: exclusions that the search may claim; all others stay as they are answered.
        variants: those of the measure that has several; they change what is counted and no maximum.
    """
    ways = product(product(*(choice.paths for choice in rules.choices)), _subsets(claimable))
    found = (_option(rules, template, counted, claimable, paths, claims) for paths, claims in ways)
    return tuple(
        replace(option, choices=replace(option.choices, variant=variant))
        for option in found
        if option is not None
        for variant in variants
    )


def deciding(rules: RuleBook) -> tuple[MeasureId, ...]:
    """The exclusions that a count can give, in CMS's order."""
    found = {threshold.exclusion for threshold in rules.thresholds if not threshold.refutes_only}
    return tuple(measure for measure in rules.measures if measure in found)


def _subsets(claimable: Sequence[MeasureId]) -> Iterator[tuple[MeasureId, ...]]:
    for size in range(len(claimable) + 1):
        yield from combinations(claimable, size)


def _option(
    rules: RuleBook,
    template: Submission,
    counted: Sequence[MeasureId],
    claimable: Sequence[MeasureId],
    paths: tuple[Path, ...],
    claims: tuple[MeasureId, ...],
) -> Option | None:
    """The option of paths and claims; None where the answers do not go with it or a claim changes nothing."""
    answers = _answers(rules, template.answers, claimable, paths, claims)
    excluded = claimed_exclusions(rules, replace(template, answers=answers))
    in_play = measures_in_play(rules, paths)
    if not all(any(excluded.get(measure) == claim for measure in in_play) for claim in claims):
        return None
    perfect = {m: Proportion(1, 1) for m in counted if m in in_play and m not in excluded}
    submission = replace(template, answers=answers, proportions=perfect, dates=_undated(template.dates))
    if paths_taken(rules, submission, excluded) != paths:
        return None
    return _worth(rules, submission, paths, claims)


def _worth(rules: RuleBook, submission: Submission, paths: tuple[Path, ...], claims: tuple[MeasureId, ...]) -> Option:
    scored = score(replace(rules, readings=()), submission)
    available = {MeasureId(line.measure): line.available for line in scored.lines}
    claimed = tuple(m for m in rules.measures if m in set(claimed_exclusions(rules, submission).values()))
    return Option(
        choices=Choices(claimed, tuple(path.measures for path in paths), ""),
        answers=submission.answers,
        claims=claims,
        fixed=sum(line.earned or 0 for line in scored.lines if line.measure not in submission.proportions),
        available={measure: available[measure] for measure in submission.proportions},
        errors=frozenset((f.code, f.subject) for f in scored.findings if f.severity is Severity.ERROR),
    )


def _answers(
    rules: RuleBook,
    answers: Answers,
    claimable: Sequence[MeasureId],
    paths: tuple[Path, ...],
    claims: tuple[MeasureId, ...],
) -> Answers:
    """The answers with these claims and no others, without those of other paths and of what is excluded."""
    others = {m for choice in rules.choices for path in choice.paths for m in path.measures}
    others -= {measure for path in paths for measure in path.measures}
    dropped = {m for m in others if answers.get(m)} | {m for m in claimable if answers.get(m)}
    dropped |= {m.id for m in rules.measures.values() if set(m.exclusions) & set(claims)}
    return {m: yes for m, yes in answers.items() if m not in dropped} | dict.fromkeys(claims, True)


def _undated(dates: Dates) -> Dates:
    """Without the days that are judged by those of the period."""
    return replace(dates, in_use_from=None, certified_on=None, registered={}, requests={})
