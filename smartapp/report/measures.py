"""One section a measure: what was counted, what it rests on, what cannot be read, and every case."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from extractors.cases import Tally
from extractors.ledger import NEEDS
from scoring.model import MeasureId, Reporter
from scoring.year import Measure, Status
from smartapp.attesting.attestations import Reported
from smartapp.exclusions import BASES, counts_for
from smartapp.opened.casebook import CaseGroup, grouped
from smartapp.opened.evidence import CaseRow, rows_of
from smartapp.opened.measure_words import words_of
from smartapp.report.words import day, percent, rate_in_words
from smartapp.scored import Scored

_VARIANTS = {**{variant: words.capitalize() for variant, words in BASES.items()}, "all": "Cases"}


@dataclass(frozen=True, slots=True)
class Unseen:
    """A kind of fact that the source does not show, and in what way."""

    kind: str
    how: str


@dataclass(frozen=True, slots=True)
class ReportedTotal:
    """The EHR report's own total, beside what was recomputed and never mixed with it."""

    anchor: str
    met: int
    denominator: int
    rate: str
    report: str
    on: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to count a measure, with its tally and its cases."""

    anchor: str
    title: str
    chosen: bool
    tally: Tally
    rate: str
    rests_on: tuple[tuple[str, int], ...]
    groups: tuple[CaseGroup, ...]


@dataclass(frozen=True, slots=True)
class MeasureSection:
    """Everything the page says about how one measure was counted."""

    anchor: str
    measure: str
    title: str
    unit: str
    in_score: bool
    of_exclusion: bool
    reported: ReportedTotal | None
    unseen: tuple[Unseen, ...]
    variants: tuple[Variant, ...]

    @property
    def chosen(self) -> Variant | None:
        """The variant that the submission counts by; None when nothing was counted for the reporter."""
        return next((variant for variant in self.variants if variant.chosen), None)


def measure_sections(scored: Scored, rows: Sequence[CaseRow]) -> tuple[MeasureSection, ...]:
    """A section for each measure that is counted from cases, in CMS's order."""
    return tuple(_section(scored, rows, measure) for measure in scored.reading.rules.measures if measure in NEEDS)


def _section(scored: Scored, rows: Sequence[CaseRow], measure: MeasureId) -> MeasureSection:
    reading, anchor = scored.reading, f"measure-{measure}"
    reported = scored.attestations.reported.get(measure)
    return MeasureSection(
        anchor=anchor,
        measure=measure,
        title=_title(reading.rules.measures[measure]),
        unit=words_of(measure).unit,
        in_score=any(line.measure == measure for line in scored.score.lines),
        of_exclusion=reading.rules.measures[measure].status is Status.EXCLUSION,
        reported=_reported(anchor, reported) if reported else None,
        unseen=tuple(Unseen(kind, reading.sights[kind]) for kind in reading.unseen(measure)),
        variants=_variants(scored, rows, measure, anchor),
    )


def _title(measure: Measure) -> str:
    """CMS's title; exclusions of one measure share theirs, so that our summary tells them apart."""
    return f"Exclusion: {measure.summary}" if measure.status is Status.EXCLUSION and measure.summary else measure.title


def _variants(scored: Scored, rows: Sequence[CaseRow], measure: MeasureId, anchor: str) -> tuple[Variant, ...]:
    mine_are = counts_for(measure, scored.submission.reporter)
    mine = [t for t in scored.reading.tallies if t.measure == measure and _is_of(t, mine_are)]
    chosen = {scored.attestations.variant, "all"}
    return tuple(_variant(tally, rows, f"{anchor}-{tally.variant}", chosen=tally.variant in chosen) for tally in mine)


def _is_of(tally: Tally, reporter: Reporter) -> bool:
    return (tally.tin, tally.npi) == (reporter.tin, reporter.npi)


def _variant(tally: Tally, rows: Sequence[CaseRow], anchor: str, *, chosen: bool) -> Variant:
    rate = Fraction(tally.met, tally.denominator) if tally.denominator else None
    return Variant(
        anchor=anchor,
        title=_VARIANTS.get(tally.variant, tally.variant),
        chosen=chosen,
        tally=tally,
        rate=rate_in_words(rate, tally.unknown),
        rests_on=tuple(tally.rests_on.items()),
        groups=grouped(anchor, rows_of(list(rows), tally)),
    )


def _reported(anchor: str, reported: Reported) -> ReportedTotal:
    total = reported.proportion
    return ReportedTotal(
        anchor=f"{anchor}-report",
        met=total.met,
        denominator=total.denominator,
        rate=percent(total.rate),
        report=reported.report,
        on=day(reported.on),
    )
