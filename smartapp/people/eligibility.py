"""Eligibility as a use case: a roster to "must I report, what is it worth, by when", for each NPI and TIN."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoring.aggregation import Member, entity_mean
from scoring.conditions import DeadlineId
from scoring.eligibility import (
    Clinician,
    Duty,
    Verdict,
    final_points,
    group_verdict,
    shared_savings_verdict,
    verdict_of,
    weights_of,
)
from scoring.eligibility_rules import Category, EligibilityRules, Framework
from scoring.findings import cites_of
from scoring.rulebook import RuleBook
from smartapp.due import distance
from smartapp.people.roster import Group

SMALL = "smallPractice"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the year, how the clinicians take part, and the day on which it is asked (None: no day)."""

    rules: RuleBook
    across: EligibilityRules
    framework: Framework
    as_of: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer for one clinician, or for the group when `npi` is None.

    `weight` is the part of the final score, 0 when reweighted, None when no text states it; `adds` what the score that
    the roster gives adds to the final score, None without one; `dates` are what has to be done by when, past ones
    marked as such.
    """

    tin: str
    npi: str | None
    verdict: Verdict
    shared_savings: Verdict | None
    weight: Fraction | None
    adds: Fraction | None
    dates: tuple[str, ...]


def standings(question: Question, groups: tuple[Group, ...]) -> tuple[Standing, ...]:
    """The answers of every group: the group's own first, then its clinicians in the order of the roster."""
    return tuple(
        standing for group in groups for standing in (_of_group(question, group), *_of_members(question, group))
    )


def _of_group(question: Question, group: Group) -> Standing:
    verdict = group_verdict(question.across, question.rules.year, group.members, group.statuses, group.submitted)
    weight = _weight(question, verdict, SMALL in group.statuses)
    adds = _adds(group.scores.get(None), weight)
    return Standing(group.tin, None, verdict, None, weight, adds, _dates(question, verdict))


def _of_members(question: Question, group: Group) -> list[Standing]:
    return [_of_member(question, member, group.scores.get(member.npi)) for member in group.members]


def _of_member(question: Question, member: Clinician, score: Fraction | None) -> Standing:
    verdict = verdict_of(question.across, question.rules.year, member)
    weight = _weight(question, verdict, SMALL in (member.statuses or ()))
    return Standing(
        tin=member.tin,
        npi=member.npi,
        verdict=verdict,
        shared_savings=shared_savings_verdict(question.across, question.rules.year, member),
        weight=weight,
        adds=_adds(score, weight),
        dates=_dates(question, verdict),
    )


def _adds(score: Fraction | None, weight: Fraction | None) -> Fraction | None:
    return None if score is None or weight is None else final_points(score, weight)


def _weight(question: Question, verdict: Verdict, small: bool) -> Fraction | None:
    if verdict.duty is Duty.NOT_REQUIRED:
        return Fraction(0)
    out = frozenset({Category.PI}) if verdict.duty is Duty.REWEIGHTED else frozenset[Category]()
    found = weights_of(question.across, question.rules.year, question.framework, small, out)
    return None if found is None else found.weight[Category.PI]


def _dates(question: Question, verdict: Verdict) -> tuple[str, ...]:
    if verdict.duty not in (Duty.REQUIRED, Duty.UNDECIDED):
        return ()
    deadlines = question.rules.conditions.deadlines
    told = [("Last day on which a period may start", question.rules.period.last_start)]
    if not verdict.cancelled:
        told.append((deadlines[DeadlineId.HARDSHIP].title, deadlines[DeadlineId.HARDSHIP].day))
    told.append((deadlines[DeadlineId.SUBMISSION_CLOSES].title, deadlines[DeadlineId.SUBMISSION_CLOSES].day))
    return tuple(f"{title}: {day}{distance(question.as_of, day)}" for title, day in told)


def entity_score(question: Question, groups: tuple[Group, ...]) -> Fraction | None:
    """The score of an APM Entity of all these clinicians that submits nothing itself.

    Returns:
        None when the roster holds no score at all, or everyone is excepted. Excepted is who is reweighted or need
        not report; who is neither and has no score counts 0.
    """
    if not any(group.scores for group in groups):
        return None
    return entity_mean([member for group in groups for member in _entity_members(question, group)])


def _entity_members(question: Question, group: Group) -> list[Member]:
    return [
        Member(
            individual=group.scores.get(member.npi),
            group=group.scores.get(None),
            excepted=verdict_of(question.across, question.rules.year, member).duty
            in (Duty.REWEIGHTED, Duty.NOT_REQUIRED),
        )
        for member in group.members
    ]


def eligibility_document(question: Question, found: tuple[Standing, ...], entity: Fraction | None) -> dict[str, object]:
    """The answers in the shape `pi180/eligibility/1`; `entity` is the mean of an APM Entity, None when not asked."""
    return {
        "schema": "pi180/eligibility/1",
        "year": question.rules.year,
        "framework": question.framework.value,
        "as_of": question.as_of and question.as_of.isoformat(),
        "provisional": question.rules.conditions.provisional and question.rules.conditions.provisional.text,
        "standings": [_document(standing) for standing in found],
        "apm_entity_mean": _exactly(entity),
    }


def _exactly(number: Fraction | None) -> dict[str, object] | None:
    return None if number is None else {"exact": str(number), "about": round(float(number), 2)}


def _document(standing: Standing) -> dict[str, object]:
    return {
        "tin": standing.tin,
        "npi": standing.npi,
        **_verdict(standing.verdict),
        "shared_savings": standing.shared_savings and _verdict(standing.shared_savings),
        "weight_percent": None if standing.weight is None else int(standing.weight * 100),
        "adds_to_final_score": _exactly(standing.adds),
        "dates": list(standing.dates),
    }


def _verdict(verdict: Verdict) -> dict[str, object]:
    return {
        "duty": verdict.duty.value,
        "because": verdict.because,
        "cites": [{"text": cite.text, "url": cite.url} for cite in cites_of(*verdict.rulings)],
        "doubts": [doubt for ruling in verdict.rulings for doubt in ruling.doubts],
    }
