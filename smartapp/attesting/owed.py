"""Must this reporter report, by the same rules and the same path as `pi180 eligibility`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoring.conditions import Deadline, DeadlineId
from scoring.eligibility import Clinician, Duty, HardshipStatus
from scoring.eligibility_rules import Framework
from scoring.model import Reporter
from smartapp.attesting.attested_eligibility import Eligible, eligibility_rules
from smartapp.people.eligibility import Question, Standing, standings
from smartapp.people.roster import Group
from smartapp.scored import Scored


@dataclass(frozen=True, slots=True)
class Owed:
    """The answer for who is looked at, and for each clinician of a group.

    `members` is empty for a clinician. `unsaid` is what would decide and nobody said; `deadline` is that of an
    application for a hardship exception, None where none would help.
    """

    own: Standing
    members: tuple[Standing, ...]
    unsaid: tuple[str, ...]
    deadline: Deadline | None


def owed(scored: Scored, members: Mapping[str, Eligible], as_of: date | None) -> Owed:
    """Whether the reporter of a score owes the category.

    Args:
        scored: the score with its answers, which say what is known of the reporter.
        members: for a group, by NPI what is said of each of its clinicians; empty for a clinician.
        as_of: the day from which dates are told; None tells none.
    """
    rules, who, said = scored.reading.rules, scored.submission.reporter, scored.attestations.eligible
    question = Question(rules, eligibility_rules(), Framework.TRADITIONAL, as_of)
    people = {who.npi: said} if who.npi else members
    group = Group(
        tin=who.tin or "",
        members=tuple(_clinician(npi, who.tin or "", one) for npi, one in people.items()),
        statuses=said.statuses or frozenset() if who.npi is None else frozenset(),
        submitted=False,
        scores={who.npi: Fraction(scored.score.points)} if _is_worth(scored) else {},
    )
    of_group, *of_members = standings(question, (group,))
    own = of_members[0] if who.npi else of_group
    helps = own.verdict.duty in (Duty.REQUIRED, Duty.UNDECIDED) and said.hardship is not HardshipStatus.APPROVED
    deadline = rules.conditions.deadlines[DeadlineId.HARDSHIP] if helps else None
    return Owed(own, () if who.npi else tuple(of_members), _unsaid(said, who), deadline)


def _is_worth(scored: Scored) -> bool:
    return scored.score.determinable and not scored.reading.faults


def _clinician(npi: str, tin: str, said: Eligible) -> Clinician:
    return Clinician(
        npi=npi,
        tin=tin,
        type=said.type,
        statuses=said.statuses,
        below_threshold=said.below_threshold,
        hardship=said.hardship,
        hardship_reason=said.hardship_reason,
        shared_savings=said.shared_savings,
    )


def _unsaid(said: Eligible, who: Reporter) -> tuple[str, ...]:
    asked: dict[str, object] = {"the special statuses": said.statuses}
    if who.npi:
        asked = {
            "the type of clinician": said.type,
            **asked,
            "the low-volume threshold": said.below_threshold,
            "the Shared Savings Program": said.shared_savings,
        }
    return tuple(what for what, value in asked.items() if value is None)


def clinicians_of(scored: Scored) -> tuple[str, ...]:
    """The NPIs with cases under the reporter's TIN in the data; a clinician without any case is not among them."""
    tin = scored.submission.reporter.tin
    found = {tally.npi for tally in scored.reading.tallies if tally.tin == tin and tally.npi}
    return tuple(sorted(found))
