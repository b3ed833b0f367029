"""The exact search for the best period: every period of a space with every way to report, ranked and compared.

Among periods that can be used, and whose gate is not shut by what was counted, the most points win. Of equal points
the larger least margin of the claimed exclusions wins, then the longer period, the fewer exclusions, the earlier end,
the earlier start and the simpler way to report. Source: docs/explanation/best-period.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.cells import Bounds, Cells, Counted
from scoring.model import MeasureId
from scoring.period_options import Error, Option
from scoring.period_worlds import World, Worlds
from scoring.periods import PeriodSpace
from scoring.year import ExclusionThreshold, RuleBook

_NO_LIMIT_NEAR = 2**14 - 1
_POINTS, _DAYS, _CLAIMS = 2**8, 2**9, 2**5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is searched: the ways to report over a space.

    `insisted` are exclusions that a person claims on her own word: they stand unless the counts refute them.
    `usable_from` and `usable_to` are the first days (numbers from 0) on which a period may start, and may end.
    """

    space: PeriodSpace
    options: Sequence[Option]
    insisted: frozenset[MeasureId] = frozenset()
    usable_from: int = 0
    usable_to: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """One period, by its number in the space, with the way to report that is best for it, and what it earns.

    `points` as scored, `least` and `most` if nothing, or all, of what is not known is met; 0 where the gate is shut.
    """

    cell: int
    option: Option
    points: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Found:
    """The winner, the best other period, and what the unknown could change.

    `at_stake` is how much more any other period or way may earn at most than the winner at least, 0 or less where
    nothing can beat it. `unmendable` shut the gate of every period and way.
    """

    best: Place
    runner_up: Place | None
    at_stake: int
    unmendable: frozenset[Error]


@dataclass(frozen=True, slots=True)
class _Way:
    """An option with, for each period, whether it may be taken, perhaps may be, is not refuted, and its margin."""

    option: Option
    allowed: Cells
    perhaps: Cells
    open: Cells
    margin: Cells


class Search:
    """One reporter's search. `at` answers for any period, `found` for all of them."""

    def __init__(self, rules: RuleBook, counted: Counted, asked: Asked) -> None:
        first, last = counted.days()
        self._asked, self._counted = asked, counted
        self._thresholds: Mapping[MeasureId, ExclusionThreshold] = {one.exclusion: one for one in rules.thresholds}
        self._everywhere = first * 0 + 1
        self._endless = self._everywhere * _NO_LIMIT_NEAR
        self._usable = (first >= asked.usable_from) * (last >= asked.usable_to)
        self._usable_first = self._usable * 2
        self._tail = ((last - first).wide() * _CLAIMS + _CLAIMS - 1) * _DAYS + (_DAYS - 1) - last
        self._worlds = Worlds(rules, counted)
        self._standings: dict[tuple[MeasureId, str], _Standing] = {}
        self._ways = [self._way(option) for option in asked.options if self._may_be_taken(option)]
        self._common = frozenset.intersection(*(way.option.errors for way in self._ways))
        self._ranks = [self._rank(way, World.AS_SCORED) for way in self._ways]
        self._best = _greatest(self._ranks)

    @property
    def usable(self) -> Cells:
        """1 for each period that can be used by its days, else 0."""
        return self._usable

    def points(self) -> Cells:
        """For each period the most points as scored, 0 where the gate is shut; whether it can be used or not."""
        earned = [self._earned(way, World.AS_SCORED) * way.allowed for way in self._ways]
        return _greatest(earned)

    def at(self, cell: int) -> Place:
        """One period with the way that is best for it."""
        rank = self._best[cell]
        way = next(way for way, ranks in zip(self._ways, self._ranks, strict=True) if ranks[cell] == rank)
        points, least, most = (self._earned_in(way, world, cell) for world in World)
        return Place(cell, way.option, points, least, most)

    def found(self) -> Found:
        """The winner of all periods, and how sure it is."""
        best = self.at(self._best.first_greatest())
        others = self._best.without(best.cell)
        return Found(
            best=best,
            runner_up=self.at(others.first_greatest()) if len(others) > 1 else None,
            at_stake=self._most_of_others(best) - best.least,
            unmendable=self._common,
        )

    def _most_of_others(self, best: Place) -> int:
        most = 0
        for way in self._ways:
            earned = self._earned(way, World.ALL_MET) * way.perhaps * self._usable
            others = earned.without(best.cell) if way.option is best.option else earned
            most = max(most, others.greatest())
        return most

    def winner(self, world: World) -> tuple[int, int, Option]:
        """The period that is best, its points, and the way to report it, if the unknown turned out so everywhere."""
        ranks = self._ranks if self._worlds.are_one else [self._rank(way, world) for way in self._ways]
        cell = _greatest(ranks).first_greatest()
        way = self._ways[max(range(len(ranks)), key=lambda number: ranks[number][cell])]
        return cell, self._earned_in(way, world, cell), way.option

    def _earned(self, way: _Way, world: World) -> Cells:
        points, passed = self._worlds.points(way.option, world)
        return points * passed * self._open(way)

    def _earned_in(self, way: _Way, world: World, cell: int) -> int:
        points, passed = self._worlds.points(way.option, world)
        return points[cell] * passed[cell] * self._open(way)[cell]

    def _open(self, way: _Way) -> Cells:
        return way.open if way.option.errors <= self._common else self._everywhere * 0

    def _rank(self, way: _Way, world: World) -> Cells:
        """What orders the periods of a way; -1 where it may not be taken."""
        points, passed = self._worlds.points(way.option, world)
        head = ((self._usable_first + passed * self._open(way)) * _POINTS + points) * (_NO_LIMIT_NEAR + 1) + way.margin
        tail = self._tail + (1 - len(way.option.choices.exclusions) * _DAYS)
        return (head.wide() * (_DAYS * _CLAIMS * _DAYS) + tail) * way.allowed - 1

    def _may_be_taken(self, option: Option) -> bool:
        """Whether each claim may be below its limit in some period; together they may be in none."""
        return all(self._standing(claim, option.choices.variant).anywhere for claim in option.claims)

    def _way(self, option: Option) -> _Way:
        allowed = perhaps = open_ = self._everywhere
        margin = self._endless
        for claim in option.choices.exclusions:
            if claim not in self._thresholds:
                continue
            standing = self._standing(claim, option.choices.variant)
            if claim not in option.claims:
                open_ = open_ * standing.below
                continue
            on_her_word = claim in self._asked.insisted
            allowed = allowed * (standing.below if on_her_word else standing.surely)
            perhaps = perhaps * standing.below
            margin = margin.at_most(standing.left) if self._thresholds[claim].fewer_than > 1 else margin
        return _Way(option, allowed, perhaps, open_, margin)

    def _standing(self, claim: MeasureId, variant: str) -> "_Standing":
        key = (claim, variant)
        if key not in self._standings:
            threshold = self._thresholds[claim]
            bounds = self._counted.bounds(threshold.counted_as, variant)
            self._standings[key] = _standing(bounds, threshold.fewer_than, self._everywhere)
        return self._standings[key]


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a count may be, and surely is, below its limit, and how many cases may be added to it.

    `anywhere`: whether it may be in any period.
    """

    below: Cells
    surely: Cells
    left: Cells
    anywhere: bool


def _standing(bounds: Bounds | None, fewer_than: int, everywhere: Cells) -> _Standing:
    nowhere = everywhere * 0
    if bounds is None:
        return _Standing(everywhere, nowhere, nowhere, True)
    below = bounds.certain < fewer_than
    if bounds.possible is None:
        return _Standing(below, nowhere, nowhere, below.greatest() > 0)
    left = (bounds.possible * -1 + fewer_than - 1).at_least(0)
    return _Standing(below, bounds.possible < fewer_than, left, below.greatest() > 0)


def _greatest(cells: Sequence[Cells]) -> Cells:
    found = cells[0]
    for more in cells[1:]:
        found = found.at_least(more)
    return found
