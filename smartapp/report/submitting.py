"""The submission step for a page: what is ready, what is missing, until when, and by which ways data get to CMS."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scoring.conditions import DeadlineId, Form, Submitter, WayRule
from scoring.findings import CEHRT_ID, NOT_CERTIFIED, NOT_IN_USE, PERFORMANCE_PERIOD
from scoring.model import Cite, Finding, MeasureId, Severity
from scoring.year import RuleBook
from smartapp.attesting.fields import proportions
from smartapp.attesting.proposed import field_of
from smartapp.attesting.readiness import Place, Readiness
from smartapp.report.attesting import unanswered
from smartapp.report.words import day, figure, plural
from smartapp.scored import Scored

_SUBMITTERS = {
    Submitter.CLINICIAN: "A MIPS eligible clinician",
    Submitter.REPRESENTATIVE: "Who represents a practice or an APM Entity",
    Submitter.INTERMEDIARY: "A third-party intermediary",
}
FORMS = {Form.QPP_JSON: "QPP JSON", Form.QRDA3: "QRDA III", Form.WORKSHEET: "attestation worksheet"}
"""What is handed in, in words."""


@dataclass(frozen=True, slots=True)
class ToMend:
    """A finding and the page where it is mended, below home."""

    finding: Finding
    opens: str


@dataclass(frozen=True, slots=True)
class WayShown:
    """One way to CMS, the files that go by it, and what is in doubt about it."""

    title: str
    files: tuple[str, ...]
    text: str
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class RouteShown:
    """The ways that are open to one kind of submitter."""

    submitter: str
    ways: tuple[WayShown, ...]
    text: str
    doubts: tuple[str, ...]
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """One line of the list: what, whether it is there, and where to look."""

    what: str
    done: bool
    told: str
    opens: str


@dataclass(frozen=True, slots=True)
class Handed:
    """One line of the score as it is handed in: its points, what they rest on, and its page."""

    title: str
    told: str
    opens: str


@dataclass(frozen=True, slots=True)
class Submitting:
    """The whole page.

    `total` and `handed` are what would be signed and handed in. `advice` are the findings that shut nothing; `window`
    is when CMS takes data, in words.
    """

    total: str
    handed: tuple[Handed, ...]
    lines: tuple[Ready, ...]
    errors: tuple[ToMend, ...]
    advice: tuple[ToMend, ...]
    unanswered: tuple[tuple[str, str], ...]
    missing: tuple[Place, ...]
    window: str
    routes: tuple[RouteShown, ...]
    provisional: str
    faults: tuple[str, ...]


def submitting(scored: Scored, ready: Readiness) -> Submitting:
    """Everything that the submission step shows."""
    found = [one for one in scored.score.findings if one.severity is Severity.ERROR]
    advice = [one for one in scored.score.findings if one.severity is not Severity.ERROR]
    open_questions = unanswered(scored)
    return Submitting(
        total=_total(scored),
        handed=tuple(_handed(scored)),
        lines=tuple(_lines(scored, ready, found, len(open_questions))),
        errors=tuple(ToMend(one, mended_on(one, scored)) for one in found),
        advice=tuple(ToMend(one, mended_on(one, scored)) for one in advice),
        unanswered=tuple((one.id, " ".join(one.title.split())) for one in open_questions),
        missing=ready.missing,
        window=_window(scored),
        routes=tuple(routes_shown(scored.reading.rules)),
        provisional=scored.score.provisional or "",
        faults=scored.reading.faults,
    )


def _total(scored: Scored) -> str:
    score, cap = scored.score, scored.reading.rules.cap.points
    if scored.reading.faults or not score.determinable:
        return "No total can be told."
    shut = " The gate is shut." if score.gate_shut else ""
    return f"{score.points} of {cap} points.{shut}"


def _handed(scored: Scored) -> Iterator[Handed]:
    """The counted measures that are reported."""
    for line in scored.score.lines:
        counted = scored.submission.proportions.get(MeasureId(line.measure))
        if counted is not None:
            earned = "not determinable" if line.earned is None else f"{line.earned} of {line.available} points"
            counts = f"{figure(counted.met)} of {figure(counted.denominator)}, {counted.origin}"
            yield Handed(line.title, f"{counts}: {earned}", f"measures/{line.measure}")


def mended_on(finding: Finding, scored: Scored) -> str:
    """The page, and the field on it, where a finding is mended."""
    name = MeasureId(finding.subject)
    if finding.subject == PERFORMANCE_PERIOD:
        return "periods"
    if finding.subject == CEHRT_ID or finding.code in (NOT_IN_USE.code, NOT_CERTIFIED.code):
        return f"cehrt#{field_of(finding, scored.attestations, scored.reading.rules)}"
    if name in {measure.id for measure in proportions(scored.reading.rules)}:
        return f"measures/{name}"
    return f"attestations#{field_of(finding, scored.attestations, scored.reading.rules)}"


def _lines(scored: Scored, ready: Readiness, found: Sequence[Finding], open_questions: int) -> list[Ready]:
    whole, known = not scored.reading.faults, scored.score.determinable
    shut = plural(len(found), "thing shuts it", "things shut it")
    left = plural(open_questions, "statement is not answered", "statements are not answered")
    return [
        Ready("The input is whole", whole, "" if whole else "See what is missing before relying on a number.", "basis"),
        Ready(
            "Every required measure can be told", known, "" if known else "One is neither zero nor passed.", "measures"
        ),
        Ready("The gate is open", not found, shut if found else "", "submission#mend"),
        Ready("Every statement is answered", not open_questions, left if open_questions else "", "attestations"),
        Ready("The CEHRT ID is there", bool(scored.attestations.cehrt_id), "", "cehrt"),
        Ready("The evidence is attached", not ready.missing, f"{ready.filled} of {ready.of}", "documents"),
    ]


def _window(scored: Scored) -> str:
    deadlines = scored.reading.rules.conditions.deadlines
    opens, closes = deadlines[DeadlineId.SUBMISSION_OPENS].day, deadlines[DeadlineId.SUBMISSION_CLOSES].day
    return f"CMS takes the data of {scored.reading.rules.year} from {day(opens)} to {day(closes)}, both days included."


def routes_shown(rules: RuleBook) -> list[RouteShown]:
    """Who may hand the data of a year in, and by which ways."""
    return [
        RouteShown(
            submitter=_SUBMITTERS[route.submitter],
            ways=tuple(_way(rules.conditions.ways[way]) for way in route.ways),
            text=route.text,
            doubts=route.ruling.doubts,
            cites=route.ruling.cites,
        )
        for route in rules.conditions.routes
    ]


def _way(way: WayRule) -> WayShown:
    return WayShown(way.title, tuple(FORMS[form] for form in way.files), way.text, way.ruling.doubts, way.ruling.cites)
