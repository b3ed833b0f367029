"""How far a year is seen: by the clock, by what the practice says of its data, or by the last case in them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.horizon import QUIET_DAYS, Horizon, all_seen
from scoring.model import Period

LAST = date(2026, 12, 31)
AUTUMN = Period(date(2026, 7, 5), LAST)
SPRING = Period(date(2026, 1, 1), date(2026, 6, 29))
DAYS = st.dates(date(2026, 1, 1), LAST)


def seen(as_of: date | None = None, last_case: date | None = LAST, data_until: date | None = None) -> Horizon:
    return Horizon(LAST, as_of, data_until, last_case)


@pytest.mark.parametrize(
    ("as_of", "to_come"),
    [
        (date(2026, 1, 1), 180),
        (date(2026, 7, 4), 180),
        (date(2026, 7, 5), 179),
        (date(2026, 7, 6), 178),
        (date(2026, 11, 21), 40),
        (date(2026, 12, 30), 1),
        (LAST, 0),
        (date(2027, 3, 1), 0),
    ],
)
def test_the_days_after_today_are_still_to_come_and_today_is_not(as_of: date, to_come: int) -> None:
    found = seen(as_of)
    assert found.to_come(AUTUMN) == to_come
    assert found.of_clock is (as_of <= LAST)
    assert found.over is (as_of >= LAST)


@pytest.mark.parametrize(("quiet", "missing"), [(QUIET_DAYS, 0), (QUIET_DAYS + 1, QUIET_DAYS + 1)])
def test_a_fortnight_without_a_case_may_be_a_holiday_and_a_day_more_ends_the_data(quiet: int, missing: int) -> None:
    found = seen(last_case=LAST - timedelta(days=quiet))
    assert found.to_come(AUTUMN) == missing
    assert found.over is (missing == 0)


def test_what_the_practice_says_of_its_data_goes_before_the_last_case() -> None:
    assert seen(last_case=date(2026, 3, 1), data_until=LAST).over
    assert seen(last_case=LAST, data_until=date(2026, 10, 31)).to_come(AUTUMN) == 61
    assert seen(date(2026, 9, 30), data_until=LAST).until == date(2026, 9, 30)


def test_data_without_any_case_are_seen_on_no_day() -> None:
    assert seen(last_case=None).to_come(AUTUMN) == AUTUMN.days
    assert seen(last_case=None).to_come(SPRING) == SPRING.days


def test_only_a_finished_period_that_earns_the_most_is_settled_before_the_year_is_over() -> None:
    july = seen(date(2026, 7, 10))
    assert july.settles(SPRING, 100, 100)
    assert not july.settles(SPRING, 99, 100)
    assert not july.settles(AUTUMN, 100, 100)
    assert all_seen(LAST).settles(AUTUMN, 40, 100)


@given(as_of=DAYS, last_case=DAYS, start=DAYS, days=st.integers(1, 365))
def test_no_day_is_both_seen_and_to_come(as_of: date, last_case: date, start: date, days: int) -> None:
    period = Period(start, min(LAST, start + timedelta(days=days - 1)))
    found = seen(as_of, last_case)
    every = [period.start + timedelta(days=n) for n in range(period.days)]
    assert found.to_come(period) == sum(day > found.until for day in every)
