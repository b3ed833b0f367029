import gzip
import itertools
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from report_page import ATTESTED, PERIOD, RULES, Element, Shown, read_page, report_of, shown

from scoring.explain import as_document
from scoring.model import Origin, OtherReading, Reporter
from smartapp import paths
from smartapp.opened.casebook import ANSWERS, STANDINGS, Standing, grouped
from smartapp.opened.evidence import CaseRow
from smartapp.report.case_list import SHOWN
from smartapp.report.glossary import WORDS
from smartapp.report.pages import render
from smartapp.report.words import percent
from smartapp.scored import score_reading
from smartapp.usecases import Source, read

DECKS = [f"scenario-1/{name}" for name in ("rt1", "rt2a", "rt7", "rt15")] + ["scenario-1-2/rt2a"]


def numbers(element: Element) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", element.text)]


def cases_in(page: Element, anchor: str) -> int:
    return len(page.by_id(anchor).all("tr", "case"))


def test_the_points_of_the_page_are_those_of_the_score_and_add_up(solo: Shown) -> None:
    score = as_document(solo.scored.score)
    lines: Any = score["lines"]
    earned = {
        line["measure"]: solo.page.by_id(f"line-{line['measure']}").all("strong", "earned-points") for line in lines
    }
    assert {name: int(cell.text) for name, [cell] in earned.items()} == {
        line["measure"]: line["earned"] for line in lines
    }
    total, capped, after = (numbers(row)[-1] for row in solo.page.all("tfoot")[0].all("tr"))
    assert total == sum(line["earned"] for line in lines)
    assert (capped, after) == (score["before_gate"], score["points"])
    assert solo.page.all("span", "big")[0].text == str(score["points"])
    assert f"Up to {score['up_to']} if every unknown is met" in solo.page.text


def test_the_counts_of_the_lines_are_those_that_were_scored(solo: Shown) -> None:
    for measure, counted in solo.scored.submission.proportions.items():
        cell = solo.page.by_id(f"line-{measure}").all("td")[0]
        hidden = [n for n in (counted.unknown, counted.undecided) if n]
        assert numbers(cell) == [counted.met, counted.denominator, *hidden]


def test_every_link_within_the_page_has_its_one_anchor(solo: Shown, prescriptions: Shown) -> None:
    for page in (solo.page, prescriptions.page):
        ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
        links = {a.attributes["href"][1:] for a in page.all("a") if a.attributes["href"].startswith("#")}
        assert len(ids) == len(set(ids))
        assert links <= set(ids)


def test_every_count_of_a_line_is_a_link_to_its_rows(solo: Shown) -> None:
    for measure, counted in solo.scored.submission.proportions.items():
        [met] = solo.page.by_id(f"line-{measure}").all("a", "met")
        anchor = met.attributes["href"][1:]
        if counted.origin is Origin.RECOMPUTED:
            assert cases_in(solo.page, anchor) == counted.met
        else:
            assert "From the EHR's report" in solo.page.by_id(anchor).text


def reports_of_all_reporters(folder: Path) -> Iterator[Shown]:
    with read(Source(folder), RULES, PERIOD) as reading:
        for tin, npi in sorted({(t.tin, t.npi) for t in reading.tallies}, key=str):
            yield shown(score_reading(reading, replace(ATTESTED, reporter=Reporter(tin, npi))))


def check_rows(found: Shown) -> None:
    reporter = found.scored.submission.reporter
    for tally in found.scored.reading.tallies:
        if (tally.tin, tally.npi) != (reporter.tin, reporter.npi):
            continue
        rows = {s: cases_in(found.page, f"measure-{tally.measure}-{tally.variant}-{s}") for s in Standing}
        not_met = tally.denominator - tally.met - tally.unknown
        assert rows == {"met": tally.met, "unknown": tally.unknown, "not_met": not_met, "undecided": tally.undecided}


@pytest.mark.parametrize("deck", DECKS)
def test_the_rows_of_every_section_add_up_to_its_tally_for_clinicians_and_groups(deck: str) -> None:
    for found in reports_of_all_reporters(paths.fixture("onc-deck") / deck):
        check_rows(found)


def test_the_rows_of_a_practice_with_everything_add_up_too(solo: Shown) -> None:
    check_rows(solo)


def visit(focus: str, counts: str, met: str) -> CaseRow:
    return CaseRow(
        "PI_PEA_1",
        "all",
        "1",
        "2",
        focus,
        f"f:{focus}",
        "Patient/a",
        "2026-01-05",
        counts,
        counts,
        met,
        None,
        met,
        (),
        "Patient/a",
    )


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([("counts", "met"), ("counts", "met")], Standing.MET),
        ([("counts", "met"), ("counts", "unknown")], Standing.UNKNOWN),
        ([("counts", "unknown"), ("counts", "not_met"), ("counts", "met")], Standing.NOT_MET),
        ([("undecided", "not_met"), ("counts", "met")], Standing.UNKNOWN),
        ([("undecided", "met"), ("counts", "met")], Standing.MET),
        ([("undecided", "met")], Standing.UNDECIDED),
    ],
)
def test_a_patient_is_one_row_and_as_good_as_the_worst_visit(visits: list[tuple[str, str]], expected: Standing) -> None:
    groups = grouped("a", [visit(str(n), *words) for n, words in enumerate(visits)])
    assert {g.standing: len(g.cases) for g in groups} == {s: int(s is expected) for s in Standing}
    [case] = next(g for g in groups if g.standing is expected).cases
    assert (case.focus, len(case.occurrences)) == ("Patient/a", len(visits))


def test_what_is_not_met_is_never_said_not_to_count_for_it_is_in_the_denominator() -> None:
    assert ANSWERS[Standing.NOT_MET] == "not met"
    assert STANDINGS[Standing.NOT_MET] == "Not met: in the denominator, not in the numerator"
    said = [*ANSWERS.values(), *STANDINGS.values(), *SHOWN.values(), *(word for entry in WORDS for word in entry)]
    assert [text for text in said if re.search("does not count|do not count", text, re.IGNORECASE)] == []


def test_evidence_names_kind_answer_resource_place_and_rule_and_shows_what_is_missing(prescriptions: Shown) -> None:
    evidence = prescriptions.page.all("ul", "evidence")
    assert any(
        re.search(
            r"prescription-transmitted : met by Provenance/\S+ at Provenance.ndjson:\d+ , 2026-\d\d-\d\d", found.text
        )
        for found in evidence
    )
    assert any("nothing on record" in found.text for found in evidence)


def test_both_ways_to_count_prescriptions_stand_side_by_side_with_the_chosen_one_marked(prescriptions: Shown) -> None:
    [table] = prescriptions.page.by_id("measure-PI_EP_1").all("table", "tally")
    marks = [[tag.text for tag in row.all("span", "tag")] for row in table.all("tr") if row.all("td")]
    assert marks == [["chosen"], ["not chosen"]]


def test_an_input_that_is_not_whole_blocks_the_score_and_shows_no_points(tmp_path: Path) -> None:
    whole = gzip.compress((paths.fixture("onc-deck") / "scenario-1/rt1/MedicationRequest.ndjson").read_bytes())
    (tmp_path / "orders.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    found = report_of(tmp_path)
    assert "Score blocked" in found.page.by_id("blocked").text
    assert all(fault in found.page.text for fault in found.scored.reading.faults)
    assert "No score" in found.page.text
    assert not found.page.all("strong", "earned-points")
    assert "of 100 points" not in found.page.text


def test_what_cannot_be_determined_is_named_and_is_no_zero(prescriptions: Shown) -> None:
    score = prescriptions.scored.score
    assert not score.determinable
    assert not score.gate_shut
    assert "Not determinable" in prescriptions.page.all("p", "points-word")[0].text
    line = prescriptions.page.by_id("line-PI_PEA_1")
    assert "cannot be read from this server" in line.text
    assert "not determinable" in line.text
    assert not line.all("strong", "earned-points")
    [drawn] = [row for row in prescriptions.page.all("table")[0].all("tr") if "Provider to Patient" in row.text]
    assert [cell.text for cell in drawn.all("td")] == ["not determinable", "25", "0", "25"]


def test_a_gate_that_is_shut_says_what_to_do_and_by_which_rule() -> None:
    bare = replace(ATTESTED, cehrt_id=None, answers={})
    found = report_of(paths.fixture("onc-deck") / "scenario-1" / "rt1", bare)
    text = found.page.text
    errors = [f for f in found.scored.score.findings if f.severity == "error"]
    listed = found.page.by_id("gate")
    assert str(len(errors)) in listed.text
    assert all(e.message in text and e.remedy in text for e in errors)
    assert found.page.all("span", "big")[0].text == "0"


def test_each_finding_says_by_when_and_how_far_off_only_where_a_day_is_asked_from() -> None:
    bare = replace(ATTESTED, answers={})
    with read(Source(paths.fixture("onc-deck") / "scenario-1" / "rt1"), RULES, PERIOD) as reading:
        scored = score_reading(reading, bare)
        plain, told = (read_page(render(scored, [], as_of)).text for as_of in (None, date(2026, 11, 22)))

    assert all(finding.by for finding in scored.score.findings)
    assert plain.count("By when:") == told.count("By when:") == len(scored.score.findings)
    assert "December 31, 2026 (in 39 days)" in told
    assert "(in 39 days)" not in plain
    assert "Days counted from" not in plain


def test_another_reading_and_a_provisional_year_stand_beside_the_score(prescriptions: Shown) -> None:
    text = "What the year lacks."
    score = replace(prescriptions.scored.score, provisional=text, other_readings=(OtherReading("A doubt.", 41),))
    with read(Source(paths.fixture("onc-deck") / "scenario-1" / "rt1"), RULES, PERIOD) as reading:
        scored = score_reading(reading, ATTESTED)
        said = read_page(render(replace(scored, score=score), [])).text

    assert text in said
    assert "41 points. A doubt." in " ".join(said.split())
    assert "read otherwise" not in prescriptions.page.text


def test_a_total_of_the_ehrs_report_is_labelled_and_stands_beside_the_recomputed_one(solo: Shown) -> None:
    report = solo.page.by_id("measure-PI_HIE_4-report").text
    assert "From the EHR's report 27 of 38 (71.1%)" in report
    assert "Promoting Interoperability report, run 2026-11-20" in report
    [table] = solo.page.by_id("measure-PI_HIE_4").all("table", "tally")
    assert "Recomputed from FHIR" in table.text
    assert "not known" in table.text
    assert "from the EHR's report" in solo.page.by_id("line-PI_HIE_4").text


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (Fraction(2, 3), "66.7%"),
        (Fraction(1, 8), "12.5%"),
        (Fraction(1), "100.0%"),
        (Fraction(0), "0.0%"),
        (Fraction(9999, 10000), "over 99.9%"),
        (Fraction(1, 10000), "under 0.1%"),
        (Fraction(1, 2000), "0.1%"),
        (None, "no rate: nothing was eligible"),
    ],
)
def test_a_rate_has_one_decimal_and_what_is_not_all_never_looks_like_all(rate: Fraction | None, words: str) -> None:
    assert percent(rate) == words


def test_the_page_promises_nothing(solo: Shown) -> None:
    assert not re.search(r"complian|guarante", solo.page.text, re.IGNORECASE)
    assert "not a CMS product, and not certified EHR technology. It prepares and explains" in solo.page.text


def test_the_page_can_be_walked_by_headings_landmarks_and_captions(solo: Shown) -> None:
    levels = [int(e.tag[1]) for e in solo.page.walk() if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert len(solo.page.all(landmark)) == 1
    for table in solo.page.all("table"):
        assert len(table.all("caption")) == 1
        assert all(th.attributes.get("scope") in ("row", "col") for th in table.all("th"))
    for drawing in (svg for svg in solo.page.all("svg") if svg.attributes.get("role") == "img"):
        assert drawing.all("title")[0].text


def test_the_basis_names_every_digest(solo: Shown) -> None:
    reading, text = solo.scored.reading, solo.page.text
    for digest in (reading.fingerprint, reading.rules.digest, reading.profile.digest, reading.site.digest):
        assert digest in text
    assert all(record.file in text and record.sha256 in text for record in reading.files)
