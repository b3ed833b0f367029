"""Claimed exclusions against the counts beside them: a claim that the counts refute is refused."""

from collections.abc import Iterator, Mapping, Sequence

from scoring import findings
from scoring.exclusions import Exclusion, Standing
from scoring.model import Finding, MeasureId


def claims(found: Sequence[Exclusion], answers: Mapping[MeasureId, bool]) -> tuple[Finding, ...]:
    """Findings about the exclusions that are claimed, and about those that depend on how is counted.

    Args:
        found: the exclusions of the year with what was counted for each.
        answers: what is attested; an exclusion is claimed by true.
    """
    claimed = [one for one in found if answers.get(one.exclusion) is True and one.fewer_than is not None]
    return (
        *(finding for one in claimed for finding in _claim(one)),
        *(finding for one in found for finding in _bases(one)),
    )


def _claim(one: Exclusion) -> Iterator[Finding]:
    name, limit = one.exclusion, f"fewer than {one.fewer_than} {one.what}"
    if one.standing is Standing.UNCOUNTED and not one.refutes_only:
        message = f"{name} needs {limit}; that cannot be counted from this source."
        yield findings.EXCLUSION_UNCHECKED.about(name, message, "Keep a count that shows it.", one.ruling)
    elif one.standing is Standing.NOT_AVAILABLE and one.count:
        message = f"{name} is claimed and needs {limit}; {one.count.certain:,} are counted."
        remedy = f"Withdraw the claim and report {' or '.join(one.of)}, or show that the count is wrong:"
        remedy += f" its records stand under {one.counted_as}."
        yield findings.EXCLUSION_REFUTED.about(name, message, remedy, one.ruling)
    elif one.standing is Standing.UNDECIDED and one.count:
        upper = "more" if one.count.possible is None else f"up to {one.count.possible:,}"
        message = f"{name} needs {limit}; {one.count.certain:,} are certain and {upper} possible."
        message += f" This source shows no {', no '.join(one.count.hidden)}." if one.count.hidden else ""
        remedy = "Decide the undecided cases before claiming it."
        yield findings.EXCLUSION_UNDECIDED.about(name, message, remedy, one.ruling)


def _bases(one: Exclusion) -> Iterator[Finding]:
    """Where it stands otherwise on another basis, both counts are said: none is chosen silently."""
    for count, standing in one.others:
        if standing is one.standing or one.count is None:
            continue
        chosen, other = (f"{c} with {c.basis} ({s})" for c, s in ((one.count, one.standing), (count, standing)))
        message = f"{one.exclusion} (fewer than {one.fewer_than} {one.what}) depends on the basis: {chosen}, {other}."
        remedy = "The first is the basis chosen. Take one basis for the whole period, and for the measure as well."
        yield findings.EXCLUSION_BY_BASIS.about(one.exclusion, message, remedy, one.ruling)
