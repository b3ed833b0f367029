"""What a count says of an exclusion: available, not available, undecided, or nothing."""

import pytest

from scoring.claims import claims
from scoring.exclusions import Count, Exclusion, Standing, exclusions
from scoring.model import Finding, MeasureId
from tests.scoring.reported import NEWEST, RULES

WITH, WITHOUT = "controlled substances included", "controlled substances left out"


def standing(exclusion: str, counted_as: str, count: Count | None) -> Standing:
    counts = {} if count is None else {MeasureId(counted_as): (count,)}
    return next(one.standing for one in exclusions(NEWEST, counts) if one.exclusion == exclusion)


def told(exclusion: str, counted_as: str, *counts: Count, claimed: bool = True) -> list[Finding]:
    found = exclusions(NEWEST, {MeasureId(counted_as): counts})
    return list(claims(found, {MeasureId(exclusion): claimed}))


def hint(exclusion: str, *counts: Count) -> Exclusion:
    return next(one for one in exclusions(NEWEST, {MeasureId(exclusion): counts}) if one.exclusion == exclusion)


@pytest.mark.parametrize(
    ("exclusion", "counted_as"),
    [("PI_LVPP_1", "PI_EP_1"), ("PI_LVOTC_1", "PI_HIE_1"), ("PI_LVITC_2", "PI_LVITC_2")],
)
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (Count(0, 0), Standing.AVAILABLE),
        (Count(0, 99), Standing.AVAILABLE),
        (Count(99, 99), Standing.AVAILABLE),
        (Count(0, 100), Standing.UNDECIDED),
        (Count(99, 100), Standing.UNDECIDED),
        (Count(99, None), Standing.UNDECIDED),
        (Count(100, 100), Standing.NOT_AVAILABLE),
        (Count(100, None), Standing.NOT_AVAILABLE),
        (None, Standing.UNCOUNTED),
    ],
)
@pytest.mark.case(46)
@pytest.mark.case(76)
@pytest.mark.case("X1-5")
def test_fewer_than_100_is_decided_by_both_bounds(
    exclusion: str, counted_as: str, count: Count | None, expected: Standing
) -> None:
    assert standing(exclusion, counted_as, count) is expected


@pytest.mark.parametrize(
    ("count", "expected", "codes"),
    [
        (Count(0, 0), Standing.AVAILABLE, []),
        (Count(0, 1), Standing.UNDECIDED, ["F-311"]),
        (Count(1, 1), Standing.NOT_AVAILABLE, ["F-218"]),
        (Count(1, 2), Standing.NOT_AVAILABLE, ["F-218"]),
        (Count(0, None, ("prescription-written",)), Standing.UNDECIDED, ["F-311"]),
    ],
)
@pytest.mark.case("X13-3")
@pytest.mark.case("X13-4")
@pytest.mark.case("X13-5")
@pytest.mark.case("X13-14")
def test_who_e_prescribes_none_in_scope_may_claim_the_exclusion_of_pdmp(
    count: Count, expected: Standing, codes: list[str]
) -> None:
    assert standing("PI_EP_2_EX_2", "PI_EP_2", count) is expected
    assert [finding.code for finding in told("PI_EP_2_EX_2", "PI_EP_2", count)] == codes


@pytest.mark.parametrize(
    ("count", "expected", "codes"),
    [
        (Count(1, 1), Standing.NOT_AVAILABLE, ["F-218"]),
        (Count(0, 0), Standing.NOT_IN_DATA, []),
        (Count(0, 5), Standing.NOT_IN_DATA, []),
    ],
)
def test_an_immunization_takes_its_exclusion_away_and_none_gives_it(
    count: Count, expected: Standing, codes: list[str]
) -> None:
    assert standing("PI_PHCDRR_1_EX_1", "PI_PHCDRR_1_EX_1", count) is expected
    assert [finding.code for finding in told("PI_PHCDRR_1_EX_1", "PI_PHCDRR_1_EX_1", count)] == codes


def test_a_source_without_immunizations_says_nothing_of_a_claim() -> None:
    assert standing("PI_PHCDRR_1_EX_1", "PI_PHCDRR_1_EX_1", None) is Standing.UNCOUNTED
    assert told("PI_PHCDRR_1_EX_1", "PI_PHCDRR_1_EX_1") == []


@pytest.mark.parametrize(
    "exclusion",
    [
        "PI_EP_2_EX_1",
        "PI_PHCDRR_1_EX_2",
        "PI_PHCDRR_1_EX_3",
        "PI_PHCDRR_3_EX_1",
        "PI_PHCDRR_3_EX_2",
        "PI_PHCDRR_3_EX_3",
    ],
)
@pytest.mark.parametrize("count", [Count(0, 0), Count(500, 500)])
def test_what_no_data_decide_is_never_given_and_never_refused(exclusion: str, count: Count) -> None:
    found = hint(exclusion, count)
    assert found.standing is Standing.NOT_IN_DATA
    assert found.text
    assert told(exclusion, exclusion, count) == []


def test_how_many_were_printed_is_shown_with_what_it_hints_at() -> None:
    found = hint("PI_EP_2_EX_1", Count(12, 12))
    assert (str(found.count), "would only hint at it" in found.text) == ("12", True)


@pytest.mark.parametrize(
    ("chosen", "other", "codes"),
    [
        pytest.param(Count(110, 110), Count(60, 60), ["F-314"], id="110 with, 60 without"),
        pytest.param(Count(100, 100), Count(99, 99), ["F-314"], id="100 with, 99 without"),
        pytest.param(Count(110, 110), Count(95, 100), ["F-314"], id="the other undecided"),
        pytest.param(Count(110, 110), Count(100, 100), [], id="both too many"),
        pytest.param(Count(99, 99), Count(60, 60), [], id="both few"),
    ],
)
@pytest.mark.case("X1-6")
def test_where_the_two_bases_stand_on_different_sides_both_are_shown(
    chosen: Count, other: Count, codes: list[str]
) -> None:
    counts = (Count(chosen.certain, chosen.possible, basis=WITH), Count(other.certain, other.possible, basis=WITHOUT))
    found = told("PI_LVPP_1", "PI_EP_1", *counts, claimed=False)
    assert [finding.code for finding in found] == codes
    assert all(
        str(count.certain) in finding.message and count.basis in finding.message
        for finding in found
        for count in counts
    )


@pytest.mark.case("X1-6")
def test_a_claim_is_held_to_the_basis_that_was_chosen() -> None:
    high, low = Count(110, 110, basis=WITH), Count(60, 60, basis=WITHOUT)
    assert [f.code for f in told("PI_LVPP_1", "PI_EP_1", high, low)] == ["F-218", "F-314"]
    assert [f.code for f in told("PI_LVPP_1", "PI_EP_1", low, high)] == ["F-314"]


def test_a_count_is_written_with_what_it_leaves_open() -> None:
    written = [str(count) for count in (Count(1200, 1200), Count(3, 1010), Count(66, None))]
    assert written == ["1,200", "3 to 1,010", "66 or more"]


def test_an_undecided_claim_names_what_the_source_does_not_show() -> None:
    [finding] = told("PI_LVOTC_1", "PI_HIE_1", Count(40, None, ("transition-made",)))
    assert "40 are certain and more possible. This source shows no transition-made." in finding.message


@pytest.mark.parametrize("year", RULES)
def test_the_exclusions_of_a_year_are_told_in_the_order_of_cms(year: int) -> None:
    order = list(RULES[year].measures)
    named = [one.exclusion for one in exclusions(RULES[year], {})]
    assert named == sorted(named, key=order.index)
