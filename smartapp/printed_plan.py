"""A plan and a what-if as text for a terminal. Cases are numbers; their keys are printed only on request."""

from collections.abc import Iterator

from scoring.actions import Action
from scoring.model import Origin, Score, ScoreLine, Severity
from scoring.projection import Projection
from smartapp.due import distance
from smartapp.planning import HeldBack, Planned
from smartapp.printed import columns, wrapped
from smartapp.typed import LABEL, WhatIf

_ESTIMATE = "The work is our estimate, to compare actions by; no published figure was found."


def plan_text(found: Planned, with_cases: bool = False) -> str:
    """The plan with its arithmetic, what is observed and what is projected, and what ends when.

    `with_cases` prints the keys of the cases: the text is then for inside the building only.
    """
    parts = (_head(found), _plan(found, with_cases), _singles(found), _held(found), _projection(found))
    rest = (_margins(found), _closing(found), _gone(found))
    return "\n\n".join("\n".join(part) for part in (*parts, *rest) if part) + "\n"


def _head(found: Planned) -> list[str]:
    asked, span, reporter = found.asked, found.span, found.scored.submission.reporter
    who = f"TIN {reporter.tin or 'unknown'}" + (f" NPI {reporter.npi}" if reporter.npi else " (group)")
    days = f"{asked.period.start} to {asked.period.end} ({asked.period.days} days)"
    seen = f"As of {asked.as_of}: {span.elapsed} days observed, {span.remaining} to come."
    run = found.scored.reading.fingerprint[:12]
    return [f"{who}  {days}  run {run}", seen, *wrapped(found.starts.text, "")]


def _plan(found: Planned, with_cases: bool) -> list[str]:
    plan = found.plan
    lines = wrapped(f"Plan: {_aim(found)}", "")
    for number, step in enumerate(plan.steps, 1):
        lines += _step(number, step.action, found, with_cases)
        lines.append(f"      then {step.score_after} points; without it {step.score_without}")
    if plan.steps:
        again = f"Scored again after all of it: {plan.after.points}. About {_hours(plan.minutes)}. {_ESTIMATE}"
        lines += wrapped(again, "")
    if not plan.after.determinable:
        open_lines = ", ".join(line.measure for line in plan.after.lines if line.earned is None)
        lines += wrapped(f"Not determinable even so: {open_lines}. What is seen of the rest is counted.", "")
    for finding in plan.blocking:
        lines += wrapped(f"No action mends {finding.code}: {finding.message} {finding.remedy}", "", "    ")
    return lines


def _aim(found: Planned) -> str:
    plan = found.plan
    before, after = plan.before.points, plan.after.points
    if plan.steps:
        short = "" if plan.reached else f" {plan.target} cannot be reached; this is the most."
        return f"from {before} to {after} of 100 with the least work.{short}"
    if plan.blocking:
        return f"none: the score is {before}, and the gate stays shut whatever is done."
    more = "" if plan.reached else f", and no action lifts it to {plan.target}"
    return f"nothing to do: the score is {before}{more}."


def _step(number: int, action: Action, found: Planned, with_cases: bool) -> list[str]:
    cases = f" ({len(action.cases)} case{'' if len(action.cases) == 1 else 's'})" if action.cases else ""
    until = f"until {action.by}{distance(found.asked.as_of, action.by)}"
    lines = [f"{number:>3}. {action.id}{cases}, {until}, {action.rule.effort.title}"]
    only_if = f", only if {action.rule.only_if}" if action.rule.only_if else ""
    lines += wrapped(f"{action.rule.todo}{only_if}. {action.note}".strip(), " " * 6)
    if with_cases and action.cases:
        lines += [f"      {case.name or 'not named by the report'}, until {case.by}" for case in action.cases]
    return lines


def _hours(minutes: int) -> str:
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _singles(found: Planned) -> list[str]:
    rows = [
        (f"+{adds}", action.id, f"{len(action.cases)} cases" if action.cases else "", f"until {action.by}",
         action.rule.effort.title)
        for action, adds in found.singles
        if adds > 0
    ]  # fmt: skip
    return ["Each by itself, once the gate is open:", *columns(rows)] if rows else []


def _held(found: Planned) -> list[str]:
    told = [one for one in found.held if one.points > found.plan.before.before_gate]
    return ["Not counted on:", *(line for one in told for line in _held_back(one))] if told else []


def _held_back(one: HeldBack) -> Iterator[str]:
    yield from wrapped(f"{one.held.action.subject} would give {one.points}: {one.held.why}", "  ", "    ")


def _projection(found: Planned) -> list[str]:
    made: Projection = found.projection
    if made.pace is None or made.lowest is None or made.highest is None:
        why = "the period is over" if not found.span.remaining else "no day of it is observed yet"
        return [f"Observed: {_points(made.observed)}. Nothing is projected: {why}."]
    text = f"Projected, if the days to come are like those observed: {_points(made.pace)}. With as many further cases, "
    text += f"none of them met: {_points(made.lowest)}; all of them met: {_points(made.highest)}. Patients who come "
    text += "again are counted once, so their number grows more slowly than this."
    return [f"Observed: {_points(made.observed)}.", *wrapped(text, "")]


def _points(score: Score) -> str:
    return f"0 (gate shut; {score.before_gate} without that)" if score.gate_shut else f"{score.points}"


def _margins(found: Planned) -> list[str]:
    answers = found.scored.submission.answers
    lines = ["Exclusions against their limits at the end of the period:"]
    for one in found.margins:
        claimed = ", claimed" if answers.get(one.exclusion) else ""
        lines += wrapped(f"{one.exclusion} ({one.safety}{claimed}): {one.because}", "  ", "    ")
    return lines if found.margins else []


def _closing(found: Planned) -> list[str]:
    as_of = found.asked.as_of
    rows = [
        (f"{one.day}", distance(as_of, one.day).strip(), f"{one.cases} cases" if one.cases else "", one.what)
        for one in found.closing
    ]
    return ["What can still change, and the last day for it:", *columns(rows)] if rows else []


def _gone(found: Planned) -> list[str]:
    rows = [
        (measure, f"{number:>5}", reason)
        for measure, reasons in found.gone.items()
        for reason, number in sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    ]
    return ["Counted, not met, and no longer to be changed:", *columns(rows)] if rows else []


def what_if_text(found: WhatIf) -> str:
    """Both scores line by line; every typed value stands first, under its label."""
    typed = [f"  typed: {row['what']} = {row['value']}" for row in found.typed.as_rows()]
    before = {line.measure: line for line in found.stands.score.lines}
    after = {line.measure: line for line in found.changed.score.lines}
    names = list(dict.fromkeys((*before, *after)))
    lines = [("Line", "As it stands", "What if"), *((n, _earned(before.get(n)), _earned(after.get(n))) for n in names)]
    lines.append(("Total", _points(found.stands.score), _points(found.changed.score)))
    errors = (finding for finding in found.changed.score.findings if finding.severity is Severity.ERROR)
    told = [line for e in errors for line in wrapped(f"what if, ZERO {e.code}: {e.message}", "", "    ")]
    return "\n".join([LABEL, *typed, "", *columns(lines), *told]) + "\n"


def _earned(line: ScoreLine | None) -> str:
    if line is None:
        return "-"
    mark = " (typed)" if line.origin is Origin.TYPED else ""
    return f"{'?' if line.earned is None else line.earned} / {line.available}{mark}"
