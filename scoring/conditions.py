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
    """By which day of the period the functions must be in use, and by which the product certified; in words."""

    functions_by: str
    certified_by: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Engagement:
    """Level 1: days after the start within which to register, and days within which to answer the agency."""

    register_within_days: int
    answer_within_days: int
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

    def criteria_of(self, measure: MeasureId) -> tuple[str, ...]:
        """The certification criteria behind a measure; empty when none is named."""
        return tuple(one for entry in self.criteria if measure in entry.measures for one in entry.criteria)


def read_conditions(top: Table, sources: Sources) -> Conditions:
    """Read the tables of a year file that say nothing about points.

    Raises:
        RuleError: one is missing, or not as it should be.
    """
    deadlines = {deadline.id: deadline for deadline in _deadlines(top, sources)}
    for needed in DeadlineId:
        if needed not in deadlines:
            top.refuse("deadline", f"one with id {needed}", "none", "Add it.")
    return Conditions(
        provisional=_provisional(top.table("provisional"), sources) if top.has("provisional") else None,
        programs=_programs(top.table("programs"), sources),
        technology=_technology(top.table("certified_technology"), sources),
        criteria=tuple(_criteria(table, sources) for table in top.tables("criteria")),
        engagement=_engagement(top.table("engagement"), sources),
        deadlines=deadlines,
    )


def _deadlines(top: Table, sources: Sources) -> list[Deadline]:
    return [
        Deadline(table.word("id", DeadlineId), table.text("title"), table.day("day"), read_ruling(table, sources))
        for table in top.tables("deadline")
    ]


def _provisional(table: Table, sources: Sources) -> Provisional:
    return Provisional(table.text("text"), read_ruling(table, sources))


def _programs(table: Table, sources: Sources) -> Programs:
    return Programs(table.some_texts("names"), table.texts("registrations"), read_ruling(table, sources))


def _technology(table: Table, sources: Sources) -> CertifiedTechnology:
    return CertifiedTechnology(table.text("functions_by"), table.text("certified_by"), read_ruling(table, sources))


def _criteria(table: Table, sources: Sources) -> Criteria:
    measures = tuple(MeasureId(name) for name in table.some_texts("measures"))
    return Criteria(measures, table.some_texts("criteria"), read_ruling(table, sources))


def _engagement(table: Table, sources: Sources) -> Engagement:
    return Engagement(
        table.whole("register_within_days"), table.whole("answer_within_days"), read_ruling(table, sources)
    )
