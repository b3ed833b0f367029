"""The lines of a score as text for a terminal, with the findings below them."""

from collections.abc import Iterable
from datetime import date

from scoring.model import Finding, Score, ScoreLine, Severity
from smartapp.due import distance
from smartapp.printed.terminal import wrapped
from smartapp.submissions import Category


def score_table(score: Score, as_of: date | None = None) -> str:
    """The lines of a score with their reasons, the total, and the findings below, their days told from `as_of`."""
    lines = [text for line in score.lines for text in _score_line(line)]
    return "\n".join([*lines, "", _total(score), *_other_readings(score), *_findings(score.findings, as_of)])


def category_table(category: Category, as_of: date | None = None) -> str:
    """Each of several submissions with its score, then the category score and the rule that makes it."""
    lines = []
    for one in category.submissions:
        state = "qualifying" if one.qualifying else "not a qualifying submission: it counts for nothing"
        lines += [f"{one.name} ({state})", score_table(one.score, as_of), ""]
    lines += wrapped(
        f"Category {category.points} of 100 by the rule for several submissions: {category.rule.rule}.", ""
    )
    lines += [line for doubt in category.rule.ruling.doubts for line in wrapped(f"In doubt: {doubt}", "")]
    return "\n".join(lines) + "\n"


def _score_line(line: ScoreLine) -> list[str]:
    title = " ".join(line.title.split())  # one of CMS's titles holds a line break
    head = f"{_points(line)}  {line.measure}" + (f"  {title}" if title != line.measure else "")
    return [*wrapped(head, "", " " * 9), *wrapped(line.because, " " * 9)]


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


def _other_readings(score: Score) -> list[str]:
    texts = [f"Another reading of the rules gives {other.points}: {other.doubt}" for other in score.other_readings]
    provisional = [score.provisional] if score.provisional else []
    return [line for text in (*provisional, *texts) for line in wrapped(text, "", "    ")]


def _findings(findings: Iterable[Finding], as_of: date | None) -> list[str]:
    words = {Severity.ERROR: "ZERO", Severity.WARNING: "warning", Severity.NOTE: "note"}
    ordered = sorted(findings, key=lambda finding: list(words).index(finding.severity))
    return [line for f in ordered for line in finding_lines(words[f.severity], f, as_of)]


def finding_lines(word: str, finding: Finding, as_of: date | None = None) -> list[str]:
    """What and where, what to do, by when, and by which rule; JSON and the report name all of its sources."""
    until = f" Until {finding.by}{distance(as_of, finding.by)}." if finding.by else ""
    text = f"{word} {finding.code}: {finding.message} {finding.remedy}{until}"
    more = f", and {len(finding.cites) - 1} more" if len(finding.cites) > 1 else ""
    rule = [f"Rule: {finding.cites[0].text}{more}"] if finding.cites else []
    return [*wrapped(text, "", "    "), *(line for one in rule for line in wrapped(one, "    ", "        "))]
