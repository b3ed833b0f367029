"""New drug tables from the official files: the schedule by the law on the name, the labelers' own words as the check.

A listing's schedule is never taken as truth: many are blank or out of date. Where a listing, a package and its product,
or the tables in use disagree with the law, the row goes to review, for a person to read before the tables are used.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from extractors.drugs.ingredients import Names, ingredient_rows
from extractors.drugs.law import Law, Ruling, generic
from extractors.drugs.names import NOT_TELLING, words
from extractors.drugs.ndc import PRODUCT_DIGITS
from extractors.drugs.official import Directory, Listing, RxNorm
from extractors.drugs.table import DrugTables, Row

_LONGEST_NAME = 80
_ENOUGH = 0.9
"""Share of listings that have to agree for a product of the same ingredients that has none itself."""

_PER_ML = re.compile(r"(mg|ug|g)/([\d.]*)ml$", re.IGNORECASE)
_MILLI = {"mg": 1.0, "ug": 0.001, "g": 1000.0}
_LIQUID = re.compile(r"solution|syrup|liquid|elixir|suspension|concentrate|drops")
_FORMS = ("inject", "ophthalmic", "otic", "inhal", "nasal", "rectal", "vaginal", "transdermal", "topical", "oral")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What a person has to read before use: a code, what the law makes of it, and what says otherwise."""

    code: str
    name: str
    schedule: str
    cite: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The rows of the three tables by code, and what is to be reviewed."""

    products: Mapping[str, Row]
    packages: Mapping[str, Row]
    ingredients: Mapping[str, Row]
    review: tuple[Disagreement, ...]


def refresh(directory: Directory, rxnorm: RxNorm, law: Law, before: DrugTables) -> Refreshed:
    """Make the tables anew; `before` only tells what changed."""
    listings = _listings(directory, rxnorm)
    products = _with_classes(_scheduled(rxnorm, law, listings), listings)
    listed = {digits: _listed(digits, one, law, directory) for digits, one in directory.packages.items()}
    packages = {**listed, **_coded(rxnorm, products, directory)}
    names = Names()
    names.add(products.values())
    named = {code: name for code, name in rxnorm.ingredients.items() if not law.forbids(name)}
    found = ingredient_rows(named, names, law, "rxnorm-prescribe;cfr-1308;class:all-products", str(rxnorm.as_of))
    review = [
        *_against_listings(products, listings, law),
        *_against_labels(listed, directory, law),
        *_against_products(listed, packages),
        *_against_before(products, before, law),
    ]
    ingredients = {row.code: row for row in found}
    return Refreshed(products, packages, ingredients, tuple(dict.fromkeys(review)))


def with_retired(new: Refreshed, before: DrugTables) -> Refreshed:
    """The same with the codes that the official files have no more: old orders still carry them."""
    known = {**new.products, **new.ingredients}
    old = (row for row in before.products() if row.code not in known)
    parts = (row for row in before.ingredients() if row.code not in known)
    packages = {row.code: row for row in before.packages("") if row.code not in new.packages}
    return replace(
        new,
        products={**{row.code: row for row in old}, **new.products},
        packages={**packages, **new.packages},
        ingredients={**{row.code: row for row in parts}, **new.ingredients},
    )


def _listings(directory: Directory, rxnorm: RxNorm) -> dict[str, list[Listing]]:
    """The listings of each product, once each: by its packages, or by other packages of the same product."""
    by_product: defaultdict[str, dict[str, Listing]] = defaultdict(dict)
    for digits, one in directory.packages.items():
        by_product[digits[:PRODUCT_DIGITS]][one.product] = one
    found: dict[str, list[Listing]] = {}
    for rxcui, packages in rxnorm.packages.items():
        each: dict[str, Listing] = {}
        for digits in sorted(packages):
            same = directory.packages.get(digits)
            each |= {same.product: same} if same else by_product.get(digits[:PRODUCT_DIGITS], {})
        found[rxcui] = list(each.values())
    return found


def _scheduled(rxnorm: RxNorm, law: Law, listings: Mapping[str, list[Listing]]) -> dict[str, Row]:
    rows = {}
    for rxcui, name in rxnorm.products.items():
        if not law.forbids(name):
            ruling = law.ruling(name)
            agree = sum((one.listed or "none") == ruling.schedule for one in listings.get(rxcui, []))
            check = f";fda-ndc:{agree}/{len(listings[rxcui])}" if listings.get(rxcui) else ""
            source = f"rxnorm-prescribe;cfr-1308{check}"
            rows[rxcui] = Row(rxcui, name, ruling.schedule, ruling.opioid, "unknown", source, str(rxnorm.as_of))
    return rows


def _with_classes(rows: Mapping[str, Row], listings: Mapping[str, list[Listing]]) -> dict[str, Row]:
    """Each product with its class: by its own listings, else those of the same generic name, drug or form."""
    generics: defaultdict[str, Counter[str]] = defaultdict(Counter)
    alike: defaultdict[tuple[frozenset[str], str], Counter[str]] = defaultdict(Counter)
    own = {rxcui: Counter(one.kind for one in listings.get(rxcui, []) if not one.homeopathic) for rxcui in rows}
    for rxcui, row in rows.items():
        generics[generic(row.name)].update(own[rxcui])
        alike[_likeness(row.name)].update(own[rxcui])
    found = {}
    for rxcui, row in rows.items():
        ways = (
            ("fda-ndc", _most(own[rxcui], 0.5)),
            ("same-generic", _most(generics[generic(row.name)], 0.5)),
            ("controlled", "rx" if row.schedule in ("II", "III", "IV") else None),
            ("ingredient-form", _most(alike[_likeness(row.name)], _ENOUGH)),
            ("none", "unknown"),
        )
        how, kind = next((how, kind) for how, kind in ways if kind)
        mixed = ";class_mixed" if len(own[rxcui]) > 1 else ""
        found[rxcui] = replace(row, kind=kind, source=f"{row.source};class:{how}{mixed}")
    return found


def _most(votes: Counter[str], share: float) -> str | None:
    """What at least this share says; on a tie, that a prescription is needed."""
    best = max(sorted(votes, reverse=True), key=lambda kind: votes[kind], default=None)
    return best if best and votes[best] >= share * votes.total() else None


def _likeness(name: str) -> tuple[frozenset[str], str]:
    plain = generic(name)
    form = next((form for form in _FORMS if form in plain), "")
    return frozenset(word for word in words(plain) if len(word) > 3 and word not in NOT_TELLING), form


def _listed(digits: str, one: Listing, law: Law, directory: Directory) -> Row:
    ruling = _ruling(one, law)
    same = one.brand.lower() == one.generic.lower()
    name = one.brand if same or not one.generic else f"{one.brand} ({one.generic})"
    check = "" if (one.listed or "none") == ruling.schedule else f";listed:{one.listed or 'blank'};cfr-1308"
    source = f"fda-ndc{check}"
    return Row(digits, name[:_LONGEST_NAME], ruling.schedule, ruling.opioid, one.kind, source, str(directory.as_of))


def _ruling(one: Listing, law: Law) -> Ruling:
    if one.homeopathic:
        return Ruling("none", 0, "homeopathic")
    if "paregoric" in f"{one.brand} {one.generic}".lower():
        return law.ruling("paregoric")
    return law.ruling(_as_rxnorm(one) if one.substances else one.generic)


def _as_rxnorm(one: Listing) -> str:
    """A listing the way RxNorm writes names, so that one law reads both."""
    parts = []
    for at, substance in enumerate(one.substances):
        known = at < len(one.strengths) and at < len(one.units)
        parts.append(f"{substance} {_strength(one.strengths[at], one.units[at])}" if known else substance)
    form = one.form.lower()
    if "ORAL" in one.route and _LIQUID.search(form) and not re.search("capsule|tablet", form):
        form = "extended release suspension" if "extended" in form else "oral solution"
    return " / ".join(part.strip().lower() for part in parts) + " " + form


def _strength(number: str, unit: str) -> str:
    per_ml = _PER_ML.match(unit)
    try:
        amount, volume = float(number), float((per_ml and per_ml[2]) or 1)
    except ValueError:
        return ""
    if per_ml and volume:
        return f"{amount * _MILLI[per_ml[1].lower()] / volume:.4g} mg/ml"
    return f"{number} {unit.partition('/')[0]}"


def _coded(rxnorm: RxNorm, products: Mapping[str, Row], directory: Directory) -> dict[str, Row]:
    """Packages of which RxNorm says the product; the class is that of the package's own listing, if any."""
    found = {}
    for rxcui in sorted(rxnorm.packages):
        for digits in rxnorm.packages[rxcui] if rxcui in products else ():
            row, listed = products[rxcui], directory.packages.get(digits)
            kind, how = (listed.kind, ";class:fda-ndc") if listed else (row.kind, "")
            name, source = row.name[:_LONGEST_NAME], f"rxnorm-prescribe{how}"
            found[digits] = replace(row, code=digits, name=name, kind=kind, source=source, rxcui=rxcui)
    return found


def _against_listings(
    products: Mapping[str, Row], listings: Mapping[str, list[Listing]], law: Law
) -> Iterator[Disagreement]:
    for rxcui, row in products.items():
        votes = Counter(one.listed or "blank" for one in listings.get(rxcui, []) if not one.homeopathic)
        stated = {schedule: number for schedule, number in votes.items() if schedule not in ("blank", row.schedule)}
        if stated and max(stated.values()) > votes[row.schedule]:
            yield _to_read(row, law, f"listed as {', '.join(f'{k} ({n})' for k, n in sorted(votes.items()))}")


def _against_labels(listed: Mapping[str, Row], directory: Directory, law: Law) -> Iterator[Disagreement]:
    seen = set()
    for digits, row in listed.items():
        one = directory.packages[digits]
        if one.listed not in ("", row.schedule) and one.product not in seen:
            seen.add(one.product)
            yield Disagreement(one.product, row.name, row.schedule, _ruling(one, law).cite, f"listed as {one.listed}")


def _against_products(listed: Mapping[str, Row], packages: Mapping[str, Row]) -> Iterator[Disagreement]:
    for digits, row in listed.items():
        coded = packages[digits]
        if coded.schedule != row.schedule:
            said = f"its product RxCUI {coded.rxcui} is {coded.schedule}"
            yield Disagreement(digits, row.name, row.schedule, "", said)


def _against_before(products: Mapping[str, Row], before: DrugTables, law: Law) -> Iterator[Disagreement]:
    for rxcui, row in products.items():
        was = before.product(rxcui)
        if was is not None and (was.schedule, was.opioid) != (row.schedule, row.opioid):
            yield _to_read(row, law, f"was {was.schedule}{', opioid' if was.opioid else ''} as of {was.as_of}")


def _to_read(row: Row, law: Law, otherwise: str) -> Disagreement:
    return Disagreement(row.code, row.name, row.schedule, law.ruling(row.name).cite, otherwise)
