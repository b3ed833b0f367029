"""The EHR's own report beside ours: reading it, the difference, its candidate causes, and single cases."""

import contextlib
import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from report_page import ATTESTED, report_of

from scoring.model import MeasureId, Origin, Proportion, Reporter
from scoring.rulebook import load
from smartapp.attesting.attestations import Reported
from smartapp.beside.causes import Gap, Verdict, judge
from smartapp.beside.compared import Beside, Comparison, compare
from smartapp.beside.listed import EhrReport, ReportError, Single, Total, Whose, parse_report
from smartapp.beside.single_cases import How
from smartapp.beside.what_if import Setting, Takes
from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.kept.runs import write_run
from smartapp.usecases import Source, read
from tests.extractors.practice import (
    PERIOD,
    A,
    C,
    D,
    Json,
    both_channels,
    drug,
    prescription,
    ref,
    referral,
    role,
    sending,
    staff,
    transmission,
    visit,
)

RX, SENT, ACCESS = MeasureId("PI_EP_1"), MeasureId("PI_HIE_1"), MeasureId("PI_PEA_1")
OTC, HYDROCODONE_FREE = "310965", "979492"
HEAD = ("measure", "numerator", "denominator", "exclusion", "tin", "npi", "start", "end")


def report(text: str) -> EhrReport:
    return parse_report(text.encode(), "ehr.csv")


def totals(numerator: int, denominator: int, measure: str = RX, **whose: Any) -> EhrReport:
    return EhrReport("ehr.csv", "", (Total(MeasureId(measure), numerator, denominator, whose=Whose(**whose)),))


def written(tmp_path: Path, resources: Iterable[Json]) -> Path:
    folder = tmp_path / "fhir"
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(resource) + "\n" for resource in (*staff(), *resources)]
    (folder / "all.ndjson").write_text("".join(lines))
    return folder


def beside(
    tmp_path: Path, resources: Iterable[Json], told: EhrReport, npi: str | None = C, site: str | None = None
) -> Beside:
    folder = written(tmp_path, resources)
    settings = tmp_path / "site.toml"
    settings.write_text(site or "")
    with read(Source(folder, settings), load(2026), PERIOD) as reading:
        return compare(reading, told, Reporter(A, npi), "controlled-included")


def sent(name: str, on: str = "2026-03-02", **elements: Any) -> list[Json]:
    return [prescription(name, f"{on}T10:00:00-05:00", **elements), transmission(name, f"{on}T10:05:00-05:00")]


def only(found: Beside) -> Comparison:
    (one,) = found.comparisons
    return one


def verdicts(one: Comparison) -> dict[str, Verdict]:
    return {candidate.title: candidate.verdict for candidate in one.candidates}


def behind(one: Comparison, title: str) -> set[str]:
    (found,) = [c for c in one.candidates if c.title == title]
    return {case.record for case in found.cases}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_report_is_read_in_any_usual_form(delimiter: str, encoding: str) -> None:
    rows = [("Measure Name", "Numerator", "Denominator"), ("e-Prescribing", "9", "10")]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    assert parse_report(text.encode(encoding), "ehr.csv").totals == (Total(RX, 9, 10, line=2),)


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("PI_EP_1", RX),
        ("e-Prescribing", RX),
        ("E PRESCRIBING", RX),
        ("Support Electronic Referral Loops by Sending Health Information", SENT),
        ("Support Electronic Referral Loops by Receiving and Reconciling Health Information", "PI_HIE_4"),
        ("Provide Patients Electronic Access to Their Health Information", ACCESS),
        ("Query of Prescription Drug Monitoring Program (PDMP)", "PI_EP_2"),
    ],
)
def test_a_measure_is_known_by_the_names_that_reports_print(name: str, measure: str) -> None:
    assert [total.measure for total in report(f'measure,numerator,denominator\n"{name}",1,2\n').totals] == [measure]


@pytest.mark.parametrize(("written", "number"), [('"1,234"', 1234), ("1234", 1234), ("1'234", 1234), ("12.0", 12)])
def test_thousands_may_be_parted(written: str, number: int) -> None:
    assert report(f"measure,numerator,denominator\nPI_EP_1,0,{written}\n").totals[0].denominator == number


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Unheard of,1,2,", "measure: expected the name or id of a measure"),
        ("PI_EP_1,,2,", "numerator: expected a whole number"),
        ("PI_EP_1,1.5,2,", "numerator: expected a whole number of 0 to 999,999,999, got '1.5'"),
        ("PI_EP_1,-1,2,", "numerator: expected a whole number of 0 to 999,999,999, got '-1'"),
        ("PI_EP_1,3,2,", "numerator: expected no more than the denominator, got '3'"),
        ("PI_EP_1,1,2,123", "npi: expected 10 digits, got text of 3 characters"),
        ("PI_EP_1,1,234,1234567893,5", "row: expected 4 cells"),
        (
            "Jane Roe 1960,1,2,",
            "measure: expected the name or id of a measure that is counted from cases, got text of 13",
        ),
        ("PI_EP_1,1/3/1960,2,", "numerator: expected a whole number of 0 to 999,999,999, got text of 8 characters"),
    ],
)
def test_a_bad_row_is_listed_with_line_expected_and_got_and_its_neighbours_are_read(row: str, why: str) -> None:
    found = report(f"measure,numerator,denominator,npi\nPI_HIE_1,1,2,\n{row}\nPI_PEA_1,3,4,\n")
    assert [total.measure for total in found.totals] == [SENT, ACCESS]
    (unread,) = found.unread
    assert unread.line == 3
    assert why in unread.why


def test_lines_above_the_names_of_the_columns_are_listed_and_not_lost() -> None:
    found = report("My practice\n\nmeasure,numerator,denominator\nPI_EP_1,1,2\n")
    assert [row.line for row in found.unread] == [1]
    assert found.totals[0].line == 4


def test_a_measure_that_stands_there_twice_is_compared_once_and_listed() -> None:
    found = report("measure,numerator,denominator\nPI_EP_1,1,2\ne-Prescribing,3,4\n")
    assert [total.numerator for total in found.totals] == [1]
    assert "stands in line 2 already" in found.unread[0].why


def test_a_report_with_an_exclusion_needs_no_numbers() -> None:
    (total,) = report("measure,numerator,denominator,exclusion\nPI_EP_1,,,Yes\n").totals
    assert (total.excluded, total.numerator, total.denominator) == (True, None, None)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "measure\nPI_EP_1\n", "PK\x03\x04"])
def test_a_file_that_names_no_columns_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(ReportError, match="expected a line that names the columns"):
        report(text)


def test_what_stands_in_a_list_of_patients_is_not_repeated_in_a_message() -> None:
    found = report("measure,patient,met\nSmith Jane,MRN-77,yes\nPI_EP_1,MRN-78,perhaps Jane\n")
    assert len(found.unread) == 2
    assert not [row for row in found.unread if "Jane" in row.why or "MRN" in row.why]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_one_error(data: bytes) -> None:
    with contextlib.suppress(ReportError):
        parse_report(data, "ehr.csv")


@given(st.text(max_size=300))
def test_any_text_below_the_names_of_the_columns_is_read_or_listed(text: str) -> None:
    data = ("measure,numerator,denominator,record\n" + text).encode("utf-8", "replace")
    found = parse_report(data, "ehr.csv")
    rows = [r for r in csv.reader(io.StringIO(data.decode(), newline="")) if any(cell.strip() for cell in r)]
    assert len(found.totals) + len(found.singles) + len(found.unread) == len(rows) - 1


DAYS = st.none() | st.dates(date(2024, 1, 1), date(2027, 12, 31))
NPI, TIN = (st.none() | st.from_regex(f"[0-9]{{{n}}}", fullmatch=True).filter(str.isascii) for n in (10, 9))


@st.composite
def some_totals(draw: st.DrawFn) -> list[Total]:
    found = {}
    for line in range(draw(st.integers(0, 6))):
        start, end = draw(DAYS), draw(DAYS)
        if start and end and end < start:
            start, end = end, start
        denominator = draw(st.integers(0, 10**8))
        measure = MeasureId(draw(st.sampled_from([RX, SENT, ACCESS, "PI_HIE_4", "PI_EP_2"])))
        whose = Whose(draw(TIN), draw(NPI), start, end)
        total = Total(measure, draw(st.integers(0, denominator)), denominator, draw(st.booleans()), whose, line + 2)
        found.setdefault((measure, whose), total)
    return list(found.values())


@given(some_totals(), st.sampled_from(",;\t|"))
def test_reading_what_was_written_gives_it_back(given_totals: list[Total], delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(HEAD)
    for total in given_totals:
        whose = total.whose
        answer = "yes" if total.excluded else "no"
        writer.writerow(
            [total.measure, total.numerator, total.denominator, answer, whose.tin, whose.npi, whose.start, whose.end]
        )
    found = parse_report(out.getvalue().encode(), "ehr.csv")
    assert found.unread == ()
    assert [(t.measure, t.numerator, t.denominator, t.excluded, t.whose) for t in found.totals] == [
        (t.measure, t.numerator, t.denominator, t.excluded, t.whose) for t in given_totals
    ]


ALL, ANY = Setting("all", Takes.ALL), Setting("any", Takes.ANY)


@pytest.mark.parametrize(
    ("setting", "counted", "otherwise", "gap", "verdict", "says"),
    [
        (ALL, {}, {"a": (1, 1)}, Gap(1, 1), Verdict.EXACTLY, "would explain it exactly"),
        (ANY, {}, {"a": (1, 1)}, Gap(1, 1), Verdict.EXACTLY, "would explain it exactly"),
        (ANY, {}, {"a": (1, 1), "b": (1, 1)}, Gap(1, 1), Verdict.ENOUGH, "1 of its 2 cases would do"),
        (ALL, {}, {"a": (1, 1), "b": (1, 1)}, Gap(1, 1), Verdict.NOT, "cannot explain it"),
        (ALL, {}, {"a": (1, 1)}, Gap(0, 3), Verdict.NOT, "cannot explain it"),
        (ALL, {}, {"a": (0, 1)}, Gap(0, 3), Verdict.PARTLY, "1 of 3 in the denominator"),
        (ALL, {"a": (0, 1)}, {"a": (1, 1)}, Gap(2, 0), Verdict.PARTLY, "1 of 2 in the numerator"),
        (ALL, {"a": (1, 1)}, {}, Gap(-1, -1), Verdict.EXACTLY, "would explain it exactly"),
        (ALL, {"a": (1, 1)}, {}, Gap(1, 1), Verdict.NOT, "cannot explain it"),
        (ALL, {"a": (1, 1)}, {"a": (1, 1)}, Gap(1, 1), Verdict.NOT, "cannot explain it"),
        (ANY, {}, {"a": (1, 1), "b": (0, 1), "c": (0, 1)}, Gap(1, 2), Verdict.ENOUGH, "2 of its 3 cases would do"),
    ],
)
def test_a_cause_says_how_much_it_would_explain(
    setting: Setting,
    counted: Mapping[str, tuple[int, int]],
    otherwise: Mapping[str, tuple[int, int]],
    gap: Gap,
    verdict: Verdict,
    says: str,
) -> None:
    cause = judge(setting, counted, otherwise, gap)
    assert cause.verdict is verdict
    assert says in cause.says


STANDINGS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([(0, 1), (1, 1)]))


@given(STANDINGS, STANDINGS, st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([ALL, ANY]))
def test_what_is_left_is_never_more_than_the_difference_where_a_cause_explains_something(
    counted: Mapping[str, tuple[int, int]], otherwise: Mapping[str, tuple[int, int]], n: int, d: int, setting: Setting
) -> None:
    gap = Gap(n, d)
    cause = judge(setting, counted, otherwise, gap)
    assert (cause.verdict is not Verdict.NOT) == (cause.left.size < gap.size)
    assert (cause.verdict in (Verdict.EXACTLY, Verdict.ENOUGH)) == (cause.left.size == 0 < gap.size)


def test_equal_counts_differ_in_nothing_and_look_for_no_cause(tmp_path: Path) -> None:
    one = only(beside(tmp_path, sent("a"), totals(1, 1)))
    assert one.same
    assert (one.candidates, one.without_cases) == ((), ())


def test_controlled_substances_that_the_ehr_leaves_out_explain_the_difference(tmp_path: Path) -> None:
    controlled = sent("b", medicationCodeableConcept=drug("854873"))
    one = only(beside(tmp_path, [*sent("a"), *controlled], totals(1, 1)))
    assert verdicts(one)["controlled substances left out"] is Verdict.EXACTLY
    assert behind(one, "controlled substances left out") == {"MedicationRequest/b"}


def test_a_supply_that_the_ehr_counts_explains_the_difference(tmp_path: Path) -> None:
    supply = sent("strips", medicationCodeableConcept=drug("A4253", "urn:oid:2.16.840.1.113883.6.285"))
    one = only(beside(tmp_path, [*sent("a"), *supply], totals(2, 2)))
    assert verdicts(one)["left out here: a supply, not a drug"] is Verdict.EXACTLY


def test_what_is_recorded_from_elsewhere_explains_the_difference(tmp_path: Path) -> None:
    elsewhere = sent("history", reportedBoolean=True)
    one = only(beside(tmp_path, [*sent("a"), *elsewhere], totals(2, 2)))
    title = "left out here: recorded from elsewhere, not prescribed here"
    assert verdicts(one)[title] is Verdict.EXACTLY
    assert behind(one, title) == {"MedicationRequest/history"}


@pytest.mark.parametrize(
    ("on", "says"),
    [
        (PERIOD.end + timedelta(days=1), {"one day more at the end", "dated up to 7 days outside the period"}),
        (PERIOD.start - timedelta(days=1), {"one day more at the start", "dated up to 7 days outside the period"}),
        (PERIOD.end + timedelta(days=7), {"dated up to 7 days outside the period"}),
        (PERIOD.end + timedelta(days=8), set()),
    ],
)
def test_a_case_near_the_bounds_explains_the_difference(tmp_path: Path, on: date, says: set[str]) -> None:
    one = only(beside(tmp_path, [*sent("a"), *sent("b", on.isoformat())], totals(2, 2)))
    found = {title for title, verdict in verdicts(one).items() if verdict is not Verdict.NOT}
    dated = {title for title in found if "day" in title and "any day" not in title}
    assert dated == says


def test_a_last_day_that_the_ehr_drops_explains_the_difference(tmp_path: Path) -> None:
    one = only(beside(tmp_path, [*sent("a"), *sent("b", PERIOD.end.isoformat())], totals(1, 1)))
    assert verdicts(one)["the last day left out"] is Verdict.EXACTLY


def test_an_evening_that_is_the_next_day_by_greenwich_explains_the_difference(tmp_path: Path) -> None:
    late = f"{PERIOD.end}T22:00:00-04:00"
    one = only(beside(tmp_path, [*sent("a"), prescription("b", late), transmission("b", late)], totals(1, 1)))
    assert verdicts(one)["days by Greenwich time, not by the practice's clock"] is Verdict.EXACTLY


def test_the_reports_own_days_are_counted_where_it_states_them(tmp_path: Path) -> None:
    told = totals(2, 2, start=date(2026, 1, 1), end=date(2026, 9, 30))
    one = only(beside(tmp_path, [*sent("a"), *sent("b", "2026-09-01")], told))
    assert verdicts(one)["the report's own days, 2026-01-01 to 2026-09-30"] is Verdict.EXACTLY
    assert "The report counts 2026-01-01 to 2026-09-30" in one.notes[0]


def test_acts_after_the_period_explain_a_higher_numerator(tmp_path: Path) -> None:
    late = [prescription("b"), transmission("b", "2026-08-01T10:00:00-04:00")]
    one = only(beside(tmp_path, [*sent("a"), *late], totals(2, 2)))
    assert verdicts(one)["numerator acts of the whole calendar year"] is Verdict.EXACTLY


def test_acts_after_the_year_explain_a_higher_numerator_only_by_any_day(tmp_path: Path) -> None:
    late = [prescription("b"), transmission("b", "2027-02-01T10:00:00-05:00")]
    one = only(beside(tmp_path, [*sent("a"), *late], totals(2, 2)))
    assert verdicts(one)["numerator acts of any day"] is Verdict.EXACTLY
    assert "numerator acts of the whole calendar year" in one.without_cases


def test_the_cases_of_a_partner_explain_a_higher_count(tmp_path: Path) -> None:
    partners = sent("b", requester=ref("PractitionerRole/d-at-a"))
    one = only(beside(tmp_path, [*sent("a"), *partners], totals(2, 2)))
    assert verdicts(one)["cases of other clinicians of the TIN"] is Verdict.EXACTLY
    assert verdicts(one)["the whole TIN as a group"] is Verdict.EXACTLY


def test_one_clinician_alone_explains_a_lower_count_of_the_group(tmp_path: Path) -> None:
    partners = sent("b", requester=ref("PractitionerRole/d-at-a"))
    one = only(beside(tmp_path, [*sent("a"), *partners], totals(1, 1), npi=None))
    assert verdicts(one)[f"NPI {C} alone"] is verdicts(one)[f"NPI {D} alone"] is Verdict.EXACTLY


def test_her_cases_under_another_tin_explain_a_higher_count(tmp_path: Path) -> None:
    there = [role("c", "b"), *sent("b", requester=ref("PractitionerRole/c-at-b"))]
    one = only(beside(tmp_path, [*sent("a"), *there], totals(2, 2)))
    assert verdicts(one)["her own cases under another TIN"] is Verdict.EXACTLY
    assert behind(one, "her own cases under another TIN") == {"MedicationRequest/b"}


def test_cases_that_belong_to_nobody_explain_a_higher_count(tmp_path: Path) -> None:
    one = only(beside(tmp_path, [*sent("a"), *sent("b", requester=None)], totals(2, 2)))
    assert verdicts(one)["cases that belong to nobody"] is Verdict.EXACTLY


def test_what_this_source_does_not_show_explains_a_higher_numerator(tmp_path: Path) -> None:
    one = only(beside(tmp_path, [*sent("a"), prescription("b"), prescription("c")], totals(2, 3)))
    title = "what this source does not show was done: unknown taken as met"
    assert verdicts(one)[title] is Verdict.ENOUGH
    assert behind(one, title) == {"MedicationRequest/b", "MedicationRequest/c"}


def test_telehealth_that_the_ehr_leaves_out_explains_a_lower_count_of_patients(tmp_path: Path) -> None:
    far = visit("far", subject=ref("Patient/q"), **{"class": {"code": "VR"}})
    seen = [visit(), *both_channels(), far, *both_channels("Patient/q")]
    one = only(beside(tmp_path, seen, totals(1, 1, ACCESS)))
    assert verdicts(one)["not counted there: a telehealth visit"] is Verdict.EXACTLY
    assert behind(one, "not counted there: a telehealth visit") == {"Patient/q"}


def test_inpatients_that_the_ehr_counts_explain_a_higher_count_of_patients(tmp_path: Path) -> None:
    stay = visit("stay", subject=ref("Patient/q"), **{"class": {"code": "IMP"}})
    one = only(beside(tmp_path, [visit(), *both_channels(), stay], totals(1, 2, ACCESS)))
    assert verdicts(one)["left out here: a visit in a setting that does not count (IMP)"] is Verdict.EXACTLY


def test_a_stopped_order_that_the_ehr_leaves_out_explains_a_lower_count(tmp_path: Path) -> None:
    one = only(beside(tmp_path, [*sent("a"), *sent("b", status="stopped")], totals(1, 1)))
    assert verdicts(one)["not counted there: stopped or cancelled after it was written"] is Verdict.EXACTLY


def test_what_nothing_explains_has_no_cause(tmp_path: Path) -> None:
    one = only(beside(tmp_path, sent("a"), totals(50, 90)))
    assert set(verdicts(one).values()) <= {Verdict.NOT}
    assert not one.same


def test_a_stated_exclusion_is_told(tmp_path: Path) -> None:
    told = EhrReport("ehr.csv", "", (Total(RX, None, None, excluded=True),))
    one = only(beside(tmp_path, sent("a"), told))
    assert one.notes[0].startswith("The report states the exclusion")
    assert one.difference.denominator is None
    assert one.same


def test_a_reporter_who_is_not_in_the_data_is_listed_and_the_others_compared(tmp_path: Path) -> None:
    rows = (Total(RX, 1, 1, whose=Whose(npi=C), line=2), Total(RX, 1, 1, whose=Whose(npi="9999999995"), line=3))
    found = beside(tmp_path, sent("a"), EhrReport("ehr.csv", "", rows))
    assert [one.npi for one in found.comparisons] == [C]
    assert [row.line for row in found.unread] == [3]


def test_who_is_meant_must_be_said_where_the_data_name_several(tmp_path: Path) -> None:
    folder = written(tmp_path, [*sent("a"), *sent("b", requester=ref("PractitionerRole/d-at-a"))])
    with read(Source(folder), load(2026), PERIOD) as reading, pytest.raises(UsageError, match="who reports"):
        compare(reading, totals(1, 1), None, "controlled-included")


def listed(*singles: Single) -> EhrReport:
    return EhrReport("ehr.csv", "", (), singles)


def single(record: str | None, met: bool | None = True, counted: bool = True, **more: Any) -> Single:
    return Single(
        more.pop("measure", RX), record, more.pop("patient", None), more.pop("on", None), counted, met, **more
    )


@pytest.mark.parametrize("name", ["MedicationRequest/a", "a", "urn:erx|77", "77"])
def test_a_case_is_found_by_key_id_or_identifier(tmp_path: Path, name: str) -> None:
    orders = sent("a", identifier=[{"system": "urn:erx", "value": "77"}])
    one = only(beside(tmp_path, orders, listed(single(name))))
    assert one.singles == ()
    assert one.same


def test_cases_that_differ_are_named_with_what_each_side_says(tmp_path: Path) -> None:
    orders = [*sent("a"), *sent("b"), prescription("c"), *sent("old", "2025-12-01")]
    told = listed(single("a"), single("c", line=3), single("old", line=4), single("none-such", line=5))
    one = only(beside(tmp_path, orders, told))
    found = {(d.how, d.record) for d in one.singles or ()}
    assert (How.OTHER_ANSWER, "MedicationRequest/c") in found
    assert (How.ONLY_THERE, "MedicationRequest/old") in found
    assert (How.ONLY_HERE, "MedicationRequest/b") in found
    by_line = {d.line: d for d in one.singles or ()}
    assert by_line[4].ours == "outside the period"
    assert by_line[3].ours.startswith("unknown: ")
    assert by_line[3].theirs == "met"
    assert len(found) == 4


def test_a_name_that_we_do_not_know_is_shown_as_a_digest(tmp_path: Path) -> None:
    found = beside(tmp_path, sent("a"), listed(single("MRN-0042", line=2), single("a")))
    (difference,) = only(found).singles or ()
    assert difference.how is How.ONLY_THERE
    assert difference.record.startswith("(not shown, ")
    assert "MRN-0042" not in json.dumps(found.as_document(), default=str)


def test_what_the_list_does_not_count_and_we_do_is_only_here(tmp_path: Path) -> None:
    one = only(beside(tmp_path, sent("a"), listed(single("a", counted=False, line=2))))
    assert [(d.how, d.theirs) for d in one.singles or ()] == [(How.ONLY_HERE, "not counted")]


def test_what_we_leave_out_says_why(tmp_path: Path) -> None:
    one = only(beside(tmp_path, [*sent("a"), *sent("h", reportedBoolean=True)], listed(single("a"), single("h"))))
    assert [d.ours for d in one.singles or ()] == ["left out: recorded from elsewhere, not prescribed here"]


def test_a_case_of_another_clinician_says_whose_it_is(tmp_path: Path) -> None:
    partners = sent("b", requester=ref("PractitionerRole/d-at-a"))
    one = only(beside(tmp_path, [*sent("a"), *partners], listed(single("a"), single("b"))))
    assert [d.ours for d in one.singles or ()] == [f"belongs to NPI {D}, TIN {A}"]


def test_patients_are_matched_where_patients_are_counted(tmp_path: Path) -> None:
    seen = [visit(), visit("again"), *both_channels()]
    assert only(beside(tmp_path, seen, listed(single(None, measure=ACCESS, patient="p")))).same


def test_an_order_is_found_by_patient_and_day(tmp_path: Path) -> None:
    told = listed(single(None, patient="p", on=date(2026, 3, 2)))
    assert only(beside(tmp_path, sent("a"), told)).same


def test_two_orders_of_one_patient_and_day_are_not_guessed_apart(tmp_path: Path) -> None:
    told = listed(single(None, patient="p", on=date(2026, 3, 2)))
    found = only(beside(tmp_path, [*sent("a"), *sent("b")], told)).singles or ()
    assert {d.how for d in found} == {How.ONLY_THERE, How.ONLY_HERE}


def test_a_list_without_answers_compares_the_denominator_alone(tmp_path: Path) -> None:
    one = only(beside(tmp_path, [*sent("a"), prescription("b")], listed(single("a", None), single("b", None))))
    assert one.ehr.numerator is None
    assert one.same


@pytest.fixture
def run(tmp_path: Path) -> Path:
    moved = [referral(), sending()]
    folder = written(tmp_path, [*sent("a"), *sent("h", reportedBoolean=True), *sent("n", requester=None), *moved])
    with read(Source(folder), load(2026), PERIOD) as reading:
        return write_run(tmp_path / "runs", reading)


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_the_command_prints_both_counts_the_difference_and_its_causes(run: Path, tmp_path: Path) -> None:
    told = tmp_path / "ehr.csv"
    told.write_text("measure,numerator,denominator,npi\ne-Prescribing,2,2,1234567893\nnonsense,1,1,\n")
    shown = invoke("compare", run, "--ehr-report", told, "--tin", A)
    assert shown.exit_code == 7, shown.stderr
    assert "the EHR's report is the number of record" in shown.stdout
    assert "recorded from elsewhere, not prescribed here: would explain it exactly" in shown.stdout
    assert "none of them is proof" in shown.stdout
    assert "line 3: measure: expected" in shown.stdout


def test_the_command_prints_one_json_document(run: Path, tmp_path: Path) -> None:
    told = tmp_path / "ehr.csv"
    told.write_text("measure,numerator,denominator\nPI_EP_1,1,1\n")
    shown = invoke("compare", run, "--ehr-report", told, "--npi", C, "--json")
    document = json.loads(shown.stdout)
    assert (shown.exit_code, document["schema"]) == (0, "pi180/compare/1")
    assert document["comparisons"][0]["ours"] == {"numerator": 1, "denominator": 1}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("PI_EP_1,1,1,2025-01-01,2025-12-31", "line 2: its days are not of 2026"),
        ("PI_EP_1,1,1,2026-01-02,2026-12-31", "The report counts 2026-01-02 to 2026-12-31"),
        ("PI_EP_1,1,1,,\nPI_EP_1,x,1,,", "line 3: numerator: expected"),
    ],
)
def test_what_is_of_other_days_or_cannot_be_read_is_no_agreement(
    run: Path, tmp_path: Path, row: str, told: str
) -> None:
    file = tmp_path / "ehr.csv"
    file.write_text(f"measure,numerator,denominator,start,end\n{row}\n")
    shown = invoke("compare", run, "--ehr-report", file, "--npi", C)
    assert shown.exit_code == 7, shown.stderr
    assert told in shown.stdout


def test_a_missing_report_is_refused_with_its_name(run: Path, tmp_path: Path) -> None:
    shown = invoke("compare", run, "--ehr-report", tmp_path / "none.csv")
    assert shown.exit_code == 2
    assert "none.csv: cannot be read" in shown.stderr


def test_nothing_is_written_beside_the_run(run: Path, tmp_path: Path) -> None:
    told = tmp_path / "ehr.csv"
    told.write_text("measure,patient,date,met\nPI_EP_1,MRN-77,2026-03-02,yes\n")
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    shown = invoke("compare", run, "--ehr-report", told, "--npi", C)
    assert "MRN-77" not in shown.stdout + shown.stderr
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_the_report_shows_a_typed_total_beside_ours_with_its_causes(tmp_path: Path) -> None:
    folder = written(tmp_path, [*sent("a"), *sent("h", reportedBoolean=True)])
    total = Reported(Proportion(2, 2, origin=Origin.REPORTED), "PI report", date(2026, 7, 1))
    attested = replace(ATTESTED, reporter=Reporter(A, C), reported={RX: total})
    row = report_of(folder, attested).page.by_id("beside-PI_EP_1")
    assert [cell.text for cell in row.all("td")][:3] == [
        "2 of 2 PI report, 2026-07-01",
        "1 of 1",
        "+1 in the numerator, +1 in the denominator",
    ]
    first = row.all("details")[0]
    assert first.all("summary")[0].text == "Left out here: recorded from elsewhere, not prescribed here exactly"
    assert "MedicationRequest/h" in first.text


def test_the_report_of_a_file_without_totals_says_how_to_compare(tmp_path: Path) -> None:
    found = report_of(written(tmp_path, sent("a")), replace(ATTESTED, reporter=Reporter(A, C)))
    [section] = [s for s in found.page.all("section") if s.attributes.get("aria-labelledby") == "beside"]
    assert "pi180 compare" in section.text
