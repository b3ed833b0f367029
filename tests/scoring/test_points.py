"""Properties that hold for every count, exclusion, path and order."""

from fractions import Fraction
from itertools import chain, combinations
from math import floor

from hypothesis import given
from hypothesis import strategies as st
from reported import NEWEST, RULES, answering, complete, counting, excluding, line, without

from scoring.model import Proportion, Submission
from scoring.rounding import half_up, in_words, measure_points
from scoring.score import score

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
