"""What went wrong with the numbers since the run before, as numbered findings; dated where the data allow it.

The rules are ours: no official text speaks of nights. A run before is the last one that came to its end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scoring.findings import (
    CATALOGUE,
    NOT_COMPARED,
    NUMERATOR_FELL,
    NUMERATOR_GAP,
    NUMERATOR_STOPPED,
    SOURCE_NOT_WHOLE,
    FindingKind,
)
from scoring.model import Cite, Origin, Reporter, Severity
from smartapp.kept.differences import Fall, falls
from smartapp.kept.trend import gaps_of
from smartapp.opened.outages import Outage
from smartapp.scored import Scored

OURS = Cite("pi180: this rule is ours, no official text has one")
COSTS_POINTS = frozenset({NUMERATOR_FELL.code, NUMERATOR_STOPPED.code, NUMERATOR_GAP.code})
_ACCESS = "PI_PEA_1"


@dataclass(frozen=True, slots=True)
class Alert:
    """One finding of a report, without anything of a patient; `key` tells it from others, from run to run.

    `report` is the folder of the report, empty for what concerns the whole source.
    """

    key: str
    code: str
    severity: str
    subject: str
    report: str
    message: str
    remedy: str
    cites: tuple[str, ...]

    @property
    def is_grave(self) -> bool:
        """Whether it costs points, or shuts the gate."""
        return self.code in COSTS_POINTS or self.severity == Severity.ERROR.value

    def as_document(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "cites": list(self.cites)}


def of_document(said: Mapping[str, Any]) -> Alert:
    """The alert that `as_document` gave."""
    return Alert(**{**said, "cites": tuple(said["cites"])})


def standing_alerts(scored: Scored, report: str) -> tuple[Alert, ...]:
    """What is wrong with a score by itself: what shuts its gate or warns, and days on which a numerator stopped."""
    by_score = [
        Alert(
            key=_key(report, f"{finding.code} {finding.subject}"),
            code=finding.code,
            severity=finding.severity.value,
            subject=finding.subject,
            report=report,
            message=CATALOGUE[finding.code].title,
            remedy=finding.remedy,
            cites=tuple(cite.text for cite in finding.cites),
        )
        for finding in scored.score.findings
    ]
    return (*by_score, *_gaps(scored, report))


def _gaps(scored: Scored, report: str) -> Iterator[Alert]:
    for measure, found in gaps_of(scored).items():
        for one in found:
            kind = NUMERATOR_GAP if one.returned else NUMERATOR_STOPPED
            remedy = "Find out what stopped then, in the EHR and in its interfaces; what is past cannot be made up."
            if one.returned is None:
                remedy = (
                    "Find out what stopped, in the EHR or in what it sends, and have it mended: each day costs cases."
                )
            yield _alert(kind, measure, report, stopped_in_words(one, measure), remedy, f"{measure} {one.stopped}")


def stopped_in_words(one: Outage, measure: str) -> str:
    """When a numerator stopped, and when it returned."""
    what = "access" if measure == _ACCESS else "what is met"
    missed = f"{one.missed} cases on {one.days} days were missed"
    if one.returned is None:
        return f"{what} stopped on {in_words(one.stopped)} and has not returned as far as the data go: {missed}"
    return f"{what} stopped on {in_words(one.stopped)} and returned on {in_words(one.returned)}: {missed}"


def in_words(day: date) -> str:
    """A day as `3 March 2026`."""
    return f"{day.day} {day:%B %Y}"


def fallen(before: Path, now: Path, period: str, scored: Scored, report: str) -> tuple[Alert, ...]:
    """The numerators of a reporter that fell from one run to another over the days of the first.

    Args:
        before: the run before; `now` counted its period, too.
        now: the run of `scored`.
        period: the days of the run before, as its folder names them.
        scored: for whom and in which variant.
        report: the folder of the report.
    """
    who, variant = scored.submission.reporter, scored.attestations.variant
    found = [one for one in falls(before, now) if one.period == period and _is_of(one, who, variant)]
    counted = {str(m) for m, p in scored.submission.proportions.items() if p.origin is Origin.RECOMPUTED}
    remedy = "See what differs: pi180 diff. Was a type withheld, a feed stopped, or a record deleted?"
    return tuple(
        _alert(NUMERATOR_FELL, one.measure, report, _fell_in_words(one), remedy, f"{one.measure} {one.after}")
        for one in found
        if one.measure in counted
    )


def _is_of(fall: Fall, who: Reporter, variant: str) -> bool:
    return (fall.tin, fall.npi) == (who.tin, who.npi) and fall.variant in (variant, "all")


def _fell_in_words(one: Fall) -> str:
    start, _, end = one.period.partition("--")
    said = f"{one.after} met where the run before had {one.before}, from {start} to {end}"
    if one.first_day is None or one.last_day is None:
        return said
    first, last = (in_words(date.fromisoformat(day)) for day in (one.first_day, one.last_day))
    return f"{said}; those that are met no longer are of {first if first == last else f'{first} to {last}'}"


def not_read_whole(kind: str, state: str) -> Alert:
    """A type of which the source withheld or did not give something."""
    message = f"{state}; what rests on it is not determinable, and its absence proves nothing"
    remedy = "Ask the EHR's administrator whether pi180 may read it, or wait until the server answers."
    return _alert(SOURCE_NOT_WHOLE, kind, "", message, remedy, f"{kind} {state.partition(':')[0]}")


def not_compared(before: str, report: str) -> Alert:
    """What fell since a run, by its fingerprint, cannot be told: its files are gone."""
    message = f"the files of run {before[:12]} are gone: whether a numerator fell since is not known"
    remedy = "Keep the last run below the results: the next night is held against it. Compare the counts by hand."
    return _alert(NOT_COMPARED, "run before", report, message, remedy, before[:12])


def _key(report: str, text: str) -> str:
    return text if report in ("", ".") else f"{report}: {text}"


def _alert(kind: FindingKind, subject: str, report: str, message: str, remedy: str, key: str) -> Alert:
    found = kind.about(subject, message, remedy)
    return Alert(
        key=_key(report, f"{found.code} {key}"),
        code=found.code,
        severity=found.severity.value,
        subject=subject,
        report=report,
        message=message,
        remedy=remedy,
        cites=(OURS.text,),
    )
