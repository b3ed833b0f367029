"""Exclusions beside a score: what a practice may claim, on the page, in text and in JSON, claimed or not."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_page import ATTESTED, PERIOD, RULES, Shown, ndjson, read_page, shown

from scoring.exclusions import Exclusion, Standing
from scoring.model import MeasureId, Reporter, Severity
from smartapp.exports.cases_csv import cases_csv
from smartapp.kept.score_files import score_document_of
from smartapp.opened.evidence import case_rows
from smartapp.opened.explained import explain_measure, explain_record
from smartapp.printed.score import measure_explained, record_explained, scored_table
from smartapp.report.pages import render
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Source, read
from tests.extractors.practice import (
    CPT,
    MADE_BY_C,
    A,
    C,
    Json,
    coded,
    drug,
    fulfilment,
    prescription,
    ref,
    referral,
    resource,
    staff,
    transmission,
    visit,
)

OXYCODONE, LOSARTAN, TRAMADOL = "1049604", "979492", "835603"
NEW = {"type": [coded(CPT, "99203")]}
MINE = replace(ATTESTED, reporter=Reporter(A, C), answers={})


def claiming(*exclusions: str) -> Any:
    return replace(MINE, answers={MeasureId(name): True for name in exclusions})


@contextmanager
def scored_of(folder: Path, *resources: Mapping[str, Any], attested: Any = MINE, site: str = "") -> Iterator[Scored]:
    (folder / "site.toml").write_text(site)
    ndjson(folder, *staff(), *resources)
    with read(Source(folder, folder / "site.toml"), RULES, PERIOD) as reading:
        yield score_reading(reading, attested)


def exclusion(scored: Scored, name: str) -> Exclusion:
    return next(one for one in scored.exclusions if one.exclusion == name)


def codes(scored: Scored) -> set[tuple[str, str]]:
    return {(finding.code, finding.subject) for finding in scored.score.findings if finding.code in _ABOUT}


_ABOUT = {"F-218", "F-311", "F-312", "F-314"}


def immunization(name: str, **elements: Any) -> Json:
    given = {
        "status": "completed",
        "vaccineCode": {"text": "influenza"},
        "patient": ref("Patient/p"),
        "occurrenceDateTime": "2026-03-02",
        "primarySource": True,
        "performer": [{"actor": ref(MADE_BY_C)}],
    }
    return resource("Immunization", name, **{**given, **elements})


def prescriptions(number: int, code: str, prefix: str) -> list[Json]:
    return [prescription(f"{prefix}{n}", medicationCodeableConcept=drug(code)) for n in range(number)]


def new_patients(number: int) -> list[Json]:
    return [visit(f"v{n}", subject=ref(f"Patient/p{n}"), **NEW) for n in range(number)]


SHOWS_ALL = [resource("ServiceRequest", "lab", status="active", intent="order", subject=ref("Patient/p"))]


@pytest.mark.parametrize(
    ("number", "standing", "told"),
    [(99, Standing.AVAILABLE, set()), (100, Standing.NOT_AVAILABLE, {("F-218", "PI_LVITC_2")})],
)
@pytest.mark.case(76)
def test_new_patients_without_a_document_decide_low_volume_receiving(
    tmp_path: Path, number: int, standing: Standing, told: set[tuple[str, str]]
) -> None:
    seen = [*new_patients(number), *SHOWS_ALL]
    with scored_of(tmp_path, *seen, attested=claiming("PI_LVITC_2")) as scored:
        assert exclusion(scored, "PI_LVITC_2").standing is standing
        assert codes(scored) == told


def test_where_history_is_not_proven_the_most_possible_is_large(tmp_path: Path) -> None:
    seen = [visit(f"v{n}", subject=ref(f"Patient/p{n}")) for n in range(100)]
    with scored_of(tmp_path, *seen, *SHOWS_ALL, attested=claiming("PI_LVITC_2")) as scored:
        found = exclusion(scored, "PI_LVITC_2")
        assert (str(found.count), found.standing) == ("0 to 100", Standing.UNDECIDED)
        assert codes(scored) == {("F-311", "PI_LVITC_2")}


def test_a_source_that_shows_no_context_is_said_not_to_count_any(tmp_path: Path) -> None:
    with scored_of(tmp_path, prescription(), attested=claiming("PI_LVITC_2")) as scored:
        found = exclusion(scored, "PI_LVITC_2")
        assert (found.count, found.standing) == (None, Standing.UNCOUNTED)
        assert codes(scored) == {("F-312", "PI_LVITC_2")}
        row = read_page(render(scored, [])).by_id("exclusion-PI_LVITC_2")
        assert "cannot be counted" in row.text
        assert not [a for a in row.all("a") if a.attributes["href"].startswith("#measure")]


def test_what_a_source_could_not_show_leaves_a_count_without_an_end(tmp_path: Path) -> None:
    """Visits alone: referrals received are in no resource that came, unless the site vouches that there were none."""
    with scored_of(tmp_path, *new_patients(3)) as scored:
        found = exclusion(scored, "PI_LVITC_2")
        assert (str(found.count), found.standing) == ("3 or more", Standing.UNDECIDED)
        assert (
            "This source shows no referral-received" in read_page(render(scored, [])).by_id("exclusion-PI_LVITC_2").text
        )
        assert "PI_LVITC_2: this source shows no referral-received" in scored_table(scored)
    vouched = 'closed_world = ["referral-received"]'
    with scored_of(tmp_path, *new_patients(3), site=vouched) as scored:
        assert exclusion(scored, "PI_LVITC_2").standing is Standing.AVAILABLE


def test_an_order_that_names_nobody_may_be_anyones(tmp_path: Path) -> None:
    nobodys = [prescription(f"u{n}", requester=None) for n in range(2)]
    with scored_of(tmp_path, *prescriptions(98, LOSARTAN, "rx"), *nobodys) as scored:
        found = exclusion(scored, "PI_LVPP_1")
        assert (str(found.count), found.standing) == ("98 to 100", Standing.UNDECIDED)
        assert "2 of the most possible may be another's" in scored_table(scored)


@pytest.mark.case("X1-6")
@pytest.mark.parametrize("variant", ["controlled-included", "controlled-excluded"])
def test_110_with_and_60_without_controlled_substances_are_both_shown(tmp_path: Path, variant: str) -> None:
    orders = [*prescriptions(60, LOSARTAN, "l"), *prescriptions(50, TRAMADOL, "t")]
    with scored_of(tmp_path, *orders, attested=replace(MINE, variant=variant)) as scored:
        found = exclusion(scored, "PI_LVPP_1")
        both = [(found.count, found.standing), *found.others]
        assert {(str(count), standing) for count, standing in both} == {
            ("110", Standing.NOT_AVAILABLE),
            ("60", Standing.AVAILABLE),
        }
        [finding] = [f for f in scored.score.findings if f.code == "F-314"]
        assert (finding.severity, "110 with" in finding.message, "60 with" in finding.message) == (
            Severity.WARNING,
            True,
            True,
        )
        row = read_page(render(scored, [])).by_id("exclusion-PI_LVPP_1").text
        assert "110 not available" in row
        assert "60 available" in row


@pytest.mark.parametrize(
    ("how", "standing", "told"),
    [
        pytest.param(
            [fulfilment("failed")], Standing.AVAILABLE, set(), marks=pytest.mark.case("X13-3"), id="X13-3 printed"
        ),
        pytest.param([], Standing.UNDECIDED, {("F-311", "PI_EP_2_EX_2")}, id="not shown whether it was sent"),
        pytest.param([transmission()], Standing.NOT_AVAILABLE, {("F-218", "PI_EP_2_EX_2")}, id="sent"),
    ],
)
def test_a_clinician_who_e_prescribed_none_in_scope_may_claim_it(
    tmp_path: Path, how: list[Json], standing: Standing, told: set[tuple[str, str]]
) -> None:
    order = prescription(medicationCodeableConcept=drug(OXYCODONE))
    with scored_of(tmp_path, order, *how, attested=claiming("PI_EP_2_EX_2")) as scored:
        assert exclusion(scored, "PI_EP_2_EX_2").standing is standing
        assert codes(scored) == told


def test_printed_prescriptions_in_scope_only_hint_at_what_the_law_forbids(tmp_path: Path) -> None:
    order = prescription(medicationCodeableConcept=drug(OXYCODONE))
    with scored_of(tmp_path, order, fulfilment("failed"), attested=claiming("PI_EP_2_EX_1")) as scored:
        found = exclusion(scored, "PI_EP_2_EX_1")
        assert (str(found.count), found.standing, codes(scored)) == ("1", Standing.NOT_IN_DATA, set())
        assert "PI_EP_2_EX_1: 1 prescriptions of Schedule II opioids" in scored_table(scored)


def test_immunizations_of_the_practice_refuse_the_claim_and_open_to_their_records(tmp_path: Path) -> None:
    """A nurse of the practice gave one: whoever of the practice claims it, the practice gives immunizations."""
    nurse = [resource("Practitioner", "nurse"), immunization("two", performer=[{"actor": ref("Organization/a")}])]
    source = [visit(), *nurse, immunization("one"), immunization("old", occurrenceDateTime="2025-03-02")]
    with scored_of(tmp_path, *source, attested=claiming("PI_PHCDRR_1_EX_1")) as scored:
        [finding] = [f for f in scored.score.findings if f.code == "F-218"]
        assert "2 are counted" in finding.message
        assert "its records stand under PI_PHCDRR_1_EX_1" in finding.remedy
        page = shown(scored).page
        assert page.by_id("measure-PI_PHCDRR_1_EX_1").text.count("Immunization/") >= 2
        rows = [r.focus for r in case_rows(scored.reading) if r.measure == "PI_PHCDRR_1_EX_1"]
        assert rows == ["Immunization/one", "Immunization/two"]


def test_no_immunization_on_record_gives_nothing(tmp_path: Path) -> None:
    told = immunization("told", primarySource=False)
    with scored_of(tmp_path, visit(), told, attested=claiming("PI_PHCDRR_1_EX_1")) as scored:
        assert exclusion(scored, "PI_PHCDRR_1_EX_1").standing is Standing.UNCOUNTED
        assert codes(scored) == set()


@pytest.mark.parametrize("confirmed", [True, False])
def test_confirmed_diagnoses_hint_and_refuse_nothing(tmp_path: Path, confirmed: bool) -> None:
    status = [coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed")] if confirmed else []
    diagnosis = resource("Condition", "one", subject=ref("Patient/p"), code={"text": "measles"})
    diagnosis |= {"verificationStatus": status[0]} if status else {}
    with scored_of(tmp_path, visit(), diagnosis, attested=claiming("PI_PHCDRR_3_EX_1")) as scored:
        found = exclusion(scored, "PI_PHCDRR_3_EX_1")
        assert ("Confirmed diagnoses are among what was read." in found.text) is confirmed
        assert (found.standing, codes(scored)) == (Standing.NOT_IN_DATA, set())


def test_a_nurse_who_gives_immunizations_does_not_make_the_reporter_unclear(tmp_path: Path) -> None:
    nurse = resource(
        "Practitioner", "n", identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1112223334"}]
    )
    given = immunization("one", performer=[{"actor": ref("Practitioner/n")}])
    with scored_of(tmp_path, visit(), nurse, given, attested=replace(MINE, reporter=None)) as scored:
        assert scored.submission.reporter == Reporter(A, C)


def test_what_an_exclusion_counts_earns_nothing_and_is_not_submitted(solo: Shown) -> None:
    counted = {"PI_LVITC_2", "PI_EP_2_EX_1", "PI_PHCDRR_1_EX_1"}
    assert counted & set(solo.scored.submission.proportions) == set()
    assert counted & {line.measure for line in solo.scored.score.lines} == set()


def test_every_exclusion_of_the_year_is_on_the_page_claimed_or_not(solo: Shown) -> None:
    section = solo.page.by_id("exclusions")
    named = {e.attributes["id"] for e in solo.page.walk() if e.attributes.get("id", "").startswith("exclusion-")}
    assert named == {f"exclusion-{one.exclusion}" for one in solo.scored.exclusions}
    assert section.tag == "h2"
    row = solo.page.by_id("exclusion-PI_LVITC_2")
    [link] = [a for a in row.all("a") if a.attributes["href"].startswith("#measure")]
    assert (link.text, link.attributes["href"]) == ("66", "#measure-PI_LVITC_2")
    assert "available" in row.text


def test_text_and_json_say_the_same_of_each_exclusion(solo: Shown) -> None:
    text = scored_table(solo.scored)
    document: Any = json.loads(json.dumps(score_document_of(solo.scored)))["exclusions"]
    by_id = {entry["exclusion"]: entry for entry in document}
    assert [entry["exclusion"] for entry in document] == [one.exclusion for one in solo.scored.exclusions]
    receiving = by_id["PI_LVITC_2"]
    assert (receiving["count"]["certain"], receiving["count"]["possible"], receiving["standing"]) == (
        66,
        66,
        "available",
    )
    assert [row.split()[:4] for row in text.splitlines() if row.startswith("PI_LVITC_2 ")] == [
        ["PI_LVITC_2", "66", "100", "available"]
    ]
    assert by_id["PI_LVPP_1"]["other_bases"][0]["basis"] == "controlled substances left out"


def test_a_context_opens_by_measure_by_record_and_in_the_spreadsheet(tmp_path: Path) -> None:
    asked = referral("asked", requester=ref("Organization/elsewhere"), performer=[ref(MADE_BY_C)])
    with scored_of(tmp_path, visit(**NEW), asked) as scored:
        measure = measure_explained(scored.reading, explain_measure(scored.reading, "PI_LVITC_2", A, C))
        record = record_explained(explain_record(scored.reading, "Encounter/visit", A, C))
        rows = list(csv.DictReader(io.StringIO(cases_csv(case_rows(scored.reading)))))
    assert "a transition or referral received, or a patient never seen before" in measure
    assert "PI_LVITC_2" in record
    assert "all.ndjson:" in record
    assert [row["focus"] for row in rows if row["measure"] == "PI_LVITC_2"] == ["Encounter/visit"]
