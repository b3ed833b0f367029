"""The best period as a document for other programs: plain values in one fixed shape."""

from typing import Any

from scoring.horizon import Horizon
from scoring.model import Finding, Proportion, ScoreLine
from scoring.periods import BestPeriod, Choices, Margin, Outcome, World
from scoring.starts import StartsLeft
from smartapp.ahead.best_period import Brief
from smartapp.ahead.period_words import CONTROLLED, certainty


def best_period_document(found: BestPeriod, run: str) -> dict[str, Any]:
    """What `pi180 best-period --json` prints, in the shape `pi180/best-period/1`. Days are ISO text."""
    return {
        "schema": "pi180/best-period/1",
        "run": run,
        "best": outcome_document(found.best),
        "runner_up": outcome_document(found.runner_up) if found.runner_up else None,
        "halves": [outcome_document(half) for half in found.halves],
        "full_year": outcome_document(found.full_year),
        "periods_searched": found.searched,
        "robust": found.robust,
        "at_stake": found.at_stake,
        "if_none_met": _world(found.if_none_met),
        "if_all_met": _world(found.if_all_met),
        "reasons": [{"line": reason.line, "text": reason.text} for reason in found.reasons],
        "unmendable": [_finding(finding) for finding in found.unmendable],
        "assumed": list(found.assumed),
        "carried": list(found.carried),
        "seen": seen_document(found.horizon),
        "days_to_come": found.horizon.to_come(found.best.period),
        "starts": starts_document(found.starts) if found.starts else None,
        "certainty": list(certainty(found)),
    }


def seen_document(horizon: Horizon) -> dict[str, Any]:
    """How far the year is seen: `until` is the last such day, the others are what says so; None where unknown."""
    days = {"as_of": horizon.as_of, "data_until": horizon.data_until, "last_case": horizon.last_case}
    return {"until": horizon.until.isoformat(), **{name: day and day.isoformat() for name, day in days.items()}}


def starts_document(starts: StartsLeft) -> dict[str, Any]:
    """Which periods can still begin, in days and in words."""
    first = starts.first and starts.first.isoformat()
    return {"first": first, "last": starts.last.isoformat(), "text": starts.text}


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """One period with its choices, what it earns, and how near each exclusion's count is to its limit."""
    return {
        "start": outcome.period.start.isoformat(),
        "end": outcome.period.end.isoformat(),
        "days": outcome.period.days,
        "points": outcome.points,
        "before_gate": outcome.before_gate,
        "least": outcome.least,
        "most": outcome.most,
        "feasible": outcome.feasible,
        "infeasible_because": [finding.message for finding in outcome.infeasible],
        "choices": _choices(outcome.choices),
        "margins": {margin.exclusion: _margin(margin) for margin in outcome.margins},
        "lines": [_line(line, outcome) for line in outcome.score.lines],
    }


def _choices(choices: Choices) -> dict[str, Any]:
    return {
        "exclusions": list(choices.exclusions),
        "path": [measure for path in choices.paths for measure in path],
        "controlled_substances": CONTROLLED[choices.variant],
    }


def briefs_document(found: list[Brief], horizon: Horizon, run: str, searched: int) -> dict[str, Any]:
    """What `pi180 best-period --everyone --json` prints, in the shape `pi180/best-periods/1`."""
    return {
        "schema": "pi180/best-periods/1",
        "run": run,
        "periods_searched": searched,
        "seen": seen_document(horizon),
        "reporters": [
            {
                "tin": one.reporter.tin,
                "npi": one.reporter.npi,
                "start": one.period.start.isoformat(),
                "end": one.period.end.isoformat(),
                "points": one.place.points,
                "least": one.place.least,
                "most": one.place.most,
                "robust": one.robust,
                "days_to_come": horizon.to_come(one.period),
                "exclusions": list(one.place.option.choices.exclusions),
                "controlled_substances": CONTROLLED[one.place.option.choices.variant],
                "full_year": one.full_year,
            }
            for one in found
        ],
    }


def _world(world: World) -> dict[str, Any]:
    return {
        "start": world.period.start.isoformat(),
        "end": world.period.end.isoformat(),
        "points": world.points,
        "choices": _choices(world.choices),
    }


def _margin(margin: Margin) -> dict[str, Any]:
    count = margin.count
    return {
        "claimed": margin.claimed,
        "certain": count.certain if count else None,
        "possible": count.possible if count else None,
        "fewer_than": margin.fewer_than,
        "left": margin.left,
    }


def _line(line: ScoreLine, outcome: Outcome) -> dict[str, Any]:
    counted = {str(m): c for m, c in outcome.submission.proportions.items()}.get(line.measure)
    return {
        "measure": line.measure,
        "earned": line.earned,
        "available": line.available,
        "counted": _counts(counted) if counted else None,
    }


def _counts(counted: Proportion) -> dict[str, int]:
    return {
        "met": counted.met,
        "denominator": counted.denominator,
        "unknown": counted.unknown,
        "undecided": counted.undecided,
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"code": finding.code, "subject": finding.subject, "message": finding.message, "remedy": finding.remedy}
