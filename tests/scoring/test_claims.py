"""A claimed low-volume exclusion is held to the counts beside it; an upload to the identifiers that CMS needs."""

from typing import Any

import pytest

from scoring.claims import claims
from scoring.model import MeasureId, Proportion
from scoring.submission import is_npi, read, write
from tests.scoring.reported import NEWEST, complete, counting

LIMIT = 100


def found(exclusion: str, of: str, counted: Proportion | None) -> list[str]:
    counts = {} if counted is None else {MeasureId(of): counted}
    return [finding.code for finding in claims(NEWEST, {MeasureId(exclusion): True}, counts)]


@pytest.mark.parametrize(("exclusion", "of"), [("PI_LVPP_1", "PI_EP_1"), ("PI_LVOTC_1", "PI_HIE_1")])
@pytest.mark.parametrize(
    ("counted", "codes"),
    [
        (Proportion(0, LIMIT - 1), []),
        (Proportion(0, LIMIT), ["F-218"]),
        (Proportion(0, LIMIT - 1, undecided=1), ["F-311"]),
        (Proportion(0, LIMIT - 2, undecided=1), []),
        (Proportion(0, 0, readable=False), ["F-312"]),
        (None, ["F-312"]),
    ],
)
@pytest.mark.case(46)
@pytest.mark.case("X1-5")
def test_a_claim_stands_or_falls_with_its_count(
    exclusion: str, of: str, counted: Proportion | None, codes: list[str]
) -> None:
    assert found(exclusion, of, counted) == codes


def test_what_an_exclusion_counts_otherwise_is_said_to_be_unchecked() -> None:
    assert found("PI_LVITC_2", "PI_HIE_4", Proportion(0, 500)) == ["F-312"]


def test_an_exclusion_that_is_not_claimed_needs_no_count() -> None:
    assert claims(NEWEST, {MeasureId("PI_LVPP_1"): False}, {}) == ()


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
