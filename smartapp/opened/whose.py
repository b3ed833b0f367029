"""Whose a case is, seen from the clinician who is signed in: hers, another's, or not to be told.

Her keys are her own reference and the roles that are surely hers. A case that names no clinician is hers to look
at. Where her record or her roles cannot be read, a case that may be hers is never taken for another's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from extractors.decode import Json, Unreadable, read_object
from extractors.sources.search import Found, LiveServer, Outcome, matches_in
from extractors.vocabulary import EventKind
from scoring.model import MeasureId
from smartapp.store import Person

_CLINICIANS = ("Practitioner/", "PractitionerRole/")
_SURELY_OTHERS = ("Practitioner/", "Patient/", "RelatedPerson/")
_NO_PERSONS = ("Organization", "HealthcareService", "CareTeam", "Device")
_CONTEXTS = (EventKind.PATIENT_SEEN, EventKind.TRANSITION_RECEIVED, EventKind.REFERRAL_RECEIVED)
_SIGNED_IN = {
    MeasureId("PI_EP_1"): (EventKind.PRESCRIPTION_WRITTEN,),
    MeasureId("PI_HIE_1"): (EventKind.REFERRAL_MADE, EventKind.TRANSITION_MADE, EventKind.PATIENT_SEEN),
    MeasureId("PI_PEA_1"): (EventKind.PATIENT_SEEN,),
}
"""The events that say whose a case is. A received summary belongs to whoever saw its patient, not to its author."""


class Whose(StrEnum):
    """Three answers, never two."""

    HERS = "hers"
    UNKNOWN = "whose it is cannot be told"
    ANOTHERS = "another's"


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """What the server shows of the signed-in clinician. `whole`: all keys under which she signs are known."""

    found: tuple[Found, ...]
    keys: frozenset[str]
    whole: bool


def own_records(server: LiveServer, user: str | None) -> OwnRecords:
    """Her record and her roles, by the reference of the id_token (`Type/id`); None: the EHR does not say."""
    if user is None or not user.startswith(_CLINICIANS):
        known = user is not None and not user.startswith("Person/")  # a Person may be a clinician under other keys
        return OwnRecords((), frozenset({user} if user and known else ()), known)
    found, clinician = [server.read(user)], user
    if user.startswith("PractitionerRole/"):
        clinician = server.key_of(_resource(found[0]).get("practitioner")) or ""
        if not clinician.startswith("Practitioner/"):
            return OwnRecords(tuple(found), frozenset({user}), False)
        found.append(server.read(clinician))
    roles = server.roles_of(clinician.partition("/")[2])
    keys = {user, clinician, *_roles(server, roles, clinician)}
    return OwnRecords((*found, roles), frozenset(keys), roles.outcome in (Outcome.COMPLETE, Outcome.ABSENT))


def _roles(server: LiveServer, found: Found, clinician: str) -> list[str]:
    """The roles that say themselves whose they are; a server may answer with others', too."""
    hers = [role for role in matches_in(found) if server.key_of(role.get("practitioner")) == clinician]
    return [f"{role.get('resourceType')}/{role.get('id')}" for role in hers]


def _resource(found: Found) -> Json:
    try:
        return read_object(found.lines[0].data) if found.lines else {}
    except Unreadable:
        return {}


class Signers:
    """Who signed, ordered or saw what, as resolved facts say."""

    def __init__(self, facts: Iterable[Mapping[str, Any]], patients: frozenset[str]) -> None:
        self._by_focus: dict[tuple[str, str], set[str]] = {}
        self._of_contexts: set[str] = set()
        for fact in facts:
            clinician = fact["clinician"]
            if clinician is None or clinician.rpartition("!")[2].startswith(_NO_PERSONS):
                continue
            self._by_focus.setdefault((fact["kind"], fact["focus"]), set()).add(clinician)
            if fact["kind"] in _CONTEXTS and fact["patient"] in patients:
                self._of_contexts.add(clinician)

    def of(self, case: Mapping[str, Any]) -> set[str]:
        """The persons who may own a case, as keys; empty where none is named."""
        kinds: Sequence[EventKind] = _SIGNED_IN.get(case["measure"], ())
        if not kinds:
            return self._of_contexts
        return set().union(*(self._by_focus.get((kind, case["focus"]), set()) for kind in kinds))


def whose(case: Mapping[str, Any], signers: Signers, own: OwnRecords, person: Person | None) -> Whose:
    """Whose a case is.

    Args:
        case: a row of `cases`.
        signers: of the same data.
        own: see `own_records`.
        person: the signed-in user; None: the EHR does not say who it is.
    """
    if case["npi"] is not None and person is not None and person.npi is not None:
        return Whose.HERS if case["npi"] == person.npi else Whose.ANOTHERS
    signed = signers.of(case)
    if signed & own.keys or not (signed or case["npi"]):
        return Whose.HERS
    others = (*_SURELY_OTHERS, "PractitionerRole/") if own.whole else _SURELY_OTHERS
    told = bool(own.keys) and bool(signed) and all(key.startswith(others) for key in signed)
    return Whose.ANOTHERS if told else Whose.UNKNOWN
