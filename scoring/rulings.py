"""Which sources and doubts a rule names: the `cites`, `confidence` and `doubts` of any table of rules."""

from dataclasses import dataclass

from scoring.model import Cite, Confidence
from scoring.table import Table


@dataclass(frozen=True, slots=True)
class Ruling:
    """By which texts a rule holds, how well it is attested, and what remains in doubt, in words."""

    cites: tuple[Cite, ...]
    confidence: Confidence
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something the sources leave open, in words a user can weigh."""

    id: str
    text: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Sources:
    """What rulings of one file may refer to by key."""

    cites: dict[str, Cite]
    doubts: dict[str, Doubt]


def read_sources(top: Table) -> Sources:
    """The `[source]` and `[[doubt]]` tables of a file.

    Raises:
        RuleError: a doubt names a source that is not there, or an entry is not as it should be.
    """
    named = top.table("source")
    cites = {key: _cite(named.table(key)) for key in named.all_keys()}
    doubts = [_doubt(table, cites) for table in top.tables("doubt")]
    top.once("doubt", (doubt.id for doubt in doubts))
    return Sources(cites, {doubt.id: doubt for doubt in doubts})


def _cite(table: Table) -> Cite:
    cite = Cite(table.text("text"), table.text("url") if table.has("url") else None)
    table.done()
    return cite


def _doubt(table: Table, cites: dict[str, Cite]) -> Doubt:
    for key in table.some_texts("cites"):
        table.known("cites", key, cites, "the key of a [source]")
    doubt = Doubt(table.text("id"), table.text("text"), table.word("confidence", Confidence))
    table.done()
    return doubt


def read_ruling(table: Table, sources: Sources, *more: Cite) -> Ruling:
    """By which texts a table holds; read last, because it closes the table.

    Raises:
        RuleError: it cites nothing, names what is not there, or has a key that nothing asked for.
    """
    cites = [
        sources.cites[table.known("cites", key, sources.cites, "the key of a [source]")]
        for key in table.some_texts("cites")
    ]
    doubts = [
        sources.doubts[table.known("doubts", key, sources.doubts, "the id of a [[doubt]]")].text
        for key in table.texts("doubts")
    ]
    ruling = Ruling((*more, *cites), table.word("confidence", Confidence), tuple(doubts))
    table.done()
    return ruling
