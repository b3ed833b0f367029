"""Names of drugs as people and tables write them: which ingredients a text names, and whether it is of another drug.

RxNorm writes `acetaminophen 325 MG / hydrocodone bitartrate 5 MG Oral Tablet [Norco]`: ingredients parted by a slash,
the brand in brackets. An order may display a brand, an abbreviation or free words instead, and none of these is a
contradiction. Only an ingredient that the tables know, and that is not one of the code's, is.
"""

import re
from functools import cache

from extractors.drugs.table import DrugTables

_WORD = re.compile(r"[a-z][a-z0-9'-]*[a-z0-9]|[a-z]")
_STRENGTH = re.compile(r"[0-9]")
_TELLING = 4
"""Letters from which on a word tells a drug from others."""
_STEM = 8
"""Letters by which a word is recognized that is cut short or stands in the plural."""

NOT_TELLING = frozenset(
    _WORD.findall("""
    hydrochloride hcl sulfate sodium potassium calcium magnesium maleate tartrate bitartrate besylate phosphate acetate
    mesylate fumarate succinate citrate bromide hydrobromide chloride nitrate anhydrous monohydrate dihydrate trihydrate
    medoxomil axetil tromethamine propionate dipropionate furoate valerate lactate gluconate pamoate acid ester ethyl
    human extended release delayed oral tablet tablets capsule capsules solution suspension injection injectable spray
    nasal topical cream ointment lotion patch transdermal system film sublingual buccal rectal vaginal ophthalmic otic
    inhaler inhalation metered dose powder liquid syrup elixir drops prefilled syringe cartridge pack actuat hour vial
    chewable disintegrating coated with without and for free each daily unit units product intravenous subcutaneous
    """)
)
"""Salts, forms and other words that many drugs share."""


def words(text: str) -> list[str]:
    """The words of a name in lower case, numbers left out."""
    return _WORD.findall(text.lower())


def names_another(tables: DrugTables, said: str, name: str) -> bool:
    """Whether a text names a known ingredient and nothing that occurs in a table's name of the code.

    A table's name that is a mere brand says no ingredient, and nothing can contradict it.
    """
    told, named = words(said), words(name)
    if _share(told, named) or not (_STRENGTH.search(name) or _names_any(tables, named)):
        return False
    return _names_any(tables, told)


def _names_any(tables: DrugTables, told: list[str]) -> bool:
    return any(_mentions(told, known) for first in set(told) for known in _known(tables).get(first, ()))


def _share(told: list[str], named: list[str]) -> bool:
    """Whether a telling word of one occurs in the other, be it cut short or in the plural."""
    telling = {word[:_STEM] for word in named if len(word) >= _TELLING and word not in NOT_TELLING}
    return any(word[:_STEM] in telling for word in told if word not in NOT_TELLING)


def _mentions(told: list[str], known: tuple[str, ...]) -> bool:
    return any(tuple(told[at : at + len(known)]) == known for at in range(len(told) - len(known) + 1))


@cache
def _known(tables: DrugTables) -> dict[str, list[tuple[str, ...]]]:
    """The names of single ingredients and their salts as words, by the first; those that tell nothing are left out.

    Only RxNorm's own are sure to be ingredients: other sources have brands under such codes.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    for row in tables.ingredients():
        name = tuple(words(row.name))
        tells = any(len(word) >= _TELLING and word not in NOT_TELLING for word in name)
        if tells and row.source.startswith("rxnorm") and " / " not in row.name:
            found.setdefault(name[0], []).append(name)
    return found
