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


def pool(measure: MeasureId, known: list[bool], kind: ActionKind | None = None) -> Pool:
    by = summer(NEWEST.year)
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


RULES_2026 = RULES[2026]
CLOSES = date(2027, 3, 31)
CLOCKS = [
    date(2026, 1, 1),
    date(2026, 7, 4),
    date(2026, 7, 5),
    date(2026, 7, 6),
    date(2026, 11, 21),
    date(2026, 12, 31),
]


def named(found: Open) -> set[str]:
    return {action.id for choice in (found.gate, found.bonus, *found.choices) for action in choice}


def by_name(found: Open) -> dict[str, Action]:
    return {action.id: action for choice in (found.gate, found.bonus, *found.choices) for action in choice}


def bare() -> Situation:
    """Counts alone, nothing answered."""
    return situated(without(replace(complete(2026), cehrt_id=None), *YES))


@pytest.mark.parametrize("day", [*CLOCKS, date(2027, 1, 1), CLOSES, CLOSES + timedelta(1)])
def test_no_action_is_offered_after_its_last_day(day: date) -> None:
    found = possible(bare(), known(bare(), day))
    assert all(action.by >= day for action in by_name(found).values())
    assert bool(named(found)) is (day <= CLOSES)


def test_a_security_risk_analysis_is_due_at_the_end_of_the_year_and_may_be_answered_until_the_window_closes() -> None:
    def day(as_of: date) -> date:
        return by_name(possible(bare(), known(bare(), as_of)))["answer:PI_PPHI_1"].by

    assert (day(date(2026, 12, 31)), day(date(2027, 1, 1))) == (date(2026, 12, 31), CLOSES)


def test_a_no_becomes_a_yes_only_where_the_thing_can_still_be_done() -> None:
    said_no = situated(replace(complete(2026), answers=dict.fromkeys(map(MeasureId, YES), False)))
    assert {"answer:PI_PPHI_1", "answer:PI_PPHI_2"} == {a.id for a in possible(said_no, known(said_no)).gate}
    assert {a.id for a in possible(said_no, known(said_no, date(2027, 1, 1))).gate} == set()


def test_a_no_to_information_blocking_blocks_every_plan_and_is_named() -> None:
    situation = situated(replace(complete(2026), answers={**complete(2026).answers, MeasureId("PI_INFBLO_1"): False}))
    made = plan(situation, possible(situation, known(situation)))
    assert (made.after.points, made.steps) == (0, ())
    assert [(one.code, one.subject) for one in made.blocking] == [("F-102", "PI_INFBLO_1")]


@pytest.mark.parametrize(
    ("day", "level"), [(date(2026, 3, 2), "PI_PHCDRR_1_PRE"), (date(2026, 3, 3), "PI_PHCDRR_1_PROD")]
)
def test_level_1_is_counted_with_while_one_may_still_register(day: date, level: str) -> None:
    action = by_name(possible(bare(), known(bare(), day)))["answer:PI_PHCDRR_1"]
    assert action.change.answers == {"PI_PHCDRR_1": True, level: True}
    assert action.by == (date(2026, 3, 2) if level.endswith("PRE") else CLOSES)


def test_a_plan_for_someone_who_answered_nothing_opens_the_gate_with_a_stand_in_for_the_id() -> None:
    situation = bare()
    made = plan(situation, possible(situation, known(situation)))
    assert made.before.points == 0
    assert made.after.points == done(situation, made) > 0
    assert made.after.findings == score_of(applied(situation, [step.action for step in made.steps])).findings
    assert "certification-id:cehrtId" in {step.action.id for step in made.steps}


@pytest.mark.parametrize(("referrals", "offered"), [(99, True), (100, False), (101, False)])
def test_an_exclusion_is_offered_below_its_limit_only(referrals: int, offered: bool) -> None:
    situation = situated(counting(complete(2026), "PI_HIE_1", Proportion(20, referrals)))
    assert ("claim:PI_LVOTC_1" in named(possible(situation, known(situation)))) is offered


def test_an_exclusion_that_is_not_safe_yet_is_held_back_with_its_reason() -> None:
    situation = situated(counting(complete(2026), "PI_HIE_1", Proportion(20, 94)))
    unsafe = replace(known(situation), unsafe={MeasureId("PI_LVOTC_1"): "94 so far"})
    assert "claim:PI_LVOTC_1" not in named(possible(situation, unsafe))
    held = {one.action.subject: one.why for one in held_back(situation, unsafe)}
    assert held["PI_LVOTC_1"] == "94 so far"
    assert "PI_LVOTC_1" not in {one.action.subject for one in held_back(situation, known(situation))}


def test_the_worked_example_is_found_as_a_plan() -> None:
    """Of 96 referrals few were sent: claiming the exclusion moves their points to patient access."""
    submission = counting(complete(2026), "PI_EP_1", Proportion(940, 1000))
    submission = counting(submission, "PI_HIE_1", Proportion(19, 96))
    submission = counting(submission, "PI_HIE_4", Proportion(120, 200))
    situation = situated(counting(submission, "PI_PEA_1", Proportion(900, 1000)))
    unwanted = frozenset({"path:PI_HIE_5", "path:PI_HIE_6"})
    found = possible(situation, known(situation, ruled_out=unwanted))
    made = plan(situation, replace(found, bonus=()))
    assert (made.before.points, made.after.points) == (79, 89)
    assert [step.action.id for step in made.steps] == ["claim:PI_LVOTC_1"]


def test_an_exclusion_that_the_counts_refute_is_withdrawn_and_the_measure_reported() -> None:
    before = complete(2026)
    situation = replace(situated(before), submission=excluding(before, "PI_HIE_1", "PI_LVOTC_1"))
    found = possible(
        situation,
        known(situation, counted=dict(before.proportions), ruled_out=frozenset({"path:PI_HIE_5", "path:PI_HIE_6"})),
    )
    made = plan(situation, found, 1)
    assert made.before.points == 0
    assert [step.action.id for step in made.steps] == ["withdraw:PI_HIE_1"]


def test_a_numerator_of_zero_is_opened_by_the_first_case_however_few_points_are_asked_for() -> None:
    shut = situated(counting(complete(2026), "PI_PEA_1", Proportion(0, 1000)), pool(PEA, [False, False]))
    made = plan(shut, Open(), 1)
    assert (made.before.points, [len(step.action.cases) for step in made.steps]) == (0, [1])
    assert made.after.points == made.steps[0].score_after > 0


def test_a_numerator_that_is_not_visible_shuts_no_gate_and_needs_no_action_for_few_points() -> None:
    situation = situated(counting(complete(2026), "PI_PEA_1", Proportion(0, 1000, 3)), pool(PEA, [True, True, True]))
    made = plan(situation, Open(), 1)
    assert (made.before.determinable, made.steps) == (False, ())


def test_the_most_urgent_of_like_cases_come_first() -> None:
    situation = situated(counting(complete(2026), "PI_PEA_1", Proportion(0, 10)), pool(PEA, [False] * 4))
    made = plan(situation, Open(), 1)
    assert [case.name for case in made.steps[0].action.cases] == ["PI_PEA_1/0"]
    assert made.steps[0].action.by == summer(NEWEST.year)


def test_the_other_basis_is_chosen_where_it_counts_better() -> None:
    situation = situated(counting(complete(2026), "PI_EP_1", Proportion(400, 800)))
    other = OtherBasis(EP, "controlled substances left out", Proportion(390, 400), situation.exclusions)
    made = plan(situation, replace(possible(situation, known(situation, other=other)), bonus=()), 90)
    assert "controlled-substances:PI_EP_1" in {
        a.id for a, adds in alone(situation, possible(situation, known(situation, other=other))) if adds == 5
    }
    assert made.after.points == done(situation, made)


def test_what_is_ruled_out_never_appears() -> None:
    everything = named(possible(bare(), known(bare())))
    for name in everything:
        left = named(possible(bare(), known(bare(), ruled_out=frozenset({name}))))
        assert left == everything - {name}


def test_a_target_that_is_reached_needs_nothing_and_one_beyond_reach_is_planned_as_far_as_it_goes() -> None:
    situation = situated(complete(2026))
    assert plan(situation, possible(situation, known(situation)), 1).steps == ()
    far = plan(situation, Open(), 100)
    assert (far.reached, far.target, far.steps) == (False, 100, ())


def test_every_action_alone_is_what_it_adds_to_the_points_before_the_gate() -> None:
    situation = situated(counting(complete(2026), "PI_PEA_1", Proportion(500, 1000)), pool(PEA, [False] * 100))
    found = possible(situation, known(situation))
    ranked = alone(situation, found)
    assert [adds for _, adds in ranked] == sorted((adds for _, adds in ranked), reverse=True)
    start = score_of(situation).before_gate
    assert all(score_of(applied(situation, [action])).before_gate - start == adds for action, adds in ranked)
    assert {len(action.cases) for action, _ in ranked if action.subject == PEA} == {100}


def test_of_two_measures_that_give_the_same_point_the_one_with_less_work_is_chosen() -> None:
    submission = counting(complete(2026), "PI_PEA_1", Proportion(49, 100))
    submission = counting(submission, "PI_EP_1", Proportion(44, 100))
    situation = situated(submission, pool(PEA, [False]), pool(EP, [False]))
    made = plan(situation, Open(), score_of(situation).points + 1)
    assert [(step.action.id, step.action.minutes) for step in made.steps] == [("access:PI_PEA_1", 5)]
    both = plan(situation, Open(), score_of(situation).points + 2)
    assert {step.action.id for step in both.steps} == {"access:PI_PEA_1", "evidence:PI_EP_1"}


@pytest.mark.parametrize(
    ("registered", "level"), [(date(2026, 3, 2), "PI_PHCDRR_1_PRE"), (date(2026, 3, 3), "PI_PHCDRR_1_PROD")]
)
def test_a_registration_that_is_dated_decides_the_level_whatever_the_day(registered: date, level: str) -> None:
    submission = bare().submission
    dates = replace(submission.dates, registered={MeasureId("PI_PHCDRR_1"): registered})
    situation = replace(bare(), submission=replace(submission, dates=dates))
    action = by_name(possible(situation, known(situation, date(2026, 11, 21))))["answer:PI_PHCDRR_1"]
    assert (action.change.answers, action.by) == ({"PI_PHCDRR_1": True, level: True}, CLOSES)


def test_another_path_takes_the_exclusions_away_that_it_does_not_go_with() -> None:
    before = complete(2026)
    claimed = replace(situated(before), submission=excluding(before, "PI_HIE_1", "PI_LVOTC_1"))
    path = by_name(possible(claimed, known(claimed)))["path:PI_HIE_5"]
    after = applied(claimed, [path])
    assert "PI_LVOTC_1" not in after.submission.answers
    assert not score_of(after).gate_shut


def test_a_measure_that_is_suppressed_is_answered_without_a_claim() -> None:
    situation = situated(without(complete(2025), "PI_PHCDRR_3", "PI_PHCDRR_3_PROD"))
    action = by_name(possible(situation, known(situation)))["answer:PI_PHCDRR_3"]
    assert action.change.answers == {"PI_PHCDRR_3": False}
    assert score_of(applied(situation, [action])).points == score_of(situated(complete(2025))).points
