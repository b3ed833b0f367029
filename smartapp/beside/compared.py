"""The use case: every total of an EHR's report beside our own, with the difference and its candidate causes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scoring.model import MeasureId, Period, Reporter
from smartapp.attesting.attestations import Attestations
from smartapp.beside.causes import Cause, Gap, Verdict, judge
from smartapp.beside.listed import EhrReport, Single, Total, Unread, Whose
from smartapp.beside.otherwise import settings_of
from smartapp.beside.single_cases import Known, SingleDifference, single_differences
from smartapp.beside.what_if import AS_COUNTED, Bench, Setting, Units
from smartapp.errors import UsageError
from smartapp.opened.evidence import place_of, shown_key
from smartapp.people.reporters import reporter_of
from smartapp.usecases import Reading

_ORDER = list(Verdict)


@dataclass(frozen=True, slots=True)
class Behind:
    """One record behind a cause, with its place in the files that were read."""

    record: str
    place: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate cause of a difference: what it would explain, and the records that it touches."""

    title: str
    verdict: Verdict
    says: str
    cases: tuple[Behind, ...]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A numerator and a denominator; None where a report does not state them."""

    numerator: int | None
    denominator: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of one reporter: the EHR's numbers, ours, the difference (EHR less ours) and what may cause it.

    `other_days` says that the report counts other days than the run.
    `candidates` touch cases; `without_cases` are the titles of those under which the count comes out the same.
    """

    measure: str
    title: str
    tin: str | None
    npi: str | None
    source: str
    ehr: Numbers
    ours: Numbers
    unknown: int
    undecided: int
    difference: Numbers
    notes: tuple[str, ...]
    other_days: bool
    candidates: tuple[Candidate, ...]
    without_cases: tuple[str, ...]
    singles: tuple[SingleDifference, ...] | None

    @property
    def same(self) -> bool:
        """Whether the two say the same, as far as the report says anything."""
        return not (self.difference.numerator or self.difference.denominator or self.singles)


@dataclass(frozen=True, slots=True)
class Beside:
    """A whole report beside a run, with the rows of the report that are not compared."""

    report: str
    digest: str | None
    comparisons: tuple[Comparison, ...]
    unread: tuple[Unread, ...]

    @property
    def agrees(self) -> bool:
        """Whether every row of a counted measure was compared, for the days that the run counted, and says the same."""
        compared = all(one.same and not one.other_days for one in self.comparisons)
        return bool(self.comparisons) and compared and not any(row.counts for row in self.unread)

    def as_document(self) -> dict[str, Any]:
        """What `pi180 compare --json` prints."""
        return {"schema": "pi180/compare/1", "of_record": "the EHR's certified report", **asdict(self)}


_Key = tuple[MeasureId, Reporter, Period | None]


def compare(reading: Reading, report: EhrReport, named: Reporter | None, variant: str) -> Beside:
    """Hold a report against what was counted.

    Args:
        reading: an open run with a counted period.
        report: as read.
        named: whose the rows are that do not say; None leaves that to the data.
        variant: of PI_EP_1, as counted.

    Raises:
        UsageError: a row says not whose it is, nor does `named`, and the data name several.
    """
    totals: dict[_Key, Total] = {}
    singles: defaultdict[_Key, list[Single]] = defaultdict(list)
    unread = list(report.unread)
    rows: tuple[Total | Single, ...] = (*report.totals, *report.singles)
    for row in rows:
        try:
            who = _whose(reading, row.whose, named)
        except UsageError as problem:
            if row.whose.tin is None and row.whose.npi is None:
                raise
            unread.append(Unread(row.line, str(problem)))
            continue
        if not _of_year(row.whose, reading.rules.year):
            unread.append(Unread(row.line, f"its days are not of {reading.rules.year}, which the run counted"))
            continue
        key = (row.measure, who, row.whose.period)
        if isinstance(row, Single):
            singles[key].append(row)
        elif key in totals:
            unread.append(
                Unread(row.line, f"{row.measure}: stands in line {totals[key].line} already, which is compared")
            )
        else:
            totals[key] = row
    for key, listed in singles.items():
        totals.setdefault(key, _summed(key[0], listed))
    asked = [_Asked(key, total, report.name, tuple(singles.get(key, ()))) for key, total in totals.items()]
    return Beside(report.name, report.digest, compared(reading, asked, variant), tuple(sorted(unread, key=_line)))


def typed_beside(reading: Reading, attested: Attestations, reporter: Reporter) -> tuple[Comparison, ...]:
    """The totals that a person typed from the EHR's report, beside what was counted."""
    asked = [
        _Asked(
            (measure, reporter, None),
            Total(measure, total.proportion.met, total.proportion.denominator),
            f"{total.report}, {total.on.isoformat()}",
        )
        for measure, total in attested.reported.items()
    ]
    return compared(reading, asked, attested.variant)


def _of_year(whose: Whose, year: int) -> bool:
    return all(day is None or day.year == year for day in (whose.start, whose.end))


def _line(row: Unread) -> int:
    return row.line


def _whose(reading: Reading, whose: Whose, named: Reporter | None) -> Reporter:
    """The reporter of a row: what it says, and for what it does not say what was named."""
    told = replace(named or Reporter(None, None))
    tin = whose.tin or told.tin
    npi = whose.npi or (told.npi if whose.tin in (None, told.tin) else None)
    return reporter_of(reading, Reporter(tin, npi) if tin or npi else None)


def _summed(measure: MeasureId, rows: Sequence[Single]) -> Total:
    counted = [row for row in rows if row.counted]
    says = all(row.met is not None for row in counted)
    return Total(measure, sum(row.met is True for row in counted) if says else None, len(counted))


@dataclass(frozen=True, slots=True)
class _Asked:
    key: _Key
    total: Total
    source: str
    singles: tuple[Single, ...] = ()


def compared(reading: Reading, asked: Sequence[_Asked], variant: str) -> tuple[Comparison, ...]:
    """Each total beside what was counted, in CMS's order; every setting is counted once for all measures."""
    if not asked:
        return ()
    order = list(reading.rules.measures)
    groups: defaultdict[tuple[Reporter, Period | None], list[_Asked]] = defaultdict(list)
    for one in asked:
        groups[one.key[1], one.key[2]].append(one)
    found = [
        comparison
        for (reporter, stated), members in groups.items()
        for comparison in _of_reporter(reading, members, reporter, stated, variant)
    ]
    return tuple(sorted(found, key=lambda one: (order.index(MeasureId(one.measure)), one.tin or "", one.npi or "")))


def _of_reporter(
    reading: Reading, asked: Sequence[_Asked], reporter: Reporter, stated: Period | None, variant: str
) -> Iterator[Comparison]:
    with Bench(reading, {one.key[0] for one in asked}, reporter) as bench:
        counted = bench.count(AS_COUNTED, variant)
    gaps = {one.key[0]: _gap(one.total, counted.get(one.key[0], {})) for one in asked}
    differ = {measure for measure, gap in gaps.items() if gap is not None}
    otherwise = _otherwise(reading, reporter, differ, stated, variant)
    for one in asked:
        measure, gap = one.key[0], gaps[one.key[0]]
        touching = [
            (s, units.get(measure, {})) for s, units in otherwise if s.measures is None or measure in s.measures
        ]
        causes = _causes(touching, counted.get(measure, {}), gap) if gap else []
        yield _comparison(reading, one, variant, counted.get(measure, {}), causes)


def _otherwise(
    reading: Reading, reporter: Reporter, differ: set[MeasureId], stated: Period | None, variant: str
) -> list[tuple[Setting, dict[MeasureId, Units]]]:
    """The units of the measures that differ, under every setting that can touch one of them."""
    if not differ:
        return []
    with Bench(reading, differ, reporter) as bench:
        settings = settings_of(bench, reading, reporter, variant, stated)
        return [(s, bench.count(s, variant)) for s in settings if s.measures is None or s.measures & differ]


def _gap(total: Total, counted: Units) -> Gap | None:
    """The EHR's numbers less ours; None when they agree, or the report has none. One not stated is taken as ours."""
    met, denominator = sum(met for met, _ in counted.values()), len(counted)
    numerator = met if total.numerator is None else total.numerator
    gap = Gap(numerator - met, (denominator if total.denominator is None else total.denominator) - denominator)
    return gap if gap.size else None


def _causes(pairs: Iterable[tuple[Setting, Units]], counted: Units, gap: Gap) -> list[Cause]:
    found = [judge(setting, counted, units, gap) for setting, units in pairs]
    return sorted(found, key=lambda cause: (_ORDER.index(cause.verdict), cause.left.size))


def _comparison(reading: Reading, one: _Asked, variant: str, counted: Units, causes: list[Cause]) -> Comparison:
    measure, who, stated = one.key
    total, met = one.total, sum(met for met, _ in counted.values())
    mine = [t for t in reading.tallies if (t.measure, t.tin, t.npi) == (measure, who.tin, who.npi)]
    tally = next((t for t in mine if t.variant in (variant, "all")), None)
    return Comparison(
        measure=measure,
        title=reading.rules.measures[measure].title,
        tin=who.tin,
        npi=who.npi,
        source=one.source,
        ehr=Numbers(total.numerator, total.denominator),
        ours=Numbers(met, len(counted)),
        unknown=tally.unknown if tally else 0,
        undecided=tally.undecided if tally else 0,
        difference=Numbers(_less(total.numerator, met), _less(total.denominator, len(counted))),
        notes=tuple(_notes(reading, measure, total, stated)),
        other_days=stated is not None and stated != reading.period,
        candidates=tuple(_candidate(reading, cause) for cause in causes if cause.units),
        without_cases=tuple(cause.title for cause in causes if not cause.units),
        singles=_singles(reading, one, variant, counted) if one.singles else None,
    )


def _less(theirs: int | None, ours: int) -> int | None:
    return None if theirs is None else theirs - ours


def _notes(reading: Reading, measure: MeasureId, total: Total, stated: Period | None) -> Iterator[str]:
    if total.excluded:
        yield "The report states the exclusion: where it is claimed, these numbers are not reported."
    if stated is not None and stated != reading.period:
        here = f"{reading.period.start} to {reading.period.end}"
        yield f"The report counts {stated.start} to {stated.end}; this run counted {here}."
    if kinds := reading.unseen(measure):
        yield f"This source shows no {', no '.join(kinds)}: what needs them is not met or not known here."


def _candidate(reading: Reading, cause: Cause) -> Candidate:
    behind = tuple(Behind(shown_key(unit, reading.fingerprint), place_of(reading, unit)) for unit in cause.units)
    return Candidate(cause.title, cause.verdict, cause.says, behind)


def _singles(reading: Reading, one: _Asked, variant: str, counted: Units) -> tuple[SingleDifference, ...]:
    known = Known(reading, one.key[0], one.key[1], variant)
    return single_differences(reading, one.singles, known, counted)
