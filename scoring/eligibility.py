"""Must this clinician, or this group, report Promoting Interoperability, and what is the category worth?

Three answers: yes, no, and undecided, because a roster may not say what CMS's own eligibility look-up says.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from scoring.eligibility_rules import (
    BELOW_THRESHOLD,
    HARDSHIP,
    Category,
    EligibilityRules,
    Framework,
    Hardship,
    SpecialStatus,
    Weights,
)
from scoring.rulings import Ruling


class HardshipStatus(StrEnum):
    """How far an application for a hardship exception is; only an approved one counts."""

    NONE = "none"
    APPLIED = "applied"
    APPROVED = "approved"


class Duty(StrEnum):
    """Whether the category is owed."""

    REQUIRED = "must report"
    REWEIGHTED = "reweighted"
    NOT_REQUIRED = "not required"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Clinician:
    """One NPI within a TIN, as a roster states it. None is "the roster does not say".

    `type` and `statuses` are ids of the eligibility rules. `hardship_reason` is set when a status is applied or
    approved. `submitted` says whether qualifying data of the category were submitted for this clinician.
    """

    npi: str
    tin: str
    type: str | None
    statuses: frozenset[str] | None
    below_threshold: bool | None = None
    hardship: HardshipStatus = HardshipStatus.NONE
    hardship_reason: str | None = None
    shared_savings: bool | None = None
    submitted: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the category is owed, why, and by which rulings. `cancelled` when submitted data undid a reweighting."""

    duty: Duty
    because: str
    rulings: tuple[Ruling, ...] = ()
    cancelled: bool = False


def verdict_of(rules: EligibilityRules, year: int, clinician: Clinician) -> Verdict:
    """Whether one clinician owes the category in a performance year.

    Args:
        rules: across the years.
        year: the performance year.
        clinician: as the roster has her.

    Source: 42 CFR 414.1380(c)(2)(i).
    """
    if clinician.below_threshold:
        return Verdict(
            Duty.NOT_REQUIRED, "below the low-volume threshold: no MIPS eligible clinician, unless she opts in"
        )
    found = _reason(rules, year, clinician)
    if found is None:
        return _owed(rules, clinician)
    because, ruling, survives = found
    if clinician.submitted and not survives:
        text = f"{because}, but data were submitted: the category is scored"
        return Verdict(Duty.REQUIRED, text, (ruling, rules.data_submitted.ruling), cancelled=True)
    return Verdict(Duty.REWEIGHTED, because, (ruling, rules.data_submitted.ruling))


def _reason(rules: EligibilityRules, year: int, clinician: Clinician) -> tuple[str, Ruling, bool] | None:
    """The first reason that takes the category out, its ruling, and whether it survives submitted data."""
    granted = _granted(rules, year, clinician)
    if granted is not None:
        word = "automatic" if granted.automatic else "approved"
        return f"hardship exception {word}: {granted.title}", granted.ruling, granted.survives_data
    kind = rules.types.get(clinician.type or "")
    if kind is not None and kind.reweighted is not None and year in kind.reweighted:
        return f"{kind.title}: reweighted in {year} by type of clinician", kind.ruling, False
    for status in rules.statuses.values():
        if status.id in (clinician.statuses or ()) and year in status.years:
            return f"special status: {status.title}", status.ruling, False
    return None


def _granted(rules: EligibilityRules, year: int, clinician: Clinician) -> Hardship | None:
    """The hardship exception that she has: approved, or of the kind that CMS declares without an application."""
    reason = rules.hardships.get(clinician.hardship_reason or "")
    if reason is None or year not in reason.years:
        return None
    return reason if reason.automatic or clinician.hardship is HardshipStatus.APPROVED else None


def _owed(rules: EligibilityRules, clinician: Clinician) -> Verdict:
    missing = [
        what
        for what, value in (
            ("the type of clinician", clinician.type),
            ("the special statuses", clinician.statuses),
            ("the low-volume threshold", clinician.below_threshold),
        )
        if value is None
    ]
    if missing:
        text = f"nothing says {', '.join(missing)}; without a reason among them the category is owed"
        return Verdict(Duty.UNDECIDED, text)
    text = "no type of clinician, special status or approved hardship exception takes the category out"
    if clinician.hardship is HardshipStatus.APPLIED:
        text += "; the application that was made counts only once CMS approves it"
    kind = rules.types.get(clinician.type or "")
    return Verdict(Duty.REQUIRED, text, (kind.ruling,) if kind else ())


def group_verdict(
    rules: EligibilityRules, year: int, members: Sequence[Clinician], statuses: Iterable[str], submitted: bool
) -> Verdict:
    """Whether a group owes the category.

    Args:
        rules: across the years.
        year: the performance year.
        members: every MIPS eligible clinician of the TIN; an incomplete roster gives an incomplete answer.
        statuses: special statuses that CMS gives the group itself.
        submitted: whether qualifying data of the category were submitted for the group.

    Source: 42 CFR 414.1380(c)(2)(iii): all must qualify, or the group meets a group definition itself.
    """
    own = [rules.statuses[name] for name in statuses if name in rules.statuses and year in rules.statuses[name].years]
    by_share = own or _by_share(rules, year, members, at_best=False)
    single = [
        verdict_of(rules, year, replace(member, submitted=False)) for member in members if not member.below_threshold
    ]
    if by_share:
        found = Verdict(Duty.REWEIGHTED, f"the group itself: {by_share[0].title}", (by_share[0].ruling,))
    elif single and all(verdict.duty is Duty.REWEIGHTED for verdict in single):
        rulings = tuple(dict.fromkeys(ruling for verdict in single for ruling in verdict.rulings))
        rulings = (rules.whole_group.ruling, *rulings)
        found = Verdict(Duty.REWEIGHTED, "every clinician of the group is reweighted", rulings)
    else:
        return _group_owes(rules, single, bool(_by_share(rules, year, members, at_best=True)))
    if submitted:
        text = f"{found.because}, but data were submitted for the group: the category is scored"
        return Verdict(Duty.REQUIRED, text, (*found.rulings, rules.data_submitted.ruling), cancelled=True)
    return found


def _by_share(rules: EligibilityRules, year: int, members: Sequence[Clinician], at_best: bool) -> list[SpecialStatus]:
    """Statuses that more than their share of the NPIs hold, which gives them to the group.

    With `at_best` those whose statuses the roster does not say are taken to hold each.
    """
    return [
        status
        for status in rules.statuses.values()
        if year in status.years
        and status.group_share_above is not None
        and 100 * sum(_holds(member, status, at_best) for member in members) > status.group_share_above * len(members)
    ]


def _holds(member: Clinician, status: SpecialStatus, at_best: bool) -> bool:
    return at_best if member.statuses is None else status.id in member.statuses


def _group_owes(rules: EligibilityRules, single: list[Verdict], may_hold: bool) -> Verdict:
    out = sum(verdict.duty is Duty.REWEIGHTED for verdict in single)
    if not single:
        text = "every clinician named is below the low-volume threshold; that says nothing of the group"
        return Verdict(Duty.UNDECIDED, text)
    if may_hold or all(verdict.duty in (Duty.REWEIGHTED, Duty.UNDECIDED) for verdict in single):
        return Verdict(Duty.UNDECIDED, "what is not said decides whether the group is reweighted")
    text = f"{out} of {len(single)} clinicians have a reason that takes the category out; all need one, or the group"
    return Verdict(Duty.REQUIRED, text, (rules.whole_group.ruling,) if out else ())


def shared_savings_verdict(rules: EligibilityRules, year: int, clinician: Clinician) -> Verdict | None:
    """Whether a clinician of a Shared Savings ACO must report and earn a score; None when the rule does not apply.

    Being a QP or partial QP is no way out, and neither is a reweighting by type of clinician.

    Source: 42 CFR 425.507.
    """
    rule = rules.shared_savings
    if year < rule.first or clinician.shared_savings is False:
        return None
    if clinician.shared_savings is None:
        return Verdict(Duty.UNDECIDED, "nothing says whether she takes part in a Shared Savings ACO")
    ways = {
        *(clinician.statuses or ()),
        *([BELOW_THRESHOLD] if clinician.below_threshold else ()),
        *([HARDSHIP] if _granted(rules, year, clinician) else ()),
    }
    out = [way for way in rule.out if way in ways]
    if out:
        return Verdict(Duty.NOT_REQUIRED, f"out of the ACO requirement by {out[0]}", (rule.ruling,))
    if clinician.statuses is None or clinician.below_threshold is None:
        return Verdict(Duty.UNDECIDED, "nothing says the special statuses, or the low-volume threshold", (rule.ruling,))
    return Verdict(Duty.REQUIRED, rule.text, (rule.ruling,))


def weights_of(
    rules: EligibilityRules, year: int, framework: Framework, small_practice: bool, out: frozenset[Category]
) -> Weights | None:
    """What the categories weigh when those of `out` are reweighted to 0.

    Returns:
        None where no text states the weights: then fewer than two categories are scored, and the final score is
        the performance threshold, or the year is not covered.

    Source: 42 CFR 414.1380(c)(2)(ii)(F) and (G), 414.1367(d).
    """
    if framework is Framework.APP:
        out, small_practice = out - {Category.COST}, False
    for entry in rules.weights:
        same = (entry.framework, entry.small_practice, entry.reweighted) == (framework, small_practice, out)
        if same and year in entry.years:
            return entry
    return None


def final_points(category_score: Fraction, weight: Fraction) -> Fraction:
    """What a category score of 0 to 100 adds to the final score, exact."""
    return category_score * weight
