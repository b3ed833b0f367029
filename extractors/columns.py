"""What paths found, as the columns of an event: dates, codes, identifiers and plain text."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from extractors.dates import Moment, read_moment
from extractors.decode import Unreadable
from extractors.directory import best_coding
from extractors.drugs.codings import drug_key

Row = dict[str, Any]
_NO_CODING: Row = {"code_system": None, "code": None, "display": None}


def dates(column: Mapping[str, list[Any]], zone: ZoneInfo) -> Row:
    """When it occurred and when it ended, as instants and local days."""
    occurred, ended = _moment(column.get("occurred", []), zone), _moment(column.get("ended", []), zone)
    return {
        "from_utc": occurred and occurred.from_utc,
        "to_utc": occurred and occurred.to_utc,
        "day_from": occurred and occurred.day_from,
        "day_to": occurred and occurred.day_to,
        "zone_assumed": bool(occurred and occurred.zone_assumed),
        "ended_utc": ended and ended.from_utc,
        "ended_day": ended and _first_day_after(ended),
    }


def _first_day_after(ended: Moment) -> str:
    """The first day without what ended: the day of an end with a time, the day after an end that is a date."""
    if ended.from_utc == ended.to_utc:
        return ended.day_from
    return (date.fromisoformat(ended.day_to) + timedelta(days=1)).isoformat()


def _moment(found: list[Any], zone: ZoneInfo) -> Moment | None:
    said = next((item for item in found if item), None)
    try:
        return read_moment(str(said), zone) if said else None
    except ValueError:
        raise Unreadable("where a profile reads a date: expected a FHIR date, got what is none") from None


def coding(found: list[Any]) -> Row:
    """System, code and display of the first concept."""
    if not found:
        return _NO_CODING
    concept = next((item for item in found if isinstance(item, dict)), {})
    system, code, display = best_coding(concept)
    return {"code_system": system, "code": code, "display": display}


def drug(found: list[Any]) -> str | None:
    """The canonical text of all codings of the first concept; None when it has no code."""
    return drug_key(next((item for item in found if isinstance(item, dict)), {}))


def identifier(found: list[Any]) -> str | None:
    """The smallest `system|value` of all identifiers, so that their order never matters."""
    stated = [f"{i.get('system') or ''}|{i['value']}" for i in found if isinstance(i, dict) and i.get("value")]
    return min(stated, default=None)


def text(found: list[Any]) -> str | None:
    """The first value as text."""
    return str(found[0]) if found else None
