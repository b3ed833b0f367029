"""The federal schedule of a product by its name, from the law as data (`drug_tables/law.toml`).

Reads names as RxNorm writes them (see `names`). The schedule is that of the strictest substance in the name, unless a
preparation of it is named in the law apart, by what it is combined with, its form or its strength.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from extractors.errors import DrugTableError
from extractors.strict_toml import check_keys

_STRICTEST_FIRST = ("II", "III", "IV", "V", "none")
_BRAND = re.compile(r"\[[^\]]*\]")
_SUBSTANCE = {"name": str, "schedule": str, "opioid": bool, "cite": str}
_PREPARATION = {"of": list, "schedule": str, "opioid": bool, "cite": str}
_CONDITIONS = {
    "with_any": list,
    "combined": bool,
    "form_any": list,
    "form_none": list,
    "at_most_mg_per_ml": (int, float),
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the law says of a name: the schedule (II to V, or none), whether an opioid makes it so, and where."""

    schedule: str
    opioid: int
    cite: str


@dataclass(frozen=True, slots=True)
class _Preparation:
    of: frozenset[str]
    ruling: Ruling
    with_any: tuple[str, ...]
    combined: bool | None
    form_any: tuple[str, ...]
    form_none: tuple[str, ...]
    at_most: float | None

    def covers(self, name: str, found: frozenset[str]) -> bool:
        """Whether a name, in which these substances were found, is of this preparation."""
        return (
            bool(self.of & found)
            and (not self.with_any or any(word in name for word in self.with_any))
            and (self.combined is None or self.combined == (" / " in name))
            and (not self.form_any or any(form in name for form in self.form_any))
            and not any(form in name for form in self.form_none)
            and (self.at_most is None or any(_strength(name, one) <= self.at_most for one in self.of & found))
        )


@dataclass(frozen=True, slots=True)
class Law:
    """The substances, longest name first, the preparations in order, and what may not be prescribed at all."""

    substances: Mapping[str, Ruling]
    preparations: tuple[_Preparation, ...]
    schedule_one: tuple[str, ...]

    def ruling(self, name: str) -> Ruling:
        """The schedule of a product by its name, the brand in brackets left out."""
        name = generic(name)
        found = self.found(name)
        for preparation in self.preparations:
            if preparation.covers(name, found):
                return preparation.ruling
        rulings = [self.substances[one] for one in found]
        if not rulings:
            return Ruling("none", 0, "")
        strictest = min(rulings, key=lambda ruling: (_STRICTEST_FIRST.index(ruling.schedule), ruling.cite))
        return Ruling(strictest.schedule, max(ruling.opioid for ruling in rulings), strictest.cite)

    def found(self, name: str) -> frozenset[str]:
        """The substances that a generic name holds as whole words, the longer before the shorter."""
        found = set()
        for one in self.substances:
            if one in name:
                rest = _word(one).sub(" ", name)
                if rest != name:
                    found.add(one)
                    name = rest
        return frozenset(found)

    def varies(self, name: str) -> bool:
        """Whether preparations of what a name holds have another schedule than the substance."""
        found = self.found(generic(name))
        return any(prepared.of & found for prepared in self.preparations)

    def forbids(self, name: str) -> bool:
        """Whether a name is of a Schedule I substance, which no one may prescribe."""
        return any(_word(one).search(generic(name)) for one in self.schedule_one)


def generic(name: str) -> str:
    """A name in lower case without its brand."""
    return _BRAND.sub("", name).lower().strip()


@cache
def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z-]){re.escape(text)}(?![a-z])")


def _strength(name: str, substance: str) -> float:
    """The mg/mL of a substance in a name; infinite where it does not say."""
    stated = re.search(rf"{re.escape(substance)}[a-z ]*? ([0-9.]+) mg/ml", name)
    return float(stated[1]) if stated else float("inf")


@cache
def law() -> Law:
    """The law that the product holds.

    Raises:
        DrugTableError: the file is not as it should be.
    """
    text = (files("extractors") / "drug_tables" / "law.toml").read_text(encoding="utf-8")
    return law_of(tomllib.loads(text))


def law_of(document: dict[str, Any]) -> Law:
    """A law from its document.

    Raises:
        DrugTableError: a key is unknown or missing, or a preparation is of no listed substance.
    """
    top = {"about": str, "schedule_one": list, "substance": list, "preparation": list}
    check_keys(document, top, {}, "law.toml", DrugTableError)
    for number, entry in enumerate(document["substance"], 1):
        check_keys(entry, _SUBSTANCE, {}, f"law.toml, substance {number}", DrugTableError)
    longest_first = sorted(document["substance"], key=lambda entry: (-len(entry["name"]), entry["name"]))
    substances = {entry["name"]: _ruling(entry) for entry in longest_first}
    preparations = tuple(
        _preparation(entry, substances, f"law.toml, preparation {number}")
        for number, entry in enumerate(document["preparation"], 1)
    )
    return Law(substances, preparations, tuple(document["schedule_one"]))


def _ruling(entry: Mapping[str, Any]) -> Ruling:
    if entry["schedule"] not in _STRICTEST_FIRST:
        raise DrugTableError(
            f"law.toml: expected a schedule of {', '.join(_STRICTEST_FIRST)}, got {entry['schedule']}."
        )
    return Ruling(entry["schedule"], int(entry["opioid"]), entry["cite"])


def _preparation(entry: Mapping[str, Any], substances: Mapping[str, Ruling], at: str) -> _Preparation:
    check_keys(entry, _PREPARATION, _CONDITIONS, at, DrugTableError)
    of = frozenset(entry["of"])
    if not of or of - set(substances):
        raise DrugTableError(f"{at}, of: expected substances of the list above, got {', '.join(sorted(of))}.")
    return _Preparation(
        of=of,
        ruling=_ruling(entry),
        with_any=tuple(entry.get("with_any", ())),
        combined=entry.get("combined"),
        form_any=tuple(entry.get("form_any", ())),
        form_none=tuple(entry.get("form_none", ())),
        at_most=entry.get("at_most_mg_per_ml"),
    )
