"""Make a file that leaves the building from a submission file: refused while an error stands, else with its warnings.

Nothing is sent to anyone: a person uploads the file, or types it in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from scoring import findings
from scoring.claims import claims
from scoring.model import Finding, Submission
from scoring.rulebook import load
from scoring.submission import read, write
from scoring.year import RuleBook
from smartapp.errors import UsageError
from smartapp.exports.checking import as_of_file, has_error, judged, read_file
from smartapp.exports.imported import Form
from smartapp.exports.measure_report import write_measure_reports
from smartapp.exports.qpp_json import write_qpp_json
from smartapp.exports.qrda3.versions import unknown_year, versions
from smartapp.exports.qrda3.writing import write_qrda3
from smartapp.exports.worksheet import worksheet_csv, worksheet_of
from smartapp.report.worksheet import worksheet_page
from smartapp.scored import Scored


class Format(StrEnum):
    """What can be made; the values are the words of the command line."""

    QPP_JSON = "qpp-json"
    QRDA3 = "qrda3"
    MEASURE_REPORT = "measure-report"
    WORKSHEET = "worksheet"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be made.

    `suffix` is that of the file, which decides between a page and a table. `program` is a program code of QRDA III,
    None for the program that the submission names. `made` is the time that is written into the file, with a zone.
    """

    format: Format
    suffix: str
    program: str | None
    made: datetime


@dataclass(frozen=True, slots=True)
class Made:
    """The text of a file, None where it is refused, and everything that is to be said about it.

    `left_out` names what else the submission's file holds and the made one does not.
    """

    text: str | None
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]


_Writer = Callable[[Submission, RuleBook, Asked, tuple[Finding, ...]], str]


def make(place: Path, asked: Asked, rules: Path | None = None) -> Made:
    """Make a file from the submission in `place`, QPP JSON or QRDA III.

    Raises:
        UsageError: the file cannot be read, the program is not one of the year or of the reporter, or the suffix is
            none of a worksheet.
        SubmissionError: it is no submission of a year with rules.
    """
    writer, imported = _writer(asked), read_file(place)
    of_source = tuple(as_of_file(one.finding) for one in imported.faults)
    if not imported.was_read:
        raise UsageError(f"{place.name}: {of_source[0].message} {of_source[0].remedy}")
    submission, unread = read(imported.document, rules)
    submission = _under(submission, asked.program)
    told = _told(submission, unread, asked, rules)
    if imported.form is Form.QRDA3:
        told = (*of_source, *told)
    text = None if has_error(told) else writer(submission, load(submission.year, rules), asked, told)
    return Made(text, told, imported.not_read)


def make_of(scored: Scored, asked: Asked) -> Made:
    """Make the same file as from the submission that a score writes; what counts hide and where they are from, too.

    Raises:
        UsageError: as for `make`.
    """
    rules, writer = scored.reading.rules, _writer(asked)
    written, unread = read(write(scored.submission, rules))
    counted = {measure: scored.submission.proportions[measure] for measure in written.proportions}
    submission = _under(replace(written, proportions=counted), asked.program)
    claimed = claims(scored.exclusions, scored.submission.answers)
    told = _told(submission, (*unread, *claimed), asked, None)
    return Made(None if has_error(told) else writer(submission, rules, asked, told), told, ())


def _told(submission: Submission, unread: tuple[Finding, ...], asked: Asked, rules: Path | None) -> tuple[Finding, ...]:
    """What is to be said about the file that is made; a source in JSON is judged by what it says, not how."""
    if asked.format is Format.QRDA3:
        return (*judged(submission, unread, Form.QRDA3, rules), *_not_writable(submission))
    return judged(submission, unread, Form.QPP_JSON, rules)


def _under(submission: Submission, code: str | None) -> Submission:
    """The submission as reported to a program; that of an MVP stays one under the plain codes of MIPS."""
    if code is None:
        return submission
    version = versions().by_year.get(submission.year)
    programs = version.programs if version else versions().programs
    program = next((one for one in programs if one.code == code), None)
    if program is None:
        known = ", ".join(one.code for one in programs)
        raise UsageError(f"--program: {submission.year} expects one of {known}.")
    if program.entity != submission.entity_type:
        got = submission.entity_type or "nothing"
        raise UsageError(f"--program: {code} is for entityType {program.entity}, the submission says {got}.")
    is_mvp = submission.program not in {one.name for one in programs}
    return submission if program.name == "mips" and is_mvp else replace(submission, program=program.name)


def _not_writable(submission: Submission) -> tuple[Finding, ...]:
    """Why QRDA III has no document for it: no version of the year, or no program code."""
    version = versions().by_year.get(submission.year)
    if version is None:
        return (unknown_year(submission.year),)
    if version.program_of(submission.entity_type, submission.program) is None:
        message = f"{version.guide} has no program code for this entityType and programName together."
        return (findings.PROGRAM_CODE_UNKNOWN.about("programName", message, "Correct one of the two."),)
    return ()


def _writer(asked: Asked) -> _Writer:
    if asked.format is not Format.WORKSHEET:
        return _WRITERS[asked.format]
    if asked.suffix not in _SHEETS:
        raise UsageError(f"-o: expected a name that ends in {' or '.join(_SHEETS)}, got {asked.suffix or 'no suffix'}.")
    return _SHEETS[asked.suffix]


def _qrda3(submission: Submission, rules: RuleBook, asked: Asked, _: tuple[Finding, ...]) -> str:
    version = versions().by_year[submission.year]
    program = version.program_of(submission.entity_type, submission.program)
    if program is None:
        raise ValueError("a program without a code was let pass")
    return write_qrda3(submission, rules, program, asked.made)


_WRITERS: dict[Format, _Writer] = {
    Format.QPP_JSON: lambda submission, rules, _, __: write_qpp_json(submission, rules),
    Format.QRDA3: _qrda3,
    Format.MEASURE_REPORT: lambda submission, rules, asked, _: write_measure_reports(submission, rules, asked.made),
}
_SHEETS: dict[str, _Writer] = {
    ".html": lambda submission, rules, asked, told: worksheet_page(worksheet_of(submission, rules, told), asked.made),
    ".csv": lambda submission, rules, _, told: worksheet_csv(worksheet_of(submission, rules, told)),
}
