"""Claimed low-volume exclusions against the counts beside them: a claim that the data refute is refused."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

from scoring import findings
from scoring.model import Finding, MeasureId, Proportion
from scoring.year import Counts, ExclusionThreshold, RuleBook


class Standing(StrEnum):
    """Whether a low-volume exclusion may be claimed."""

    AVAILABLE = "available"
    NOT_AVAILABLE = "not available"
    UNDECIDED = "undecided"


def exclusion_standing(threshold: ExclusionThreshold, certain: int, possible: int) -> Standing:
    """Whether the count behind a low-volume exclusion allows it.

    Args:
        threshold: the exclusion's rule; below `fewer_than` (exclusive) it is available.
        certain: the lower bound, cases that surely count.
        possible: the upper bound, cases that count if every undecided one does; at least `certain`.

    Returns:
        Available when even `possible` is below the threshold, not available when `certain` reaches it,
        undecided otherwise.

    Raises:
        ValueError: the bounds are negative or reversed.
    """
    if not 0 <= certain <= possible:
        raise ValueError(f"expected 0 <= certain <= possible, got {certain} and {possible}")
    if possible < threshold.fewer_than:
        return Standing.AVAILABLE
    return Standing.NOT_AVAILABLE if certain >= threshold.fewer_than else Standing.UNDECIDED


def claims(
    rules: RuleBook, answers: Mapping[MeasureId, bool], counted: Mapping[MeasureId, Proportion]
) -> tuple[Finding, ...]:
    """Findings about the low-volume exclusions that are claimed.

    Args:
        rules: the year.
        answers: what is attested; an exclusion is claimed by true.
        counted: what was counted for each measure, whether or not the measure is reported.
    """
    claimed = [threshold for threshold in rules.thresholds if answers.get(threshold.exclusion) is True]
    return tuple(finding for threshold in claimed for finding in _claim(threshold, counted.get(threshold.of)))


def _claim(threshold: ExclusionThreshold, counted: Proportion | None) -> Iterator[Finding]:
    name, limit = threshold.exclusion, f"fewer than {threshold.fewer_than} {threshold.what}"
    if threshold.counts is not Counts.DENOMINATOR or counted is None or not counted.readable:
        message = f"{name} needs {limit}; that was not counted."
        yield findings.EXCLUSION_UNCHECKED.about(name, message, "Keep a count that shows it.", threshold.ruling)
        return
    certain, possible = counted.denominator, counted.denominator + counted.undecided
    standing = exclusion_standing(threshold, certain, possible)
    if standing is Standing.NOT_AVAILABLE:
        message = f"{name} is claimed and needs {limit}; {certain} are counted."
        remedy = f"Withdraw the claim and report {threshold.of}, or show that the count is wrong."
        yield findings.EXCLUSION_REFUTED.about(name, message, remedy, threshold.ruling)
    elif standing is Standing.UNDECIDED:
        message = f"{name} needs {limit}; {certain} are certain and up to {possible} possible."
        remedy = "Decide the undecided cases before claiming it."
        yield findings.EXCLUSION_UNDECIDED.about(name, message, remedy, threshold.ruling)
