"""Cases as data: the TOML files of `tests/cases/`, which anyone may add to.

What is wrong with a case is said with its file and its id, before any rule is run.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "cases"
CONFIDENCE = ("confirmed", "single-source", "recalled", "inferred")


class CaseError(Exception):
    """A case is not as its kind asks; the message names file and case, expected and got."""


@dataclass(frozen=True)
class Shape:
    """The keys of `inputs` and `expected` of one kind. `one_of` asks for at least one key of `expected`."""

    needed: frozenset[str]
    optional: frozenset[str]
    expected: frozenset[str]
    one_of: frozenset[str] = frozenset()


def shape(needed: str, optional: str = "", expected: str = "", one_of: str = "") -> Shape:
    return Shape(*(frozenset(words.split()) for words in (needed, optional, expected, one_of)))


OURS: Mapping[str, Shape] = {
    "maxima": shape("excluded", "path", expected="maxima"),
    "clinician": shape(
        "type statuses",
        "below_threshold hardship hardship_reason shared_savings submitted",
        one_of="duty shared_savings cancelled",
    ),
    "group": shape("members", "statuses submitted", expected="duty", one_of="duty cancelled"),
    "several-submissions": shape("scores", expected="categoryScore"),
    "entity-mean": shape("members", expected="apmEntityScore"),
    "other-readings": shape("excluded", "path met denominator", expected="differences"),
}
"""What each kind of the TOML files holds; tests/cases/README.md tells it with an example."""


def our_cases(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """The cases of every TOML file of a folder, one for each of the years that a case names.

    Raises:
        CaseError: a file is no TOML, or a case is not as its kind asks.
    """
    found = [case for path in sorted(folder.glob("*.toml")) for case in _cases_of(path)]
    for name, count in Counter(case["id"] for case in found).items():
        if count > 1:
            raise CaseError(f"{folder.name}, case {name}: expected one case of this id, got {count}. Rename one.")
    return [{**case, "year": year, "id": f"{case['id']}-{year}"} for case in found for year in case["years"]]


def _cases_of(path: Path) -> list[dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as wrong:
        raise CaseError(f"{path.name}: expected TOML, got: {wrong}.") from None
    cases: list[dict[str, Any]] = content.get("case", [])
    for position, case in enumerate(cases, start=1):
        _check(case, f"{path.name}, case {case.get('id') or f'number {position}'}")
    return cases


def _check(case: dict[str, Any], where: str) -> None:
    _check_keys(case, {"id", "years", "kind", "inputs", "expected", "source", "confidence"}, set(), where)
    if case["kind"] not in OURS:
        raise CaseError(f'{where}, kind: expected one of {", ".join(OURS)}, got "{case["kind"]}".')
    if case["confidence"] not in CONFIDENCE:
        raise CaseError(f'{where}, confidence: expected one of {", ".join(CONFIDENCE)}, got "{case["confidence"]}".')
    if not isinstance(case["years"], list) or not case["years"] or {type(year) for year in case["years"]} != {int}:
        raise CaseError(f"{where}, years: expected a list of years, got {case['years']!r}.")
    kind = OURS[case["kind"]]
    _check_keys(case["inputs"], set(kind.needed), set(kind.optional), f"{where}, inputs")
    _check_keys(case["expected"], set(kind.expected), set(kind.one_of), f"{where}, expected")
    if kind.one_of and not kind.one_of & set(case["expected"]):
        raise CaseError(f"{where}, expected: expected one of {', '.join(sorted(kind.one_of))}, got none of them.")


def known(words: Iterable[str], allowed: Iterable[str], where: str) -> None:
    """Refuse a word of a case that the rules do not know.

    Raises:
        CaseError: it names `where`, the word, and those that there are.
    """
    for word in words:
        if word not in allowed:
            raise CaseError(f'{where}: expected one of {", ".join(allowed)}, got "{word}".')


def _check_keys(found: object, needed: set[str], optional: set[str], where: str) -> None:
    if not isinstance(found, dict):
        raise CaseError(f"{where}: expected a table, got {found!r}.")
    for key in sorted(needed - set(found)):
        raise CaseError(f"{where}: expected {key}, got nothing. Add it.")
    for key in sorted(set(found) - needed - optional):
        known = ", ".join(sorted(needed | optional))
        raise CaseError(f"{where}: expected one of {known}, got {key}. Remove or correct it.")
