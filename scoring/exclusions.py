"""Exclusions against what was counted: what may be claimed, what the counts refute, what no data can say.

A count has a lower and an upper bound. What lies between them is undecided, never guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scoring.model import MeasureId
from scoring.rulings import Ruling
from scoring.year import ExclusionHint, ExclusionThreshold, RuleBook

Counted = Mapping[MeasureId, Sequence["Count"]]
"""By id, what was counted: first on the basis that was chosen, then on others; nothing where it cannot be counted."""


class Standing(StrEnum):
    """What data say of an exclusion."""

    AVAILABLE = "available"
    NOT_AVAILABLE = "not available"
    UNDECIDED = "undecided"
    UNCOUNTED = "cannot be counted"
    NOT_IN_DATA = "not decided by data"


@dataclass(frozen=True, slots=True)
class Count:
    """The bounds of a count.

    `certain` surely count; `possible` are all that may, None where there is no telling, because the source could not
    show the `hidden` kinds of fact. `unattributed` of `possible` name nobody, or nobody whose practice is known.
    `basis` is how it was counted, empty where there is one way.
    """

    certain: int
    possible: int | None
    hidden: tuple[str, ...] = ()
    unattributed: int = 0
    basis: str = ""

    def __str__(self) -> str:
        if self.possible is None:
            return f"{self.certain:,} or more"
        return f"{self.certain:,}" if self.possible == self.certain else f"{self.certain:,} to {self.possible:,}"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One exclusion of the year of which data say something, or surely nothing.

    `of` are the measures that it excludes from; `what` is counted, None where nothing is. `fewer_than` is exclusive,
    None where no number decides. `count` is None where it cannot be counted from this source; `others` are the same on
    other bases, with their standings. `text` says what data cannot.
    """

    exclusion: MeasureId
    of: tuple[MeasureId, ...]
    counted_as: MeasureId
    what: str | None
    fewer_than: int | None
    refutes_only: bool
    count: Count | None
    standing: Standing
    others: tuple[tuple[Count, Standing], ...]
    text: str
    ruling: Ruling


def exclusion_standing(threshold: ExclusionThreshold, certain: int, possible: int | None) -> Standing:
    """Whether the count behind an exclusion allows it.

    Args:
        threshold: the exclusion's rule; below `fewer_than` (exclusive) it is available.
        certain: the lower bound, cases that surely count.
        possible: the upper bound, cases that count if every undecided one does; at least `certain`. None: unbounded.

    Returns:
        Available when even `possible` is below the threshold, not available when `certain` reaches it, undecided
        otherwise. What only refutes is never available.

    Raises:
        ValueError: the bounds are negative or reversed.
    """
    if certain < 0 or (possible is not None and possible < certain):
        raise ValueError(f"expected 0 <= certain <= possible, got {certain} and {possible}")
    if certain >= threshold.fewer_than:
        return Standing.NOT_AVAILABLE
    if threshold.refutes_only:
        return Standing.NOT_IN_DATA
    return Standing.AVAILABLE if possible is not None and possible < threshold.fewer_than else Standing.UNDECIDED


def exclusions(rules: RuleBook, counted: Counted) -> tuple[Exclusion, ...]:
    """Every exclusion that a rule of the year holds against data, in CMS's order."""
    found = [_decided(threshold, rules, counted.get(threshold.counted_as, ())) for threshold in rules.thresholds]
    found += [_hinted(hint, name, rules, counted.get(name, ())) for hint in rules.hints for name in hint.exclusions]
    order = list(rules.measures)
    return tuple(sorted(found, key=lambda one: order.index(one.exclusion)))


def _decided(threshold: ExclusionThreshold, rules: RuleBook, counts: Sequence[Count]) -> Exclusion:
    standings = [exclusion_standing(threshold, count.certain, count.possible) for count in counts]
    only = "None on record proves nothing: it depends on more than is counted." if threshold.refutes_only else ""
    return Exclusion(
        exclusion=threshold.exclusion,
        of=_excluded(rules, threshold.exclusion),
        counted_as=threshold.counted_as,
        what=threshold.what,
        fewer_than=threshold.fewer_than,
        refutes_only=threshold.refutes_only,
        count=counts[0] if counts else None,
        standing=standings[0] if counts else Standing.UNCOUNTED,
        others=tuple(zip(counts, standings, strict=True))[1:],
        text=only,
        ruling=threshold.ruling,
    )


def _hinted(hint: ExclusionHint, name: MeasureId, rules: RuleBook, counts: Sequence[Count]) -> Exclusion:
    return Exclusion(
        exclusion=name,
        of=_excluded(rules, name),
        counted_as=name,
        what=hint.what,
        fewer_than=None,
        refutes_only=False,
        count=counts[0] if hint.what and counts else None,
        standing=Standing.NOT_IN_DATA,
        others=(),
        text=hint.text,
        ruling=hint.ruling,
    )


def _excluded(rules: RuleBook, exclusion: MeasureId) -> tuple[MeasureId, ...]:
    return tuple(measure.id for measure in rules.measures.values() if exclusion in measure.exclusions)
