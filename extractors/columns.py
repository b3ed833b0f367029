"""What paths found, as the columns of an event: dates, codes, identifiers and plain text."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from extractors.dates import Moment, read_moment
from extractors.decode import Unreadable
from extractors.drugs import codings


def moment(found: Sequence[Any], zone: ZoneInfo) -> Moment | None:
    """The first date that is stated; None where there is none.

    Raises:
        Unreadable: it is no date.
    """
    said = next(filter(None, found), None)
    try:
        return read_moment(str(said), zone) if said else None
    except ValueError:
        raise Unreadable("where a profile reads a date: expected a FHIR date, got what is none") from None


@lru_cache(maxsize=4096)
def first_day_after(ended: Moment) -> str:
    """The first day without what ended: the day of an end with a time, the day after an end that is a date."""
    if ended.from_utc == ended.to_utc:
        return ended.day_from
    return (date.fromisoformat(ended.day_to) + timedelta(days=1)).isoformat()


def coded(found: Sequence[Any], is_drug: bool) -> tuple[str | None, str | None, str | None, str | None]:
    """System and code of the first concept, the canonical text of its codings for a drug, and its display."""
    concept = next((item for item in found if isinstance(item, dict)), None)
    if not concept:
        return None, None, None, None
    system, code, drug, display = codings.coded(concept)
    return system, code, drug if is_drug else None, display


def identifier(found: Sequence[Any]) -> str | None:
    """The smallest `system|value` of all identifiers, so that their order never matters."""
    stated = [f"{i.get('system') or ''}|{i['value']}" for i in found if isinstance(i, dict) and i.get("value")]
    return min(stated, default=None)


def text(found: Sequence[Any]) -> str | None:
    """The first value as text."""
    return str(found[0]) if found else None
