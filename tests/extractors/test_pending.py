"""A deadline that the data do not reach is pending: neither met nor missed (fhir-mapping 9, deadlines)."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from extractors.errors import SiteError
from extractors.site import Site, load_site, site_of
from extractors.vocabulary import EventKind
from scoring.model import Period
from tests.extractors.practice import (
    MET,
    NOT_MET,
    UNKNOWN,
    Counts,
    Json,
    access,
    both_channels,
    cases,
    count,
    evidence,
    prescription,
    staff,
    visit,
)

ACCESS = "PI_PEA_1"
CLOSED = Site(closed_world=frozenset(EventKind))
"""As a site sets it: the end of the data is what the data show."""
OF_2026_03_02 = visit()
"""A visit on Monday; its deadline is Friday 6 March."""


def written(on: str, status: str = "active") -> Json:
    return prescription("last", on, status=status)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        pytest.param([], UNKNOWN, id="the visit itself is the last"),
        pytest.param([written("2026-03-05T23:59:59-05:00")], UNKNOWN, id="the day before the deadline"),
        pytest.param([written("2026-03-06T00:00:00-05:00")], UNKNOWN, id="on the deadline, which is not over yet"),
        pytest.param([written("2026-03-07T00:00:00-05:00")], NOT_MET, id="the day after the deadline"),
        pytest.param([written("2026-03-07T04:59:59Z")], UNKNOWN, id="that day in UTC, not yet here"),
        pytest.param([written("2026-03")], UNKNOWN, id="dated by the month: from its first day"),
        pytest.param([written("2027-03-02T10:00:00-05:00", "draft")], UNKNOWN, id="what is planned for later"),
    ],
)
def test_without_a_word_of_the_site_the_data_end_before_the_last_day_that_they_bear(
    last: list[Json], expected: Counts
) -> None:
    assert count(ACCESS, [OF_2026_03_02, *last], site=CLOSED) == expected


@pytest.mark.parametrize(
    ("until", "expected"),
    [(date(2026, 3, 5), UNKNOWN), (date(2026, 3, 6), NOT_MET), (date(2026, 12, 31), NOT_MET)],
)
def test_the_site_says_up_to_which_day_its_data_are_whole(until: date, expected: Counts) -> None:
    site = replace(CLOSED, data_until=until)
    assert count(ACCESS, [OF_2026_03_02], site=site) == expected
    assert count(ACCESS, [OF_2026_03_02, written("2026-12-30")], site=site) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param(both_channels(), MET, id="given in time already"),
        pytest.param([evidence("access-withdrawn", "Patient/p", "2026-01-05")], UNKNOWN, id="may be given again"),
        pytest.param([access("access-vdt")], UNKNOWN, id="the API may still be given"),
        pytest.param(both_channels(on="2026-03-07"), NOT_MET, id="given late: so the data go beyond the deadline"),
    ],
)
def test_a_deadline_to_come_can_be_met_but_not_missed(shown: list[Json], expected: Counts) -> None:
    assert count(ACCESS, [OF_2026_03_02, *shown], site=CLOSED) == expected


def test_a_pending_visit_says_so_and_until_when() -> None:
    [case] = cases([*staff(), OF_2026_03_02], ACCESS, site=CLOSED)
    assert case["reason"] == "pending: the data end before the deadline 2026-03-06"


def test_a_missed_deadline_goes_before_a_pending_one_of_the_same_patient() -> None:
    second = visit("second", "2026-04-06T09:00:00-04:00")
    assert count(ACCESS, [OF_2026_03_02, second], site=CLOSED) == NOT_MET


@pytest.mark.parametrize(
    ("seen", "granted", "expected"),
    [
        pytest.param("2026-03-06T23:30:00-05:00", "2026-03-12", MET, id="clocks go forward on the Sunday between"),
        pytest.param("2026-03-06T23:30:00-05:00", "2026-03-13", NOT_MET, id="forward, a day late"),
        pytest.param("2026-03-08T03:30:00-04:00", "2026-03-12", MET, id="on the day of 23 hours"),
        pytest.param("2026-03-08T03:30:00-04:00", "2026-03-13", NOT_MET, id="on the day of 23 hours, a day late"),
    ],
)
def test_the_day_of_23_hours_moves_no_deadline(seen: str, granted: str, expected: Counts) -> None:
    site = replace(CLOSED, data_until=date(2026, 12, 31))
    assert count(ACCESS, [visit(on=seen), *both_channels(on=granted)], site=site) == expected


@pytest.mark.parametrize(("granted", "expected"), [("2026-11-05", MET), ("2026-11-06", NOT_MET)])
def test_the_day_of_25_hours_moves_no_deadline(granted: str, expected: Counts) -> None:
    autumn = Period(date(2026, 7, 1), date(2026, 12, 31))
    found = [visit(on="2026-10-30T23:30:00-04:00"), *both_channels(on=granted)]
    assert count(ACCESS, found, site=replace(CLOSED, data_until=date(2026, 12, 31)), period=autumn) == expected


def test_the_setting_is_read_and_kept(tmp_path: Path) -> None:
    place = tmp_path / "site.toml"
    place.write_text("data_until = 2026-06-29\n")
    site = load_site(place)
    assert site.data_until == date(2026, 6, 29)
    assert site.digest != Site().digest
    plain = {**site.as_document(), "data_until": "2026-06-29", "closed_days": []}
    assert site_of(plain, "here").data_until == date(2026, 6, 29)


def test_a_setting_that_is_no_day_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "site.toml"
    place.write_text('data_until = "2026-06-29"\n')
    with pytest.raises(SiteError, match="data_until"):
        load_site(place)
