"""What was counted for each exclusion of one reporter: bounds, never a guess."""

from collections.abc import Iterator
from dataclasses import replace

from extractors.cases import Tally
from extractors.ledger import NEEDS, Sight
from extractors.tallies import Tallies
from extractors.vocabulary import EventKind
from scoring.exclusions import Count, Exclusion, exclusions
from scoring.model import MeasureId, Origin, Reporter
from smartapp.attesting.attestations import Attestations
from smartapp.usecases import Reading

BY_PRACTICE = frozenset({MeasureId("PI_PHCDRR_1_EX_1")})
"""Counted for the whole practice, whoever reports: an immunization names whoever held the syringe (fhir-mapping 10)."""

ON_TWO_BASES, _DIAGNOSES = MeasureId("PI_EP_1"), MeasureId("PI_PHCDRR_3_EX_1")
BASES = {
    "controlled-included": "controlled substances included",
    "controlled-excluded": "controlled substances left out",
}
"""The two bases of PI_EP_1 in words."""
_ONE_WAY = {"all": ""}


def counted_exclusions(reading: Reading, reporter: Reporter, attested: Attestations) -> tuple[Exclusion, ...]:
    """The exclusions of the year with what was counted for a reporter, claimed or not.

    A total of the EHR's own report goes before what was recomputed, as it does in the score.
    """
    counted = {measure: _counts(reading, reporter, attested, measure) for measure in NEEDS}
    return tuple(_with_sight(one, reading) for one in exclusions(reading.rules, counted))


def counts_for(measure: MeasureId, reporter: Reporter) -> Reporter:
    """Under whom the cases of a measure stand for a reporter: herself, or her practice."""
    of_practice = measure in BY_PRACTICE and reporter.tin is not None
    return replace(reporter, npi=None) if of_practice else reporter


def _counts(reading: Reading, reporter: Reporter, attested: Attestations, measure: MeasureId) -> tuple[Count, ...]:
    if measure in attested.reported:
        total = attested.reported[measure].proportion
        basis = "the EHR's report" if total.origin is Origin.REPORTED else str(total.origin)
        return (Count(total.denominator, total.denominator, basis=basis),)
    bases = BASES if measure == ON_TWO_BASES else _ONE_WAY
    variants = sorted(bases, key=lambda variant: variant != attested.variant)
    found = (_count(reading, counts_for(measure, reporter), measure, variant) for variant in variants)
    return tuple(replace(count, basis=bases[v]) for v, count in zip(variants, found, strict=True) if count is not None)


def _count(reading: Reading, reporter: Reporter, measure: MeasureId, variant: str) -> Count | None:
    """The bounds of one count; None where the source shows nothing of the kinds that make its cases."""
    if set(reading.unseen(measure)) >= set(NEEDS[measure][0]):
        return None
    own = reading.tallies.one(measure, variant, reporter.tin, reporter.npi)
    certain, more = (own.denominator, own.undecided) if own else (0, 0)
    unattributed = sum(t.denominator + t.undecided for t in _astray(reading.tallies, reporter, measure, variant))
    hidden = tuple(reading.never_shown(measure))
    possible = None if hidden else certain + more + unattributed
    return Count(certain, possible, hidden, unattributed)


def _astray(tallies: Tallies, reporter: Reporter, measure: MeasureId, variant: str) -> Iterator[Tally]:
    """What names nobody, or a clinician of the reporter whose TIN is not known: it may be the reporter's."""
    members = tallies.members(measure, variant, reporter.tin) if reporter.npi is None else {reporter.npi}
    for npi in {None, *members}:
        found = tallies.one(measure, variant, None, npi)
        if found is not None and (None, npi) != (reporter.tin, reporter.npi):
            yield found


def _with_sight(one: Exclusion, reading: Reading) -> Exclusion:
    if one.exclusion != _DIAGNOSES:
        return one
    shown = reading.sights[EventKind.CONDITION_DIAGNOSED] is Sight.SEEN
    said = "Confirmed diagnoses are among what was read." if shown else "No confirmed diagnosis is among what was read."
    return replace(one, text=f"{one.text} {said}")
