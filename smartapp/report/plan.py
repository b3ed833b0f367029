"""A plan for a page: a list to print and hand around, which names no case, and the cases for those who may see them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scoring.actions import Action
from scoring.efforts import ActionKind
from scoring.model import MeasureId
from smartapp.ahead.plan_words import ESTIMATE, aim, blocking, hours, listed, not_counted_on, projected, taken, todo
from smartapp.ahead.planning import Planned
from smartapp.report.charts.waterfall import Waterfall, waterfall
from smartapp.report.words import day, figure, plural, until


@dataclass(frozen=True, slots=True)
class OpenCaseShown:
    """A case by its key, and its last day in words."""

    name: str
    by: str


@dataclass(frozen=True, slots=True)
class StepShown:
    """One action in words; `cases` are for inside the building only, `number` is how many they are, empty for none.

    `gives` is what it does to the points, `opens` the anchor of the place where it is done.
    """

    todo: str
    opens: str
    number: str
    until: str
    effort: str
    only_if: str
    note: str
    gives: str
    cases: tuple[OpenCaseShown, ...]


@dataclass(frozen=True, slots=True)
class MarginShown:
    """An exclusion against its limit; `tag` is the class of the word `safety`."""

    exclusion: str
    claimed: bool
    safety: str
    tag: str
    because: str


@dataclass(frozen=True, slots=True)
class Ending:
    """What can be done until a day, and no longer."""

    until: str
    what: str
    cases: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Cases of one measure with the same reason, counted: lost for good, or not known to be counted at all."""

    measure: str
    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """Everything that a page shows of a plan."""

    aim: str
    as_of: str
    seen: str
    starts: str
    target: int | None
    total: str
    steps: tuple[StepShown, ...]
    lift: Waterfall | None
    blocking: tuple[str, ...]
    singles: tuple[StepShown, ...]
    held: tuple[str, ...]
    projected: tuple[str, ...]
    margins: tuple[MarginShown, ...]
    closing: tuple[Ending, ...]
    gone: tuple[Gone, ...]
    undecided: tuple[Gone, ...]
    taken: tuple[str, ...]


_TAGS = {"final": "tag-none", "safe": "tag-none", "close": "tag-open", "not safe": "tag-open"}


def plan_shown(found: Planned) -> PlanShown:
    """The records of the templates."""
    rules = found.scored.reading.rules
    asked, span, plan = found.asked, found.span, found.plan
    said = aim(found)
    return PlanShown(
        aim=said[:1].upper() + said[1:],
        as_of=day(asked.as_of),
        seen=f"{plural(span.elapsed, 'day', 'days')} observed, {figure(span.remaining)} to come.",
        starts=found.starts.text,
        target=asked.target,
        total=f"Scored again after all of it: {plan.after.points}. About {hours(plan.minutes)}. {ESTIMATE}",
        steps=tuple(_steps(found)),
        lift=waterfall(plan, rules),
        blocking=tuple(blocking(found)),
        singles=tuple(_singles(found)),
        held=tuple(not_counted_on(found)),
        projected=tuple(projected(found)),
        margins=tuple(_margins(found)),
        closing=tuple(_closing(found)),
        gone=tuple(_gone(found.gone)),
        undecided=tuple(_gone(found.undecided)),
        taken=tuple(taken(found)),
    )


def _steps(found: Planned) -> Iterator[StepShown]:
    for step in found.plan.steps:
        gives = f"then {step.score_after} points; without it {step.score_without}"
        yield _step(step.action, gives, found)


def _singles(found: Planned) -> Iterator[StepShown]:
    for action, adds in found.singles:
        if adds > 0:
            yield _step(action, f"adds {plural(adds, 'point', 'points')}", found)


_PLACES = {
    ActionKind.PATH: "roads",
    ActionKind.CLAIM: "exclusions",
    ActionKind.CERTIFICATION: "cehrt",
    ActionKind.CONTROLLED: "basis-of-count",
}
_STATED = {ActionKind.ANSWER, ActionKind.BONUS, ActionKind.WITHDRAW}


def place_of(action: Action) -> str:
    """Where it is done: a page of its own, the statement, or for cases the measure with its list."""
    named = "statement" if action.kind in _STATED else "measure"
    return _PLACES.get(action.kind, f"{named}-{action.subject}")


def _step(action: Action, gives: str, found: Planned) -> StepShown:
    return StepShown(
        todo=todo(action, found.scored.reading.rules),
        opens=place_of(action),
        number=plural(len(action.cases), "case", "cases") if action.cases else "",
        until=until(action.by, found.asked.as_of),
        effort=action.rule.effort.title,
        only_if=action.rule.only_if or "",
        note=action.note,
        gives=gives,
        cases=tuple(OpenCaseShown(one.name or "not named by the report", day(one.by)) for one in action.cases),
    )


def _margins(found: Planned) -> Iterator[MarginShown]:
    answers = found.scored.submission.answers
    for one in found.margins:
        tag = _TAGS.get(one.safety, "tag-unread")
        yield MarginShown(one.exclusion, bool(answers.get(one.exclusion)), one.safety, tag, one.because)


def _closing(found: Planned) -> Iterator[Ending]:
    for one in found.closing:
        cases = plural(one.cases, "case", "cases") if one.cases else ""
        what = todo(one.action, found.scored.reading.rules) if one.action else one.what
        yield Ending(until(one.day, found.asked.as_of), what, cases)


def _gone(reasons: Mapping[MeasureId, Mapping[str, int]]) -> Iterator[Gone]:
    yield from (Gone(measure, figure(number), reason) for measure, number, reason in listed(reasons))
