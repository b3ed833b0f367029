"""Actions: what each changes in what is reported, and what the score is once it is done.

An action is a change of answers, of counts, or cases that become met. Applying actions and scoring again is the
one way to a promise; nothing here knows which actions are worth it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from scoring.claims import claims
from scoring.efforts import ActionKind, ActionRule
from scoring.exclusions import Exclusion
from scoring.model import MeasureId, Proportion, Score, Submission
from scoring.score import score
from scoring.year import RuleBook

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is not met and may still be.

    `name` is a key such as `Patient/1`, empty where only a number is known. `by` is the last day, included, on which
    it can become met. `unknown` tells whether it is counted as unknown; else it is counted as not met.
    """

    name: str
    by: date
    unknown: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """Open cases of a measure to which the same has to be done."""

    measure: MeasureId
    rule: ActionRule
    cases: tuple[OpenCase, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What an action changes; None removes an answer or a count.

    `exclusions` come in place of all before, None keeps them; `pools` in place of those of their measure.
    """

    answers: Mapping[MeasureId, bool | None] = field(default_factory=dict)
    proportions: Mapping[MeasureId, Proportion | None] = field(default_factory=dict)
    cehrt_id: str | None = None
    exclusions: tuple[Exclusion, ...] | None = None
    pools: Mapping[MeasureId, tuple[Pool, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do until `by`, that day included; `cases` are those to do it to, `note` what else to know.

    `subject` is a measure, an exclusion, or a field of the submission.
    """

    subject: str
    rule: ActionRule
    by: date
    change: Change = field(default_factory=Change)
    cases: tuple[OpenCase, ...] = ()
    note: str = ""

    @property
    def kind(self) -> ActionKind:
        """What is to be done."""
        return self.rule.kind

    @property
    def minutes(self) -> int:
        """The work, by the class of its effort."""
        return self.rule.effort.minutes * (len(self.cases) if self.rule.effort.each else 1)

    @property
    def id(self) -> str:
        """By which name a person rules it out: the kind and what it is about."""
        return f"{self.kind}:{self.subject}".replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Situation:
    """What is reported as things stand, the exclusions with their counts, and by measure what may still become met."""

    rules: RuleBook
    submission: Submission
    exclusions: tuple[Exclusion, ...] = ()
    pools: Mapping[MeasureId, tuple[Pool, ...]] = field(default_factory=dict)


def score_of(situation: Situation, otherwise: bool = True) -> Score:
    """The category score, the counts behind claimed exclusions held against the claims; `otherwise` as for `score`."""
    found = claims(situation.exclusions, situation.submission.answers)
    return score(situation.rules, situation.submission, found, otherwise)


def applied(situation: Situation, actions: Iterable[Action]) -> Situation:
    """What is reported once the actions are done, one after the other.

    Cases that are not open in the situation, or whose measure is not reported in it, change nothing.
    """
    for action in actions:
        situation = _with_cases(situation, action) if action.cases else _changed(situation, action.change)
    return situation


def _changed(situation: Situation, change: Change) -> Situation:
    before = situation.submission
    submission = replace(
        before,
        answers=_present({**before.answers, **change.answers}),
        proportions=_present({**before.proportions, **change.proportions}),
        cehrt_id=change.cehrt_id or before.cehrt_id,
    )
    return replace(
        situation,
        submission=submission,
        exclusions=situation.exclusions if change.exclusions is None else change.exclusions,
        pools={**situation.pools, **change.pools},
    )


def _present(values: Mapping[MeasureId, _Value | None]) -> dict[MeasureId, _Value]:
    return {name: value for name, value in values.items() if value is not None}


def _with_cases(situation: Situation, action: Action) -> Situation:
    measure, before = MeasureId(action.subject), situation.submission
    still = {case for pool in situation.pools.get(measure, ()) for case in pool.cases}
    found = [case for case in action.cases if case in still]
    counted = before.proportions.get(measure)
    if counted is None or not found:
        return situation
    unknown = counted.unknown - sum(case.unknown for case in found)
    more = replace(counted, met=counted.met + len(found), unknown=unknown)
    return replace(situation, submission=replace(before, proportions={**before.proportions, measure: more}))
