"""Who owes the category, what it weighs, and what several scores become."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.aggregation import Member, entity_mean, of_several
from scoring.eligibility import (
    Clinician,
    Duty,
    HardshipStatus,
    final_points,
    group_verdict,
    shared_savings_verdict,
    verdict_of,
    weights_of,
)
from scoring.eligibility_rules import FILE, Category, Framework, load_eligibility
from scoring.errors import RuleError

ACROSS = load_eligibility()
PHYSICIAN = Clinician("1234567893", "000777777", "physician", frozenset(), below_threshold=False, shared_savings=True)
SINCE_2017 = {
    **dict.fromkeys(["nursePractitioner", "physicianAssistant", "clinicalNurseSpecialist", "crna"], (2017, 2022)),
    **dict.fromkeys(
        ["physicalTherapist", "occupationalTherapist", "clinicalPsychologist", "qualifiedAudiologist",
         "speechLanguagePathologist", "dietitianNutrition"], (2019, 2023)),
    "clinicalSocialWorker": (2022, 2024),
    "physician": (0, 0),
}  # fmt: skip


@pytest.mark.parametrize("year", range(2017, 2028))
@pytest.mark.parametrize("kind", SINCE_2017)
def test_a_type_of_clinician_is_reweighted_in_its_years_and_in_no_other(kind: str, year: int) -> None:
    first, last = SINCE_2017[kind]

    verdict = verdict_of(ACROSS, year, replace(PHYSICIAN, type=kind))

    assert (verdict.duty is Duty.REWEIGHTED) == (first <= year <= last)


def test_the_table_names_every_type_of_the_rules() -> None:
    assert set(SINCE_2017) == set(ACROSS.types)


@pytest.mark.parametrize("status", ["ascBased", "hospitalBased", "nonPatientFacing", "smallPractice"])
def test_a_special_status_takes_the_category_out(status: str) -> None:
    assert verdict_of(ACROSS, 2026, replace(PHYSICIAN, statuses=frozenset({status}))).duty is Duty.REWEIGHTED


@pytest.mark.parametrize(("year", "duty"), [(2021, Duty.REQUIRED), (2022, Duty.REWEIGHTED)])
def test_a_small_practice_is_out_without_an_application_since_2022(year: int, duty: Duty) -> None:
    assert verdict_of(ACROSS, year, replace(PHYSICIAN, statuses=frozenset({"smallPractice"}))).duty is duty


@pytest.mark.parametrize(
    ("stage", "duty"), [("none", Duty.REQUIRED), ("applied", Duty.REQUIRED), ("approved", Duty.REWEIGHTED)]
)
def test_only_an_approved_hardship_counts(stage: str, duty: Duty) -> None:
    reason = None if stage == "none" else "internet"
    clinician = replace(PHYSICIAN, hardship=HardshipStatus(stage), hardship_reason=reason)

    assert verdict_of(ACROSS, 2026, clinician).duty is duty


@pytest.mark.parametrize(("reason", "cancelled"), [("internet", True), ("compromised", False), ("entity", False)])
def test_submitted_data_cancel_a_reweighting_but_for_two_reasons(reason: str, cancelled: bool) -> None:
    clinician = replace(PHYSICIAN, hardship=HardshipStatus.APPROVED, hardship_reason=reason, submitted=True)

    verdict = verdict_of(ACROSS, 2026, clinician)

    assert verdict.cancelled is cancelled
    assert verdict.duty is (Duty.REQUIRED if cancelled else Duty.REWEIGHTED)


@pytest.mark.parametrize("silence", ["type", "statuses", "below_threshold"])
def test_what_the_roster_does_not_say_leaves_the_duty_undecided(silence: str) -> None:
    changed = {"type": replace(PHYSICIAN, type=None), "statuses": replace(PHYSICIAN, statuses=None),
               "below_threshold": replace(PHYSICIAN, below_threshold=None)}  # fmt: skip

    assert verdict_of(ACROSS, 2026, changed[silence]).duty is Duty.UNDECIDED


def test_below_the_low_volume_threshold_nothing_is_owed_in_either_program() -> None:
    below = replace(PHYSICIAN, below_threshold=True)

    assert verdict_of(ACROSS, 2026, below).duty is Duty.NOT_REQUIRED
    found = shared_savings_verdict(ACROSS, 2026, below)
    assert found is not None
    assert found.duty is Duty.NOT_REQUIRED


def members(*statuses: str) -> list[Clinician]:
    return [replace(PHYSICIAN, statuses=frozenset({status} - {""})) for status in statuses]


@pytest.mark.parametrize(("hospital_based", "duty"), [(3, Duty.REQUIRED), (4, Duty.REWEIGHTED)])
def test_a_group_is_hospital_based_above_three_quarters_of_its_npis(hospital_based: int, duty: Duty) -> None:
    group = members(*["hospitalBased"] * hospital_based, *[""] * (4 - hospital_based))

    assert group_verdict(ACROSS, 2026, group, (), submitted=False).duty is duty


@pytest.mark.parametrize(("asc_based", "duty"), [(4, Duty.REQUIRED), (5, Duty.REWEIGHTED)])
def test_of_surgical_center_clinicians_a_group_needs_all(asc_based: int, duty: Duty) -> None:
    group = members(*["ascBased"] * asc_based, *[""] * (5 - asc_based))

    assert group_verdict(ACROSS, 2026, group, (), submitted=False).duty is duty


def test_reasons_may_be_mixed_when_every_clinician_has_one() -> None:
    social_worker = replace(PHYSICIAN, type="clinicalSocialWorker")
    group = [social_worker, *members("ascBased", "nonPatientFacing")]

    assert group_verdict(ACROSS, 2024, group, (), submitted=False).duty is Duty.REWEIGHTED
    assert group_verdict(ACROSS, 2025, group, (), submitted=False).duty is Duty.REQUIRED


def test_a_status_of_the_group_itself_is_enough_and_its_own_data_cancel_it() -> None:
    assert group_verdict(ACROSS, 2026, [PHYSICIAN], ["smallPractice"], submitted=False).duty is Duty.REWEIGHTED
    submitted = group_verdict(ACROSS, 2026, [PHYSICIAN], ["smallPractice"], submitted=True)
    assert submitted.duty is Duty.REQUIRED
    assert submitted.cancelled


def test_what_one_clinician_submitted_for_herself_says_nothing_about_the_group() -> None:
    group = [replace(member, submitted=True) for member in members("ascBased", "ascBased")]

    assert group_verdict(ACROSS, 2026, group, (), submitted=False).duty is Duty.REWEIGHTED


def test_a_group_with_a_clinician_of_whom_nothing_is_said_is_undecided() -> None:
    group = [*members("ascBased"), replace(PHYSICIAN, statuses=None)]

    assert group_verdict(ACROSS, 2026, group, (), submitted=False).duty is Duty.UNDECIDED


@pytest.mark.parametrize(
    ("hospital_based", "silent", "duty"),
    [(6, 1, Duty.UNDECIDED), (6, 0, Duty.REQUIRED), (5, 1, Duty.REQUIRED), (7, 1, Duty.REWEIGHTED)],
)
def test_a_silent_row_leaves_a_group_undecided_only_where_it_can_make_the_share(
    hospital_based: int, silent: int, duty: Duty
) -> None:
    known = members(*["hospitalBased"] * hospital_based, *[""] * (8 - hospital_based - silent))

    group = [*known, *[replace(PHYSICIAN, statuses=None)] * silent]

    assert group_verdict(ACROSS, 2026, group, (), submitted=False).duty is duty


def test_a_group_of_whom_all_are_below_the_threshold_is_undecided() -> None:
    below = [replace(PHYSICIAN, below_threshold=True)] * 3

    assert group_verdict(ACROSS, 2026, below, (), submitted=False).duty is Duty.UNDECIDED


def test_a_group_of_mixed_reasons_rests_on_what_is_inferred() -> None:
    group = members("ascBased", "nonPatientFacing")

    found = group_verdict(ACROSS, 2026, group, (), submitted=False)

    assert ACROSS.whole_group.ruling in found.rulings
    assert any("reason of their own" in doubt for ruling in found.rulings for doubt in ruling.doubts)


@pytest.mark.parametrize("stage", HardshipStatus)
def test_an_area_that_cms_declares_needs_no_application(stage: HardshipStatus) -> None:
    clinician = replace(PHYSICIAN, hardship=stage, hardship_reason="area")

    assert verdict_of(ACROSS, 2026, clinician).duty is Duty.REWEIGHTED
    found = shared_savings_verdict(ACROSS, 2026, clinician)
    assert found is not None
    assert found.duty is Duty.NOT_REQUIRED


@pytest.mark.parametrize(("year", "duty"), [(2023, Duty.REQUIRED), (2024, Duty.REWEIGHTED)])
def test_the_fault_of_an_intermediary_is_a_reason_since_2024(year: int, duty: Duty) -> None:
    clinician = replace(PHYSICIAN, hardship=HardshipStatus.APPROVED, hardship_reason="intermediary")

    assert verdict_of(ACROSS, year, clinician).duty is duty


@pytest.mark.parametrize(("year", "asked"), [(2024, False), (2025, True)])
def test_a_shared_savings_aco_asks_for_a_score_since_2025(year: int, asked: bool) -> None:
    assert (shared_savings_verdict(ACROSS, year, PHYSICIAN) is not None) is asked


def test_a_reweighting_by_type_is_no_way_out_of_the_aco_requirement() -> None:
    found = shared_savings_verdict(ACROSS, 2025, replace(PHYSICIAN, type="clinicalSocialWorker"))

    assert found is not None
    assert found.duty is Duty.REQUIRED


@pytest.mark.parametrize("out", [(), *[(c,) for c in Category]])
@pytest.mark.parametrize("small", [False, True])
def test_weights_sum_to_the_whole_and_a_reweighted_category_has_none(out: tuple[Category, ...], small: bool) -> None:
    found = weights_of(ACROSS, 2026, Framework.TRADITIONAL, small, frozenset(out))

    assert found is not None
    assert sum(found.weight.values()) == 1
    assert [found.weight[category] for category in out] == [0] * len(out)


def test_a_small_practice_moves_the_weight_elsewhere_than_others() -> None:
    def quality(small: bool) -> Fraction:
        found = weights_of(ACROSS, 2026, Framework.TRADITIONAL, small, frozenset({Category.PI}))
        assert found is not None
        return found.weight[Category.QUALITY]

    assert quality(small=False) == Fraction(55, 100)
    assert quality(small=True) == Fraction(40, 100)


def test_no_weights_are_made_up_where_no_text_states_them() -> None:
    three = frozenset({Category.PI, Category.COST, Category.QUALITY})

    assert weights_of(ACROSS, 2026, Framework.TRADITIONAL, False, three) is None
    assert weights_of(ACROSS, 2020, Framework.TRADITIONAL, False, frozenset()) is None


def test_the_pathway_weighs_the_category_30_percent_and_traditional_mips_25() -> None:
    for framework, points in ((Framework.APP, Fraction(216, 10)), (Framework.TRADITIONAL, Fraction(18))):
        found = weights_of(ACROSS, 2026, framework, False, frozenset())
        assert found is not None
        assert final_points(Fraction(72), found.weight[Category.PI]) == points


SCORES = st.one_of(st.none(), st.fractions(min_value=0, max_value=100))


@given(st.lists(st.builds(Member, SCORES, SCORES, st.booleans()), max_size=8))
def test_an_entity_mean_lies_between_its_members(found: list[Member]) -> None:
    counted = [member.counted for member in found if member.counted is not None]

    mean = entity_mean(found)

    assert (mean is None) == (not counted)
    if mean is not None:
        assert min(counted) <= mean <= max(counted)
        assert entity_mean(list(reversed(found))) == mean


def test_a_silent_member_counts_0_and_an_excepted_one_is_left_out() -> None:
    reported = Member(Fraction(80), None)

    assert entity_mean([reported, Member(None, None)]) == 40
    assert entity_mean([reported, Member(None, None, excepted=True)]) == 80


@pytest.mark.parametrize(
    ("year", "scores", "expected"), [(2023, [72, 90], 0), (2023, [72, 72], 72), (2024, [72, 90], 90)]
)
def test_of_several_submissions_the_highest_counts_since_2024(year: int, scores: list[int], expected: int) -> None:
    assert of_several(ACROSS, year, scores) == expected


def test_a_year_without_a_rule_for_several_submissions_is_refused() -> None:
    with pytest.raises(RuleError, match="2016"):
        of_several(ACROSS, 2016, [1])


BROKEN = {
    "a missing key": ('rule = "highest"', "", "several_submissions[2].rule: expected a text, got nothing"),
    "a rule that is none": ('rule = "highest"', 'rule = "lowest"', "expected one of conflict is zero, highest"),
    "an unknown key": ("automatic = true", "automatical = true", "hardship[5].automatical: expected one of the keys"),
    "an unknown table": ("[data_submitted]", "[submitted]", "data_submitted: expected a table, got nothing"),
    "a type twice": ('id = "crna"', 'id = "physician"', "clinician_type.physician: expected one table per id, got 2"),
    "a status twice": ('id = "hospitalBased"', 'id = "ascBased"', "special_status.ascBased: expected one table per id"),
    "a reason twice": ('id = "noControl"', 'id = "internet"', "hardship.internet: expected one table per id"),
    "a doubt twice": ('id = "silent"', 'id = "several"', "doubt.several: expected one table per id, got 2 tables"),
    "years that run backwards": (
        "last_reweighted = 2022",
        "last_reweighted = 2016",
        "clinician_type[2].last_reweighted: expected 2017 or later, got 2016",
    ),
    "weights that do not sum": (
        "quality = 85",
        "quality = 84",
        "weights[6].pi: expected weights that sum to 100, got 99",
    ),
    "a weight of what is reweighted": (
        'reweighted = ["cost"]\nquality = 55\ncost = 0',
        'reweighted = ["cost"]\nquality = 50\ncost = 5',
        "weights[2].cost: expected 0, because it is reweighted, got 5",
    ),
    "a category that is none": ('reweighted = ["quality"]', 'reweighted = ["care"]', "weights[4].reweighted: expected"),
    "weights twice": (
        'reweighted = ["cost"]\nquality = 55\ncost = 0',
        "reweighted = []\nquality = 55\ncost = 0",
        "weights[2]: expected years that no entry before it rules, got 2022 ruled twice",
    ),
    "several submissions ruled twice": (
        "first = 2024\nrule",
        "first = 2023\nrule",
        "several_submissions[2]: expected years that no entry before it rules, got 2023 ruled twice",
    ),
    "a framework that is none": ('framework = "app"', 'framework = "mvp"', "expected one of traditional, app"),
    "a way out that is none": (
        '"smallPractice", "hardship"]',
        '"smallPractice", "luck"]',
        "shared_savings.out: expected",
    ),
    "a dangling cite": (
        'cites = ["cfr-425"',
        'cites = ["nowhere"',
        "shared_savings.cites: expected the key of a [source]",
    ),
    "a rule without a source": (
        'cites = ["cfr-1317"]\n',
        "",
        "entity_mean.cites: expected a list with at least one entry, got nothing",
    ),
}


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_with_file_key_path_expected_and_got(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / FILE.name).write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(RuleError) as refused:
        load_eligibility(tmp_path / FILE.name)

    assert str(refused.value).startswith("eligibility.toml, ")
    assert said in str(refused.value)
