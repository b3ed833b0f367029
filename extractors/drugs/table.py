"""The drug tables: what the codes of RxNorm and the NDC Directory are, with the source and day of each row.

Three files in one folder, gzip CSV with a header: `rxnorm.csv.gz` (products), `ndc.csv.gz` (packages) and
`ingredients.csv.gz`. The product's own stand in `extractors/drug_tables/`; a folder that `pi180 refresh-drugs` made
stands in for it whole. A table is kept as sorted lines and only the rows that are asked for are read.
"""

import csv
import gzip
import hashlib
import io
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from extractors.errors import DrugTableError

RXNORM_FILE, NDC_FILE, INGREDIENT_FILE = "rxnorm.csv.gz", "ndc.csv.gz", "ingredients.csv.gz"
PRODUCT_COLUMNS = ("system", "code", "name", "schedule", "opioid", "class", "source", "as_of")
COLUMNS = {
    RXNORM_FILE: PRODUCT_COLUMNS,
    NDC_FILE: (*PRODUCT_COLUMNS, "rxcui"),
    INGREDIENT_FILE: (*PRODUCT_COLUMNS, "determinate"),
}
"""What each file must have, in any order; what is written has this one."""

_LARGEST_TABLE = 2**29
_SYSTEMS = {RXNORM_FILE: "rxnorm", NDC_FILE: "ndc", INGREDIENT_FILE: "rxnorm"}
SCHEDULES, CLASSES = frozenset({"II", "III", "IV", "V", "none"}), frozenset({"rx", "otc", "device", "unknown"})


@dataclass(frozen=True, slots=True)
class Row:
    """One code. `schedule` II to V or none; `kind` rx, otc, device or unknown; `rxcui` empty unless known of an NDC."""

    code: str
    name: str
    schedule: str
    opioid: int
    kind: str
    source: str
    as_of: str
    rxcui: str = ""
    determinate: bool = True

    @property
    def answer(self) -> tuple[str, int, str]:
        """What decides: schedule, opioid, class."""
        return self.schedule, self.opioid, self.kind


@dataclass(frozen=True, slots=True)
class _Lines:
    """A table as its lines, sorted, each beginning with `system,code,`."""

    file: str
    header: tuple[str, ...]
    lines: tuple[bytes, ...]

    def starting(self, code: str) -> Iterator[Row]:
        """The rows whose code begins with this text, in order."""
        prefix = f"{_SYSTEMS[self.file]},{code}".encode()
        for place in range(bisect_left(self.lines, prefix), len(self.lines)):
            if not self.lines[place].startswith(prefix):
                return
            yield self._row(self.lines[place])

    def all(self) -> Iterator[Row]:
        """Every row."""
        return self.starting("")

    def _row(self, line: bytes) -> Row:
        try:
            text = line.decode()
            cells = dict(zip(self.header, next(csv.reader([text])) if '"' in text else text.split(","), strict=True))
            if cells["schedule"] not in SCHEDULES or cells["class"] not in CLASSES:
                raise ValueError
            opioid = int(cells["opioid"])
        except (ValueError, StopIteration):
            code = line[:40].decode(errors="replace")
            raise DrugTableError(f"{self.file}, {code}: is no row of a drug table. Make the tables again.") from None
        return Row(
            code=cells["code"],
            name=cells["name"],
            schedule=cells["schedule"],
            opioid=opioid,
            kind=cells["class"],
            source=cells["source"],
            as_of=cells["as_of"],
            rxcui=cells.get("rxcui", ""),
            determinate=cells.get("determinate", "1") == "1",
        )


@dataclass(frozen=True)
class DrugTables:
    """The tables of one folder and the SHA-256 over their files. A table is read when it is first asked for."""

    folder: Traversable
    digest: str

    def product(self, rxcui: str) -> Row | None:
        """The product of an RxCUI; None for an ingredient and for what is not known."""
        return _exact(self._products, rxcui)

    def ingredient(self, rxcui: str) -> Row | None:
        """The ingredient, salt or set of ingredients of an RxCUI."""
        return _exact(self._ingredients, rxcui)

    def packages(self, digits: str) -> list[Row]:
        """The packages whose eleven digits begin with these."""
        return list(self._packages.starting(digits))

    def products(self) -> Iterator[Row]:
        """Every product."""
        return self._products.all()

    def ingredients(self) -> Iterator[Row]:
        """Every ingredient."""
        return self._ingredients.all()

    @cached_property
    def _products(self) -> _Lines:
        return _read(self.folder, RXNORM_FILE)

    @cached_property
    def _packages(self) -> _Lines:
        return _read(self.folder, NDC_FILE)

    @cached_property
    def _ingredients(self) -> _Lines:
        return _read(self.folder, INGREDIENT_FILE)


def _exact(table: _Lines, code: str) -> Row | None:
    return next(table.starting(f"{code},"), None) if code.isascii() and code.isdigit() else None


def write_table(folder: Path, name: str, rows: Iterable[Row]) -> None:
    """Write one of the tables: its `COLUMNS`, its rows by code, the same bytes for the same rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS[name])
    for row in sorted(rows, key=lambda one: one.code):
        more = {NDC_FILE: (row.rxcui,), INGREDIENT_FILE: (int(row.determinate),)}.get(name, ())
        plain = " ".join(row.name.split())
        writer.writerow(
            (_SYSTEMS[name], row.code, plain, row.schedule, row.opioid, row.kind, row.source, row.as_of, *more)
        )
    (folder / name).write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))


@cache
def tables(folder: Path | None = None) -> DrugTables:
    """The drug tables of a folder; of the product without one. They are read once in a process.

    Raises:
        DrugTableError: a file is missing.
    """
    place: Traversable = files("extractors") / "drug_tables" if folder is None else folder
    digest = hashlib.sha256()
    for name in sorted(COLUMNS):
        digest.update(_bytes(place, name))
    return DrugTables(place, digest.hexdigest())


def _bytes(folder: Traversable, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError:
        raise DrugTableError(
            f"{folder}: expected {name}, but it cannot be read. Name a folder that pi180 refresh-drugs made."
        ) from None


def _read(folder: Traversable, name: str) -> _Lines:
    try:
        with (folder / name).open("rb") as packed, gzip.open(packed) as handle:
            data = handle.read(_LARGEST_TABLE)
    except (OSError, EOFError, zlib.error):
        raise DrugTableError(f"{name}: expected a gzip file, got a damaged one. Make the tables again.") from None
    if len(data) == _LARGEST_TABLE:
        raise DrugTableError(f"{name}: expected less than {_LARGEST_TABLE} bytes unpacked, got more. Make it again.")
    head, _, body = data.partition(b"\n")
    header = tuple(head.decode(errors="replace").strip().split(","))
    if header[:2] != ("system", "code") or set(COLUMNS[name]) - set(header):
        expected = ", ".join(COLUMNS[name])
        raise DrugTableError(f"{name}, line 1: expected the columns {expected}, got {', '.join(header)[:200]}.")
    return _Lines(name, header, tuple(sorted(body.splitlines())))
