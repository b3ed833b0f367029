"""The cheapest set of actions that reaches a target, or that lifts the score most. Exact.

Every combination of the choices (paths, exclusions, bases, answers) is tried; within one, the points of each counted
measure are a step function of the cases that become met, so a table over points finds the least work. What is
promised is the score of the result, never a sum of its own.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, product
from operator import itemgetter

from scoring.actions import Action, OpenCase, Pool, Situation, applied, score_of
from scoring.model import Finding, MeasureId, Proportion, Score, Severity
from scoring.rounding import measure_points
from scoring.score import BONUS
from scoring.year import RuleBook


@dataclass(frozen=True, slots=True)
class Open:
    """What can still be done besides the open cases of a situation.

    `gate` are actions without any of which the category is zero. Of each of `choices` at most one is done, and of
    `bonus` as well.
    """

    gate: tuple[Action, ...] = ()
    choices: tuple[tuple[Action, ...], ...] = ()
    bonus: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan: the score once it and all before it are done, and the score of the plan without it."""

    action: Action
    score_after: int
    score_without: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A set of actions, the score before, and the score that they give. `minutes` compare plans, no more.

    `target` is what was asked; `reached` tells whether the promise meets it. `blocking` are findings that shut the
    gate and that no action mends.
    """

    target: int
    before: Score
    after: Score
    steps: tuple[Step, ...]
    minutes: int
    blocking: tuple[Finding, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the score promised is the target or more."""
        return self.after.points >= self.target


def plan(situation: Situation, possible: Open, target: int | None = None) -> Plan:
    """The cheapest plan for a target, or for the most points.

    Args:
        situation: as things stand, with the open cases.
        possible: what else can be done.
        target: whole points, at most the cap; None asks for the most. What cannot be reached is planned as far as
            it goes, and then `reached` is False.

    Returns:
        The plan with the least work; of equal ones the one with the fewest actions. Empty when nothing is needed or
        nothing helps.
    """
    before = score_of(situation)
    scenarios = sorted(_scenarios(situation, possible), key=lambda one: one.minutes)
    most = max((one.most for one in scenarios if one.feasible), default=0)
    wanted = most if target is None else min(target, most)
    chosen = () if before.points >= wanted else _cheapest(scenarios, wanted)
    after = score_of(applied(situation, chosen))
    if after.points < min(wanted, most):
        raise AssertionError(f"promised {wanted}, and the score is {after.points}")
    return Plan(
        target=wanted if target is None else target,
        before=before,
        after=after,
        steps=tuple(_steps(situation, chosen)),
        minutes=sum(action.minutes for action in chosen),
        blocking=_blocking(scenarios),
    )


def _steps(situation: Situation, chosen: tuple[Action, ...]) -> Iterator[Step]:
    for number, action in enumerate(chosen):
        others = (*chosen[:number], *chosen[number + 1 :])
        done, left = applied(situation, chosen[: number + 1]), applied(situation, others)
        yield Step(action, score_of(done, False).points, score_of(left, False).points)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way to bring one line to some points: how much work, in how many actions, which actions."""

    minutes: int
    points: int
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class _Scenario:
    """One combination of choices: what its actions give at once, and the ways of every line that can earn more.

    `ways` of each such line ascend in work and in points. `errors` are those that stay whatever is done.
    """

    actions: tuple[Action, ...]
    minutes: int
    fixed: int
    cap: int
    ways: tuple[tuple[_Way, ...], ...]
    errors: tuple[Finding, ...]

    @property
    def feasible(self) -> bool:
        """Whether the gate can be open."""
        return not self.errors

    @property
    def most(self) -> int:
        """The most points that it can reach."""
        return min(self.cap, self.fixed + sum(ways[-1].points for ways in self.ways))


_Line = tuple[MeasureId, Proportion, int, int, bool]


@dataclass(slots=True)
class _Lines:
    """The ways of lines, each worked out once: combinations of choices often leave a line as it was."""

    rules: RuleBook
    known: dict[_Line, tuple[tuple[Pool, ...], tuple[_Way, ...]]] = field(default_factory=dict)

    def ways(
        self, measure: MeasureId, counted: Proportion, available: int, pools: tuple[Pool, ...], needed: bool
    ) -> tuple[_Way, ...]:
        """Each number of points that the open cases can bring, with the least work; at least one met if `needed`."""
        key = (measure, counted, available, id(pools), needed)
        if key not in self.known:
            found = tuple(self._ways(counted, available, _ordered(pools), needed))
            self.known[key] = (pools, found)  # the pools stay, so that no other object gets their id
        return self.known[key][1]

    def _ways(
        self, counted: Proportion, available: int, open_cases: Sequence[tuple[Pool, OpenCase]], needed: bool
    ) -> Iterator[_Way]:
        rounding = self.rules.rounding

        def points(more: int) -> int:
            met = counted.met + more
            return measure_points(met, counted.denominator, available, rounding.floor, rounding.rule)

        more = 1 if needed else 0
        numbers = range(len(open_cases) + 1)
        while more < len(numbers):
            actions = tuple(_case_actions(open_cases[:more]))
            yield _Way(sum(action.minutes for action in actions), points(more), actions)
            more = bisect_left(numbers, points(more) + 1, lo=more, key=points)


def _ordered(pools: tuple[Pool, ...]) -> list[tuple[Pool, OpenCase]]:
    """Open cases, the least work first, then the most urgent."""
    cases = [(pool, case) for pool in pools for case in pool.cases]
    return sorted(cases, key=lambda one: (one[0].rule.effort.minutes, one[0].rule.kind, one[1].by, one[1].name))


def _case_actions(cases: Sequence[tuple[Pool, OpenCase]]) -> Iterator[Action]:
    for pool, found in groupby(cases, key=itemgetter(0)):
        taken = tuple(case for _, case in found)
        yield Action(pool.measure, pool.rule, min(case.by for case in taken), cases=taken)


def all_cases(pools: tuple[Pool, ...]) -> tuple[Action, ...]:
    """Everything that can be done case by case, done to every case."""
    return tuple(_case_actions([(pool, case) for pool in pools for case in pool.cases]))


def _scenarios(situation: Situation, possible: Open) -> Iterator[_Scenario]:
    lines = _Lines(situation.rules)
    for picked in product(*((None, *choice) for choice in possible.choices)):
        actions = (*possible.gate, *(action for action in picked if action is not None))
        yield _scenario(applied(situation, actions), actions, possible.bonus, lines)


def _scenario(start: Situation, actions: tuple[Action, ...], bonus: tuple[Action, ...], lines: _Lines) -> _Scenario:
    begun, pools = score_of(start, False), _in_play(start)
    done = applied(start, all_cases(tuple(pool for found in pools.values() for pool in found)))
    earned = {line.measure: line.earned or 0 for line in begun.lines}
    available = {line.measure: line.available for line in begun.lines}
    shut = {finding.subject for finding in _errors(begun)}
    counted = start.submission.proportions
    ways = [lines.ways(m, counted[m], available.get(m, 0), found, m in shut) for m, found in pools.items()]
    if bonus and not earned.get(BONUS):
        cheapest = min(bonus, key=lambda action: action.minutes)
        ways.append((_Way(0, 0), _Way(cheapest.minutes, start.rules.bonus.points, (cheapest,))))
    return _Scenario(
        actions=actions,
        minutes=sum(action.minutes for action in actions),
        fixed=sum(points for name, points in earned.items() if name not in pools),
        cap=start.rules.cap.points,
        ways=tuple(ways),
        errors=_errors(score_of(done, False)),
    )


def _in_play(situation: Situation) -> dict[MeasureId, tuple[Pool, ...]]:
    """The pools of the measures whose counts are reported, without those that are empty."""
    reported, pools = situation.submission.proportions, situation.pools
    return {m: found for m, found in pools.items() if m in reported and any(pool.cases for pool in found)}


def _errors(found: Score) -> tuple[Finding, ...]:
    return tuple(finding for finding in found.findings if finding.severity is Severity.ERROR)


def _blocking(scenarios: Sequence[_Scenario]) -> tuple[Finding, ...]:
    """The errors that stay in every combination, as the first of them words them."""
    common = set.intersection(*({(e.code, e.subject) for e in one.errors} for one in scenarios))
    return tuple(error for error in scenarios[0].errors if (error.code, error.subject) in common)


def _cheapest(scenarios: Sequence[_Scenario], target: int) -> tuple[Action, ...]:
    """The actions with the least work that reach the target; scenarios ascend in the work of their choices."""
    best: tuple[int, int, tuple[Action, ...]] | None = None
    for one in scenarios:
        if best is not None and one.minutes > best[0]:
            break
        if one.feasible and one.most >= target:
            minutes, number, actions = _least(one.ways, target - one.fixed)
            found = (one.minutes + minutes, len(one.actions) + number, (*one.actions, *actions))
            best = found if best is None or found[:2] < best[:2] else best
    return best[2] if best else ()


def _least(lines: tuple[tuple[_Way, ...], ...], needed: int) -> tuple[int, int, tuple[Action, ...]]:
    """The least work by which the lines together reach the points needed; more than those count as those."""
    needed = max(needed, 0)
    table: dict[int, tuple[int, int, tuple[Action, ...]]] = {0: (0, 0, ())}
    for ways in lines:
        further: dict[int, tuple[int, int, tuple[Action, ...]]] = {}
        for reached, (minutes, number, actions) in table.items():
            for way in ways:
                points = min(needed, reached + way.points)
                found = (minutes + way.minutes, number + len(way.actions), (*actions, *way.actions))
                if points not in further or found[:2] < further[points][:2]:
                    further[points] = found
        table = further
    return table[needed]


def alone(situation: Situation, possible: Open) -> tuple[tuple[Action, int], ...]:
    """Every single action with what it adds to the points before the gate, once the gate's own actions are done.

    The most points first, then the least work. An action on cases is done to all of them.
    """
    ready = applied(situation, possible.gate)
    start = score_of(ready).before_gate
    options = [action for choice in (*possible.choices, possible.bonus) for action in choice]
    options += all_cases(tuple(pool for found in _in_play(ready).values() for pool in found))
    gains = [(action, score_of(applied(ready, [action])).before_gate - start) for action in options]
    return tuple(sorted(gains, key=lambda one: (-one[1], one[0].minutes, one[0].id)))
