"""Dates are intervals, instants are UTC text, and days are the practice's (fhir-mapping 3.1, R73, R74)."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extractors.dates import calendar, federal_holidays, instant_text, read_moment
from tests.extractors.practice import counted, evidence, prescription, staff, transmission, visit

NEW_YORK = ZoneInfo("America/New_York")
ZONES = ["UTC", "America/New_York", "Pacific/Honolulu", "Asia/Kathmandu"]


@pytest.mark.requirement("R73")
@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01", "2026-12-31"),
        ("2026-03", "2026-03-01", "2026-03-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2026-12", "2026-12-01", "2026-12-31"),
        ("2028-02-29", "2028-02-29", "2028-02-29"),
    ],
)
def test_a_partial_date_is_an_interval_of_days(text: str, first: str, last: str) -> None:
    found = read_moment(text, NEW_YORK)
    assert (found.day_from, found.day_to) == (first, last)


@pytest.mark.requirement("R74")
@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-07", 24), ("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)]
)
def test_a_day_is_as_long_as_the_clock_change_makes_it(day: str, hours: int) -> None:
    found = read_moment(day, NEW_YORK)
    length = datetime.fromisoformat(found.to_utc) - datetime.fromisoformat(found.from_utc)
    assert length + timedelta(microseconds=1) == timedelta(hours=hours)


@pytest.mark.requirement("R74")
@pytest.mark.parametrize(
    ("text", "instant", "day"),
    [
        ("2026-03-02T10:00:00-05:00", "2026-03-02T15:00:00.000000Z", "2026-03-02"),
        ("2026-01-01T04:59:59Z", "2026-01-01T04:59:59.000000Z", "2025-12-31"),
        ("2026-03-02T23:59:59.999-05:00", "2026-03-03T04:59:59.999000Z", "2026-03-02"),
        ("2026-03-02T10:00Z", "2026-03-02T10:00:00.000000Z", "2026-03-02"),
        ("2026-03-02T10:00:00.123456789Z", "2026-03-02T10:00:00.123456Z", "2026-03-02"),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59.000000Z", "2026-12-31"),
    ],
)
def test_a_time_is_a_point_on_a_local_day(text: str, instant: str, day: str) -> None:
    found = read_moment(text, NEW_YORK)
    assert (found.from_utc, found.to_utc, found.day_from, found.zone_assumed) == (instant, instant, day, False)


@pytest.mark.requirement("R73")
def test_a_time_without_an_offset_is_read_in_the_practices_zone_and_marked() -> None:
    found = read_moment("2026-03-02T10:00:00", NEW_YORK)
    assert (found.from_utc, found.zone_assumed) == ("2026-03-02T15:00:00.000000Z", True)


def test_a_date_alone_has_no_zone_to_assume() -> None:
    assert not read_moment("2026-03-02", NEW_YORK).zone_assumed


@pytest.mark.requirement("R73")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13",
        "2026-02-29",
        "2026-04-31",
        "2026-3-2",
        "2026-03-02T24:00:00Z",
        "2026-03-02T24:00",
        "2026-03-02T10:61:00Z",
        "2026-03-02T10:00:00+25:00",
        "2026-03-02T10",
        "2026-03-02 10:00:00Z",
        "2026-03-02T10:00:00z",
        "02.03.2026",
        "0000",
        "9999",
        "9999-12-31",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-11:00",
        "\u0662\u0660\u0662\u0666",
        "2026-03-02\n",
    ],
)
def test_what_is_no_fhir_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_moment(text, NEW_YORK)


def test_a_refused_date_is_not_repeated_in_the_message() -> None:
    with pytest.raises(ValueError, match=r"^not a FHIR date or dateTime \(6 characters\)$"):
        read_moment("SECRET", NEW_YORK)


@pytest.mark.requirement("R74")
@pytest.mark.parametrize("zone", ZONES)
def test_instants_do_not_depend_on_the_zone_of_the_practice(zone: str) -> None:
    assert read_moment("2026-03-02T10:00:00-05:00", ZoneInfo(zone)).from_utc == "2026-03-02T15:00:00.000000Z"


@pytest.mark.requirement("R74")
def test_counts_do_not_depend_on_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """R74."""
    year = [
        *staff(),
        prescription(on="2026-01-01T00:00:00-05:00"),
        transmission(),
        visit(),
        evidence("access-vdt", "Patient/p"),
    ]
    found = []
    for zone in ZONES:
        monkeypatch.setenv("TZ", zone)
        found.append(counted(year))
    assert found == [found[0]] * len(ZONES)


MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001  # the offset is added below
OFFSETS = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
)
TEXTS = st.one_of(
    MOMENTS.map(lambda m: m.strftime("%Y")),
    MOMENTS.map(lambda m: m.strftime("%Y-%m")),
    MOMENTS.map(lambda m: m.strftime("%Y-%m-%d")),
    st.builds(lambda m, o: m.isoformat() + o, MOMENTS, OFFSETS),
)


@pytest.mark.requirement("R73")
@given(TEXTS, st.sampled_from(ZONES))
def test_no_interval_ends_before_it_begins(text: str, zone: str) -> None:
    found = read_moment(text, ZoneInfo(zone))
    assert found.from_utc <= found.to_utc
    assert found.day_from <= found.day_to


@given(MOMENTS, OFFSETS, MOMENTS, OFFSETS)
def test_the_order_of_texts_is_the_order_of_instants(one: datetime, at: str, two: datetime, there: str) -> None:
    first, second = one.isoformat() + at, two.isoformat() + there
    texts = [read_moment(text, NEW_YORK).from_utc for text in (first, second)]
    assert (texts[0] < texts[1]) == (datetime.fromisoformat(first) < datetime.fromisoformat(second))


def test_an_instant_of_an_early_year_is_as_wide_as_any() -> None:
    assert instant_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("day", "fourth"),
    [
        pytest.param("2026-03-02", "2026-03-06", id="a Monday"),
        pytest.param("2026-03-05", "2026-03-11", id="a Thursday"),
        pytest.param("2026-03-07", "2026-03-12", id="a Saturday"),
        pytest.param("2026-05-21", "2026-05-28", marks=pytest.mark.case(90), id="15.90 Memorial Day 2026-05-25"),
        pytest.param("2026-06-26", "2026-07-02", marks=pytest.mark.case("X2-2"), id="X2-2"),
        pytest.param("2026-06-29", "2026-07-06", id="3 July 2026 is the observed holiday"),
        pytest.param("2026-12-31", "2027-01-07", id="New Year's Day 2027"),
    ],
)
def test_the_fourth_business_day_skips_weekends_and_federal_holidays(day: str, fourth: str) -> None:
    days = list(calendar(date(2026, 1, 1), date(2027, 12, 31), federal_holidays(2026, 2027)))
    start = next(d.business for d in days if d.day == day)
    assert next(d.day for d in days if d.is_business and d.business == start + 4) == fourth


def test_a_calendar_has_every_day_once_numbered_without_gaps() -> None:
    days = list(calendar(date(2028, 2, 27), date(2028, 3, 2), frozenset()))
    assert [(d.day, d.number) for d in days] == [
        ("2028-02-27", 0),
        ("2028-02-28", 1),
        ("2028-02-29", 2),
        ("2028-03-01", 3),
        ("2028-03-02", 4),
    ]


@given(
    st.integers(31_536_000, 2_200_000_000) | st.integers(1_257_000_000, 1_257_200_000),
    st.sampled_from([-300, 0, 840, 330, -120]),
    st.sampled_from(["America/New_York", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe"]),
)
@example(1_257_042_630, 0, "America/St_Johns")  # 2009-11-01T02:30:30Z, after midnight, and a minute before it again
@example(1_257_042_690, 0, "America/St_Johns")
@example(1_772_388_899, 0, "Asia/Kathmandu")  # 2026-03-01T18:14:59Z and a second later: midnight within an hour of UTC
@example(1_772_388_900, 0, "Asia/Kathmandu")
def test_an_instant_falls_on_the_day_that_the_zone_has_then(seconds: int, offset: int, zone: str) -> None:
    when = datetime.fromtimestamp(seconds, timezone(timedelta(minutes=offset)))
    moment = read_moment(when.isoformat(), ZoneInfo(zone))
    assert moment.from_utc == moment.to_utc == instant_text(when)
    assert moment.day_from == moment.day_to == when.astimezone(ZoneInfo(zone)).date().isoformat()
