"""The audit trail as FHIR R4 AuditEvent, after the shapes of IHE Basic Audit Log Patterns.

Codes are those of DICOM (DCM) and of FHIR's own code systems, as far as a deed has one there; `entity` carries what
the row says besides, so that nothing of it is lost.
"""

from collections.abc import Mapping
from typing import Any

from smartapp.store.audit import AuditEvent, Deed

_DCM, _HL7 = "http://dicom.nema.org/resources/ontology/DCM", "http://terminology.hl7.org/CodeSystem"
_REST, _OBJECT = f"{_HL7}/audit-event-type", f"{_HL7}/object-role"
_LOGIN = ("110114", "User Authentication", "110122", "Login")
_LOGOUT = ("110114", "User Authentication", "110123", "Logout")
_SECURITY = ("110113", "Security Alert", "110132", "Use of Restricted Function")
_ROLES = ("110113", "Security Alert", "110136", "Security Roles Changed")
_CONFIGURED = ("110113", "Security Alert", "110129", "Security Configuration")
_LOG = ("110101", "Audit Log Used", None, None)
_EXPORT = ("110106", "Export", None, None)
_IMPORT = ("110107", "Import", None, None)
_ACTIVITY = ("110100", "Application Activity", None, None)
_PATIENT = ("110110", "Patient Record", None, None)

_CODES: Mapping[Deed, tuple[tuple[str, str, str | None, str | None], str]] = {
    Deed.LAUNCH_REFUSED: (_LOGIN, "E"),
    Deed.LAUNCHED: (_LOGIN, "E"),
    Deed.SIGNED_IN: (_LOGIN, "E"),
    Deed.SIGN_IN_REFUSED: (_LOGIN, "E"),
    Deed.RENEWED: (_LOGIN, "E"),
    Deed.RENEWAL_REFUSED: (_LOGIN, "E"),
    Deed.SIGNED_OUT: (_LOGOUT, "E"),
    Deed.SESSION_ENDED: (_LOGOUT, "E"),
    Deed.SCORE_VIEWED: (_ACTIVITY, "R"),
    Deed.CASES_VIEWED: (_PATIENT, "R"),
    Deed.PATIENT_VIEWED: (_PATIENT, "R"),
    Deed.WRONG_PATIENT: (_SECURITY, "R"),
    Deed.DENIED: (_SECURITY, "E"),
    Deed.CHOICE_DENIED: (_SECURITY, "R"),
    Deed.READING_BEGUN: (_IMPORT, "E"),
    Deed.READING_ENDED: (_IMPORT, "E"),
    Deed.RUN_BEGUN: (_ACTIVITY, "E"),
    Deed.RUN_ENDED: (_ACTIVITY, "E"),
    Deed.RUN_CANCELLED: (_ACTIVITY, "E"),
    Deed.ANSWERS_SAVED: (_ACTIVITY, "U"),
    Deed.SIGNED: (_ACTIVITY, "C"),
    Deed.DOCUMENT_ATTACHED: (_IMPORT, "C"),
    Deed.DOCUMENT_REMOVED: (_ACTIVITY, "D"),
    Deed.DOCUMENT_DOWNLOADED: (_EXPORT, "R"),
    Deed.EXPORTED: (_EXPORT, "R"),
    Deed.PEOPLE_GRANTED: (_ROLES, "U"),
    Deed.PEOPLE_REVOKED: (_ROLES, "U"),
    Deed.TRAIL_VIEWED: (_LOG, "R"),
    Deed.TRAIL_CHECKED: (_LOG, "R"),
    Deed.CHAIN_BEGUN: (_LOG, "C"),
    Deed.KEY_ROTATED: (_CONFIGURED, "U"),
    Deed.WIPED: (_ACTIVITY, "D"),
    Deed.UNKNOWN: (_SECURITY, "E"),
}
"""For each deed: type and subtype, and create, read, update, delete or execute."""

_REFUSED = {
    Deed.LAUNCH_REFUSED,
    Deed.SIGN_IN_REFUSED,
    Deed.RENEWAL_REFUSED,
    Deed.WRONG_PATIENT,
    Deed.DENIED,
    Deed.CHOICE_DENIED,
}


def as_audit_event(row: AuditEvent) -> dict[str, Any]:
    """One row of the trail, which was written, as an R4 AuditEvent."""
    (code, display, sub, sub_display), action = _CODES[row.event]
    event = {
        "resourceType": "AuditEvent",
        "id": f"pi180-{row.number}",
        "type": _coding(_DCM, code, display),
        "action": action,
        "recorded": row.at.isoformat(timespec="milliseconds") if row.at else None,
        "outcome": "4" if row.event in _REFUSED else "0",
        "outcomeDesc": str(row.event),
        "agent": [_user(row), _ourselves(row)],
        "source": _source(row),
        "entity": _entities(row),
    }
    return {**event, "subtype": [_coding(_DCM, sub, sub_display)]} if sub else event


def _coding(system: str, code: str | None, display: str | None) -> dict[str, Any]:
    return {"system": system, "code": code, "display": display}


def _user(row: AuditEvent) -> dict[str, Any]:
    """Who acted. An EHR's user is issuer and subject; one of this machine is `local` and an account."""
    system, _, value = (row.user or "").partition(" ")
    who = {"identifier": {"system": system, "value": value}} if value else {"display": row.user or "not signed in"}
    if value and ":" not in system:
        who = {"display": row.user or ""}
    agent: dict[str, Any] = {
        "type": {"coding": [_coding(f"{_HL7}/v3-ParticipationType", "IRCP", "information recipient")]},
        "who": who,
        "requestor": True,
    }
    if row.role:
        agent["role"] = [{"text": row.role}]
    if row.origin:
        agent["network"] = {"address": row.origin, "type": "2"}
    return agent


def _ourselves(row: AuditEvent) -> dict[str, Any]:
    return {
        "type": {"coding": [_coding(_DCM, "110150", "Application")]},
        "who": {"display": f"pi180 {row.version or ''}".strip()},
        "requestor": False,
    }


def _source(row: AuditEvent) -> dict[str, Any]:
    source: dict[str, Any] = {
        "observer": {"display": "pi180"},
        "type": [_coding(f"{_HL7}/security-source-type", "4", "Application Server")],
    }
    return {**source, "site": row.registration} if row.registration else source


def _entities(row: AuditEvent) -> list[dict[str, Any]]:
    """The patient, if it was about one, and whatever else the row says."""
    told = {name: getattr(row, name) for name in ("launch", "detail") if getattr(row, name)}
    detail = [{"type": name, "valueString": value} for name, value in {"number": str(row.number), **told}.items()]
    found = [{"name": "row of pi180's audit trail", "detail": detail}]
    if row.patient:
        patient = {
            "what": {"reference": f"Patient/{row.patient.removeprefix('Patient/')}"},
            "type": _coding(f"{_HL7}/audit-entity-type", "1", "Person"),
            "role": _coding(_OBJECT, "1", "Patient"),
        }
        return [patient, *found]
    return found
