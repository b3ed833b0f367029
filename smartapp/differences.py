"""What differs between two runs: what decided, which resources, which cases, which numbers. Nothing is read again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extractors.engine.local import LocalEngine
from smartapp.archive import ArchiveError
from smartapp.evidence import shown_key
from smartapp.runs import table_file

_DECIDES = ("rules", "profile", "site", "drug_table")
_COUNTS = ("met", "denominator", "unknown", "undecided")


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


def differences(first: Path, second: Path) -> Differences:
    """Compare two run folders (`runs/<fingerprint>`).

    Raises:
        ArchiveError: one of them is no run.
    """
    with LocalEngine() as engine:
        for side, run in (("first", first), ("second", second)):
            engine.read(f"{side}_resource", table_file(run, "resource"))
            engine.read(f"{side}_cases", table_file(run, "cases"))
        engine.run("differences.sql")
        resources = engine.rows("resource_difference", "key")
        cases = engine.rows("case_difference", "measure, focus, tin, npi")
    return Differences(
        basis=_basis(_told(first), _told(second)),
        resources=tuple(ResourceChange(shown_key(row["key"], first.name), row["how"]) for row in resources),
        cases=tuple(_case(row, first.name) for row in cases),
        tallies=_tallies(first, second),
    )


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
    periods = sorted({path.parent.name for path in first.glob("*/tallies.json")})
    return tuple(
        change
        for period in periods
        if (second / period / "tallies.json").is_file()
        for change in _of_period(first, second, period)
    )


def _of_period(first: Path, second: Path, period: str) -> list[TallyChange]:
    before, after = _counts(first / period), _counts(second / period)
    keys = sorted({*before, *after}, key=lambda key: tuple(part or "" for part in key))
    return [
        TallyChange(period, *key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)
    ]


def _counts(place: Path) -> dict[tuple[str, str, str | None, str | None], str]:
    try:
        tallies = json.loads((place / "tallies.json").read_text(encoding="utf-8"))["tallies"]
        return {
            (t["measure"], t["variant"], t["tin"], t["npi"]): ", ".join(f"{word} {t[word]}" for word in _COUNTS)
            for t in tallies
        }
    except (OSError, ValueError, LookupError, TypeError):
        raise ArchiveError(f"{place.name}, tallies.json: cannot be read. Run pi180 again.") from None
