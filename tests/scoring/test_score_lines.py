"""Points, maxima and reasons of a score, on both sides of every boundary."""

from dataclasses import replace
from pathlib import Path

import pytest
from reported import NEWEST, answering, codes, complete, counting, excluding, line, without

from scoring.errors import SubmissionError
from scoring.explain import as_document
from scoring.findings import CATALOGUE
from scoring.model import Confidence, Origin, Proportion, Severity
from scoring.rulebook import RULES as FOLDER
from scoring.rulebook import RuleBook, load
from scoring.score import BONUS, score

PUBLIC_HEALTH = "publicHealthAndClinicalDataExchange"
LINE_KEYS = {
    "measure",
    "title",
    "objective",
    "earned",
    "available",
    "up_to",
    "because",
    "confidence",
    "origin",
    "doubts",
    "cites",
}


@pytest.mark.parametrize(("met", "earned"), [(0, 0), (1, 1), (249, 1), (750, 2), (749, 1), (5000, 10)])
def test_the_first_case_met_earns_one_point(met: int, earned: int) -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(met, 5000)))

    assert line(result, "PI_EP_1").earned == earned


def test_a_line_says_why_in_words() -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(412, 500)))

    assert line(result, "PI_EP_1").because == "412 of 500 is 8.24 of 10, rounded to 8."
    assert line(result, "PI_HIE_1").because == "60 of 300 is 3 of 15."
    assert line(result, "PI_EP_2").because == "Answered yes: 10 of 10."


def test_the_floor_is_explained() -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(1, 5000)))

    assert line(result, "PI_EP_1").because == "1 of 5000 is 0.002 of 10; with at least one met, 1 is earned."


def test_nothing_of_nothing_earns_nothing() -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(0, 0)))

    assert line(result, "PI_EP_1").because == "0 of 0 counts as not reported: nothing earned."
    assert result.points == 0


@pytest.mark.parametrize(("met", "earned", "doubtful"), [(929, 23, False), (940, 24, True), (941, 24, False)])
def test_an_exact_half_goes_up_and_is_doubted(met: int, earned: int, doubtful: bool) -> None:
    result = score(NEWEST, counting(complete(), "PI_PEA_1", Proportion(met, 1000)))
    access = line(result, "PI_PEA_1")

    assert access.earned == earned
    assert any("half" in doubt for doubt in access.doubts) is doubtful
    assert (access.confidence is Confidence.INFERRED) is doubtful


def test_an_excluded_measure_says_where_its_points_went() -> None:
    result = score(NEWEST, excluding(complete(), "PI_EP_2", "PI_EP_2_EX_1"))

    assert line(result, "PI_EP_2").available == 0
    assert line(result, "PI_EP_2").because == "Excluded by PI_EP_2_EX_1; its points moved to e-Prescribing."
    assert "The maximum is 20 instead of 10" in line(result, "PI_EP_1").because


def test_a_recalled_reallocation_is_doubted_where_it_decides() -> None:
    plain = score(NEWEST, complete())
    moved = score(NEWEST, excluding(complete(), "PI_HIE_4", "PI_LVITC_2"))

    assert line(plain, "PI_HIE_1").confidence is Confidence.CONFIRMED
    assert line(moved, "PI_HIE_1").confidence is Confidence.RECALLED
    assert any("recalled" in doubt for doubt in line(moved, "PI_HIE_1").doubts)


def test_the_ambiguous_combination_is_doubted_only_while_receiving_is_open() -> None:
    ambiguous = excluding(excluding(complete(), "PI_EP_1", "PI_LVPP_1"), "PI_HIE_1", "PI_LVOTC_1")
    plain = excluding(ambiguous, "PI_HIE_4", "PI_LVITC_2")

    assert any("ambiguous" in doubt for doubt in line(score(NEWEST, ambiguous), "PI_HIE_4").doubts)
    assert not any("ambiguous" in doubt for doubt in line(score(NEWEST, plain), "PI_PEA_1").doubts)


def test_public_health_is_one_line_of_25_points() -> None:
    joint = line(score(NEWEST, complete()), PUBLIC_HEALTH)

    assert (joint.earned, joint.available) == (25, 25)
    assert joint.because == "Immunization Registry Reporting: yes; Electronic Case Reporting: yes; together 25 of 25."


def test_public_health_with_a_no_earns_nothing() -> None:
    joint = line(score(NEWEST, answering(complete(), PI_PHCDRR_1=False)), PUBLIC_HEALTH)

    assert joint.earned == 0


def test_public_health_not_reported_has_no_origin() -> None:
    joint = line(score(NEWEST, without(complete(), "PI_PHCDRR_1", "PI_PHCDRR_3")), PUBLIC_HEALTH)

    assert (joint.earned, joint.origin) == (0, None)


def test_several_bonus_measures_earn_the_bonus_once() -> None:
    submission = answering(complete(), PI_PHCDRR_4=True, PI_PHCDRR_4_PROD=True, PI_PHCDRR_5=True, PI_PHCDRR_5_PRE=True)
    plain, result = score(NEWEST, complete()), score(NEWEST, submission)

    assert line(result, BONUS).earned == 5
    assert result.points == plain.points + 5


def test_a_bonus_measure_without_its_level_earns_no_bonus_and_a_warning() -> None:
    result = score(NEWEST, answering(complete(), PI_PHCDRR_4=True))

    assert line(result, BONUS).earned == 0
    assert line(result, BONUS).doubts
    assert codes(result.findings) == ["F-306"]


def test_a_bonus_never_lifts_the_category_above_the_cap() -> None:
    submission = answering(
        without(complete(), "PI_HIE_1", "PI_HIE_4"), PI_HIE_5=True, PI_PHCDRR_4=True, PI_PHCDRR_4_PROD=True
    )
    for name in ("PI_EP_1", "PI_PEA_1"):
        submission = counting(submission, name, Proportion(10, 10))

    result = score(NEWEST, submission)

    assert sum(entry.earned or 0 for entry in result.lines) == 105
    assert result.points == 100


def test_a_shut_gate_keeps_the_points_visible() -> None:
    result = score(NEWEST, answering(complete(), PI_PPHI_1=False))

    assert (result.points, result.up_to) == (0, 0)
    assert result.before_gate == score(NEWEST, complete()).points


def test_unknowns_are_not_counted_but_shown() -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(200, 500, unknown=100)))
    prescribing = line(result, "PI_EP_1")

    assert (prescribing.earned, prescribing.up_to) == (4, 6)
    assert "100 not visible: 6 if all of those are met." in prescribing.because
    assert result.up_to == result.points + 2
    assert result.determinable


def test_a_required_measure_with_nothing_seen_and_something_unknown_is_not_determinable() -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(0, 500, unknown=100)))
    prescribing = line(result, "PI_EP_1")

    assert (prescribing.earned, prescribing.up_to) == (None, 2)
    assert "either zero nor passed" in prescribing.because
    assert not result.determinable
    assert not result.gate_shut
    assert [(f.code, f.severity) for f in result.findings] == [("F-303", Severity.WARNING)]


def test_a_measure_that_the_source_cannot_show_is_neither_zero_nor_passed() -> None:
    result = score(NEWEST, counting(complete(), "PI_PEA_1", Proportion(0, 0, readable=False)))

    assert (line(result, "PI_PEA_1").earned, line(result, "PI_PEA_1").up_to) == (None, 25)
    assert not result.determinable
    assert not result.gate_shut


def test_an_undecided_case_may_raise_both_numbers() -> None:
    result = score(NEWEST, counting(complete(), "PI_EP_1", Proportion(0, 1, undecided=3)))

    assert (line(result, "PI_EP_1").earned, line(result, "PI_EP_1").up_to) == (None, 8)
    assert not result.gate_shut


def test_an_excluded_measure_is_determinable_whatever_was_counted() -> None:
    unknown = counting(complete(), "PI_EP_1", Proportion(0, 500, unknown=100))

    assert score(NEWEST, excluding(unknown, "PI_EP_1", "PI_LVPP_1")).determinable


def test_counts_that_cannot_be_right_earn_nothing() -> None:
    for counted in (Proportion(11, 10), Proportion(-1, 10), Proportion(1, 0), Proportion(5, 10, unknown=6)):
        result = score(NEWEST, counting(complete(), "PI_EP_1", counted))

        assert line(result, "PI_EP_1").earned == 0
        assert result.gate_shut


def test_a_line_carries_the_origin_of_its_numbers() -> None:
    counted = Proportion(4, 5, origin=Origin.REPORTED)
    result = score(NEWEST, counting(complete(), "PI_EP_1", counted))

    assert line(result, "PI_EP_1").origin is Origin.REPORTED
    assert line(result, "PI_EP_2").origin is Origin.ATTESTED


def test_a_missing_measure_earns_nothing_and_says_so() -> None:
    result = score(NEWEST, without(complete(), "PI_EP_2"))

    assert line(result, "PI_EP_2").earned == 0
    assert line(result, "PI_EP_2").origin is None
    assert line(result, "PI_EP_2").because.startswith("Not reported and not excluded")


def test_a_submission_of_another_year_is_refused() -> None:
    with pytest.raises(SubmissionError, match="expected a submission of"):
        score(NEWEST, replace(complete(), year=NEWEST.year - 1))


def test_an_error_found_while_reading_shuts_the_gate() -> None:
    found = CATALOGUE["F-214"].about("PI_EP_1", "reported twice", "Report it once.")

    assert score(NEWEST, complete()).points > 0
    assert score(NEWEST, complete(), (found,)).points == 0


def suppressing(tmp_path: Path) -> RuleBook:
    """The newest year with electronic case reporting suppressed and its points staying in the objective."""
    text = (FOLDER / f"py{NEWEST.year}.toml").read_text(encoding="utf-8")
    start = text.index("[[reallocation]]")
    end = text.index("[[reallocation]]", start + 1)
    ruling = 'confidence = "confirmed"\ncites = ["list"]\n'
    suppression = f'[[suppression]]\nmeasure = "PI_PHCDRR_3"\n{ruling}\n[suppression.level]\n{ruling}\n'
    (tmp_path / f"py{NEWEST.year}.toml").write_text(text[:start] + suppression + text[end:], encoding="utf-8")
    return load(NEWEST.year, tmp_path)


@pytest.mark.parametrize("answer", [True, False])
def test_a_suppressed_measure_earns_credit_for_any_answer(tmp_path: Path, answer: bool) -> None:
    submission = answering(without(complete(), "PI_PHCDRR_3_PROD"), PI_PHCDRR_3=answer)

    result = score(suppressing(tmp_path), submission)

    assert line(result, PUBLIC_HEALTH).earned == 25
    assert not result.gate_shut


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({}, ["F-316"]),
        ({"PI_PHCDRR_3_PROD": False}, ["F-316"]),
        ({"PI_PHCDRR_3_PROD": True}, []),
        ({"PI_PHCDRR_3": False}, []),
    ],
)
def test_a_suppressed_yes_without_a_level_is_a_doubt_that_shuts_nothing(
    answers: dict[str, bool], told: list[str]
) -> None:
    result = score(load(2025), answering(without(complete(2025), "PI_PHCDRR_3_PROD"), **answers))

    assert codes(result.findings) == told
    assert all("is not said" in finding.message for finding in result.findings)
    assert (line(result, PUBLIC_HEALTH).earned, result.gate_shut) == (25, False)


def test_a_suppressed_measure_must_still_be_answered(tmp_path: Path) -> None:
    result = score(suppressing(tmp_path), without(complete(), "PI_PHCDRR_3", "PI_PHCDRR_3_PROD"))

    assert line(result, PUBLIC_HEALTH).earned == 0
    assert result.gate_shut


def test_the_document_has_the_agreed_shape() -> None:
    result = score(NEWEST, without(complete(), "PI_EP_2"))

    document = as_document(result)
    lines, findings = document["lines"], document["findings"]

    keys = "schema year provisional points before_gate up_to determinable lines findings other_readings"
    assert list(document) == keys.split()
    assert document["schema"] == "pi180/score/1"
    assert isinstance(lines, list)
    assert isinstance(findings, list)
    assert set(lines[0]) == LINE_KEYS
    assert set(findings[0]) == {"code", "severity", "subject", "message", "remedy", "cites", "by"}
    assert set(lines[0]["cites"][0]) == {"text", "url"}
    assert [entry["origin"] for entry in lines[:2]] == ["from the submission", None]
