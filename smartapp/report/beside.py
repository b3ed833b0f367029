"""The sections that hold the score against others' books: the EHR's own report, and the cases that belong to nobody."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from smartapp.beside.causes import Verdict
from smartapp.beside.compared import Behind, Candidate, Comparison, Numbers, typed_beside
from smartapp.opened.unattributed import Unattributed, unattributed
from smartapp.report.words import figure
from smartapp.scored import Scored

_TAGS = {Verdict.EXACTLY: "exactly", Verdict.ENOUGH: "could be all", Verdict.PARTLY: "in part"}


@dataclass(frozen=True, slots=True)
class ShownCause:
    """One candidate cause with the records behind it."""

    title: str
    tag: str
    says: str
    cases: tuple[Behind, ...]


@dataclass(frozen=True, slots=True)
class ShownComparison:
    """One total of the EHR's report beside ours, in words; `opens` is the anchor of our rows."""

    anchor: str
    measure: str
    title: str
    source: str
    ehr: str
    here: str
    open_ones: str
    opens: str
    difference: str
    notes: tuple[str, ...]
    causes: tuple[ShownCause, ...]
    cannot: str


@dataclass(frozen=True, slots=True)
class Nobodys:
    """All cases that one reason leaves without an NPI or a TIN."""

    says: str
    remedy: str
    counts: str
    cases: tuple[Unattributed, ...]


@dataclass(frozen=True, slots=True)
class OtherBooks:
    """Both sections."""

    comparisons: tuple[ShownComparison, ...]
    nobodys: tuple[Nobodys, ...]


def other_books(scored: Scored) -> OtherBooks:
    """What the sections show of one score; the totals are those of the attestation file."""
    typed = typed_beside(scored.reading, scored.attestations, scored.submission.reporter)
    return OtherBooks(tuple(_comparison(one) for one in typed), _nobodys(scored))


def _comparison(one: Comparison) -> ShownComparison:
    hidden = ((one.unknown, "unknown"), (one.undecided, "undecided"))
    cannot = [c.title for c in one.candidates if c.verdict is Verdict.NOT] + list(one.without_cases)
    return ShownComparison(
        anchor=f"beside-{one.measure}",
        measure=one.measure,
        title=one.title,
        source=one.source,
        ehr=_of(one.ehr),
        here=_of(one.ours),
        open_ones=", ".join(f"{figure(number)} {word}" for number, word in hidden if number),
        opens=f"measure-{one.measure}",
        difference="none" if one.same else _signed(one.difference),
        notes=one.notes,
        causes=tuple(_cause(c) for c in one.candidates if c.verdict is not Verdict.NOT),
        cannot="; ".join(cannot),
    )


def _cause(candidate: Candidate) -> ShownCause:
    return ShownCause(
        candidate.title[:1].upper() + candidate.title[1:], _TAGS[candidate.verdict], candidate.says, candidate.cases
    )


def _of(numbers: Numbers) -> str:
    return " of ".join("not stated" if n is None else figure(n) for n in (numbers.numerator, numbers.denominator))


def _signed(numbers: Numbers) -> str:
    pairs = ((numbers.numerator, "in the numerator"), (numbers.denominator, "in the denominator"))
    return ", ".join(f"{number:+,} {where}" for number, where in pairs if number)


def _nobodys(scored: Scored) -> tuple[Nobodys, ...]:
    found = []
    for reasoned in unattributed(scored.reading):
        mine = tuple(case for case in reasoned.cases if case.may_be_of(scored.submission.reporter))
        if mine:
            found.append(Nobodys(reasoned.says, reasoned.remedy, _counts(mine), mine))
    return tuple(found)


def _counts(cases: Sequence[Unattributed]) -> str:
    by_measure = Counter(case.measure for case in cases)
    return ", ".join(f"{figure(number)} of {measure}" for measure, number in sorted(by_measure.items()))
