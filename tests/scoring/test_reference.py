"""Every combination of exclusions, paths, public-health answers and bonus, against a reference that is slow and plain.

The reference is written from the rules (reference algorithm, all or nothing, rounding) and reads no year file. It
knows the years by the two things in which they differ: 2025 suppresses electronic case reporting, and the bonus
under TEFCA exists from 2026.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import cycle, product

import pytest
from reported import RULES

from scoring.model import MeasureId, Period, Proportion, Reporter, Submission
from scoring.score import BONUS, score

Value = bool | tuple[int, int]
Report = Mapping[str, Value]

PUBLIC_HEALTH = "publicHealthAndClinicalDataExchange"
STATEMENTS = ("PI_PPHI_1", "PI_PPHI_2", "PI_ONCDIR_1", "PI_INFBLO_1")
RATES = [
    {"with": (412, 500), "without": (333, 401), "send": (60, 300), "receive": (46, 200), "access": (930, 1000)},
    {"with": (1, 5000), "without": (1, 4000), "send": (1, 900), "receive": (2, 3), "access": (1, 3)},
    {"with": (19, 20), "without": (17, 20), "send": (7, 8), "receive": (41, 82), "access": (23, 25)},
    {"with": (17, 40), "without": (1, 20), "send": (1, 2), "receive": (1, 6), "access": (1, 2)},
    {"with": (8, 8), "without": (5, 5), "send": (99, 99), "receive": (1, 1), "access": (1000, 1000)},
]
"""Plain, tiny, ending in a half, small halves, and full; five, so that each meets each of the other choices."""


@dataclass(frozen=True)
class Given:
    """What a practice reports. `start` and `end` are both included."""

    year: int
    report: Report
    cehrt_id: str | None = "0015CABCDEFGHIJ"
    start: str = "01-01"
    end: str = "12-31"

    @property
    def period(self) -> Period:
        return Period(date.fromisoformat(f"{self.year}-{self.start}"), date.fromisoformat(f"{self.year}-{self.end}"))


# The reference.


def claims(report: Report, measure: str) -> bool:
    exclusions = {
        "PI_EP_1": ["PI_LVPP_1"],
        "PI_EP_2": ["PI_EP_2_EX_1", "PI_EP_2_EX_2"],
        "PI_HIE_1": ["PI_LVOTC_1"],
        "PI_HIE_4": ["PI_LVITC_2"],
        "PI_PHCDRR_1": [f"PI_PHCDRR_1_EX_{n}" for n in (1, 2, 3)],
        "PI_PHCDRR_3": [f"PI_PHCDRR_3_EX_{n}" for n in (1, 2, 3)],
    }
    return any(report.get(exclusion) is True for exclusion in exclusions[measure])


def reference_maxima(year: int, report: Report) -> dict[str, int]:
    """Points that each line carries; a line without points is left out."""
    maxima = {"PI_EP_1": 10, "PI_EP_2": 10, "PI_PEA_1": 25, PUBLIC_HEALTH: 25}
    if claims(report, "PI_PHCDRR_1") and claims(report, "PI_PHCDRR_3") and year != 2025:
        maxima["PI_PEA_1"] += maxima.pop(PUBLIC_HEALTH)
    if claims(report, "PI_EP_2"):
        maxima["PI_EP_1"] += maxima.pop("PI_EP_2")
    spill = maxima.pop("PI_EP_1") if claims(report, "PI_EP_1") else 0
    chosen = [measure for measure in ("PI_HIE_5", "PI_HIE_6") if report.get(measure) is True]
    sending, receiving = not claims(report, "PI_HIE_1"), not claims(report, "PI_HIE_4")
    if chosen:
        maxima[chosen[0]] = 30 + spill
    elif not sending and not receiving:
        maxima["PI_PEA_1"] += 30 + spill
    elif not sending:
        maxima["PI_HIE_4"] = 15 + spill
        maxima["PI_PEA_1"] += 15
    elif not receiving:
        maxima["PI_HIE_1"] = 30 + spill
    else:
        maxima["PI_HIE_1"] = maxima["PI_HIE_4"] = 15 + spill // 2
    return maxima


def reference_points(value: Value | None, maximum: int) -> int:
    """Points of a measure; 0 stands for everything that makes the category zero."""
    if value is None or isinstance(value, bool):
        return maximum if value else 0
    met, eligible = value
    if met == 0 or eligible == 0:
        return 0
    doubled = Fraction(2 * met * maximum, eligible)
    return max(1, int((doubled + 1) / 2))


def registry_fails(given: Given, measure: str) -> bool:
    answer, level = given.report.get(measure), any(f"{measure}_{way}" in given.report for way in ("PRE", "PROD"))
    if claims(given.report, measure):
        return False
    if measure == "PI_PHCDRR_3" and given.year == 2025:
        return answer is None
    return answer is not True or not level


def reference_bonus(given: Given) -> int:
    levels = [f"PI_PHCDRR_{n}" for n in (2, 4, 5)]
    earned = any(
        given.report.get(measure) is True and (f"{measure}_PRE" in given.report or f"{measure}_PROD" in given.report)
        for measure in levels
    )
    return 5 if earned or given.report.get("PI_PHCDRR_6") is True else 0


def reference(given: Given) -> tuple[bool, dict[str, int], int]:
    """Whether the gate is shut, the points of each line (the bonus among them), and the category score."""
    maxima = reference_maxima(given.year, given.report)
    points = {line: reference_points(given.report.get(line), most) for line, most in maxima.items()}
    registries_fail = any(registry_fails(given, measure) for measure in ("PI_PHCDRR_1", "PI_PHCDRR_3"))
    if PUBLIC_HEALTH in maxima:
        points[PUBLIC_HEALTH] = 0 if registries_fail else 25
    shut = (
        given.cehrt_id is None
        or given.period.days < 180
        or any(given.report.get(statement) is not True for statement in STATEMENTS)
        or registries_fail
        or 0 in points.values()
    )
    points[BONUS] = reference_bonus(given)
    return shut, points, 0 if shut else min(100, sum(points.values()))


# What is reported.


def excluding(measure: str, *numbers: int) -> list[Report]:
    return [{f"{measure}_EX_{n}": True} for n in numbers]


def registry(measure: str) -> list[Report]:
    """Yes with a level, yes without, no, nothing, and each exclusion."""
    level = "PROD" if measure == "PI_PHCDRR_1" else "PRE"
    answers: list[Report] = [{measure: True, f"{measure}_{level}": True}, {measure: True}, {measure: False}, {}]
    return [*answers, *excluding(measure, 1, 2, 3)]


def bonuses(year: int) -> list[Report]:
    known: list[Report] = [{}, {"PI_PHCDRR_2": True, "PI_PHCDRR_2_PRE": True}, {"PI_PHCDRR_4": True}]
    both: Report = {"PI_PHCDRR_6": True, "PI_PHCDRR_5": True, "PI_PHCDRR_5_PROD": True}
    return [*known, both] if year >= 2026 else known


def prescribing(rates: Mapping[str, tuple[int, int]]) -> list[Report]:
    """Counted with controlled substances, counted without, and excluded."""
    return [{"PI_EP_1": rates["with"]}, {"PI_EP_1": rates["without"]}, {"PI_LVPP_1": True}]


def exchanging(rates: Mapping[str, tuple[int, int]]) -> list[Report]:
    sends: list[Report] = [{"PI_HIE_1": rates["send"]}, {"PI_LVOTC_1": True}]
    receives: list[Report] = [{"PI_HIE_4": rates["receive"]}, {"PI_LVITC_2": True}]
    loops = [{**send, **receive} for send, receive in product(sends, receives)]
    return [*loops, {"PI_HIE_5": True}, {"PI_HIE_6": True}]


QUERYING: list[Report] = [{"PI_EP_2": True}, *excluding("PI_EP_2", 1, 2)]
STATED: Report = dict.fromkeys(STATEMENTS, True)


def combinations_of(year: int) -> Iterator[Given]:
    """The product of everything that may be chosen, the rates taken in turn."""
    rates = cycle(RATES)
    sizes = (range(3), range(3), range(6), registry("PI_PHCDRR_1"), registry("PI_PHCDRR_3"), bonuses(year))
    for prescribed, queried, path, immunization, cases, bonus in product(*sizes):
        rate = next(rates)
        yield Given(year, {
            **STATED, **prescribing(rate)[prescribed], **QUERYING[queried], **exchanging(rate)[path],
            "PI_PEA_1": rate["access"], **immunization, **cases, **bonus,
        })  # fmt: skip


def spoiled(year: int) -> Iterator[Given]:
    """The product of everything that may be missing, no or zero, of what is no matter of public health."""
    sound = RATES[0]

    def ways(measure: str, value: tuple[int, int]) -> list[Report]:
        return [{measure: value}, {}, {measure: (0, value[1])}, {measure: (0, 0)}]

    queries: list[Report] = [{"PI_EP_2": True}, {"PI_EP_2": False}, {}]
    loops = [
        {**send, **receive}
        for send, receive in product(ways("PI_HIE_1", sound["send"]), ways("PI_HIE_4", sound["receive"]))
    ]
    paths: list[Report] = [*loops, {"PI_HIE_5": True}, {"PI_HIE_5": False}, {"PI_HIE_6": False}]
    whole = Given(year, {**STATED, **registry("PI_PHCDRR_1")[0], **registry("PI_PHCDRR_3")[0]})
    rows = product(ways("PI_EP_1", sound["with"]), queries, paths, ways("PI_PEA_1", sound["access"]))
    for prescribed, queried, path, access in rows:
        yield replace(whole, report={**whole.report, **prescribed, **queried, **path, **access})


def at_the_gate(year: int) -> Iterator[Given]:
    """Every set of statements that are yes, no or missing, with and without the ID, for some periods."""
    body = {
        **prescribing(RATES[0])[0], **QUERYING[0], **exchanging(RATES[0])[0], "PI_PEA_1": RATES[0]["access"],
        **registry("PI_PHCDRR_1")[0], **registry("PI_PHCDRR_3")[0],
    }  # fmt: skip
    periods = [("01-01", "12-31"), ("07-05", "12-31"), ("07-06", "12-31"), ("03-01", "08-27"), ("03-01", "08-26")]
    rows = product(product([True, False, None], repeat=5), ["0015CABCDEFGHIJ", None], periods)
    for answers, cehrt_id, (start, end) in rows:
        named = zip((*STATEMENTS, "PI_ONCACB_1"), answers, strict=True)
        report = {**body, **{name: answer for name, answer in named if answer is not None}}
        yield Given(year, report, cehrt_id, start, end)


# The comparison.


def submission_of(given: Given) -> Submission:
    values = {MeasureId(name): value for name, value in given.report.items()}
    return Submission(
        year=given.year,
        reporter=Reporter("000777777", None),
        period=given.period,
        cehrt_id=given.cehrt_id,
        proportions={name: Proportion(*value) for name, value in values.items() if not isinstance(value, bool)},
        answers={name: value for name, value in values.items() if isinstance(value, bool)},
        entity_type="group",
    )


READ_ONCE = {year: replace(rules, readings=()) for year, rules in RULES.items()}
"""The years without their other readings, which the reference does not know."""


def assert_as_the_reference(given: Given) -> None:
    shut, points, category = reference(given)

    result = score(READ_ONCE[given.year], submission_of(given))

    lines = {line.measure: line for line in result.lines}
    maxima = {name: line.available for name, line in lines.items() if line.available and name != BONUS}
    assert (result.gate_shut, result.points) == (shut, category), given
    assert maxima == reference_maxima(given.year, given.report), given
    assert sum(maxima.values()) == 100
    assert shut or {name: line.earned for name, line in lines.items() if line.available} == points, given


@pytest.mark.parametrize("year", RULES)
def test_every_choice_of_exclusions_paths_answers_and_bonus_scores_as_the_reference(year: int) -> None:
    found = list(combinations_of(year))

    for given in found:
        assert_as_the_reference(given)

    assert len(found) == 3 * 3 * 6 * 7 * 7 * len(bonuses(year))


@pytest.mark.parametrize("year", RULES)
def test_everything_that_is_missing_no_or_zero_makes_the_category_zero_as_the_reference_says(year: int) -> None:
    found = list(spoiled(year))

    for given in found:
        assert_as_the_reference(given)

    assert sum(not reference(given)[0] for given in found) == 2


@pytest.mark.parametrize("year", RULES)
def test_statements_id_and_period_shut_the_gate_as_the_reference_says(year: int) -> None:
    found = list(at_the_gate(year))

    for given in found:
        assert_as_the_reference(given)

    assert sum(not reference(given)[0] for given in found) == 3 * 3
