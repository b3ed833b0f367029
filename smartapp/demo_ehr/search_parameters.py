"""The search parameters that the demo EHR honours: name, kind and elements, as R4 defines them for each type.

One departure: a date parameter on an Encounter looks at the start of the period alone.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """How a value is compared."""

    TOKEN = auto()
    REFERENCE = auto()
    DATE = auto()
    STRING = auto()


@dataclass(frozen=True)
class SearchParameter:
    """A parameter of one type.

    Attributes:
        paths: element names joined by dots; a list on the way is looked into.
        target: the only type that the reference may name; None for any.
    """

    kind: Kind
    paths: tuple[str, ...]
    target: str | None = None


def _token(*paths: str) -> SearchParameter:
    return SearchParameter(Kind.TOKEN, paths)


def _reference(*paths: str, target: str | None = None) -> SearchParameter:
    return SearchParameter(Kind.REFERENCE, paths, target)


def _date(*paths: str) -> SearchParameter:
    return SearchParameter(Kind.DATE, paths)


def _string(*paths: str) -> SearchParameter:
    return SearchParameter(Kind.STRING, paths)


_EVERY = {"_id": _token("id"), "identifier": _token("identifier")}
_CASE = {
    **_EVERY,
    "patient": _reference("subject", target="Patient"),
    "subject": _reference("subject"),
    "status": _token("status"),
}
_ORDER = {
    **_CASE,
    "encounter": _reference("encounter"),
    "requester": _reference("requester"),
    "intent": _token("intent"),
    "code": _token("code"),
    "category": _token("category"),
    "based-on": _reference("basedOn"),
}
_PERSON = {
    **_EVERY,
    "name": _string("name.family", "name.given", "name.text"),
    "family": _string("name.family"),
    "given": _string("name.given"),
    "active": _token("active"),
}
_OTHER = {**_CASE, "date": _date("date")}

_BY_TYPE: dict[str, dict[str, SearchParameter]] = {
    "Patient": {**_PERSON, "birthdate": _date("birthDate"), "gender": _token("gender")},
    "Practitioner": _PERSON,
    "PractitionerRole": {
        **_EVERY,
        "active": _token("active"),
        "practitioner": _reference("practitioner"),
        "organization": _reference("organization"),
        "specialty": _token("specialty"),
    },
    "Organization": {**_EVERY, "active": _token("active"), "name": _string("name")},
    "Encounter": {
        **_CASE,
        "date": _date("period.start"),
        "class": _token("class"),
        "type": _token("type"),
        "participant": _reference("participant.individual"),
        "practitioner": _reference("participant.individual", target="Practitioner"),
        "service-provider": _reference("serviceProvider"),
    },
    "MedicationRequest": {
        **_ORDER,
        "authoredon": _date("authoredOn"),
        "code": _token("medicationCodeableConcept"),
    },
    "ServiceRequest": {**_ORDER, "authored": _date("authoredOn"), "performer": _reference("performer")},
    "Communication": {
        **_CASE,
        "sent": _date("sent"),
        "received": _date("received"),
        "medium": _token("medium"),
        "category": _token("category"),
        "based-on": _reference("basedOn"),
        "part-of": _reference("partOf"),
        "sender": _reference("sender"),
        "recipient": _reference("recipient"),
        "encounter": _reference("encounter"),
    },
    "Task": {
        **_ORDER,
        "patient": _reference("for", target="Patient"),
        "subject": _reference("for"),
        "focus": _reference("focus"),
        "owner": _reference("owner"),
        "authored-on": _date("authoredOn"),
        "modified": _date("lastModified"),
        "period": _date("executionPeriod.start", "executionPeriod.end"),
    },
    "DocumentReference": {
        **_CASE,
        "date": _date("date"),
        "type": _token("type"),
        "category": _token("category"),
        "author": _reference("author"),
        "custodian": _reference("custodian"),
        "encounter": _reference("context.encounter"),
    },
    "Condition": {
        **_CASE,
        "code": _token("code"),
        "category": _token("category"),
        "clinical-status": _token("clinicalStatus"),
        "verification-status": _token("verificationStatus"),
        "recorded-date": _date("recordedDate"),
        "onset-date": _date("onsetDateTime", "onsetPeriod.start"),
        "encounter": _reference("encounter"),
    },
    "Procedure": {
        **_CASE,
        "date": _date("performedDateTime", "performedPeriod.start"),
        "code": _token("code"),
        "performer": _reference("performer.actor"),
        "encounter": _reference("encounter"),
        "based-on": _reference("basedOn"),
    },
    "Immunization": {
        **_EVERY,
        "status": _token("status"),
        "patient": _reference("patient", target="Patient"),
        "date": _date("occurrenceDateTime"),
        "vaccine-code": _token("vaccineCode"),
        "performer": _reference("performer.actor"),
    },
    "Provenance": {
        **_EVERY,
        "target": _reference("target"),
        "patient": _reference("target", target="Patient"),
        "recorded": _date("recorded"),
        "when": _date("occurredDateTime", "occurredPeriod.start"),
        "agent": _reference("agent.who"),
    },
}


def parameters(resource_type: str) -> dict[str, SearchParameter]:
    """The parameters of a type, by name; a type without a list of its own has the common ones."""
    return _BY_TYPE.get(resource_type, _OTHER)
