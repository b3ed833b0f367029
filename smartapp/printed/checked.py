"""What was found of a submission file that is checked, as text for a terminal."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from scoring.model import Finding, Severity
from smartapp.exports.checking import Checked
from smartapp.printed.points import finding_lines
from smartapp.printed.terminal import wrapped


def checked_text(checked: Checked) -> str:
    """How many findings of which kind, each with its place, and what was not read."""
    found = [_with_place(one.finding, one.place) for one in checked.found]
    counts = Counter(finding.severity for finding in found)
    told = ", ".join(f"{counts[severity]} {severity}{'s' * (counts[severity] != 1)}" for severity in Severity)
    year = f", performance year {checked.year}" if checked.year else ""
    lines = [f"{checked.imported.form}{year}: {told}.", *findings_text(found)]
    if checked.imported.not_read:
        lines += wrapped(f"Not read: {', '.join(checked.imported.not_read)}.", "")
    return "\n".join(lines) + "\n"


def findings_text(found: Iterable[Finding]) -> list[str]:
    """Each finding in lines."""
    return [line for finding in found for line in finding_lines(finding.severity.value, finding)]


def _with_place(finding: Finding, place: str | None) -> Finding:
    return replace(finding, message=f"{place}: {finding.message}") if place else finding
