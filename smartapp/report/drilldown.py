"""One measure as a page: what is counted, what it earns, and every figure with the address of the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from extractors.ledger import NEEDS
from scoring.model import Cite
from smartapp import __version__
from smartapp.opened.drilldown import Asked, OpenedMeasure, Show, Way
from smartapp.opened.measure_words import MeasureWords, words_of
from smartapp.report.access_shown import AccessRule, OutageShown, access_rule, outages_shown
from smartapp.report.case_list import CaseList, Opens, case_list, in_words
from smartapp.report.case_tables import CaseTables, Figure, Table, unlisted
from smartapp.report.charts.weeks import WeekChart, week_chart
from smartapp.report.frame import Frame
from smartapp.report.lines import Line, is_unread, lines_of
from smartapp.report.measures import MeasureSection, measure_sections
from smartapp.report.words import figure
from smartapp.scored import Scored

_ON_TWO_BASES, _ACCESS = "PI_EP_1", "PI_PEA_1"


@dataclass(frozen=True, slots=True)
class Heading:
    """What the page says of its score; `blocked` when the input is not whole, and no points are given."""

    year: int
    version: str
    fingerprint: str
    blocked: bool


@dataclass(frozen=True, slots=True)
class WayShown:
    """One way to count, with its figures; `unread` when nothing of the numerator can be read from this server."""

    title: str
    chosen: bool
    shown: bool
    figures: tuple[Figure, ...]
    rate: str
    unread: bool
    href: str


@dataclass(frozen=True, slots=True)
class MeasureShown:
    """Everything that the page of one measure shows.

    `difference` tells two ways apart, empty for one way. `left_out` and `nobodys` have the reasons of what does not
    count, and of what no NPI or TIN says to be the reporter's. `fields` go with the form of the filters, `narrowed`
    says what they leave, and `ours_beside` stands beside a total of the EHR's report.
    """

    measure: str
    section: MeasureSection
    words: MeasureWords
    cites: tuple[Cite, ...]
    confidence: str
    line: Line | None
    ways: tuple[WayShown, ...]
    difference: str
    tables: tuple[Table, ...]
    left_out: Table
    nobodys: Table
    outages: tuple[OutageShown, ...]
    weeks: WeekChart | None
    access: AccessRule | None
    ours_beside: str
    listed: CaseList | None
    narrowed: str
    fields: tuple[tuple[str, str], ...]


def heading_of(scored: Scored) -> Heading:
    """Of which score the page is."""
    reading = scored.reading
    return Heading(reading.rules.year, __version__, reading.fingerprint, bool(reading.faults))


def measure_shown(
    scored: Scored, opened: OpenedMeasure, asked: Asked, frame: Frame, *, with_cases: bool
) -> MeasureShown:
    """What the page shows.

    Args:
        scored: the score, its reading open.
        opened: the measure with its cases.
        asked: which of them are listed.
        frame: the layout, with the choice that every address carries on.
        with_cases: whether the reader may see cases; without, figures lead nowhere and no row is shown.

    Raises:
        NoSuchRows: no page shows what is asked for.
    """
    way = opened.way(asked.variant)
    asked = replace(asked, variant=way.variant if way else "")
    opens = _opener(frame, opened.measure) if with_cases else _nowhere
    sections = measure_sections(scored, ())
    section = next(one for one in sections if one.measure == opened.measure)
    rule = scored.reading.rules.measures[opened.measure].ruling
    listed = case_list(scored.reading, opened, way, asked, opens, frame.today) if with_cases else None
    return MeasureShown(
        measure=opened.measure,
        section=section,
        words=words_of(opened.measure),
        cites=rule.cites,
        confidence=str(rule.confidence),
        line=next((line for line in lines_of(scored, sections) if line.measure == opened.measure), None),
        ways=tuple(_way(one, section, opens, shown=one is way) for one in opened.ways),
        difference=_difference(opened.ways),
        tables=_tables(opened, way, opens, with_cases=with_cases) if way else (),
        left_out=unlisted(Show.LEFT_OUT, [one.why for one in opened.left_out], opens),
        nobodys=unlisted(Show.NOBODYS, [why for why, _ in opened.nobodys], opens),
        outages=outages_shown(opened.outages, opened.measure),
        weeks=week_chart(way, scored.reading.period, opened.outages) if way and NEEDS[opened.measure][1] else None,
        access=access_rule(scored.reading) if opened.measure == _ACCESS else None,
        ours_beside=_beside(section, way),
        listed=listed,
        narrowed=in_words(asked, way) if with_cases else "",
        fields=tuple({**frame.choice_fields, "variant": asked.variant}.items()),
    )


def _tables(opened: OpenedMeasure, way: Way, opens: Opens, *, with_cases: bool) -> tuple[Table, ...]:
    """What is counted, parted; clinician by clinician for who may see cases: some are of the whole practice."""
    tables = CaseTables(way, opens)
    found = [tables.split(), tables.reasons()]
    found += [tables.drugs()] if opened.measure == _ON_TWO_BASES else []
    found += [tables.clinicians()] if with_cases and len(way.clinicians) > 1 else []
    return (*found, tables.months())


def _opener(frame: Frame, measure: str) -> Opens:
    def opens(asked: Asked, **more: object) -> str:
        wanted = replace(asked, **more)  # type: ignore[arg-type]
        query = {name: str(getattr(wanted, name)) for name in ("variant", "show", "why", "month", "clinician")}
        query |= {name: str(getattr(wanted, name)) for name in ("drug", "rests")}
        query |= {"page": str(wanted.page)} if wanted.page > 1 else {}
        chosen = {**frame.choice_fields, **{name: value for name, value in query.items() if value}}
        return f"{frame.home}/measures/{measure}?{urlencode(chosen)}#cases"

    return opens


def _nowhere(_: Asked, **__: object) -> str:
    return ""


def _way(way: Way, section: MeasureSection, opens: Opens, *, shown: bool) -> WayShown:
    tally, asked = way.tally, Asked(variant=way.variant)
    counted = {
        Show.MET: tally.met,
        Show.UNKNOWN: tally.unknown,
        Show.NOT_MET: way.not_met,
        Show.DENOMINATOR: tally.denominator,
        Show.UNDECIDED: tally.undecided,
    }
    named = next(one for one in section.variants if one.tally.variant == way.variant)
    return WayShown(
        title=named.title,
        chosen=way.chosen,
        shown=shown,
        figures=tuple(Figure(number, opens(asked, show=show)) for show, number in counted.items()),
        rate=named.rate,
        unread=is_unread(section, tally.unknown, tally.denominator),
        href=opens(asked),
    )


def _difference(ways: Sequence[Way]) -> str:
    """What the second way counts otherwise than the first."""
    if len(ways) != 2:  # there are two ways to count prescriptions, and one to count all else
        return ""
    one, other = (way.tally for way in ways)
    met, denominator = one.met - other.met, one.denominator - other.denominator
    said = f"Leaving controlled substances out takes {figure(denominator)} of {figure(one.denominator)} out of the "
    said += f"denominator and {figure(met)} of {figure(one.met)} out of what is met"
    changes = (("unknown", one.unknown - other.unknown), ("undecided", one.undecided - other.undecided))
    more = [f"{figure(abs(number))} {'fewer' if number > 0 else 'more'} {word}" for word, number in changes if number]
    return f"{said}; {' and '.join(more)}." if more else f"{said}."


def _beside(section: MeasureSection, way: Way | None) -> str:
    """Our own number beside the total of the EHR's report, in words; empty where no total was typed."""
    if section.reported is None:
        return ""
    if way is None:
        return "not readable here"
    unknown = f", {figure(way.tally.unknown)} unknown" if way.tally.unknown else ""
    return f"{figure(way.tally.met)} of {figure(way.tally.denominator)}{unknown}"
