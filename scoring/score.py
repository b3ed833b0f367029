"""From a submission to the category score, line by line, each line with its reason and its sources.

Exact arithmetic until the one rounding per measure. Knows no year: maxima come from `allocation`, numbers
from the rule book, errors from `gate`.
"""

from dataclasses import dataclass, replace

from scoring.allocation import Allocation, allocate, claimed_exclusions, paths_taken
from scoring.deadlines import dated
from scoring.errors import SubmissionError
from scoring.findings import cites_of
from scoring.gate import check
from scoring.model import (
    Confidence,
    Finding,
    MeasureId,
    Metric,
    Origin,
    OtherReading,
    Proportion,
    Score,
    ScoreLine,
    Severity,
    Submission,
)
from scoring.readings import under
from scoring.requirements import (
    has_level,
    hidden_in_words,
    is_countable,
    is_determinable,
    not_determinable,
)
from scoring.rounding import exact_points, in_words, is_tie, measure_points
from scoring.rulings import Ruling
from scoring.year import Joint, Measure, Rounding, RuleBook, Status

BONUS = "bonus"


@dataclass(frozen=True, slots=True)
class _Case:
    """One submission under one year, with everything the lines need worked out once."""

    rules: RuleBook
    submission: Submission
    excluded: dict[MeasureId, MeasureId]
    allocation: Allocation

    def name(self, line: str) -> str:
        """What a person calls a line or an objective."""
        named = {
            **{c.objective: c.title for c in self.rules.choices},
            **{j.objective: j.title for j in self.rules.joints},
        }
        measure = self.rules.measures.get(MeasureId(line))
        return measure.title if measure else named[line]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one line earns, why, and the rulings that this outcome rests on besides the line's own."""

    earned: int | None
    up_to: int
    because: str
    origin: Origin | None = None
    rulings: tuple[Ruling, ...] = ()


def score(
    rules: RuleBook, submission: Submission, read_findings: tuple[Finding, ...] = (), otherwise: bool = True
) -> Score:
    """The category score of one submission.

    Args:
        rules: the year of the submission.
        submission: what is reported.
        read_findings: what reading a document found; its errors shut the gate like any other.
        otherwise: whether to score by the other readings of the rules as well.

    Returns:
        Lines in CMS's order of measures, then joint objectives, then the bonus. A line that is not
        determinable adds nothing to `before_gate` and makes `determinable` False; it does not shut the gate.

    Raises:
        SubmissionError: the submission is of another year than the rules.

    Source: 42 CFR 414.1380(b)(4)(ii).
    """
    if submission.year != rules.year:
        raise SubmissionError(f"expected a submission of {rules.year}, got one of {submission.year}.")
    lines = _lines(_case(rules, submission))
    found = dated(rules, (*read_findings, *check(rules, submission)))
    shut = any(finding.severity is Severity.ERROR for finding in found)
    before_gate = capped(rules, [line.earned or 0 for line in lines])
    return Score(
        year=rules.year,
        points=0 if shut else before_gate,
        before_gate=before_gate,
        up_to=0 if shut else capped(rules, [line.up_to for line in lines]),
        determinable=all(line.earned is not None for line in lines),
        lines=lines,
        findings=found,
        other_readings=() if shut or not otherwise else _other_readings(rules, submission, before_gate),
        provisional=rules.conditions.provisional.text if rules.conditions.provisional else None,
    )


def _other_readings(rules: RuleBook, submission: Submission, points: int) -> tuple[OtherReading, ...]:
    """What the score would be by each other reading of the rules that makes a difference to it."""
    others = (OtherReading(one.doubt, _points_under(under(rules, one), submission)) for one in rules.readings)
    return tuple(other for other in others if other.points != points)


def _points_under(rules: RuleBook, submission: Submission) -> int:
    return capped(rules, [line.earned or 0 for line in _lines(_case(rules, submission))])


def capped(rules: RuleBook, points: list[int]) -> int:
    """The sum of whole points, at most the cap of the year."""
    return min(rules.cap.points, sum(points))


def _case(rules: RuleBook, submission: Submission) -> _Case:
    excluded = claimed_exclusions(rules, submission)
    paths = paths_taken(rules, submission, excluded)
    return _Case(rules, submission, excluded, allocate(rules, frozenset(excluded), paths))


def _lines(case: _Case) -> tuple[ScoreLine, ...]:
    scored = (case.rules.measures[MeasureId(line)] for line in case.allocation.available if line in case.rules.measures)
    return (
        *(_measure_line(case, measure) for measure in scored),
        *(_joint_line(case, joint) for joint in case.rules.joints),
        _bonus_line(case),
    )


def _measure_line(case: _Case, measure: Measure) -> ScoreLine:
    outcome = _measure_outcome(case, measure)
    available = case.allocation.available[measure.id]
    own = replace(measure.ruling, doubts=()) if measure.id in case.excluded else measure.ruling
    rulings = (own, *case.allocation.rulings.get(measure.id, ()), *outcome.rulings)
    return _line((measure.id, measure.title, measure.objective), available, outcome, rulings)


def _line(names: tuple[str, str, str], available: int, outcome: _Outcome, rulings: tuple[Ruling, ...]) -> ScoreLine:
    measure, title, objective = names
    return ScoreLine(
        measure=measure,
        title=title,
        objective=objective,
        earned=outcome.earned,
        available=available,
        up_to=outcome.up_to,
        because=outcome.because,
        cites=cites_of(*rulings),
        confidence=weakest(rulings),
        origin=outcome.origin,
        doubts=tuple(dict.fromkeys(doubt for ruling in rulings for doubt in ruling.doubts)),
    )


def weakest(rulings: tuple[Ruling, ...]) -> Confidence:
    """The least confidence among the rulings; a line is attested no better than its weakest rule."""
    order = list(Confidence)
    return max((ruling.confidence for ruling in rulings), key=order.index)


def _measure_outcome(case: _Case, measure: Measure) -> _Outcome:
    counted = case.submission.proportions.get(measure.id)
    answer = case.submission.answers.get(measure.id)
    if measure.id in case.excluded:
        return _excluded(case, measure)
    if measure.metric is Metric.PROPORTION and counted is not None:
        return _proportion(case, measure, counted)
    if measure.metric is Metric.BOOLEAN and answer is not None:
        return _answer(case, measure, answer)
    return _Outcome(0, 0, "Not reported and not excluded, but required: nothing earned, and the category is 0.")


def _excluded(case: _Case, measure: Measure) -> _Outcome:
    target = case.name(case.allocation.moved[measure.id])
    because = f"Excluded by {case.excluded[measure.id]}; its points moved to {target}."
    return _Outcome(0, 0, because, Origin.ATTESTED)


def _answer(case: _Case, measure: Measure, answer: bool) -> _Outcome:
    available = case.allocation.available[measure.id]
    earned = available if answer or case.rules.is_suppressed(measure.id) else 0
    word = "yes" if answer else "no"
    because = f"Answered {word}: {earned} of {available}.{_enlarged(measure, available)}"
    return _Outcome(earned, earned, because, Origin.ATTESTED)


def _proportion(case: _Case, measure: Measure, counted: Proportion) -> _Outcome:
    rounding, available = case.rules.rounding, case.allocation.available[measure.id]
    if not is_countable(counted):
        return _Outcome(0, 0, "The counts cannot be right, so nothing is earned.", counted.origin)
    up_to = _if_all_are_met(counted, available, rounding)
    if not is_determinable(counted):
        because = (
            f"Not determinable: {not_determinable(counted)} Neither zero nor passed; up to {up_to} of {available}."
        )
        return _Outcome(None, up_to, because, counted.origin, (rounding.ruling,))
    earned = measure_points(counted.met, counted.denominator, available, rounding.floor, rounding.rule)
    exact = exact_points(counted.met, counted.denominator, available)
    rulings = (rounding.ruling, rounding.tie) if is_tie(exact) and earned > 0 else (rounding.ruling,)
    because = _in_words(counted, available, earned, rounding) + _enlarged(measure, available)
    if counted.unknown or counted.undecided:
        because += f" {hidden_in_words(counted)}: {up_to} if all of those are met."
    return _Outcome(earned, up_to, because, counted.origin, rulings)


def _if_all_are_met(counted: Proportion, available: int, rounding: Rounding) -> int:
    """Points if every unknown numerator is met and every undecided case is a met one."""
    if not counted.readable:
        return available
    hidden = counted.unknown + counted.undecided
    met, denominator = counted.met + hidden, counted.denominator + counted.undecided
    return measure_points(met, denominator, available, rounding.floor, rounding.rule)


def _in_words(counted: Proportion, available: int, earned: int, rounding: Rounding) -> str:
    if not counted.denominator:
        return "0 of 0 counts as not reported: nothing earned."
    exact = exact_points(counted.met, counted.denominator, available)
    product = f"{counted.met} of {counted.denominator} is {in_words(exact)} of {available}"
    if exact.denominator == 1:
        return f"{product}."
    if measure_points(counted.met, counted.denominator, available, 0, rounding.rule) != earned:
        return f"{product}; with at least one met, {earned} is earned."
    return f"{product}, rounded to {earned}."


def _enlarged(measure: Measure, available: int) -> str:
    if measure.points is None or available == measure.points:
        return ""
    return f" The maximum is {available} instead of {measure.points} because of the exclusions claimed."


def _joint_line(case: _Case, joint: Joint) -> ScoreLine:
    available = case.allocation.available[joint.objective]
    states = [_state(case, name) for name in joint.measures]
    earned = available if all(settled for settled, _ in states) else 0
    words = "; ".join(f"{case.name(name)}: {word}" for name, (_, word) in zip(joint.measures, states, strict=True))
    target = case.allocation.moved.get(joint.objective)
    close = f"together {earned} of {available}" if target is None else f"the points moved to {case.name(target)}"
    reported = any(name in case.submission.answers or name in case.excluded for name in joint.measures)
    outcome = _Outcome(earned, earned, f"{words}; {close}.", Origin.ATTESTED if reported else None)
    suppressed = tuple(entry.ruling for entry in case.rules.suppressions if entry.measure in joint.measures)
    rulings = (joint.ruling, *case.allocation.rulings.get(joint.objective, ()), *suppressed)
    return _line((joint.objective, joint.title, joint.objective), available, outcome, rulings)


def _state(case: _Case, name: MeasureId) -> tuple[bool, str]:
    """Whether a measure of a joint does its part, and in what words."""
    answer = case.submission.answers.get(name)
    if name in case.excluded:
        return True, f"excluded by {case.excluded[name]}"
    if answer is None:
        return False, "not reported"
    if not answer and case.rules.is_suppressed(name):
        return True, "no, which earns credit this year"
    return answer, "yes" if answer else "no"


def _bonus_line(case: _Case) -> ScoreLine:
    bonus, answers = case.rules.bonus, case.submission.answers
    claimed = [m for m in case.rules.with_status(Status.BONUS) if answers.get(m.id) is True]
    counted = [m for m in claimed if has_level(case.rules, case.submission, m)]
    earned = bonus.points if counted else 0
    outcome = _Outcome(
        earned, earned, _bonus_because(claimed, counted, bonus.points), Origin.ATTESTED if claimed else None
    )
    without = (bonus.level,) if claimed and not counted else ()
    rulings = (bonus.ruling, *(measure.ruling for measure in counted), *without)
    return _line((BONUS, bonus.title, bonus.objective), bonus.points, outcome, rulings)


def _bonus_because(claimed: list[Measure], counted: list[Measure], points: int) -> str:
    if counted:
        return f"{', '.join(measure.id for measure in counted)} answered yes: {points}, once however many."
    if claimed:
        return f"{', '.join(measure.id for measure in claimed)} lacks its active-engagement level: no bonus."
    return "No bonus measure is answered yes."
