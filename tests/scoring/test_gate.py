"""What shuts the gate, what only warns, and what a low-volume exclusion needs."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from reported import NEWEST, RULES, answering, codes, complete, counting, excluding, without

from scoring import findings
from scoring.exclusions import Standing, exclusion_standing
from scoring.findings import CATALOGUE
from scoring.gate import check
from scoring.model import MeasureId, Period, Proportion, Severity, Submission
from scoring.year import ExclusionThreshold, Status

YEAR = NEWEST.year
LOW_VOLUME = [threshold for threshold in NEWEST.thresholds if threshold.fewer_than > 1]


def found(submission: Submission) -> list[tuple[str, str]]:
    return [(finding.code, finding.subject) for finding in check(RULES[submission.year], submission)]


def lasting(days: int, year: int = YEAR) -> Submission:
    start = date(year, 1, 1)
    return replace(complete(year), period=Period(start, start + timedelta(days=days - 1)))


@pytest.mark.parametrize("year", RULES)
def test_a_complete_submission_has_no_findings(year: int) -> None:
    assert found(complete(year)) == []


@pytest.mark.parametrize("name", NEWEST.gate.attestations)
def test_a_missing_attestation_shuts_the_gate(name: str) -> None:
    assert found(without(complete(), name)) == [("F-101", name)]


@pytest.mark.parametrize("name", NEWEST.gate.attestations)
def test_an_attestation_answered_no_shuts_the_gate(name: str) -> None:
    assert found(answering(complete(), **{name: False})) == [("F-102", name)]


@pytest.mark.parametrize("answer", [True, False])
def test_the_optional_attestation_changes_nothing(answer: bool) -> None:
    assert found(answering(complete(), PI_ONCACB_1=answer)) == []


@pytest.mark.parametrize(
    ("year", "program", "listed"),
    [(2024, "appPlus", False), (2025, "appPlus", True), (2024, "M0003", True), (2025, "M0003", False),
     (2025, "ssp", False), (2026, "ssp", True), (2026, "mips", True), (2026, "MIPS", False)],
)  # fmt: skip
def test_a_program_that_cms_does_not_list_for_the_year_is_a_warning(year: int, program: str, listed: bool) -> None:
    told = check(RULES[year], replace(complete(year), program=program))

    assert [(finding.code, finding.severity) for finding in told] == [("F-315", Severity.WARNING)] * (not listed)


@pytest.mark.parametrize("cehrt_id", [None, ""])
def test_a_missing_cehrt_id_shuts_the_gate(cehrt_id: str | None) -> None:
    assert found(replace(complete(), cehrt_id=cehrt_id)) == [("F-103", "cehrtId")]


@pytest.mark.parametrize("cehrt_id", ["0015CABCDEFGHI", "0015CABCDEFGHIJK", "0015Cabcdefghij", "0015C-BCDEFGHIJ"])
def test_a_cehrt_id_without_its_shape_shuts_the_gate(cehrt_id: str) -> None:
    assert found(replace(complete(), cehrt_id=cehrt_id)) == [("F-104", "cehrtId")]


def test_an_unexpected_cehrt_prefix_only_warns() -> None:
    (finding,) = check(NEWEST, replace(complete(), cehrt_id="0014EABCDEFGHIJ"))

    assert (finding.code, finding.severity) == ("F-301", Severity.WARNING)


def test_a_missing_period_shuts_the_gate() -> None:
    assert found(replace(complete(), period=None)) == [("F-105", "performance period")]


@pytest.mark.parametrize("year", RULES)
@pytest.mark.parametrize(("days", "code"), [(179, ["F-106"]), (180, ["F-302"]), (181, [])])
@pytest.mark.case(10)
def test_the_shortest_period_is_180_days_both_ends_counted(year: int, days: int, code: list[str]) -> None:
    assert codes(check(RULES[year], lasting(days, year))) == code


def test_exactly_the_minimum_is_a_warning_and_not_an_error() -> None:
    (finding,) = check(NEWEST, lasting(180))

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(("start", "code"), [(date(YEAR, 7, 5), ["F-302"]), (date(YEAR, 7, 6), ["F-108", "F-106"])])
@pytest.mark.case(11)
def test_the_last_start_is_the_fifth_of_july(start: date, code: list[str]) -> None:
    assert codes(check(NEWEST, replace(complete(), period=Period(start, date(YEAR, 12, 31))))) == code


@pytest.mark.parametrize(
    "period",
    [Period(date(YEAR - 1, 12, 31), date(YEAR, 12, 30)), Period(date(YEAR, 1, 2), date(YEAR + 1, 1, 1))],
)
@pytest.mark.case(10)
def test_a_period_that_crosses_the_year_shuts_the_gate(period: Period) -> None:
    assert found(replace(complete(), period=period)) == [("F-107", "performance period")]


def test_a_period_that_ends_before_it_starts_shuts_the_gate() -> None:
    reversed_period = Period(date(YEAR, 12, 31), date(YEAR, 1, 1))

    assert found(replace(complete(), period=reversed_period)) == [("F-109", "performance period")]


REQUIRED = ["PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1", "PI_PHCDRR_1", "PI_PHCDRR_3"]


@pytest.mark.parametrize("name", REQUIRED)
def test_an_unreported_measure_without_its_exclusion_shuts_the_gate(name: str) -> None:
    assert ("F-201", name) in found(without(complete(), name, f"{name}_PROD"))


@pytest.mark.parametrize("name", [name for name in REQUIRED if name != "PI_PEA_1"])
def test_an_exclusion_stands_in_for_its_measure(name: str) -> None:
    for exclusion in NEWEST.measures[MeasureId(name)].exclusions:
        assert found(excluding(complete(), name, exclusion)) == []


@pytest.mark.parametrize("name", ["PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1"])
@pytest.mark.parametrize(
    ("counted", "code"),
    [
        (Proportion(0, 10), ["F-202"]),
        (Proportion(1, 10), []),
        (Proportion(0, 0), ["F-203"]),
        (Proportion(0, 10, unknown=1), ["F-303"]),
        (Proportion(1, 10, unknown=1), ["F-304"]),
        (Proportion(1, 10, undecided=1), ["F-305"]),
        (Proportion(0, 10, undecided=1), ["F-303", "F-305"]),
        (Proportion(0, 0, undecided=1), ["F-303", "F-305"]),
        (Proportion(0, 0, readable=False), ["F-303"]),
        (Proportion(11, 10), ["F-212"]),
        (Proportion(10, 10), []),
        (Proportion(5, 10, unknown=6), ["F-212"]),
        (Proportion(1, 0), ["F-212"]),
        (Proportion(-1, 10), ["F-213"]),
        (Proportion(0, -1), ["F-213"]),
    ],
)
def test_the_counts_of_a_required_measure(name: str, counted: Proportion, code: list[str]) -> None:
    assert found(counting(complete(), name, counted)) == [(each, name) for each in code]


def test_a_pdmp_query_answered_no_shuts_the_gate() -> None:
    assert found(answering(complete(), PI_EP_2=False)) == [("F-204", "PI_EP_2")]


def test_no_exchange_path_at_all_shuts_the_gate() -> None:
    submission = without(complete(), "PI_HIE_1", "PI_HIE_4")

    assert found(submission) == [("F-205", "healthInformationExchange")]


def test_an_exchange_path_answered_no_is_no_path() -> None:
    submission = answering(without(complete(), "PI_HIE_1", "PI_HIE_4"), PI_HIE_5=False)

    assert found(submission) == [("F-205", "PI_HIE_5")]


def test_half_of_an_exchange_path_lacks_the_other_half() -> None:
    assert found(without(complete(), "PI_HIE_4")) == [("F-201", "PI_HIE_4")]


@pytest.mark.parametrize("path", ["PI_HIE_5", "PI_HIE_6"])
def test_more_than_one_exchange_path_is_refused(path: str) -> None:
    assert found(answering(complete(), **{path: True})) == [("F-206", path)]


def test_two_exchange_answers_are_two_paths() -> None:
    submission = answering(without(complete(), "PI_HIE_1", "PI_HIE_4"), PI_HIE_5=True, PI_HIE_6=True)

    assert found(submission) == [("F-206", "PI_HIE_5")]


@pytest.mark.parametrize("path", ["PI_HIE_5", "PI_HIE_6"])
@pytest.mark.parametrize("exclusion", ["PI_LVOTC_1", "PI_LVITC_2"])
def test_an_exclusion_of_another_path_is_refused(path: str, exclusion: str) -> None:
    submission = answering(without(complete(), "PI_HIE_1", "PI_HIE_4"), **{path: True, exclusion: True})

    assert found(submission) == [("F-216", exclusion)]


def test_a_measure_together_with_its_own_exclusion_is_refused() -> None:
    assert found(answering(complete(), PI_LVPP_1=True)) == [("F-207", "PI_EP_1")]


def test_an_exclusion_answered_no_beside_its_measure_only_warns() -> None:
    assert found(answering(complete(), PI_LVPP_1=False)) == [("F-308", "PI_LVPP_1")]


def test_both_engagement_levels_are_refused() -> None:
    assert ("F-208", "PI_PHCDRR_1_PROD") in found(answering(complete(), PI_PHCDRR_1_PRE=True))


@pytest.mark.parametrize(
    ("pre", "prod", "refused"), [(False, True, "PI_PHCDRR_1_PRE"), (True, False, "PI_PHCDRR_1_PROD")]
)
def test_an_engagement_level_answered_no_beside_the_other_only_warns(pre: bool, prod: bool, refused: str) -> None:
    submission = answering(complete(), PI_PHCDRR_1_PRE=pre, PI_PHCDRR_1_PROD=prod)

    assert ("F-308", refused) in found(submission)
    assert not any(f.severity is Severity.ERROR for f in check(NEWEST, submission))


def test_two_levels_answered_no_are_no_conflict_but_no_level() -> None:
    submission = answering(complete(), PI_PHCDRR_1_PRE=False, PI_PHCDRR_1_PROD=False)

    assert found(submission) == [("F-209", "PI_PHCDRR_1")]


def test_two_exclusions_of_one_measure_are_refused_where_cms_lists_them_as_substitutes() -> None:
    submission = answering(excluding(complete(), "PI_PHCDRR_1", "PI_PHCDRR_1_EX_1"), PI_PHCDRR_1_EX_2=True)

    assert found(submission) == [("F-310", "PI_PHCDRR_1"), ("F-208", "PI_PHCDRR_1_EX_2")]


@pytest.mark.parametrize("name", ["PI_PHCDRR_1", "PI_PHCDRR_3"])
def test_a_required_public_health_yes_needs_its_level(name: str) -> None:
    assert found(without(complete(), f"{name}_PROD")) == [("F-209", name)]


@pytest.mark.parametrize("name", ["PI_PHCDRR_1", "PI_PHCDRR_3"])
def test_level_one_satisfies_the_level_and_warns_that_it_lasts_one_period(name: str) -> None:
    submission = answering(without(complete(), f"{name}_PROD"), **{f"{name}_PRE": True})

    assert found(submission) == [("F-309", f"{name}_PRE")]


def test_a_level_without_its_measure_only_warns() -> None:
    assert found(answering(complete(), PI_PHCDRR_2_PROD=True)) == [("F-307", "PI_PHCDRR_2_PROD")]


def test_a_bonus_measure_answered_no_is_no_finding() -> None:
    assert found(answering(complete(), PI_PHCDRR_2=False)) == []


def test_an_unknown_measure_id_is_refused() -> None:
    assert found(answering(complete(), PI_NOPE=True)) == [("F-210", "PI_NOPE")]


def test_an_answer_for_a_proportion_is_of_the_wrong_kind() -> None:
    submission = answering(without(complete(), "PI_EP_1"), PI_EP_1=True)

    assert found(submission) == [("F-211", "PI_EP_1")]


@pytest.mark.parametrize("name", ["PI_EP_2", "PI_PPHI_1"])
def test_counts_for_an_answer_are_of_the_wrong_kind(name: str) -> None:
    submission = counting(without(complete(), name), name, Proportion(1, 2))

    assert found(submission) == [("F-211", name)]


def test_a_measure_that_is_both_counted_and_answered_is_refused() -> None:
    assert ("F-214", "PI_EP_1") in found(answering(complete(), PI_EP_1=True))


@pytest.mark.parametrize(
    ("certain", "possible", "standing"),
    [
        (0, 0, Standing.AVAILABLE),
        (99, 99, Standing.AVAILABLE),
        (99, 100, Standing.UNDECIDED),
        (100, 100, Standing.NOT_AVAILABLE),
        (100, 300, Standing.NOT_AVAILABLE),
    ],
)
@pytest.mark.parametrize("threshold", LOW_VOLUME, ids=lambda threshold: threshold.exclusion)
@pytest.mark.case(46)
def test_a_low_volume_exclusion_is_available_below_its_threshold(
    threshold: ExclusionThreshold, certain: int, possible: int, standing: Standing
) -> None:
    assert exclusion_standing(threshold, certain, possible) is standing


@pytest.mark.parametrize(("certain", "possible"), [(-1, 0), (2, 1)])
def test_bounds_that_are_no_bounds_are_refused(certain: int, possible: int) -> None:
    with pytest.raises(ValueError, match="expected 0 <= certain <= possible"):
        exclusion_standing(NEWEST.thresholds[0], certain, possible)


@pytest.mark.parametrize("year", RULES)
def test_a_low_volume_exclusion_is_below_100_and_one_for_who_does_none_of_it_is_below_1(year: int) -> None:
    limits = {threshold.exclusion: threshold.fewer_than for threshold in RULES[year].thresholds}
    assert limits == {
        "PI_LVPP_1": 100,
        "PI_LVOTC_1": 100,
        "PI_LVITC_2": 100,
        "PI_EP_2_EX_2": 1,
        "PI_PHCDRR_1_EX_1": 1,
    }


@pytest.mark.parametrize("year", RULES)
def test_every_exclusion_is_decided_by_a_count_or_said_not_to_be(year: int) -> None:
    decided = [threshold.exclusion for threshold in RULES[year].thresholds]
    hinted = [name for hint in RULES[year].hints for name in hint.exclusions]
    assert sorted(decided + hinted) == sorted(measure.id for measure in RULES[year].with_status(Status.EXCLUSION))


def test_every_finding_is_numbered_by_its_family() -> None:
    for code, kind in CATALOGUE.items():
        assert code == kind.code
        if code < "F-500":
            assert (kind.severity is Severity.ERROR) == (code < "F-300")


def test_a_number_is_given_once() -> None:
    with pytest.raises(AssertionError, match="twice"):
        findings._kind("F-101", "again")
