"""Who must report, what takes the category out, and what it weighs: `rules/eligibility.toml`, read strictly.

One file for all years, because each entry says from which performance year to which it holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from scoring.rulings import Ruling, Sources, read_ruling, read_sources
from scoring.table import Table, top_table

BELOW_THRESHOLD, HARDSHIP = "belowThreshold", "hardship"
"""Words for the two ways out of the Shared Savings requirement that are no special status."""

FILE = Path(__file__).parent / "rules" / "eligibility.toml"


class Category(StrEnum):
    """The four MIPS performance categories."""

    QUALITY = "quality"
    COST = "cost"
    IMPROVEMENT = "ia"
    PI = "pi"


class Framework(StrEnum):
    """How a clinician takes part: traditional MIPS and MVPs weigh alike, APP and APP Plus alike."""

    TRADITIONAL = "traditional"
    APP = "app"


class SeveralRule(StrEnum):
    """What several submissions for one reporter make of the category."""

    CONFLICT_IS_ZERO = "conflict is zero"
    HIGHEST = "highest"


@dataclass(frozen=True, slots=True)
class Span:
    """Performance years, both included; `last` None still holds."""

    first: int
    last: int | None

    def __contains__(self, year: int) -> bool:
        """Whether the span holds in a performance year."""
        return self.first <= year and (self.last is None or year <= self.last)


@dataclass(frozen=True, slots=True)
class ClinicianType:
    """A type of clinician, and in which years the type alone took the category out; None for never."""

    id: str
    title: str
    reweighted: Span | None
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class SpecialStatus:
    """A status by which CMS takes the category out without an application.

    `group_share_above`: a group has the status itself when more than so many percent of its NPIs do; None when
    only all of them count.
    """

    id: str
    title: str
    years: Span
    group_share_above: int | None
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Hardship:
    """A reason for a hardship exception; `survives_data` when submitted data do not cancel it."""

    id: str
    title: str
    years: Span
    automatic: bool
    survives_data: bool
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Weights:
    """What the categories weigh, in parts of the final score that sum to 1, when some are reweighted to 0."""

    framework: Framework
    small_practice: bool
    reweighted: frozenset[Category]
    years: Span
    weight: Mapping[Category, Fraction]
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Several:
    """What several submissions do, from year to year."""

    years: Span
    rule: SeveralRule
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class SharedSavings:
    """Who of a Shared Savings ACO must report; `out` are the reasons not to, `levels` where it may be reported."""

    first: int
    levels: tuple[str, ...]
    out: tuple[str, ...]
    text: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Statement:
    """A rule that is a sentence."""

    text: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class EligibilityRules:
    """All of it."""

    types: Mapping[str, ClinicianType]
    statuses: Mapping[str, SpecialStatus]
    hardships: Mapping[str, Hardship]
    weights: tuple[Weights, ...]
    several: tuple[Several, ...]
    whole_group: Statement
    data_submitted: Statement
    entity_mean: Statement
    shared_savings: SharedSavings


Entry = TypeVar("Entry", ClinicianType, SpecialStatus, Hardship)


def load_eligibility(path: Path = FILE) -> EligibilityRules:
    """Read and check the file.

    Raises:
        RuleError: it is no TOML, or something in it is not acceptable.
    """
    top = top_table(path.read_bytes(), path.name)
    sources = read_sources(top)
    found = EligibilityRules(
        types=_by_id(top, "clinician_type", _type, sources),
        statuses=_by_id(top, "special_status", _status, sources),
        hardships=_by_id(top, "hardship", _hardship, sources),
        weights=tuple(_weights(table, sources) for table in top.tables("weights")),
        several=tuple(_several(table, sources) for table in top.tables("several_submissions")),
        whole_group=_statement(top.table("whole_group"), sources),
        data_submitted=_statement(top.table("data_submitted"), sources),
        entity_mean=_statement(top.table("entity_mean"), sources),
        shared_savings=_shared_savings(top.table("shared_savings"), sources),
    )
    top.done()
    _check(found, top)
    return found


def _by_id(top: Table, key: str, read: Callable[[Table, Sources], Entry], sources: Sources) -> dict[str, Entry]:
    found = [read(table, sources) for table in top.tables(key)]
    top.once(key, (entry.id for entry in found))
    return {entry.id: entry for entry in found}


def _check(found: EligibilityRules, top: Table) -> None:
    """Refuse years that two entries rule, and names that lead nowhere."""
    _check_spans("several_submissions", [("", entry.years) for entry in found.several], top)
    weights = [
        (f"{entry.framework}, {entry.small_practice}, {sorted(entry.reweighted)}", entry.years)
        for entry in found.weights
    ]
    _check_spans("weights", weights, top)
    for way in found.shared_savings.out:
        names = (*found.statuses, BELOW_THRESHOLD, HARDSHIP)
        top.known("shared_savings.out", way, names, f"one of {', '.join(names)}")


def _check_spans(key: str, spans: list[tuple[str, Span]], top: Table) -> None:
    for position, (what, span) in enumerate(spans, start=1):
        if any(what == other and span.first in years for other, years in spans[: position - 1]):
            years, remedy = f"{span.first} ruled twice", "Correct the years, or remove one of the two."
            top.refuse(f"{key}[{position}]", "years that no entry before it rules", years, remedy)


def eligibility_in(folder: Path | None) -> EligibilityRules:
    """The rules of a folder that has the file; else, and for None, the product's own.

    Raises:
        RuleError: the folder's file is not acceptable.
    """
    own = folder / FILE.name if folder is not None else FILE
    return load_eligibility(own if own.is_file() else FILE)


def _span(table: Table, first: str = "first", last: str = "last") -> Span:
    span = Span(table.whole(first), table.whole(last) if table.has(last) else None)
    if span.last is not None and span.last < span.first:
        table.refuse(last, f"{span.first} or later", str(span.last), "Correct the years.")
    return span


def _type(table: Table, sources: Sources) -> ClinicianType:
    span = _span(table, "first_reweighted", "last_reweighted") if table.has("first_reweighted") else None
    return ClinicianType(table.text("id"), table.text("title"), span, read_ruling(table, sources))


def _status(table: Table, sources: Sources) -> SpecialStatus:
    return SpecialStatus(
        id=table.text("id"),
        title=table.text("title"),
        years=_span(table),
        group_share_above=table.whole("group_share_above") if table.has("group_share_above") else None,
        ruling=read_ruling(table, sources),
    )


def _hardship(table: Table, sources: Sources) -> Hardship:
    return Hardship(
        id=table.text("id"),
        title=table.text("title"),
        years=_span(table),
        automatic=table.flag("automatic"),
        survives_data=table.flag("survives_data"),
        ruling=read_ruling(table, sources),
    )


def _weights(table: Table, sources: Sources) -> Weights:
    named = dict(zip(Category, ("quality", "cost", "improvement", "pi"), strict=True))
    percent = {category: table.whole(key) for category, key in named.items()}
    if sum(percent.values()) != 100:
        table.refuse("pi", "weights that sum to 100", str(sum(percent.values())), "Correct the weights.")
    out = frozenset(_category(table, word) for word in table.texts("reweighted"))
    for category in out:
        if percent[category]:
            table.refuse(named[category], "0, because it is reweighted", str(percent[category]), "Correct one of them.")
    return Weights(
        framework=table.word("framework", Framework),
        small_practice=table.flag("small_practice"),
        reweighted=out,
        years=_span(table),
        weight={category: Fraction(points, 100) for category, points in percent.items()},
        ruling=read_ruling(table, sources),
    )


def _category(table: Table, word: str) -> Category:
    return Category(table.known("reweighted", word, list(Category), f"one of {', '.join(Category)}"))


def _several(table: Table, sources: Sources) -> Several:
    return Several(_span(table), table.word("rule", SeveralRule), read_ruling(table, sources))


def _statement(table: Table, sources: Sources) -> Statement:
    return Statement(table.text("text"), read_ruling(table, sources))


def _shared_savings(table: Table, sources: Sources) -> SharedSavings:
    return SharedSavings(
        first=table.whole("first"),
        levels=table.some_texts("levels"),
        out=table.some_texts("out"),
        text=table.text("text"),
        ruling=read_ruling(table, sources),
    )
