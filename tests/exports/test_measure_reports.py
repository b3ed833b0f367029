"""The Bundle of MeasureReports: valid R4, as the profile asks, and with the same figures as the submission."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from filed import MADE, SAMPLES, document, pi_set, reported

from extractors import validation
from scoring.model import Proportion
from scoring.rulebook import load
from smartapp.exports import deqm
from smartapp.exports.measure_report import CANONICAL, measure_reports, write_measure_reports
from tests.scoring.reported import complete, counting

Json = dict[str, Any]


def of_type(bundle: Json, kind: str) -> list[Json]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def bundle_of(code: str = "MIPS_GROUP") -> Json:
    return measure_reports(reported(2026, code), load(2026), MADE)


PROPORTION = of_type(bundle_of(), "MeasureReport")[0]
ATTESTATION = next(one for one in of_type(bundle_of(), "MeasureReport") if "improvementNotation" not in one)


@pytest.mark.parametrize("code", ["MIPS_GROUP", "MIPS_INDIV", "MIPS_SUBGROUP", "MIPS_VIRTUALGROUP", "MIPS_APMENTITY"])
def test_the_bundle_is_valid_and_as_the_profile_asks_for_every_entity(code: str) -> None:
    bundle = bundle_of(code)

    assert validation.departures([bundle]) == {}
    assert [deqm.departures(report) for report in of_type(bundle, "MeasureReport") if deqm.departures(report)] == []
    assert json.loads(write_measure_reports(reported(2026, code), load(2026), MADE)) == json.loads(json.dumps(bundle))


def test_every_reported_measure_has_a_report_with_its_figures() -> None:
    values = {one["measureId"]: one["value"] for one in pi_set(document(reported(2026, "MIPS_GROUP")))["measurements"]}
    told: dict[str, object] = {}
    for report in of_type(bundle_of(), "MeasureReport"):
        (group,) = report["group"]
        counts = {population["id"]: population["count"] for population in group["population"]}
        answer = [e["valueBoolean"] for e in group["measureScore"].get("extension", [])]
        name = report["measure"].removeprefix(CANONICAL).partition("|")[0]
        told[name] = answer[0] if answer else {key: counts[key] for key in ("numerator", "denominator")}

    assert told == values


def test_who_was_looked_at_is_the_denominator_of_a_rate_and_one_for_an_answer() -> None:
    for report in of_type(bundle_of(), "MeasureReport"):
        counts = {one["id"]: one["count"] for one in report["group"][0]["population"]}
        assert counts["initial-population"] == counts.get("denominator", 1)


def test_groups_and_populations_of_a_report_link_to_those_of_its_measure() -> None:
    bundle = bundle_of()
    measures = {one["name"]: one["group"][0] for one in of_type(bundle, "Measure")}
    for report in of_type(bundle, "MeasureReport"):
        (group,) = report["group"]
        asked = measures[report["measure"].removeprefix(CANONICAL).partition("|")[0]]
        assert link_ids(group, deqm.GROUP_LINK) == link_ids(asked, deqm.MEASURE_GROUP_LINK)
        links = [link_ids(one, deqm.POPULATION_LINK) for one in group["population"]]
        assert links == [link_ids(one, deqm.MEASURE_POPULATION_LINK) for one in asked["population"]]


def link_ids(element: Json, url: str) -> list[str]:
    """The link ids under a url; at least one."""
    found = [one["valueString"] for one in element["extension"] if one["url"] == url]
    assert found
    return found


def test_a_rate_is_the_share_that_is_met_and_there_is_none_of_nothing() -> None:
    submission = counting(counting(complete(2026), "PI_EP_1", Proportion(1, 3)), "PI_PEA_1", Proportion(0, 0))
    reports = of_type(measure_reports(submission, load(2026), MADE), "MeasureReport")
    scores = {one["measure"]: one["group"][0].get("measureScore") for one in reports}

    assert scores[f"{CANONICAL}PI_EP_1|2026"] == {"value": 1 / 3}
    assert scores[f"{CANONICAL}PI_PEA_1|2026"] is None


def test_every_reference_and_canonical_leads_to_a_resource_of_the_bundle() -> None:
    bundle = bundle_of("MIPS_INDIV")
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    (role,) = of_type(bundle, "PractitionerRole")
    pointers = [role["practitioner"], role["organization"], *(r["reporter"] for r in of_type(bundle, "MeasureReport"))]

    assert len(set(urls)) == len(urls)
    assert {pointer["reference"] for pointer in pointers} <= set(urls)
    known = {f"{measure['url']}|{measure['version']}" for measure in of_type(bundle, "Measure")}
    assert {report["measure"] for report in of_type(bundle, "MeasureReport")} == known


def test_our_measures_are_of_their_year_and_say_that_cms_did_not_publish_them() -> None:
    for measure in of_type(bundle_of(), "Measure"):
        assert measure["effectivePeriod"] == {"start": "2026-01-01", "end": "2026-12-31"}
        assert "not published by CMS" in measure["publisher"]


def test_the_cehrt_id_and_the_program_stand_in_every_report() -> None:
    for report in of_type(bundle_of(), "MeasureReport"):
        stated = {one["url"]: one.get("valueIdentifier", {}).get("value") for one in report["extension"]}
        assert (stated[deqm.CERTIFICATION], stated[deqm.PROGRAM]) == ("0015CABCDEFGHIJ", "mips")


@pytest.mark.parametrize("name", ["summ-PI", "summ-measurereport01"])
def test_examples_of_hl7_load_and_are_as_the_profile_asks(name: str) -> None:
    report = json.loads((SAMPLES / f"MeasureReport-{name}.json").read_text())

    assert (validation.departures([report]), deqm.departures(report)) == ({}, [])


def test_the_attestation_of_hl7_lacks_only_the_link_ids_that_its_guide_says_it_lacks() -> None:
    report = json.loads((SAMPLES / "MeasureReport-attestation-boolean.json").read_text())

    assert (validation.departures([report]), deqm.departures(report)) == ({}, [deqm.LINK_MISSING])


def without(report: Json, *names: str) -> Json:
    return {name: value for name, value in report.items() if name not in names}


def group_with(report: Json, **fields: object) -> Json:
    changed = deepcopy(report)
    changed["group"][0].update(fields)
    return changed


def population_with(**fields: object) -> Json:
    changed = deepcopy(PROPORTION)
    changed["group"][0]["population"][0].update(fields)
    return changed


def count_missing() -> Json:
    changed = deepcopy(PROPORTION)
    del changed["group"][0]["population"][0]["count"]
    return changed


SPOILED: dict[str, Callable[[], Json]] = {
    "the type is not summary": lambda: {**PROPORTION, "type": "individual"},
    "the measure is named without a version (deqm-0)": lambda: {**PROPORTION, "measure": f"{CANONICAL}PI_EP_1"},
    "there is no date": lambda: without(PROPORTION, "date"),
    "there is no reporter": lambda: without(PROPORTION, "reporter"),
    "the period is not given to the day (deqm-1)": lambda: {
        **PROPORTION,
        "period": {"start": "2026-01", "end": "2026-12-31"},
    },
    "a rate without improvementNotation (deqm-2)": lambda: without(PROPORTION, "improvementNotation"),
    "scoring is not at the root alone, or on every group alone (deqm-3)": lambda: without(ATTESTATION, "extension"),
    "there is no group": lambda: without(PROPORTION, "group"),
    "resources are named": lambda: {**PROPORTION, "evaluatedResource": [{"reference": "Patient/1"}]},
    "a group has no population (deqm-5)": lambda: group_with(PROPORTION, population=[]),
    "a rate is not between 0 and 1 (deqm-6)": lambda: group_with(PROPORTION, measureScore={"value": 1.01}),
    "an attestation has no answer": lambda: group_with(ATTESTATION, measureScore={}),
    deqm.LINK_MISSING: lambda: group_with(PROPORTION, extension=[]),
    "a population has not exactly one of count and quantity (deqm-8)": count_missing,
    "a population has no code": lambda: population_with(code=None),
    "a population names its subjects": lambda: population_with(subjectResults={"reference": "List/1"}),
}


@pytest.mark.parametrize("why", SPOILED)
def test_each_departure_from_the_profile_is_told(why: str) -> None:
    assert why in deqm.departures(SPOILED[why]())


def test_a_group_that_is_scored_by_itself_needs_its_own_improvement() -> None:
    scoring = PROPORTION["extension"][0]
    changed = group_with(without(PROPORTION, "extension"), extension=[scoring, *PROPORTION["group"][0]["extension"]])

    assert deqm.departures(changed) == ["a group has a rate without improvementNotation (deqm-4)"]


def test_a_report_needs_a_period() -> None:
    with pytest.raises(ValueError, match="period"):
        write_measure_reports(replace(complete(2026), period=None), load(2026), MADE)


def test_what_is_no_valid_resource_is_never_handed_out() -> None:
    with pytest.raises(ValueError, match="not as they have to be"):
        write_measure_reports(replace(complete(2026), program=""), load(2026), MADE)
