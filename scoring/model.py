"""The nouns of the domain, in CMS's words. Plain frozen records; no behaviour beyond arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import NewType

MeasureId = NewType("MeasureId", str)


class Metric(StrEnum):
    """How a measure is answered: CMS `metricType`."""

    PROPORTION = "proportion"
    BOOLEAN = "boolean"


class Confidence(StrEnum):
    """How well a rule is attested, as rules.md tags it; shown wherever the rule decides something."""

    CONFIRMED = "confirmed"
    SINGLE_SOURCE = "single-source"
    RECALLED = "recalled"
    INFERRED = "inferred"


class Severity(StrEnum):
    """What a finding means for the result."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Origin(StrEnum):
    """Where a number comes from; never mixed within one number."""

    RECOMPUTED = "recomputed from FHIR"
    REPORTED = "from the EHR's report"
    ATTESTED = "attested"
    SUBMITTED = "from the submission"
    TYPED = "typed, what if"


@dataclass(frozen=True, slots=True)
class Cite:
    """The source of a rule: a regulation, a rule page, a measure specification, an official data file."""

    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """A performance period; both days included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """Calendar days, both ends counted."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reports: one NPI within a TIN, or the whole TIN when `npi` is None.

    `entity_id` is set for virtual groups, subgroups and APM Entities, which have no TIN of their own.
    """

    tin: str | None
    npi: str | None
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class Proportion:
    """What one proportion measure counted, in its own units.

    `met` are in the numerator, `unknown` are in the denominator with a numerator that the source does
    not show, `undecided` are in neither number because their membership could not be decided. `readable`
    is False when the source cannot show the measure at all: then the counts say nothing, zero included.
    """

    met: int
    denominator: int
    unknown: int = 0
    undecided: int = 0
    origin: Origin = Origin.SUBMITTED
    readable: bool = True

    @property
    def rate(self) -> Fraction | None:
        """Met over denominator, exact; None when nothing was eligible."""
        return Fraction(self.met, self.denominator) if self.denominator else None


@dataclass(frozen=True, slots=True)
class AgencyRequest:
    """A request of an agency or registry: the day it came, and the day it was answered, None for not yet.

    `missed` says that it was not answered in time; without it a request without an answer is still open.
    """

    asked: date
    answered: date | None = None
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Dates:
    """Days that a practice knows about what it attests; what is absent or None is not known, and not judged.

    `in_use_from` is the first day on which the certified functions were in use, `certified_on` the day on which the
    product was certified. By measure: `done` the day of an analysis or assessment, `managed` the day of what was done
    about its risks, `editions` the edition of the guide that was used, `registered` the day of the registration with
    an agency or registry, and `requests` what the agency asked since.
    """

    in_use_from: date | None = None
    certified_on: date | None = None
    done: Mapping[MeasureId, date] = field(default_factory=dict)
    editions: Mapping[MeasureId, str] = field(default_factory=dict)
    registered: Mapping[MeasureId, date] = field(default_factory=dict)
    managed: Mapping[MeasureId, date] = field(default_factory=dict)
    requests: Mapping[MeasureId, tuple[AgencyRequest, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Submission:
    """What is reported for one reporter and one period: the content of a QPP `pi` measurement set.

    `answers` holds yes/no measures, attestations and claimed exclusions alike: CMS reports all of them
    as booleans. A measure that is in neither mapping is not reported.
    """

    year: int
    reporter: Reporter
    period: Period | None
    cehrt_id: str | None
    proportions: Mapping[MeasureId, Proportion]
    answers: Mapping[MeasureId, bool]
    program: str = "mips"
    entity_type: str | None = None
    dates: Dates = field(default_factory=Dates)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a user should know about what is reported: what is wrong, what to do, and by which rule.

    `code` is `F-` and three digits; numbers are retired, never reused. `subject` is a measure id, or a
    field of the submission (`cehrtId`, `performance period`). `by` is the last day, included, on which something can
    still be done about it; None where no day is known.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    remedy: str
    cites: tuple[Cite, ...] = ()
    by: date | None = None


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One line of the score. Points are whole; `up_to` is what the line earns if every unknown is met.

    `earned` is None when the line is not determinable: required, nothing seen met, something unknown.
    `measure` is a measure id, CMS's objective name for the joint public-health line, or `bonus`.
    """

    measure: str
    title: str
    objective: str
    earned: int | None
    available: int
    up_to: int
    because: str
    cites: tuple[Cite, ...]
    confidence: Confidence
    origin: Origin | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherReading:
    """The category score by another reading of what the sources leave open, and which reading that is."""

    doubt: str
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """The category score of one submission.

    `before_gate` and `points` count met cases only; `points` is 0 when the gate is shut. `up_to` is the
    category score if every unknown is met. `determinable` is False when a required line is not.
    `other_readings` are those that would change `points`. `provisional` says why the rules of the year are not final
    yet, None when they are.
    """

    year: int
    points: int
    before_gate: int
    up_to: int
    determinable: bool
    lines: tuple[ScoreLine, ...]
    findings: tuple[Finding, ...] = field(default_factory=tuple)
    other_readings: tuple[OtherReading, ...] = ()
    provisional: str | None = None

    @property
    def gate_shut(self) -> bool:
        """Whether anything found would make the category zero or the submission refused."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)
