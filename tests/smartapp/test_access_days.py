"""Four business days, told day by day: the same deadline as the one that decides a visit."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.dates import federal_holidays
from smartapp.opened.access_days import counted_days, holidays_between

CLOSED = federal_holidays(2024, 2027)


@pytest.mark.parametrize(
    ("available", "deadline", "why"),
    [
        (date(2026, 3, 6), date(2026, 3, 12), "a Friday: the next Thursday"),
        (date(2026, 3, 7), date(2026, 3, 12), "a Saturday: the same Thursday"),
        (date(2026, 3, 8), date(2026, 3, 12), "a Sunday too"),
        (date(2026, 3, 9), date(2026, 3, 13), "a Monday: that Friday"),
        (date(2026, 3, 10), date(2026, 3, 16), "a Tuesday: over a weekend"),
        (date(2026, 11, 20), date(2026, 11, 27), "Thanksgiving does not count"),
        (date(2026, 7, 1), date(2026, 7, 8), "July 4 is kept on the Friday before"),
        (date(2025, 12, 30), date(2026, 1, 6), "into the next year"),
    ],
)
def test_the_fourth_business_day_is_the_deadline(available: date, deadline: date, why: str) -> None:
    assert counted_days(available, CLOSED).deadline == deadline, why


def test_what_is_passed_over_has_its_name() -> None:
    found = counted_days(date(2026, 11, 25), CLOSED | {date(2026, 11, 27)})
    assert [(one.day.day, one.why) for one in found.passed_over] == [
        (26, "Thanksgiving Day"),
        (27, "the practice was closed"),
        (28, "weekend"),
        (29, "weekend"),
    ]


@given(st.dates(date(2024, 1, 1), date(2027, 12, 1)))
def test_every_day_from_the_first_to_the_deadline_is_counted_or_passed_over(available: date) -> None:
    found = counted_days(available, CLOSED)
    days = sorted([*found.counted, *(one.day for one in found.passed_over)])
    assert days == [available + timedelta(days=n) for n in range(1, (found.deadline - available).days + 1)]
    assert len(found.counted) == 4
    assert all(day.weekday() < 5 and day not in CLOSED for day in found.counted)


def test_the_closed_days_of_a_period_are_its_holidays_both_ends_included() -> None:
    assert [one.day for one in holidays_between(date(2026, 5, 25), date(2026, 7, 3), CLOSED)] == [
        date(2026, 5, 25),
        date(2026, 6, 19),
        date(2026, 7, 3),
    ]
    assert holidays_between(date(2026, 5, 26), date(2026, 6, 18), CLOSED) == ()
