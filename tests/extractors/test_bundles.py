"""A Bundle is its entries: a page of one server, or a data set of its own."""

import json
from typing import Any

import pytest

from tests.extractors.practice import (
    MET,
    Json,
    bundle,
    count,
    counted,
    extracted,
    prescription,
    ref,
    resource,
    staff,
    transmission,
)

PATIENT = resource("Patient", "p")


def entry(of: Json, full_url: str | None = None) -> Json:
    return {"resource": of, **({"fullUrl": full_url} if full_url else {})}


def keys(*documents: Json) -> list[str]:
    return [row["key"] for row in extracted(documents).resources]


@pytest.mark.parametrize("kind", ["searchset", "history", "batch-response", "transaction"])
def test_entries_of_a_page_are_resources_of_the_server(kind: str) -> None:
    assert keys(bundle(kind, entry(PATIENT), name="b")) == ["Patient/p"]


@pytest.mark.parametrize("kind", ["collection", "document", "message"])
def test_entries_of_a_data_set_carry_its_name(kind: str) -> None:
    assert keys(bundle(kind, entry(PATIENT), name="b")) == ["b!Patient/p"]


def test_a_data_set_without_an_id_is_named_by_its_content() -> None:
    one, two = (bundle("collection", entry(PATIENT), entry(resource("Patient", x))) for x in "ab")
    found = keys(one, two)
    assert len({key.partition("!")[0] for key in found}) == 2


@pytest.mark.requirement("R52")
@pytest.mark.case(12)
def test_one_resource_on_two_pages_is_one() -> None:
    """fhir-mapping 15.12."""
    pages = [bundle("searchset", entry(prescription()), name=name) for name in ("1", "2")]
    assert count("PI_EP_1", [*pages, transmission()]) == MET


def test_two_data_sets_with_the_same_ids_are_two() -> None:
    sets = [
        bundle("collection", *map(entry, [*staff(), prescription(), transmission()]), name=name)
        for name in ("one", "two")
    ]
    assert count("PI_EP_1", sets).denominator == 2


def test_references_by_urn_uuid_find_their_entry() -> None:
    order = prescription(subject=ref("urn:uuid:1"))
    del order["id"]
    shown = transmission("x")
    shown["target"] = [ref("urn:uuid:2")]
    page = bundle("transaction", entry(order, "urn:uuid:2"), entry(shown, "urn:uuid:3"))
    assert count("PI_EP_1", [page]) == MET


def test_resources_without_any_id_are_told_apart_by_content() -> None:
    one, two = ({"resourceType": "Patient", "gender": gender} for gender in ("female", "male"))
    assert len(set(keys(bundle("searchset", entry(one), entry(two))))) == 2


def test_a_line_without_an_id_is_named_by_its_content() -> None:
    one, two = ({"resourceType": "Patient", "gender": gender} for gender in ("female", "male"))
    assert len(set(keys(one, two))) == 2


def test_a_bundle_within_a_bundle_is_unfolded() -> None:
    inner = bundle("searchset", entry(PATIENT))
    assert keys(bundle("batch-response", entry(inner))) == ["Patient/p"]


def deletion(url: str, at: str | None = None) -> Json:
    return {"request": {"method": "DELETE", "url": url}, **({"response": {"lastModified": at}} if at else {})}


@pytest.mark.parametrize("url", ["MedicationRequest/rx", "https://ehr.example/r4/MedicationRequest/rx"])
def test_a_deleted_order_does_not_count(url: str) -> None:
    order = prescription(meta={"lastUpdated": "2026-03-02T10:00:00Z", "versionId": "1"})
    assert count("PI_EP_1", [order, bundle("transaction", deletion(url))]).denominator == 0


def test_a_deletion_before_the_last_update_is_overtaken() -> None:
    order = prescription(meta={"lastUpdated": "2026-03-03T10:00:00Z"})
    gone = bundle("history", deletion("MedicationRequest/rx", "2026-03-02T10:00:00Z"))
    assert count("PI_EP_1", [gone, order, transmission()]) == MET


def test_a_deletion_after_the_last_update_stands() -> None:
    order = prescription(meta={"lastUpdated": "2026-03-03T10:00:00Z"})
    gone = bundle("history", deletion("MedicationRequest/rx", "2026-03-04T10:00:00Z"))
    assert count("PI_EP_1", [gone, order]).denominator == 0


@pytest.mark.parametrize(
    "request_",
    [{"method": "GET", "url": "Patient/p"}, {"method": "DELETE"}, {"method": "DELETE", "url": "Patient?name=x"}],
)
def test_an_entry_that_deletes_nothing_by_name_is_passed_over(request_: Json) -> None:
    found = extracted([bundle("batch", {"request": request_})])
    assert (list(found.resources), found.quarantine) == ([], [])


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"entry": {}}, "entry"),
        ({"entry": "x"}, "$.entry: expected array of objects"),
        ({"entry": [1]}, "$.entry: expected array of objects"),
        ({"entry": [{"resource": "x"}]}, "$.entry: expected array of objects"),
        ({"entry": [{"request": ["x"]}]}, "$.entry: expected array of objects"),
        ({"entry": [{"resource": {"id": "x"}}]}, "$.entry[0].resource: expected a resource with a resourceType"),
        (
            {"entry": [{"resource": {"resourceType": 7}}]},
            "$.entry[0].resource: expected a resource with a resourceType",
        ),
    ],
)
def test_a_bundle_that_is_none_is_set_aside(document: dict[str, Any], reason: str) -> None:
    found = extracted([{"resourceType": "Bundle", "type": "searchset", **document}])
    expected = [] if reason == "entry" else [reason]
    assert [row["reason"] for row in found.quarantine] == expected


def test_a_bundle_whose_type_is_none_is_a_page() -> None:
    assert keys({"resourceType": "Bundle", "type": ["x"], "entry": [entry(PATIENT)]}) == ["Patient/p"]


@pytest.mark.requirement("R66")
def test_a_bad_entry_leaves_its_neighbours() -> None:
    page = bundle("searchset", entry(PATIENT), entry({**PATIENT, "id": 7}), entry(resource("Patient", "q")))
    found = extracted([page])
    assert [row["key"] for row in found.resources] == ["Patient/p", "Patient/q"]
    assert [(row["entry"], row["type"]) for row in found.quarantine] == [(1, "Patient")]


@pytest.mark.requirement("R70")
def test_an_operation_outcome_on_a_page_is_no_data() -> None:
    """R70."""
    outcome = {"resourceType": "OperationOutcome", "issue": []}
    found = extracted([bundle("searchset", entry(outcome), entry(PATIENT))])
    assert (len(found.resources), dict(found.not_read)) == (1, {("export.ndjson", "OperationOutcome"): 1})


def test_a_whole_practice_in_one_bundle_counts_as_in_lines() -> None:
    year = [*staff(), prescription(), transmission()]
    assert counted([bundle("searchset", *map(entry, year))]) == counted(json.loads(json.dumps(year)))


@pytest.mark.parametrize("name", ["CarePlanR5", "x", "Tâche"])
def test_an_entry_of_a_type_that_r4_does_not_have_is_counted_and_its_neighbours_are_read(name: str) -> None:
    found = extracted([bundle("searchset", entry(resource(name, "1")), entry(PATIENT))])
    assert [row["key"] for row in found.resources] == ["Patient/p"]
    assert dict(found.not_read) == {("export.ndjson", name): 1}
    assert not found.quarantine
