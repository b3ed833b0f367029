"""Rows of ingredients: an ingredient's code answers only for what all its products share.

Codeine alone is Schedule II, with acetaminophen III, in a cough syrup V: its code decides nothing. Ibuprofen is sold
with and without prescription: whether an order of it needs one is not known.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from extractors.drugs.law import Law, generic
from extractors.drugs.names import words
from extractors.drugs.resolve import UNKNOWN
from extractors.drugs.table import Row

_MIXED = "class_mixed"


@dataclass(slots=True)
class Names:
    """Distinct names of products with the classes and schedules that are said of them, found by their words."""

    answers: dict[tuple[str, ...], set[tuple[str, str]]] = field(default_factory=dict)
    by_word: defaultdict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, rows: Iterable[Row]) -> None:
        """Take products or packages in."""
        for row in rows:
            name = tuple(words(row.name))
            kinds = ("rx", "otc") if _MIXED in row.source else (row.kind,)
            self.answers.setdefault(name, set()).update((row.schedule, kind) for kind in kinds)
            for word in name:
                self.by_word[word].add(name)

    def having(self, phrase: tuple[str, ...]) -> set[tuple[str, str]]:
        """What is said of all products in whose name these words stand together: schedules with classes."""
        among = min((self.by_word.get(word, set()) for word in phrase), key=len, default=set())
        found = (name for name in among if _together(name, phrase))
        return {answer for name in found for answer in self.answers[name]}


def _together(name: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    return any(name[at : at + len(phrase)] == phrase for at in range(len(name) - len(phrase) + 1))


def kind_of(name: str, products: Names) -> str:
    """The class that all products with any ingredient of a name share; unknown where they differ or there are none."""
    kinds = {kind for part in generic(name).split(" / ") for _, kind in products.having(tuple(words(part)))}
    return next(iter(kinds)) if len(kinds) == 1 else UNKNOWN


def ingredient_rows(named: Mapping[str, str], products: Names, law: Law, source: str, as_of: str) -> list[Row]:
    """Rows of ingredients, salts and sets of ingredients.

    An ingredient is determinate when the law knows no preparation of it apart and all its products have its schedule.

    Args:
        named: names by RxCUI.
        products: every product and package that is known.
        law: the schedules.
        source: what to write as the source of each row.
        as_of: the day of the codes.
    """
    return [
        _row(rxcui, name, products, law, Row("", "", "none", 0, UNKNOWN, source, as_of))
        for rxcui, name in named.items()
    ]


def _row(rxcui: str, name: str, products: Names, law: Law, bare: Row) -> Row:
    ruling = law.ruling(name)
    schedules = {s for s, _ in products.having(tuple(words(generic(name))))} if ruling.schedule != "none" else {"none"}
    return replace(
        bare,
        code=rxcui,
        name=name,
        schedule=ruling.schedule,
        opioid=ruling.opioid,
        kind=kind_of(name, products),
        determinate=not law.varies(name) and schedules <= {ruling.schedule},
    )
