"""Scoring as a use case: what was read from FHIR together with what a person attested."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from extractors.cases import Tally
from extractors.ledger import NEEDS, Sight
from extractors.tallies import Tallies
from scoring.claims import claims
from scoring.exclusions import Exclusion
from scoring.model import MeasureId, Metric, Origin, Proportion, Reporter, Score, Submission
from scoring.rulebook import RuleBook
from scoring.score import score
from smartapp.attesting.attestations import Attestations
from smartapp.errors import UsageError
from smartapp.exclusions import counted_exclusions
from smartapp.people.reporters import reporter_of
from smartapp.usecases import Reading


@dataclass(frozen=True, slots=True)
class Scored:
    """A score with the submission that it rests on, for each measure what was recomputed beside it, and exclusions."""

    reading: Reading
    attestations: Attestations
    submission: Submission
    score: Score
    tallies: Mapping[MeasureId, Tally | None]
    exclusions: tuple[Exclusion, ...]


def score_reading(reading: Reading, attested: Attestations) -> Scored:
    """Score what was counted, together with what a person attested, for one reporter.

    Raises:
        UsageError: the reporter is not in the data or not to be found out, or a reported total contradicts the
            answers.
    """
    reporter = reporter_of(reading, attested.reporter)
    proportions = reported_as_counts(reading.rules)
    tallies = {m: _tally(reading.tallies, m, reporter, attested.variant) for m in proportions}
    counted = {measure: _recomputed(reading, measure, found, reporter) for measure, found in tallies.items()}
    in_play = {measure for measure in proportions if is_in_play(measure, reading.rules, attested.answers)}
    _check_totals(attested, in_play)
    reported = {measure: total.proportion for measure, total in attested.reported.items()}
    submission = Submission(
        year=reading.rules.year,
        reporter=reporter,
        period=reading.period,
        cehrt_id=attested.cehrt_id,
        proportions={m: reported.get(m, counted[m]) for m in proportions if m in in_play},
        answers=attested.answers,
        dates=attested.dates,
        entity_type="individual" if reporter.npi else "group",
    )
    found = counted_exclusions(reading, reporter, attested)
    claimed = claims(found, attested.answers)
    return Scored(reading, attested, submission, score(reading.rules, submission, claimed), tallies, found)


def reported_as_counts(rules: RuleBook) -> tuple[MeasureId, ...]:
    """The measures that are reported as counts; PI_EP_2 is counted for assurance and answered yes or no."""
    return tuple(m for m in NEEDS if m in rules.measures and rules.measures[m].metric is Metric.PROPORTION)


def counted_of(scored: Scored) -> dict[MeasureId, Proportion]:
    """What was counted of every measure, excluded and untaken ones too; a reported total goes before what was read."""
    reported = {measure: total.proportion for measure, total in scored.attestations.reported.items()}
    reading, who = scored.reading, scored.submission.reporter
    return {m: reported.get(m) or _recomputed(reading, m, found, who) for m, found in scored.tallies.items()}


def _tally(tallies: Tallies, measure: MeasureId, who: Reporter, variant: str) -> Tally | None:
    found = (tallies.one(measure, basis, who.tin, who.npi) for basis in (variant, "all"))
    return next((tally for tally in found if tally is not None), None)


def _recomputed(reading: Reading, measure: MeasureId, found: Tally | None, reporter: Reporter) -> Proportion:
    """What was counted; without a tally, nothing eligible, or not readable where no case could be seen at all.

    Of cases that were not read whole no number is given: the rest may be more, and less of it met. Where what makes
    the numerator was not read whole, none met is no zero. Neither is there one where a case may be the reporter's, and
    what would say so was not read whole.
    """
    partly = bool(reading.not_whole(measure)) or (
        bool(reading.not_whole_directory) and names_nobody(reading.tallies, measure, reporter)
    )
    if found is None or partly:
        makes_cases, _ = NEEDS[measure]
        readable = not partly and not set(reading.unseen(measure)) >= set(makes_cases)
        return Proportion(0, 0, origin=Origin.RECOMPUTED, readable=readable)
    lacking = any(reading.sights[kind] is Sight.NOT_WHOLE for kind in reading.unseen(measure))
    readable = found.met > 0 or not lacking
    return Proportion(found.met, found.denominator, found.unknown, found.undecided, Origin.RECOMPUTED, readable)


def names_nobody(tallies: Iterable[Tally], measure: MeasureId, reporter: Reporter) -> bool:
    """Whether cases of a measure name no clinician, or no TIN, so that they may be a reporter's.

    A group counts what any of its clinicians does, and what none is named for beside that.
    """
    of = Counter[tuple[str, str | None, str | None]]()
    for found in tallies:
        if found.measure == measure:
            of[found.variant, found.tin, found.npi] += found.denominator + found.undecided
    whose = {npi for _, _, npi in of} if reporter.npi is None else {None, reporter.npi}
    nowhere = sum(number for (_, tin, npi), number in of.items() if tin is None and npi in whose)
    return nowhere > 0 or (reporter.npi is not None and _of_no_clinician(of, reporter.tin))


def _of_no_clinician(of: Counter[tuple[str, str | None, str | None]], ours: str | None) -> bool:
    """Whether a group counts more than its clinicians together."""
    named = Counter[str]()
    for (variant, tin, npi), number in of.items():
        named[variant] += number if tin == ours and npi else 0
    return ours is not None and any(of[variant, ours, None] > number for variant, number in named.items())


def is_in_play(measure: MeasureId, rules: RuleBook, answers: Mapping[MeasureId, bool]) -> bool:
    """Whether a proportion is part of the submission that goes with the answers: not excluded, on the chosen path."""
    claimed = {answered for answered, yes in answers.items() if yes}
    if claimed & set(rules.measures[measure].exclusions):
        return False
    return not any(
        measure in {m for path in choice.paths for m in path.measures}
        and any(claimed & set(path.measures) and measure not in path.measures for path in choice.paths)
        for choice in rules.choices
    )


def _check_totals(attested: Attestations, in_play: set[MeasureId]) -> None:
    for measure, total in attested.reported.items():
        if measure not in in_play:
            name = f"[reported.{measure}]" if total.proportion.origin is Origin.REPORTED else f"the count {measure}"
            raise UsageError(
                f"{name} stands beside an answer that takes {measure} out of the submission (its exclusion, or "
                "another path). Remove one of the two."
            )
        if total.on < date(attested.year, 1, 1):
            raise UsageError(
                f"[reported.{measure}], date: expected a report on {attested.year}, got one of {total.on}."
            )
