"""Check a submission file as CMS would take it: the rules of the year, and what an upload asks of the file itself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from extractors.safe_xml import MAXIMUM
from scoring import findings
from scoring.errors import SubmissionError
from scoring.explain import finding_document
from scoring.findings import CATALOGUE
from scoring.model import Finding, Severity, Submission
from scoring.rulebook import load
from scoring.score import score
from scoring.submission import read
from smartapp.exports.imported import Form, Imported, Placed
from smartapp.exports.qpp_json import read_qpp_json
from smartapp.exports.qrda3.reading import read_qrda3
from smartapp.exports.qrda3.versions import converter_doubts, versions
from smartapp.usecases import UsageError

SCHEMA = "pi180/check/1"
_ABOUT_MORE = "F-300"
"""From this number on findings are not about the measures of a set, and have no place there."""
_AT = re.compile(r"(\$[^:\s]*): ")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file says and what is wrong with it; `submission` is None where none could be read."""

    imported: Imported
    submission: Submission | None
    found: tuple[Placed, ...]

    @property
    def refused(self) -> bool:
        """Whether CMS would refuse the file, or the category would be zero."""
        return has_error(one.finding for one in self.found)

    def as_document(self) -> dict[str, Any]:
        """What `pi180 check --json` prints; `read` is QRDA III as a QPP submission object, as far as it was read."""
        return {
            "schema": SCHEMA,
            "format": self.imported.form.value,
            "year": self.submission.year if self.submission else None,
            "refused": self.refused,
            "read": self.imported.document if self.imported.form is Form.QRDA3 else None,
            "findings": [{**finding_document(one.finding), "place": one.place} for one in self.found],
            "not_read": list(self.imported.not_read),
        }


def has_error(found: Iterable[Finding]) -> bool:
    """Whether one of the findings is an error."""
    return any(finding.severity is Severity.ERROR for finding in found)


def check_file(place: Path, rules: Path | None = None) -> Checked:
    """Check a file of QPP JSON or QRDA III; raises as `read_file`."""
    return check(read_file(place), rules)


def read_file(place: Path) -> Imported:
    """Read a file of QPP JSON or QRDA III; which of them it is, its content says.

    Raises:
        UsageError: the file cannot be had at all.
    """
    try:
        with place.open("rb") as opened:
            data = opened.read(MAXIMUM + 1)
    except OSError:
        raise UsageError(f"{place}: cannot be read. Name an existing file of QPP JSON or QRDA III.") from None
    return read_qrda3(data) if _is_xml(data) else read_qpp_json(data)


def _is_xml(data: bytes) -> bool:
    """Whether the first character is that of a tag, in whatever encoding."""
    return data.lstrip(b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n").startswith(b"<")


def check(imported: Imported, rules: Path | None = None) -> Checked:
    """Check what a file says, by the rules of its year."""
    submission, found = None, imported.faults
    if imported.was_read:
        try:
            submission, unread = read(imported.document, rules)
            told = judged(submission, unread, imported.form, rules)
            found = (*found, *(_placed(finding, imported) for finding in told))
        except SubmissionError as problem:
            told_why = findings.FILE_UNREADABLE.about("file", str(problem), "Mend the file, or make it anew.")
            found = (*found, _placed(told_why, imported))
    of_file = (Placed(as_of_file(one.finding), one.place) for one in found)
    order = list(Severity)
    return Checked(imported, submission, tuple(sorted(of_file, key=lambda one: order.index(one.finding.severity))))


def judged(submission: Submission, unread: tuple[Finding, ...], form: Form, rules: Path | None) -> tuple[Finding, ...]:
    """Everything that the rules of the year and an upload of this format have to say about a submission.

    Args:
        submission: what is reported.
        unread: what reading it found.
        form: the format; a program code of QRDA III is known although QPP JSON may have no name for its program.
        rules: folder of rule files; None is the product's own.
    """
    found = score(load(submission.year, rules), submission, unread).findings
    version = versions().by_year.get(submission.year) if form is Form.QRDA3 else None
    if version is None:
        return tuple(map(as_of_file, found))
    coded = submission.program in {program.name for program in version.programs}
    kept = (one for one in found if not (coded and one.code == findings.PROGRAM_UNKNOWN.code))
    doubts = converter_doubts(version, version.program_of(submission.entity_type, submission.program))
    return (*map(as_of_file, kept), *doubts)


def as_of_file(finding: Finding) -> Finding:
    """A finding about a file: what makes CMS refuse it is an error, even where the score would only warn."""
    refuses = CATALOGUE[finding.code].refuses_file
    return replace(finding, severity=Severity.ERROR) if refuses else finding


def _placed(finding: Finding, imported: Imported) -> Placed:
    """A finding with its place: the path that its message begins with, or where its subject stands."""
    at = _AT.match(finding.message)
    if at and imported.form is Form.QPP_JSON:
        return Placed(replace(finding, message=finding.message[at.end() :]), at.group(1))
    plain = replace(finding, message=_without_path(finding.message)) if at else finding
    among = imported.places.get("measurements") if finding.code < _ABOUT_MORE else None
    return Placed(plain, imported.places.get(finding.subject, among))


def _without_path(message: str) -> str:
    """A message with the name of the field alone, where the file has no such path."""
    path, _, rest = message.partition(": ")
    field = path.rpartition(".")[2]
    return rest if field.endswith("]") else f"{field}: {rest}"
