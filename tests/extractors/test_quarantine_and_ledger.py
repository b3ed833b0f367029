"""What was received and what became of it: nothing is lost without a trace (R64, R66, R72)."""

from typing import Any

import pytest

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from extractors.events import Extract
from extractors.ledger import NEEDS, Sight, ledger_of, quarantine_of, unseen_needs
from extractors.vocabulary import EventKind
from scoring.model import MeasureId
from tests.extractors.practice import (
    GENERIC,
    OPEN,
    Json,
    bundle,
    extracted,
    pdmp_review,
    prescription,
    resource,
    seen,
    staff,
    transmission,
)

GOOD = prescription()
BAD = {**prescription("bad"), "status": ["SECRET"]}
LINE = {"file": "export.ndjson", "line": 2}


def ledger(*documents: Json | bytes) -> dict[str, dict[str, Any]]:
    found = extracted(documents)
    with LocalEngine() as engine:
        derive(found, OPEN, engine)
        return {row["type"]: row for row in ledger_of(found, engine)}


def rows(found: Extract) -> tuple[Any, ...]:
    placeless = [{k: v for k, v in row.items() if k != "line"} for row in found.resources]
    return list(found.events), placeless, list(found.references), list(found.directory)


@pytest.mark.requirement("R64", "R66")
@pytest.mark.parametrize("bad", [BAD, b"{", b"\xff", b"[]", b'{"id":1,"id":2}', {**BAD, "contained": "x"}], ids=repr)
def test_a_bad_line_leaves_its_neighbours_untouched(bad: Json | bytes) -> None:
    assert rows(extracted([GOOD, bad, transmission()])) == rows(extracted([GOOD, transmission()]))


@pytest.mark.requirement("R64", "R66")
@pytest.mark.parametrize(
    ("bad", "kind", "reason"),
    [
        (BAD, "MedicationRequest", "$.status: expected string, got array"),
        (
            {**GOOD, "authoredOn": "SECRET"},
            "MedicationRequest",
            "$.authoredOn: expected a FHIR date, got text that is none",
        ),
        (
            {**GOOD, "authoredOn": "0001-01-01T00:00:00+14:00"},
            "MedicationRequest",
            "$.authoredOn: expected a FHIR date, got text that is none",
        ),
        ({**GOOD, "contained": "SECRET"}, "MedicationRequest", "$.contained: expected array"),
        (
            {**GOOD, "contained": [{"resourceType": "Medication", "code": "SECRET"}]},
            "MedicationRequest",
            "$.code: expected object, got string",
        ),
        ({**resource("Patient", "p"), "link": "SECRET"}, "Patient", "$.link: expected array, got string"),
        (
            {"resourceType": "Immunization", "id": "i", "vaccineCode": {"coding": "SECRET"}},
            "Immunization",
            "$.vaccineCode.coding: expected array, got string",
        ),
        (
            b'{"resourceType": "Patient", "id": "SECRET',
            "Patient",
            "not JSON at column 35: Unterminated string starting at",
        ),
        (b'{"resourceType" : "Patient", "id": "SE\\xCRET"}', "Patient", "not JSON at column 39: Invalid \\escape"),
        (b'"SECRET"', "", "$: expected object, got string"),
    ],
)
def test_a_line_set_aside_bears_place_hash_type_and_a_reason_without_its_content(
    bad: Json | bytes, kind: str, reason: str
) -> None:
    (row,) = extracted([GOOD, bad]).quarantine
    assert {name: row[name] for name in ("file", "line", "type", "entry")} == {**LINE, "type": kind, "entry": None}
    assert row["reason"].startswith(reason)
    assert len(row["hash"]) == 64
    assert "SECRET" not in str(row)


@pytest.mark.requirement("R66")
@pytest.mark.parametrize(
    ("bad", "of", "blocked"), [(0, 1000, False), (1, 1000, False), (1, 999, True), (2, 1000, True), (2, 2000, False)]
)
def test_more_than_one_line_in_a_thousand_blocks_the_score(bad: int, of: int, blocked: bool) -> None:
    """R66."""
    found = quarantine_of(extracted([b"{"] * bad + [resource("Basic", "b")] * (of - bad)))
    assert (found.count, found.of, found.over_limit) == (bad, of, blocked)


@pytest.mark.requirement("R66")
@pytest.mark.parametrize(
    "bad", [b'{"resourceType":"Patient",', {**resource("Patient", "p"), "id": 7}], ids=["cut off", "misshapen"]
)
def test_any_patient_set_aside_blocks_the_score(bad: Json | bytes) -> None:
    found = quarantine_of(extracted([bad] + [resource("Basic", "b")] * 4999))
    assert (found.patients, found.over_limit) == (1, True)


def test_no_lines_at_all_block_nothing() -> None:
    assert not quarantine_of(extracted([])).over_limit


def test_what_was_set_aside_stands_in_order_of_place() -> None:
    page = bundle("searchset", {"resource": BAD}, {"resource": GOOD}, {"resource": BAD})
    found = quarantine_of(extracted([GOOD, page, b"{"]))
    assert [(row["line"], row["entry"]) for row in found.rows] == [(2, 0), (2, 2), (3, None)]


def test_duplicates_replaced_versions_and_lines_set_aside_are_counted_apart() -> None:
    older, newer = ({**GOOD, "status": s, "meta": {"versionId": v}} for s, v in (("active", "1"), ("completed", "2")))
    row = ledger(older, older, newer, BAD)["MedicationRequest"]
    counts = {name: row[name] for name in ("received", "current", "duplicate", "superseded", "quarantined", "events")}
    assert counts == {"received": 3, "current": 1, "duplicate": 1, "superseded": 1, "quarantined": 1, "events": 3}


def test_a_deleted_resource_is_no_longer_current() -> None:
    gone = bundle("history", {"request": {"method": "DELETE", "url": "MedicationRequest/rx"}})
    assert ledger(GOOD, gone)["MedicationRequest"]["current"] == 0


def test_an_unreadable_line_without_a_type_is_counted_as_such() -> None:
    assert ledger(b"{")["unreadable"]["quarantined"] == 1


@pytest.mark.parametrize(
    ("document", "kind", "state"),
    [
        (resource("Basic", "b"), "Basic", "no selector reads this type"),
        (resource("Nonsense", "n"), "not a FHIR R4 resource", "not FHIR"),
        (resource("HumanName", "n"), "not a FHIR R4 resource", "not FHIR"),
        ({"hello": "world"}, "not a FHIR R4 resource", "not FHIR"),
    ],
)
def test_what_is_not_read_is_counted(document: Json, kind: str, state: str) -> None:
    row = ledger(document, document)[kind]
    assert (row["received"], row["state"]) == (2, state)


def test_blank_lines_are_nothing() -> None:
    found = extracted([b"  ", GOOD])
    assert (len(found.resources), found.quarantine, found.not_read.total()) == (1, [], 0)


@pytest.mark.parametrize(
    ("documents", "kind", "sight"),
    [
        ([pdmp_review()], EventKind.PDMP_QUERIED, Sight.SEEN),
        ([pdmp_review(code={"text": "x"})], EventKind.PDMP_QUERIED, Sight.NOT_MATCHED),
        ([], EventKind.PDMP_QUERIED, Sight.NOT_RECEIVED),
    ],
)
def test_whether_a_source_shows_a_kind_of_fact_is_told(documents: list[Json], kind: EventKind, sight: Sight) -> None:
    assert seen(documents)[kind] is sight


def test_a_kind_that_the_profile_declares_absent_is_told_as_absent() -> None:
    lacking = type(GENERIC)(
        **{name: getattr(GENERIC, name) for name in GENERIC.__slots__ if name != "absent"},
        absent={EventKind.PDMP_QUERIED: "this vendor keeps no trace"},
    )
    assert seen([], lacking)[EventKind.PDMP_QUERIED] is Sight.ABSENT


@pytest.mark.parametrize(
    ("documents", "provided", "missing"),
    [
        ([GOOD, transmission()], [], []),
        ([GOOD], [], [EventKind.PRESCRIPTION_TRANSMITTED]),
        ([], [], [EventKind.PRESCRIPTION_WRITTEN, EventKind.PRESCRIPTION_TRANSMITTED]),
        ([GOOD], [EventKind.PRESCRIPTION_TRANSMITTED], []),
    ],
)
def test_what_a_measure_lacks_to_be_read_is_named(
    documents: list[Json], provided: list[EventKind], missing: list[EventKind]
) -> None:
    assert unseen_needs(MeasureId("PI_EP_1"), seen(documents), provided) == missing


def test_what_a_measure_needs_is_also_the_evidence_that_its_cases_show() -> None:
    with LocalEngine() as engine:
        derive(extracted(staff()), OPEN, engine)
        shown = {(row["measure"], row["kind"]) for row in engine.rows("needed")}

    assert {(measure, kind) for measure, kinds in NEEDS.items() for group in kinds for kind in group} <= shown
