"""The what-if form and its answer: what can be typed, what was typed, and both scores line by line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scoring.model import Metric, Severity
from scoring.rulebook import RuleBook
from scoring.score import BONUS
from scoring.year import Measure, Status
from smartapp.ahead.plan_words import earned_in_words, points_of
from smartapp.ahead.typed import LABEL, WhatIf
from smartapp.report.words import objective_title
from smartapp.scored import Scored

_GROUPS = {
    "Attestations and required answers": {Status.ATTESTATION, Status.REQUIRED, Status.ENGAGEMENT},
    "Exclusions": {Status.EXCLUSION},
    "Bonus and optional measures": {Status.BONUS, Status.OPTIONAL},
}


@dataclass(frozen=True, slots=True)
class Question:
    """One measure that can be answered or counted; `stands` is how it is now, `typed` what a form brought."""

    measure: str
    title: str
    stands: str
    typed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Questions under one legend."""

    legend: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """One line, as it stands and with what was typed; `line` is the measure's id, empty for a line of several."""

    line: str
    title: str
    stands: str
    what_if: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of what was typed; every typed value stands in `typed`."""

    typed: tuple[Mapping[str, str], ...]
    lines: tuple[Compared, ...]
    stands: str
    what_if: str
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatIfShown:
    """The form, and the answer to it; `problem` says what of it cannot be read, empty if nothing."""

    label: str
    counts: tuple[Question, ...]
    groups: tuple[Group, ...]
    form: Mapping[str, str]
    problem: str
    answer: Answer | None


def what_if_shown(
    scored: Scored, form: Mapping[str, str], found: WhatIf | None = None, problem: str = ""
) -> WhatIfShown:
    """The records of the template, with what a form brought by the names of its fields."""
    measures, rules = scored.reading.rules.measures.values(), scored.reading.rules
    booleans = [measure for measure in measures if measure.metric is Metric.BOOLEAN]
    return WhatIfShown(
        label=LABEL,
        counts=tuple(_count(m, scored, form) for m in measures if m.metric is Metric.PROPORTION),
        groups=tuple(
            Group(legend, tuple(_question(m, scored, form) for m in booleans if m.status in statuses))
            for legend, statuses in _GROUPS.items()
        ),
        form=form,
        problem=problem,
        answer=_answer(found, rules) if found else None,
    )


def _count(measure: Measure, scored: Scored, form: Mapping[str, str]) -> Question:
    counted = scored.submission.proportions.get(measure.id)
    stands = f"{counted.met} of {counted.denominator}" if counted else "not reported"
    typed = form.get(f"met-{measure.id}", ""), form.get(f"of-{measure.id}", "")
    return Question(measure.id, measure.title, stands, typed)


def _question(measure: Measure, scored: Scored, form: Mapping[str, str]) -> Question:
    words = {True: "yes", False: "no", None: "no answer"}
    stands = words[scored.submission.answers.get(measure.id)]
    title = measure.summary or measure.title
    return Question(measure.id, title, stands, (form.get(f"answer-{measure.id}", ""),))


def _answer(found: WhatIf, rules: RuleBook) -> Answer:
    errors = (one for one in found.changed.score.findings if one.severity is Severity.ERROR)
    return Answer(
        typed=tuple(found.typed.as_rows()),
        lines=tuple(_lines(found, rules)),
        stands=points_of(found.stands.score),
        what_if=points_of(found.changed.score),
        errors=tuple(f"{one.message} {one.remedy}" for one in errors),
    )


def _lines(found: WhatIf, rules: RuleBook) -> Iterator[Compared]:
    before = {line.measure: line for line in found.stands.score.lines}
    after = {line.measure: line for line in found.changed.score.lines}
    for name, line in {**before, **after}.items():
        title = line.title if name != BONUS else objective_title(rules, name)
        known = name if name in rules.measures else ""
        yield Compared(known, title, earned_in_words(before.get(name)), earned_in_words(after.get(name)))
