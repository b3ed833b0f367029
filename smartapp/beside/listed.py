"""An EHR's own report as CSV: totals of measures, or one row a case. Tolerant of form, never of meaning.

A row that cannot be read is listed with its line, what was expected and what was found, and nothing is lost in silence.
What stands in a file that names patients is not repeated in a message.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from scoring.model import MeasureId, Period
from smartapp.beside.cells import BadCellError, answer, day, digits, number
from smartapp.beside.names import column_named, columns, measure_named
from smartapp.errors import UsageError

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_WITHIN = 60
_PLAIN = re.compile(r"-?[\d.,]{1,12}%?|PI_\w{1,20}|\d+ cells", re.ASCII)


class ReportError(UsageError):
    """The file is no report that can be read; the message says what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Whose:
    """To whom and to which days a row belongs, as far as it says."""

    tin: str | None = None
    npi: str | None = None
    start: date | None = None
    end: date | None = None

    @property
    def period(self) -> Period | None:
        """The days that the row counts; None where it does not say both ends."""
        return Period(self.start, self.end) if self.start and self.end else None


@dataclass(frozen=True, slots=True)
class Total:
    """What the EHR counted for a measure; `excluded` when it reports the exclusion, and then numbers may be missing."""

    measure: MeasureId
    numerator: int | None
    denominator: int | None
    excluded: bool = False
    whose: Whose = Whose()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Single:
    """One case of the EHR's list: by record, or by patient and day. `met` None when the list does not say."""

    measure: MeasureId
    record: str | None
    patient: str | None
    on: date | None
    counted: bool
    met: bool | None
    whose: Whose = Whose()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that is not compared, and why; `counts` when it names a measure that is counted, so that it is missed."""

    line: int
    why: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class EhrReport:
    """A report as read; every row of the file is in one of the three, empty ones apart."""

    name: str
    digest: str
    totals: tuple[Total, ...] = ()
    singles: tuple[Single, ...] = ()
    unread: tuple[Unread, ...] = field(default=())


class _Row(NamedTuple):
    line: int
    cells: list[str]


class _Layout(NamedTuple):
    header: list[str | None]
    rows: list[_Row]
    above: list[_Row]


def read_report(path: Path) -> EhrReport:
    """Read a CSV file.

    Raises:
        ReportError: it cannot be read, or no line of it names the columns.
    """
    try:
        return parse_report(path.read_bytes(), path.name)
    except OSError:
        raise ReportError(f"{path}: cannot be read. Name the CSV file that the EHR wrote.") from None


def parse_report(data: bytes, name: str) -> EhrReport:
    """Read a report's bytes: UTF-8 or UTF-16 with its mark, else Windows' Western page; any usual delimiter.

    Args:
        data: the file.
        name: what to call it.

    Raises:
        ReportError: no line of it names the columns that are needed.
    """
    layout = _layout(_text(data, name), name)
    totals: dict[tuple[Any, ...], Total] = {}
    singles, unread = (
        [],
        [Unread(row.line, "stands above the names of the columns", counts=False) for row in layout.above],
    )
    for row in layout.rows:
        try:
            found = _read(row, layout)
        except BadCellError as bad:
            why = f"{bad.column}: expected {bad.expected}, got {_shown(bad)}"
            unread.append(Unread(row.line, why, counts=bad.column != "measure"))
            continue
        if isinstance(found, Single):
            singles.append(found)
        elif totals.setdefault((found.measure, found.whose), found) is not found:
            first = totals[found.measure, found.whose].line
            unread.append(Unread(row.line, f"{found.measure}: stands in line {first} already, which is compared"))
    return EhrReport(name, sha256(data).hexdigest(), tuple(totals.values()), tuple(singles), tuple(unread))


def _shown(bad: BadCellError) -> str:
    """What stands in a cell, if it is a plain number or like an id of CMS; anything else may name a patient."""
    plain = bad.column in ("numerator", "denominator", "measure", "row") and _PLAIN.fullmatch(bad.got)
    return repr(bad.got) if plain else f"text of {len(bad.got)} characters"


def _text(data: bytes, name: str) -> str:
    encodings = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ReportError(f"{name}: expected text in UTF-8, got other bytes. Save the report as CSV UTF-8.")


def _layout(text: str, name: str) -> _Layout:
    """The table with the delimiter under which most columns are known."""
    found = [layout for delimiter in _DELIMITERS if (layout := _table(text, delimiter)) is not None]
    if not found:
        raise ReportError(
            f"{name}: expected a line that names the columns, such as measure,numerator,denominator or "
            f"measure,record,met, within the first {_HEADER_WITHIN} lines; got none. Columns that are read: "
            f"{', '.join(columns())}."
        )
    return max(found, key=lambda layout: sum(column is not None for column in layout.header))


def _table(text: str, delimiter: str) -> _Layout | None:
    try:
        rows = list(_rows(text, delimiter))
    except csv.Error:  # a cell longer than any report's
        return None
    for at, row in enumerate(rows[:_HEADER_WITHIN]):
        header = [column_named(cell) for cell in row.cells]
        if _is_header(header):
            return _Layout(header, rows[at + 1 :], rows[:at])
    return None


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    reader, line = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield _Row(line, cells)
        line = reader.line_num + 1


def _is_header(header: Sequence[str | None]) -> bool:
    known = set(header)
    return "measure" in known and bool({"record", "patient"} & known or {"numerator", "denominator"} <= known)


def _read(row: _Row, layout: _Layout) -> Total | Single:
    if any(cell.strip() for cell in row.cells[len(layout.header) :]):
        number = (
            f"{len(layout.header)} cells, as the line with the columns' names (quote a number that holds the delimiter)"
        )
        raise BadCellError("row", number, f"{len(row.cells)} cells")
    cells = _cells(row, layout.header)
    measure = _measure(row, layout.header)
    whose = Whose(digits(cells, "tin", 9), digits(cells, "npi", 10), day(cells, "start"), day(cells, "end"))
    if whose.start and whose.end and whose.end < whose.start:
        raise BadCellError("end", "a day not before the start", cells["end"])
    return (_single if cells.get("record") or cells.get("patient") else _total)(measure, cells, whose, row.line)


def _cells(row: _Row, header: Sequence[str | None]) -> dict[str, str]:
    """What a row says, by column; of several columns of one meaning the first that says something."""
    found: dict[str, str] = {}
    for column, cell in zip(header, row.cells, strict=False):
        if column is not None and cell.strip():
            found.setdefault(column, cell.strip())
    return found


def _measure(row: _Row, header: Sequence[str | None]) -> MeasureId:
    named = [cell.strip() for column, cell in zip(header, row.cells, strict=False) if column == "measure"]
    for name in named:
        if (measure := measure_named(name)) is not None:
            return measure
    raise BadCellError("measure", "the name or id of a measure that is counted from cases", next(iter(named), ""))


def _total(measure: MeasureId, cells: dict[str, str], whose: Whose, line: int) -> Total:
    excluded = answer(cells, "exclusion") or False
    numerator, denominator = number(cells, "numerator"), number(cells, "denominator")
    for column, found in (("numerator", numerator), ("denominator", denominator)):
        if found is None and not excluded:
            raise BadCellError(column, "a whole number", "")
    if numerator is not None and denominator is not None and numerator > denominator:
        raise BadCellError("numerator", "no more than the denominator", cells["numerator"])
    return Total(measure, numerator, denominator, excluded, whose, line)


def _single(measure: MeasureId, cells: dict[str, str], whose: Whose, line: int) -> Single:
    """A case; a list that marks its cases in the columns of the totals says the same with 1 and 0."""
    counted = _either(cells, "counted", "denominator")
    met = _either(cells, "met", "numerator")
    return Single(
        measure=measure,
        record=cells.get("record"),
        patient=cells.get("patient"),
        on=day(cells, "date"),
        counted=counted is not False,
        met=met,
        whose=whose,
        line=line,
    )


def _either(cells: dict[str, str], first: str, second: str) -> bool | None:
    said = answer(cells, first)
    return answer(cells, second) if said is None else said
