"""Every scoring oracle of the years that have rules, by its id; none may go uncovered."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from scoring.aggregation import Member, entity_mean, of_several
from scoring.conflicts import conflicts
from scoring.eligibility import Clinician, Duty, final_points, verdict_of, weights_of
from scoring.eligibility_rules import Category, Framework, load_eligibility
from scoring.findings import CEHRT_ID, PERFORMANCE_PERIOD
from scoring.gate import check
from scoring.model import MeasureId, Metric, Period, Proportion, Reporter, Score, Severity, Submission
from scoring.rounding import half_up, measure_points
from scoring.rulebook import RuleBook, load, years
from scoring.score import BONUS, capped, score
from scoring.submission import read
from scoring.year import Status

Oracle = dict[str, Any]

ORACLES: list[Oracle] = json.loads((Path(__file__).parents[1] / "cases" / "oracles.json").read_text())
RULES: Mapping[int, RuleBook] = {year: load(year) for year in years()}
NEWEST = RULES[max(RULES)]
ACROSS = load_eligibility()
SUBJECTS = {"no CEHRT id": CEHRT_ID, "performance period": PERFORMANCE_PERIOD}
OBJECTIVES = {"publicHealthObjective": "publicHealthAndClinicalDataExchange"}
BY_HAND = {"published-measure-counts"}
"""Kinds that another module runs."""


def submission_of(oracle: Oracle) -> Submission:
    given = oracle["inputs"]
    measures = {MeasureId(name): value for name, value in given["measures"].items()}
    return Submission(
        year=oracle["year"],
        reporter=Reporter(None, None),
        period=Period(date.fromisoformat(given["start"]), date.fromisoformat(given["end"])),
        cehrt_id=given["cehrtId"],
        proportions={name: Proportion(*value) for name, value in measures.items() if isinstance(value, list)},
        answers={name: value for name, value in measures.items() if isinstance(value, bool)},
    )


def error_subjects(result: Score) -> set[str]:
    return {finding.subject for finding in result.findings if finding.severity is Severity.ERROR}


def derived_category_score(oracle: Oracle) -> None:
    expected = oracle["expected"]

    result = score(RULES[oracle["year"]], submission_of(oracle))

    assert result.points == expected["categoryScore"]
    if "zeroReasons" in expected:
        reasons = {SUBJECTS.get(reason, reason) for reason in expected["zeroReasons"]}
        assert reasons <= error_subjects(result)
    else:
        assert_lines(result, expected)


def assert_lines(result: Score, expected: dict[str, Any]) -> None:
    lines = {line.measure: line for line in result.lines if line.measure != BONUS}
    maxima = {OBJECTIVES.get(name, name): points for name, points in expected["maxPoints"].items()}
    scores = {OBJECTIVES.get(name, name): points for name, points in expected["measureScores"].items()}
    bonus = next(line for line in result.lines if line.measure == BONUS)

    assert not result.gate_shut
    assert result.determinable
    assert {name: line.earned for name, line in lines.items() if line.available} == scores
    assert {name: line.available for name, line in lines.items() if line.available or name in maxima} == maxima
    assert bonus.earned == expected["bonus"]
    assert sum(line.earned or 0 for line in result.lines) == expected["uncapped"]
    assert result.before_gate == expected["categoryScore"]


def performance_period(oracle: Oracle) -> None:
    given = oracle["inputs"]
    period = Period(date.fromisoformat(given["start"]), date.fromisoformat(given["end"]))
    submission = Submission(oracle["year"], Reporter(None, None), period, None, {}, {})

    found = check(RULES[oracle["year"]], submission)

    refused = any(f.subject == PERFORMANCE_PERIOD and f.severity is Severity.ERROR for f in found)
    assert period.days == oracle["expected"]["days"]
    assert refused is not oracle["expected"]["acceptable"]


def cehrt_id_format(oracle: Oracle) -> None:
    submission = Submission(oracle["year"], Reporter(None, None), None, oracle["inputs"]["cehrtId"], {}, {})

    found = check(RULES[oracle["year"]], submission)

    as_expected = not any(finding.subject == CEHRT_ID for finding in found)
    assert as_expected is oracle["expected"]["formatAccepted"]


def published_measure_score(oracle: Oracle) -> None:
    given = oracle["inputs"]
    if "rule" in given:
        assert measure_points(1, 5000, 10, least=1) == oracle["expected"]["points"]
        return

    points = measure_points(given["numerator"], given["denominator"], given["maxPoints"], least=1)

    assert points == oracle["expected"]["points"]


def recalled_rounding(oracle: Oracle) -> None:
    assert half_up(Fraction(str(oracle["inputs"]["rawPoints"]))) == oracle["expected"]["points"]


def published_category_score(oracle: Oracle) -> None:
    """Anything required that is missing, zero or no makes the category zero; or, of 2019, plain addition."""
    if "measureScores" in oracle["inputs"]:
        added_up(oracle)
        return
    assert oracle["inputs"] == {"anyRequiredMeasure": "missing / numerator 0 / no"}
    complete = next(o for o in ORACLES if o["year"] == oracle["year"] and "measureScores" in o["expected"])
    whole = submission_of(complete)
    rules = RULES[oracle["year"]]
    assert score(rules, whole).points > 0

    for worse in spoiled(rules, whole):
        assert score(rules, worse).points == oracle["expected"]["categoryScore"]


def added_up(oracle: Oracle) -> None:
    given = oracle["inputs"]

    assert capped(NEWEST, [*given["measureScores"].values(), given["bonus"]]) == oracle["expected"]["categoryScore"]


def published_objective_score(oracle: Oracle) -> None:
    """What the public-health objective earns; a year before ours is held to the oldest that has rules."""
    rules = RULES[max(oracle["year"], min(RULES))]
    answers = {"yes": lambda name: {name: True}, "no": lambda name: {name: False},
               "exclusion": lambda name: {f"{name}_EX_1": True}}  # fmt: skip
    given = {k: v for name, word in oracle["inputs"].items() for k, v in answers[word](name).items()}
    submission = Submission(rules.year, Reporter(None, None), None, None, {}, given)

    lines = {line.measure: line for line in score(rules, submission).lines}

    joint = lines[OBJECTIVES["publicHealthObjective"]]
    assert joint.earned == oracle["expected"].get("publicHealthObjective")
    if "PI_PEA_1_max" in oracle["expected"]:
        assert lines["PI_PEA_1"].available == oracle["expected"]["PI_PEA_1_max"]


def automatic_reweight_by_type(oracle: Oracle) -> None:
    given = oracle["inputs"]
    statuses = frozenset() if given["specialStatus"] is None else frozenset({given["specialStatus"]})
    clinician = Clinician("1234567893", "000777777", given["clinicianType"], statuses, below_threshold=False,
                          submitted=given["submittedData"])  # fmt: skip

    verdict = verdict_of(ACROSS, oracle["year"], clinician)

    assert (verdict.duty is Duty.REWEIGHTED) is oracle["expected"]["piAutomaticallyReweighted"]


def weights(oracle: Oracle) -> None:
    given, named = oracle["inputs"], {"quality": 0, "cost": 1, "ia": 2, "pi": 3}
    framework = Framework.APP if "program" in given else Framework.TRADITIONAL
    out = frozenset(Category(name) for name in given["reweightedToZero"] if name != "none")

    found = weights_of(ACROSS, oracle["year"], framework, given.get("smallPractice", False), out)

    assert found is not None
    assert [found.weight[list(Category)[n]] * 100 for n in named.values()] == [oracle["expected"][n] for n in named]


def derived_weighted(oracle: Oracle) -> None:
    given = oracle["inputs"]
    points = final_points(Fraction(given["categoryScore"]), Fraction(str(given["categoryWeight"])))

    assert points == Fraction(str(oracle["expected"]["finalScorePoints"]))


def derived_policy(oracle: Oracle) -> None:
    given, expected = oracle["inputs"], oracle["expected"]
    if "submissions" in given:
        assert of_several(ACROSS, oracle["year"], [72, 90]) == expected["categoryScore"]
    elif "memberScores" in given:
        members = [Member(None if s is None else Fraction(s), None, excepted=s is None) for s in given["memberScores"]]
        assert entity_mean(members) == Fraction(str(expected["apmEntityScore"]))
    else:
        member = Member(*(Fraction(given["clinician"][which]) for which in ("individual", "group")))
        assert member.counted == expected["scoreUsedInAverage"]


def spoiled(rules: RuleBook, whole: Submission) -> list[Submission]:
    """The submission once without each required measure it has, and once with a zero or a no for it."""
    required = {m.id: m for m in rules.with_status(Status.REQUIRED, Status.ATTESTATION)}
    worse = []
    for name in (*whole.proportions, *whole.answers):
        if name not in required:
            continue
        proportions = {other: value for other, value in whole.proportions.items() if other != name}
        answers = {other: value for other, value in whole.answers.items() if other != name}
        worse.append(replaced(whole, proportions, answers))
        if required[name].metric is Metric.PROPORTION:
            worse.append(replaced(whole, {**proportions, name: Proportion(0, 10)}, answers))
        else:
            worse.append(replaced(whole, proportions, {**answers, name: False}))
    return worse


def replaced(whole: Submission, proportions: dict[MeasureId, Proportion], answers: dict[MeasureId, bool]) -> Submission:
    return Submission(whole.year, whole.reporter, whole.period, whole.cehrt_id, proportions, answers)


def validation(oracle: Oracle) -> None:
    """What one set accepts does not differ between the years, so each of these runs under every year."""
    for rules in RULES.values():
        assert (not refusals(rules, oracle["inputs"])) is oracle["expected"]["accepted"]


def refusals(rules: RuleBook, given: dict[str, Any]) -> list[str]:
    names = given.get("measureIdsInOneSet", ["PI_PEA_1"])
    value = {"numerator": given.get("numerator", 1), "denominator": given.get("denominator", 1)}
    proportions = {name for name in names if rules.measures[MeasureId(name)].metric is Metric.PROPORTION}
    measurements = [{"measureId": n, "value": value if n in proportions else True} for n in names]
    measurement_set = {"category": "pi", "measurements": measurements}
    submission, found = read({"performanceYear": rules.year, "measurementSets": [measurement_set]})
    together = (*found, *conflicts(rules, submission))
    return [finding.code for finding in together if finding.severity is Severity.ERROR]


RUNNERS: dict[str, Callable[[Oracle], None]] = {
    "automatic-reweight-by-type": automatic_reweight_by_type,
    "cehrt-id-format": cehrt_id_format,
    "derived-category-score": derived_category_score,
    "derived-policy": derived_policy,
    "derived-weighted": derived_weighted,
    "performance-period": performance_period,
    "published-category-score": published_category_score,
    "published-max-points": published_objective_score,
    "published-measure-score": published_measure_score,
    "published-objective-score": published_objective_score,
    "recalled-category-score": added_up,
    "recalled-rounding": recalled_rounding,
    "validation": validation,
    "weights": weights,
}


@pytest.mark.parametrize("oracle", [pytest.param(o, id=o["id"]) for o in ORACLES if o["kind"] not in BY_HAND])
def test_the_oracle_holds(oracle: Oracle) -> None:
    RUNNERS[oracle["kind"]](oracle)


def test_no_oracle_goes_uncovered() -> None:
    assert {2024, 2025, 2026, 2027} <= set(RULES)
    assert {oracle["kind"] for oracle in ORACLES} == {*RUNNERS, *BY_HAND}
    assert len({oracle["id"] for oracle in ORACLES}) == len(ORACLES)
