"""The attestation file: what a person answers because no FHIR server can.

TOML, read strictly against the year's rules: an unknown key, an unknown measure id or a value of the wrong
type stops with the place, what was expected and what was found.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from scoring.model import Dates, MeasureId, Metric, Origin, Period, Proportion, Reporter
from scoring.rulebook import RuleBook
from smartapp.attesting.attestation_errors import AttestationError
from smartapp.attesting.attested_dates import DATED, TECHNOLOGY, dates_document, read_dates, technology_document
from smartapp.attesting.attested_eligibility import NOTHING_SAID, Eligible, eligible_document, read_eligible
from smartapp.printed.nearest import hint

_TOP = {"year", "reporter", "period", "cehrt", "answers", "reported", "choices", "people", "eligibility", *DATED}
_REPORTED = {"numerator", "denominator", "report", "date"}
_NO_DAYS = {"id", "products", "numerator", "denominator", "report", "missed"}
VARIANTS = {"include": "controlled-included", "exclude": "controlled-excluded"}
"""The words of a person's choice for PI_EP_1, and the variants that they name."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A total from the EHR's own report, for a measure that the server cannot show."""

    proportion: Proportion
    report: str
    on: date


@dataclass(frozen=True, slots=True)
class Attestations:
    """A person's answers. None means: the file leaves it to the command line or to the data.

    `variant` is the PI_EP_1 variant chosen for the whole submission. `products` are those that the CEHRT ID stands for,
    as the user names them; `people` by measure who did what is attested.
    """

    year: int
    reporter: Reporter | None
    period: Period | None
    cehrt_id: str | None
    answers: Mapping[MeasureId, bool]
    reported: Mapping[MeasureId, Reported]
    variant: str
    dates: Dates = field(default_factory=Dates)
    products: tuple[str, ...] = ()
    people: Mapping[MeasureId, str] = field(default_factory=dict)
    eligible: Eligible = NOTHING_SAID


def read_attestations(path: Path, rules: RuleBook) -> Attestations:
    """Read an attestation file against the rules of its year.

    Raises:
        AttestationError: the file is missing, is no TOML, or says something that the year does not know.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise AttestationError(
            f"{path}: cannot be read. Make one with: pi180 attest --new FILE --year {rules.year}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise AttestationError(f"{path.name}: not TOML: {problem}. Mend the file.") from None
    return _attestations(document, path.name, rules)


def as_document(attested: Attestations) -> dict[str, Any]:
    """The answers as plain values, in the shape of the attestation file; what is None or empty is left out."""
    period, words = attested.period, {variant: word for word, variant in VARIANTS.items()}
    tables = {
        "reporter": _given({"tin": attested.reporter.tin, "npi": attested.reporter.npi}) if attested.reporter else {},
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()} if period else {},
        "cehrt": _given({"id": attested.cehrt_id}) | technology_document(attested.dates) | _products(attested.products),
        **dates_document(attested.dates),
        "answers": dict(attested.answers),
        "reported": {measure: _total_document(total) for measure, total in attested.reported.items()},
        "choices": {"controlled_substances": words[attested.variant]},
        "people": dict(attested.people),
        "eligibility": eligible_document(attested.eligible),
    }
    return {"year": attested.year, **{name: table for name, table in tables.items() if table}}


def _products(names: tuple[str, ...]) -> dict[str, Any]:
    return {"products": list(names)} if names else {}


def _given(table: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in table.items() if value is not None}


def _total_document(total: Reported) -> dict[str, Any]:
    counted = {"numerator": total.proportion.met, "denominator": total.proportion.denominator}
    return {**counted, "report": total.report, "date": total.on.isoformat()}


def from_document(document: object, at: str, rules: RuleBook) -> Attestations:
    """The answers that `as_document` gave, read as strictly as the attestation file.

    Args:
        document: plain values, as from JSON; days are ISO text.
        at: where they stood, for messages.
        rules: the rules of their year.

    Raises:
        AttestationError: it says something that the year does not know, or is not of its kind.
    """
    if not isinstance(document, dict):
        raise AttestationError(f"{at}: expected the answers as pi180 wrote them, got no table.")
    dated = {
        **document,
        **{name: _with_days(document.get(name, {})) for name in ("period", "cehrt", "done", "managed", "registered")},
    }
    if isinstance(document.get("reported"), dict):
        dated["reported"] = {measure: _with_days(total) for measure, total in document["reported"].items()}
    if isinstance(document.get("requests"), dict):
        dated["requests"] = {measure: _each_with_days(found) for measure, found in document["requests"].items()}
    return _attestations(dated, at, rules)


def _with_days(table: Any) -> Any:
    """A table with its ISO days as days; what is no day stays as it is, to be refused by name."""
    if not isinstance(table, dict):
        return table
    return {key: value if key in _NO_DAYS else _as_day(value) for key, value in table.items()}


def _each_with_days(entries: Any) -> Any:
    return [_with_days(entry) for entry in entries] if isinstance(entries, list) else entries


def _as_day(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def _attestations(document: Mapping[str, Any], at: str, rules: RuleBook) -> Attestations:
    _known(document, _TOP, at)
    if document.get("year") != rules.year:
        raise AttestationError(
            f"{at}, year: expected {rules.year}, got {document.get('year')!r}. One file serves one year."
        )
    return Attestations(
        year=rules.year,
        reporter=_reporter(_table(document, "reporter", at), at),
        period=_period(_table(document, "period", at), at),
        cehrt_id=_cehrt(_table(document, "cehrt", at), at),
        dates=read_dates({name: _table(document, name, at) for name in ("cehrt", *DATED)}, at, rules),
        answers=_answers(_table(document, "answers", at), at, rules),
        reported=_reported(_table(document, "reported", at), at, rules),
        variant=_variant(_table(document, "choices", at), at),
        products=_texts(_table(document, "cehrt", at).get("products", []), f"{at}, cehrt.products"),
        people=_people(_table(document, "people", at), at, rules),
        eligible=read_eligible(_table(document, "eligibility", at), f"{at}, eligibility"),
    )


def _known(table: Mapping[str, Any], known: set[str], at: str) -> None:
    for key in table:
        if key not in known:
            raise AttestationError(
                f"{at}: unknown key {key!r}.{hint(key, known)} Expected one of: {', '.join(sorted(known))}."
            )


def _table(document: Mapping[str, Any], name: str, at: str) -> Mapping[str, Any]:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise AttestationError(f"{at}, {name}: expected a table [{name}], got {table!r}.")
    return table


def _reporter(table: Mapping[str, Any], at: str) -> Reporter | None:
    _known(table, {"tin", "npi"}, f"{at}, reporter")
    for key, digits in (("tin", 9), ("npi", 10)):
        value = table.get(key)
        if value is not None and not (isinstance(value, str) and re.fullmatch(f"[0-9]{{{digits}}}", value)):
            raise AttestationError(f"{at}, reporter.{key}: expected {digits} digits in quotation marks. Correct it.")
    return Reporter(table.get("tin"), table.get("npi")) if table else None


def _period(table: Mapping[str, Any], at: str) -> Period | None:
    _known(table, {"start", "end"}, f"{at}, period")
    if not table:
        return None
    for key in ("start", "end"):
        if type(table.get(key)) is not date:
            what = "expected a day such as 2026-01-01 without quotation marks"
            raise AttestationError(f"{at}, period.{key}: {what}, got {table.get(key)!r}.")
    if table["end"] < table["start"]:
        raise AttestationError(f"{at}, period: expected start before end, got {table['start']} to {table['end']}.")
    return Period(table["start"], table["end"])


def _cehrt(table: Mapping[str, Any], at: str) -> str | None:
    _known(table, {"id", "products", *TECHNOLOGY}, f"{at}, cehrt")
    value = table.get("id")
    if value is not None and not isinstance(value, str):
        raise AttestationError(f"{at}, cehrt.id: expected text of 15 characters, got {value!r}.")
    return value or None


def _texts(value: Any, at: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise AttestationError(f"{at}: expected a list of texts, got {value!r}.")
    return tuple(value)


def _people(table: Mapping[str, Any], at: str, rules: RuleBook) -> dict[MeasureId, str]:
    _known(table, {str(m.id) for m in rules.measures.values() if m.metric is Metric.BOOLEAN}, f"{at}, people")
    for key, value in table.items():
        _texts([value], f"{at}, people.{key}")
    return {MeasureId(key): value for key, value in table.items()}


def _answers(table: Mapping[str, Any], at: str, rules: RuleBook) -> dict[MeasureId, bool]:
    booleans = {m.id: m for m in rules.measures.values() if m.metric is Metric.BOOLEAN}
    for key, value in table.items():
        if MeasureId(key) not in booleans:
            raise AttestationError(
                f"{at}, answers: {key!r} is no yes/no measure of {rules.year}.{hint(key, booleans)}"
                f" All of them: pi180 attest --new FILE --year {rules.year}"
            )
        if not isinstance(value, bool):
            raise AttestationError(f"{at}, answers.{key}: expected true or false, got {value!r}.")
    return {MeasureId(key): value for key, value in table.items()}


def _reported(table: Mapping[str, Any], at: str, rules: RuleBook) -> dict[MeasureId, Reported]:
    proportions = {str(m.id) for m in rules.measures.values() if m.metric is Metric.PROPORTION}
    _known(table, proportions, f"{at}, reported")
    return {MeasureId(key): _total(value, f"{at}, reported.{key}") for key, value in table.items()}


def _total(entry: Any, at: str) -> Reported:
    if not isinstance(entry, dict) or set(entry) != _REPORTED:
        raise AttestationError(f"{at}: expected exactly a numerator, a denominator, a report (its name) and a date.")
    met, denominator = entry["numerator"], entry["denominator"]
    if type(met) is not int or type(denominator) is not int or not 0 <= met <= denominator:
        raise AttestationError(
            f"{at}: expected whole numbers with 0 <= numerator <= denominator, got {met!r} / {denominator!r}."
        )
    if not isinstance(entry["report"], str) or type(entry["date"]) is not date:
        raise AttestationError(f"{at}: expected the report's name as text and its date as a day.")
    return Reported(Proportion(met, denominator, origin=Origin.REPORTED), entry["report"], entry["date"])


def _variant(table: Mapping[str, Any], at: str) -> str:
    _known(table, {"controlled_substances"}, f"{at}, choices")
    word = table.get("controlled_substances", "include")
    if word not in VARIANTS:
        raise AttestationError(f"{at}, choices.controlled_substances: expected include or exclude, got {word!r}.")
    return VARIANTS[word]
