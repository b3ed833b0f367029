"""`[search]` of a profile: how a server is to be asked, where it is not as FHIR says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from extractors.decode import schema_of
from extractors.errors import ProfileError
from extractors.strict_toml import check_keys

LARGEST_PAGE = 1000
_NEEDED = ("Provenance.target",)
"""Parameters without which a search would not be about what it is asked for."""
_KEYS = {"never_send": list, "page_size": int, "static": list, "also": dict, "patient_by": dict}


@dataclass(frozen=True, slots=True)
class SearchRules:
    """How one server is to be asked.

    Attributes:
        never_send: parameters (`Type.parameter`) that it does not have.
        page_size: how many matches a page to ask for; None is the usual number.
        static: names of parameters without which it refuses every search, such as athenahealth's `ah-practice`; their
            values are the practice's, and whoever asks gives them.
        also: by type, parameters to send with every search of it, such as all statuses where a server hides some.
        patient_by: by type, the parameter that finds a patient's, where it is not `patient`; such as `subject`, which
            takes `Patient/id`.
    """

    never_send: frozenset[str] = frozenset()
    page_size: int | None = None
    static: frozenset[str] = frozenset()
    also: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    patient_by: Mapping[str, str] = field(default_factory=dict)

    def over(self, base: "SearchRules") -> "SearchRules":
        """These rules laid over those of a profile that is extended."""
        return SearchRules(
            base.never_send | self.never_send,
            self.page_size or base.page_size,
            base.static | self.static,
            {**base.also, **self.also},
            {**base.patient_by, **self.patient_by},
        )


def search_rules_of(search: dict[str, Any], at: str) -> SearchRules:
    """The rules that a `[search]` table states.

    Raises:
        ProfileError: an unknown key, a type that R4 does not have, a page size outside 1 to 1000.
    """
    check_keys(search, {}, _KEYS, at, ProfileError)
    for name in search.get("never_send", []):
        kind, dot, parameter = str(name).partition(".")
        if not (dot and parameter):
            raise ProfileError(f"{at}, never_send: expected Type.parameter such as Encounter.date, got {name!r}.")
        _check_type(kind, f"{at}, never_send")
        if name in _NEEDED:
            raise ProfileError(f"{at}, never_send: without {name}, evidence would be searched of everybody. Remove it.")
    size = search.get("page_size")
    if size is not None and not 1 <= size <= LARGEST_PAGE:
        raise ProfileError(f"{at}, page_size: expected a number from 1 to {LARGEST_PAGE}, got {size}.")
    static, also, patient_by = search.get("static", []), search.get("also", {}), search.get("patient_by", {})
    for kind, parameters in also.items():
        _check_texts(parameters, f"{at}, also, {kind}")
    _check_texts(patient_by, f"{at}, patient_by")
    for kind in [*also, *patient_by]:
        _check_type(kind, at)
    if not all(isinstance(name, str) and name for name in static):
        raise ProfileError(f"{at}, static: expected names of parameters, got {static!r}.")
    return SearchRules(frozenset(search.get("never_send", [])), size, frozenset(static), also, patient_by)


def _check_texts(found: object, at: str) -> None:
    if not isinstance(found, dict) or not all(isinstance(value, str) and value for value in found.values()):
        raise ProfileError(f"{at}: expected texts by name, got {found!r}.")


def _check_type(name: str, at: str) -> None:
    if schema_of(name) is None:
        raise ProfileError(f"{at}: expected a FHIR R4 resource type, got {name!r}. Correct it.")
