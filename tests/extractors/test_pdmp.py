"""PI_EP_2: which prescriptions ask for a PDMP query, and which had one before they were sent (fhir-mapping 6)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.extractors.practice import (
    CLOSED,
    MET,
    NDC,
    NONE,
    NOT_MET,
    OPEN,
    OXYCODONE,
    SNOMED,
    TRAMADOL,
    UNDECIDED,
    UNKNOWN,
    ZOLPIDEM,
    Counts,
    Json,
    coded,
    count,
    drug,
    evidence,
    fulfilment,
    pdmp_review,
    prescription,
    ref,
    resource,
    transmission,
)
from tests.extractors.side_by_side import Variant, side_by_side

PDMP = "PI_EP_2"


def of(code: str, name: str = "rx", **elements: Any) -> Json:
    return prescription(name, medicationCodeableConcept=drug(code), **elements)


def sent(code: str, name: str = "rx", **elements: Any) -> list[Json]:
    return [of(code, name, **elements), transmission(name)]


@side_by_side(
    ("code", "expected"),
    [
        pytest.param("997287", MET, marks=pytest.mark.case(54), id="15.54 codeine tablet is a Schedule II opioid"),
        pytest.param("993781", MET, marks=pytest.mark.case(54), id="15.54 codeine with acetaminophen is III"),
        pytest.param("991486", NONE, marks=pytest.mark.case(54), id="15.54 codeine syrup is V"),
        pytest.param(
            "1091150",
            NONE,
            marks=[pytest.mark.case(55), pytest.mark.case("X13-4")],
            id="15.55 methylphenidate is II, no opioid (X13-4)",
        ),
        pytest.param(ZOLPIDEM, MET, marks=pytest.mark.case(56), id="15.56 zolpidem is IV"),
        pytest.param(
            "835829",
            MET,
            marks=[pytest.mark.case(57), pytest.mark.case("X13-6")],
            id="15.57 testosterone is III (X13-6)",
        ),
        pytest.param("197636", MET, marks=pytest.mark.case(58), id="15.58 dronabinol capsule is III"),
        pytest.param("1928948", NONE, marks=pytest.mark.case(58), id="15.58 dronabinol solution is II, no opioid"),
        pytest.param("483442", NONE, marks=pytest.mark.case("X13-5"), id="X13-5 pregabalin is V"),
        pytest.param(
            "310431", NONE, marks=pytest.mark.case("X13-14"), id="X13-14 gabapentin is scheduled by states only"
        ),
        pytest.param("2670", UNDECIDED, marks=pytest.mark.case(59), id="15.59 codeine as an ingredient"),
        pytest.param(OXYCODONE, MET, marks=pytest.mark.case("X13-1"), id="X13-1 oxycodone"),
    ],
)
def test_the_federal_schedule_decides_whether_a_query_is_asked_for(code: str, expected: Counts) -> Variant:
    return Variant(PDMP, [*sent(code), pdmp_review()], expected)


def test_a_package_code_is_a_schedule_too() -> None:
    rx = prescription(medicationCodeableConcept=drug("59011041010", NDC))
    assert count(PDMP, [rx, transmission(), pdmp_review()]) == MET


@side_by_side(
    ("queried", "site", "expected"),
    [
        pytest.param("2026-03-02T10:04:59-05:00", OPEN, MET, marks=pytest.mark.case(60), id="15.60 one second before"),
        pytest.param(
            "2026-03-02T10:05:00-05:00", OPEN, UNKNOWN, marks=pytest.mark.case(60), id="15.60 the same second"
        ),
        pytest.param(
            "2026-03-02T10:05:00-05:00",
            CLOSED,
            UNKNOWN,
            marks=pytest.mark.case(60),
            id="15.60 the same second, closed world",
        ),
        pytest.param(
            "2026-03-02T10:10:00-05:00", OPEN, UNKNOWN, marks=pytest.mark.case("X13-2"), id="X13-2 after, open world"
        ),
        pytest.param(
            "2026-03-02T10:10:00-05:00",
            CLOSED,
            NOT_MET,
            marks=pytest.mark.case("X13-2"),
            id="X13-2 after, closed world",
        ),
        pytest.param("2026-03-02", CLOSED, UNKNOWN, id="the same day without a time"),
        pytest.param("2026-03-01T00:00:00-05:00", CLOSED, MET, id="first instant of the look-back"),
        pytest.param("2026-02-28T23:59:59-05:00", CLOSED, NOT_MET, id="last instant before the look-back"),
    ],
)
def test_a_query_counts_before_transmission_and_within_the_look_back(
    queried: str, site: Any, expected: Counts
) -> Variant:
    return Variant(PDMP, [*sent(TRAMADOL), pdmp_review(queried)], expected, site=site)


@side_by_side(("days", "expected"), [(0, NOT_MET), (1, MET)])
def test_the_look_back_is_the_sites(days: int, expected: Counts) -> Variant:
    found = [*sent(TRAMADOL), pdmp_review("2026-03-01T12:00:00-05:00")]
    return Variant(PDMP, found, expected, site=replace(CLOSED, pdmp_lookback_days=days))


@side_by_side(
    ("query", "site", "expected"),
    [
        pytest.param(
            pdmp_review(performer=[{"actor": ref("Practitioner/nurse")}]),
            OPEN,
            MET,
            marks=[pytest.mark.case(61), pytest.mark.case("X13-9")],
            id="15.61 X13-9 delegate",
        ),
        pytest.param(pdmp_review(of="q"), OPEN, UNKNOWN, marks=pytest.mark.case(62), id="15.62 another patient"),
        pytest.param(
            pdmp_review(of="q"), CLOSED, NOT_MET, marks=pytest.mark.case(62), id="15.62 another patient, closed world"
        ),
        pytest.param(
            pdmp_review(status="preparation"),
            CLOSED,
            NOT_MET,
            marks=[pytest.mark.case(63), pytest.mark.case("X13-10")],
            id="15.63 X13-10 pre-stage only",
        ),
        pytest.param(
            pdmp_review(status="in-progress"), CLOSED, NOT_MET, marks=pytest.mark.case(64), id="15.64 in progress"
        ),
        pytest.param(
            pdmp_review(status="not-done"),
            CLOSED,
            NOT_MET,
            marks=pytest.mark.case("X13-12"),
            id="X13-12 ended in an error",
        ),
        pytest.param(
            pdmp_review(outcome={"text": "patient not found"}),
            OPEN,
            MET,
            marks=pytest.mark.case("X13-11"),
            id="X13-11 patient not found",
        ),
        pytest.param(evidence("pdmp-queried", "Patient/p", "2026-03-02T10:00:00-05:00"), OPEN, MET, id="asserted"),
        pytest.param(
            resource(
                "Observation",
                "o",
                status="final",
                code=coded(SNOMED, "461651000124104"),
                subject=ref("Patient/p"),
                effectiveDateTime="2026-03-02T10:00:00-05:00",
            ),
            OPEN,
            MET,
            id="PDMP data reviewed",
        ),
    ],
)
def test_what_the_record_says_decides_whether_the_pdmp_was_queried(query: Json, site: Any, expected: Counts) -> Variant:
    return Variant(PDMP, [*sent(TRAMADOL), query], expected, site=site)


@pytest.mark.case(66)
@pytest.mark.case("X13-13")
def test_without_a_record_of_any_query_nothing_is_said_to_be_missing() -> None:
    """fhir-mapping 15.66, X13-13."""
    assert count(PDMP, sent(TRAMADOL)) == UNKNOWN


@pytest.mark.case("X13-3")
def test_a_printed_prescription_is_out_of_scope() -> None:
    """X13-3."""
    assert count(PDMP, [of(TRAMADOL), fulfilment("failed"), pdmp_review()]) == NONE


def test_a_prescription_of_which_transmission_is_not_shown_is_undecided() -> None:
    assert count(PDMP, [of(TRAMADOL), pdmp_review()]) == UNDECIDED


@pytest.mark.case("X13-7")
def test_one_query_serves_all_prescriptions_of_that_patient() -> None:
    """X13-7."""
    assert count(PDMP, [*sent("993781", "one"), *sent("308047", "two"), pdmp_review()]) == Counts(2, 2)


@pytest.mark.case("X13-8")
def test_a_query_for_one_of_two_patients_is_one_of_two() -> None:
    """X13-8, fhir-mapping 15.65."""
    other = sent(TRAMADOL, "other", subject=ref("Patient/q"))
    assert count(PDMP, [*sent(TRAMADOL), *other, pdmp_review()], site=CLOSED) == Counts(2, 1)
