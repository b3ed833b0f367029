"""Drugs as a use case: what codes are and why, and new tables from the official files."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from extractors.drugs.codings import HCPCS, NDC, RXNORM, Coding, Concept
from extractors.drugs.law import law
from extractors.drugs.official import read_directory, read_rxnorm
from extractors.drugs.refresh import Disagreement, Refreshed, refresh, with_retired
from extractors.drugs.resolve import Drug, resolve
from extractors.drugs.table import INGREDIENT_FILE, NDC_FILE, RXNORM_FILE, tables, write_table
from smartapp.errors import UsageError
from smartapp.written import write_text

_SYSTEMS = {"rxnorm": RXNORM, "ndc": NDC, "hcpcs": HCPCS}
_NAMES = {system: name for name, system in _SYSTEMS.items()}
_NOTICE = """This product uses publicly available data courtesy of the U.S. National Library of Medicine (NLM), National
Institutes of Health, Department of Health and Human Services; NLM is not responsible for the product and does not
endorse or recommend this or any other product. The FDA does not endorse it either.
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """A code as it was asked for, and what the tables say of it."""

    asked: str
    system: str
    drug: Drug

    def as_document(self) -> dict[str, Any]:
        """What `pi180 drugs --json` prints of a code."""
        drug = {name: value for name, value in asdict(self.drug).items() if name != "kind"}
        return {"asked": self.asked, **drug, "system": self.system, "class": self.drug.kind}


def look_up(codes: Sequence[str], folder: Path | None) -> list[Looked]:
    """What each code is: `rxnorm:979492`, `ndc:0054-0124-22`, `hcpcs:A4253`, or bare where its form tells the system.

    Raises:
        UsageError: the form of a bare code does not tell its system.
        DrugTableError: the folder holds no drug tables.
    """
    known = tables(folder)
    asked = [(text, _coding(text)) for text in codes]
    return [Looked(text, _NAMES[one.system], resolve(known, Concept((one,)))) for text, one in asked]


def _coding(text: str) -> Coding:
    name, _, code = text.rpartition(":")
    if name.lower() in _SYSTEMS and code:
        return Coding(_SYSTEMS[name.lower()], code)
    if re.fullmatch(r"[0-9]{1,9}", text):
        return Coding(RXNORM, text)
    if re.fullmatch(r"[0-9]{10,11}|[0-9]+(-[0-9]+){1,2}", text):
        return Coding(NDC, text)
    if re.fullmatch(r"[A-Z][0-9]{4}", text):
        return Coding(HCPCS, text)
    raise UsageError(f"{text}: expected an RxCUI, an NDC or an HCPCS code, such as rxnorm:979492 or ndc:0054-0124-22.")


def make_tables(ndc: Path, rxnorm: Path, out: Path, retired: bool) -> Refreshed:
    """Make a folder of drug tables from the official archives, with `review.csv` and the notice that they ask for.

    Args:
        ndc: FDA's `ndctext.zip`.
        rxnorm: NLM's `RxNorm_full_prescribe_MMDDYYYY.zip`.
        out: a folder that is not there yet, or is empty.
        retired: whether to keep the codes that only the product's own tables still have.

    Raises:
        UsageError: the folder holds something.
        DrugTableError: an archive is not as it should be.
    """
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: expected a new or empty folder. Name another with --out.")
    before = tables()
    found = refresh(read_directory(ndc), read_rxnorm(rxnorm), law(), before)
    whole = with_retired(found, before) if retired else found
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in ((RXNORM_FILE, whole.products), (NDC_FILE, whole.packages), (INGREDIENT_FILE, whole.ingredients)):
        write_table(out, name, rows.values())
    write_text(out / "review.csv", _review(found.review))
    write_text(out / "NOTICE.txt", _NOTICE)
    return whole


def _review(rows: Sequence[Disagreement]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["code", "name", "schedule", "cite", "otherwise"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(asdict, rows))
    return text.getvalue()
