"""From a number to its cases: every number opens to as many, filters part them, and each says what it lacks."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_page import ATTESTED, PERIOD, RULES, Element, read_page

from extractors.ledger import NEEDS
from scoring.model import MeasureId, Origin, Proportion, Reporter
from smartapp import paths
from smartapp.attesting.attestations import Reported
from smartapp.kept.archive import latest, open_score
from smartapp.opened.access_days import counted_days
from smartapp.opened.casebook import Standing
from smartapp.opened.drilldown import (
    PAGE_SIZE,
    STANDINGS,
    Asked,
    OpenedMeasure,
    Show,
    Way,
    grade_of,
    key_of,
    listed,
    open_measure,
    paged,
    pages_of,
    with_witnesses,
)
from smartapp.opened.evidence import deadline_of, reason_in_words
from smartapp.opened.explained import lacking
from smartapp.report.frame import Frame
from smartapp.report.pages import measure_page, measures_page
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, read

DECK = paths.fixture("onc-deck") / "scenario-1"
EP, ACCESS = MeasureId("PI_EP_1"), MeasureId("PI_PEA_1")
FRAME = Frame(
    "/style.css",
    "/l/abc",
    "Dana",
    "1234567893",
    "EHR",
    "today",
    "token",
    has_patient=False,
    choice="?year=2026&who=abc",
)


@pytest.fixture(scope="module")
def practice(solo_out: Path) -> Iterator[Scored]:
    [kept] = latest(solo_out / "runs", "1234567893")
    with open_score(kept.place) as scored:
        yield scored


@pytest.fixture(scope="module")
def prescribing(practice: Scored) -> OpenedMeasure:
    return open_measure(practice, EP)


@pytest.fixture(scope="module")
def access(practice: Scored) -> OpenedMeasure:
    return open_measure(practice, ACCESS)


def chosen(opened: OpenedMeasure) -> Way:
    way = opened.way("")
    assert way is not None
    return way


def check_way(way: Way) -> None:
    tally = way.tally
    numbers = {
        Show.DENOMINATOR: tally.denominator,
        Show.MET: tally.met,
        Show.UNKNOWN: tally.unknown,
        Show.NOT_MET: tally.denominator - tally.met - tally.unknown,
        Show.UNDECIDED: tally.undecided,
    }
    assert {show: len(listed(way, Asked(show=show))) for show in STANDINGS} == numbers
    met = Counter(grade_of(case) for case in listed(way, Asked(show=Show.MET)))
    assert dict(met) == tally.rests_on


@pytest.mark.parametrize("deck", ["rt1", "rt2a", "rt15"])
def test_every_number_of_everyone_opens_to_as_many_cases_by_what_they_rest_on(deck: str) -> None:
    with read(Source(DECK / deck), RULES, PERIOD) as reading:
        reporters = sorted({(t.tin, t.npi) for t in reading.tallies}, key=str)
        for tin, npi in reporters:
            scored = score_reading(reading, replace(ATTESTED, reporter=Reporter(tin, npi)))
            for measure in NEEDS:
                for way in open_measure(scored, measure).ways:
                    check_way(way)
    assert len(reporters) > 2


def test_every_number_of_a_practice_with_everything_opens_too(practice: Scored) -> None:
    ways = [way for measure in NEEDS for way in open_measure(practice, measure).ways]
    assert len(ways) >= 7
    for way in ways:
        check_way(way)


def test_a_filter_keeps_the_cases_that_have_it_and_all_its_values_part_the_whole(prescribing: OpenedMeasure) -> None:
    way = chosen(prescribing)
    whole = listed(way, Asked())
    for name, values in (
        ("month", {case.month for case in way.cases}),
        ("why", {key_of(case.why) for case in way.cases}),
        ("rests", {grade_of(case) for case in way.cases}),
        ("drug", {case.controlled for case in way.cases}),
    ):
        parts = [listed(way, replace(Asked(), **{name: value})) for value in values]
        assert sum(map(len, parts)) == len(whole)
        assert {case.focus for part in parts for case in part} == {case.focus for case in whole}
        assert max(map(len, parts)) < len(whole) or len(values) == 1


def test_leaving_controlled_substances_out_takes_exactly_those_out(prescribing: OpenedMeasure) -> None:
    both = {way.variant: {case.focus: case for case in way.cases} for way in prescribing.ways}
    included, excluded = both["controlled-included"], both["controlled-excluded"]
    assert {focus for focus, case in included.items() if case.controlled == "yes"} == included.keys() - excluded.keys()
    assert len(included) > len(excluded) > 0


@pytest.mark.parametrize("number", ["1", "2"])
def test_cases_of_a_group_are_found_by_the_number_of_their_clinician(number: str) -> None:
    with read(Source(DECK / "rt1"), RULES, PERIOD) as reading:
        way = chosen(open_measure(score_reading(reading, replace(ATTESTED, reporter=Reporter("991111111", None))), EP))
        found = listed(way, Asked(clinician=number))
    assert found
    assert all(way.clinicians[int(number) - 1] in case.clinicians for case in found)


@pytest.mark.parametrize("clinician", ["0", "-1", "999", "x", "1e3"])
def test_a_clinician_that_is_not_there_opens_nothing(prescribing: OpenedMeasure, clinician: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        listed(chosen(prescribing), Asked(clinician=clinician))


@pytest.mark.parametrize("query", [{"show": "all"}, {"page": "0"}, {"page": "-1"}, {"page": "x"}, {"show": "MET"}])
def test_what_no_page_shows_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Asked.of(query)


def test_an_address_that_says_nothing_asks_for_the_denominator() -> None:
    assert Asked.of({}) == Asked.of({"show": "", "other": "x"}) == Asked(show=Show.DENOMINATOR, page=1)


@given(st.integers(0, 4 * PAGE_SIZE + 3))
def test_pages_of_rows_hold_every_row_once_and_in_order(number: int) -> None:
    items = list(range(number))
    pages = [paged(items, page) for page in range(1, pages_of(items) + 1)]
    assert [item for page in pages for item in page] == items
    assert all(len(page) == PAGE_SIZE for page in pages[:-1])
    assert len(pages[-1]) > 0 or not items
    assert paged(items, pages_of(items) + 1) == ()


def test_the_outage_of_march_is_dated_to_the_day(access: OpenedMeasure) -> None:
    [outage] = access.outages
    assert (outage.stopped, outage.last, outage.returned) == (date(2026, 3, 3), date(2026, 3, 14), date(2026, 3, 15))


def test_no_other_measure_of_that_practice_has_a_gap(practice: Scored) -> None:
    assert [m for m in NEEDS if m != ACCESS and open_measure(practice, m).outages] == []


def test_a_case_that_does_not_count_says_what_it_lacks_and_one_that_counts_lacks_nothing(
    practice: Scored, prescribing: OpenedMeasure
) -> None:
    way = chosen(prescribing)
    for show, kinds in ((Show.UNKNOWN, ("prescription-transmitted",)), (Show.MET, ())):
        case = with_witnesses(practice.reading, listed(way, Asked(show=show))[:1])[0]
        found = lacking(practice.reading, case.rows[0], case.standing.value)
        assert (found.kinds, bool(found.would_count)) == (kinds, show is not Show.MET)


def test_access_that_came_late_says_its_deadline_and_a_referral_the_end_of_the_window(
    practice: Scored, access: OpenedMeasure
) -> None:
    late = with_witnesses(practice.reading, listed(chosen(access), Asked(show=Show.NOT_MET, month="2026-03"))[:1])[0]
    missed = next(row for row in late.rows if row.met == "not_met")
    assert str(lacking(practice.reading, missed, "not_met").by) in missed.reason
    sending = chosen(open_measure(practice, MeasureId("PI_HIE_1")))
    unsent = with_witnesses(practice.reading, listed(sending, Asked(show=Show.UNKNOWN))[:1])[0]
    assert lacking(practice.reading, unsent.rows[0], "unknown").by == practice.reading.period.end


def test_a_case_can_be_changed_until_the_last_day_for_it_and_no_longer(practice: Scored) -> None:
    period = practice.reading.period
    sending = chosen(open_measure(practice, MeasureId("PI_HIE_1")))
    unsent = with_witnesses(practice.reading, listed(sending, Asked(show=Show.UNKNOWN))[:1])[0]
    found = lacking(practice.reading, unsent.rows[0], "unknown")
    for as_of, by in (
        (period.end, period.end),
        (period.end + timedelta(1), date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 3, 31)),
        (date(2027, 4, 1), None),
    ):
        seen = found.seen_from(practice.reading, unsent.rows, as_of)
        assert (seen.by, seen.gone) == (by, by is None)


def test_what_a_record_says_of_a_transmission_stands_in_words() -> None:
    assert reason_in_words("PI_EP_1", "Task says failed") == "transmission failed (Task)"
    assert reason_in_words("PI_HIE_1", "Task says failed") == "Task says failed"
    assert reason_in_words("PI_EP_1", "Task says other") == "Task says other"


def test_access_that_was_late_can_no_longer_be_changed_and_the_page_says_so(
    practice: Scored, access: OpenedMeasure
) -> None:
    asked, frame = Asked(show=Show.NOT_MET, month="2026-03"), replace(FRAME, today=date(2026, 11, 21))
    page = measure_page(practice, access, asked, frame, with_cases=True)
    assert "Can no longer be changed" in page
    assert "What would make it met" not in page


def test_what_is_left_out_is_no_case_and_has_a_reason(prescribing: OpenedMeasure) -> None:
    foci = {case.focus for way in prescribing.ways for case in way.cases}
    assert not foci & {record.focus for record in prescribing.left_out}
    whys = {record.why for record in prescribing.left_out}
    assert {"needs no prescription (over the counter)", "recorded from elsewhere, not prescribed here"} <= whys


def page_of(scored: Scored, measure: MeasureId, *, with_cases: bool = True, **asked: str) -> Element:
    opened = open_measure(scored, measure)
    return read_page(measure_page(scored, opened, Asked.of(asked), FRAME, with_cases=with_cases))


def test_the_page_says_when_access_stopped_and_how_its_days_are_counted(practice: Scored) -> None:
    page = page_of(practice, ACCESS)
    assert "Access stopped on March 3, 2026, and returned on March 15, 2026." in page.text
    assert "February 16, 2026 (Washington's Birthday)" in page.text
    assert "This rule is ours" in page.text
    assert "Counted: Mon 5, Tue 6, Wed 7, Thu 8; passed over: Sat 3 (weekend), Sun 4 (weekend)" in page.text
    assert "136 of 182 is 18.68 of 25, rounded to 19" in page.text


def test_both_ways_to_count_prescriptions_stand_side_by_side_with_the_difference(practice: Scored) -> None:
    page = page_of(practice, EP)
    [table] = page.all("table", "tally")
    assert [row.all("span", "tag")[0].text for row in table.all("tr") if row.all("td")] == ["chosen", "not chosen"]
    assert "takes 27 of 243 out of the denominator and 27 of 235 out of what is met" in page.text
    [choose] = [a for a in page.all("a") if a.text == "choose"]
    assert choose.attributes["href"] == "/l/abc/attestations?year=2026&who=abc#basis-of-count"


def test_addresses_name_no_record_and_nobody(practice: Scored) -> None:
    page = page_of(practice, ACCESS, show="not-met")
    shown = {row.all("code")[0].text for row in page.all("tr", "case")}
    assert len(shown) == 42
    hrefs = " ".join(a.attributes["href"] for a in page.all("a"))
    assert not [name for name in shown if name in hrefs or name.partition("/")[2] in hrefs]
    assert "1234567893" not in hrefs


def test_who_may_not_see_cases_sees_numbers_and_reasons_and_no_row(practice: Scored) -> None:
    page = page_of(practice, ACCESS, with_cases=False)
    assert not page.all("a", "figure")
    assert not page.all("tr", "case")
    assert "Patient/" not in page.text
    assert "no cases of patients" in page.text
    assert "136" in page.all("table", "tally")[0].text


def test_a_list_of_more_than_a_page_of_rows_goes_on_on_the_next(practice: Scored) -> None:
    first, second = (page_of(practice, EP, page=str(number)) for number in (1, 2))
    assert (len(first.all("tr", "case")), len(second.all("tr", "case"))) == (100, 100)
    assert "1 to 100 of 243" in first.text
    numbers = [row.all("span", "quiet")[0].text for row in second.all("tr", "case")]
    assert (numbers[0], numbers[-1]) == ("101", "200")
    with pytest.raises(ValueError, match="a page that is there"):
        page_of(practice, EP, page="4")


def test_a_numerator_that_the_server_does_not_show_is_not_readable_and_no_zero(practice: Scored) -> None:
    page = page_of(practice, MeasureId("PI_HIE_4"))
    [row] = page.all("table", "tally")[0].all("tr")[1:]
    assert [cell.text for cell in row.all("td")] == ["0", "38", "0", "38", "0", "not readable here"]
    assert "Recomputed from FHIR 0 of 38, 38 unknown" in page.by_id("report").text


REPORTED = Reported(Proportion(30, 40, origin=Origin.REPORTED), "PI report", date(2026, 7, 1))


def test_a_total_of_the_ehrs_report_stands_beside_ours_and_is_never_mixed() -> None:
    with read(Source(DECK / "rt1"), RULES, PERIOD) as reading:
        bare = score_reading(reading, ATTESTED)
        assert "not readable here" in page_of(bare, ACCESS).text
        typed = score_reading(reading, replace(ATTESTED, reported={ACCESS: REPORTED}))
        report, listing = page_of(typed, ACCESS).by_id("report"), read_page(measures_page(typed, FRAME))
    assert "From the EHR's report “PI report” of July 1, 2026 30 of 40 75.0%" in report.text
    assert "Recomputed from FHIR not readable here" in report.text
    assert "from the EHR's report" in listing.by_id("line-PI_PEA_1").text
    assert not listing.by_id("line-PI_PEA_1").all("a", "figure")


def test_the_list_has_every_measure_of_the_year_with_what_became_of_it(practice: Scored) -> None:
    page = read_page(measures_page(practice, FRAME))
    rows = {
        row.attributes["id"]: row.text for row in page.all("tr") if row.attributes.get("id", "").startswith("line-")
    }
    assert {
        "line-PI_EP_1",
        "line-PI_EP_2",
        "line-PI_HIE_5",
        "line-PI_PPHI_1",
        "line-PI_PHCDRR_6",
    } <= rows.keys()
    assert "235 / 243" in rows["line-PI_EP_1"]
    assert "10 of 10" in rows["line-PI_EP_1"]


def test_a_case_may_be_decided_by_nothing_on_record(prescribing: OpenedMeasure) -> None:
    grades = {case.standing: grade_of(case) for case in chosen(prescribing).cases}
    assert grades[Standing.UNKNOWN] == "none"
    assert grades[Standing.NOT_MET] == "standard"


def test_the_days_that_are_told_lead_to_the_deadline_that_decided(practice: Scored, access: OpenedMeasure) -> None:
    rows = [row for case in chosen(access).cases for row in case.rows if deadline_of(row)]
    assert len(rows) > 200
    told = [counted_days(date.fromisoformat(row.occurred or ""), practice.reading.site.closed_days) for row in rows]
    assert [one.deadline for one in told] == [deadline_of(row) for row in rows]
