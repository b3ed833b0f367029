"""Results as text for a terminal: the tallies of a reading and the lines of a score."""

import textwrap
from collections.abc import Iterable, Sequence

from scoring.model import Finding, Score, ScoreLine, Severity
from smartapp.scored import Scored
from smartapp.usecases import Reading

_WIDTH = 100


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns of equal width, two spaces between."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def tally_table(reading: Reading) -> str:
    """The tallies of a reading, one line each, and what the numbers do not say."""
    head = ("Measure", "Variant", "TIN", "NPI", "Met", "Denominator", "Unknown", "Undecided")
    rows = [
        (t.measure, t.variant, t.tin or "unknown", t.npi or ("(group)" if t.tin else "unknown"),
         str(t.met), str(t.denominator), str(t.unknown), str(t.undecided))
        for t in reading.tallies
    ]  # fmt: skip
    period = f"{reading.period.start} to {reading.period.end} ({reading.period.days} days)"
    lines = [
        f"Run {reading.fingerprint[:12]}  {period}  profile {reading.profile.name}",
        "",
        *_columns([head, *rows]),
    ]
    if not rows:
        lines.append("No case in this period.")
    return "\n".join([*lines, "", _aside(reading)])


def _aside(reading: Reading) -> str:
    return f"Set aside: {reading.quarantine.count} of {reading.quarantine.of} lines."


def score_table(score: Score) -> str:
    """The lines of a score with their reasons, the total, and the findings below."""
    lines = [text for line in score.lines for text in _score_line(line)]
    return "\n".join([*lines, "", _total(score), *_findings(score.findings)])


def _score_line(line: ScoreLine) -> list[str]:
    title = " ".join(line.title.split())  # one of CMS's titles holds a line break
    head = f"{_points(line)}  {line.measure}" + (f"  {title}" if title != line.measure else "")
    return [head, *_wrapped(line.because, " " * 9)]


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)


def _points(line: ScoreLine) -> str:
    if line.earned is None:
        return f" ? / {line.available:<2}"
    return f"{line.earned:>2} / {line.available:<2}"


def _total(score: Score) -> str:
    more = f" (up to {score.up_to} if every unknown is met)" if score.up_to > score.before_gate else ""
    if score.gate_shut:
        return f"Total 0 of 100: the gate is shut. Without that: {score.before_gate}{more}."
    if not score.determinable:
        return f"Total not determinable: {score.before_gate} of 100 is seen{more}."
    return f"Total {score.points} of 100{more}. The gate is open."


def _findings(findings: Iterable[Finding]) -> list[str]:
    words = {Severity.ERROR: "ZERO", Severity.WARNING: "warning", Severity.NOTE: "note"}
    ordered = sorted(findings, key=lambda finding: list(words).index(finding.severity))
    texts = (f"{words[f.severity]} {f.code}: {f.message} {f.remedy}" for f in ordered)
    return [line for text in texts for line in textwrap.wrap(text, _WIDTH, subsequent_indent="    ")]


def scored_table(scored: Scored) -> str:
    """Who, when and what counted, then the score."""
    reporter, reading = scored.submission.reporter, scored.reading
    who = f"TIN {reporter.tin or 'unknown'}" + (f" NPI {reporter.npi}" if reporter.npi else " (group)")
    period = f"{reading.period.start} to {reading.period.end} ({reading.period.days} days)"
    rows = [("Counted", "Met", "Of", "Unknown", "Undecided", "Source")]
    rows += [
        (str(measure), str(p.met), str(p.denominator), str(p.unknown), str(p.undecided), str(p.origin))
        for measure, p in scored.submission.proportions.items()
    ]
    unseen = [(m, reading.unseen(m)) for m in scored.submission.proportions]
    notes = [f"{m} cannot be read from this server: it shows no {', no '.join(kinds)}." for m, kinds in unseen if kinds]
    head = f"{who}  performance year {reading.rules.year}  {period}  run {reading.fingerprint[:12]}"
    counted = [head, "", *_columns(rows), *notes, ""]
    if reading.faults:
        return "\n".join(
            [*counted, *(f"BLOCKED, no score: the input is not whole: {fault}." for fault in reading.faults)]
        )
    return "\n".join([*counted, score_table(scored.score)])
