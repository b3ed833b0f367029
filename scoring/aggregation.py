"""Several scores to one: an APM Entity's mean over its clinicians, and the one that counts of several submissions."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring.eligibility_rules import EligibilityRules, Several, SeveralRule
from scoring.errors import RuleError
from scoring.findings import CATALOGUE
from scoring.model import Score


@dataclass(frozen=True, slots=True)
class Member:
    """One clinician of an APM Entity: her own score, that of her TIN's group, and whether she is excepted.

    Scores are category scores of 0 to 100; None is "nothing was submitted".
    """

    individual: Fraction | None
    group: Fraction | None
    excepted: bool = False

    @property
    def counted(self) -> Fraction | None:
        """The higher of both scores, 0 when neither was submitted; None when she is left out of the mean."""
        if self.excepted:
            return None
        return max((score for score in (self.individual, self.group) if score is not None), default=Fraction(0))


def entity_mean(members: Sequence[Member]) -> Fraction | None:
    """The category score of an APM Entity that submits nothing itself; None when everyone is excepted.

    Source: 42 CFR 414.1317(b): a plain mean, not weighted; a virtual group's score is not used.
    """
    counted = [score for score in (member.counted for member in members) if score is not None]
    return sum(counted, Fraction(0)) / len(counted) if counted else None


def is_qualifying(score: Score) -> bool:
    """Whether a submission has data or exclusions for every objective, the attestations, the CEHRT ID and its days.

    Less than that is said not to be treated as a submission from 2024 on (recalled, rules.md 3.6).
    """
    return not any(CATALOGUE[finding.code].incomplete for finding in score.findings)


def several_rule(rules: EligibilityRules, year: int) -> Several:
    """What several submissions for one reporter do in a year.

    Raises:
        RuleError: no rule covers the year.
    """
    found = next((entry for entry in rules.several if year in entry.years), None)
    if found is None:
        raise RuleError(f"eligibility.toml, several_submissions: expected one for {year}, got none. Add it.")
    return found


def of_several(rules: EligibilityRules, year: int, scores: Sequence[int]) -> int:
    """The category score when one reporter has several qualifying submissions; 0 when there is none.

    Args:
        rules: across the years.
        year: the performance year.
        scores: the score of each qualifying submission. They are never merged measure by measure.

    Raises:
        RuleError: no rule covers the year.
    """
    rule = several_rule(rules, year).rule
    if rule is SeveralRule.CONFLICT_IS_ZERO and len(set(scores)) > 1:
        return 0
    return max(scores, default=0)
