"""What happens in a made-up practice, as resources: drawn from one seed, so that the same book tells the same."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

SEED = 180
PATIENTS_OF_CLINICIAN, START = 400, datetime(2025, 1, 1, 13, tzinfo=UTC)
_PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_NARRATIVE = (
    "Recorded by the practice; the text stands for what a system writes about the entry for people to read. " * 3
)
_DRUGS = [
    ("979492", "losartan potassium 50 MG Oral Tablet"),
    ("314076", "lisinopril 10 MG Oral Tablet"),
    ("860975", "metformin hydrochloride 500 MG Oral Tablet"),
    ("1049621", "oxycodone hydrochloride 5 MG Oral Tablet"),
]


class Book:
    """Draws what happens among so many clinicians, each of whom has so many patients of their own."""

    def __init__(self, clinicians: int, patients: int = PATIENTS_OF_CLINICIAN) -> None:
        self.draw = random.Random(SEED)
        self.clinicians, self.patients = clinicians, patients
        self.number = 0

    def person(self) -> tuple[str, str, str]:
        """A patient, a clinician and a time with an offset."""
        clinician = self.draw.randrange(self.clinicians)
        patient = clinician * self.patients + self.draw.randrange(self.patients)
        when = START + timedelta(minutes=self.draw.randrange(60 * 24 * 700))
        return f"Patient/sample-{patient}", f"Practitioner/doctor-{clinician}", f"{when:%Y-%m-%dT%H:%M:%S}-05:00"


def resource(kind: str, identity: str, **elements: object) -> Json:
    """A resource with the meta and the narrative that exports carry."""
    return {
        "resourceType": kind,
        "id": identity,
        "meta": {
            "versionId": "1",
            "lastUpdated": "2026-11-20T03:04:05Z",
            "profile": [_PROFILE + kind.lower()],
            "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}],
        },
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{_NARRATIVE}</p></div>'},
        **elements,
    }


def concept(system: str, code: str, display: str) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def named(reference: str) -> Json:
    """A Reference with a display, as servers send it."""
    return {"reference": reference, "display": f"Sample {reference.rpartition('-')[2]} Ünlü"}


def prescription(book: Book) -> Iterator[Json]:
    """An order, and for most a message to the pharmacy."""
    patient, clinician, when = book.person()
    code, display = book.draw.choice(_DRUGS)
    status = book.draw.choices(["active", "completed", "draft", "entered-in-error"], [60, 36, 2, 2])[0]
    order = f"rx-{book.number}"
    yield resource(
        "MedicationRequest",
        order,
        identifier=[{"system": "urn:oid:1.2.3.4", "value": f"RX{book.number}"}],
        status=status,
        intent="order",
        category=[
            concept("http://terminology.hl7.org/CodeSystem/medicationrequest-category", "community", "Community")
        ],
        medicationCodeableConcept=concept("http://www.nlm.nih.gov/research/umls/rxnorm", code, display),
        subject=named(patient),
        encounter={"reference": f"Encounter/visit-{book.number}"},
        authoredOn=when,
        requester=named(clinician),
        dosageInstruction=[
            {
                "text": "Take one tablet by mouth every day",
                "timing": {"repeat": {"frequency": 1, "period": 1.0, "periodUnit": "d"}},
                "route": concept("http://snomed.info/sct", "26643006", "Oral route"),
                "doseAndRate": [{"doseQuantity": {"value": 1.0, "unit": "tablet", "code": "{tbl}"}}],
            }
        ],
        dispenseRequest={"numberOfRepeatsAllowed": 3, "quantity": {"value": 30.0, "unit": "tablet"}},
    )
    if book.draw.random() < 0.25:
        system = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
        yield resource(
            "Provenance",
            f"sent-{book.number}",
            target=[{"reference": f"MedicationRequest/{order}"}],
            occurredDateTime=when,
            recorded=when,
            activity=concept(system, "transmit", "Transmit Record Lifecycle Event"),
            agent=[{"who": named(clinician), "onBehalfOf": {"reference": "Organization/practice"}}],
        )


def visit(book: Book) -> Iterator[Json]:
    """An encounter."""
    patient, clinician, when = book.person()
    yield resource(
        "Encounter",
        f"visit-{book.number}",
        status="finished",
        **{"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}},
        type=[concept("http://www.ama-assn.org/go/cpt", book.draw.choice(["99213", "99214", "99203"]), "Office visit")],
        subject=named(patient),
        participant=[
            {
                "type": [concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "ATND", "attender")],
                "individual": named(clinician),
            }
        ],
        period={"start": when, "end": when},
        serviceProvider={"reference": "Organization/practice"},
        location=[{"location": {"reference": f"Location/room-{book.number % 9}"}}],
    )


def referral(book: Book) -> Iterator[Json]:
    """A request to another practice, and a task that closes it."""
    patient, clinician, when = book.person()
    yield resource(
        "ServiceRequest",
        f"referral-{book.number}",
        status="active",
        intent="order",
        category=[concept("http://snomed.info/sct", "3457005", "Patient referral")],
        code=concept("http://snomed.info/sct", "306206005", "Referral to service"),
        subject=named(patient),
        authoredOn=when,
        requester=named(clinician),
        performer=[named(f"Practitioner/other-{book.number % 50}")],
    )
    if book.draw.random() < 0.5:
        yield resource(
            "Task",
            f"loop-{book.number}",
            status=book.draw.choice(["requested", "accepted", "completed", "cancelled"]),
            intent="order",
            focus={"reference": f"ServiceRequest/referral-{book.number}"},
            **{"for": named(patient)},
            authoredOn=when,
            lastModified=when,
            requester=named(clinician),
            owner=named(f"Practitioner/other-{book.number % 50}"),
        )


def document(book: Book) -> Iterator[Json]:
    """A summary that is on file."""
    patient, clinician, when = book.person()
    yield resource(
        "DocumentReference",
        f"document-{book.number}",
        masterIdentifier={"system": "urn:ietf:rfc:3986", "value": f"urn:oid:1.2.3.{book.number}"},
        status="current",
        type=concept("http://loinc.org", "34133-9", "Summarization of episode note"),
        subject=named(patient),
        date=when,
        author=[named(clinician)],
        content=[
            {
                "attachment": {"contentType": "application/xml", "url": f"Binary/summary-{book.number}"},
                "format": {
                    "system": "http://ihe.net/fhir/ValueSet",
                    "code": "urn:hl7-org:sdwg:ccda-structuredBody:2.1",
                },
            }
        ],
        context={"encounter": [{"reference": f"Encounter/visit-{book.number}"}]},
    )


def beside(book: Book) -> Iterator[Json]:
    """What an export holds and no measure reads."""
    patient, clinician, when = book.person()
    kind = book.draw.choice(["AuditEvent", "CareTeam", "Goal"])
    elements: dict[str, Json] = {
        "AuditEvent": {
            "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110110"},
            "recorded": when,
            "agent": [{"who": named(clinician), "requestor": True}],
            "source": {"observer": {"display": "Sample system"}},
        },
        "CareTeam": {"status": "active", "subject": named(patient), "period": {"start": when}},
        "Goal": {"lifecycleStatus": "active", "description": {"text": "Sleep better"}, "subject": named(patient)},
    }
    yield resource(kind, f"{kind.lower()}-{book.number}", **elements[kind])


MIX: tuple[tuple[Callable[[Book], Iterator[Json]], int], ...] = (
    (prescription, 40),
    (visit, 24),
    (referral, 10),
    (document, 12),
    (beside, 14),
)


def npi(clinician: int) -> str:
    """The NPI of a clinician by number."""
    return f"99{clinician:08}"


def people(book: Book) -> Iterator[Json]:
    """Everyone whom the other resources name."""
    yield resource("Organization", "practice", name="Practice", identifier=[{"system": "urn:x", "value": "1"}])
    for number in range(book.clinicians):
        known = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi(number)}]
        yield resource("Practitioner", f"doctor-{number}", active=True, identifier=known)
    for number in range(book.clinicians * book.patients):
        record = [{"system": "urn:oid:1.2.3", "value": f"MRN{number}"}]
        yield resource("Patient", f"sample-{number}", identifier=record, gender="other", birthDate="1970-01-01")


def weights(quiet: int) -> list[float]:
    """How often each of `MIX` is drawn where so many in a hundred are what no measure reads."""
    usual = [weight for _, weight in MIX]
    return [*(weight * (100 - quiet) / (100 - usual[-1]) for weight in usual[:-1]), quiet]
