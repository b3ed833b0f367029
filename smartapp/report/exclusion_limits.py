"""The page of the exclusions: each count against its limit, what is safe to claim, and what a claim would give."""

from dataclasses import dataclass

from scoring.exclusions import Standing
from scoring.model import Cite
from scoring.projection import Safety, Span
from smartapp.ahead.limits import Limited, Limits
from smartapp.report.charts.threshold import ThresholdChart, threshold_chart
from smartapp.report.exclusions import Undecided, exclusions_of
from smartapp.report.words import day, figure, plural
from smartapp.scored import Scored

_VERDICTS = {
    Safety.FINAL: ("the count allows it", "tag-ok"),
    Safety.SAFE: ("safe so far", "tag-ok"),
    Safety.CLOSE: ("close to the limit", "tag-warning"),
    Safety.NOT_SAFE: ("not safe yet", "tag-warning"),
    Safety.LOST: ("cannot be claimed", "tag-error"),
    Safety.NO_TELLING: ("cannot be told", "tag-unread"),
}
_NOT_IN_DATA = ("not decided by data", "tag-unread")


@dataclass(frozen=True, slots=True)
class LimitShown:
    """One exclusion; `count` and `room` in words, empty where there is none.

    `opens` is where its cases are, `answer` the field of the statements' form that claims it.
    """

    anchor: str
    exclusion: str
    summary: str
    of: tuple[str, ...]
    answer: str
    is_claimed: bool
    verdict: str
    tag: str
    count: str
    what: str
    opens: str
    limit: str
    room: str
    because: str
    text: str
    claim: str
    report: str
    refused: tuple[str, ...]
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]
    chart: ThresholdChart | None


@dataclass(frozen=True, slots=True)
class LimitsShown:
    """The whole page; `limits` None where the input is not whole."""

    seen: str
    gate: str
    limits: tuple[LimitShown, ...] | None
    undecided: tuple[Undecided, ...]


def limits_shown(scored: Scored, limits: Limits | None) -> LimitsShown:
    """The records of the template."""
    shown = None if limits is None else tuple(_limit(scored, one, limits.span) for one in limits.found)
    shut = "Points are before the gate, which is shut." if scored.score.gate_shut else ""
    return LimitsShown(_seen(limits.span) if limits else "", shut, shown, exclusions_of(scored).undecided)


def _seen(span: Span) -> str:
    if span.observed is None:
        return f"The period begins on {day(span.period.start)}: no day of it is observed yet."
    if not span.remaining:
        return f"The period ended on {day(span.period.end)}: the counts are final but for records that come late."
    observed, to_come = plural(span.elapsed, "day", "days"), plural(span.remaining, "day", "days")
    return f"Seen from {day(span.as_of)}: {observed} observed, {to_come} still to come."


def _limit(scored: Scored, one: Limited, span: Span) -> LimitShown:
    exclusion, measures = one.exclusion, scored.reading.rules.measures
    named = measures[exclusion.exclusion]
    verdict, tag = _verdict(one)
    summary = named.summary or named.title
    summary = summary[:1].upper() + summary[1:]
    return LimitShown(
        anchor=f"exclusion-{exclusion.exclusion}",
        exclusion=exclusion.exclusion,
        summary=summary,
        of=tuple(f"{measures[measure].title} ({measure})" for measure in exclusion.of),
        answer=f"claim-{exclusion.of[0]}" if exclusion.of else "",
        is_claimed=one.is_claimed,
        verdict=verdict,
        tag=tag,
        count=str(exclusion.count) if exclusion.count else "",
        what=exclusion.what or "",
        opens=f"measure-{exclusion.counted_as}",
        limit="none at all" if exclusion.fewer_than == 1 else f"fewer than {figure(one.margin.fewer_than)}",
        room=_room(one),
        because=one.margin.because,
        text=exclusion.text,
        claim="0, the claim is refused" if one.claimed.refused else _points(one.claimed.points, one.claimed.up_to),
        report=_points(one.reported.points, one.reported.up_to),
        refused=tuple(found.message for found in one.claimed.refused),
        doubts=exclusion.ruling.doubts,
        cites=exclusion.ruling.cites,
        chart=threshold_chart(one, span, f"{summary}: counted against the limit"),
    )


def _verdict(one: Limited) -> tuple[str, str]:
    """What may be said; a count that only refutes allows nothing."""
    allowed = one.margin.safety not in (Safety.LOST, Safety.NO_TELLING)
    if one.exclusion.refutes_only and allowed:
        return _NOT_IN_DATA
    if one.exclusion.standing is Standing.UNDECIDED and one.margin.safety in (Safety.FINAL, Safety.SAFE, Safety.CLOSE):
        return "undecided", "tag-open"
    return _VERDICTS[one.margin.safety]


def _room(one: Limited) -> str:
    """How many more may come before the limit is reached."""
    if one.margin.pace is None or one.margin.fewer_than == 1:
        return ""
    room = one.margin.fewer_than - 1 - one.margin.pace.counted
    return f"room for {figure(room)} more" if room >= 0 else f"{figure(-room)} too many"


def _points(points: int, up_to: int) -> str:
    return f"{points}" if up_to == points else f"{points}, up to {up_to}"
