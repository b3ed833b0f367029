"""Scoring submission files as a use case: each by itself, then what the year makes of several of one reporter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scoring.aggregation import is_qualifying, of_several, several_rule
from scoring.eligibility_rules import Several, eligibility_in
from scoring.errors import SubmissionError
from scoring.explain import as_document
from scoring.model import Score, Submission
from scoring.parsing import parse
from scoring.rulebook import load
from scoring.score import score
from scoring.submission import read as read_submission
from smartapp.errors import UsageError


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission by its file's name, its score, and whether it is a qualifying one."""

    name: str
    score: Score
    qualifying: bool


@dataclass(frozen=True, slots=True)
class Category:
    """The category score of one reporter, by which rule, and the submissions that it is made of."""

    points: int
    rule: Several
    submissions: tuple[Submitted, ...]

    def as_document(self) -> dict[str, Any]:
        """What `pi180 score --json` prints of several submissions."""
        return {
            "schema": "pi180/scores/1",
            "points": self.points,
            "rule": self.rule.rule.value,
            "confidence": self.rule.ruling.confidence.value,
            "doubts": list(self.rule.ruling.doubts),
            "submissions": [
                {"name": one.name, "qualifying": one.qualifying, "score": as_document(one.score)}
                for one in self.submissions
            ],
        }


def score_document(path: Path, rules: Path | None = None) -> Score:
    """Score a QPP submission object in a JSON file.

    Args:
        path: the file.
        rules: folder of rule files; None is the product's own.

    Raises:
        UsageError: the file cannot be read or is no JSON.
        SubmissionError: it is JSON, but no submission with a `pi` set of a year that has rules.
    """
    return score_submission(path, rules)[1]


def score_submission(path: Path, rules: Path | None) -> tuple[Submission, Score]:
    """The same with the submission that the file holds."""
    try:
        document = parse(path.read_bytes())
    except OSError:
        raise UsageError(f"{path}: cannot be read. Name an existing QPP submission file.") from None
    except SubmissionError as problem:
        raise UsageError(f"{path.name}: {problem} Mend the file.") from None
    submission, findings = read_submission(document, rules)
    return submission, score(load(submission.year, rules), submission, findings)


def score_several(places: Sequence[Path], rules: Path | None) -> Category:
    """Score several submission files of one reporter.

    Args:
        places: the files, two or more.
        rules: folder of rule files; None is the product's own.

    Raises:
        UsageError: a file cannot be read, or they are of different reporters or years.
        SubmissionError: one is no submission.
    """
    scored = [score_submission(place, rules) for place in places]
    reporters = {(submission.reporter, submission.entity_type) for submission, _ in scored}
    if len(reporters) > 1:
        names = ", ".join(place.name for place in places)
        raise UsageError(f"{names}: expected submissions of one reporter, got {len(reporters)}. Score each by itself.")
    years = {found.year for _, found in scored}
    if len(years) > 1:
        raise UsageError(f"expected submissions of one performance year, got {', '.join(map(str, sorted(years)))}.")
    (year,) = years
    across = eligibility_in(rules)
    found = tuple(
        Submitted(place.name, one, is_qualifying(one)) for place, (_, one) in zip(places, scored, strict=True)
    )
    points = of_several(across, year, [one.score.points for one in found if one.qualifying])
    return Category(points, several_rule(across, year), found)
