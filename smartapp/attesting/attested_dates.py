"""The days of an attestation file: technology in use and certified, what was done when, registrations, requests."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeVar

from scoring.evidence_rules import load_evidence
from scoring.model import AgencyRequest, Dates, MeasureId
from scoring.rulebook import RuleBook
from scoring.year import Measure
from smartapp.attesting.attestation_errors import AttestationError

TECHNOLOGY = ("in_use_from", "certified_on")
"""Keys of `[cehrt]` that hold days."""

DATED = ("done", "managed", "editions", "registered", "requests")
"""Tables that hold something for each of several measures."""

_ISO = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REQUEST = {"asked", "answered", "missed"}

Value = TypeVar("Value")


def read_dates(tables: Mapping[str, Mapping[str, Any]], at: str, rules: RuleBook) -> Dates:
    """The days of a file's tables.

    Args:
        tables: `cehrt` and those of `DATED`, by name; empty where the file has none.
        at: the file's name, for messages.
        rules: the rules of its year.

    Raises:
        AttestationError: a value is no day or no text, or stands beside a measure that has none such.
    """
    for name in DATED:
        _check_measures(tables[name], name, at, rules)
    in_use_from, certified_on = (
        _day(tables["cehrt"][key], f"{at}, cehrt.{key}") if key in tables["cehrt"] else None for key in TECHNOLOGY
    )
    return Dates(
        in_use_from=in_use_from,
        certified_on=certified_on,
        done=_each(tables, "done", at, _day),
        editions=_each(tables, "editions", at, _text),
        registered=_each(tables, "registered", at, _day),
        managed=_each(tables, "managed", at, _day),
        requests=_each(tables, "requests", at, _requests),
    )


def _each(
    tables: Mapping[str, Mapping[str, Any]], name: str, at: str, read: Callable[[Any, str], Value]
) -> dict[MeasureId, Value]:
    return {MeasureId(key): read(value, f"{at}, {name}.{key}") for key, value in tables[name].items()}


def _check_measures(table: Mapping[str, Any], name: str, at: str, rules: RuleBook) -> None:
    known = [measure.id for measure in rules.measures.values() if holds(measure, name, rules.year)]
    for key in table:
        if key not in known:
            raise AttestationError(f"{at}, {name}: expected one of {', '.join(known) or 'nothing'}, got {key!r}.")


def holds(measure: Measure, name: str, year: int) -> bool:
    """Whether a table of `DATED` may hold something for a measure of a year."""
    return {
        "done": measure.within_year,
        "managed": measure.id in load_evidence().managed_in(year),
        "editions": measure.edition is not None,
        "registered": measure.requires_level,
        "requests": measure.requires_level,
    }[name]


def _day(value: Any, at: str) -> date:
    if type(value) is not date:
        quoted = " without quotation marks" if isinstance(value, str) and _ISO.fullmatch(value) else ""
        raise AttestationError(f"{at}: expected a day such as 2026-01-01{quoted}, got {value!r}.")
    return value


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise AttestationError(f'{at}: expected text such as "2025", got {value!r}.')
    return value


def _requests(value: Any, at: str) -> tuple[AgencyRequest, ...]:
    if not isinstance(value, list):
        raise AttestationError(f"{at}: expected a list of requests, each with the day asked, got {value!r}.")
    return tuple(_request(one, f"{at}[{number}]") for number, one in enumerate(value, start=1))


def _request(entry: Any, at: str) -> AgencyRequest:
    if not isinstance(entry, dict) or "asked" not in entry or set(entry) - _REQUEST:
        raise AttestationError(f"{at}: expected asked, and answered or missed where it is so.")
    asked, missed = _day(entry["asked"], f"{at}.asked"), entry.get("missed", False)
    answered = _day(entry["answered"], f"{at}.answered") if "answered" in entry else None
    if not isinstance(missed, bool) or (missed and answered is not None):
        raise AttestationError(f"{at}: expected the day of the answer, or missed = true, not both.")
    if answered is not None and answered < asked:
        raise AttestationError(
            f"{at}: expected an answer on {asked} or later, got {answered}. Correct one of the days."
        )
    return AgencyRequest(asked, answered, missed)


def technology_document(dates: Dates) -> dict[str, str]:
    """The days of `[cehrt]` as ISO text; none where none is given."""
    given = {"in_use_from": dates.in_use_from, "certified_on": dates.certified_on}
    return {key: day.isoformat() for key, day in given.items() if day is not None}


def dates_document(dates: Dates) -> dict[str, dict[str, Any]]:
    """The tables of `DATED` as plain values."""
    return {
        "done": {name: day.isoformat() for name, day in dates.done.items()},
        "managed": {name: day.isoformat() for name, day in dates.managed.items()},
        "editions": {str(name): edition for name, edition in dates.editions.items()},
        "registered": {name: day.isoformat() for name, day in dates.registered.items()},
        "requests": {name: [_request_document(one) for one in found] for name, found in dates.requests.items()},
    }


def _request_document(request: AgencyRequest) -> dict[str, Any]:
    answered = {"answered": request.answered.isoformat()} if request.answered else {}
    return {"asked": request.asked.isoformat(), **answered, **({"missed": True} if request.missed else {})}
