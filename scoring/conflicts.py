"""What cannot stand together, or cannot stand at all, in one `pi` measurement set.

CMS's list states exclusions and substitutes by id; whether CMS looks at ids alone or at answers too is not
known. A yes (or a count) in conflict is therefore an error, a no beside its alternative a warning.
"""

from collections.abc import Iterator
from itertools import combinations

from scoring import findings
from scoring.allocation import claimed_exclusions
from scoring.model import Finding, MeasureId, Metric, Proportion, Submission
from scoring.year import Choice, Measure, Path, RuleBook, Status


def conflicts(rules: RuleBook, submission: Submission) -> tuple[Finding, ...]:
    """Findings about an unknown program, unknown ids, impossible values, and entries that exclude each other."""
    return (
        *_program(rules, submission.program),
        *_values(rules, submission),
        *_own_exclusions(rules, submission),
        *_substitutes(rules, submission),
        *_paths(rules, submission),
        *_levels(rules, submission),
    )


def _program(rules: RuleBook, program: str) -> Iterator[Finding]:
    programs = rules.conditions.programs
    if program not in programs.names:
        message = f"programName: expected one of {', '.join(programs.names)}; CMS may refuse another."
        remedy = f"Take the name of the program, or of the MVP, as CMS lists it for {rules.year}."
        yield findings.PROGRAM_UNKNOWN.about("programName", message, remedy, programs.ruling)


def _values(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for name in dict.fromkeys((*submission.proportions, *submission.answers)):
        measure = rules.measures.get(name)
        if measure is None:
            message = f"{name} is not in CMS's list of {rules.year}."
            yield findings.MEASURE_UNKNOWN.about(name, message, "Remove it, or correct the id.")
        elif name in submission.proportions and name in submission.answers:
            message = f"{name} is reported both as a proportion and as an answer."
            yield findings.MEASURE_TWICE.about(name, message, "Report it once.", measure.ruling)
        else:
            yield from _value(measure, submission)


def _value(measure: Measure, submission: Submission) -> Iterator[Finding]:
    counted = submission.proportions.get(measure.id)
    if (counted is not None) != (measure.metric is Metric.PROPORTION):
        expected = "a numerator and a denominator" if counted is None else "yes or no"
        got = "yes or no" if counted is None else "a numerator and a denominator"
        message = f"{measure.title} ({measure.id}) expects {expected}, got {got}."
        remedy = f"Report {expected}."
        yield findings.ANSWER_OF_WRONG_KIND.about(measure.id, message, remedy, measure.ruling)
    elif counted is not None:
        yield from _numbers(measure, counted)


def _numbers(measure: Measure, counted: Proportion) -> Iterator[Finding]:
    got = f"{measure.id}: numerator {counted.met}, denominator {counted.denominator}"
    got += f", not visible {counted.unknown}" if counted.unknown else ""
    if min(counted.met, counted.denominator, counted.unknown, counted.undecided) < 0:
        message = f"{got}; counts are 0 or more."
        yield findings.COUNT_NEGATIVE.about(measure.id, message, "Correct the counts.", measure.ruling)
    elif counted.met + counted.unknown > counted.denominator:
        message = f"{got}; no more can be met than are eligible."
        remedy = "Correct the counts."
        yield findings.NUMERATOR_ABOVE_DENOMINATOR.about(measure.id, message, remedy, measure.ruling)


def _is_reported(submission: Submission, name: MeasureId) -> bool:
    return name in submission.proportions or name in submission.answers


def _is_claimed(submission: Submission, name: MeasureId) -> bool:
    return name in submission.proportions or submission.answers.get(name) is True


def _own_exclusions(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for name in claimed_exclusions(rules, submission):
        measure = rules.measures[name]
        claimed = [exclusion for exclusion in measure.exclusions if submission.answers.get(exclusion)]
        if _is_reported(submission, name):
            message = f"{name} is reported together with its exclusion {claimed[0]}; CMS accepts one of them."
            remedy = f"Remove {name} or {claimed[0]}."
            yield findings.OWN_EXCLUSION.about(name, message, remedy, measure.ruling)
        if len(claimed) > 1:
            message = f"{name} is excluded by {' and '.join(claimed)}; one is enough."
            remedy = f"Keep one of {', '.join(claimed)}."
            yield findings.EXCLUSIONS_SEVERAL.about(name, message, remedy, measure.ruling)


def _pairs(rules: RuleBook, submission: Submission) -> Iterator[tuple[Measure, Measure]]:
    """Reported entries that replace each other, each pair once, in CMS's order."""
    reported = [measure for measure in rules.measures.values() if _is_reported(submission, measure.id)]
    for first, second in combinations(reported, 2):
        if second.id in first.substitutes or first.id in second.substitutes:
            yield first, second


def _substitutes(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for first, second in _pairs(rules, submission):
        claimed = [m for m in (first, second) if _is_claimed(submission, m.id)]
        if len(claimed) == 2 and rules.choice_of(first.id) is None:
            message = f"{first.id} and {second.id} replace each other; CMS accepts one of them."
            remedy = f"Remove {first.id} or {second.id}."
            yield findings.SUBSTITUTES.about(second.id, message, remedy, first.ruling, second.ruling)
        if len(claimed) == 1:
            refused = second if claimed[0] is first else first
            yield _no_beside(refused, claimed[0].id)
    for measure in rules.measures.values():
        for exclusion in measure.exclusions:
            if submission.answers.get(exclusion) is False and _is_claimed(submission, measure.id):
                yield _no_beside(rules.measures[exclusion], measure.id)


def _no_beside(refused: Measure, alternative: str) -> Finding:
    message = f"{refused.id} is answered no beside {alternative}; CMS may refuse the two ids together."
    return findings.NO_BESIDE_ALTERNATIVE.about(refused.id, message, f"Leave {refused.id} out.", refused.ruling)


def _paths(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for choice in rules.choices:
        begun = [path for path in choice.paths if any(_is_claimed(submission, m) for m in path.measures)]
        if len(begun) > 1:
            yield _several(choice, begun, submission)
        for path in begun:
            yield from _refused(rules, path, submission)


def _several(choice: Choice, begun: list[Path], submission: Submission) -> Finding:
    claimed = [m for path in begun for m in path.measures if _is_claimed(submission, m)]
    ways = "; ".join(" and ".join(path.measures) for path in choice.paths)
    message = f"{choice.title} is reported by more than one path: {', '.join(claimed)}."
    rulings = (choice.ruling, *(path.ruling for path in begun))
    return findings.PATHS_SEVERAL.about(claimed[0], message, f"Report exactly one of: {ways}.", *rulings)


def _refused(rules: RuleBook, path: Path, submission: Submission) -> Iterator[Finding]:
    for exclusion in path.refuses:
        if submission.answers.get(exclusion):
            reported = " and ".join(path.measures)
            message = f"{exclusion} ({rules.measures[exclusion].title}) does not go with {reported}."
            remedy = f"Remove {exclusion} or {reported}."
            yield findings.EXCLUSION_REFUSED.about(exclusion, message, remedy, path.ruling)


def _levels(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for level in rules.with_status(Status.ENGAGEMENT):
        if level.engages is None or submission.answers.get(level.id) is not True:
            continue
        if submission.answers.get(level.engages) is not True:
            message = f"{level.id} is reported, but {level.engages} is not answered yes."
            remedy = f"Answer {level.engages} yes if it is true, or leave {level.id} out."
            yield findings.LEVEL_WITHOUT_MEASURE.about(level.id, message, remedy, level.ruling)
        elif level.ruling.doubts:
            message = f"{level.title} ({level.id}): {' '.join(level.ruling.doubts)}"
            remedy = "Make sure that the year before was not reported at this level."
            yield findings.LEVEL_IN_DOUBT.about(level.id, message, remedy, level.ruling)
