"""What was counted of a period, found by measure and reporter without going through all of it."""

from collections import defaultdict
from collections.abc import Mapping, Set
from functools import cached_property

from extractors.cases import Tally
from scoring.model import MeasureId, Reporter

_Of = tuple[MeasureId, str, str | None, str | None]


class Tallies(tuple[Tally, ...]):
    """The tallies of a period in their order; of each measure, variant, TIN and NPI there is one at most."""

    def one(self, measure: MeasureId, variant: str, tin: str | None, npi: str | None) -> Tally | None:
        """What was counted for one NPI within one TIN (see `Tally`)."""
        return self._by_reporter.get((measure, variant, tin, npi))

    def members(self, measure: MeasureId, variant: str, tin: str | None) -> Set[str | None]:
        """The NPIs for which a measure was counted within a TIN; None among them is the group itself."""
        return self._npis.get((measure, variant, tin), frozenset())

    def reporters(self, measure: MeasureId) -> Set[Reporter]:
        """Everyone for whom a measure was counted, in any variant."""
        return self._reporters.get(measure, frozenset())

    def tins(self, npi: str | None) -> Set[str]:
        """The TINs under which anything was counted for an NPI."""
        return self._tins.get(npi, frozenset())

    @cached_property
    def _by_reporter(self) -> Mapping[_Of, Tally]:
        return {(found.measure, found.variant, found.tin, found.npi): found for found in self}

    @cached_property
    def _npis(self) -> Mapping[tuple[MeasureId, str, str | None], Set[str | None]]:
        npis: defaultdict[tuple[MeasureId, str, str | None], set[str | None]] = defaultdict(set)
        for found in self:
            npis[found.measure, found.variant, found.tin].add(found.npi)
        return npis

    @cached_property
    def _reporters(self) -> Mapping[MeasureId, Set[Reporter]]:
        reporters: defaultdict[MeasureId, set[Reporter]] = defaultdict(set)
        for found in self:
            reporters[found.measure].add(Reporter(found.tin, found.npi))
        return reporters

    @cached_property
    def _tins(self) -> Mapping[str | None, Set[str]]:
        tins: defaultdict[str | None, set[str]] = defaultdict(set)
        for found in self:
            if found.tin:
                tins[found.npi].add(found.tin)
        return tins
