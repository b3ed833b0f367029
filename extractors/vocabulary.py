"""The closed words of extraction: kinds of event, answers, grades of evidence.

The vocabulary is documented for profile authors in `docs/reference/events.md`; a new kind is a decision,
not a line of data, because someone must define what it means.
"""

from enum import StrEnum

EVIDENCE_SYSTEM = "urn:pi180:evidence"
"""System of the codes with which a server may state any fact by Provenance."""


class EventKind(StrEnum):
    """What a resource can witness."""

    PRESCRIPTION_WRITTEN = "prescription-written"
    PRESCRIPTION_TRANSMITTED = "prescription-transmitted"
    PDMP_QUERIED = "pdmp-queried"
    REFERRAL_MADE = "referral-made"
    TRANSITION_MADE = "transition-made"
    SUMMARY_SENT = "summary-sent"
    SUMMARY_COMPLETE = "summary-complete"
    RECEIPT_CONFIRMED = "receipt-confirmed"
    TRANSITION_RECEIVED = "transition-received"
    REFERRAL_RECEIVED = "referral-received"
    SUMMARY_RECEIVED = "summary-received"
    MEDICATIONS_RECONCILED = "medications-reconciled"
    ALLERGIES_RECONCILED = "allergies-reconciled"
    PROBLEMS_RECONCILED = "problems-reconciled"
    PATIENT_SEEN = "patient-seen"
    INFORMATION_AVAILABLE = "information-available"
    ACCESS_VDT = "access-vdt"
    ACCESS_API = "access-api"
    ACCESS_WITHDRAWN = "access-withdrawn"
    ACCESS_DECLINED = "access-declined"
    IMMUNIZATION_GIVEN = "immunization-given"
    CONDITION_DIAGNOSED = "condition-diagnosed"


class Answer(StrEnum):
    """What a fact says. Unknown is neither of the others and never becomes zero."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class Grade(StrEnum):
    """What a fact rests on, strongest first.

    `native` is the server's own record of the act, `standard` a carrier that a published standard defines
    for it, `proxy` something that implies it, `asserted` an evidence Provenance that only states it.
    """

    NATIVE = "native"
    STANDARD = "standard"
    PROXY = "proxy"
    ASSERTED = "asserted"
