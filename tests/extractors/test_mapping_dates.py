"""Cases 1 to 18 of fhir-mapping 15 that no other test shows: dates, the length of a period, pages."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from extractors.cases import derive, tally
from extractors.engine.local import LocalEngine
from scoring.gate import check
from scoring.model import Period
from scoring.rulebook import load
from smartapp.opened.evidence import case_rows
from smartapp.usecases import Source, read
from tests.extractors.practice import (
    MET,
    OPEN,
    PERIOD,
    Counts,
    Json,
    bundle,
    count,
    extracted,
    prescription,
    staff,
    transmission,
)
from tests.scoring.reported import RULES, complete


def page(name: str, *found: Json) -> Json:
    """One page of search results."""
    base = "https://ehr.example/r4"
    entries = [{"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one} for one in found]
    return bundle("searchset", *entries, name=name)


@pytest.mark.case(10)
@pytest.mark.parametrize("year", RULES)
def test_a_full_calendar_year_is_a_period_with_nothing_to_say_leap_year_or_not(year: int) -> None:
    """366 days in 2024: any continuous 180 days or more within the year."""
    whole = Period(date(year, 1, 1), date(year, 12, 31))
    assert (check(RULES[year], replace(complete(year), period=whole)), whole.days) == ((), 366 if year == 2024 else 365)


@pytest.mark.case(11)
def test_a_period_that_starts_too_late_is_told_the_latest_start() -> None:
    late = replace(complete(2026), period=Period(date(2026, 7, 6), date(2026, 12, 31)))
    said = [f"{finding.message} {finding.remedy}" for finding in check(RULES[2026], late)]
    assert "2026-07-05" in said[0]


@pytest.mark.requirement("R52")
@pytest.mark.case(12)
def test_an_order_on_two_pages_of_a_search_is_one() -> None:
    pages = [page("1", prescription(), prescription("other")), page("2", prescription(), transmission())]
    assert count("PI_EP_1", pages) == Counts(2, 1, 1)


@pytest.mark.requirement("R73")
@pytest.mark.parametrize(
    ("on", "reason"),
    [
        pytest.param(
            "2026-06",
            "dated by month or year: it may lie outside the period",
            marks=pytest.mark.case(6),
            id="a month that overlaps the end",
        ),
        pytest.param(
            None,
            "without a date: it may belong to any period",
            marks=pytest.mark.case(8),
            id="no date, never lastUpdated",
        ),
        pytest.param("2026-03", "transmitted electronically", marks=pytest.mark.case(7), id="a month within"),
    ],
)
def test_what_its_date_leaves_undecided_says_so(on: str | None, reason: str) -> None:
    """The order was sent beyond doubt: that is not why it is in neither number."""
    with LocalEngine() as engine:
        derive(extracted([*staff(), prescription(on=on), transmission()]), OPEN, engine)
        tally(engine, PERIOD, OPEN.numerator_window)
        rows = [row for row in engine.rows("placed") if row["variant"] == "controlled-included"]
    assert [row["reason"] for row in rows] == [reason]


@pytest.mark.case(6)
@pytest.mark.case(8)
def test_the_report_says_of_an_undecided_prescription_that_its_date_is_the_reason(tmp_path: Path) -> None:
    orders = [prescription("month", "2026-06"), prescription("never", None)]
    found = [*staff(), *orders, transmission("month"), transmission("never", "2026-07-02")]
    (tmp_path / "all.ndjson").write_text("\n".join(map(json.dumps, found)))
    with read(Source(tmp_path, None), load(2026), PERIOD) as reading:
        rows = [row for row in case_rows(reading) if row.variant == "controlled-included"]
    assert {(row.focus, row.counts, row.reason) for row in rows} == {
        ("MedicationRequest/month", "undecided", "dated by month or year: it may lie outside the period"),
        ("MedicationRequest/never", "undecided", "without a date: it may belong to any period"),
    }


@pytest.mark.case(18)
def test_a_version_of_a_later_day_with_the_same_order_moves_nothing() -> None:
    """A refill note in July updates the order; its day is that of its writing."""
    versions = [
        prescription(meta={"versionId": "1", "lastUpdated": "2026-03-02T15:00:00Z"}),
        prescription(meta={"versionId": "2", "lastUpdated": "2026-07-20T15:00:00Z"}, note=[{"text": "refilled"}]),
    ]
    assert count("PI_EP_1", [*versions, transmission()]) == MET
