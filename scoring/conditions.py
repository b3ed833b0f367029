"""What surrounds the points of a year: programs, certified technology, registration, dates, and whether it is final."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scoring.model import MeasureId
from scoring.rulings import Ruling, Sources, read_ruling
from scoring.table import Table


@dataclass(frozen=True, slots=True)
class Programs:
    """Under which program names CMS accepts the measures, and for which registration types.

    `registrations` is empty for years whose list of CMS names none.
    """

    names: tuple[str, ...]
    registrations: tuple[str, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Criteria:
    """The certification criteria (45 CFR) that the technology behind some measures must meet."""

    measures: tuple[MeasureId, ...]
    criteria: tuple[str, ...]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class CertifiedTechnology:
    """By which day of the period the functions must be in use, and by which the product certified; in words.

    `base` is what certified technology has whatever is reported, in words and criteria of 45 CFR, by `base_ruling`.
    """

    functions_by: str
    certified_by: str
    ruling: Ruling
    base: tuple[str, ...]
    base_ruling: Ruling


@dataclass(frozen=True, slots=True)
class Engagement:
    """Level 1: days after the start within which to register, and days within which to answer the agency.

    So many requests of one period as `failures` that are not answered in time fail the measure.
    """

    register_within_days: int
    answer_within_days: int
    failures: int
    ruling: Ruling


class DeadlineId(StrEnum):
    """The dates of a performance year that no choice of period moves."""

    SUBMISSION_OPENS = "submission-opens"
    SUBMISSION_CLOSES = "submission-closes"
    HARDSHIP = "hardship"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One date of the year. The day itself is included."""

    id: DeadlineId
    title: str
    day: date
    ruling: Ruling


class Submitter(StrEnum):
    """Who hands the data to CMS: the clinician, who represents a practice or an APM Entity, or a third party."""

    CLINICIAN = "clinician"
    REPRESENTATIVE = "representative"
    INTERMEDIARY = "intermediary"


class Way(StrEnum):
    """How data get to CMS: typed in on the site, uploaded there as a file, or sent to the Submissions API."""

    ATTEST = "attest"
    UPLOAD = "upload"
    API = "api"


class Form(StrEnum):
    """What is handed in: a file of one of CMS's formats, or a sheet to type from."""

    QPP_JSON = "qpp-json"
    QRDA3 = "qrda3"
    WORKSHEET = "worksheet"


@dataclass(frozen=True, slots=True)
class WayRule:
    """One way to CMS: what it is called, with which of the files it goes, and what it asks for in words."""

    id: Way
    title: str
    files: tuple[Form, ...]
    text: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Route:
    """The ways that are open to one kind of submitter, and what goes with them in words."""

    submitter: Submitter
    ways: tuple[Way, ...]
    text: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Provisional:
    """Why the rules of a year are not final yet."""

    text: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Conditions:
    """All of it, for one year. `provisional` is None for a year whose rules are final."""

    provisional: Provisional | None
    programs: Programs
    technology: CertifiedTechnology
    criteria: tuple[Criteria, ...]
    engagement: Engagement
    deadlines: Mapping[DeadlineId, Deadline]
    routes: tuple[Route, ...]
    ways: Mapping[Way, WayRule]

    def criteria_of(self, measure: MeasureId) -> tuple[str, ...]:
        """The certification criteria behind a measure; empty when none is named."""
        return tuple(one for entry in self.criteria if measure in entry.measures for one in entry.criteria)


def read_conditions(top: Table, sources: Sources) -> Conditions:
    """Read the tables of a year file that say nothing about points.

    Raises:
        RuleError: one is missing, or not as it should be.
    """
    return Conditions(
        provisional=_provisional(top.table("provisional"), sources) if top.has("provisional") else None,
        programs=_programs(top.table("programs"), sources),
        technology=_technology(top.table("certified_technology"), sources),
        criteria=tuple(_criteria(table, sources) for table in top.tables("criteria")),
        engagement=_engagement(top.table("engagement"), sources),
        deadlines=_deadlines(top, sources),
        routes=_routes(top, sources),
        ways=_ways(top, sources),
    )


def _deadlines(top: Table, sources: Sources) -> Mapping[DeadlineId, Deadline]:
    found = [_deadline(table, sources) for table in top.tables("deadline")]
    top.once("deadline", (deadline.id for deadline in found))
    deadlines = {deadline.id: deadline for deadline in found}
    for needed in DeadlineId:
        if needed not in deadlines:
            top.refuse("deadline", f"one with id {needed}", "none", "Add it.")
    opens, closes = deadlines[DeadlineId.SUBMISSION_OPENS].day, deadlines[DeadlineId.SUBMISSION_CLOSES].day
    if closes <= opens:
        where = f"deadline.{DeadlineId.SUBMISSION_CLOSES}"
        top.refuse(where, f"a day after {opens}, on which the window opens", str(closes), "Correct one of them.")
    return deadlines


def _deadline(table: Table, sources: Sources) -> Deadline:
    return Deadline(table.word("id", DeadlineId), table.text("title"), table.day("day"), read_ruling(table, sources))


def _routes(top: Table, sources: Sources) -> tuple[Route, ...]:
    routes = tuple(_route(table, sources) for table in top.tables("route"))
    top.once("route", (route.submitter for route in routes))
    for needed in Submitter:
        if needed not in {route.submitter for route in routes}:
            top.refuse("route", f"one with submitter {needed}", "none", "Add it.")
    return routes


def _route(table: Table, sources: Sources) -> Route:
    submitter, named = table.word("submitter", Submitter), table.some_texts("ways")
    ways = tuple(Way(table.known("ways", way, list(Way), f"one of {', '.join(Way)}")) for way in named)
    return Route(submitter, ways, table.text("text"), read_ruling(table, sources))


def _ways(top: Table, sources: Sources) -> Mapping[Way, WayRule]:
    found = [_way(table, sources) for table in top.tables("way")]
    top.once("way", (way.id for way in found))
    ways = {way.id: way for way in found}
    for needed in Way:
        if needed not in ways:
            top.refuse("way", f"one with id {needed}", "none", "Add it.")
    return ways


def _way(table: Table, sources: Sources) -> WayRule:
    names = table.some_texts("files")
    forms = tuple(Form(table.known("files", name, list(Form), f"one of {', '.join(Form)}")) for name in names)
    return WayRule(table.word("id", Way), table.text("title"), forms, table.text("text"), read_ruling(table, sources))


def _provisional(table: Table, sources: Sources) -> Provisional:
    return Provisional(table.text("text"), read_ruling(table, sources))


def _programs(table: Table, sources: Sources) -> Programs:
    return Programs(table.some_texts("names"), table.texts("registrations"), read_ruling(table, sources))


def _technology(table: Table, sources: Sources) -> CertifiedTechnology:
    base = table.table("base")
    names, base_ruling = base.some_texts("criteria"), read_ruling(base, sources)
    functions_by, certified_by = table.text("functions_by"), table.text("certified_by")
    return CertifiedTechnology(functions_by, certified_by, read_ruling(table, sources), names, base_ruling)


def _criteria(table: Table, sources: Sources) -> Criteria:
    measures = tuple(MeasureId(name) for name in table.some_texts("measures"))
    return Criteria(measures, table.some_texts("criteria"), read_ruling(table, sources))


def _engagement(table: Table, sources: Sources) -> Engagement:
    register, answer = table.whole("register_within_days"), table.whole("answer_within_days")
    return Engagement(register, answer, table.whole("failures"), read_ruling(table, sources))
