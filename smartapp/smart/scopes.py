"""The algebra of SMART scopes: what to ask for, and what an answer lets us read.

Source: SMART App Launch 2.2, "Scopes and Launch Context". Version 1 spells `user/Observation.read`, version 2
spells `user/Observation.rs`, perhaps with a restriction: `user/Observation.rs?category=laboratory`. A server
may grant more, less or something else than was asked, in either spelling; so both are read alike.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, cast

Level = Literal["patient", "user", "system"]
LEVELS: Final[tuple[Level, ...]] = ("patient", "user", "system")

READING: Final = frozenset("rs")

_SCOPE = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]*)\.([a-z]+|\*)(?:\?(.+))?")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_V2 = re.compile(r"c?r?u?d?s?")
_TYPE = re.compile(r"[A-Z][A-Za-z]*")
_CONTEXT = frozenset(
    {"launch", "launch/patient", "launch/encounter", "openid", "fhirUser", "profile"}
    | {"offline_access", "online_access"}
)


class Access(StrEnum):
    """What a grant lets us read of one resource type."""

    READABLE = "readable"
    """Read and search, without a restriction."""
    RESTRICTED = "restricted"
    """Something, not all: only what a `?restriction` lets through, or read without search, or search without
    read. What is absent then proves nothing."""
    NOT_GRANTED = "not granted"
    """Neither read nor search; a grant that only writes is this too."""
    UNKNOWN = "unknown"
    """The token response did not say what it grants."""


_RISING = (Access.NOT_GRANTED, Access.RESTRICTED, Access.READABLE)


@dataclass(frozen=True, slots=True)
class Scope:
    """One understood resource scope. `letters` are of c r u d s; `restriction` is what follows `?`, or None."""

    level: Level
    resource_type: str
    letters: frozenset[str]
    restriction: str | None

    def covers(self, resource_type: str) -> bool:
        """Whether it speaks of this type."""
        return self.resource_type in ("*", resource_type)


@dataclass(frozen=True, slots=True)
class Granted:
    """What a token response grants; made by `granted`. Two grants that mean the same words are equal.

    `known` is False where the response did not say. `others` keeps what is no understood resource scope, as
    `openid` or a vendor's own word: it grants no access to data.
    """

    known: bool
    scopes: frozenset[Scope]
    others: frozenset[str]

    def access(self, resource_type: str, level: Level | Literal["any"] = "any") -> Access:
        """What may be read of a type at a level; at "any", the best of the levels.

        Levels are never added up: a read at one and a search at another are not the same data.
        """
        if not self.known:
            return Access.UNKNOWN
        levels = LEVELS if level == "any" else (level,)
        return max((self._at(resource_type, each) for each in levels), key=_RISING.index)

    def patient_only(self, resource_type: str) -> bool:
        """Whether what `access` answers holds for the launch's patient alone: no wider level gives as much.

        False where nothing is granted or the response did not say.
        """
        patient, user, system = (_RISING.index(self._at(resource_type, level)) for level in LEVELS)
        return patient > max(user, system)

    @property
    def offline(self) -> bool:
        """Whether a refresh token may outlive the user's session."""
        return "offline_access" in self.others

    @property
    def openid(self) -> bool:
        """Whether an id_token was granted."""
        return "openid" in self.others

    @property
    def fhir_user(self) -> bool:
        """Whether the id_token may name the user's FHIR resource; older servers call that `profile`."""
        return not self.others.isdisjoint({"fhirUser", "profile"})

    @property
    def launch(self) -> bool:
        """Whether the context of an EHR launch was granted."""
        return "launch" in self.others

    def _at(self, resource_type: str, level: Level) -> Access:
        found = [s for s in self.scopes if s.level == level and s.covers(resource_type)]
        if _letters(s for s in found if s.restriction is None) >= READING:
            return Access.READABLE
        return Access.NOT_GRANTED if _letters(found).isdisjoint(READING) else Access.RESTRICTED


def granted(text: str | None) -> Granted:
    """Read the `scope` of a token response; None if the response has none (R21). Junk is kept and grants nothing."""
    words = frozenset(re.split(r"[ \t\r\n]+", text or "")) - {""}
    understood = {word: scope for word in words if (scope := _scope(word)) is not None}
    return Granted(text is not None, frozenset(understood.values()), words - understood.keys())


def requested(
    types: Iterable[str], *, version: Literal["v1", "v2"], level: Level = "user", extra: Iterable[str] = ()
) -> str:
    """The least to ask for: read and search of these types and no other (R38), sorted, each once.

    `extra` are words of launch context and identity, as `launch`, `openid`, `fhirUser`.

    Raises:
        ValueError: a type that is no resource type's name, a wildcard among them, or an extra that grants data.
    """
    asked, context = set(types), set(extra)
    if wrong := sorted(t for t in asked if not _TYPE.fullmatch(t)) + sorted(context - _CONTEXT):
        raise ValueError(f"scopes to ask for: expected names of resource types and launch words, got {wrong}")
    verb = {"v1": "read", "v2": "rs"}[version]
    return " ".join(sorted(context | {f"{level}/{name}.{verb}" for name in asked}))


def _scope(word: str) -> Scope | None:
    found = _SCOPE.fullmatch(word)
    if found is None:
        return None
    level, resource_type, verb, restriction = found.groups()
    letters = _V1.get(verb) if restriction is None else None
    if letters is None and _V2.fullmatch(verb):
        letters = verb
    return None if letters is None else Scope(cast(Level, level), resource_type, frozenset(letters), restriction)


def _letters(scopes: Iterable[Scope]) -> frozenset[str]:
    return frozenset().union(*(scope.letters for scope in scopes))
