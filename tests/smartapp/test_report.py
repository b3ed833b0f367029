import gzip
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from report_page import Element, read_page

from scoring.explain import as_document
from scoring.model import MeasureId, Origin, Period, Proportion, Reporter
from scoring.rulebook import load
from smartapp import paths
from smartapp.attestations import Attestations, Reported, read_attestations
from smartapp.evidence import CaseRow, case_rows
from smartapp.report import render
from smartapp.report.casebook import Standing, grouped
from smartapp.report.words import percent
from smartapp.usecases import Scored, Source, read, score_reading

RULES = load(2026)
PERIOD = Period(date(2026, 1, 1), date(2026, 6, 29))
DECKS = [f"scenario-1/{name}" for name in ("rt1", "rt2a", "rt7", "rt15")] + ["scenario-1-2/rt2a"]
YES = ("PI_EP_2", "PI_HIE_5", "PI_PHCDRR_1", "PI_PHCDRR_1_PROD", "PI_PHCDRR_3", "PI_PHCDRR_3_PROD")
ALL_YES = {MeasureId(name): True for name in (*YES, *RULES.gate.attestations)}
ATTESTED = Attestations(
    2026, Reporter("991111111", "1093817465"), None, "0015CABCDEF1234", ALL_YES, {}, "controlled-included"
)


@dataclass
class Shown:
    scored: Scored
    rows: list[CaseRow]
    html: str
    page: Element


def shown(scored: Scored) -> Shown:
    rows = case_rows(scored.reading)
    html = render(scored, rows)
    return Shown(scored, rows, html, read_page(html))


def report_of(folder: Path, attested: Attestations = ATTESTED) -> Shown:
    with read(Source(folder), RULES, PERIOD) as reading:
        return shown(score_reading(reading, attested))


def ndjson(folder: Path, *resources: Mapping[str, Any], name: str = "all.ndjson") -> Path:
    (folder / name).write_text("".join(json.dumps(resource) + "\n" for resource in resources))
    return folder


@pytest.fixture(scope="module")
def solo() -> Shown:
    folder = paths.fixture("solo-2026")
    attested = read_attestations(folder / "attestations.toml", RULES)
    with read(Source(folder, folder / "site.toml"), RULES, attested.period or PERIOD) as reading:
        return shown(score_reading(reading, attested))


@pytest.fixture(scope="module")
def prescriptions() -> Shown:
    return report_of(paths.fixture("onc-deck") / "scenario-1" / "rt1")


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
        "PI_PEA_1", "all", "1", "2", focus, f"f:{focus}", "Patient/a", "2026-01-05", counts, met, None, met, ()
    )


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        ([("counts", "met"), ("counts", "met")], Standing.MET),
        ([("counts", "met"), ("counts", "unknown")], Standing.UNKNOWN),
        ([("counts", "unknown"), ("counts", "not_met"), ("counts", "met")], Standing.NOT_MET),
        ([("undecided", "not_met"), ("counts", "met")], Standing.MET),
        ([("undecided", "met")], Standing.UNDECIDED),
    ],
)
def test_a_patient_is_one_row_and_as_good_as_the_worst_visit(visits: list[tuple[str, str]], expected: Standing) -> None:
    groups = grouped("a", [visit(str(n), *words) for n, words in enumerate(visits)])
    assert {g.standing: len(g.cases) for g in groups} == {s: int(s is expected) for s in Standing}
    [case] = next(g for g in groups if g.standing is expected).cases
    assert (case.focus, len(case.occurrences)) == ("Patient/a", len(visits))


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


HOSTILE = '<script>alert("x")</script>{{7*7}}'


def test_hostile_text_of_a_server_or_a_person_is_shown_and_never_run(tmp_path: Path) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": '<img src=x onerror="alert(1)">{{7*7}}',
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/<b>p"},
        "authoredOn": "2026-02-02",
        "requester": {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1093817465"},
        "medicationCodeableConcept": {
            "text": HOSTILE,
            "coding": [{"system": HOSTILE, "code": HOSTILE, "display": HOSTILE}],
        },
    }
    folder = ndjson(tmp_path, order, {"resourceType": HOSTILE}, name="<i>orders.ndjson")
    reported = {MeasureId("PI_EP_1"): Reported(Proportion(1, 2, origin=Origin.REPORTED), HOSTILE, date(2026, 7, 1))}
    found = report_of(folder, replace(ATTESTED, reporter=Reporter(None, "1093817465"), reported=reported))
    assert not [e.tag for e in found.page.walk() if e.tag in ("script", "img", "b", "i")]
    assert "MedicationRequest/<img src=x onerror=" in found.page.text
    assert "{{7*7}}" in found.page.text
    assert "<i>orders.ndjson:1" in found.page.text


def test_no_name_birth_date_or_record_number_of_a_patient_is_on_the_page(solo: Shown, prescriptions: Shown) -> None:
    for found, folder in ((solo, "solo-2026"), (prescriptions, "onc-deck/scenario-1/rt1")):
        text = (paths.fixture(folder) / "Patient.ndjson").read_text()
        words = set(re.findall(r"[\w-]+", found.page.text))
        for patient in map(json.loads, text.splitlines()):
            names = [word for name in patient["name"] for word in (name["family"], *name["given"])]
            private = {*names, patient["birthDate"], *(i["value"] for i in patient.get("identifier", ()))}
            assert not private & words


def test_a_record_number_in_a_reference_is_left_out(tmp_path: Path) -> None:
    seen = {
        "resourceType": "Encounter",
        "id": "v1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient?identifier=urn:mrn|MRN-77"},
        "participant": [
            {"individual": {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1093817465"}}
        ],
        "period": {"start": "2026-02-02T09:00:00-05:00", "end": "2026-02-02T09:30:00-05:00"},
    }
    found = report_of(ndjson(tmp_path, seen), replace(ATTESTED, reporter=Reporter(None, "1093817465")))
    assert "MRN-77" not in found.html
    assert "Patient?identifier=(not shown)" in found.page.text


def test_the_page_loads_nothing_and_runs_nothing(solo: Shown) -> None:
    active = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert not [e.tag for e in solo.page.walk() if e.tag in active]
    assert not [name for e in solo.page.walk() for name in e.attributes if name.startswith("on") or name == "src"]
    assert all(re.match(r"#|https://", a.attributes["href"]) for a in solo.page.all("a"))
    assert not re.search(r"@import|url\((?!#)", solo.page.all("style")[0].text)


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
    assert "Independent software, not a CMS product. It prepares and explains; a person attests." in solo.page.text


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
