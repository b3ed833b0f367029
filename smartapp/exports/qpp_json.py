"""QPP JSON: the submission object as a file to upload, written and read back."""

import re
from collections.abc import Iterator
from typing import Any

from extractors.safe_xml import MAXIMUM
from scoring import findings
from scoring.errors import SubmissionError
from scoring.findings import CEHRT_ID, PERFORMANCE_PERIOD
from scoring.model import Submission
from scoring.parsing import parse
from scoring.submission import CATEGORY, PROGRAM, write
from scoring.year import RuleBook
from smartapp.exports.imported import Form, Imported, Placed, unreadable
from smartapp.written import as_json

METHODS = ("registry", "electronicHealthRecord")
"""What an upload accepts: data that do not come from QRDA, and data that do."""

_OF_CMS = ("id", "createdAt", "updatedAt", "submissionId", "submitterId", "submitterType", "suppressed", "version")
_RETIRED = ("measureSet", "practiceId", "cpcPlus", "pcf", "cmsWebInterface", "practiceDetails")
_TOP = ("entityType", "performanceYear", "taxpayerIdentificationNumber", "nationalProviderIdentifier", "entityId")
SET_FIELDS = (
    "category",
    "submissionMethod",
    "programName",
    "performanceStart",
    "performanceEnd",
    "cehrtId",
    "measurements",
)


def write_qpp_json(submission: Submission, rules: RuleBook) -> str:
    """The submission as a file for upload, with one `pi` set of method registry."""
    return as_json(write(submission, rules))


def read_qpp_json(data: bytes) -> Imported:
    """Read a file: the object as it stands, with what is wrong about the file itself and what else it holds."""
    if len(data) > MAXIMUM:
        return unreadable(Form.QPP_JSON, f"The file was not read: larger than {MAXIMUM} bytes.", None)
    try:
        document = parse(data)
    except SubmissionError as problem:
        place = re.search(r"line \d+ column \d+", str(problem))
        return unreadable(Form.QPP_JSON, f"The file was not read: {problem}", place.group() if place else "$")
    sets = list(_sets(document))
    pi = [(path, found) for path, found in sets if found.get("category") == CATEGORY]
    faults = (
        *_fields(document, "$"),
        *(fault for path, found in pi for fault in (*_method(found, path), *_fields(found, path))),
        *_twice(pi),
    )
    not_read = [f"{path} (another category)" for path, found in sets if (path, found) not in pi]
    unknown = [
        *_unknown(document, "$", (*_TOP, "measurementSets")),
        *(name for path, one in pi for name in _unknown(one, path, SET_FIELDS)),
    ]
    return Imported(Form.QPP_JSON, document, faults, tuple(map(_places, pi)), (*not_read, *unknown))


def _sets(document: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The measurement sets that are objects, each with its path."""
    stated = document.get("measurementSets") if isinstance(document, dict) else None
    for position, found in enumerate(stated if isinstance(stated, list) else []):
        if isinstance(found, dict):
            yield f"$.measurementSets[{position}]", found


def _method(found: dict[str, Any], path: str) -> Iterator[Placed]:
    if found.get("submissionMethod") not in METHODS:
        message = f"submissionMethod: an upload accepts {' or '.join(METHODS)}; the set has another, or none."
        remedy = f"Write {METHODS[0]}, or {METHODS[1]} for what came from QRDA III."
        yield Placed(findings.METHOD_UNKNOWN.about("submissionMethod", message, remedy), f"{path}.submissionMethod")


def _twice(pi: list[tuple[str, dict[str, Any]]]) -> Iterator[Placed]:
    """Sets of a program and method that a set before them has: CMS keeps one for each."""
    first: dict[tuple[str, str], str] = {}
    for path, found in pi:
        program, method = str(found.get("programName") or PROGRAM), str(found.get("submissionMethod"))
        if (before := first.setdefault((program, method), path)) != path:
            by = method if method in METHODS else "the same method"
            message = f"The program of {before} is reported by {by} a second time."
            remedy = "Leave one of the two sets out: CMS takes one for each program and method."
            yield Placed(findings.PART_NOT_ONCE.about("programName", message, remedy), f"{path}.programName")


def _fields(found: object, path: str) -> Iterator[Placed]:
    """Fields that CMS makes, or no longer knows."""
    for name in (*_OF_CMS, *_RETIRED):
        if isinstance(found, dict) and found.get(name) is not None:
            why = "is made by CMS and never sent" if name in _OF_CMS else "is retired"
            yield Placed(findings.FIELD_OF_CMS.about(name, f"{name} {why}.", "Leave it out."), f"{path}.{name}")


def _unknown(found: object, path: str, known: tuple[str, ...]) -> Iterator[str]:
    told = (*known, *_OF_CMS, *_RETIRED)
    for name in found if isinstance(found, dict) else ():
        if name not in told:
            yield f"{path}.{name}" if re.fullmatch(r"\w{1,40}", name, re.ASCII) else f"{path} (a field of another name)"


def _places(pi: tuple[str, dict[str, Any]]) -> dict[str, str]:
    """Where in the file what a finding about a set may be about stands, by the finding's subject."""
    path, found = pi
    places = {name: f"$.{name}" for name in _TOP}
    places |= {CEHRT_ID: f"{path}.cehrtId", PERFORMANCE_PERIOD: f"{path}.performanceStart"}
    places |= {"programName": f"{path}.programName", "measurements": f"{path}.measurements"}
    stated = found.get("measurements")
    for position, one in enumerate(stated if isinstance(stated, list) else []):
        if isinstance(one, dict) and isinstance(one.get("measureId"), str):
            places[one["measureId"]] = f"{path}.measurements[{position}]"
    return places
