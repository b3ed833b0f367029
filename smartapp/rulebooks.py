"""The rule book as a use case: is every year in order, what changed between two, what holds for one id."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from scoring.changes import Change
from scoring.eligibility_rules import FILE, eligibility_in
from scoring.errors import RuleError
from scoring.findings import cites_of
from scoring.rulebook import load, years
from scoring.rulings import Ruling
from scoring.year import ExclusionThreshold, Measure, RuleBook
from smartapp.errors import UsageError


@dataclass(frozen=True, slots=True)
class Checked:
    """One file of rules by its year or name: its digest, or why it is refused."""

    name: str
    digest: str | None
    fault: str | None


def check_rules(folder: Path | None) -> tuple[Checked, ...]:
    """Read every year and the eligibility of a folder (None: the product's own) and say which are not in order.

    A folder without an eligibility file has the product's, which is then the one that is named.

    Raises:
        UsageError: the folder has no year at all.
    """
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder of py<year>.toml files. Name an existing one.")
    found = tuple(_checked(year, folder) for year in years(folder))
    if not found:
        raise UsageError(f"{folder}: expected py<year>.toml files, got none. Name the folder that holds them.")
    return (*found, _eligibility(folder))


def _eligibility(folder: Path | None) -> Checked:
    own = folder / FILE.name if folder is not None else FILE
    name = FILE.name if own.is_file() else f"{FILE.name} (the product's own: the folder has none)"
    try:
        eligibility_in(folder)
    except RuleError as problem:
        return Checked(name, None, str(problem))
    return Checked(name, sha256((own if own.is_file() else FILE).read_bytes()).hexdigest(), None)


def _checked(year: int, folder: Path | None) -> Checked:
    try:
        return Checked(str(year), load(year, folder).digest, None)
    except RuleError as problem:
        return Checked(str(year), None, str(problem))


class Fate(StrEnum):
    """What became of an entry from one year to the other."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """What differs about one table of rules, or one entry of an array of them.

    `table` is its name without entries (`measure`, `choice.path`), `name` what an entry is known by, empty for a
    table that stands once. The `where` of `values` is the key within.
    """

    table: str
    name: str
    fate: Fate
    values: tuple[Change, ...]


_ENTRY = re.compile(r"(?P<entry>.*\]|.*(?=\.))\.(?P<key>.+)")
_KNOWN_BY = ("confidence", "doubt", "id")
"""Keys of which every entry has at least one: where it is new, the entry is."""


def changed_entries(found: Sequence[Change]) -> tuple[ChangedEntry, ...]:
    """The differences by the entry that they are about, tables together, in the order of their first difference."""
    groups: dict[str, list[Change]] = {}
    for change in found:
        place = _ENTRY.fullmatch(change.where)
        entry, key = (place["entry"], place["key"]) if place else (change.where, change.where)
        groups.setdefault(entry, []).append(replace(change, where=key))
    entries = [_changed_entry(entry, values) for entry, values in groups.items()]
    tables = list(dict.fromkeys(entry.table for entry in entries))
    return tuple(sorted(entries, key=lambda entry: tables.index(entry.table)))


def _changed_entry(entry: str, values: list[Change]) -> ChangedEntry:
    names = re.findall(r"\[(.*?)\]", entry)
    known = [value for value in values if value.where in _KNOWN_BY]
    fate = Fate.CHANGED
    if known and all(value.before is None for value in known):
        fate = Fate.ADDED
    if known and all(value.after is None for value in known):
        fate = Fate.GONE
    return ChangedEntry(re.sub(r"\[.*?\]", "", entry), names[-1] if names else "", fate, tuple(values))


@dataclass(frozen=True, slots=True)
class Entry:
    """What one year rules for one measure id: the entry itself and what else names it."""

    rules: RuleBook
    measure: Measure
    threshold: ExclusionThreshold | None
    criteria: tuple[str, ...]
    suppressed: Ruling | None

    @property
    def doubts(self) -> tuple[str, ...]:
        """Everything that is in doubt about it."""
        rulings = [self.measure.ruling, *(one.ruling for one in (self.threshold,) if one)]
        provisional = self.rules.conditions.provisional
        texts = [doubt for ruling in rulings for doubt in ruling.doubts]
        return tuple([*texts, provisional.text] if provisional else texts)


def entries_of(name: str, year: int | None, folder: Path | None) -> tuple[Entry, ...]:
    """What the years rule for a measure id, or for every id of an objective, oldest year first.

    Args:
        name: the id or the objective as CMS prints it; large and small letters are the same.
        year: only this performance year; None for all.
        folder: where the rule files lie; None is the product's own.

    Raises:
        UsageError: no year has such an id.
        RuleError: a year file is not in order.
    """
    books = [load(one, folder) for one in (years(folder) if year is None else (year,))]
    found = tuple(_entry(book, measure) for book in books for measure in _named(book, name))
    if not found:
        known = sorted({part for book in books for m in book.measures.values() for part in (m.id, m.objective)})
        close = difflib.get_close_matches(name.upper(), known, n=1)
        asked = ", ".join(str(book.year) for book in books)
        hint = f"Did you mean {close[0]}?" if close else f"Objectives: {', '.join(_objectives(books))}."
        raise UsageError(f"{name}: expected a measure id or an objective of {asked}, got neither. {hint}")
    return found


def _objectives(books: Sequence[RuleBook]) -> list[str]:
    return sorted({measure.objective for book in books for measure in book.measures.values()})


def _named(book: RuleBook, name: str) -> list[Measure]:
    return [m for m in book.measures.values() if name.casefold() in (m.id.casefold(), m.objective.casefold())]


def _entry(rules: RuleBook, measure: Measure) -> Entry:
    threshold = next((one for one in rules.thresholds if one.exclusion == measure.id), None)
    suppressed = next((one.ruling for one in rules.suppressions if one.measure == measure.id), None)
    return Entry(rules, measure, threshold, rules.conditions.criteria_of(measure.id), suppressed)


def entries_document(found: Sequence[Entry]) -> dict[str, object]:
    """What the years rule in the shape `pi180/rules/1`; what an entry has not is None or empty."""
    return {"schema": "pi180/rules/1", "entries": [_entry_document(entry) for entry in found]}


def _entry_document(entry: Entry) -> dict[str, object]:
    measure, limit = entry.measure, entry.threshold
    return {
        "year": entry.rules.year,
        "provisional": entry.rules.conditions.provisional is not None,
        "id": measure.id,
        "title": " ".join(measure.title.split()),
        "summary": measure.summary,
        "objective": measure.objective,
        "metric": measure.metric.value,
        "status": measure.status.value,
        "points": measure.points,
        "exclusions": list(measure.exclusions),
        "substitutes": list(measure.substitutes),
        "limit": {"fewer_than": limit.fewer_than, "what": limit.what} if limit else None,
        "suppressed": entry.suppressed is not None,
        "criteria": list(entry.criteria),
        "confidence": measure.ruling.confidence.value,
        "cites": [{"text": cite.text, "url": cite.url} for cite in cites_of(measure.ruling)],
        "doubts": list(entry.doubts),
    }
