"""The requirements step for a page: who owes the category, why, and what is not known."""

from collections.abc import Iterator
from dataclasses import dataclass

from scoring.eligibility import Duty, HardshipStatus, Verdict
from scoring.eligibility_rules import EligibilityRules
from scoring.findings import cites_of
from scoring.model import Cite
from smartapp.attesting.attested_eligibility import Eligible, eligibility_rules
from smartapp.attesting.fields import NO_STATUS
from smartapp.attesting.owed import Owed
from smartapp.people.eligibility import Standing
from smartapp.report.options import Option
from smartapp.report.words import day
from smartapp.scored import Scored

_HEADS = {
    Duty.REQUIRED: "Required: this category has to be reported",
    Duty.REWEIGHTED: "Reweighted: this category does not count for the final score",
    Duty.NOT_REQUIRED: "Not required",
    Duty.UNDECIDED: "Not known yet: what decides it is not said",
}
_TAGS = {Duty.REQUIRED: "", Duty.REWEIGHTED: "tag-ok", Duty.NOT_REQUIRED: "tag-ok", Duty.UNDECIDED: "tag-open"}
_YES_NO = (Option("yes", "Yes"), Option("no", "No"), Option("", "Not known"))


@dataclass(frozen=True, slots=True)
class VerdictShown:
    """One answer in words, with its sources and doubts; `worth` is what the category weighs, empty if not known."""

    who: str
    duty: str
    tag: str
    because: str
    worth: str
    shared_savings: str
    cites: tuple[Cite, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Requirements:
    """The page: the answer, what would change it, and the form's options.

    `application` says what a hardship exception would need, empty where none would help. `rule` is the group's,
    empty for a clinician, and `members` her answers one by one. `last` says until which year each type was reweighted.
    """

    head: str
    own: VerdictShown
    unsaid: tuple[str, ...]
    application: str
    rule: str
    members: tuple[VerdictShown, ...]
    dates: tuple[str, ...]
    is_group: bool
    types: tuple[Option, ...]
    statuses: tuple[Option, ...]
    yes_no: tuple[Option, ...]
    hardship: tuple[Option, ...]
    reasons: tuple[Option, ...]


def requirements_shown(scored: Scored, found: Owed) -> Requirements:
    """Everything that the requirements step shows."""
    across, year = eligibility_rules(), scored.reading.rules.year
    is_group = scored.submission.reporter.npi is None
    return Requirements(
        head=_HEADS[found.own.verdict.duty],
        own=_shown(found.own, "The group" if is_group else "This clinician"),
        unsaid=found.unsaid,
        application=_application(found, scored.attestations.eligible),
        rule=across.whole_group.text if is_group else "",
        members=tuple(_shown(one, f"NPI {one.npi}") for one in found.members),
        dates=found.own.dates,
        is_group=is_group,
        types=tuple(_types(across, year)),
        statuses=tuple(_statuses(across, year)),
        yes_no=_YES_NO,
        hardship=_HARDSHIP,
        reasons=tuple(_reasons(across, year)),
    )


_HARDSHIP = (
    Option(HardshipStatus.NONE, "No application"),
    Option(HardshipStatus.APPLIED, "Applied for", "It counts only once CMS approves it."),
    Option(HardshipStatus.APPROVED, "Approved by CMS", "Attach CMS's notice below. It holds for this year only."),
)


def _shown(standing: Standing, who: str) -> VerdictShown:
    verdict = standing.verdict
    return VerdictShown(
        who=who,
        duty=verdict.duty,
        tag=_TAGS[verdict.duty],
        because=_sentence(verdict.because),
        worth=_worth(standing),
        shared_savings=_savings(standing.shared_savings),
        cites=cites_of(*verdict.rulings),
        doubts=tuple(dict.fromkeys(doubt for ruling in verdict.rulings for doubt in ruling.doubts)),
    )


def _savings(verdict: Verdict | None) -> str:
    return f"Shared Savings Program: {verdict.duty}; {verdict.because}." if verdict else ""


def _worth(standing: Standing) -> str:
    if standing.weight is None:
        return "What the category weighs is not stated for this case."
    text = f"The category weighs {int(standing.weight * 100)} of 100 in the final score (traditional MIPS)."
    if standing.adds:
        text += f" The score as it stands adds {float(standing.adds):.2f} points to it."
    return text


def _application(found: Owed, said: Eligible) -> str:
    if found.deadline is None:
        return ""
    by = f"{found.deadline.title}: {day(found.deadline.day)}."
    if said.hardship is HardshipStatus.APPLIED:
        return f"An application was made and is not approved yet. {by}"
    return f"If a hardship keeps this reporter from reporting, an application to CMS is needed. {by}"


def _types(across: EligibilityRules, year: int) -> Iterator[Option]:
    yield Option("", "Not known")
    for kind in across.types.values():
        last = kind.reweighted.last if kind.reweighted else None
        out = kind.reweighted is not None and year in kind.reweighted
        note = f"reweighted in {year} by type" if out else (f"reweighted by type until {last}" if last else "")
        yield Option(kind.id, kind.title, note)


def _statuses(across: EligibilityRules, year: int) -> Iterator[Option]:
    for status in across.statuses.values():
        if year in status.years:
            yield Option(f"status-{status.id}", status.title)
    yield Option(f"status-{NO_STATUS}", "None of these, by CMS's look-up")


def _reasons(across: EligibilityRules, year: int) -> Iterator[Option]:
    yield Option("", "No reason")
    for reason in across.hardships.values():
        if year in reason.years:
            yield Option(reason.id, reason.title, "no application needed" if reason.automatic else "")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
