"""What an answer is borne out by, who signs it, and what it is done in: `rules/evidence.toml`, read strictly.

One file for all years, because each entry says from which performance year on it holds.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from scoring.eligibility_rules import Span
from scoring.model import MeasureId
from scoring.rulings import Ruling, Sources, read_ruling, read_sources
from scoring.table import Table, top_table

FILE = Path(__file__).parent / "rules" / "evidence.toml"


class When(StrEnum):
    """On which condition a slot asks for a file."""

    ALWAYS = "always"
    COUNTED = "counted"
    YES = "yes"
    CLAIMED = "claimed"
    TOTAL = "total"
    EXCEPTION = "exception"


class Step(StrEnum):
    """The step of CMS's way on which a slot stands."""

    REQUIREMENTS = "requirements"
    CEHRT = "cehrt"
    ATTESTATIONS = "attestations"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a file: what it shows (`what`), and of when it has to be (`fresh`).

    `of` are the measures or exclusions it is about, empty for the whole submission; with `each` every one has a place
    of its own.
    """

    id: str
    title: str
    what: str
    fresh: str
    step: Step
    when: When
    of: tuple[MeasureId, ...]
    each: bool
    years: Span
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs answers to some measures; `of` is empty for all others."""

    of: tuple[MeasureId, ...]
    individual: str
    group: str
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class Managed:
    """A second thing that a measure is done in, with a day of its own."""

    of: MeasureId
    title: str
    text: str
    years: Span
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """All of it."""

    slots: tuple[Slot, ...]
    signers: tuple[Signer, ...]
    managed: tuple[Managed, ...]

    def slots_in(self, year: int) -> tuple[Slot, ...]:
        """The slots of a performance year, in file order."""
        return tuple(slot for slot in self.slots if year in slot.years)

    def managed_in(self, year: int) -> dict[MeasureId, Managed]:
        """By measure, what has to be done beside it in a performance year."""
        return {one.of: one for one in self.managed if year in one.years}

    def signer(self, measure: MeasureId) -> Signer:
        """Who signs the answer to a measure."""
        named = (one for one in self.signers if measure in one.of)
        return next(named, None) or next(one for one in self.signers if not one.of)


@lru_cache(maxsize=4)
def load_evidence(path: Path = FILE) -> EvidenceRules:
    """Read and check the file.

    Raises:
        RuleError: it is no TOML, or something in it is not acceptable.
    """
    top = top_table(path.read_bytes(), path.name)
    sources = read_sources(top)
    found = EvidenceRules(
        slots=tuple(_slot(table, sources) for table in top.tables("slot")),
        signers=tuple(_signer(table, sources) for table in top.tables("signer")),
        managed=tuple(_managed(table, sources) for table in top.tables("managed")),
    )
    top.once("slot", (slot.id for slot in found.slots))
    if not any(not one.of for one in found.signers):
        top.refuse("signer", "one with an empty list of measures", "none", "Add it.")
    top.done()
    return found


def _slot(table: Table, sources: Sources) -> Slot:
    of = tuple(MeasureId(name) for name in table.texts("of"))
    when = table.word("when", When)
    if bool(of) == (when in (When.ALWAYS, When.EXCEPTION)):
        table.refuse(
            "of", "measures, unless it is asked for whatever is answered", str(list(of)), "Correct one of them."
        )
    return Slot(
        id=table.text("id"),
        title=table.text("title"),
        what=table.text("what"),
        fresh=table.text("fresh"),
        step=table.word("step", Step),
        when=when,
        of=of,
        each=table.flag("each"),
        years=_span(table),
        ruling=read_ruling(table, sources),
    )


def _span(table: Table) -> Span:
    return Span(table.whole("first"), table.whole("last") if table.has("last") else None)


def _signer(table: Table, sources: Sources) -> Signer:
    of = tuple(MeasureId(name) for name in table.texts("of"))
    return Signer(of, table.text("individual"), table.text("group"), read_ruling(table, sources))


def _managed(table: Table, sources: Sources) -> Managed:
    of, title, text = MeasureId(table.text("of")), table.text("title"), table.text("text")
    return Managed(of, title, text, _span(table), read_ruling(table, sources))
