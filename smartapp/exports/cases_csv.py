"""The cases as CSV, one line each, for a spreadsheet.

RFC 4180, UTF-8 without byte order mark. A cell that a spreadsheet could take for a formula gets an
apostrophe before it (OWASP ASVS 1.2.10).
"""

import csv
import io
from collections.abc import Iterable

from smartapp.exports.cells import safe
from smartapp.opened.evidence import CaseRow, Witness

_COLUMNS = (
    "measure",
    "variant",
    "tin",
    "npi",
    "focus",
    "place",
    "patient",
    "occurred",
    "counts",
    "counts_in_group",
    "met",
    "met_on",
    "reason",
)


def cases_csv(rows: Iterable[CaseRow]) -> str:
    """One line per case of the period, evidence in the last column."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*_COLUMNS, "evidence"])
    for row in rows:
        cells = [getattr(row, name) for name in _COLUMNS]
        writer.writerow([safe(cell) for cell in (*cells, "; ".join(map(_witness, row.evidence)))])
    return out.getvalue()


def _witness(witness: Witness) -> str:
    if witness.source is None:
        return f"{witness.kind}: nothing on record"
    return f"{witness.kind}: {witness.answer} by {witness.source} ({witness.grade}, {witness.place})"
