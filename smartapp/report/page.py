"""The whole page as plain records: what templates show, they only have to loop over and choose from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from extractors.sources.folder import FileRecord
from scoring.model import Finding, MeasureId, Metric, OtherReading, Severity
from scoring.year import Measure, Status
from smartapp import __version__
from smartapp.opened.evidence import CaseRow
from smartapp.report.charts.bullet import Bullets, bullets_of
from smartapp.report.charts.score_bar import Chart, chart_of
from smartapp.report.exclusions import Exclusions, exclusions_of
from smartapp.report.lines import Line, lines_of
from smartapp.report.measures import MeasureSection, measure_sections
from smartapp.report.words import day, moment, reporter_in_words
from smartapp.scored import Scored
from smartapp.usecases import Reading

ROLES = {
    Status.EXCLUSION: "claimed exclusion",
    Status.BONUS: "bonus measure",
    Status.ATTESTATION: "required attestation",
    Status.REQUIRED: "required measure",
    Status.ENGAGEMENT: "level of active engagement",
    Status.OPTIONAL: "optional measure",
}
"""What a yes/no measure is, in words."""

_ASKED = {Status.ATTESTATION, Status.REQUIRED}


@dataclass(frozen=True, slots=True)
class Headline:
    """The first thing a reader looks for: the points, or why there are none."""

    blocked: bool
    gate_shut: bool
    determinable: bool
    points: int
    before_gate: int
    up_to: int
    open_lines: tuple[str, ...]
    other_readings: tuple[OtherReading, ...]
    provisional: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """One yes or no that a person gave."""

    anchor: str
    measure: str
    title: str
    role: str
    answer: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Whether the source shows one kind of fact; `policy` where the site's settings state it."""

    kind: str
    sight: str
    policy: str


@dataclass(frozen=True, slots=True)
class Aside:
    """A line set aside: where and why, never what it said."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """What was received and what became of it."""

    ledger: tuple[Mapping[str, Any], ...]
    cautions: tuple[str, ...]
    files: tuple[FileRecord, ...]
    aside: tuple[Aside, ...]
    aside_of: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """One thing that the numbers rest on, and the digest that tells whether it changed."""

    what: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Page:
    """The report, in the order in which it is read; `written` is when it was made, None where nothing says so.

    `as_of` is the day from which the days to each deadline are counted, None for not at all; `counted_from` says it
    where it is another day than that of `written`, and is empty otherwise.
    """

    year: int
    reporter: str
    period: str
    days: int
    written: str | None
    as_of: date | None
    counted_from: str
    cehrt_id: str | None
    fingerprint: str
    version: str
    faults: tuple[str, ...]
    errors: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    headline: Headline
    chart: Chart
    rates: Bullets
    lines: tuple[Line, ...]
    sections: tuple[MeasureSection, ...]
    exclusions: Exclusions
    answers: tuple[Answered, ...]
    completeness: Completeness
    basis: tuple[Basis, ...]


def page_of(
    scored: Scored, rows: Sequence[CaseRow], written: datetime | None = None, as_of: date | None = None
) -> Page:
    """Everything that pages show of one score; without rows its sections have figures and no cases."""
    reading, period = scored.reading, scored.reading.period
    sections = measure_sections(scored, rows)
    findings = scored.score.findings
    return Page(
        year=reading.rules.year,
        reporter=reporter_in_words(scored.submission.reporter),
        period=f"{day(period.start)} to {day(period.end)}",
        days=period.days,
        written=moment(written) if written else None,
        as_of=as_of,
        counted_from=day(as_of) if as_of and not (written and written.date() == as_of) else "",
        cehrt_id=scored.submission.cehrt_id,
        fingerprint=reading.fingerprint,
        version=__version__,
        faults=reading.faults,
        errors=tuple(f for f in findings if f.severity is Severity.ERROR),
        advice=tuple(f for f in findings if f.severity is not Severity.ERROR),
        headline=_headline(scored),
        chart=chart_of(scored),
        rates=bullets_of(scored),
        lines=lines_of(scored, sections),
        sections=sections,
        exclusions=exclusions_of(scored),
        answers=_answers(scored),
        completeness=_completeness(reading),
        basis=_basis(reading),
    )


def _headline(scored: Scored) -> Headline:
    score = scored.score
    return Headline(
        blocked=bool(scored.reading.faults),
        gate_shut=score.gate_shut,
        determinable=score.determinable,
        points=score.points,
        before_gate=score.before_gate,
        up_to=score.up_to,
        open_lines=tuple(line.title for line in score.lines if line.earned is None),
        other_readings=score.other_readings,
        provisional=score.provisional,
    )


def _answers(scored: Scored) -> tuple[Answered, ...]:
    """What was answered, and the required questions that were not, in CMS's order."""
    given, rules = scored.submission.answers, scored.reading.rules
    paths = {measure for choice in rules.choices for path in choice.paths for measure in path.measures}
    return tuple(
        Answered(
            anchor=f"answer-{measure.id}",
            measure=measure.id,
            title=measure.title,
            role=ROLES[measure.status],
            answer=answer_of(measure, given),
        )
        for measure in rules.measures.values()
        if measure.metric is Metric.BOOLEAN
        and (measure.id in given or (measure.status in _ASKED and measure.id not in paths))
    )


def answer_of(measure: Measure, given: Mapping[MeasureId, bool]) -> str:
    """How a measure was answered, in words."""
    if measure.id in given:
        return "yes" if given[measure.id] else "no"
    return "exclusion claimed" if any(given.get(e) for e in measure.exclusions) else "not answered"


def _completeness(reading: Reading) -> Completeness:
    policies = {standing.kind: standing.why for standing in reading.site.standing}
    return Completeness(
        ledger=reading.ledger,
        cautions=reading.cautions,
        files=reading.files,
        aside=tuple(Aside(_place(row), row["reason"]) for row in reading.quarantine.rows),
        aside_of=reading.quarantine.of,
        shown=tuple(Shown(kind, sight, policies.get(kind, "")) for kind, sight in reading.sights.items()),
    )


def _place(row: Mapping[str, Any]) -> str:
    entry = f" entry {row['entry']}" if row["entry"] is not None else ""
    return f"{row['file']}:{row['line']}{entry}"


def _basis(reading: Reading) -> tuple[Basis, ...]:
    profile, site = reading.profile, reading.site
    observed = f"observed on {profile.observed}" if profile.observed else "documented, not observed"
    return (
        Basis("Data as read, with all below", "run fingerprint", reading.fingerprint),
        Basis("Rules", f"performance year {reading.rules.year}", reading.rules.digest),
        Basis("Evidence profile", f"{profile.name} {profile.version}, {observed}", profile.digest),
        Basis("Site settings", f"zone {site.zone}, numerator window {site.numerator_window}", site.digest),
        Basis("Drug table", "controlled substances", reading.drug_table),
    )
