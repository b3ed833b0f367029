"""The entries of an evidence profile, compiled one by one: what selects, what is left out, and what is remarked.

Every function takes one TOML table and the place where it stands, and refuses what it does not know with that
place, what was expected and what was got.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from extractors.decode import schema_of
from extractors.errors import ProfileError
from extractors.fhirpath import Path as FhirPath
from extractors.fhirpath import compile_path
from extractors.strict_toml import check_keys
from extractors.vocabulary import Answer, EventKind, Grade

WHO = (
    "focus",
    "patient",
    "clinician",
    "on_behalf_of",
    "organization",
    "occurred",
    "ended",
    "counterpart",
    "identifier",
)
"""The columns that say who and when, in the order in which `answers` finds them."""

SAYS = ("code", "setting", "detail", "answer", "ccda", "kind_path")
"""The columns that say what, likewise."""

PATHS = (*WHO, *SAYS)
"""The columns that a selector may give a path for."""

_SELECT = {"resource": str, "where": str, "rank": int, "grade": str, "why": str}
_SOURCE = {"source": str, "on": date}
_SELECT_OPTIONAL = {
    **dict.fromkeys((*PATHS, "kind"), str),
    "kinds": list,
    "focus_type": (str, list),
    "except": list,
    "map": dict,
    **_SOURCE,
}
_WORD = re.compile(r"[A-Za-z_]\w*")
_Word = TypeVar("_Word", EventKind, Answer, Grade)


@dataclass(frozen=True, slots=True)
class Remark:
    """What a profile says in words about `about` (a kind, a rule, a resource type or a parameter).

    `source` is where it is documented and `on` the day on which that was read; None where nobody wrote them down.
    """

    about: str
    text: str
    source: str | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What is selected but does not count, and why."""

    when: FhirPath
    reason: str


@dataclass(frozen=True, slots=True)
class Selector:
    """One way in which one resource type witnesses one kind of event (or one of several kinds).

    `file` is the file of the profile that says so. `paths` holds the compiled path of every column that the profile
    gives; a missing `focus` means the resource itself. `answers` maps the values of the `answer` path; without it
    every match is met; the path `ccda` selects base64 content instead, and the words are those of
    `ccda.Completeness`. `texts` are all its expressions as written, by key; `remark` says why it is evidence, and
    where that is documented.
    """

    rule: str
    file: str
    kinds: frozenset[EventKind]
    resource: str
    where: FhirPath
    paths: Mapping[str, FhirPath]
    focus_types: frozenset[str]
    exclusions: tuple[Exclusion, ...]
    answers: Mapping[str, Answer]
    rank: int
    grade: Grade
    remark: Remark
    texts: Mapping[str, str]

    @property
    def why(self) -> str:
        """Why what it selects is evidence."""
        return self.remark.text


@dataclass(frozen=True, slots=True)
class Relation:
    """A reference that later joins need, from resources of one type."""

    resource: str
    name: str
    path: FhirPath
    text: str


def selector_of(entry: dict[str, Any], at: str) -> Selector:
    """One `[[select]]`."""
    check_keys(entry, _SELECT, _SELECT_OPTIONAL, at, ProfileError)
    _check_type(entry["resource"], f"{at}, resource")
    kinds = [entry["kind"]] if "kind" in entry else entry.get("kinds", [])
    if not kinds or ("kind" in entry) == ("kind_path" in entry):
        raise ProfileError(f"{at}: expected either 'kind', or 'kind_path' with 'kinds'.")
    if "ccda" in entry and ({"answer", "detail"} & set(entry) or "map" not in entry):
        raise ProfileError(f"{at}, ccda: expected a 'map' of its words, and neither 'answer' nor 'detail'.")
    focus_types = entry.get("focus_type", [])
    exceptions = entry.get("except", [])
    rule = f"{kinds[0] if 'kind' in entry else 'evidence'}/{entry['resource']}/{entry['rank']}"
    return Selector(
        rule=rule,
        file=at.rpartition(", ")[0],
        kinds=frozenset(kind_of(kind, at) for kind in kinds),
        resource=entry["resource"],
        where=_path(entry["where"], at, "where"),
        paths={name: _path(entry[name], at, name) for name in PATHS if name in entry},
        focus_types=frozenset([focus_types] if isinstance(focus_types, str) else focus_types),
        exclusions=tuple(_exclusion(item, at) for item in exceptions),
        answers={value: _word(answer, Answer, f"{at}, map.{value}") for value, answer in entry.get("map", {}).items()},
        rank=entry["rank"],
        grade=_word(entry["grade"], Grade, f"{at}, grade"),
        remark=Remark(rule, entry["why"], entry.get("source"), entry.get("on")),
        texts={name: entry[name] for name in ("where", *PATHS) if name in entry}
        | {f"except {number}": item["when"] for number, item in enumerate(exceptions, 1)},
    )


def relation_of(entry: dict[str, Any], at: str) -> Relation:
    """One reference."""
    check_keys(entry, {"resource": str, "relation": str, "path": str}, {}, at, ProfileError)
    return Relation(entry["resource"], entry["relation"], _path(entry["path"], at, "path"), entry["path"])


def absence_of(entry: dict[str, Any], at: str) -> tuple[EventKind, Remark]:
    """One `[[absent]]`: a kind that the server does not show."""
    check_keys(entry, {"kind": str, "why": str}, _SOURCE, at, ProfileError)
    return kind_of(entry["kind"], at), Remark(entry["kind"], entry["why"], entry.get("source"), entry.get("on"))


def drop_of(entry: dict[str, Any], at: str) -> Remark:
    """One `[[drop]]`: a rule of the extended profile that does not hold here."""
    check_keys(entry, {"rule": str, "why": str}, _SOURCE, at, ProfileError)
    return Remark(entry["rule"], entry["why"], entry.get("source"), entry.get("on"))


def remark_of(entry: dict[str, Any], at: str) -> Remark:
    """One `[[remark]]`: what people should know about the server, without effect on any number."""
    check_keys(entry, {"about": str, "says": str}, _SOURCE, at, ProfileError)
    return Remark(entry["about"], entry["says"], entry.get("source"), entry.get("on"))


def words_of(*expressions: str) -> frozenset[str]:
    """Every word of some expressions: a superset of the element names that they read."""
    return frozenset(word for text in expressions for word in _WORD.findall(text))


def kind_of(word: str, at: str) -> EventKind:
    """The kind of event that a word names."""
    return _word(word, EventKind, f"{at}, kind")


def _check_type(name: str, at: str) -> None:
    if schema_of(name) is None:
        raise ProfileError(f"{at}: expected a FHIR R4 resource type, got {name!r}. Correct it.")


def _exclusion(item: dict[str, Any], at: str) -> Exclusion:
    check_keys(item, {"when": str, "reason": str}, {}, f"{at}, except", ProfileError)
    return Exclusion(_path(item["when"], at, "except.when"), item["reason"])


def _path(expression: str, at: str, key: str) -> FhirPath:
    try:
        return compile_path(expression)
    except ProfileError as problem:
        raise ProfileError(f"{at}, {key}: {problem}") from None


def _word(word: str, words: type[_Word], at: str) -> _Word:
    try:
        return words(word)
    except ValueError:
        raise ProfileError(f"{at}: expected one of {', '.join(words)}, got {word!r}.") from None
