"""A roster of clinicians, as a practice or an ACO keeps it: CSV, one row for each NPI within a TIN.

A row without an NPI speaks of the group itself. An empty cell is "not said", never "no".
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from scoring.eligibility import Clinician, HardshipStatus
from scoring.eligibility_rules import EligibilityRules
from smartapp.errors import UsageError

NEEDED = ("tin", "npi", "type", "statuses")
COLUMNS = (*NEEDED, "below_threshold", "hardship", "hardship_reason", "shared_savings", "submitted", "score")
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Group:
    """One TIN: its clinicians, the special statuses of the group itself, and whether the group submitted.

    `scores` holds the category scores that the roster gives: by NPI, and under None that of the group.
    """

    tin: str
    members: tuple[Clinician, ...]
    statuses: frozenset[str]
    submitted: bool
    scores: Mapping[str | None, Fraction]


def read_roster(path: Path, rules: EligibilityRules) -> tuple[Group, ...]:
    """The groups of a roster, in the order in which their TINs first stand there.

    Args:
        path: the CSV file, UTF-8 with or without BOM.
        rules: for the words that `type`, `statuses` and `hardship_reason` may hold.

    Raises:
        UsageError: the file cannot be read, or a row is not as expected; the message names line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{path}: cannot be read as UTF-8 text. Name an existing CSV file.") from None
    reader = csv.DictReader(text.splitlines())
    _check_header(path.name, tuple(reader.fieldnames or ()))
    rows = [_Row(f"{path.name}, line {reader.line_num}", row, rules) for row in reader]
    if not rows:
        raise UsageError(f"{path.name}: expected a row for each clinician, got none. Add them.")
    groups: dict[str, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.tin, []).append(row)
    return tuple(_group(tin, found) for tin, found in groups.items())


def _check_header(name: str, header: tuple[str, ...]) -> None:
    for column in NEEDED:
        if column not in header:
            raise UsageError(f"{name}, line 1: expected the columns {', '.join(NEEDED)}, got no {column}. Add it.")
    for column in header:
        if column not in COLUMNS:
            raise UsageError(f'{name}, line 1: expected columns of {", ".join(COLUMNS)}, got "{column}". Remove it.')


def _group(tin: str, rows: list["_Row"]) -> Group:
    members = [row.clinician() for row in rows if row.npi]
    own = [row for row in rows if not row.npi]
    npis = [member.npi for member in members]
    if len(own) > 1 or len(set(npis)) < len(npis):
        raise UsageError(f"{rows[0].at}: expected each NPI once within its TIN, and one row of the group itself.")
    statuses = own[0].statuses() if own else None
    scores = {row.npi or None: score for row in rows if (score := row.score()) is not None}
    return Group(tin, tuple(members), statuses or frozenset(), bool(own and own[0].flag("submitted")), scores)


class _Row:
    """One line of the roster, read column by column."""

    def __init__(self, at: str, cells: Mapping[str | None, str | list[str] | None], rules: EligibilityRules) -> None:
        if None in cells or None in cells.values():
            raise UsageError(f"{at}: expected as many cells as columns. Count the commas.")
        self.at = at
        self._cells = {str(name): str(value).strip() for name, value in cells.items()}
        self._rules = rules
        self.tin, self.npi = self._digits("tin", 9), self._digits("npi", 10) if self._cells["npi"] else ""

    def clinician(self) -> Clinician:
        """The row as a clinician."""
        hardship = self._word("hardship", list(HardshipStatus)) or HardshipStatus.NONE
        reason = self._word("hardship_reason", list(self._rules.hardships))
        if (hardship == HardshipStatus.NONE) != (reason is None):
            raise UsageError(f"{self.at}: expected hardship_reason beside hardship applied or approved, or neither.")
        return Clinician(
            npi=self.npi,
            tin=self.tin,
            type=self._word("type", list(self._rules.types)),
            statuses=self.statuses(),
            below_threshold=self.flag("below_threshold"),
            hardship=HardshipStatus(hardship),
            hardship_reason=reason,
            shared_savings=self.flag("shared_savings"),
            submitted=bool(self.flag("submitted")),
        )

    def statuses(self) -> frozenset[str] | None:
        """The special statuses; `none` is the word for having none, an empty cell says nothing."""
        words = self._cells["statuses"].replace(";", " ").split()
        if words == ["none"]:
            return frozenset()
        for word in words:
            if word not in self._rules.statuses:
                self._refuse("statuses", f"none, or some of {', '.join(self._rules.statuses)}", word)
        return frozenset(words) or None

    def score(self) -> Fraction | None:
        """The category score, 0 to 100; None for an empty cell."""
        cell = self._cells.get("score", "")
        if not cell:
            return None
        if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?", cell, re.ASCII) or Fraction(cell) > 100:
            self._refuse("score", "a category score of 0 to 100", cell)
        return Fraction(cell)

    def flag(self, column: str) -> bool | None:
        """yes, no, or None for an empty cell."""
        word = self._word(column, list(_YES_NO))
        return None if word is None else _YES_NO[word]

    def _word(self, column: str, words: list[str]) -> str | None:
        word = self._cells.get(column, "")
        if word and word not in words:
            self._refuse(column, f"one of {', '.join(words)}", word)
        return word or None

    def _digits(self, column: str, count: int) -> str:
        value = self._cells[column].replace("-", "")
        if not (len(value) == count and value.isascii() and value.isdigit()):
            raise UsageError(f"{self.at}, {column}: expected {count} digits. Correct it.")
        return value

    def _refuse(self, column: str, expected: str, got: str) -> None:
        raise UsageError(f'{self.at}, {column}: expected {expected}, got "{got}". Correct it.')
