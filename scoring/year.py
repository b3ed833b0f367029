"""The nouns of one performance year, as `rules/py<year>.toml` states them.

Plain frozen records; reading them is `rulebook`, applying them is `allocation`, `score` and `gate`. Nothing
here knows a year or a measure id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scoring.conditions import Conditions
from scoring.model import MeasureId, Metric
from scoring.rounding import Tie
from scoring.rulings import Doubt, Ruling


class Status(StrEnum):
    """What a measure does for the score: `isRequired`, `isBonus` and `reportingCategory` as one word."""

    REQUIRED = "required"
    BONUS = "bonus"
    EXCLUSION = "exclusion"
    ATTESTATION = "attestation"
    OPTIONAL = "optional"
    ENGAGEMENT = "engagement"


class Counts(StrEnum):
    """What an exclusion counts: the measure's denominator, or cases of its own, which stand under its own id."""

    DENOMINATOR = "denominator"
    OWN_CASES = "own cases"


@dataclass(frozen=True, slots=True)
class Measure:
    """One entry of CMS's list of the year.

    `summary` says in our words when an exclusion applies; CMS's titles do not tell them apart. `points` is the
    maximum before reallocation, whole; None when the measure earns none by itself. `engages` and `level` are set
    for active-engagement entries only: the measure they belong to, and CMS's level 1 or 2. `within_year` is what has
    to be done by the end of the performance year, whatever the period; `edition` is that of the guide to be used, None
    for any.
    """

    id: MeasureId
    title: str
    summary: str | None
    objective: str
    metric: Metric
    status: Status
    points: int | None
    exclusions: tuple[MeasureId, ...]
    substitutes: tuple[MeasureId, ...]
    requires_level: bool
    within_year: bool
    edition: str | None
    engages: MeasureId | None
    level: int | None
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Path:
    """One way to fulfil an objective: all of `measures`, and none of the exclusions it `refuses`."""

    measures: tuple[MeasureId, ...]
    refuses: tuple[MeasureId, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Choice:
    """An objective with several paths, of which exactly one is reported.

    Paths are tried in the order listed; the last is assumed when none is complete. Points that a reallocation
    moves to the objective are shared equally by the open measures of the path; `share` rules that split. With
    `shares_first` all measures of the path share them before exclusions move anything on.
    """

    objective: str
    title: str
    points: int
    paths: tuple[Path, ...]
    share: Ruling
    ruling: Ruling
    shares_first: bool = False


@dataclass(frozen=True, slots=True)
class Joint:
    """Measures that earn the points of their objective together, all or nothing."""

    objective: str
    title: str
    points: int
    measures: tuple[MeasureId, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Reallocation:
    """When all of `excluded` are excluded, everything that `sources` hold moves to `target`.

    Sources and target are lines: a measure id, the objective of a joint, or the objective of a choice (which
    then holds the points until its path shares them). Applied in file order.
    """

    excluded: tuple[MeasureId, ...]
    sources: tuple[str, ...]
    target: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Combination:
    """How well it is attested what all of `excluded` and none of `unless` do together to `lines`."""

    excluded: tuple[MeasureId, ...]
    unless: tuple[MeasureId, ...]
    lines: tuple[str, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Suppression:
    """A measure that must be answered but earns credit whatever the answer. `level` rules a yes without its level."""

    measure: MeasureId
    ruling: Ruling
    level: Ruling


@dataclass(frozen=True, slots=True)
class Cehrt:
    """The shape of a CEHRT ID: `shape` is required, one of `prefixes` is expected. Regular expressions."""

    shape: str
    prefixes: tuple[str, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Gate:
    """What must hold before any point counts: attestations answered yes, and a CEHRT ID."""

    attestations: tuple[MeasureId, ...]
    ruling: Ruling
    cehrt: Cehrt


@dataclass(frozen=True, slots=True)
class PeriodRule:
    """The shortest performance period in days, both ends counted, and the last day it may start.

    `boundary` rules a period of exactly the minimum; its doubts, if any, are worth a warning.
    """

    minimum_days: int
    last_start: date
    ruling: Ruling
    boundary: Ruling


@dataclass(frozen=True, slots=True)
class Bonus:
    """Points added once when any measure of status bonus is answered yes. `level` rules a missing level."""

    points: int
    title: str
    objective: str
    ruling: Ruling
    level: Ruling


@dataclass(frozen=True, slots=True)
class Rounding:
    """Whole points per measure, at least `floor` when anything is met; an exact half goes by `rule`, as `tie` rules."""

    rule: Tie
    floor: int
    ruling: Ruling
    tie: Ruling


@dataclass(frozen=True, slots=True)
class Limit:
    """A whole number of points and its source: the sum of all maxima, or the cap."""

    points: int
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class ExclusionThreshold:
    """An exclusion of measure `of` that a count decides: available when that of `what` is below `fewer_than`.

    `fewer_than` is exclusive; 1 asks for none at all. With `refutes_only` the count can take the exclusion away
    and never give it, because it depends on more than is counted.
    """

    exclusion: MeasureId
    of: MeasureId
    counts: Counts
    what: str
    fewer_than: int
    refutes_only: bool
    ruling: Ruling

    @property
    def counted_as(self) -> MeasureId:
        """The id under which the cases stand that it counts."""
        return self.of if self.counts is Counts.DENOMINATOR else self.exclusion


@dataclass(frozen=True, slots=True)
class ExclusionHint:
    """Exclusions that no data decide, and in words what data can show of them; `what` names cases to show."""

    exclusions: tuple[MeasureId, ...]
    text: str
    what: str | None
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Reading:
    """Another way to read what the sources leave open: what would be different. `doubt` says it in words.

    `tie` None keeps the rounding; `reallocation` None adds no step, else it applies before all others.
    """

    doubt: str
    tie: Tie | None
    shares_first: bool
    reallocation: Reallocation | None


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything a performance year rules. `measures` keeps CMS's order.

    `text` is the file as an auditor reads it, `digest` its SHA-256.
    """

    year: int
    digest: str
    text: str
    measures: Mapping[MeasureId, Measure]
    choices: tuple[Choice, ...]
    joints: tuple[Joint, ...]
    reallocations: tuple[Reallocation, ...]
    combinations: tuple[Combination, ...]
    suppressions: tuple[Suppression, ...]
    thresholds: tuple[ExclusionThreshold, ...]
    hints: tuple[ExclusionHint, ...]
    gate: Gate
    period: PeriodRule
    bonus: Bonus
    rounding: Rounding
    total: Limit
    cap: Limit
    doubts: tuple[Doubt, ...]
    conditions: Conditions
    readings: tuple[Reading, ...]

    def with_status(self, *statuses: Status) -> tuple[Measure, ...]:
        """Measures of these statuses, in CMS's order."""
        return tuple(measure for measure in self.measures.values() if measure.status in statuses)

    def levels_of(self, measure: MeasureId) -> tuple[Measure, ...]:
        """The active-engagement entries of a public-health measure, level 1 first; empty when it has none."""
        return tuple(entry for entry in self.measures.values() if entry.engages == measure)

    def is_suppressed(self, measure: MeasureId) -> bool:
        """Whether any answer to the measure earns credit this year."""
        return self.suppression_of(measure) is not None

    def suppression_of(self, measure: MeasureId) -> Suppression | None:
        """How the measure is suppressed this year; None when it is not."""
        return next((suppression for suppression in self.suppressions if suppression.measure == measure), None)

    def choice_of(self, measure: MeasureId) -> Choice | None:
        """The choice whose paths name the measure; None when the measure is not a matter of choice."""
        named = (c for c in self.choices if any(measure in path.measures for path in c.paths))
        return next(named, None)
