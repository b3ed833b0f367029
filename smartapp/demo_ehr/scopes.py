"""SMART scopes, in the spelling of version 1 (`.read`) and of version 2 (`.rs`), and what they grant."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

PLAIN = ("openid", "fhirUser", "profile", "launch", "launch/patient", "offline_access", "online_access")
"""The scopes that are not about resources and that this server grants."""

_CLINICAL = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]+)\."
    r"(?:(?P<one>read|write|\*)|(?P<two>(?=[cruds])c?r?u?d?s?)(?:\?(?P<query>\S+))?)"
)
_VERSION_ONE = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True)
class ClinicalScope:
    """One scope over resources.

    Attributes:
        patient_only: true for `patient/`, which reaches the launch patient's record and no other.
        resource_type: a FHIR type, or `*`.
        permissions: letters of `cruds`.
        query: search criteria that narrow the scope; empty for all of the type.
    """

    patient_only: bool
    resource_type: str
    permissions: frozenset[str]
    query: tuple[tuple[str, str], ...]

    def covers(self, resource_type: str, permission: str) -> bool:
        """Whether the scope is about this type and gives this letter."""
        return self.resource_type in ("*", resource_type) and permission in self.permissions


def clinical_scope(text: str) -> ClinicalScope | None:
    """Read one scope; None if it is not about resources, or not understood."""
    form = _CLINICAL.fullmatch(text)
    if form is None:
        return None
    letters = _VERSION_ONE[form["one"]] if form["one"] else form["two"]
    query = tuple(parse_qsl(form["query"] or "", keep_blank_values=True))
    return ClinicalScope(form["level"] == "patient", form["type"], frozenset(letters), query)


def clinical_scopes(scope: Iterable[str]) -> tuple[ClinicalScope, ...]:
    """The scopes over resources among those granted."""
    return tuple(read for text in scope if (read := clinical_scope(text)))


def grantable(text: str, *, backend: bool = False) -> bool:
    """Whether this server can grant the scope; what it cannot is left out of the grant, as SMART allows.

    `system/` scopes are for clients without users, all others for those with.
    """
    if clinical_scope(text) is None:
        return text in PLAIN and not backend
    return text.startswith("system/") == backend
