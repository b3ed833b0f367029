"""Evidence profiles: which resources of a server witness which kind of event.

A profile is TOML, read strictly: an unknown key, an unknown kind, an expression that does not parse or a
kind that is neither selected nor declared absent stops the run with the place and what was expected.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from extractors.decode import schema_of
from extractors.errors import ProfileError
from extractors.fhirpath import Path as FhirPath
from extractors.fhirpath import compile_path
from extractors.strict_toml import check_keys, read_toml
from extractors.vocabulary import Answer, EventKind, Grade

_TOP = {"name": str, "version": str, "about": str, "reference": list, "select": list}
_TOP_OPTIONAL = {"absent": list, "observed": dict}
_PATHS = (
    "focus",
    "patient",
    "clinician",
    "on_behalf_of",
    "organization",
    "occurred",
    "ended",
    "code",
    "counterpart",
)
_PATHS_MORE = ("setting", "identifier", "detail", "answer", "kind_path", "where")
_SELECT = {"resource": str, "where": str, "rank": int, "grade": str, "why": str}
_SELECT_OPTIONAL = {
    **dict.fromkeys((*_PATHS, *_PATHS_MORE, "kind"), str),
    "kinds": list,
    "focus_type": (str, list),
    "except": list,
    "map": dict,
}
_WORD = re.compile(r"[A-Za-z_]\w*")
_Word = TypeVar("_Word", EventKind, Answer, Grade)
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What is selected but does not count, and why."""

    when: FhirPath
    reason: str


@dataclass(frozen=True, slots=True)
class Selector:
    """One way in which one resource type witnesses one kind of event (or one of several kinds).

    `paths` holds the compiled path of every column that the profile gives; a missing `focus` means the
    resource itself. `answers` maps the values of the `answer` path; without it every match is met.
    """

    rule: str
    kinds: frozenset[EventKind]
    resource: str
    where: FhirPath
    paths: Mapping[str, FhirPath]
    focus_types: frozenset[str]
    exclusions: tuple[Exclusion, ...]
    answers: Mapping[str, Answer]
    rank: int
    grade: Grade
    why: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A reference that later joins need, from resources of one type."""

    name: str
    path: FhirPath


@dataclass(frozen=True, slots=True)
class Profile:
    """An evidence profile, compiled.

    `text` is its file, `digest` the SHA-256 of that, `reads` the element names that it reads.
    """

    name: str
    version: str
    digest: str
    text: str
    observed: str | None
    selectors: Mapping[str, tuple[Selector, ...]]
    relations: Mapping[str, tuple[Relation, ...]]
    reads: Mapping[str, frozenset[str]]
    absent: Mapping[EventKind, str]

    def carriers(self, kind: EventKind) -> list[Selector]:
        """The selectors that can witness a kind, best first; evidence Provenance comes last."""
        found = [s for group in self.selectors.values() for s in group if kind in s.kinds]
        return sorted(found, key=lambda selector: (selector.rank, selector.rule))


def load_profile(name: str) -> Profile:
    """Load a profile by its name in `extractors/profiles/`, or by the path of a TOML file.

    Raises:
        ProfileError: no such profile, or it is not usable as written.
    """
    if not name.endswith(".toml") and name not in profile_names():
        raise ProfileError(f"profile {name!r}: expected one of {', '.join(profile_names())}, or a TOML file.")
    place = Path(name) if name.endswith(".toml") else Path(str(files("extractors") / "profiles" / f"{name}.toml"))
    data, document = read_toml(place, "an evidence profile", ProfileError)
    return _profile(document, data, place.name)


def profile_names() -> list[str]:
    """Names of the profiles that come with the product."""
    return sorted(
        p.name.removesuffix(".toml") for p in (files("extractors") / "profiles").iterdir() if p.name.endswith(".toml")
    )


def _profile(document: dict[str, Any], data: bytes, file: str) -> Profile:
    check_keys(document, _TOP, _TOP_OPTIONAL, file, ProfileError)
    selectors = [_selector(entry, f"{file}, select {n}") for n, entry in enumerate(document["select"], 1)]
    relations = [(_relation(entry, f"{file}, reference {n}")) for n, entry in enumerate(document["reference"], 1)]
    absent = dict(_absence(entry, f"{file}, absent {n}") for n, entry in enumerate(document.get("absent", []), 1))
    if "observed" in document:
        check_keys(document["observed"], {"on": date, "version": str, "by": str}, {}, f"{file}, observed", ProfileError)
    _check_coverage(selectors, absent, file)
    observed = document.get("observed")
    return Profile(
        name=document["name"],
        version=document["version"],
        digest=hashlib.sha256(data).hexdigest(),
        text=data.decode(),
        observed=f"{observed['on']}, {observed['version']}, {observed['by']}" if observed else None,
        selectors=_grouped((s.resource, s) for s in selectors),
        relations=_grouped(relations),
        reads=_reads(document),
        absent=absent,
    )


def _selector(entry: dict[str, Any], at: str) -> Selector:
    check_keys(entry, _SELECT, _SELECT_OPTIONAL, at, ProfileError)
    if schema_of(entry["resource"]) is None:
        raise ProfileError(f"{at}, resource: expected a FHIR R4 resource type, got {entry['resource']!r}. Correct it.")
    kinds = [entry["kind"]] if "kind" in entry else entry.get("kinds", [])
    if not kinds or ("kind" in entry) == ("kind_path" in entry):
        raise ProfileError(f"{at}: expected either 'kind', or 'kind_path' with 'kinds'.")
    focus_types = entry.get("focus_type", [])
    return Selector(
        rule=f"{kinds[0] if 'kind' in entry else 'evidence'}/{entry['resource']}/{entry['rank']}",
        kinds=frozenset(_kind(kind, at) for kind in kinds),
        resource=entry["resource"],
        where=_path(entry["where"], at, "where"),
        paths={
            name: _path(entry[name], at, name) for name in (*_PATHS, *_PATHS_MORE) if name in entry and name != "where"
        },
        focus_types=frozenset([focus_types] if isinstance(focus_types, str) else focus_types),
        exclusions=tuple(_exclusion(item, at) for item in entry.get("except", [])),
        answers={value: _word(answer, Answer, f"{at}, map.{value}") for value, answer in entry.get("map", {}).items()},
        rank=entry["rank"],
        grade=_word(entry["grade"], Grade, f"{at}, grade"),
        why=entry["why"],
    )


def _exclusion(item: dict[str, Any], at: str) -> Exclusion:
    check_keys(item, {"when": str, "reason": str}, {}, f"{at}, except", ProfileError)
    return Exclusion(_path(item["when"], at, "except.when"), item["reason"])


def _absence(entry: dict[str, Any], at: str) -> tuple[EventKind, str]:
    check_keys(entry, {"kind": str, "why": str}, {}, at, ProfileError)
    return _kind(entry["kind"], at), entry["why"]


def _relation(entry: dict[str, Any], at: str) -> tuple[str, Relation]:
    check_keys(entry, {"resource": str, "relation": str, "path": str}, {}, at, ProfileError)
    return entry["resource"], Relation(entry["relation"], _path(entry["path"], at, "path"))


def _path(expression: str, at: str, key: str) -> FhirPath:
    try:
        return compile_path(expression)
    except ProfileError as problem:
        raise ProfileError(f"{at}, {key}: {problem}") from None


def _kind(word: str, at: str) -> EventKind:
    return _word(word, EventKind, f"{at}, kind")


def _word(word: str, words: type[_Word], at: str) -> _Word:
    try:
        return words(word)
    except ValueError:
        raise ProfileError(f"{at}: expected one of {', '.join(words)}, got {word!r}.") from None


def _check_coverage(selectors: list[Selector], absent: Mapping[EventKind, str], file: str) -> None:
    selected = {kind for selector in selectors for kind in selector.kinds}
    for kind in EventKind:
        if (kind in selected) == (kind in absent):
            state = "both selected and absent" if kind in absent else "neither selected nor declared absent"
            raise ProfileError(f"{file}: {kind} is {state}. Select it, or declare it absent with a reason.")


def _grouped(pairs: Iterable[tuple[str, _Item]]) -> dict[str, tuple[_Item, ...]]:
    groups: dict[str, tuple[_Item, ...]] = {}
    for resource, item in pairs:
        groups[resource] = (*groups.get(resource, ()), item)
    return groups


def _reads(document: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Every word of a type's expressions: a superset of the element names that they read."""
    words: dict[str, set[str]] = {}
    for entry in (*document["select"], *document["reference"]):
        texts = [v for k, v in entry.items() if isinstance(v, str) and k not in ("why", "kind", "resource")]
        texts += [item["when"] for item in entry.get("except", [])]
        words.setdefault(entry["resource"], set()).update(w for text in texts for w in _WORD.findall(text))
    return {resource: frozenset(found) for resource, found in words.items()}
