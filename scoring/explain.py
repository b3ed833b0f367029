"""The score as a document for files, pages and other programs: plain objects, one fixed shape."""

from collections.abc import Iterable

from scoring.exclusions import Count, Exclusion, Standing
from scoring.model import Cite, Finding, Score, ScoreLine

SCHEMA = "pi180/score/1"


def as_document(score: Score) -> dict[str, object]:
    """The score in the shape `pi180/score/1`; points are whole, `earned` is None when not determinable."""
    return {
        "schema": SCHEMA,
        "year": score.year,
        "provisional": score.provisional,
        "points": score.points,
        "before_gate": score.before_gate,
        "up_to": score.up_to,
        "determinable": score.determinable,
        "lines": [_line(line) for line in score.lines],
        "findings": [finding_document(finding) for finding in score.findings],
        "other_readings": [{"doubt": other.doubt, "points": other.points} for other in score.other_readings],
    }


def exclusions_document(found: Iterable[Exclusion]) -> list[dict[str, object]]:
    """The exclusions beside a score: bounds of each count (`possible` None: no upper one), limit and standing."""
    return [
        {
            "exclusion": one.exclusion,
            "of": list(one.of),
            "what": one.what,
            "fewer_than": one.fewer_than,
            "standing": one.standing.value,
            "count": _count(one.count, one.standing) if one.count else None,
            "other_bases": [_count(count, standing) for count, standing in one.others],
            "text": one.text,
            "confidence": one.ruling.confidence.value,
            "cites": _cites(one.ruling.cites),
        }
        for one in found
    ]


def _count(count: Count, standing: Standing) -> dict[str, object]:
    return {
        "basis": count.basis,
        "certain": count.certain,
        "possible": count.possible,
        "unattributed": count.unattributed,
        "not_shown": list(count.hidden),
        "standing": standing.value,
    }


def _line(line: ScoreLine) -> dict[str, object]:
    return {
        "measure": line.measure,
        "title": line.title,
        "objective": line.objective,
        "earned": line.earned,
        "available": line.available,
        "up_to": line.up_to,
        "because": line.because,
        "confidence": line.confidence.value,
        "origin": line.origin.value if line.origin else None,
        "doubts": list(line.doubts),
        "cites": _cites(line.cites),
    }


def finding_document(finding: Finding) -> dict[str, object]:
    """One finding with its sources."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.remedy,
        "by": finding.by and finding.by.isoformat(),
        "cites": _cites(finding.cites),
    }


def _cites(cites: tuple[Cite, ...]) -> list[dict[str, str | None]]:
    return [{"text": cite.text, "url": cite.url} for cite in cites]
