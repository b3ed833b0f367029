"""A group beside its clinicians: who contributes what, and why the group is not the sum of them.

A group counts a unit of any of its clinicians once: a patient whom two of them saw is one patient. A unit may count for
a clinician alone, as when a partner had seen the patient before, or for the group alone, as an order in its name. What
is told here adds up: the sum of the clinicians, less what they count again, less what counts for them alone, and with
what counts for the group alone, is the group.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from extractors.cases import Tally
from scoring.model import MeasureId, Reporter
from smartapp.opened.casebook import Standing, cases_of
from smartapp.opened.evidence import CaseRow, bare_rows, rows_of
from smartapp.scored import Scored, score_reading

_Rows = Mapping[tuple[str, str | None], list[CaseRow]]
_IN_DENOMINATOR = {Standing.MET, Standing.UNKNOWN, Standing.NOT_MET}


@dataclass(frozen=True, slots=True)
class Rollup:
    """One measure of a group, in the units of its tally.

    `parts` are the tallies of its clinicians by NPI. `shared` units count for several of them, which the sum counts
    `again`; `alone` is how often a unit counts for a clinician and not for the group, `nobodys` units count for the
    group and for no clinician. `less_met` units are met for a clinician and not for the group, because another
    clinician's part of them is not.
    """

    measure: MeasureId
    group: Tally
    parts: Mapping[str, Tally]
    shared: int
    again: int
    alone: int
    nobodys: int
    less_met: int

    @property
    def sum_of_parts(self) -> int:
        """The denominators of the clinicians, added up."""
        return sum(part.denominator for part in self.parts.values())

    @property
    def met_of_parts(self) -> int:
        """Their numerators, added up."""
        return sum(part.met for part in self.parts.values())


@dataclass(frozen=True, slots=True)
class Member:
    """One clinician of the group.

    `scored` is the score by herself with the group's answers; None where whoever looks may not see it. `elsewhere` are
    the other TINs under which cases of hers are counted in the same data.
    """

    npi: str
    scored: Scored | None
    elsewhere: int


@dataclass(frozen=True, slots=True)
class GroupRollup:
    """A group and its clinicians; measures in CMS's order, clinicians by NPI."""

    scored: Scored
    measures: tuple[Rollup, ...]
    members: tuple[Member, ...]

    @property
    def shown(self) -> tuple[Member, ...]:
        """The clinicians whom whoever looks may see."""
        return tuple(member for member in self.members if member.scored is not None)


def rollup_of(scored: Scored, may_see: Callable[[Reporter], bool]) -> GroupRollup | None:
    """A group's score beside those of its clinicians.

    Args:
        scored: the score of a group, its reading still open.
        may_see: whether whoever looks may see a reporter; nobody else's score is made.

    Returns:
        None where the reporter is no group, or the input is not whole.
    """
    reading, group = scored.reading, scored.submission.reporter
    if group.npi is not None or group.tin is None or reading.faults:
        return None
    npis = sorted({t.npi for t in reading.tallies if t.tin == group.tin and t.npi})
    variants = {scored.attestations.variant, "all"}
    tallies = [t for t in reading.tallies if t.tin == group.tin and t.variant in variants]
    counted = [MeasureId(measure) for measure in scored.submission.proportions]
    whose = _by_clinician(bare_rows(reading, counted))
    return GroupRollup(
        scored=scored,
        measures=tuple(found for m in counted if (found := _rollup(whose, [t for t in tallies if t.measure == m]))),
        members=tuple(_member(scored, Reporter(group.tin, npi), may_see) for npi in npis),
    )


def _by_clinician(rows: Iterable[CaseRow]) -> _Rows:
    """The rows of each clinician in a measure, and under None those of all."""
    found: defaultdict[tuple[str, str | None], list[CaseRow]] = defaultdict(list)
    for row in rows:
        for npi in {None, row.npi}:
            found[row.measure, npi].append(row)
    return found


def _rollup(rows: _Rows, tallies: list[Tally]) -> Rollup | None:
    group = next((tally for tally in tallies if tally.npi is None), None)
    if group is None:
        return None
    parts = {tally.npi: tally for tally in tallies if tally.npi is not None}
    of_group, of_parts = _standings(rows, group), {npi: _standings(rows, part) for npi, part in parts.items()}
    counted = Counter(unit for found in of_parts.values() for unit in found)
    met = {unit for found in of_parts.values() for unit, standing in found.items() if standing is Standing.MET}
    return Rollup(
        measure=MeasureId(group.measure),
        group=group,
        parts=parts,
        shared=sum(number > 1 and unit in of_group for unit, number in counted.items()),
        again=sum(number - 1 for unit, number in counted.items() if unit in of_group),
        alone=sum(number for unit, number in counted.items() if unit not in of_group),
        nobodys=sum(unit not in counted for unit in of_group),
        less_met=sum(of_group.get(unit, Standing.MET) is not Standing.MET for unit in met),
    )


def _standings(rows: _Rows, tally: Tally) -> dict[str, Standing]:
    """Where each unit of a tally's denominator stands."""
    found = cases_of(rows_of(rows.get((tally.measure, tally.npi), []), tally))
    return {case.focus: case.standing for case in found if case.standing in _IN_DENOMINATOR}


def _member(scored: Scored, who: Reporter, may_see: Callable[[Reporter], bool]) -> Member:
    """The totals of the EHR's report are the group's, so that hers are all recomputed."""
    attested = replace(scored.attestations, reporter=who, reported={})
    return Member(
        npi=who.npi or "",
        scored=score_reading(scored.reading, attested) if may_see(who) else None,
        elsewhere=len(scored.reading.tallies.tins(who.npi) - {who.tin}),
    )
