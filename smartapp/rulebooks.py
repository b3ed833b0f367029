"""The rule book as a use case: is every year in order, what changed between two, what holds for one id."""

from dataclasses import dataclass
from pathlib import Path

from scoring.errors import RuleError
from scoring.model import MeasureId
from scoring.rulebook import load, years
from scoring.rulings import Ruling
from scoring.year import ExclusionThreshold, Measure, RuleBook
from smartapp.usecases import UsageError


@dataclass(frozen=True, slots=True)
class Checked:
    """One year file: its digest, or why it is refused."""

    year: int
    digest: str | None
    fault: str | None


def check_rules(folder: Path | None) -> tuple[Checked, ...]:
    """Read every year of a folder (None: the product's own) and say which are not in order.

    Raises:
        UsageError: the folder has no year at all.
    """
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder of py<year>.toml files. Name an existing one.")
    found = tuple(_checked(year, folder) for year in years(folder))
    if not found:
        raise UsageError(f"{folder}: expected py<year>.toml files, got none. Name the folder that holds them.")
    return found


def _checked(year: int, folder: Path | None) -> Checked:
    try:
        return Checked(year, load(year, folder).digest, None)
    except RuleError as problem:
        return Checked(year, None, str(problem))


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
    """What the years rule for a measure id, oldest first.

    Args:
        name: the id as CMS prints it.
        year: only this performance year; None for all.
        folder: where the rule files lie; None is the product's own.

    Raises:
        UsageError: no year has such an id.
        RuleError: a year file is not in order.
    """
    asked = years(folder) if year is None else (year,)
    found = tuple(entry for one in asked for entry in _entry(load(one, folder), MeasureId(name)))
    if not found:
        raise UsageError(
            f"{name}: expected a measure id of {', '.join(map(str, asked))}, got none. See: pi180 rules check"
        )
    return found


def _entry(rules: RuleBook, name: MeasureId) -> list[Entry]:
    if name not in rules.measures:
        return []
    threshold = next((one for one in rules.thresholds if one.exclusion == name), None)
    suppressed = next((one.ruling for one in rules.suppressions if one.measure == name), None)
    return [Entry(rules, rules.measures[name], threshold, rules.conditions.criteria_of(name), suppressed)]
