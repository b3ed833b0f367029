"""How one server is asked: what its profile says, what it says of itself, and what the practice has to add.

What a server says of itself is a hint (R11): an answer is held against what was asked, whatever was announced.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from extractors.decode import Json
from extractors.directory import TYPES
from extractors.errors import SourceError
from extractors.profile import Profile
from extractors.search_rules import SearchRules

Parameters = tuple[tuple[str, str], ...]

PAGE_SIZE = 100
EVIDENCE = "Provenance"
_WITH_EVIDENCE = ("_revinclude", "Provenance:target")
_INCLUDES = {"MedicationRequest": ("_include", "MedicationRequest:medication")}
RELATED = frozenset({"Medication", "Organization", "Location", "Practitioner", "PractitionerRole"})
"""Types of what belongs to no patient; it is found by the references to it."""


def kinds_of(profile: Profile) -> list[str]:
    """The types to search patient by patient: all that the profile reads and the directory knows of a patient's."""
    return sorted({"Patient", *profile.asked, *TYPES} - RELATED - {EVIDENCE})


def types_of(profile: Profile) -> list[str]:
    """All types that a crawl by a profile asks for of a patient: those, and Provenance where the profile reads it."""
    return sorted({*kinds_of(profile), *({EVIDENCE} & profile.asked)})


@dataclass(frozen=True, slots=True)
class Dialect:
    """What goes with every search of a server, and what it can bring along.

    `given` are the values of the static parameters. `listed`, `includes` and `revincludes` are what the server's
    CapabilityStatement says; None where it says nothing.
    """

    rules: SearchRules
    given: Mapping[str, str] = field(default_factory=dict)
    listed: frozenset[str] | None = None
    includes: frozenset[tuple[str, str]] | None = None
    revincludes: frozenset[tuple[str, str]] | None = None

    def asking(self, kind: str, by: Iterable[tuple[str, str]], *, along: bool = False) -> Parameters:
        """The parameters of a search, in the order in which they are sent.

        Args:
            kind: the type that is searched.
            by: what is searched for; parameters that the server does not have are left out.
            along: whether what belongs to each match is to come with it, where the server can bring it.
        """
        sent = [(name, value) for name, value in by if f"{kind}.{name}" not in self.rules.never_send]
        size = [("_count", str(self.rules.page_size or PAGE_SIZE))]
        also = [*self.rules.also.get(kind, {}).items(), *self.given.items()]
        return tuple(sent + also + size + (self._along(kind) if along else []))

    def of_patient(self, kind: str, patient: str) -> Parameters:
        """What finds everything of a type about one patient."""
        if kind == "Patient":
            return (("_id", patient),)
        name = self.rules.patient_by.get(kind, "patient")
        return ((name, patient if name == "patient" else f"Patient/{patient}"),)

    def brings_evidence(self, kind: str) -> bool:
        """Whether a search of a type can bring the Provenance of each match."""
        return self.revincludes is None or (kind, _WITH_EVIDENCE[1]) in self.revincludes

    def _along(self, kind: str) -> list[tuple[str, str]]:
        found = []
        include = _INCLUDES.get(kind)
        if include and (self.includes is None or (kind, include[1]) in self.includes):
            found.append(include)
        return [*found, _WITH_EVIDENCE] if self.brings_evidence(kind) else found


def check_given(profile: Profile, given: Mapping[str, str]) -> None:
    """Refuse values of parameters unless they are those, and all of those, that the profile says every search needs.

    Raises:
        SourceError: one has no value, or another parameter is given, which could hide records.
    """
    static = profile.search.static
    if unknown := sorted(set(given) - static):
        raise SourceError(
            f"profile {profile.name}: --parameter {unknown[0]} is not in [search], static, and may hide records. Leave "
            "it out, or name it in the profile."
        )
    if lacking := sorted(static - set(given)):
        named = " ".join(f"--parameter {name}=VALUE" for name in lacking)
        raise SourceError(f"profile {profile.name}: every search of this server needs {named}. Add it.")


def dialect_of(profile: Profile, given: Mapping[str, str], capability: Json | None) -> Dialect:
    """How to ask a server.

    Args:
        profile: of the server.
        given: values of parameters that go with every search; `check_given` says which.
        capability: its CapabilityStatement; None if it shows none.

    Raises:
        SourceError: see `check_given`.
    """
    check_given(profile, given)
    listed = _listed(capability)
    if not listed:
        return Dialect(profile.search, dict(given))
    return Dialect(
        profile.search,
        dict(given),
        frozenset(str(one.get("type")) for one in listed),
        _pairs(listed, "searchInclude"),
        _pairs(listed, "searchRevInclude"),
    )


def _listed(capability: Json | None) -> list[Json]:
    """The types that a CapabilityStatement lists, as it lists them; a part that is not built like one is none."""
    rest = (capability or {}).get("rest")
    sides = [side for side in rest if isinstance(side, dict)] if isinstance(rest, list) else []
    found = [one for side in sides for one in (side.get("resource") or [])]
    return [one for one in found if isinstance(one, dict)]


def _pairs(listed: Iterable[Json], key: str) -> frozenset[tuple[str, str]]:
    return frozenset(
        (str(one.get("type")), value) for one in listed for value in one.get(key) or [] if isinstance(value, str)
    )
