"""Whose records to read: everybody's, the members of a Group, a list, or who has an appointment or a visit within days.

Days are asked for a day wider on each side and held against the practice's own days afterwards (R75), for servers
disagree on the zone of a day without one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from extractors.dates import read_moment
from extractors.decode import Json, read_object
from extractors.errors import SourceError
from extractors.sources.dialect import Dialect
from extractors.sources.journal import Record
from extractors.sources.queries import Asking, Query, Role
from extractors.sources.search import Outcome
from extractors.sources.searchset import keys_in

_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
"""What an id is made of; longer than FHIR permits, because servers' are."""
_NO_PATIENTS = frozenset({"Practitioner", "PractitionerRole", "Device", "Medication", "Substance"})
"""What else a Group of R4 may have as members; another Group may have patients."""
_A_DAY = timedelta(days=1)


class Rule(StrEnum):
    """How the patients of a crawl are found."""

    GROUP = "group"
    LIST = "list"
    APPOINTMENTS = "appointments"
    ENCOUNTERS = "encounters"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whose records to crawl: `group` is an id, `listed` are ids, `start` and `end` days, both included."""

    rule: Rule
    group: str = ""
    listed: tuple[str, ...] = ()
    start: date = date.min
    end: date = date.max

    def as_document(self) -> Json:
        """The rule as a crawl's folder states it."""
        if self.rule is Rule.GROUP:
            return {"rule": str(self.rule), "group": self.group}
        if self.rule is Rule.LIST:
            return {"rule": str(self.rule), "patients": list(self.listed)}
        if self.rule is Rule.ALL:
            return {"rule": str(self.rule)}
        return {"rule": str(self.rule), "start": str(self.start), "end": str(self.end)}


def checked_id(text: str, what: str) -> str:
    """An id that may stand in a URL.

    Raises:
        SourceError: it may not; its text is not told.
    """
    if not _ID.fullmatch(text):
        raise SourceError(f"{what}: expected an id of letters, digits, '-', '.', '_' or '~' alone. Correct it.")
    return text


def listed_in(text: str, file: str) -> tuple[str, ...]:
    """The ids of a list, one a line, each once; blank lines are passed over.

    Raises:
        SourceError: a line holds anything else, or there is none.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    found = [checked_id(line.removeprefix("Patient/"), f"{file}, line {number}") for number, line in lines if line]
    if not found:
        raise SourceError(f"{file}: expected ids of patients, one a line, got none.")
    return tuple(dict.fromkeys(found))


def patients_of(cohort: Cohort, asking: Asking, dialect: Dialect, zone: ZoneInfo) -> tuple[str, ...]:
    """The ids of a cohort's patients, in order; what became of the search for them stands in the journal.

    Raises:
        SourceError: nobody was found.
        SignInNeeded: the credential is no longer good.
    """
    if cohort.rule is Rule.LIST:
        return cohort.listed
    query = _query(cohort, dialect)
    record = asking.ask(query)
    who = list(_who(cohort, asking, query, zone))
    patients = sorted({one for one in who if one})
    if record.state is Outcome.COMPLETE and (doubt := _doubt(asking, query, who)):
        record = replace(record, state=Outcome.PARTIAL, detail=doubt)
        asking.journal.end(record)
    if not patients:
        raise SourceError(
            f"no patient was found by the {cohort.rule} ({_why(record)}). Name the patients in another way."
        )
    return tuple(patients)


def _who(cohort: Cohort, asking: Asking, query: Query, zone: ZoneInfo) -> Iterator[str]:
    if cohort.rule is Rule.GROUP:
        return _members(asking, query)
    if cohort.rule is Rule.ALL:
        return (_patient(asking, {"reference": key}) for key in keys_in(asking.matches(query)))
    return _seen(cohort, asking, query, zone)


def _doubt(asking: Asking, query: Query, who: list[str]) -> str:
    """Why a cohort may have more patients than those found; empty where nothing says so."""
    if "" in who:
        return "a member or visit does not name a patient of this server"
    stated = _stated(asking, query) if query.id else 0
    return "the Group says that it has more members than it names" if stated > len(set(who)) else ""


def _why(record: Record) -> str:
    return f"{record.state}: {record.detail}" if record.detail else str(record.state)


def _query(cohort: Cohort, dialect: Dialect) -> Query:
    if cohort.rule is Rule.GROUP:
        return Query(Role.COHORT, "Group", id=cohort.group)
    if cohort.rule is Rule.ALL:
        return Query(Role.COHORT, "Patient", dialect.asking("Patient", ()))
    kind = "Appointment" if cohort.rule is Rule.APPOINTMENTS else "Encounter"
    days = (("date", f"ge{cohort.start - _A_DAY}"), ("date", f"le{cohort.end + _A_DAY}"))
    return Query(Role.COHORT, kind, dialect.asking(kind, days))


def _members(asking: Asking, query: Query) -> Iterator[str]:
    """The id of each member of a Group that still belongs to it; empty for one that is no patient of this server."""
    for page in asking.journal.pages(query.key):
        for member in read_object(asking.journal.body(page)).get("member") or []:
            said = member if isinstance(member, dict) else {}
            if said.get("inactive") is not True and not _is_no_person(asking, said.get("entity")):
                yield _patient(asking, said.get("entity"))


def _is_no_person(asking: Asking, reference: object) -> bool:
    """Whether a reference names what is certainly no patient, nor leads to any."""
    return (asking.server.key_of(reference) or "").partition("/")[0] in _NO_PATIENTS


def _patient(asking: Asking, reference: object) -> str:
    """The id of the patient of this server that a reference names; empty if it names none."""
    kind, _, name = (asking.server.key_of(reference) or "").partition("/")
    return name if kind == "Patient" and _ID.fullmatch(name) else ""


def _stated(asking: Asking, query: Query) -> int:
    """How many members a Group says it has; 0 if it does not say."""
    for page in asking.journal.pages(query.key):
        quantity = read_object(asking.journal.body(page)).get("quantity")
        return quantity if isinstance(quantity, int) else 0
    return 0


def _seen(cohort: Cohort, asking: Asking, query: Query, zone: ZoneInfo) -> Iterator[str]:
    """The ids of whom each match within the days is about; an empty one for a match that is about nobody known here."""
    for match in asking.matches(query):
        if _is_within(match, cohort, zone):
            yield from sorted({one for one in _patients_in(asking, match) if one}) or [""]


def _patients_in(asking: Asking, match: Json) -> Iterator[str]:
    participants = match.get("participant")
    actors = (
        [one.get("actor") for one in participants if isinstance(one, dict)] if isinstance(participants, list) else []
    )
    for reference in (match.get("subject"), match.get("patient"), *actors):
        yield _patient(asking, reference)


def _is_within(match: Json, cohort: Cohort, zone: ZoneInfo) -> bool:
    """Whether a visit may lie within the days; one whose days are not said may."""
    period = match.get("period")
    said = period if isinstance(period, dict) else match
    first = _days(said.get("start"), zone)
    last = _days(said.get("end"), zone) or first
    if first is None or last is None:
        return True
    return first[0] <= str(cohort.end) and last[1] >= str(cohort.start)


def _days(text: object, zone: ZoneInfo) -> tuple[str, str] | None:
    try:
        moment = read_moment(str(text), zone) if text else None
    except ValueError:
        return None
    return (moment.day_from, moment.day_to) if moment else None
