"""The attestation worksheet: what a person types in on the QPP site, in the order of CMS's measure list."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from scoring.model import Finding, Origin, Submission
from scoring.submission import written_measurements
from scoring.year import Measure, RuleBook, Status
from smartapp.exports.cells import safe
from smartapp.report.words import objective_title

_COLUMNS = ("part", "id", "what", "numerator", "denominator", "answer", "source")
_HEAD = "who and when"


@dataclass(frozen=True, slots=True)
class Row:
    """One entry to type in: numerator and denominator, or an answer; the other is empty. `source` is of a count."""

    id: str
    what: str
    numerator: str = ""
    denominator: str = ""
    answer: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """An objective with its entries. `unanswered` are its entries that are not reported and stay empty."""

    title: str
    rows: tuple[Row, ...]
    unanswered: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """Everything to type in for one reporter and year; `head` are the fields beside the measures.

    `of_file`: a file says neither where a count is from nor what it hides.
    """

    year: int
    head: tuple[Row, ...]
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    provisional: str | None
    of_file: bool


def worksheet_of(submission: Submission, rules: RuleBook, findings: tuple[Finding, ...]) -> Worksheet:
    """The worksheet of a submission; `findings` are the warnings that go with it."""
    values = written_measurements(submission, rules)
    objectives = dict.fromkeys(measure.objective for measure in rules.measures.values())
    parts = []
    for objective in objectives:
        measures = [measure for measure in rules.measures.values() if measure.objective == objective]
        rows = tuple(_row(measure, values[measure.id], submission) for measure in measures if measure.id in values)
        unanswered = tuple(Row(m.id, _what(m)) for m in measures if m.id not in values)
        parts.append(Part(objective_title(rules, objective), rows, unanswered))
    provisional = rules.conditions.provisional.text if rules.conditions.provisional else None
    of_file = any(counted.origin is Origin.SUBMITTED for counted in submission.proportions.values())
    return Worksheet(rules.year, tuple(_head(submission)), tuple(parts), findings, provisional, of_file)


def _head(submission: Submission) -> Iterator[Row]:
    """Who reports, to which program, for which days, with which technology; what is not said is left out."""
    reporter, period = submission.reporter, submission.period
    stated = {
        "performanceYear": ("Performance year", str(submission.year)),
        "entityType": ("Who reports", submission.entity_type),
        "taxpayerIdentificationNumber": ("TIN", reporter.tin),
        "nationalProviderIdentifier": ("NPI", reporter.npi),
        "entityId": ("Entity", reporter.entity_id),
        "programName": ("Program", submission.program),
        "performanceStart": ("First day of the performance period", period and period.start.isoformat()),
        "performanceEnd": ("Last day of the performance period", period and period.end.isoformat()),
        "cehrtId": ("CMS EHR Certification ID", submission.cehrt_id),
    }
    return (Row(name, what, answer=value) for name, (what, value) in stated.items() if value)


def _row(measure: Measure, value: bool | tuple[int, int], submission: Submission) -> Row:
    if isinstance(value, tuple):
        source = submission.proportions[measure.id].origin.value
        return Row(measure.id, _what(measure), str(value[0]), str(value[1]), source=source)
    return Row(measure.id, _what(measure), answer="yes" if value else "no")


def _what(measure: Measure) -> str:
    """The title; of an exclusion also when it applies, for CMS's titles do not tell exclusions apart."""
    title = " ".join(measure.title.split())
    return f"{title}: {measure.summary}" if measure.status is Status.EXCLUSION and measure.summary else title


def worksheet_csv(sheet: Worksheet) -> str:
    """The worksheet as CSV: RFC 4180, UTF-8, one line for each field and entry, no cell a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for part, rows in ((_HEAD, sheet.head), *((part.title, part.rows) for part in sheet.parts)):
        for row in rows:
            cells = (part, row.id, row.what, row.numerator, row.denominator, row.answer, row.source)
            writer.writerow([safe(cell) for cell in cells])
    return out.getvalue()
