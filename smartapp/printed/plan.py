"""A plan and a what-if as text for a terminal. Cases are numbers; their keys are printed only on request."""

from scoring.actions import Action
from scoring.model import Severity
from smartapp.ahead.plan_words import (
    ESTIMATE,
    UNDECIDED,
    aim,
    blocking,
    earned_in_words,
    hours,
    listed,
    not_counted_on,
    points_of,
    projected,
    taken,
    todo,
)
from smartapp.ahead.planning import Planned
from smartapp.ahead.typed import LABEL, WhatIf
from smartapp.due import distance
from smartapp.printed.terminal import columns, fitted, wrapped


def plan_text(found: Planned, with_cases: bool = False) -> str:
    """The plan with its arithmetic, what is observed and what is projected, and what ends when.

    `with_cases` prints the keys of the cases: the text is then for inside the building only.
    """
    parts = (_head(found), _plan(found, with_cases), _singles(found), _held(found), _projection(found))
    rest = (_margins(found), _closing(found), _gone(found), _undecided(found))
    return "\n\n".join("\n".join(part) for part in (*parts, *rest) if part) + "\n"


def _head(found: Planned) -> list[str]:
    asked, span, reporter = found.asked, found.span, found.scored.submission.reporter
    who = f"TIN {reporter.tin or 'unknown'}" + (f" NPI {reporter.npi}" if reporter.npi else " (group)")
    days = f"{asked.period.start} to {asked.period.end} ({asked.period.days} days)"
    seen = f"As of {asked.as_of}: {span.elapsed} days observed, {span.remaining} to come."
    run = found.scored.reading.fingerprint[:12]
    totals = [line for text in taken(found) for line in wrapped(text, "", "    ")]
    return [*wrapped(f"{who}  {days}  run {run}", "", "    "), seen, *wrapped(found.starts.text, ""), *totals]


def _plan(found: Planned, with_cases: bool) -> list[str]:
    plan = found.plan
    lines = wrapped(f"Plan: {aim(found)}", "")
    for number, step in enumerate(plan.steps, 1):
        lines += _step(number, step.action, found, with_cases)
        lines.append(f"      then {step.score_after} points; without it {step.score_without}")
    if plan.steps:
        again = f"Scored again after all of it: {plan.after.points}. About {hours(plan.minutes)}. {ESTIMATE}"
        lines += wrapped(again, "")
    if not plan.after.determinable:
        open_lines = ", ".join(line.measure for line in plan.after.lines if line.earned is None)
        lines += wrapped(f"Not determinable even so: {open_lines}. What is seen of the rest is counted.", "")
    return lines + [line for text in blocking(found) for line in wrapped(text, "", "    ")]


def _step(number: int, action: Action, found: Planned, with_cases: bool) -> list[str]:
    cases = f" ({_cases(len(action.cases))})" if action.cases else ""
    until = f"until {action.by}{distance(found.asked.as_of, action.by)}"
    lines = wrapped(f"{number:>3}. {action.id}{cases}, {until}, {action.rule.effort.title}", "", " " * 6)
    only_if = f", only if {action.rule.only_if}" if action.rule.only_if else ""
    lines += wrapped(f"{todo(action, found.scored.reading.rules)}{only_if}. {action.note}".strip(), " " * 6)
    if with_cases and action.cases:
        lines += [f"      {case.name or 'not named by the report'}, until {case.by}" for case in action.cases]
    return lines


def _cases(number: int) -> str:
    """How many cases, in words; nothing for none."""
    return f"{number} case{'' if number == 1 else 's'}" if number else ""


def _singles(found: Planned) -> list[str]:
    rows = [
        (f"+{adds}", action.id, _cases(len(action.cases)), f"until {action.by}",
         action.rule.effort.title)
        for action, adds in found.singles
        if adds > 0
    ]  # fmt: skip
    return ["Each by itself, once the gate is open:", *fitted(rows)] if rows else []


def _held(found: Planned) -> list[str]:
    told = [line for text in not_counted_on(found) for line in wrapped(text, "  ", "    ")]
    return ["Not counted on:", *told] if told else []


def _projection(found: Planned) -> list[str]:
    return [line for text in projected(found) for line in wrapped(text, "")]


def _margins(found: Planned) -> list[str]:
    answers = found.scored.submission.answers
    lines = ["Exclusions against their limits at the end of the period:"]
    for one in found.margins:
        claimed = ", claimed" if answers.get(one.exclusion) else ""
        lines += wrapped(f"{one.exclusion} ({one.safety}{claimed}): {one.because}", "  ", "    ")
    return lines if found.margins else []


def _closing(found: Planned) -> list[str]:
    as_of = found.asked.as_of
    rows = [(f"{one.day}", distance(as_of, one.day).strip(), _cases(one.cases or 0), one.what) for one in found.closing]
    return ["What can still change, and the last day for it:", *fitted(rows)] if rows else []


def _gone(found: Planned) -> list[str]:
    rows = [(measure, f"{number:>5}", reason) for measure, number, reason in listed(found.gone)]
    return ["Counted, not met, and no longer to be changed:", *fitted(rows)] if rows else []


def _undecided(found: Planned) -> list[str]:
    rows = [(measure, f"{number:>5}", reason) for measure, number, reason in listed(found.undecided)]
    return [*wrapped(UNDECIDED, ""), *fitted(rows)] if rows else []


def what_if_text(found: WhatIf) -> str:
    """Both scores line by line; every typed value stands first, under its label."""
    typed = [f"  typed: {row['what']} = {row['value']}" for row in found.typed.as_rows()]
    before = {line.measure: line for line in found.stands.score.lines}
    after = {line.measure: line for line in found.changed.score.lines}
    names = list(dict.fromkeys((*before, *after)))
    lines = [
        ("Line", "As it stands", "What if"),
        *((n, earned_in_words(before.get(n)), earned_in_words(after.get(n))) for n in names),
    ]
    lines.append(("Total", points_of(found.stands.score), points_of(found.changed.score)))
    errors = (finding for finding in found.changed.score.findings if finding.severity is Severity.ERROR)
    told = [line for e in errors for line in wrapped(f"what if, ZERO {e.code}: {e.message}", "", "    ")]
    return "\n".join([LABEL, *typed, "", *columns(lines), *told]) + "\n"
