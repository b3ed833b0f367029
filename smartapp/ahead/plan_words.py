"""A plan in sentences, the same for the terminal and for pages. None of them names a case."""

from collections.abc import Iterator, Mapping

from scoring.actions import Action
from scoring.model import Finding, MeasureId, Origin, Score, ScoreLine
from scoring.year import RuleBook
from smartapp.ahead.planning import Planned

ESTIMATE = "The work is our estimate, to compare actions by; no published figure was found."

UNDECIDED = "Not known to be counted at all, so in no plan, and what leaves it open (pi180 explain names the cases):"


def todo(action: Action, rules: RuleBook) -> str:
    """What is to be done, its measure or exclusion named; the same for the terminal, the document and pages."""
    subject = MeasureId(action.subject)
    measure = next((one.id for one in rules.measures.values() if subject in one.exclusions), subject)
    name = subject if measure != subject else _named(subject, rules)
    told = action.rule.todo.format(subject=name, measure=_named(measure, rules))
    return told if subject in told or subject not in rules.measures else f"{told} ({subject})"


def _named(measure: MeasureId, rules: RuleBook) -> str:
    found = rules.measures.get(measure)
    return f"{' '.join(found.title.split())} ({measure})" if found else measure


def aim(found: Planned) -> str:
    """Where the plan leads from where, or why there is none."""
    plan = found.plan
    before, after = plan.before.points, plan.after.points
    if found.closed:
        year = found.asked.period.start.year
        return f"none: the submission window of {year} closed on {found.closed}, and the score stays {before}."
    if plan.steps:
        short = "" if plan.reached else f" {plan.target} cannot be reached; this is the most."
        return f"from {before} to {after} of 100 with the least work.{short}"
    if plan.after.gate_shut:
        return f"none: the score is {before}. The gate is shut, and no action that can be planned opens it."
    more = "" if plan.reached else f", and no action lifts it to {plan.target}"
    return f"nothing to do: the score is {before}{more}."


def hours(minutes: int) -> str:
    """Work in the larger unit that fits."""
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def points_of(score: Score) -> str:
    """The points of a score, the gate named where it is shut."""
    return f"0 (gate shut; {score.before_gate} without that)" if score.gate_shut else f"{score.points}"


def not_counted_on(found: Planned) -> Iterator[str]:
    """Claims that would give more and that the plan does not make, with the reason."""
    for one in found.held:
        yield f"{one.held.action.subject} would give {one.points}: {one.held.why}"


def blocking(found: Planned) -> Iterator[str]:
    """What shuts the gate beyond this plan: what would mend it and until when, or that it is too late."""
    for finding in found.plan.blocking:
        if too_late(finding, found):
            yield f"{finding.code}: {finding.message} It can no longer be mended: the last day was {finding.by}."
        else:
            until = f" Until {finding.by}." if finding.by else ""
            yield f"{finding.code}: {finding.message} This plan cannot do it for you: {finding.remedy}{until}"


def too_late(finding: Finding, found: Planned) -> bool:
    """Whether the last day on which it could be mended has passed."""
    return finding.by is not None and finding.by < found.asked.as_of


def taken(found: Planned) -> Iterator[str]:
    """Totals of the EHR's own report that the plan takes as they stand, with each doubt about them."""
    yield from (" ".join(one.sentences()) for one in found.carried)


def projected(found: Planned) -> Iterator[str]:
    """What is observed, and then what is only projected."""
    made = found.projection
    if made.pace is None or made.lowest is None or made.highest is None:
        why = "the period is over" if not found.span.remaining else "no day of it is observed yet"
        yield f"Observed: {points_of(made.observed)}. Nothing is projected: {why}."
        return
    yield f"Observed: {points_of(made.observed)}."
    text = f"Projected, if the days to come are like those observed: {points_of(made.pace)}. With as many further "
    text += f"cases, none of them met: {points_of(made.lowest)}; all of them met: {points_of(made.highest)}. Patients "
    yield text + "who come again are counted once, so their number grows more slowly than this."


def earned_in_words(line: ScoreLine | None) -> str:
    """What a line earns of what, a typed count named; a dash for a line that is not there."""
    if line is None:
        return "-"
    mark = " (typed)" if line.origin is Origin.TYPED else ""
    return f"{'?' if line.earned is None else line.earned} / {line.available}{mark}"


def listed(reasons: Mapping[MeasureId, Mapping[str, int]]) -> Iterator[tuple[str, int, str]]:
    """Measure, number and reason, of each measure the most frequent first."""
    for measure, counted in reasons.items():
        for reason, number in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
            yield measure, number, reason
