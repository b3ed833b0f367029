"""FHIR dates and the practice's calendar.

A partial date is an interval, never padded to one day; a time without an offset is read in the practice's
zone and marked. Instants leave this module as UTC text of one width, so that plain text comparison orders
them in any engine; days leave as ISO text in the practice's zone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import holidays

_FORM = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2})"
    r"(T(?P<clock>(?!24)\d{2}:\d{2}(:\d{2})?)(\.(?P<fraction>\d+))?(?P<offset>Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_USUAL = re.compile(r"(\d{4}-\d\d-\d\dT(?!24)\d\d):([0-5]\d:[0-5]\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:00)", re.ASCII)
_ONE_TICK = timedelta(microseconds=1)


class Moment(NamedTuple):
    """What a FHIR date, dateTime or instant says.

    `from_utc` and `to_utc` are UTC instants as text, both included: equal for a point in time, the first
    and last microsecond of the interval for a date. `day_from` and `day_to` are the local days they fall on.
    """

    from_utc: str
    to_utc: str
    day_from: str
    day_to: str
    zone_assumed: bool


@lru_cache(maxsize=4096)
def read_moment(text: str, zone: ZoneInfo) -> Moment:
    """Read one FHIR date, dateTime or instant in the practice's zone; a text is asked for more than once in a row.

    Raises:
        ValueError: the text is none of the three, or names a day or time that does not exist.
    """
    usual = _USUAL.fullmatch(text)
    if usual is None:
        return _read(text, zone)
    hour, rest, fraction, offset = usual.groups()
    known = _hour(hour, offset, zone)
    if known is None:
        return _read(text, zone)
    instant = f"{known[0]}{rest}.{fraction.ljust(6, '0') if fraction else '000000'}Z"
    return Moment(instant, instant, known[1], known[1], False)


@lru_cache(maxsize=65536)
def _hour(hour: str, offset: str, zone: ZoneInfo) -> tuple[str, str] | None:
    """How every UTC instant of an hour begins, and the local day of all; None where the zone's clock or day changes."""
    first, last = (datetime.fromisoformat(f"{hour}:{rest}{offset}") for rest in ("00:00", "59:59.999999"))
    try:
        local = first.astimezone(zone), last.astimezone(zone)
        begins = instant_text(first)[:14]
    except OverflowError:
        return None
    if local[0].utcoffset() != local[1].utcoffset() or local[0].date() != local[1].date():
        return None
    return begins, local[0].date().isoformat()


def _read(text: str, zone: ZoneInfo) -> Moment:
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"not a FHIR date or dateTime ({len(text)} characters)")
    try:
        return _interval(*_days_of(form), zone) if form["clock"] is None else _point(form, zone)
    except OverflowError:
        raise ValueError("a date at the edge of the calendar") from None


def _days_of(form: re.Match[str]) -> tuple[date, date]:
    year, month, day = int(form["year"]), form["month"], form["day"]
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    if day is None:
        first = date(year, int(month), 1)
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    only = date(year, int(month), int(day))
    return only, only


def _interval(first: date, last: date, zone: ZoneInfo) -> Moment:
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC) - _ONE_TICK
    return Moment(instant_text(start), instant_text(end), first.isoformat(), last.isoformat(), False)


def _point(form: re.Match[str], zone: ZoneInfo) -> Moment:
    clock, leap = form["clock"], form["clock"].endswith(":60")
    if leap:  # FHIR lets a leap second through; the clock that we compare with has none
        clock = clock[:-2] + "59"
    fraction = (form["fraction"] or "0")[:6].ljust(6, "0")
    seconds = clock if clock.count(":") == 2 else f"{clock}:00"
    when = datetime.fromisoformat(f"{form['year']}-{form['month']}-{form['day']}T{seconds}.{fraction}")
    offset = form["offset"]
    aware = when.replace(tzinfo=zone) if offset is None else datetime.fromisoformat(f"{when.isoformat()}{offset}")
    utc, local = aware.astimezone(UTC), aware.astimezone(zone).date().isoformat()
    return Moment(instant_text(utc), instant_text(utc), local, local, offset is None)


def instant_text(instant: datetime) -> str:
    """An aware instant as UTC text of fixed width, microseconds included."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One day: `number` counts days, `business` the business days up to and including this one."""

    day: str
    number: int
    business: int
    is_business: bool


def calendar(first: date, last: date, closed: frozenset[date]) -> Iterator[CalendarDay]:
    """Every day from `first` to `last`, both included; weekends and `closed` days are no business days."""
    business = 0
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        is_open = day.weekday() < 5 and day not in closed
        business += is_open
        yield CalendarDay(day.isoformat(), number, business, is_open)


def federal_holidays(first_year: int, last_year: int) -> frozenset[date]:
    """Federal holidays as observed, both years included (5 U.S.C. 6103, by the `holidays` library)."""
    return frozenset(holidays.country_holidays("US", years=range(first_year, last_year + 1)))


@lru_cache(maxsize=8)
def federal_holiday_names(year: int) -> Mapping[date, str]:
    """The federal holidays that are observed in one year, by day."""
    return dict(holidays.country_holidays("US", years=year))
