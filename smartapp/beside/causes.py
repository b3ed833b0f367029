"""Candidate causes of a difference between two counts: how much of it each would explain if it were so.

A cause is never proof: several may explain the same cases, and the two counts may differ in ways that cancel out.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from smartapp.beside.what_if import Setting, Standing, Takes, Units

_NOTHING: Standing = (0, 0)


class Verdict(StrEnum):
    """How far a cause would explain a difference."""

    EXACTLY = "exactly"
    ENOUGH = "more than enough"
    PARTLY = "partly"
    NOT = "cannot explain it"


@dataclass(frozen=True, slots=True)
class Gap:
    """The EHR's numbers less ours."""

    numerator: int
    denominator: int

    @property
    def size(self) -> int:
        """Both differences together, without their signs."""
        return abs(self.numerator) + abs(self.denominator)

    def less(self, step: Standing) -> "Gap":
        """What is left of the difference when ours moves by a step."""
        return Gap(self.numerator - step[0], self.denominator - step[1])


@dataclass(frozen=True, slots=True)
class Cause:
    """One candidate: what would be otherwise, what is left of the difference then, and the units that it touches."""

    title: str
    takes: Takes
    verdict: Verdict
    says: str
    left: Gap
    units: tuple[str, ...]


def judge(setting: Setting, counted: Units, otherwise: Units, gap: Gap) -> Cause:
    """What a setting would explain of a difference.

    Args:
        setting: what is otherwise.
        counted: the units as they were counted.
        otherwise: the units under the setting.
        gap: the EHR's numbers less ours, not both of them zero.
    """
    moved = {unit: step for unit in {*counted, *otherwise} if (step := _step(counted, otherwise, unit)) != _NOTHING}
    taken, left = len(moved), _after_all(gap, moved.values())
    if setting.takes is Takes.ANY:
        taken, left = _after_any(gap, Counter(moved.values()))
    verdict = _verdict(gap, left, everything=taken == len(moved))
    says = _says(verdict, gap, left, f"{taken} of its {len(moved)} cases would do")
    return Cause(setting.title, setting.takes, verdict, says, left, tuple(sorted(moved)))


def _verdict(gap: Gap, left: Gap, *, everything: bool) -> Verdict:
    if left.size >= gap.size:
        return Verdict.NOT
    if left.size:
        return Verdict.PARTLY
    return Verdict.EXACTLY if everything else Verdict.ENOUGH


def _step(counted: Units, otherwise: Units, unit: str) -> Standing:
    before, after = counted.get(unit, _NOTHING), otherwise.get(unit, _NOTHING)
    return after[0] - before[0], after[1] - before[1]


def _after_all(gap: Gap, steps: Iterable[Standing]) -> Gap:
    for step in steps:
        gap = gap.less(step)
    return gap


def _after_any(gap: Gap, steps: Counter[Standing]) -> tuple[int, Gap]:
    """How many steps bring the two counts nearer, steps in both numbers first, and what is left after them."""
    taken = 0
    for step in sorted(steps, key=lambda step: (-abs(step[0]) - abs(step[1]), step)):
        for _ in range(steps[step]):
            if gap.less(step).size >= gap.size:
                break
            gap, taken = gap.less(step), taken + 1
    return taken, gap


def _says(verdict: Verdict, gap: Gap, left: Gap, enough: str) -> str:
    if verdict is Verdict.ENOUGH:
        return f"could explain it all: {enough}"
    if verdict is not Verdict.PARTLY:
        return {Verdict.EXACTLY: "would explain it exactly"}.get(verdict, str(verdict))
    pairs = (("denominator", gap.denominator, left.denominator), ("numerator", gap.numerator, left.numerator))
    parts = [_part(name, abs(whole), abs(rest)) for name, whole, rest in pairs if whole or rest]
    return "would explain " + ", ".join(parts)


def _part(name: str, whole: int, rest: int) -> str:
    if rest > whole:
        return f"and moves the {name} away by {rest - whole}"
    return f"{whole - rest} of {whole} in the {name}"
