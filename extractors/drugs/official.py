"""The official files that drug tables are made of, read from the archives as they are downloaded.

FDA's NDC Directory (`ndctext.zip`: product.txt and package.txt, tab separated, Windows-1252, no quoting) and RxNorm's
current prescribable content (`RxNorm_full_prescribe_MMDDYYYY.zip`: rrf/RXNCONSO.RRF and rrf/RXNSAT.RRF, UTF-8, bars).
Only what RxNorm itself asserts is taken (SAB=RXNORM, not suppressed); other sources in it are licensed.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from extractors.drugs.ndc import package
from extractors.errors import DrugTableError

_LARGEST_MEMBER, _LONGEST_LINE = 2**31, 2**20
_SCHEDULES = {"CII": "II", "CIII": "III", "CIV": "IV", "CV": "V", "": ""}
_PRODUCT_TYPES = frozenset({"SCD", "SBD", "GPCK", "BPCK"})
_INGREDIENT_TYPES = frozenset({"IN", "PIN", "MIN"})
_OTC = "HUMAN OTC DRUG"
_PRODUCT_COLUMNS = (
    "PRODUCTID", "PRODUCTNDC", "PRODUCTTYPENAME", "PROPRIETARYNAME", "NONPROPRIETARYNAME", "DOSAGEFORMNAME",
    "ROUTENAME", "MARKETINGCATEGORYNAME", "SUBSTANCENAME", "ACTIVE_NUMERATOR_STRENGTH", "ACTIVE_INGRED_UNIT",
    "DEASCHEDULE",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """A product as its labeler lists it. `listed` is the labeler's schedule: II to V, empty for none or not stated."""

    product: str
    kind: str
    brand: str
    generic: str
    form: str
    route: str
    homeopathic: bool
    substances: tuple[str, ...]
    strengths: tuple[str, ...]
    units: tuple[str, ...]
    listed: str


@dataclass(frozen=True, slots=True)
class Directory:
    """The NDC Directory: listings by the eleven digits of each package, and the day of the file."""

    packages: Mapping[str, Listing]
    as_of: date


@dataclass(frozen=True, slots=True)
class RxNorm:
    """Names of products and ingredients by RxCUI, the packages of each product, and the day of the release."""

    products: Mapping[str, str]
    ingredients: Mapping[str, str]
    packages: Mapping[str, frozenset[str]]
    as_of: date


def read_directory(archive: Path) -> Directory:
    """Read `ndctext.zip`.

    Raises:
        DrugTableError: it is no such archive, or a column is missing.
    """
    with _opened(archive) as found:
        product, listed = _member(found, archive, "product.txt"), _member(found, archive, "package.txt")
        listings = {row["PRODUCTID"]: _listing(row) for row in _table(found, product, _PRODUCT_COLUMNS)}
        packages = {}
        for row in _table(found, listed, ("PRODUCTID", "NDCPACKAGECODE")):
            digits = package(row["NDCPACKAGECODE"].strip())
            if digits and row["PRODUCTID"] in listings:
                packages[digits] = listings[row["PRODUCTID"]]
        return Directory(packages, date(*product.date_time[:3]))


def read_rxnorm(archive: Path) -> RxNorm:
    """Read `RxNorm_full_prescribe_MMDDYYYY.zip`; the day of the release is in its name, else that of the file in it.

    Raises:
        DrugTableError: it is no such archive.
    """
    with _opened(archive) as found:
        concepts, facts = _member(found, archive, "RXNCONSO.RRF"), _member(found, archive, "RXNSAT.RRF")
        products, ingredients = _concepts(_bars(found, concepts, 17))
        packages: defaultdict[str, set[str]] = defaultdict(set)
        for cells in _bars(found, facts, 12):
            rxcui, attribute, source, value, suppressed = cells[0], cells[8], cells[9], cells[10], cells[11]
            digits = package(value.strip()) if (attribute, source, suppressed) == ("NDC", "RXNORM", "N") else None
            if digits and rxcui in products:
                packages[rxcui].add(digits)
        day = _day_in(archive.name) or date(*concepts.date_time[:3])
        return RxNorm(products, ingredients, {code: frozenset(all_) for code, all_ in packages.items()}, day)


def _concepts(rows: Iterator[list[str]]) -> tuple[dict[str, str], dict[str, str]]:
    products: dict[str, str] = {}
    ingredients: dict[str, str] = {}
    for cells in rows:
        rxcui, language, source, kind, name, suppressed = (cells[at] for at in (0, 1, 11, 12, 14, 16))
        if (language, source, suppressed) != ("ENG", "RXNORM", "N"):
            continue
        if kind in _PRODUCT_TYPES:
            products[rxcui] = name
        elif kind in _INGREDIENT_TYPES:
            ingredients[rxcui] = name
    return products, ingredients


def _listing(row: Mapping[str, str]) -> Listing:
    return Listing(
        product=row["PRODUCTNDC"],
        kind="otc" if row["PRODUCTTYPENAME"] == _OTC else "rx",
        brand=row["PROPRIETARYNAME"].strip(),
        generic=row["NONPROPRIETARYNAME"].strip(),
        form=row["DOSAGEFORMNAME"],
        route=row["ROUTENAME"],
        homeopathic="HOMEOPATHIC" in row["MARKETINGCATEGORYNAME"],
        substances=_parts(row["SUBSTANCENAME"]),
        strengths=_parts(row["ACTIVE_NUMERATOR_STRENGTH"]),
        units=_parts(row["ACTIVE_INGRED_UNIT"]),
        listed=_SCHEDULES.get(row["DEASCHEDULE"].strip(), "I"),
    )


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";")) if cell.strip() else ()


@contextmanager
def _opened(archive: Path) -> Iterator[ZipFile]:
    try:
        with ZipFile(archive) as found:
            yield found
    except (OSError, BadZipFile, NotImplementedError, RuntimeError, EOFError) as problem:
        got = type(problem).__name__
        raise DrugTableError(
            f"{archive.name}: expected the ZIP archive as it is downloaded, got {got}. Download it again."
        ) from None


def _member(found: ZipFile, archive: Path, name: str) -> ZipInfo:
    members = [one for one in found.infolist() if one.filename.rpartition("/")[2].lower() == name.lower()]
    if len(members) != 1:
        raise DrugTableError(
            f"{archive.name}: expected one file {name} in it, got {len(members)}. Take the official archive."
        )
    if members[0].file_size > _LARGEST_MEMBER:
        raise DrugTableError(
            f"{archive.name}, {name}: expected at most {_LARGEST_MEMBER} bytes. Take the official archive."
        )
    return members[0]


def _lines(found: ZipFile, member: ZipInfo, encoding: str) -> Iterator[str]:
    with found.open(member) as handle:
        yield from (
            line.decode(encoding, errors="replace").rstrip("\r\n") for line in _limited(handle, member.filename)
        )


def _limited(handle: IO[bytes], name: str) -> Iterator[bytes]:
    while line := handle.readline(_LONGEST_LINE):
        if len(line) >= _LONGEST_LINE:
            raise DrugTableError(f"{name}: expected lines of text, got one of more than {_LONGEST_LINE} bytes.")
        yield line


def _table(found: ZipFile, member: ZipInfo, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    lines = _lines(found, member, "cp1252")
    header = [name.strip() for name in next(lines, "").split("\t")]
    missing = [name for name in columns if name not in header]
    if missing:
        raise DrugTableError(
            f"{member.filename}, line 1: expected the columns {', '.join(missing)}, but they are missing."
        )
    for line in lines:
        cells = line.split("\t")
        yield {**dict.fromkeys(columns, ""), **dict(zip(header, cells, strict=False))}


def _bars(found: ZipFile, member: ZipInfo, width: int) -> Iterator[list[str]]:
    for number, line in enumerate(_lines(found, member, "utf-8"), 1):
        cells = line.split("|")
        if len(cells) < width:
            raise DrugTableError(
                f"{member.filename}, line {number}: expected {width} fields or more, got {len(cells)}."
            )
        yield cells


def _day_in(name: str) -> date | None:
    stated = re.search(r"_(\d{2})(\d{2})(\d{4})\.", name)
    try:
        return date(int(stated[3]), int(stated[1]), int(stated[2])) if stated else None
    except ValueError:
        return None
