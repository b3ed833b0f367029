"""What was counted of one reporter in every period: the numbers that `scored` and `exclusions` take for one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from extractors.ledger import NEEDS
from extractors.periods.counts import PeriodCounts
from extractors.periods.grid import constant, day_grids
from extractors.periods.quadrants import Series
from extractors.tallies import Tallies
from scoring.cells import Bounds, Cells, Counts
from scoring.model import MeasureId, Reporter
from smartapp.attesting.attestations import Attestations
from smartapp.exclusions import ON_TWO_BASES, counts_for
from smartapp.usecases import Reading

ONE_WAY = "all"
"""The variant of a measure that has no others."""


@dataclass(frozen=True, slots=True)
class PeriodEvidence:
    """One reporter's numbers for each period of the space of `counts`.

    A total of the EHR's own report goes before what was recomputed, as it does in a score, and stands for any period.
    """

    reading: Reading
    periods: PeriodCounts
    reporter: Reporter
    attested: Attestations
    _bounds: dict[Series, Bounds | None] = field(default_factory=dict)
    _counts: dict[Series, Counts] = field(default_factory=dict)

    def days(self) -> tuple[Cells, Cells]:
        """The first and the last day of each period, as numbers from 0."""
        return day_grids(self.periods.space)

    def counts(self, measure: MeasureId, variant: str) -> Counts:
        """One measure; the variant concerns PI_EP_1."""
        series = _series(measure, variant, self.reporter)
        if series not in self._counts:
            self._counts[series] = self._counts_of(series, measure)
        return self._counts[series]

    def _counts_of(self, series: Series, measure: MeasureId) -> Counts:
        total = self.attested.reported.get(measure)
        if total is None:
            readable = not set(self.reading.unseen(measure)) >= set(NEEDS[measure][0])
            return replace(self.periods.of(series), readable=readable)
        none = constant(self.periods.space, 0)
        return Counts(none + total.proportion.denominator, none + total.proportion.met, none, none)

    def bounds(self, counted_as: MeasureId, variant: str) -> Bounds | None:
        """The count of cases under an id; None where the source shows nothing of the kinds that make its cases."""
        reporter = counts_for(counted_as, self.reporter)
        series = _series(counted_as, variant, reporter)
        if series not in self._bounds:
            self._bounds[series] = self._bounds_of(series, counted_as)
        return self._bounds[series]

    def _bounds_of(self, series: Series, measure: MeasureId) -> Bounds | None:
        """Where the EHR reports a total too, a claim must stand before both."""
        shown, total = self._shown(series, measure), self.attested.reported.get(measure)
        if total is None:
            return shown
        known: Cells = constant(self.periods.space, total.proportion.denominator)
        if shown is None:
            return Bounds(known, known)
        possible = shown.certain if shown.possible is None else shown.possible
        return Bounds(shown.certain.at_least(known), possible.at_least(known))

    def _shown(self, series: Series, measure: MeasureId) -> Bounds | None:
        if set(self.reading.unseen(measure)) >= set(NEEDS[measure][0]):
            return None
        own = self.periods.of(series)
        if self.reading.never_shown(measure):
            return Bounds(own.denominator, None)
        possible = own.denominator + own.undecided
        for other in self._unattributed(series):
            possible = possible + self._astray(other, series)
        return Bounds(own.denominator, possible)

    def _unattributed(self, series: Series) -> Iterable[Series]:
        """The series of whoever has no TIN that may hold cases of this one."""
        for other in self.periods.homeless:
            of_group = series[3] is None or other[3] in (None, series[3])
            if other != series and other[:2] == series[:2] and of_group:
                yield other

    def _astray(self, other: Series, series: Series) -> Cells:
        """All its cases, in the periods in which the one whom they name is among those who report."""
        counts = self.periods.of(other)
        cases = counts.denominator + counts.undecided
        if other[3] is None or series[3] is not None:
            return cases
        member = self.periods.of((*series[:3], other[3]))
        return cases * (member.denominator + member.undecided >= 1)

    def tallies(self, cell: int) -> Tallies:
        """The tallies of one period that a score of the reporter looks at, without their grades of evidence."""
        found = (self.periods.tally(series, cell) for series in self.periods.series if self._concerns(series))
        return Tallies(tally for tally in found if tally is not None)

    def _concerns(self, series: Series) -> bool:
        tin, npi = series[2:]
        homeless = {other[3] for other in self.periods.homeless}
        return tin is None or (tin == self.reporter.tin and (npi in (None, self.reporter.npi) or npi in homeless))


def _series(measure: MeasureId, variant: str, reporter: Reporter) -> Series:
    return measure, variant if measure == ON_TWO_BASES else ONE_WAY, reporter.tin, reporter.npi
