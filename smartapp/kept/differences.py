"""What differs between two runs: what decided, which resources, which cases, which numbers. Nothing is read again."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extractors.engine.local import LocalEngine
from smartapp.kept.archive import ArchiveError
from smartapp.kept.engines import engine_of_files
from smartapp.kept.runs import table_file
from smartapp.opened.evidence import shown_key

_DECIDES = ("rules", "profile", "site", "drug_table")
_COUNTS = ("met", "denominator", "unknown", "undecided")
_Key = tuple[str, str, str | None, str | None]
"""Measure, variant, TIN and NPI of a tally."""


@dataclass(frozen=True, slots=True)
class Basis:
    """One thing that decided otherwise: its names or digests in the two runs."""

    what: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """A resource that only one run has, or that they have with other content."""

    key: str
    how: str


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A case that only one run has (the other side None), or that came out otherwise."""

    measure: str
    focus: str
    tin: str | None
    npi: str | None
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class TallyChange:
    """A number of a period that both runs counted; None where one has no such tally."""

    period: str
    measure: str
    variant: str
    tin: str | None
    npi: str | None
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class Differences:
    """Everything that differs between two runs, in a fixed order."""

    basis: tuple[Basis, ...]
    resources: tuple[ResourceChange, ...]
    cases: tuple[CaseChange, ...]
    tallies: tuple[TallyChange, ...]

    @property
    def none(self) -> bool:
        """Whether the two runs say the same."""
        return not (self.basis or self.resources or self.cases or self.tallies)

    def as_document(self) -> dict[str, Any]:
        """What `pi180 diff --json` prints."""
        return {"schema": "pi180/diff/1", "same": self.none, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Fall:
    """A numerator that is smaller in the second run, over the same days.

    `first_day` and `last_day` are those of the cases that were met and are no longer, as far as they are dated; None
    where none is.
    """

    period: str
    measure: str
    variant: str
    tin: str | None
    npi: str | None
    before: int
    after: int
    first_day: str | None
    last_day: str | None


def differences(first: Path, second: Path) -> Differences:
    """Compare two run folders (`runs/<fingerprint>`).

    Raises:
        ArchiveError: one of them is no run.
    """
    with _held_against(first, second) as engine:
        resources = engine.rows("resource_difference", "key")
        cases = engine.rows("case_difference", "measure, focus, tin, npi")
    return Differences(
        basis=_basis(_told(first), _told(second)),
        resources=tuple(ResourceChange(shown_key(row["key"], first.name), row["how"]) for row in resources),
        cases=tuple(_case(row, first.name) for row in cases),
        tallies=_tallies(first, second),
    )


def falls(first: Path, second: Path) -> tuple[Fall, ...]:
    """The numerators that fell from one run to another, in every period that both counted.

    Raises:
        ArchiveError: one of them is no run.
    """
    with _held_against(first, second) as engine:
        lost = [row for row in engine.rows("case_difference", "1") if row["first_met"] == "met" != row["second_met"]]
    return tuple(
        fall for period in _both_counted(first, second) for fall in _falls_in(first / period, second / period, lost)
    )


@contextmanager
def _held_against(first: Path, second: Path) -> Iterator[LocalEngine]:
    files = [table_file(run, table) for run in (first, second) for table in ("resource", "cases")]
    with engine_of_files(files) as engine:
        for side, run in (("first", first), ("second", second)):
            engine.read(f"{side}_resource", table_file(run, "resource"))
            engine.read(f"{side}_cases", table_file(run, "cases"))
        engine.run("differences.sql")
        yield engine


def _falls_in(first: Path, second: Path, lost: list[dict[str, Any]]) -> Iterator[Fall]:
    after = _counts(second)
    for key, counts in sorted(_counts(first).items(), key=lambda item: tuple(part or "" for part in item[0])):
        now = after[key]["met"] if key in after else 0
        if now < counts["met"]:
            days = _days_of(lost, key, *first.name.split("--"))
            yield Fall(first.name, *key, counts["met"], now, min(days, default=None), max(days, default=None))


def _days_of(lost: list[dict[str, Any]], key: _Key, start: str, end: str) -> list[str]:
    """The days within a period on which cases of a measure lie that are no longer met; a group's are anybody's."""
    measure, _, tin, npi = key
    return [
        row["first_occurred"]
        for row in lost
        if (row["measure"], row["tin"]) == (measure, tin)
        and ((npi is None and tin is not None) or row["npi"] == npi)
        and start <= (row["first_occurred"] or "") <= end
    ]


def _told(run: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads((run / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        raise ArchiveError(f"{run}: expected a run's folder (runs/<fingerprint>), but it holds no run.json.") from None


def _basis(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[Basis, ...]:
    pairs = [(what, _digest(first, what), _digest(second, what)) for what in _DECIDES]
    pairs += [(what, str(first.get(what)), str(second.get(what))) for what in ("year", "version")]
    return tuple(Basis(what, a, b) for what, a, b in pairs if a != b)


def _digest(told: Mapping[str, Any], what: str) -> str:
    found = told.get(what) or {}
    name = " ".join(str(found[key]) for key in ("name", "version") if key in found)
    return f"{name} {found.get('digest', 'not kept')}".strip()


def _case(row: Mapping[str, Any], run: str) -> CaseChange:
    return CaseChange(
        measure=row["measure"],
        focus=shown_key(row["focus"], run),
        tin=row["tin"],
        npi=row["npi"],
        first=_outcome(row, "first"),
        second=_outcome(row, "second"),
    )


def _outcome(row: Mapping[str, Any], side: str) -> str | None:
    if row[f"{side}_member"] is None:
        return None
    member = "" if row[f"{side}_member"] == "yes" else "undecided, "
    day = row[f"{side}_occurred"] or "no date"
    return f"{member}{str(row[f'{side}_met']).replace('_', ' ')} on {day}: {row[f'{side}_reason']}"


def _tallies(first: Path, second: Path) -> tuple[TallyChange, ...]:
    return tuple(change for period in _both_counted(first, second) for change in _of_period(first, second, period))


def _both_counted(first: Path, second: Path) -> list[str]:
    periods = sorted({path.parent.name for path in first.glob("*/tallies.json")})
    return [period for period in periods if (second / period / "tallies.json").is_file()]


def _of_period(first: Path, second: Path, period: str) -> list[TallyChange]:
    before, after = _counts(first / period), _counts(second / period)
    keys = sorted({*before, *after}, key=lambda key: tuple(part or "" for part in key))
    return [
        TallyChange(period, *key, _in_words(before.get(key)), _in_words(after.get(key)))
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _in_words(counts: Mapping[str, int] | None) -> str | None:
    return ", ".join(f"{word} {number}" for word, number in counts.items()) if counts else None


def _counts(place: Path) -> dict[_Key, dict[str, int]]:
    try:
        tallies = json.loads((place / "tallies.json").read_text(encoding="utf-8"))["tallies"]
        return {
            (t["measure"], t["variant"], t["tin"], t["npi"]): {word: int(t[word]) for word in _COUNTS} for t in tallies
        }
    except (OSError, ValueError, LookupError, TypeError):
        raise ArchiveError(f"{place.name}, tallies.json: cannot be read. Run pi180 again.") from None
