"""What the drug of an order is, from all codings that state it.

Codings are judged apart and then together: HCPCS codes are supplies (fhir-mapping 5); products and packages that the
tables know decide; ingredients decide only where no product is known, and only for what all their products share. A
code that no table knows neither decides nor hinders. Known codings that contradict each other, and a code displayed as
another drug, decide nothing: a wrong number is worse than none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from extractors.drugs.codings import HCPCS, NDC, RXNORM, Coding, Concept, concept_of_key
from extractors.drugs.names import names_another
from extractors.drugs.ndc import PRODUCT_DIGITS, package, readings
from extractors.drugs.table import DrugTables, Row

UNKNOWN = "unknown"
_SYSTEM_NAMES = {RXNORM: "RxNorm", NDC: "NDC"}

_HCPCS_SUPPLY = re.compile(r"[ABEKLV]\d{4}")
"""Supplies, nutrition, equipment, orthotics and vision; J and Q hold drugs, and other letters services."""


class _Level(IntEnum):
    """How exactly a coding names a drug; the lowest that is there decides."""

    PRODUCT = 0
    SUPPLY = 1
    INGREDIENT = 2
    NOTHING = 3


@dataclass(frozen=True, slots=True)
class Drug:
    """What a drug is. `schedule` II to V, none or unknown; `kind` rx, otc, supply or unknown, with the reason.

    `system` and `code` are of the coding that decides, or of the most telling one where none does. `name`, `source`
    and `as_of` are the table's; empty where it has no row.
    """

    schedule: str
    opioid: int
    kind: str
    reason: str
    source: str = ""
    system: str = ""
    code: str = ""
    name: str = ""
    as_of: str = ""

    @property
    def answer(self) -> tuple[str, int, str]:
        """What decides: schedule, opioid, class."""
        return self.schedule, self.opioid, self.kind


@dataclass(frozen=True, slots=True)
class _Judged:
    level: _Level
    drug: Drug


def resolve(tables: DrugTables, concept: Concept) -> Drug:
    """What all codings of a concept together say; unknown with the reason where they do not."""
    if not concept.codings:
        return Drug(UNKNOWN, 0, UNKNOWN, "the drug is not coded")
    judged = [_judge(tables, coding) for coding in concept.codings]
    level = min(one.level for one in judged)
    deciding = [one.drug for one in judged if one.level is level]
    if level is _Level.PRODUCT:
        deciding += [one.drug for one in judged if one.level is _Level.SUPPLY]
    first = min(deciding, key=lambda drug: drug.kind == UNKNOWN)
    if level is _Level.NOTHING:
        return first
    if _misnamed(tables, concept, [one.drug for one in judged]):
        return _unknown(first, "its display names another drug than its code")
    return _agreed(first, deciding)


def _agreed(first: Drug, deciding: list[Drug]) -> Drug:
    """The first, unless another contradicts it; a class that is not known contradicts none, nor do otc and supply."""
    kinds = {"dispensed without prescription" if d.kind in ("otc", "supply") else d.kind for d in deciding}
    schedules = {(d.schedule, d.opioid) for d in deciding}
    if len(schedules) > 1 or len(kinds - {UNKNOWN}) > 1:
        return _unknown(first, "conflict: its codes name drugs that differ in schedule or in needing a prescription")
    return first


def _unknown(drug: Drug, reason: str) -> Drug:
    return replace(drug, schedule=UNKNOWN, opioid=0, kind=UNKNOWN, reason=reason)


def _judge(tables: DrugTables, coding: Coding) -> _Judged:
    level, drug = _found(tables, coding)
    return _Judged(level, replace(drug, system=coding.system, code=coding.code))


def _found(tables: DrugTables, coding: Coding) -> tuple[_Level, Drug]:
    if coding.system == HCPCS or "hcpcs" in coding.system.lower():
        if _HCPCS_SUPPLY.fullmatch(coding.code):
            return _Level.SUPPLY, Drug("none", 0, "supply", "HCPCS codes of this letter are supplies and equipment")
        return _Level.NOTHING, Drug(UNKNOWN, 0, UNKNOWN, "an HCPCS code that is no supply, but a drug or a service")
    if coding.system not in _SYSTEM_NAMES:
        return _Level.NOTHING, Drug(UNKNOWN, 0, UNKNOWN, "the drug is coded in a system other than RxNorm or NDC")
    if coding.system == RXNORM and (ingredient := tables.ingredient(coding.code)) is not None:
        return _of_ingredient(ingredient)
    rows = _rows(tables, coding)
    if rows and all(row.answer == rows[0].answer for row in rows):
        return _Level.PRODUCT, _of(rows[0])
    what = "fits drugs that differ" if rows else "is not in the drug table"
    return _Level.NOTHING, Drug(UNKNOWN, 0, UNKNOWN, f"the {_SYSTEM_NAMES[coding.system]} code {what}")


def _rows(tables: DrugTables, coding: Coding) -> list[Row]:
    """The rows that a product code may mean: of a package that is not listed, those of the same product."""
    if coding.system == RXNORM:
        row = tables.product(coding.code)
        return [] if row is None else [row]
    return [
        row
        for digits in readings(coding.code)
        for row in tables.packages(digits) or tables.packages(digits[:PRODUCT_DIGITS])
    ]


def _of(row: Row) -> Drug:
    kind = "supply" if row.kind == "device" else row.kind
    reason = "whether it needs a prescription is not known" if kind == UNKNOWN else ""
    return Drug(row.schedule, row.opioid, kind, reason, row.source, name=row.name, as_of=row.as_of)


def _of_ingredient(row: Row) -> tuple[_Level, Drug]:
    """An ingredient answers where all its products have one schedule; its class is that of all of them or unknown."""
    if row.determinate:
        return _Level.INGREDIENT, replace(_of(row), reason=_of(row).reason and "its code names an ingredient")
    reason = "its code names an ingredient, whose products differ in schedule"
    return _Level.INGREDIENT, _unknown(_of(row), reason)


def _misnamed(tables: DrugTables, concept: Concept, judged: list[Drug]) -> bool:
    """Whether anything that is displayed names a drug that is none of those coded."""
    coded = " / ".join(drug.name for drug in judged if drug.name)
    displayed = {concept.text, *(coding.display for coding in concept.codings)} - {""}
    return bool(coded) and any(names_another(tables, said, coded) for said in displayed)


def same_drug(tables: DrugTables, key: str) -> frozenset[str]:
    """What names the drug of a key: its known products, or else all of its codes together.

    Two orders of which any such name is the same are of one drug. An NDC is the product that the table gives for it.
    """
    concept = concept_of_key(key)
    products = {found for coding in concept.codings if (found := _product(tables, coding)) is not None}
    if products:
        return frozenset(products)
    codes = sorted({f"{coding.system}|{coding.code}" for coding in concept.codings})
    return frozenset(["\n".join(codes) or key])


def _product(tables: DrugTables, coding: Coding) -> str | None:
    if coding.system == RXNORM and tables.ingredient(coding.code) is None:
        return f"RxCUI {coding.code}" if tables.product(coding.code) is not None else None
    digits = package(coding.code) if coding.system == NDC else None
    row = next(iter(tables.packages(digits)), None) if digits else None
    return f"RxCUI {row.rxcui}" if row is not None and row.rxcui else None


def drug_rows(tables: DrugTables, keys: Iterable[str]) -> list[dict[str, str | int]]:
    """One row of table `drug` for each key; the empty key is a drug without a code."""
    found = ((key, resolve(tables, concept_of_key(key))) for key in sorted(set(keys)))
    return [
        {
            "codings": key,
            "code_system": drug.system,
            "code": drug.code,
            "schedule": drug.schedule,
            "opioid": drug.opioid,
            "class": drug.kind,
            "reason": drug.reason,
        }
        for key, drug in found
    ]
