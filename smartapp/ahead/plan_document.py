"""A plan as a document for other programs inside the building: it names the cases; the printed text does not."""

from typing import Any

from scoring.actions import Action
from scoring.explain import as_document
from scoring.model import Finding
from scoring.projection import Projection, SafetyMargin
from scoring.year import RuleBook
from smartapp.ahead.carried import Carried
from smartapp.ahead.period_document import starts_document
from smartapp.ahead.plan_words import todo, too_late
from smartapp.ahead.planning import Planned


def plan_document(found: Planned) -> dict[str, Any]:
    """What `pi180 plan --json` prints, in the shape `pi180/plan/1`. Days are ISO text; `cases` are keys."""
    plan, asked, rules = found.plan, found.asked, found.scored.reading.rules
    return {
        "schema": "pi180/plan/1",
        "run": found.scored.reading.fingerprint,
        "as_of": asked.as_of.isoformat(),
        "period": {"start": asked.period.start.isoformat(), "end": asked.period.end.isoformat()},
        "observed": {"days": found.span.elapsed, "remaining": found.span.remaining},
        "plan": {
            "target": plan.target,
            "reached": plan.reached,
            "points_before": plan.before.points,
            "points_after": plan.after.points,
            "minutes": plan.minutes,
            "steps": [
                {
                    **action_document(step.action, rules),
                    "points_after": step.score_after,
                    "points_without": step.score_without,
                }
                for step in plan.steps
            ],
            "blocking": [_blocking(finding, found) for finding in plan.blocking],
            "score_after": as_document(plan.after),
        },
        "singles": [{**action_document(action, rules), "adds": adds} for action, adds in found.singles],
        "held_back": [
            {**action_document(one.held.action, rules), "why": one.held.why, "before_gate": one.points}
            for one in found.held
        ],
        "margins": [_margin(margin) for margin in found.margins],
        "projection": _projection(found.projection),
        "starts": starts_document(found.starts),
        "closing": [{"day": c.day.isoformat(), "what": c.what, "cases": c.cases} for c in found.closing],
        "gone": {measure: dict(reasons) for measure, reasons in found.gone.items()},
        "undecided": {measure: dict(reasons) for measure, reasons in found.undecided.items()},
        "carried": [_carried(one) for one in found.carried],
        "window_closed": found.closed and found.closed.isoformat(),
    }


def action_document(action: Action, rules: RuleBook) -> dict[str, Any]:
    """One action; its effort with whose figure it is."""
    effort = action.rule.effort
    return {
        "action": action.id,
        "subject": action.subject,
        "todo": todo(action, rules),
        "only_if": action.rule.only_if,
        "note": action.note,
        "by": action.by.isoformat(),
        "effort": {
            "class": effort.id,
            "title": effort.title,
            "minutes": action.minutes,
            "source": "; ".join(cite.text for cite in effort.ruling.cites),
        },
        "number": len(action.cases),
        "cases": [{"case": case.name or None, "by": case.by.isoformat()} for case in action.cases],
    }


def _blocking(finding: Finding, found: Planned) -> dict[str, Any]:
    by = finding.by and finding.by.isoformat()
    said = {"code": finding.code, "subject": finding.subject, "message": finding.message, "remedy": finding.remedy}
    return {**said, "by": by, "too_late": too_late(finding, found)}


def _carried(one: Carried) -> dict[str, Any]:
    """A total of the EHR's report; `period` is that of the attestation file, whose total it is."""
    of = one.of and {"start": one.of.start.isoformat(), "end": one.of.end.isoformat()}
    return {
        "measure": one.measure,
        "met": one.total.proportion.met,
        "denominator": one.total.proportion.denominator,
        "report": one.total.report,
        "date": one.total.on.isoformat(),
        "period": of,
        "of_other_days": one.of_other_days,
        "after_as_of": one.later,
    }


def _margin(margin: SafetyMargin) -> dict[str, Any]:
    pace = margin.pace
    return {
        "exclusion": margin.exclusion,
        "fewer_than": margin.fewer_than,
        "safety": margin.safety.value,
        "because": margin.because,
        "counted": pace and pace.counted,
        "expected": pace and pace.expected and str(pace.expected),
        "busiest": pace and pace.busiest,
    }


def _projection(found: Projection) -> dict[str, Any]:
    """Points observed and projected; None where there is nothing to project."""
    ends = {"at_pace": found.pace, "none_met": found.lowest, "all_met": found.highest}
    return {
        "observed": found.observed.points,
        "observed_before_gate": found.observed.before_gate,
        "projected": {name: score and score.points for name, score in ends.items()},
    }
