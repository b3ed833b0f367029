"""Exclusions against their limits: what is counted day by day, whether it stays below, and what a claim would give.

Seen from a day, like a plan: of a period that is not over, the observed part is counted. Both scores, with the claim
and without, come from scoring once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from scoring.exclusions import Exclusion
from scoring.model import MeasureId
from scoring.projection import SafetyMargin, Span
from smartapp.ahead.open_cases import days_of, own_rows
from smartapp.ahead.otherwise import Otherwise, beside, otherwise, without
from smartapp.ahead.planning import Asked, margins_of, observed_part
from smartapp.exclusions import counts_for
from smartapp.opened.evidence import COUNTS, CaseRow, bare_rows
from smartapp.scored import Scored, score_reading
from smartapp.usecases import recounted


@dataclass(frozen=True, slots=True)
class Limited:
    """One exclusion that a count decides.

    `days` are those of the cases that surely count, in order; None where the count has none, as a total of the EHR's
    report. `claimed` and `reported` are the scores with the claim and without it; what is refused of the
    claim is what the score without it has not.
    """

    exclusion: Exclusion
    margin: SafetyMargin
    days: tuple[date, ...] | None
    is_claimed: bool
    claimed: Otherwise
    reported: Otherwise


@dataclass(frozen=True, slots=True)
class Limits:
    """All exclusions of the year that a count decides, in CMS's order, and from which day they are seen."""

    span: Span
    found: tuple[Limited, ...]


def limits_of(scored: Scored, as_of: date) -> Limits | None:
    """Every exclusion with a limit, for the reporter of a score whose reading is open; None where it is not whole."""
    if scored.reading.faults:
        return None
    span = Span(scored.reading.period, as_of)
    seen = score_reading(
        recounted(scored.reading, observed_part(Asked(scored.reading.period, as_of))),
        replace(scored.attestations, reporter=scored.submission.reporter),
    )
    rows = bare_rows(seen.reading, {one.counted_as for one in seen.exclusions})
    margins = {one.exclusion: one for one in margins_of(seen, rows, span)}
    return Limits(span, tuple(_limited(scored, one, margins[one.exclusion], _days(seen, rows, one))
                              for one in seen.exclusions if one.exclusion in margins))  # fmt: skip


def _limited(scored: Scored, one: Exclusion, margin: SafetyMargin, days: tuple[date, ...] | None) -> Limited:
    claim = {**without(scored, frozenset(_beside(scored, one))), one.exclusion: True}
    reported = otherwise(scored, without(scored, frozenset({one.exclusion})))
    return Limited(
        exclusion=one,
        margin=margin,
        days=days,
        is_claimed=scored.submission.answers.get(one.exclusion) is True,
        claimed=beside(reported.scored, otherwise(scored, claim).scored),
        reported=reported,
    )


def _beside(scored: Scored, one: Exclusion) -> Iterator[MeasureId]:
    """What does not stand beside a claim: the measures that it excludes, their levels, and their other exclusions."""
    rules = scored.reading.rules
    for measure in one.of:
        yield measure
        yield from rules.measures[measure].exclusions
        yield from (level.id for level in rules.levels_of(measure))


def _days(seen: Scored, rows: list[CaseRow], one: Exclusion) -> tuple[date, ...] | None:
    if one.count is None or one.counted_as in seen.attestations.reported:
        return None
    own = own_rows(
        rows, one.counted_as, counts_for(one.counted_as, seen.submission.reporter), seen.attestations.variant
    )
    return tuple(sorted(days_of([row for row in own if row.counts == COUNTS])))
