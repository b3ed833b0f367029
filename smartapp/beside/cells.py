"""One cell of an EHR's report: a number, a day, digits, yes or no; refused by column where it is none of them."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from smartapp.beside.names import yes_or_no

_NUMBER = re.compile(r"(?:\d{1,9}|\d{1,3}(?:[,'\u00a0\u202f ]\d{3}){1,2})(?:\.0+)?", re.ASCII)
_AMERICAN = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", re.ASCII)
_Value = TypeVar("_Value")


class BadCellError(Exception):
    """A cell that cannot be read: its column, what was expected, and what stands there."""

    def __init__(self, column: str, expected: str, got: str) -> None:
        super().__init__(column)
        self.column, self.expected, self.got = column, expected, got


def answer(cells: Mapping[str, str], column: str) -> bool | None:
    """Yes or no."""
    return _cell(cells, column, yes_or_no, "yes or no")


def number(cells: Mapping[str, str], column: str) -> int | None:
    """A count; thousands may be parted as Americans, the Swiss or spreadsheets part them."""
    return _cell(cells, column, _as_number, "a whole number of 0 to 999,999,999")


def digits(cells: Mapping[str, str], column: str, length: int) -> str | None:
    """An NPI or a TIN; hyphens do not matter."""

    def read(text: str) -> str | None:
        found = text.replace("-", "")
        return found if re.fullmatch(f"[0-9]{{{length}}}", found) else None

    return _cell(cells, column, read, f"{length} digits")


def day(cells: Mapping[str, str], column: str) -> date | None:
    """A day, ISO or American; a time of day after it is passed over."""
    return _cell(cells, column, _as_day, "a day as 2026-01-31 or 01/31/2026")


def _as_number(text: str) -> int | None:
    return int(re.sub(r"\.0+$|\D", "", text)) if _NUMBER.fullmatch(text) else None


def _as_day(text: str) -> date | None:
    word = re.split(r"[T\s]", text, maxsplit=1)[0]
    american = _AMERICAN.fullmatch(word)
    try:
        if american is None:
            return date.fromisoformat(word)
        month, number_of_day, year = map(int, american.groups())
        return date(year, month, number_of_day)
    except ValueError:
        return None


def _cell(cells: Mapping[str, str], column: str, read: Callable[[str], _Value | None], expected: str) -> _Value | None:
    """What a cell says; None where it is empty or missing."""
    if column not in cells:
        return None
    found = read(cells[column])
    if found is None:
        raise BadCellError(column, expected, cells[column])
    return found
