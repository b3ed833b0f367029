"""What a run has to say: a few lines of what is otherwise than in the run before, nothing where nothing is."""

from collections.abc import Iterator

from scoring.findings import NOT_COMPARED, NUMERATOR_FELL, SOURCE_NOT_WHOLE
from smartapp.nightly.alerts import Alert
from smartapp.nightly.state import Committed
from smartapp.nightly.status import Counted, Reported

ALERT, LESS_SHOWN = 4, 8
_QUIET = "note"
_LESS = (SOURCE_NOT_WHOLE.code, NOT_COMPARED.code)
_OF_ONE_NIGHT = (NUMERATOR_FELL.code, NOT_COMPARED.code)


def lines_of(before: Committed | None, now: Committed) -> tuple[str, ...]:
    """The lines; of the first run all its numbers, of a later one what differs."""
    lines = [line for one in now.reports for line in _of_report(before.report(one.folder) if before else None, one)]
    if now.reason and (before is None or before.reason != now.reason):
        lines.append(f"Not read in bulk: {now.reason}")
    lines += [f"{one.code} {one.subject}: {one.message}." for one in new_alerts(before, now) if one.severity != _QUIET]
    if before is not None:
        lines += [
            f"no longer: {one.code} {one.subject}: {one.message}." for one in new_alerts(now, before) if _ends(one)
        ]
    if not lines and before is not None and before.run != now.run:
        lines = ["The data or the rules changed; no number did."]
    return (*lines, f"run {now.run[:12]}") if lines else ()


def new_alerts(before: Committed | None, now: Committed) -> tuple[Alert, ...]:
    """What was found now and not before."""
    known = {one.key for one in before.alerts} if before else set()
    return tuple(one for one in now.alerts if one.key not in known)


def code_of(news: tuple[Alert, ...]) -> int:
    """The exit code: 4 where something new costs points, 8 where less is shown or known than before, else 0."""
    if any(one.is_grave for one in news):
        return ALERT
    return LESS_SHOWN if any(one.code in _LESS for one in news) else 0


def _ends(alert: Alert) -> bool:
    """Whether its end is news: what one night found against another is over the night after."""
    return alert.severity != _QUIET and alert.code not in _OF_ONE_NIGHT


def _of_report(before: Reported | None, now: Reported) -> Iterator[str]:
    name = "" if now.folder == "." else f"{now.folder}: "
    if before is None or _head(before) != _head(now):
        was = f" (was {_points(before)})" if before and _points(before) != _points(now) else ""
        yield f"{name}{_points(now)}{was}, {now.start} to {now.end}"
    known = {one.measure: one for one in before.measures} if before else {}
    for one in now.measures:
        if known.get(one.measure) != one:
            was = f" (was {_count(known[one.measure])})" if one.measure in known else ""
            yield f"  {one.measure}: {_count(one)}{was}"


def _head(one: Reported) -> tuple[object, ...]:
    return (_points(one), one.start, one.end)


def _points(one: Reported) -> str:
    if one.points is None:
        return "points not determinable"
    shut = f", {one.before_gate} were it not for the gate" if one.gate_shut else ""
    return f"{one.points} points{shut}"


def _count(one: Counted) -> str:
    if not one.readable:
        return "not readable from this source"
    unknown = f", {one.unknown} not shown" if one.unknown else ""
    return f"{one.met} of {one.denominator} met{unknown}"
