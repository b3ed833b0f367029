"""Submissions to start from: complete, valid, full points, for any year that has rules."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from scoring.model import Finding, MeasureId, Period, Proportion, Reporter, Score, ScoreLine, Submission
from scoring.rulebook import RuleBook, load, years

RULES: Mapping[int, RuleBook] = {year: load(year) for year in years()}
NEWEST = RULES[max(RULES)]
CEHRT_IDS = {year: "0015CABCDEFGHIJ" for year in RULES}

YES = [
    "PI_PPHI_1",
    "PI_PPHI_2",
    "PI_ONCDIR_1",
    "PI_INFBLO_1",
    "PI_EP_2",
    "PI_PHCDRR_1",
    "PI_PHCDRR_1_PROD",
    "PI_PHCDRR_3",
    "PI_PHCDRR_3_PROD",
]
COUNTED = {
    "PI_EP_1": Proportion(450, 500),
    "PI_HIE_1": Proportion(60, 300),
    "PI_HIE_4": Proportion(40, 200),
    "PI_PEA_1": Proportion(900, 1000),
}


def complete(year: int = NEWEST.year) -> Submission:
    return Submission(
        year=year,
        reporter=Reporter("000777777", None),
        period=Period(date(year, 1, 1), date(year, 12, 31)),
        cehrt_id=CEHRT_IDS[year],
        proportions={MeasureId(name): counted for name, counted in COUNTED.items()},
        answers={MeasureId(name): True for name in YES},
        entity_type="group",
    )


def answering(submission: Submission, **answers: bool) -> Submission:
    given = {MeasureId(name): answer for name, answer in answers.items()}
    return replace(submission, answers={**submission.answers, **given})


def counting(submission: Submission, name: str, counted: Proportion) -> Submission:
    return replace(submission, proportions={**submission.proportions, MeasureId(name): counted})


def without(submission: Submission, *names: str) -> Submission:
    return replace(
        submission,
        proportions={name: value for name, value in submission.proportions.items() if name not in names},
        answers={name: value for name, value in submission.answers.items() if name not in names},
    )


def excluding(submission: Submission, name: str, exclusion: str) -> Submission:
    levels = (f"{name}_PRE", f"{name}_PROD")
    return answering(without(submission, name, *levels), **{exclusion: True})


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def line(result: Score, name: str) -> ScoreLine:
    return next(entry for entry in result.lines if entry.measure == name)
