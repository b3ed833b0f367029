"""Drug codes to schedule, opioid and class, from the dated tables in `drug_tables/`.

A code that the tables do not know is unknown, never "not controlled" and never "needs no prescription".
HCPCS codes are supplies. Sources, dates, terms and gaps: `drug_tables/README.md`.
"""

import csv
import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from extractors.directory import NDC, RXNORM

_OIDS = {"urn:oid:2.16.840.1.113883.6.88": RXNORM, "urn:oid:2.16.840.1.113883.6.69": NDC}
_HCPCS_OID = "urn:oid:2.16.840.1.113883.6.285"
_FILES = {RXNORM: "rxnorm.csv.gz", NDC: "ndc.csv.gz"}
_HYPHENATED = {(4, 4, 2): "0{}{}{}", (5, 3, 2): "{}0{}{}", (5, 4, 1): "{}{}0{}", (5, 4, 2): "{}{}{}"}
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Drug:
    """What a code is. `schedule` II to V, none or unknown; `kind` rx, otc, supply or unknown, with the reason."""

    schedule: str
    opioid: int
    kind: str
    reason: str
    source: str = ""


def resolve(system: str, code: str) -> Drug:
    """What one code of one system is; empty texts mean that the order is not coded."""
    if not code:
        return Drug(_UNKNOWN, 0, _UNKNOWN, "the drug is not coded")
    if "hcpcs" in system.lower() or system == _HCPCS_OID:
        return Drug("none", 0, "supply", "HCPCS codes are supplies and services")
    system = _OIDS.get(system, system)
    if system not in _FILES:
        return Drug(_UNKNOWN, 0, _UNKNOWN, "the drug is coded in a system other than RxNorm or NDC")
    rows = [row for form in _forms(system, code) if (row := _table(system).get(form)) is not None]
    if not rows or any(row[:3] != rows[0][:3] for row in rows):
        return Drug(
            _UNKNOWN,
            0,
            _UNKNOWN,
            f"the {'RxNorm' if system == RXNORM else 'NDC'} code is not in the drug table",
        )
    schedule, opioid, kind, source = rows[0]
    reason = "whether it needs a prescription is not known" if kind == _UNKNOWN else ""
    return Drug(schedule, opioid, kind, reason, source)


def _forms(system: str, code: str) -> Iterator[str]:
    """The spellings under which the table may hold a code: NDC is 11 digits there, and 10 bare digits have three."""
    parts = code.split("-")
    if system != NDC:
        yield code
    elif len(parts) == 3 and all(p.isdigit() for p in parts) and tuple(map(len, parts)) in _HYPHENATED:
        yield _HYPHENATED[len(parts[0]), len(parts[1]), len(parts[2])].format(*parts)
    elif re.fullmatch(r"\d{11}", code):
        yield code
    elif re.fullmatch(r"\d{10}", code):
        yield from ("0" + code, code[:5] + "0" + code[5:], code[:9] + "0" + code[9:])


@cache
def _table(system: str) -> dict[str, tuple[str, int, str, str]]:
    data = gzip.decompress((files("extractors") / "drug_tables" / _FILES[system]).read_bytes()).decode()
    rows = csv.DictReader(data.splitlines())
    return {r["code"]: (r["schedule"], int(r["opioid"]), r["class"], f"{r['source']} {r['as_of']}") for r in rows}


def drug_rows(codes: Iterable[tuple[str, str]]) -> list[dict[str, str | int]]:
    """One row of table `drug` for each (system, code)."""
    found = ((system, code, resolve(system, code)) for system, code in sorted(set(codes)))
    return [
        {
            "code_system": s,
            "code": c,
            "schedule": d.schedule,
            "opioid": d.opioid,
            "class": d.kind,
            "reason": d.reason,
        }
        for s, c, d in found
    ]


@cache
def digest() -> str:
    """SHA-256 over the drug tables in use."""
    data = b"".join((files("extractors") / "drug_tables" / name).read_bytes() for name in sorted(_FILES.values()))
    return hashlib.sha256(data).hexdigest()
