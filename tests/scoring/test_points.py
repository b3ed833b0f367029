"""Properties that hold for every count, exclusion, path and order."""

from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations
from math import floor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from reported import NEWEST, RULES, answering, complete, counting, excluding, line, without

from scoring.model import Proportion, Submission
from scoring.rounding import half_up, in_words, measure_points
from scoring.score import BONUS, score
from scoring.submission import read, write

EXCLUSIONS = {
    "PI_EP_1": "PI_LVPP_1",
    "PI_EP_2": "PI_EP_2_EX_1",
    "PI_HIE_1": "PI_LVOTC_1",
    "PI_HIE_4": "PI_LVITC_2",
    "PI_PHCDRR_1": "PI_PHCDRR_1_EX_2",
    "PI_PHCDRR_3": "PI_PHCDRR_3_EX_3",
}
SUBSETS = list(chain.from_iterable(combinations(EXCLUSIONS, n) for n in range(len(EXCLUSIONS) + 1)))
HIE_PATHS = ["both loops", "PI_HIE_5", "PI_HIE_6"]
SENT_AND_RECEIVED = ("PI_HIE_1", "PI_HIE_4", "PI_LVOTC_1", "PI_LVITC_2")


def taking(submission: Submission, path: str) -> Submission:
    if path == HIE_PATHS[0]:
        return submission
    return answering(without(submission, *SENT_AND_RECEIVED), **{path: True})


def excluded_all(submission: Submission, names: tuple[str, ...]) -> Submission:
    for name in names:
        submission = excluding(submission, name, EXCLUSIONS[name])
    return submission


@given(points=st.fractions(min_value=0, max_value=100))
def test_half_up_is_the_floor_of_the_points_and_a_half(points: Fraction) -> None:
    assert half_up(points) == floor(points + Fraction(1, 2))
    assert abs(half_up(points) - points) <= Fraction(1, 2)


@given(points=st.fractions(min_value=0, max_value=100, max_denominator=5000))
def test_a_decimal_in_words_rounds_like_the_exact_points(points: Fraction) -> None:
    shown = in_words(points)

    assert half_up(Fraction(shown.removeprefix("about "))) == half_up(points)


def test_points_too_close_to_a_whole_number_are_said_to_be_about_it() -> None:
    assert in_words(Fraction(10**12 + 1, 10**12)) == "about 1"


COUNTS = st.integers(min_value=0, max_value=10_000).flatmap(
    lambda denominator: st.tuples(st.integers(min_value=0, max_value=denominator), st.just(denominator))
)


@given(counts=COUNTS, available=st.integers(min_value=0, max_value=100))
def test_a_measure_never_earns_less_than_nothing_nor_more_than_its_maximum(
    counts: tuple[int, int], available: int
) -> None:
    assert 0 <= measure_points(*counts, available, least=1) <= available


@given(counts=COUNTS, available=st.integers(min_value=0, max_value=100))
def test_one_more_met_never_earns_less(counts: tuple[int, int], available: int) -> None:
    met, denominator = counts
    more = min(met + 1, denominator)

    assert measure_points(met, denominator, available, 1) <= measure_points(more, denominator, available, 1)


@given(
    counts=st.fixed_dictionaries({name: COUNTS for name in ("PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1")}),
    excluded=st.sampled_from(SUBSETS),
    path=st.sampled_from(HIE_PATHS),
    year=st.sampled_from(sorted(RULES)),
)
def test_a_category_stays_within_0_and_the_cap(
    counts: dict[str, tuple[int, int]], excluded: tuple[str, ...], path: str, year: int
) -> None:
    submission = complete(year)
    for name, (met, denominator) in counts.items():
        submission = counting(submission, name, Proportion(met, denominator))

    result = score(RULES[year], taking(excluded_all(submission, excluded), path))

    assert 0 <= result.points <= result.before_gate <= 100
    assert result.points == (0 if result.gate_shut else result.before_gate)
    assert result.up_to == result.points


@given(counts=COUNTS, unknown=st.integers(min_value=0, max_value=10_000))
def test_an_unknown_never_lowers_what_a_line_may_reach(counts: tuple[int, int], unknown: int) -> None:
    met, denominator = counts
    counted = Proportion(met, denominator, unknown=min(unknown, denominator - met))

    prescribing = line(score(NEWEST, counting(complete(), "PI_EP_1", counted)), "PI_EP_1")

    assert (prescribing.earned or 0) <= prescribing.up_to <= prescribing.available
    assert (prescribing.earned is None) == (met == 0 and counted.unknown > 0)


def test_a_rate_is_exact_and_absent_when_nothing_was_eligible() -> None:
    assert Proportion(1, 3).rate == Fraction(1, 3)
    assert Proportion(0, 0).rate is None


@given(
    counts=COUNTS,
    name=st.sampled_from(["PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"]),
    excluded=st.sampled_from(SUBSETS),
    year=st.sampled_from(sorted(RULES)),
)
def test_one_more_met_case_never_lowers_the_category(
    counts: tuple[int, int], name: str, excluded: tuple[str, ...], year: int
) -> None:
    met, denominator = counts
    others = excluded_all(complete(year), tuple(one for one in excluded if one != name))

    found = [
        score(RULES[year], counting(others, name, Proportion(numerator, denominator))).points
        for numerator in (met, min(met + 1, denominator), denominator)
    ]

    assert found == sorted(found)


@given(excluded=st.sampled_from(SUBSETS), path=st.sampled_from(HIE_PATHS), year=st.sampled_from(sorted(RULES)))
def test_an_exclusion_changes_what_is_reported_of_no_other_measure(
    excluded: tuple[str, ...], path: str, year: int
) -> None:
    before, after = taking(complete(year), path), taking(excluded_all(complete(year), excluded), path)
    touched = {name for one in excluded for name in (one, f"{one}_PROD", EXCLUSIONS[one])}

    kept = {name: value for name, value in values(before).items() if name not in touched}

    assert kept == {name: value for name, value in values(after).items() if name not in touched}


def values(submission: Submission) -> dict[str, object]:
    return {entry["measureId"]: entry["value"] for entry in measurements(document(submission))}


def document(submission: Submission) -> dict[str, Any]:
    return write(submission, RULES[submission.year])


def measurements(written: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = written["measurementSets"][0]["measurements"]
    return found


@given(
    excluded=st.sampled_from(SUBSETS),
    path=st.sampled_from(HIE_PATHS),
    missing=st.sampled_from(["PI_PPHI_1", "PI_PEA_1", "PI_PHCDRR_1_PROD", "nothing"]),
    year=st.sampled_from(sorted(RULES)),
    data=st.data(),
)
def test_the_order_of_measurements_changes_nothing(
    excluded: tuple[str, ...], path: str, missing: str, year: int, data: st.DataObject
) -> None:
    written = document(without(taking(excluded_all(complete(year), excluded), path), missing))
    before = score(RULES[year], *read(written))
    shuffled = data.draw(st.permutations(measurements(written)))
    written["measurementSets"][0]["measurements"] = shuffled

    assert score(RULES[year], *read(written)) == before


@given(excluded=st.sampled_from(SUBSETS), path=st.sampled_from(HIE_PATHS), year=st.sampled_from(sorted(RULES)))
def test_the_bonus_adds_five_before_the_cap_and_moves_no_maximum(
    excluded: tuple[str, ...], path: str, year: int
) -> None:
    plain = taking(excluded_all(complete(year), excluded), path)
    full = replace(plain, proportions=dict.fromkeys(plain.proportions, Proportion(7, 7)))

    result = score(RULES[year], answering(full, PI_PHCDRR_2=True, PI_PHCDRR_2_PROD=True))

    assert sum(entry.available for entry in result.lines if entry.measure != BONUS) == 100
    assert sum(entry.available for entry in result.lines) == 105
    assert sum(entry.earned or 0 for entry in result.lines) == 105
    assert result.points == 100
