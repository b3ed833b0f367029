"""The rows that a figure opens to, as one page of a table with filters: cases, records left out, cases of nobody."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from extractors.vocabulary import DEFINITIONS, EventKind
from smartapp.ahead.open_cases import NUMERATORS
from smartapp.opened.access_days import CountedDays, counted_days
from smartapp.opened.casebook import ANSWERS, NO_DATE, Case, Occurrence, Standing
from smartapp.opened.drilldown import (
    PAGE_SIZE,
    Asked,
    NoSuchRows,
    OpenedMeasure,
    Show,
    Way,
    clinician_of,
    grade_of,
    key_of,
    listed,
    paged,
    pages_of,
    with_witnesses,
)
from smartapp.opened.evidence import CaseRow, deadline_of
from smartapp.opened.explained import Lacking, lacking
from smartapp.report.frame import Link, Option
from smartapp.report.words import day_in_words, figure, month_in_words
from smartapp.usecases import Reading

_PER_PATIENT = "PI_PEA_1"
Opens = Callable[..., str]
"""From what a page is asked to show to its address; empty where the reader may not open cases."""

SHOWN = {
    Show.DENOMINATOR: "the denominator",
    Show.MET: "met",
    Show.UNKNOWN: "not visible",
    Show.NOT_MET: "not met",
    Show.UNDECIDED: "undecided whether it belongs, in neither number",
    Show.LEFT_OUT: "records left out",
    Show.NOBODYS: "cases without an NPI or a TIN",
}
"""What is listed, in words."""

DRUGS = {"yes": "controlled substances", "no": "other drugs", "unknown": "schedule not known"}
"""What a prescription's drug is."""

GRADES = {
    "native": "native",
    "standard": "standard",
    "proxy": "proxy",
    "asserted": "asserted",
    "none": "nothing on record",
}
"""What an answer rests on, strongest first."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: when the patient was seen, when the information was there, and by when access was due.

    `due` has the days that were counted, None where another day than the one on record decides.
    """

    seen: str
    available: str
    due: CountedDays | None
    deadline: date


@dataclass(frozen=True, slots=True)
class ShownCase:
    """One row: the case, and what it lacks where it does not count.

    Of a patient each visit with its deadline, and since when there is access by portal and by app.
    """

    number: int
    case: Case
    lacking: Lacking
    kinds: tuple[str, ...]
    visits: tuple[Visit, ...]
    portal: str
    app: str


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a record that is no case of the reporter's."""

    number: int
    focus: str
    place: str
    occurred: str
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """One filter of the form."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class CaseList:
    """One page of rows; exactly one of `cases` and `records` holds any. `pages` lead to the others, none if one."""

    title: str
    total: int
    range: str
    cases: tuple[ShownCase, ...]
    records: tuple[Record, ...]
    pages: tuple[Link, ...]
    filters: tuple[Selection, ...]


def case_list(
    reading: Reading, opened: OpenedMeasure, way: Way | None, asked: Asked, opens: Opens, as_of: date | None = None
) -> CaseList:
    """The rows that are asked for; seen from a day, they say of what is not met whether it can still be changed.

    Raises:
        NoSuchRows: no page shows that.
    """
    if asked.show in (Show.LEFT_OUT, Show.NOBODYS):
        records = _records(opened, asked)
        shown = paged(records, asked.page)
        return CaseList(*_title(records, asked), (), shown, _pages(records, asked, opens), ())
    cases = listed(way, asked) if way else ()
    page = with_witnesses(reading, paged(cases, asked.page))
    first = (asked.page - 1) * PAGE_SIZE + 1
    rows = tuple(_shown(reading, number, case, as_of) for number, case in enumerate(page, first))
    filters = _filters(opened, way, asked) if way else ()
    return CaseList(*_title(cases, asked), rows, (), _pages(cases, asked, opens), filters)


def _title(items: Sequence[object], asked: Asked) -> tuple[str, int, str]:
    first, last = (asked.page - 1) * PAGE_SIZE + 1, min(asked.page * PAGE_SIZE, len(items))
    shown = f"{figure(first)} to {figure(last)} of {figure(len(items))}" if len(items) > PAGE_SIZE else ""
    return SHOWN[asked.show][:1].upper() + SHOWN[asked.show][1:], len(items), shown


def _pages(items: Sequence[object], asked: Asked, opens: Opens) -> tuple[Link, ...]:
    last = pages_of(items)
    if asked.page > last:
        raise NoSuchRows("expected a page that is there")
    numbers = range(1, last + 1) if last > 1 else ()
    return tuple(Link(str(number), opens(asked, page=number), number == asked.page) for number in numbers)


def _records(opened: OpenedMeasure, asked: Asked) -> tuple[Record, ...]:
    if asked.show is Show.LEFT_OUT:
        found = [(one.why, one.focus, one.place, one.occurred) for one in opened.left_out]
    else:
        found = [(why, case.record, case.place, case.occurred) for why, case in opened.nobodys]
    kept = [row for row in found if asked.why in ("", key_of(row[0]))]
    return tuple(Record(n, focus, at, when or NO_DATE, why) for n, (why, focus, at, when) in enumerate(kept, 1))


def _shown(reading: Reading, number: int, case: Case, as_of: date | None) -> ShownCase:
    unmet = [row for row in case.rows if row.met != Standing.MET.value]
    row = next(iter(unmet), case.rows[0])
    found = lacking(reading, row, case.standing.value)
    if as_of and case.standing in (Standing.NOT_MET, Standing.UNKNOWN) and row.measure in NUMERATORS:
        found = found.seen_from(reading, unmet, as_of)
    kinds = tuple(f"{kind}: {DEFINITIONS[EventKind(kind)]}" for kind in found.kinds)
    visits = tuple(_visits(reading, case)) if row.measure == _PER_PATIENT else ()
    since = (_since(case.rows[0], EventKind.ACCESS_VDT), _since(case.rows[0], EventKind.ACCESS_API))
    return ShownCase(number, case, found, kinds, visits, *since)


def _visits(reading: Reading, case: Case) -> list[Visit]:
    by_focus = {row.focus: row for row in case.rows}
    found = ((one, by_focus[one.focus]) for one in case.occurrences)
    return [_visit(reading, one, row, deadline) for one, row in found if (deadline := deadline_of(row))]


def _visit(reading: Reading, occurrence: Occurrence, row: CaseRow, deadline: date) -> Visit:
    told = [w.day for w in row.evidence if w.kind == "information-available" and w.answer == "met" and w.day]
    available = told[0] if told else occurrence.occurred
    return Visit(
        seen=occurrence.occurred,
        available=available if told else "no day on record, so that of the visit",
        due=_counted(reading, available, deadline),
        deadline=deadline,
    )


def _counted(reading: Reading, available: str, deadline: date) -> CountedDays | None:
    try:
        found = counted_days(date.fromisoformat(available), reading.site.closed_days)
    except ValueError:
        return None
    return found if found.deadline == deadline else None


def _since(row: CaseRow, kind: EventKind) -> str:
    days = sorted({w.day for w in row.evidence if w.kind == kind and w.answer == "met" and w.day})
    return ", ".join(map(day_in_words, days)) or "not on record"


def _filters(opened: OpenedMeasure, way: Way, asked: Asked) -> tuple[Selection, ...]:
    """Those of which there is more than one to choose from."""
    whys = {key_of(case.why): f"{ANSWERS[case.standing]}: {case.why}" for case in way.cases}
    months = {case.month: month_in_words(case.month) for case in sorted(way.cases, key=lambda case: case.month)}
    numbered = {str(number): f"NPI {npi}" if npi else "nobody named" for number, npi in enumerate(way.clinicians, 1)}
    drugs = {case.controlled: DRUGS[case.controlled] for case in way.cases if case.controlled}
    grades = {name: text for name, text in GRADES.items() if any(grade_of(case) == name for case in way.cases)}
    shows = {
        show.value: f"{text} ({figure(_number(way, show))})" for show, text in SHOWN.items() if show in _STANDINGS_SHOWN
    }
    offered = (
        Selection("show", "Show", _options(shows, asked.show.value)),
        Selection("why", "Reason", _any(whys, asked.why)),
        Selection("month", "Month", _any(months, asked.month)),
        Selection("clinician", "Clinician", _any(numbered, asked.clinician)),
        Selection("drug", "Drug", _any(drugs if opened.measure == "PI_EP_1" else {}, asked.drug)),
        Selection("rests", "Rests on", _any(grades, asked.rests)),
    )
    return tuple(one for one in offered if len(one.options) > 1 + (one.name != "show"))


_STANDINGS_SHOWN = (Show.DENOMINATOR, Show.MET, Show.UNKNOWN, Show.NOT_MET, Show.UNDECIDED)


def _number(way: Way, show: Show) -> int:
    tally = way.tally
    return {
        Show.DENOMINATOR: tally.denominator,
        Show.MET: tally.met,
        Show.UNKNOWN: tally.unknown,
        Show.NOT_MET: way.not_met,
        Show.UNDECIDED: tally.undecided,
    }[show]


def _any(texts: dict[str, str], current: str) -> tuple[Option, ...]:
    return _options({"": "any", **texts}, current)


def _options(texts: dict[str, str], current: str) -> tuple[Option, ...]:
    return tuple(Option(value, text, value == current) for value, text in texts.items())


def in_words(asked: Asked, way: Way | None) -> str:
    """What is filtered for besides, in words; empty for nothing."""
    said = [month_in_words(asked.month)] if asked.month else []
    said += [DRUGS.get(asked.drug, "")] if asked.drug else []
    said += [f"resting on {GRADES.get(asked.rests, asked.rests)}"] if asked.rests else []
    npi = clinician_of(way, asked.clinician) if way else None
    said += [] if npi is None else [f"NPI {npi}" if npi else "nobody named"]
    return ", ".join(filter(None, said))
