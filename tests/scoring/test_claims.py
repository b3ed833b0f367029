"""A claimed low-volume exclusion is held to the counts beside it; an upload to the identifiers that CMS needs."""

from typing import Any

import pytest

from scoring.claims import claims
from scoring.exclusions import Count, exclusions
from scoring.identity import is_npi
from scoring.model import MeasureId, Proportion
from scoring.submission import read, write
from tests.scoring.reported import NEWEST, complete, counting

LIMIT = 100


def found(exclusion: str, of: str, counted: Count | None) -> list[str]:
    counts = {} if counted is None else {MeasureId(of): (counted,)}
    told = claims(exclusions(NEWEST, counts), {MeasureId(exclusion): True})
    return [finding.code for finding in told]


@pytest.mark.parametrize(
    ("exclusion", "of"),
    [("PI_LVPP_1", "PI_EP_1"), ("PI_LVOTC_1", "PI_HIE_1"), ("PI_LVITC_2", "PI_LVITC_2")],
)
@pytest.mark.parametrize(
    ("counted", "codes"),
    [
        (Count(LIMIT - 1, LIMIT - 1), []),
        (Count(LIMIT, LIMIT), ["F-218"]),
        (Count(LIMIT - 1, LIMIT), ["F-311"]),
        (Count(LIMIT - 2, LIMIT - 1), []),
        (Count(LIMIT - 1, None, ("transition-made",)), ["F-311"]),
        (Count(LIMIT, None, ("transition-made",)), ["F-218"]),
        (None, ["F-312"]),
    ],
)
@pytest.mark.case(46)
@pytest.mark.case("X1-5")
def test_a_claim_stands_or_falls_with_its_count(
    exclusion: str, of: str, counted: Count | None, codes: list[str]
) -> None:
    assert found(exclusion, of, counted) == codes


def test_received_documents_are_not_what_low_volume_receiving_counts() -> None:
    assert found("PI_LVITC_2", "PI_HIE_4", Count(500, 500)) == ["F-312"]


def test_an_exclusion_that_is_not_claimed_needs_no_count() -> None:
    assert claims(exclusions(NEWEST, {}), {MeasureId("PI_LVPP_1"): False}) == ()


@pytest.mark.parametrize(("npi", "fits"), [("1234567893", True), ("1234567890", False), ("1234567839", False)])
def test_an_npi_carries_its_check_digit(npi: str, fits: bool) -> None:
    assert is_npi(npi) is fits


@pytest.mark.parametrize(
    ("kind", "tin", "npi", "codes"),
    [
        ("individual", "000180180", "1234567893", []),
        ("individual", "000180180", None, ["F-313"]),
        ("individual", None, "1234567893", ["F-313"]),
        ("individual", "000180180", "1234567890", ["F-313"]),
        ("group", "000180180", None, []),
        ("group", "000180180", "1234567893", ["F-313"]),
        ("banana", "000180180", None, ["F-313"]),
    ],
)
def test_the_identifiers_have_to_fit_the_entity_type(
    kind: str, tin: str | None, npi: str | None, codes: list[str]
) -> None:
    document: dict[str, Any] = write(complete(), NEWEST)
    document |= {"entityType": kind, "taxpayerIdentificationNumber": tin, "nationalProviderIdentifier": npi}

    assert [finding.code for finding in read(document)[1]] == codes


def test_a_measure_that_is_not_determinable_is_left_out_of_what_is_written() -> None:
    unseen = counting(complete(), "PI_PEA_1", Proportion(0, 500, unknown=1))
    measurements: Any = write(unseen, NEWEST)["measurementSets"]

    assert "PI_PEA_1" not in {entry["measureId"] for entry in measurements[0]["measurements"]}
