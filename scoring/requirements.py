"""Whether everything the year requires is reported and can earn points.

A numerator of zero is an error; a numerator that the source does not show is not: it is said to be not
determinable, and the gate does not shut for it.
"""

from collections.abc import Iterator

from scoring import findings
from scoring.allocation import claimed_exclusions, measures_in_play, paths_taken
from scoring.model import Finding, MeasureId, Metric, Proportion, Submission
from scoring.year import Choice, Measure, RuleBook, Status, Suppression


def requirements(rules: RuleBook, submission: Submission) -> tuple[Finding, ...]:
    """Findings about required measures, paths and active-engagement levels, in CMS's order of measures.

    Source: 42 CFR 414.1375(b)(2).
    """
    excluded = claimed_exclusions(rules, submission)
    found: list[Finding] = []
    for choice in rules.choices:
        found.extend(_choice(rules, choice, submission))
    unreported = {
        measure
        for choice in rules.choices
        if not _begun(choice, submission, excluded)
        for path in choice.paths
        for measure in path.measures
    }
    for name in measures_in_play(rules, paths_taken(rules, submission, excluded)):
        measure = rules.measures[name]
        if measure.status is Status.REQUIRED and name not in excluded and name not in unreported:
            found.extend(_required(rules, measure, submission))
    found.extend(_bonus_levels(rules, submission))
    return tuple(found)


def is_determinable(counted: Proportion) -> bool:
    """Whether it is known that something, or that nothing, was met."""
    return counted.met > 0 or (counted.readable and counted.unknown + counted.undecided == 0)


def not_determinable(counted: Proportion) -> str:
    """Why a count says neither zero nor passed, in one sentence."""
    if not counted.readable:
        return "the source cannot show this measure at all."
    return f"none of {counted.denominator} is seen met, {hidden_in_words(counted)}."


def hidden_in_words(counted: Proportion) -> str:
    """How many cases the source leaves open, and in what way; empty when it leaves none."""
    hidden = [(counted.unknown, "not visible"), (counted.undecided, "undecided whether they belong")]
    return " and ".join(f"{number} {what}" for number, what in hidden if number)


def is_countable(counted: Proportion) -> bool:
    """Whether the numbers can be numbers of cases: none negative, met and unknown within the denominator."""
    known = min(counted.met, counted.unknown, counted.undecided) >= 0
    return known and counted.met + counted.unknown <= counted.denominator


def has_level(rules: RuleBook, submission: Submission, measure: Measure) -> bool:
    """Whether a public-health measure that needs an active-engagement level has one answered yes."""
    levels = rules.levels_of(measure.id)
    return not measure.requires_level or any(submission.answers.get(level.id) is True for level in levels)


def _begun(choice: Choice, submission: Submission, excluded: dict[MeasureId, MeasureId]) -> bool:
    measures = (measure for path in choice.paths for measure in path.measures)
    return any(m in excluded or m in submission.proportions or submission.answers.get(m) for m in measures)


def _choice(rules: RuleBook, choice: Choice, submission: Submission) -> Iterator[Finding]:
    if _begun(choice, submission, claimed_exclusions(rules, submission)):
        return
    ways = "; ".join(" and ".join(path.measures) for path in choice.paths)
    refused = (m for path in choice.paths for m in path.measures if m in submission.answers)
    subject = next(refused, choice.objective)
    message = f"{choice.title} needs one complete path and none is reported: the category is 0."
    yield findings.PATH_MISSING.about(subject, message, f"Report one of: {ways}.", choice.ruling)


def _required(rules: RuleBook, measure: Measure, submission: Submission) -> Iterator[Finding]:
    answer, counted = submission.answers.get(measure.id), submission.proportions.get(measure.id)
    if answer is None and counted is None:
        yield _missing(measure)
    elif measure.metric is Metric.PROPORTION and counted is not None and is_countable(counted):
        yield from _counted(measure, counted)
    elif measure.metric is Metric.BOOLEAN and answer is not None:
        yield from _answered(rules, measure, submission, answer)


def _missing(measure: Measure) -> Finding:
    message = f"{measure.title} ({measure.id}) is required and nothing is reported: the category is 0."
    remedy = f"Report {measure.id}{_or_exclusion(measure)}."
    return findings.MEASURE_MISSING.about(measure.id, message, remedy, measure.ruling)


def _or_exclusion(measure: Measure) -> str:
    if not measure.exclusions:
        return "; it has no exclusion"
    return f", or claim {' or '.join(measure.exclusions)} if it applies"


def _counted(measure: Measure, counted: Proportion) -> Iterator[Finding]:
    name, title = measure.id, f"{measure.title} ({measure.id})"
    if not is_determinable(counted):
        message = f"{title}: {not_determinable(counted)} It is not determinable: neither zero nor passed."
        remedy = "Take the total from the EHR's own report; one met case is enough to earn points."
        yield findings.NOT_DETERMINABLE.about(name, message, remedy, measure.ruling)
    elif counted.denominator == 0:
        message = f"{title} has 0 of 0, which counts as not reported: the category is 0."
        remedy = f"Report a period with cases{_or_exclusion(measure)}."
        yield findings.DENOMINATOR_ZERO.about(name, message, remedy, measure.ruling)
    elif counted.met == 0:
        message = f"{title} has 0 of {counted.denominator}; at least 1 is required: the category is 0."
        remedy = f"Have at least one case met in the period{_or_exclusion(measure)}."
        yield findings.NUMERATOR_ZERO.about(name, message, remedy, measure.ruling)
    elif counted.unknown:
        message = f"{title}: {counted.unknown} of {counted.denominator} are not visible and count as not met."
        remedy = "Take the total from the EHR's own report, or show where the missing evidence is."
        yield findings.NUMERATOR_UNKNOWN.about(name, message, remedy, measure.ruling)
    if counted.undecided:
        message = f"{title}: undecided whether they belong, and in neither number: {counted.undecided}."
        remedy = "Resolve what is missing about them; both numbers may rise."
        yield findings.MEMBERSHIP_UNDECIDED.about(name, message, remedy, measure.ruling)


def _answered(rules: RuleBook, measure: Measure, submission: Submission, answer: bool) -> Iterator[Finding]:
    suppression = rules.suppression_of(measure.id)
    if not answer and suppression is None:
        message = f"{measure.title} ({measure.id}) is answered no; yes is required: the category is 0."
        remedy = f"Answer yes if it is true{_or_exclusion(measure)}."
        yield findings.MEASURE_NO.about(measure.id, message, remedy, measure.ruling)
    elif answer and not has_level(rules, submission, measure):
        yield _level_missing(rules, measure) if suppression is None else _level_in_doubt(rules, measure, suppression)


def _level_missing(rules: RuleBook, measure: Measure) -> Finding:
    levels = rules.levels_of(measure.id)
    names = " or ".join(level.id for level in levels)
    message = f"{measure.title} ({measure.id}) is yes without its active-engagement level: the category is 0."
    rulings = (measure.ruling, *(level.ruling for level in levels))
    return findings.LEVEL_MISSING.about(measure.id, message, f"Answer {names} yes, one of them.", *rulings)


def _level_in_doubt(rules: RuleBook, measure: Measure, suppression: Suppression) -> Finding:
    names = " or ".join(level.id for level in rules.levels_of(measure.id))
    yes = f"{measure.title} ({measure.id}) is yes without its active-engagement level."
    message = " ".join((yes, *suppression.level.doubts))
    rulings = (suppression.level, suppression.ruling)
    return findings.LEVEL_NOT_WAIVED.about(measure.id, message, f"Answer {names} yes, one of them.", *rulings)


def _bonus_levels(rules: RuleBook, submission: Submission) -> Iterator[Finding]:
    for measure in rules.with_status(Status.BONUS):
        if submission.answers.get(measure.id) and not has_level(rules, submission, measure):
            names = " or ".join(level.id for level in rules.levels_of(measure.id))
            message = f"{measure.title} ({measure.id}) is yes without its active-engagement level; no bonus."
            remedy = f"Answer {names} yes, one of them; or leave {measure.id} out, for a file with it alone is refused."
            yield findings.BONUS_WITHOUT_LEVEL.about(measure.id, message, remedy, rules.bonus.level)
