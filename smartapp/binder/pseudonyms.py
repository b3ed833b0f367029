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
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from extractors.cases import Tally
from smartapp.kept.archive import open_run, open_score
from smartapp.kept.runs import COUNTED, as_json, table_file, write_period, write_text
from smartapp.kept.score_files import score_document_of, score_texts
from smartapp.opened.evidence import case_rows
from smartapp.scored import Scored
from smartapp.signing_key import write_new
from smartapp.usecases import UsageError

_KEY_BYTES, _DIGITS = 32, 20
_TYPED = re.compile(r"([A-Z][A-Za-z]*)[/?]")
_ON_A_DAY = re.compile(r"(?P<key>.*) (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})", re.DOTALL)
_NUMBER = re.compile("[0-9]{9,10}")

_IDS = frozenset({"focus", "source", "patient", "key", "unit", "identifier"})
_FILES = frozenset({"file"})
_REPORTERS = frozenset({"tin", "npi"})
_AS_IT_IS = frozenset(
    {"measure", "kind", "answer", "grade", "rule", "reason", "trait", "member", "controlled", "met", "rests_on", "why"}
    | {"day", "day_from", "day_to", "until_day", "occurred", "occurred_to", "context_before", "context_after"}
    | {"met_from", "met_on", "line", "entry", "certain", "sure", "others", "in_group", "of_group", "answered"}
)
"""Columns that hold words of our own, codes, days and counts. A column that is named nowhere here is refused."""

_LEDGER_WORDS = frozenset({"source", "type", "state", "query"})


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """The practice's secret; what it prints tells nothing of it."""

    raw: bytes = field(repr=False)

    def code(self, sort: str, value: str) -> str:
        """The code of a value of one sort, 20 hexadecimal digits."""
        return hmac.new(self.raw, f"{sort}\0{value}".encode("utf-8", "surrogatepass"), sha256).hexdigest()[:_DIGITS]

    def of_id(self, key: str) -> str:
        """The code of a resource's key, behind its type where it names one; a day behind it stays."""
        dated = _ON_A_DAY.fullmatch(key)
        if dated:
            return f"{self.of_id(dated['key'])} {dated['day']}"
        typed = _TYPED.match(key)
        return f"{typed[1] if typed else 'Unnamed'}/{self.code('id', key)}"

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
    for table in COUNTED:
        pq.write_table(_table(pq.read_table(table_file(run, table)), key), table_file(made, table))
    for file in (*run.glob("profile*.toml"), run / "rules.toml", run / "site.json"):
        shutil.copyfile(file, made / file.name)
    write_text(made / "run.json", as_json(_told(json.loads((run / "run.json").read_text(encoding="utf-8")), key)))
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
    people = {measure: key.of_person(name) for measure, name in answers.pop("people", {}).items()}
    write_text(target / "attestations.json", as_json({**answers, **({"people": people} if people else {})}))
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


def _table(found: pa.Table, key: PseudonymKey) -> pa.Table:
    for position, name in enumerate(found.column_names):
        change = _change(name, key)
        if change is not None:
            changed = [value if value is None else change(value) for value in found[name].to_pylist()]
            found = found.set_column(position, name, pa.array(changed, found.schema.field(name).type))
    return found.replace_schema_metadata(None)


def _change(column: str, key: PseudonymKey) -> Callable[[str], str] | None:
    if column in _IDS:
        return key.of_id
    if column in _FILES:
        return key.of_file
    if column in _REPORTERS:
        return key.of_reporter
    if column not in _AS_IT_IS:
        raise UsageError(f"{column}: this column is not known to be harmless. Make the binder without --pseudonyms.")
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
    if isinstance(value, str) and name not in _LEDGER_WORDS:
        return key.code(name, value)
    return [] if isinstance(value, list) else value
