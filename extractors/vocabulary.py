"""The closed words of extraction: kinds of event, answers, grades of evidence.

The vocabulary is documented for profile authors in `docs/reference/events.md`; a new kind is a decision,
not a line of data, because someone must define what it means.
"""

from collections.abc import Mapping
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


DEFINITIONS: Mapping[EventKind, str] = {
    EventKind.PRESCRIPTION_WRITTEN: "A prescription was written; about the MedicationRequest.",
    EventKind.PRESCRIPTION_TRANSMITTED: "The prescription left electronically; about the MedicationRequest.",
    EventKind.PDMP_QUERIED: "The PDMP was asked about the patient and answered, also by a link or with 'not found'; "
    "about the Patient. A request whose answer was only prepared and never retrieved is none.",
    EventKind.REFERRAL_MADE: "The patient was referred to another clinician; about the ServiceRequest.",
    EventKind.TRANSITION_MADE: "The patient was handed over to another setting of care without a referral of its own; "
    "about the Encounter that ended so.",
    EventKind.SUMMARY_SENT: "A summary of care was sent electronically, which a fax is not; about the ServiceRequest, "
    "or the Encounter of a transition.",
    EventKind.SUMMARY_COMPLETE: "The summary has current problems, medications and medication allergies, or says that "
    "there are none; about the DocumentReference.",
    EventKind.RECEIPT_CONFIRMED: "The recipient has the summary, which delivery to an intermediary does not show; "
    "about the ServiceRequest, or the Encounter of a transition.",
    EventKind.TRANSITION_RECEIVED: "The patient came from another setting of care; about the Encounter.",
    EventKind.REFERRAL_RECEIVED: "The patient was referred to the clinician; about the ServiceRequest.",
    EventKind.SUMMARY_RECEIVED: "A summary of care came in electronically, at the time given; about the "
    "DocumentReference.",
    EventKind.MEDICATIONS_RECONCILED: "The medications of the summary were reconciled; about the DocumentReference.",
    EventKind.ALLERGIES_RECONCILED: "The medication allergies of the summary were reconciled; about the "
    "DocumentReference.",
    EventKind.PROBLEMS_RECONCILED: "The current problems of the summary were reconciled; about the DocumentReference.",
    EventKind.PATIENT_SEEN: "The visit took place; about the Encounter.",
    EventKind.INFORMATION_AVAILABLE: "The information of the visit became available to the clinician, from when the "
    "business days are counted; about the Encounter.",
    EventKind.ACCESS_VDT: "The patient can view, download and transmit the information; about the Patient, from the "
    "start of the period given until its end, or about one Encounter.",
    EventKind.ACCESS_API: "The patient can use an application of her choice; about the Patient, from the start of the "
    "period given until its end, or about one Encounter.",
    EventKind.ACCESS_WITHDRAWN: "The patient's access ended; about the Patient.",
    EventKind.ACCESS_DECLINED: "The patient declined access and was told how to have it again; about the Patient.",
    EventKind.IMMUNIZATION_GIVEN: "A vaccine was given here; about the Immunization.",
    EventKind.CONDITION_DIAGNOSED: "A condition was diagnosed here; about the Condition.",
}
"""What each kind means, and what it is about."""


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
