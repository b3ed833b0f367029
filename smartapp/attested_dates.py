"""The days of an attestation file: technology in use and certified, what was done when, registrations, editions."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from scoring.model import Dates, MeasureId
from scoring.rulebook import RuleBook
from scoring.year import Measure
from smartapp.attestation_errors import AttestationError

TECHNOLOGY = ("in_use_from", "certified_on")
"""Keys of `[cehrt]` that hold days."""

DATED = ("done", "editions", "registered")
"""Tables that hold something for each of several measures."""


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
    done, registered = (
        {MeasureId(key): _day(value, f"{at}, {name}.{key}") for key, value in tables[name].items()}
        for name in ("done", "registered")
    )
    editions = {MeasureId(key): _text(value, f"{at}, editions.{key}") for key, value in tables["editions"].items()}
    return Dates(in_use_from, certified_on, done, editions, registered)


def _check_measures(table: Mapping[str, Any], name: str, at: str, rules: RuleBook) -> None:
    known = [measure.id for measure in rules.measures.values() if _has(measure, name)]
    for key in table:
        if key not in known:
            raise AttestationError(f"{at}, {name}: expected one of {', '.join(known) or 'nothing'}, got {key!r}.")


def _has(measure: Measure, name: str) -> bool:
    return {"done": measure.within_year, "editions": measure.edition is not None, "registered": measure.requires_level}[
        name
    ]


def _day(value: Any, at: str) -> date:
    if type(value) is not date:
        raise AttestationError(f"{at}: expected a day such as 2026-01-01 without quotation marks, got {value!r}.")
    return value


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise AttestationError(f'{at}: expected text such as "2025", got {value!r}.')
    return value


def technology_document(dates: Dates) -> dict[str, str]:
    """The days of `[cehrt]` as ISO text; none where none is given."""
    given = {"in_use_from": dates.in_use_from, "certified_on": dates.certified_on}
    return {key: day.isoformat() for key, day in given.items() if day is not None}


def dates_document(dates: Dates) -> dict[str, dict[str, str]]:
    """The tables of `DATED` as plain values."""
    return {
        "done": {name: day.isoformat() for name, day in dates.done.items()},
        "editions": {str(name): edition for name, edition in dates.editions.items()},
        "registered": {name: day.isoformat() for name, day in dates.registered.items()},
    }
