"""Plans: what they promise is what the score gives, none is cheaper, and nothing is offered too late."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.actions import Action, OpenCase, Pool, Situation, applied, score_of
from scoring.efforts import ActionKind, load_efforts
from scoring.exclusions import Count, exclusions
from scoring.model import MeasureId, Proportion, Submission
from scoring.plan import Open, Plan, alone, plan
from scoring.possible import Known, OtherBasis, held_back, possible
from tests.scoring.reported import NEWEST, RULES, YES, complete, counting, excluding, without

EFFORTS = load_efforts()
PEA, EP, SEND, RECEIVE = map(MeasureId, ("PI_PEA_1", "PI_EP_1", "PI_HIE_1", "PI_HIE_4"))
KINDS = {PEA: ActionKind.ACCESS, EP: ActionKind.EVIDENCE, SEND: ActionKind.RECEIPT, RECEIVE: ActionKind.RECONCILE}
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def summer(year: int) -> date:
    return date(year, 7, 1)


def pool(measure: MeasureId, known: list[bool], kind: ActionKind | None = None, by: date = summer(2027)) -> Pool:
    cases = tuple(OpenCase(f"{measure}/{n}", by + timedelta(n), unknown) for n, unknown in enumerate(known))
    return Pool(measure, EFFORTS.rule(kind or KINDS[measure], measure), cases)


def situated(submission: Submission, *pools: Pool) -> Situation:
    rules = RULES[submission.year]
    counted = {m: [Count(p.denominator, p.denominator)] for m, p in submission.proportions.items()}
    counted[MeasureId("PI_LVITC_2")] = counted.get(RECEIVE, [Count(0, 0)])
    found = exclusions(rules, counted)
    return Situation(rules, submission, found, {m: tuple(p for p in pools if p.measure == m) for m in KINDS})


def known(situation: Situation, as_of: date | None = None, **other: object) -> Known:
    day = as_of or summer(situation.submission.year)
    return replace(Known(day, EFFORTS, dict(situation.submission.proportions)), **other)


@st.composite
def counts(draw: st.DrawFn) -> tuple[Proportion, list[bool]]:
    """A small count with some of its cases still open, unknown or not met."""
    met, unknown, missed = (draw(st.integers(0, most)) for most in (4, 3, 3))
    spare = draw(st.sampled_from([0, 3, 95, 200]))
    still = [True] * draw(st.integers(0, unknown)) + [False] * draw(st.integers(0, missed))
    return Proportion(met + spare, met + spare + unknown + missed, unknown), still


@st.composite
def situations(draw: st.DrawFn) -> tuple[Situation, Open]:
    submission = complete(draw(st.sampled_from(sorted(RULES))))
    pools = []
    for measure in draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=2, unique=True)):
        counted, still = draw(counts())
        submission = counting(submission, measure, counted)
        pools.append(pool(measure, still))
    submission = without(submission, *draw(st.lists(st.sampled_from(YES), max_size=2, unique=True)))
    if draw(st.integers(0, 5)) == 0:
        submission = replace(submission, cehrt_id=None)
    if draw(st.booleans()):
        measure, exclusion = draw(st.sampled_from([(EP, "PI_LVPP_1"), (SEND, "PI_LVOTC_1"), (RECEIVE, "PI_LVITC_2")]))
        before = submission.proportions
        submission = excluding(submission, measure, exclusion)
        situation = situated(replace(submission, proportions=before), *pools)
        situation = replace(situation, submission=submission)
    else:
        before = submission.proportions
        situation = situated(submission, *pools)
    unwanted = frozenset({"path:PI_HIE_5", "path:PI_HIE_6"}) if draw(st.booleans()) else frozenset()
    return situation, possible(situation, replace(known(situation), counted=before, ruled_out=unwanted))


def cut(found: Open, size: int = 3) -> Open:
    """So few choices that every combination can be tried."""
    return replace(found, choices=tuple(choice[:2] for choice in found.choices[-size:]), bonus=found.bonus[:1])


def every_set(situation: Situation, found: Open) -> Iterator[tuple[Action, ...]]:
    """All sets of actions there are, by brute force; of like cases the first, however many."""
    singles = [(None, action) for action in (*found.gate, *found.bonus)]
    options = [(None, *choice) for choice in found.choices]
    pools = [one for of_measure in situation.pools.values() for one in of_measure]
    taken = [range(len(one.cases) + 1) for one in pools]
    for picked in product(*singles, *options):
        others = tuple(action for action in picked if action is not None)
        for numbers in product(*taken):
            cases = (
                Action(one.measure, one.rule, one.cases[0].by, cases=one.cases[:number])
                for one, number in zip(pools, numbers, strict=True)
                if number
            )
            gate = [action for action in others if action in found.gate]
            rest = [action for action in others if action not in found.gate]
            yield (*gate, *rest, *cases)


def minutes(actions: tuple[Action, ...]) -> int:
    return sum(action.minutes for action in actions)


def done(situation: Situation, made: Plan) -> int:
    return score_of(applied(situation, [step.action for step in made.steps])).points


@FEW
@given(situations(), st.none() | st.integers(1, 100))
def test_scoring_again_after_a_plan_gives_exactly_what_it_promised(
    case: tuple[Situation, Open], target: int | None
) -> None:
    situation, found = case
    made = plan(situation, found, target)
    assert done(situation, made) == made.after.points
    assert made.after.points >= made.before.points
    assert [step.score_after for step in made.steps][-1:] == [made.after.points] * bool(made.steps)


@FEW
@given(situations(), st.none() | st.integers(1, 100))
def test_no_set_of_actions_reaches_the_target_with_less_work(case: tuple[Situation, Open], target: int | None) -> None:
    situation, found = case[0], cut(case[1])
    made = plan(situation, found, target)
    scored = [(score_of(applied(situation, one)).points, minutes(one)) for one in every_set(situation, found)]
    most = max(points for points, _ in scored)
    wanted = most if target is None else min(target, most)
    assert made.after.points >= wanted
    assert made.minutes == min(work for points, work in scored if points >= wanted)
    assert made.reached is (most >= made.target)


@FEW
@given(situations())
def test_no_action_of_a_plan_can_be_left_out(case: tuple[Situation, Open]) -> None:
    situation, found = case
    made = plan(situation, found)
    assert all(step.score_without < made.after.points for step in made.steps)
