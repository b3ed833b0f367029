"""Several scores to one: an APM Entity's mean over its clinicians, and the one that counts of several submissions."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring.eligibility_rules import EligibilityRules, SeveralRule
from scoring.errors import RuleError


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


def of_several(rules: EligibilityRules, year: int, scores: Sequence[int]) -> int:
    """The category score when one reporter has several qualifying submissions.

    Args:
        rules: across the years.
        year: the performance year.
        scores: the score of each submission, at least one. They are never merged measure by measure.

    Raises:
        RuleError: no rule covers the year.
    """
    rule = next((entry.rule for entry in rules.several if year in entry.years), None)
    if rule is None:
        raise RuleError(f"eligibility.toml, several_submissions: expected one for {year}, got none. Add it.")
    if rule is SeveralRule.CONFLICT_IS_ZERO and len(set(scores)) > 1:
        return 0
    return max(scores)
