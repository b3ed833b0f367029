"""Who the patient of a launch is, as the EHR's own record says: the banner above what is shown of her (R23)."""

from collections.abc import Iterable
from dataclasses import dataclass

from extractors.decode import Json
from extractors.sources.search import Found, matches_in
from smartapp.reading.person import name_of

_PATIENT, _MRN = "Patient", "MR"


@dataclass(frozen=True, slots=True)
class Banner:
    """Who the patient is, as the EHR's record says (R23)."""

    name: str
    born: str
    record_number: str


def banner_of(asked: Iterable[Found], patient: str) -> Banner | None:
    """Of the launch's own patient, whoever else came along; None if the server does not show the record."""
    record = record_of(asked, patient)
    if record is None:
        return None
    born = record.get("birthDate")
    return Banner(name_of(record), born if isinstance(born, str) else "not stated", _record_number(record))


def record_of(asked: Iterable[Found], patient: str) -> Json | None:
    """The record of one patient among the matches of searches for Patient."""
    matches = [match for found in asked if found.type == _PATIENT for match in matches_in(found)]
    return next((m for m in matches if (m.get("resourceType"), m.get("id")) == (_PATIENT, patient)), None)


def _record_number(patient: Json) -> str:
    """The identifier typed as a medical record number (v2 table 0203, MR)."""
    for identifier in _objects(patient.get("identifier")):
        codings = [coding for kind in _objects([identifier.get("type")]) for coding in _objects(kind.get("coding"))]
        if any(coding.get("code") == _MRN for coding in codings) and identifier.get("value"):
            return str(identifier["value"])
    return "not stated"


def _objects(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
