"""Cases of the eCQM "Closing the Referral Loop": a loop that it calls closed is neither a sending nor a receipt here.

docs/explanation/closing-the-referral-loop.md gives the account; tests/conformance counts all of its cases.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from extractors.events import Extract, Line, extract
from extractors.profile import load_profile
from extractors.site import Site
from scoring.model import Period
from scoring.rulebook import load
from smartapp.usecases import Source, read
from tests.acceptance.referral_loop import YEAR, by_code, populations, with_reports

CASES = Path(__file__).parent / "closing-the-referral-loop"
Answers = Counter[tuple[str, str]]


@pytest.fixture(scope="module")
def bundles() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / "cases.ndjson").read_text().splitlines()]


def said(profile: str) -> Extract:
    lines = (CASES / "cases.ndjson").read_bytes().splitlines()
    return extract(
        [Line("cases", n, 0, line) for n, line in enumerate(lines, 1)], load_profile(profile), Site().zone_info
    )


def hie_1(profile: str | None = None, period: Period = YEAR) -> tuple[list[tuple[int, ...]], Answers]:
    """The tallies of PI_HIE_1 (denominator, met, unknown, undecided), and its cases by answer and reason."""
    with read(Source(CASES, profile=profile), load(2026), period) as reading:
        tallies = [t for t in reading.tallies if t.measure == "PI_HIE_1"]
        cases = [case for case in reading.engine.rows("cases") if case["measure"] == "PI_HIE_1"]
    counts = [(t.denominator, t.met, t.unknown, t.undecided) for t in tallies]
    return counts, Counter((case["met"], case["reason"]) for case in cases)


def test_the_ecqm_calls_two_of_the_three_loops_closed(bundles: list[dict[str, Any]]) -> None:
    assert populations(bundles) == {"initial-population": 3, "denominator": 3, "numerator": 2}


def test_no_referral_is_seen_because_none_has_the_category_that_names_one(bundles: list[dict[str, Any]]) -> None:
    orders = [e["resource"] for b in bundles for e in b["entry"] if e["resource"]["resourceType"] == "ServiceRequest"]
    assert len(orders) == 5
    assert [order for order in orders if "category" in order] == []
    assert hie_1() == ([], Counter())


def test_a_profile_that_takes_the_code_counts_them_for_nobody_and_none_is_met(tmp_path: Path) -> None:
    tallies, answers = hie_1(by_code(tmp_path))
    assert tallies == [(5, 0, 5, 0)]
    assert answers == {("unknown", "no sign that a summary was sent; this source does not show that none was"): 5}


def test_a_report_that_came_back_is_no_receipt_of_what_was_sent(tmp_path: Path) -> None:
    kinds = {row["kind"] for row in said(by_code(tmp_path)).events}
    assert "referral-made" in kinds
    assert "receipt-confirmed" not in kinds


def test_even_a_profile_that_takes_reports_for_receipts_meets_nothing_without_a_sending(tmp_path: Path) -> None:
    profile = with_reports(tmp_path)
    receipts = Counter(row["answer"] for row in said(profile).events if row["kind"] == "receipt-confirmed")
    assert receipts == {"met": 3, "unknown": 1}
    assert hie_1(profile)[0] == [(5, 0, 5, 0)]
