"""Where the sources leave something open, the score says what the other reading would make of it."""

from fractions import Fraction

import pytest
from reported import RULES, complete, counting, excluding, line, without

from scoring.model import Proportion, Score, Submission
from scoring.readings import under
from scoring.rounding import Tie, half_up, measure_points
from scoring.score import score


def plain(year: int) -> Submission:
    """A complete submission in which nothing ends in an exact half."""
    return counting(complete(year), "PI_PEA_1", Proportion(920, 1000))


def both_registries_excluded(year: int) -> Submission:
    submission = plain(year)
    for name in ("PI_PHCDRR_1", "PI_PHCDRR_3"):
        submission = excluding(submission, name, f"{name}_EX_1")
    return submission


def others(result: Score, word: str) -> list[int]:
    return [other.points - result.points for other in result.other_readings if word in other.doubt]


def test_both_registries_excluded_in_2025_has_two_readings() -> None:
    result = score(RULES[2025], both_registries_excluded(2025))

    assert others(result, "suppressed") == [46 - (23 + 25)]


@pytest.mark.parametrize("year", [2024, 2026, 2027])
def test_in_other_years_that_question_does_not_arise(year: int) -> None:
    assert others(score(RULES[year], both_registries_excluded(year)), "suppressed") == []


@pytest.mark.parametrize("year", RULES)
def test_the_order_of_moves_has_two_readings_when_prescribing_and_sending_are_excluded(year: int) -> None:
    submission = excluding(excluding(complete(year), "PI_EP_1", "PI_LVPP_1"), "PI_HIE_1", "PI_LVOTC_1")

    result = score(RULES[year], submission)

    ours = half_up(Fraction(40, 200) * 25) + half_up(Fraction(9, 10) * 40)
    theirs = half_up(Fraction(40, 200) * 20) + half_up(Fraction(9, 10) * 45)
    assert others(result, "split before") == [theirs - ours]


@pytest.mark.parametrize(("met", "difference"), [(85, [-1]), (75, []), (84, [])])
def test_an_exact_half_has_two_readings_unless_both_round_up(met: int, difference: list[int]) -> None:
    submission = counting(plain(2026), "PI_EP_1", Proportion(met, 100))

    assert others(score(RULES[2026], submission), "half point") == difference


def test_a_shut_gate_is_zero_by_every_reading() -> None:
    result = score(RULES[2025], without(both_registries_excluded(2025), "PI_PPHI_1"))

    assert result.other_readings == ()


def test_a_plain_submission_has_one_reading() -> None:
    assert score(RULES[2026], plain(2026)).other_readings == ()


@pytest.mark.parametrize(("met", "up", "even"), [(5, 1, 1), (15, 2, 2), (25, 3, 2), (26, 3, 3)])
def test_half_even_differs_from_half_up_at_even_halves_alone(met: int, up: int, even: int) -> None:
    assert measure_points(met, 100, 10, 1) == up
    assert measure_points(met, 100, 10, 1, Tie.EVEN) == even


def test_under_another_rounding_the_words_and_the_most_that_a_line_may_reach_follow_it() -> None:
    reading = next(one for one in RULES[2026].readings if one.tie is Tie.EVEN)
    rules = under(RULES[2026], reading)

    prescribing = line(score(rules, counting(plain(2026), "PI_EP_1", Proportion(85, 100))), "PI_EP_1")

    assert (prescribing.earned, prescribing.up_to) == (8, 8)
    assert "rounded to 8" in prescribing.because
