"""What a way to report earns in every period: as scored, if nothing that is unknown is met, and if all of it is."""

from enum import Enum

from scoring.cells import Cells, Counted, Counts
from scoring.model import MeasureId
from scoring.period_options import Option
from scoring.rounding import points_of_cells
from scoring.year import RuleBook


class World(Enum):
    """How the unknown and the undecided turn out.

    As scored, they are not met and do not belong; a measure of which none is seen met is not failed while any may be.
    """

    AS_SCORED = "as scored"
    NONE_MET = "none met"
    ALL_MET = "all met"


class Worlds:
    """The points of one reporter's ways to report; what several ways have in common is computed once."""

    def __init__(self, rules: RuleBook, counted: Counted) -> None:
        self._rules, self._counted = rules, counted
        self._earned: dict[tuple[World, MeasureId, str, int], tuple[Cells, Cells]] = {}
        self._known: dict[tuple[MeasureId, str], bool] = {}
        self._points: dict[tuple[int, World], tuple[Cells, Cells]] = {}

    @property
    def are_one(self) -> bool:
        """Whether nothing is unknown in any measure that was looked at, so that the worlds do not differ."""
        return all(self._known.values())

    def points(self, option: Option, world: World) -> tuple[Cells, Cells]:
        """Points in each period before the gate, and 1 where each measure has a met case or may have, else 0."""
        if (id(option), world) not in self._points:
            self._points[id(option), world] = self._sum(option, world)
        return self._points[id(option), world]

    def _sum(self, option: Option, world: World) -> tuple[Cells, Cells]:
        parts = [self._measure(world, m, option.choices.variant, most) for m, most in option.available.items()]
        (total, passed), *more = parts or [self._nothing()]
        for earned, passes in more:
            total, passed = total + earned, passed * passes
        return (total + option.fixed).at_most(self._rules.cap.points), passed

    def _nothing(self) -> tuple[Cells, Cells]:
        nothing = self._counted.days()[0] * 0
        return nothing, nothing + 1

    def _measure(self, world: World, measure: MeasureId, variant: str, available: int) -> tuple[Cells, Cells]:
        counts = self._counted.counts(measure, variant)
        world = world if self._differs(measure, variant, counts) else World.AS_SCORED
        key = (world, measure, variant, available)
        if key not in self._earned:
            rounding = self._rules.rounding
            met, eligible, passes = _in_world(counts, world)
            earned = points_of_cells(met, eligible, available, rounding.floor, rounding.rule)
            self._earned[key] = earned, passes >= 1
        return self._earned[key]

    def _differs(self, measure: MeasureId, variant: str, counts: Counts) -> bool:
        key = (measure, variant)
        if key not in self._known:
            hidden = counts.unknown + counts.undecided
            self._known[key] = counts.readable and hidden.greatest() == 0
        return not self._known[key]


def _in_world(counts: Counts, world: World) -> tuple[Cells, Cells, Cells]:
    """Met cases, eligible ones, and what must be 1 at least for the measure not to be failed."""
    if world is World.NONE_MET:
        return counts.met, counts.denominator + counts.undecided, counts.met
    hidden = counts.unknown + counts.undecided
    hidden = hidden if counts.readable else hidden + counts.unread
    all_met = counts.met + hidden
    if world is World.AS_SCORED:
        return counts.met, counts.denominator, all_met
    return all_met, counts.denominator + (hidden - counts.unknown), all_met
