"""Who is signed in, as the EHR's own record says: read live, once per launch."""

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from extractors.decode import Json, Unreadable, read_object
from extractors.directory import directory_rows
from extractors.references import Scope
from extractors.sources.search import LiveServer, Outcome
from scoring.identity import is_npi
from smartapp.store import Person

UNNAMED = "name not stated"
_UTC, _NPI = ZoneInfo("UTC"), re.compile("[0-9]{10}")


def person_of(server: LiveServer, fhir_user: str | None) -> Person | None:
    """The signed-in user, by the reference of the id_token.

    Args:
        server: read with the user's own token.
        fhir_user: `Type/id`; a PractitionerRole leads to its Practitioner.

    Returns:
        None if the EHR does not say who it is, or does not permit reading it; `npi` None if it states none.
    """
    resource = _read(server, fhir_user)
    if resource is not None and resource.get("resourceType") == "PractitionerRole":
        resource = _read(server, server.key_of(resource.get("practitioner")))
    return Person(name_of(resource), _npi(resource)) if resource is not None else None


def _read(server: LiveServer, reference: str | None) -> Json | None:
    """The very resource that a reference names; whatever else a server answers with is nobody."""
    found = server.read(reference) if reference else None
    if found is None or found.outcome is not Outcome.COMPLETE:
        return None
    try:
        resource = read_object(found.lines[0].data)
    except Unreadable:
        return None
    return resource if f"{resource.get('resourceType')}/{resource.get('id')}" == reference else None


def _npi(resource: Json) -> str | None:
    """The one NPI that a Practitioner states; None if it states none, or several."""
    if resource.get("resourceType") != "Practitioner":
        return None
    key = f"Practitioner/{resource.get('id')}"
    stating = {**resource, "identifier": [one for one in _list(resource.get("identifier")) if isinstance(one, dict)]}
    stated = {value for _, attribute, value in directory_rows(stating, key, Scope(), _UTC) if attribute == "npi"}
    return stated.pop() if len(stated) == 1 and all(_NPI.fullmatch(npi) and is_npi(npi) for npi in stated) else None


def name_of(resource: Mapping[str, Any]) -> str:
    """The name of a Practitioner or Patient: the official or usual one, else the first."""
    names = [name for name in _list(resource.get("name")) if isinstance(name, dict)]
    named = next((n for use in ("official", "usual") for n in names if n.get("use") == use), None) or next(
        iter(names), {}
    )
    if isinstance(named.get("text"), str) and named["text"].strip():
        return str(named["text"])
    parts = [*_list(named.get("prefix")), *_list(named.get("given")), named.get("family")]
    return " ".join(part for part in parts if isinstance(part, str) and part) or UNNAMED


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
