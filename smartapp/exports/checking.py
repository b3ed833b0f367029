"""Check a submission file as CMS would take it: the rules of the year, and what an upload asks of the file itself."""

import re
from collections.abc import Iterable, Iterator, Mapping
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
from scoring.submission import ReadSet, read_each
from smartapp.errors import UsageError
from smartapp.exports.imported import Form, Imported, Placed
from smartapp.exports.qpp_json import read_qpp_json
from smartapp.exports.qrda3.reading import read_qrda3
from smartapp.exports.qrda3.versions import converter_doubts, versions

SCHEMA = "pi180/check/1"
_ABOUT_MORE = "F-300"
"""From this number on findings are not about the measures of a set, and have no place there."""
_AT = re.compile(r"(\$[^:\s]*): ")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file says and what is wrong with it; `submissions` are its `pi` sets, none where none could be read."""

    imported: Imported
    submissions: tuple[Submission, ...]
    found: tuple[Placed, ...]

    @property
    def year(self) -> int | None:
        """The performance year; None where it could not be read."""
        return self.submissions[0].year if self.submissions else None

    @property
    def refused(self) -> bool:
        """Whether CMS would refuse the file, or the category would be zero."""
        return has_error(one.finding for one in self.found)

    def as_document(self) -> dict[str, Any]:
        """What `pi180 check --json` prints; `read` is QRDA III as a QPP submission object, as far as it was read."""
        return {
            "schema": SCHEMA,
            "format": self.imported.form.value,
            "year": self.year,
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
    """Check what a file says, each `pi` set by the rules of its year."""
    try:
        sets = read_each(imported.document, rules) if imported.was_read else ()
    except SubmissionError as problem:
        why = findings.FILE_UNREADABLE.about("file", str(problem), "Mend the file, or make it anew.")
        return _checked(imported, (), (*imported.faults, _placed(why, imported.form, {})))
    found = (*imported.faults, *_of_sets(imported, sets, rules))
    if len(sets) > 1:
        programs = {one.path: one.program_in_words(rules) for one in sets}
        found = tuple(_with_program(placed, programs) for placed in found)
    return _checked(imported, sets, found)


def _of_sets(imported: Imported, sets: tuple[ReadSet, ...], rules: Path | None) -> Iterator[Placed]:
    for one, places in zip(sets, imported.places, strict=True):
        for finding in judged(one.submission, one.findings, imported.form, rules):
            yield _placed(finding, imported.form, places)


def _checked(imported: Imported, sets: tuple[ReadSet, ...], found: tuple[Placed, ...]) -> Checked:
    """Each finding once, also what several sets say of their submission, the gravest first."""
    of_file = dict.fromkeys(Placed(as_of_file(one.finding), one.place) for one in found)
    order = list(Severity)
    ordered = sorted(of_file, key=lambda one: order.index(one.finding.severity))
    return Checked(imported, tuple(one.submission for one in sets), tuple(ordered))


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


def _with_program(placed: Placed, programs: Mapping[str, str]) -> Placed:
    """A finding with the program named where its place is in a set; `programs` are in words by the sets' paths."""
    place = placed.place or ""
    named = [words for path, words in programs.items() if place.startswith(path)]
    return replace(placed, place=f"{place} ({named[0]})") if named else placed


def _placed(finding: Finding, form: Form, places: Mapping[str, str]) -> Placed:
    """A finding with its place: the path that its message begins with, or where its subject stands."""
    at = _AT.match(finding.message)
    if at and form is Form.QPP_JSON:
        return Placed(replace(finding, message=finding.message[at.end() :]), at.group(1))
    plain = replace(finding, message=_without_path(finding.message)) if at else finding
    among = places.get("measurements") if finding.code < _ABOUT_MORE else None
    return Placed(plain, places.get(finding.subject, among))


def _without_path(message: str) -> str:
    """A message with the name of the field alone, where the file has no such path."""
    path, _, rest = message.partition(": ")
    field = path.rpartition(".")[2]
    return rest if field.endswith("]") else f"{field}: {rest}"
