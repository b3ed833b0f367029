"""Read and write the QPP submission object: JSON in CMS's shape, each `pi` measurement set a submission.

What is wrong inside becomes findings with the JSON path; only a document that is no submission at all raises.
Identifiers are never repeated in a message.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from re import ASCII, fullmatch

from scoring import findings
from scoring.errors import SubmissionError
from scoring.findings import PERFORMANCE_PERIOD
from scoring.identity import ENTITY_ID, IDENTIFIERS, NPI, TIN, identity
from scoring.model import Finding, MeasureId, Period, Proportion, Reporter, Submission
from scoring.requirements import is_determinable
from scoring.rulebook import load, years
from scoring.year import RuleBook

CATEGORY = "pi"
SUBMISSION_METHOD = "registry"
PROGRAM = "mips"


@dataclass(slots=True)
class _Reading:
    """What was understood so far, and what was not."""

    proportions: dict[MeasureId, Proportion] = field(default_factory=dict)
    answers: dict[MeasureId, bool] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def unreadable(self, subject: str, path: str, expected: str, got: object) -> None:
        kind = findings.VALUE_UNREADABLE if ".measurements" in path else findings.FIELD_UNREADABLE
        message = f"{path}: expected {expected}, got {_kind_of(got)}."
        self.findings.append(kind.about(subject, message, "Correct the value; it was left out of the score."))


@dataclass(frozen=True, slots=True)
class ReadSet:
    """A `pi` set as it was read: its JSON path, what was understood, and a finding for every value that was not."""

    path: str
    submission: Submission
    findings: tuple[Finding, ...]

    def program_in_words(self, rules: Path | None) -> str:
        """The program of the set for a message, never a word of the file that its year does not know."""
        known = load(self.submission.year, rules).conditions.programs.names
        program = self.submission.program
        return f"program {program}" if program in known else "a program that the year does not know"


def read(document: object, rules: Path | None = None) -> tuple[Submission, tuple[Finding, ...]]:
    """Read a QPP submission object with one `pi` set.

    Args:
        document: the parsed JSON.
        rules: folder whose years are known; None is the package's own rules.

    Returns:
        The submission with everything that could be understood, and a finding with its JSON path for every
        value that could not; such values are left out. Hand the findings to `score` so that they count.

    Raises:
        SubmissionError: no object, no or several `pi` sets, or a year without rules.
    """
    found = read_each(document, rules)
    if len(found) > 1:
        several = " and ".join(f"{one.path} ({one.program_in_words(rules)})" for one in found)
        raise SubmissionError(
            f'$.measurementSets: expected one set of category "pi", got {len(found)}: {several}. '
            "This takes one program at a time: copy the file and leave in the copy only the set that you mean."
        )
    return found[0].submission, found[0].findings


def read_each(document: object, rules: Path | None = None) -> tuple[ReadSet, ...]:
    """Read a QPP submission object with `pi` sets of several programs or methods: one or more, in the file's order.

    Raises:
        SubmissionError: no object, no `pi` set, or a year without rules.
    """
    top = _object(document)
    sets = _pi_sets(top)
    year = _year(top, rules)
    return tuple(_read_set(top, year, f"$.measurementSets[{position}]", pi) for position, pi in sets)


def _read_set(top: dict[str, object], year: int, path: str, pi: dict[str, object]) -> ReadSet:
    reading = _Reading()
    _read_measurements(reading, pi.get("measurements"), f"{path}.measurements")
    submission = Submission(
        year=year,
        reporter=_reporter(reading, top),
        period=_period(reading, pi, path),
        cehrt_id=_text(reading, pi, "cehrtId", path),
        proportions=reading.proportions,
        answers=reading.answers,
        program=_text(reading, pi, "programName", path) or PROGRAM,
        entity_type=_text(reading, top, "entityType", "$"),
    )
    unread = {finding.subject for finding in reading.findings}
    told = () if unread & IDENTIFIERS else tuple(identity(submission))
    return ReadSet(path, submission, (*reading.findings, *told))


def write(submission: Submission, rules: RuleBook) -> dict[str, object]:
    """The submission as a QPP submission object for file upload.

    Only what is met is a numerator; unknown and undecided cases are never written as met, and a measure that is
    not determinable is left out: its zero would be a statement. Measurements come in the order of CMS's list, ids
    that are not in it last. Fields without a value are left out.
    """
    reporter, period = submission.reporter, submission.period
    measurements = {
        "category": CATEGORY,
        "submissionMethod": SUBMISSION_METHOD,
        "programName": submission.program,
        "performanceStart": period.start.isoformat() if period else None,
        "performanceEnd": period.end.isoformat() if period else None,
        "cehrtId": submission.cehrt_id,
        "measurements": [_measurement(name, value) for name, value in written_measurements(submission, rules).items()],
    }
    document = {
        "entityType": submission.entity_type,
        "performanceYear": submission.year,
        TIN: reporter.tin,
        NPI: reporter.npi,
        ENTITY_ID: reporter.entity_id,
        "measurementSets": [_present(measurements)],
    }
    return _present(document)


def _present(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def written_measurements(submission: Submission, rules: RuleBook) -> dict[MeasureId, bool | tuple[int, int]]:
    """What a file reports, in the order in which it does: yes or no, or numerator and denominator.

    `write` says what is left out.
    """
    order = {name: position for position, name in enumerate(rules.measures)}
    values: dict[MeasureId, bool | tuple[int, int]] = dict(submission.answers)
    for name, counted in submission.proportions.items():
        if is_determinable(counted):
            values[name] = (counted.met, counted.denominator)
    names = sorted(values, key=lambda name: (order.get(name, len(order)), name))
    return {name: values[name] for name in names}


def _measurement(name: MeasureId, value: bool | tuple[int, int]) -> dict[str, object]:
    counts = {"numerator": value[0], "denominator": value[1]} if isinstance(value, tuple) else value
    return {"measureId": name, "value": counts}


def _object(document: object) -> dict[str, object]:
    if not isinstance(document, dict):
        raise SubmissionError(f"$: expected a submission object, got {_kind_of(document)}.")
    return document


def _pi_sets(top: dict[str, object]) -> list[tuple[int, dict[str, object]]]:
    sets = top.get("measurementSets")
    if not isinstance(sets, list):
        raise SubmissionError(f"$.measurementSets: expected a list, got {_kind_of(sets)}.")
    found = [(n, item) for n, item in enumerate(sets) if isinstance(item, dict) and item.get("category") == CATEGORY]
    if not found:
        raise SubmissionError('$.measurementSets: expected one set of category "pi", got 0.')
    return found


def _year(top: dict[str, object], rules: Path | None) -> int:
    year, known = top.get("performanceYear"), years(rules)
    if not isinstance(year, int) or isinstance(year, bool):
        raise SubmissionError(f"$.performanceYear: expected a year, got {_kind_of(year)}.")
    if year not in known:
        listed = ", ".join(map(str, known))
        raise SubmissionError(f"$.performanceYear: expected one of {listed}, got {year}.")
    return year


def _reporter(reading: _Reading, top: dict[str, object]) -> Reporter:
    tin = _digits(reading, top, TIN, 9)
    npi = _digits(reading, top, NPI, 10)
    return Reporter(tin, npi, _text(reading, top, ENTITY_ID, "$"))


def _digits(reading: _Reading, top: dict[str, object], key: str, count: int) -> str | None:
    value = _text(reading, top, key, "$")
    if value is not None and not fullmatch(rf"[0-9]{{{count}}}", value):
        reading.unreadable(key, f"$.{key}", f"{count} digits", value)
        return None
    return value


def _text(reading: _Reading, fields: dict[str, object], key: str, path: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value
    reading.unreadable(key, f"{path}.{key}", "a text", value)
    return None


def _period(reading: _Reading, pi: dict[str, object], path: str) -> Period | None:
    start = _day(reading, pi, "performanceStart", path)
    end = _day(reading, pi, "performanceEnd", path)
    return Period(start, end) if start and end else None


def _day(reading: _Reading, pi: dict[str, object], key: str, path: str) -> date | None:
    value = _text(reading, pi, key, path)
    if value is None:
        return None
    day = _calendar_day(value)
    if day is None:
        reading.unreadable(PERFORMANCE_PERIOD, f"{path}.{key}", "a date as YYYY-MM-DD", value)
    return day


def _calendar_day(value: str) -> date | None:
    """The day that YYYY-MM-DD names; None for other spellings of a day and for days that do not exist."""
    try:
        return date.fromisoformat(value) if fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
    except ValueError:
        return None


def _read_measurements(reading: _Reading, content: object, path: str) -> None:
    if not isinstance(content, list):
        reading.unreadable("measurements", path, "a list of measurements", content)
        return
    for position, entry in enumerate(content):
        _read_measurement(reading, entry, f"{path}[{position}]")


def _read_measurement(reading: _Reading, entry: object, path: str) -> None:
    if not isinstance(entry, dict):
        reading.unreadable("measurements", path, "an object with measureId and value", entry)
        return
    name, value = entry.get("measureId"), entry.get("value")
    if not isinstance(name, str) or not is_measure_id(name):
        reading.unreadable("measurements", f"{path}.measureId", "a measure id", name)
    elif name in reading.proportions or name in reading.answers:
        message = f"{path}: {name} is reported a second time; the first was kept."
        reading.findings.append(findings.MEASURE_TWICE.about(name, message, "Report it once."))
    else:
        _read_value(reading, MeasureId(name), value, f"{path}.value")


def is_measure_id(text: str) -> bool:
    """Whether a text has the form of a measure id, of whatever year."""
    return fullmatch(r"[\w-]{1,40}", text, ASCII) is not None


def _read_value(reading: _Reading, name: MeasureId, value: object, path: str) -> None:
    if isinstance(value, bool):
        reading.answers[name] = value
    elif isinstance(value, dict):
        counts = [_count(reading, name, value, key, path) for key in ("numerator", "denominator")]
        numerator, denominator = counts
        if numerator is not None and denominator is not None:
            reading.proportions[name] = Proportion(numerator, denominator)
    else:
        reading.unreadable(name, path, "true, false, or an object with numerator and denominator", value)


def _count(reading: _Reading, name: MeasureId, value: dict[str, object], key: str, path: str) -> int | None:
    count = value.get(key)
    if isinstance(count, int) and not isinstance(count, bool):
        return count
    reading.unreadable(name, f"{path}.{key}", "a whole number", count)
    return None


def _kind_of(value: object) -> str:
    """What was found, without repeating texts that may identify someone."""
    if value is None:
        return "nothing"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    kinds: dict[type, str] = {str: "another text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "something else")
