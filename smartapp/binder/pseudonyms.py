"""A run under pseudonyms, to be shown outside of the practice: it counts and scores the same, and names no patient.

Every id of a resource, every identifier and every file name becomes a keyed code (HMAC-SHA-256); the same one has the
same code everywhere, so that rows, evidence and inputs still belong together. Only the practice, which keeps the key,
can tell whose a code is, by making the codes of its own records anew. Days of service, TINs and NPIs stay: this is no
de-identified data set in the sense of 45 CFR 164.514.
"""

import hmac
import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from extractors.cases import Tally
from extractors.decode import type_of
from extractors.site import Site
from smartapp.errors import UsageError
from smartapp.kept.archive import open_run, open_score
from smartapp.kept.runs import COUNTED, table_file, write_period
from smartapp.kept.score_files import score_document_of, score_texts
from smartapp.opened.evidence import case_rows
from smartapp.scored import Scored
from smartapp.signing_key import write_new
from smartapp.written import as_json, write_text

_KEY_BYTES, _DIGITS = 32, 20
_TYPED = re.compile(r"([A-Z][A-Za-z]*)[/?]")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile("[0-9]{9,10}")

_IDS = frozenset({"focus", "source", "patient", "key", "identifier"})
_FILES = frozenset({"file"})
_REPORTERS = frozenset({"tin", "npi"})
_AS_IT_IS = frozenset(
    {"measure", "kind", "answer", "grade", "rule", "trait", "member", "controlled", "met", "rests_on", "why"}
    | {"day", "day_from", "day_to", "until_day", "occurred", "occurred_to", "context_before", "context_after"}
    | {"met_from", "met_on", "line", "entry", "certain", "sure", "others", "in_group", "of_group", "answered"}
)
"""Columns that hold words of our own, codes, days and counts. A column that is named nowhere here is refused."""

NOT_SHOWN = "not shown"
"""What stands in place of words that somebody chose."""

_LEDGER_WORDS = frozenset({"source", "state", "query"})


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """The practice's secret; what it prints tells nothing of it."""

    raw: bytes = field(repr=False)

    def code(self, sort: str, value: str) -> str:
        """The code of a value of one sort, 20 hexadecimal digits."""
        return hmac.new(self.raw, f"{sort}\0{value}".encode("utf-8", "surrogatepass"), sha256).hexdigest()[:_DIGITS]

    def of_id(self, key: str) -> str:
        """The code of a resource's key, behind its type where it names one of R4: any other word may be a name."""
        typed = _TYPED.match(key)
        kind = typed[1] if typed and type_of(typed[1]) else "Unnamed"
        return f"{kind}/{self.code('id', key)}"

    def of_unit(self, unit: str, patient: str | None) -> str:
        """The code of what is counted once; the day stays of a session, which is the key of its patient and a day."""
        day = unit.removeprefix(f"{patient} ")
        return f"{self.of_id(patient)} {day}" if patient and _DAY.fullmatch(day) else self.of_id(unit)

    def of_file(self, name: str) -> str:
        """The code of a file's name."""
        return f"file-{self.code('file', name)}"

    def of_person(self, name: str) -> str:
        """The code of the name of somebody of the practice."""
        return f"person-{self.code('person', name)}"

    def of_reporter(self, number: str) -> str:
        """A TIN or NPI as it is; whatever else stands in its place, as a code."""
        return number if _NUMBER.fullmatch(number) else self.code("reporter", number)


def new_pseudonym_key(place: Path) -> None:
    """Make a key in a file for its owner alone.

    Raises:
        UsageError: the file is there already.
    """
    write_new(place, f"{token_hex(_KEY_BYTES)}\n".encode())


def read_pseudonym_key(place: Path) -> PseudonymKey:
    """Read a key.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        text = place.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise UsageError(f"{place}: cannot be read. Make a key with: pi180 pseudonym-key new FILE") from None
    if not re.fullmatch(f"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise UsageError(f"{place.name}: expected a key of pi180 pseudonym-key new, got something else.")
    return PseudonymKey(bytes.fromhex(text))


def under_pseudonyms(scored: Scored, place: Path, root: Path, key: PseudonymKey) -> Path:
    """Write the run of a score anew below `root`, under pseudonyms, with this score alone; return the score's folder.

    Args:
        scored: the score, open.
        place: its folder, `runs/<fingerprint>/<period>/<reporter>`.
        root: an empty folder, the caller's to remove.
        key: the practice's.

    Raises:
        UsageError: it does not come to the same numbers, or holds something that is not known to be harmless.
    """
    run, made = place.parent.parent, root / place.parent.parent.name
    made.mkdir(mode=0o700)
    site = scored.reading.site
    change = _Change(key, frozenset(one.why for one in site.standing))
    for table in COUNTED:
        pq.write_table(change.table(pq.read_table(table_file(run, table))), table_file(made, table))
    for file in (*run.glob("profile*.toml"), run / "rules.toml"):
        shutil.copyfile(file, made / file.name)
    coded = _site(site, key)
    write_text(made / "site.json", as_json(coded.as_document()))
    told = _told(json.loads((run / "run.json").read_text(encoding="utf-8")), key)
    write_text(made / "run.json", as_json({**told, "site": {**told["site"], "digest": coded.digest}}))
    target = made / place.parent.name / place.name
    _write_score(target, place, scored, key)
    return target


def _write_score(target: Path, place: Path, scored: Scored, key: PseudonymKey) -> None:
    made = target.parent.parent
    with open_run(made, scored.reading.period) as reading:
        if _counts(reading.tallies, key) != _counts(scored.reading.tallies, key):
            raise UsageError("Under pseudonyms the run does not count the same. Make the binder without --pseudonyms.")
        write_period(made, reading)
    target.mkdir(mode=0o700)
    answers = json.loads((place / "attestations.json").read_text(encoding="utf-8"))
    write_text(target / "attestations.json", as_json(_answers(answers, key)))
    with open_score(target) as same:
        first, second = ({**score_document_of(one), "blocked": []} for one in (scored, same))  # that names files
        if first != second:
            raise UsageError("Under pseudonyms the score is not the same. Make the binder without --pseudonyms.")
        for name, text in score_texts(same, case_rows(same.reading)).items():
            write_text(target / name, text)


def _counts(tallies: Iterable[Tally], key: PseudonymKey) -> list[tuple[str, ...]]:
    """Every number by what it is of, in an order that names do not change."""

    def plain(value: object) -> str:
        return key.of_reporter(value) if isinstance(value, str) else ""

    return sorted(
        (t.measure, t.variant, plain(t.tin), plain(t.npi), str((t.met, t.denominator, t.unknown, t.undecided)))
        for t in tallies
    )


def _site(site: Site, key: PseudonymKey) -> Site:
    """The settings with codes for the practice's own places, and without what somebody worded."""
    return replace(
        site,
        tin_map={key.of_id(place): tin for place, tin in site.tin_map.items()},
        shared_ehr=frozenset(map(key.of_id, site.shared_ehr)),
        standing=tuple(replace(one, why=NOT_SHOWN) for one in site.standing),
    )


def _answers(answers: Mapping[str, Any], key: PseudonymKey) -> dict[str, Any]:
    """The answers with codes for people and products, and without the names of the EHR's reports."""
    coded = dict(answers)
    if "people" in coded:
        coded["people"] = {measure: key.of_person(name) for measure, name in coded["people"].items()}
    if "reported" in coded:
        coded["reported"] = {name: {**total, "report": NOT_SHOWN} for name, total in coded["reported"].items()}
    if "products" in coded.get("cehrt", {}):
        products = [f"product-{key.code('product', name)}" for name in coded["cehrt"]["products"]]
        coded["cehrt"] = {**coded["cehrt"], "products": products}
    return coded


@dataclass(frozen=True, slots=True)
class _Change:
    """How tables are written anew; `worded` are the practice's own reasons for what holds by its policy."""

    key: PseudonymKey
    worded: frozenset[str]

    def table(self, found: pa.Table) -> pa.Table:
        """A table under pseudonyms.

        Raises:
            UsageError: a column is not known to be harmless.
        """
        changed = found
        for position, name in enumerate(found.column_names):
            values = self._values(found, name)
            if values is not None:
                changed = changed.set_column(position, name, pa.array(values, found.schema.field(name).type))
        return changed.replace_schema_metadata(None)

    def _values(self, found: pa.Table, name: str) -> list[str | None] | None:
        """A column's values, None where they stay as they are."""
        if name == "unit":
            pairs = zip(found[name].to_pylist(), found["patient"].to_pylist(), strict=True)
            return [unit if unit is None else self.key.of_unit(unit, patient) for unit, patient in pairs]
        change = self._change(name)
        return None if change is None else [v if v is None else change(v) for v in found[name].to_pylist()]

    def _change(self, column: str) -> Callable[[str], str] | None:
        if column in _IDS:
            return self.key.of_id
        if column in _FILES:
            return self.key.of_file
        if column in _REPORTERS:
            return self.key.of_reporter
        if column == "reason":
            return lambda reason: NOT_SHOWN if reason in self.worded else reason
        if column not in _AS_IT_IS:
            raise UsageError(
                f"{column}: this column is not known to be harmless. Make the binder without --pseudonyms."
            )
        return None


def _told(run: Mapping[str, Any], key: PseudonymKey) -> dict[str, Any]:
    """What run.json says, with file names as codes and without what somebody else worded."""
    told = {name: value for name, value in run.items() if name != "faults"}
    told["files"] = [{**row, "file": key.of_file(row["file"])} for row in run["files"]]
    told["ledger"] = [{name: _ledger_value(name, value, key) for name, value in row.items()} for row in run["ledger"]]
    rows = [{**row, "file": key.of_file(row["file"])} for row in run["quarantine"]["rows"]]
    return {**told, "quarantine": {**run["quarantine"], "rows": rows}}


def _ledger_value(name: str, value: Any, key: PseudonymKey) -> Any:
    """Lists are what a server or a check of R4 worded: they are left out."""
    is_ours = name in _LEDGER_WORDS or (name == "type" and type_of(str(value)) is not None)
    if isinstance(value, str) and not is_ours:
        return key.code(name, value)
    return [] if isinstance(value, list) else value
