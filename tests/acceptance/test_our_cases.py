"""Every case of our own in `tests/cases/*.toml`, and what is said of a case that is not as it should be."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from case_files import OURS, CaseError, known, our_cases

from scoring.aggregation import Member, entity_mean, of_several
from scoring.eligibility import Clinician, HardshipStatus, Verdict, group_verdict, shared_savings_verdict, verdict_of
from scoring.eligibility_rules import load_eligibility
from scoring.model import MeasureId, Metric, Period, Proportion, Reporter, Submission
from scoring.rulebook import RuleBook, load, years
from scoring.score import BONUS, score
from scoring.year import Status

Case = dict[str, Any]

CASES: list[Case] = our_cases()
RULES: Mapping[int, RuleBook] = {year: load(year) for year in years()}
ACROSS = load_eligibility()
CEHRT_ID = "0015CABCDEFGHIJ"


def submission_of(case: Case) -> Submission:
    """Everything that the year requires, with a yes or the proportion of the case, but what is excluded."""
    given, rules = case["inputs"], RULES[case["year"]]
    known(given["excluded"], [m.id for m in rules.with_status(Status.EXCLUSION)], f"case {case['id']}, excluded")
    claimed = {MeasureId(name) for name in given["excluded"]}
    path = given.get("path")
    left_out = {m for choice in rules.choices for option in choice.paths for m in option.measures}
    left_out -= {MeasureId(path)} if path else set(rules.choices[0].paths[-1].measures)
    left_out |= {measure.id for measure in rules.measures.values() if claimed & set(measure.exclusions)}
    reported = [m for m in rules.with_status(Status.REQUIRED, Status.ATTESTATION) if m.id not in left_out]
    counted = Proportion(given.get("met", 100), given.get("denominator", 100))
    levels = [rules.levels_of(measure.id)[-1].id for measure in reported if measure.requires_level]
    return Submission(
        year=rules.year,
        reporter=Reporter(None, None),
        period=Period(date(rules.year, 1, 1), date(rules.year, 12, 31)),
        cehrt_id=CEHRT_ID,
        proportions={m.id: counted for m in reported if m.metric is Metric.PROPORTION},
        answers={
            **{m.id: True for m in reported if m.metric is Metric.BOOLEAN},
            **dict.fromkeys(levels, True),
            **dict.fromkeys(claimed, True),
        },
    )


def maxima(case: Case) -> None:
    result = score(RULES[case["year"]], submission_of(case))

    available = {line.measure: line.available for line in result.lines if line.measure != BONUS}
    expected = case["expected"]["maxima"]
    assert {name: available.get(name, 0) for name in expected} == expected
    assert sum(available.values()) == 100
    assert not result.gate_shut


def other_readings(case: Case) -> None:
    result = score(RULES[case["year"]], submission_of(case))

    found = [(other.doubt, other.points - result.points) for other in result.other_readings]
    expected = case["expected"]["differences"]
    assert len(found) == len(expected)
    for word, difference in expected.items():
        assert [points for doubt, points in found if word in doubt] == [difference]


def clinician_of(given: Mapping[str, Any], where: str) -> Clinician:
    known([given.get("type", "nothing")], ACROSS.types, f"{where}, type")
    known(given.get("statuses", ["nothing"]), ACROSS.statuses, f"{where}, statuses")
    known([given.get("hardship", "none")], list(HardshipStatus), f"{where}, hardship")
    known([given[key] for key in ["hardship_reason"] if key in given], ACROSS.hardships, f"{where}, hardship_reason")
    return Clinician(
        npi="1234567893",
        tin="000777777",
        type=given["type"],
        statuses=frozenset(given["statuses"]),
        below_threshold=given.get("below_threshold", False),
        hardship=HardshipStatus(given.get("hardship", "none")),
        hardship_reason=given.get("hardship_reason"),
        shared_savings=given.get("shared_savings", False),
        submitted=given.get("submitted", False),
    )


def clinician(case: Case) -> None:
    one = clinician_of(case["inputs"], f"case {case['id']}")
    program = shared_savings_verdict(ACROSS, case["year"], one)

    found = told(verdict_of(ACROSS, case["year"], one))
    found["shared_savings"] = "does not apply" if program is None else program.duty.value

    assert {key: found[key] for key in case["expected"]} == case["expected"]


def told(verdict: Verdict) -> dict[str, object]:
    return {"duty": verdict.duty.value, "cancelled": verdict.cancelled}


def group(case: Case) -> None:
    given = case["inputs"]
    where = f"case {case['id']}, members"
    members = [clinician_of(entry, where) for entry in given["members"] for _ in range(entry.get("count", 1))]

    found = told(group_verdict(ACROSS, case["year"], members, given.get("statuses", ()), given.get("submitted", False)))

    assert {key: found[key] for key in case["expected"]} == case["expected"]


def several(case: Case) -> None:
    assert of_several(ACROSS, case["year"], case["inputs"]["scores"]) == case["expected"]["categoryScore"]


def entity(case: Case) -> None:
    members = [
        Member(
            *(Fraction(one[key]) if key in one else None for key in ("individual", "group")), one.get("excepted", False)
        )
        for one in case["inputs"]["members"]
    ]

    assert entity_mean(members) == Fraction(case["expected"]["apmEntityScore"])


RUNNERS: dict[str, Callable[[Case], None]] = {
    "maxima": maxima,
    "other-readings": other_readings,
    "clinician": clinician,
    "group": group,
    "several-submissions": several,
    "entity-mean": entity,
}


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_the_case_holds(case: Case) -> None:
    RUNNERS[case["kind"]](case)


def test_every_kind_is_run_and_has_a_case_and_an_example() -> None:
    readme = (Path(__file__).parents[1] / "cases" / "README.md").read_text(encoding="utf-8")

    assert set(RUNNERS) == set(OURS)
    assert {case["kind"] for case in CASES} == set(OURS)
    assert set(re.findall(r"(?m)^\*\*`([\w-]+)`\*\*:", readme)) == set(OURS)


SOUND = """
[[case]]
id = "one"
years = [2026]
kind = "several-submissions"
inputs = { scores = [72, 90] }
expected = { categoryScore = 90 }
source = "ours"
confidence = "recalled"
"""

MALFORMED = {
    "no TOML": ("[[case]]", "[[case", "made-up.toml: expected TOML, got:"),
    "no id": ('id = "one"', "", "made-up.toml, case number 1: expected id, got nothing"),
    "an unknown key": (
        'id = "one"',
        'id = "one"\nnote = 1',
        "made-up.toml, case one: expected one of confidence, expected",
    ),
    "no source": ('source = "ours"', "", "made-up.toml, case one: expected source, got nothing"),
    "an unknown kind": (
        "several-submissions",
        "several",
        "made-up.toml, case one, kind: expected one of maxima, clinician",
    ),
    "an unknown confidence": ('"recalled"', '"sure"', "made-up.toml, case one, confidence: expected one of confirmed"),
    "a year for years": ("[2026]", "2026", "made-up.toml, case one, years: expected a list of years, got 2026"),
    "no years": ("[2026]", "[]", "made-up.toml, case one, years: expected a list of years, got []"),
    "inputs of another kind": ("scores =", "points =", "made-up.toml, case one, inputs: expected scores, got nothing"),
    "inputs that are no table": (
        "{ scores = [72, 90] }",
        "3",
        "made-up.toml, case one, inputs: expected a table, got 3",
    ),
    "an expectation too many": (
        "categoryScore = 90",
        "categoryScore = 90, duty = 1",
        "made-up.toml, case one, expected: expected one of categoryScore, got duty",
    ),
    "an id twice": ("\n[[case]]", f"{SOUND}\n[[case]]", "case one: expected one case of this id, got 2"),
}


@pytest.mark.parametrize(("old", "new", "said"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_case_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    (tmp_path / "made-up.toml").write_text(SOUND.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(CaseError) as refused:
        our_cases(tmp_path)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("maxima", {"excluded": ["PI_EP_1"]}, "case one, excluded: expected one of PI_EP_2_EX_1, PI_EP_2_EX_2"),
        ("clinician", {"type": "wizard", "statuses": []}, "case one, type: expected one of physician"),
        ("clinician", {"type": "physician", "statuses": ["tall"]}, "case one, statuses: expected one of ascBased"),
        ("group", {"members": [{"statuses": []}]}, "case one, members, type: expected one of physician"),
    ],
)
def test_a_case_with_a_word_that_the_rules_do_not_know_is_named(kind: str, given: Case, said: str) -> None:
    with pytest.raises(CaseError) as refused:
        RUNNERS[kind]({"id": "one", "year": 2026, "inputs": given, "expected": {}})

    assert said in str(refused.value)


def test_a_case_runs_once_for_each_of_its_years(tmp_path: Path) -> None:
    (tmp_path / "made-up.toml").write_text(SOUND.replace("[2026]", "[2026, 2027]"), encoding="utf-8")

    assert [(case["id"], case["year"]) for case in our_cases(tmp_path)] == [("one-2026", 2026), ("one-2027", 2027)]
