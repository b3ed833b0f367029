"""Cases 54 to 66 of fhir-mapping 15, and X13 of onc-scenarios 6, that no other test shows: the PDMP query."""

from typing import Any

import pytest

from tests.extractors.practice import (
    CLOSED,
    MET,
    NONE,
    NOT_MET,
    OPEN,
    OXYCODONE,
    TRAMADOL,
    UNKNOWN,
    Counts,
    Json,
    cases,
    count,
    drug,
    evidence,
    fulfilment,
    pdmp_review,
    practitioner,
    prescription,
    ref,
    staff,
    transmission,
)
from tests.extractors.side_by_side import Variant, side_by_side

PDMP = "PI_EP_2"
BEFORE = "2026-03-02T10:00:00-05:00"


def of(code: str, name: str = "rx", **elements: Any) -> Json:
    return prescription(name, medicationCodeableConcept=drug(code), **elements)


@pytest.mark.case(61)
@pytest.mark.case("X13-9")
def test_a_query_that_is_stated_for_a_nurse_on_behalf_of_the_clinician_is_a_query() -> None:
    agent = {"who": ref("Practitioner/nurse"), "onBehalfOf": ref("Practitioner/c")}
    query = evidence("pdmp-queried", "Patient/p", BEFORE, agent=[agent])
    assert count(PDMP, [of(OXYCODONE), transmission(), practitioner("nurse", None), query]) == MET


@pytest.mark.case(65)
def test_one_query_for_forty_prescriptions_is_one_of_forty_and_a_yes() -> None:
    """The measure asks for one; both numbers are shown for assurance, and what is not shown is unknown."""
    sent = [
        one for n in range(40) for one in (of(TRAMADOL, f"r{n}", subject=ref(f"Patient/p{n}")), transmission(f"r{n}"))
    ]
    assert count(PDMP, [*sent, pdmp_review(of="p7")]) == Counts(40, 1, 39)


@pytest.mark.case(66)
@pytest.mark.case("X13-13")
def test_without_a_sign_of_a_query_the_reason_says_that_it_may_have_been_made_elsewhere() -> None:
    (case,) = cases([*staff(), of(OXYCODONE), transmission()], PDMP)
    assert (case["met"], case["reason"]) == (
        "unknown",
        "no PDMP query shown; it may have been made outside this source",
    )


@pytest.mark.case("X13-3")
@side_by_side(
    ("shown", "site"), [([], CLOSED), ([fulfilment("failed")], OPEN)], ids=["nothing sent, closed world", "failed"]
)
def test_a_printed_prescription_asks_for_no_query_though_one_was_made(shown: list[Json], site: Any) -> Variant:
    return Variant(PDMP, [of(OXYCODONE), pdmp_review(), *shown], NONE, site=site)


@pytest.mark.case(60)
@side_by_side(
    ("queried", "expected"),
    [
        pytest.param("2026-03-02T09:59:59-05:00", MET, id="before it was written, and so before it was sent"),
        pytest.param("2026-03-02T10:00:01-05:00", UNKNOWN, id="after it was written: perhaps before it was sent"),
        pytest.param("2026-03-03T10:00:00-05:00", NOT_MET, id="on a later day than the order"),
    ],
)
def test_a_transmission_that_bears_no_time_is_no_earlier_than_the_order(queried: str, expected: Counts) -> Variant:
    """The time of PI_EP_2 is the transmission, else `authoredOn` (fhir-mapping 3.1); later that day is not known."""
    return Variant(PDMP, [of(TRAMADOL), transmission(on=None), pdmp_review(queried)], expected, site=CLOSED)
