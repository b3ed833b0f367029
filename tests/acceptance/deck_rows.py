"""Renders the rows of the counting oracles as FHIR, one practice per oracle, by ONC's definitions of the columns.

Every numerator fact is an evidence Provenance; a fact that a row denies is left out, so it is unknown, except a
late access, which is stated with its late date. Dates lie in performance year 2024.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

Json = dict[str, Any]

TIN = "991111111"
NPIS = ("1234567893", "1093817465")
LISINOPRIL, ALPRAZOLAM = "314076", "308048"
FIRST_VISIT, SECOND_VISIT = "2024-01-08", "2024-03-04"
TIMELY, LATE = 1, 20
LISTS = {"med": "medications", "allergy": "allergies", "problem": "problems"}


class Practice:
    """One TIN with two clinicians; collects the resources that its rows need."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.resources = [_identified("Organization", "tin", "urn:oid:2.16.840.1.113883.4.4", TIN)]
        for npi in NPIS:
            role = {"practitioner": _to(f"Practitioner/{npi}"), "organization": _to("Organization/tin")}
            self.resources.append(_identified("Practitioner", npi, "http://hl7.org/fhir/sid/us-npi", npi))
            self.resources.append({"resourceType": "PractitionerRole", "id": f"r{npi}", **role})

    def add(self, kind: str, **elements: Any) -> str:
        """Add a resource and return its reference."""
        identity = f"{kind.lower()}-{next(self._numbers)}"
        self.resources.append({"resourceType": kind, "id": identity, **elements})
        return f"{kind}/{identity}"

    def state(self, fact: str, about: str, npi: str, when: str = f"{FIRST_VISIT}T15:00:00-05:00") -> None:
        """State a fact by evidence Provenance."""
        coding = [{"system": "urn:pi180:evidence", "code": fact}]
        agent = [{"who": _to(f"PractitionerRole/r{npi}")}]
        self.add("Provenance", target=[_to(about)], recorded=when, activity={"coding": coding}, agent=agent)

    def prescriptions(self, npi: str, patient: str, drug: str, written: int, sent: int) -> None:
        """Write prescriptions of one drug, the first `sent` of them transmitted."""
        for number in range(written):
            code = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": drug}]}
            order = self.add(
                "MedicationRequest", status="active", intent="order", subject=_to(f"Patient/{patient}"),
                medicationCodeableConcept=code, authoredOn=FIRST_VISIT, requester=_to(f"PractitionerRole/r{npi}"),
            )  # fmt: skip
            if number < sent:
                self.state("prescription-transmitted", order, npi)

    def visit(self, npi: str, patient: str, day: str, **elements: Any) -> str:
        """A finished ambulatory visit."""
        participant = [{"individual": _to(f"PractitionerRole/r{npi}")}]
        return self.add(
            "Encounter", status="finished", subject=_to(f"Patient/{patient}"), participant=participant,
            period={"start": f"{day}T09:00:00-05:00"}, **{"class": {"code": "AMB"}}, **elements,
        )  # fmt: skip


def _identified(kind: str, identity: str, system: str, value: str) -> Json:
    return {"resourceType": kind, "id": identity, "identifier": [{"system": system, "value": value}]}


def _to(reference: str) -> Json:
    return {"reference": reference}


def render(oracle: Mapping[str, Any], earlier: list[Mapping[str, Any]]) -> list[Json]:
    """The resources of one oracle; `earlier` are the events of the scenarios before it, same clinician."""
    practice, inputs = Practice(), oracle["inputs"]
    if "parts" in inputs:
        for npi, (sent, written) in zip(NPIS, inputs["parts"], strict=True):
            practice.prescriptions(npi, "p", LISINOPRIL, written, sent)
    for row in inputs.get("timelyAccessByMember", []):
        _group_access(practice, row)
    for row in [*earlier, *inputs.get("newEvents", [])]:
        _access(practice, NPIS[0], row)
    for row in inputs.get("rows", []):
        _RENDERERS[inputs["measureId"]](practice, row)
    return practice.resources


def _prescribing(practice: Practice, row: Mapping[str, Any]) -> None:
    plain = row["nonControlledWritten"], row["nonControlledESent"]
    practice.prescriptions(NPIS[0], row["patient"], LISINOPRIL, *plain)
    # a row that leaves controlled substances out gets one all the same: it must not count
    controlled = row.get("controlledWritten", 1), row.get("controlledESent", 0)
    practice.prescriptions(NPIS[0], row["patient"], ALPRAZOLAM, *controlled)


def _sending(practice: Practice, row: Mapping[str, Any]) -> None:
    if not row["transitionOrReferral"]:
        return
    referral = _referral(practice, row["patient"], f"PractitionerRole/r{NPIS[0]}", "Organization/outside")
    if row["summarySentElectronically"]:
        practice.state("summary-sent", referral, NPIS[0])
    if row["receiptConfirmed"]:
        practice.state("receipt-confirmed", referral, NPIS[0])


def _referral(practice: Practice, patient: str, requester: str, performer: str) -> str:
    return practice.add(
        "ServiceRequest",
        status="active",
        intent="order",
        category=[{"coding": [{"system": "http://snomed.info/sct", "code": "3457005"}]}],
        subject=_to(f"Patient/{patient}"),
        requester=_to(requester),
        performer=[_to(performer)],
        authoredOn=FIRST_VISIT,
    )


def _receiving(practice: Practice, row: Mapping[str, Any]) -> None:
    patient = row["patient"]
    if row["relationship"] == "No":
        practice.visit(NPIS[0], patient, "2023-06-05")
    visit = practice.visit(NPIS[0], patient, FIRST_VISIT, **_CONTEXTS.get(row["relationship"], {}))
    if row["relationship"] == "Transitioned":
        practice.state("transition-received", visit, NPIS[0])
    if row["relationship"] == "Referred":
        _referral(practice, patient, "Organization/outside", f"PractitionerRole/r{NPIS[0]}")
    for number in range(row["recordsReceived"]):
        document = practice.add("DocumentReference", status="current", subject=_to(f"Patient/{patient}"), content=[])
        practice.state("summary-received", document, NPIS[0])
        for column, name in LISTS.items():
            if number < row[f"{column}Reconciled"]:
                practice.state(f"{name}-reconciled", document, NPIS[0])


_CONTEXTS = {"New": {"type": [{"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99203"}]}]}}


def _access(practice: Practice, npi: str, row: Mapping[str, Any]) -> None:
    day = FIRST_VISIT if row["encounter"].startswith("First") else SECOND_VISIT
    visit = practice.visit(npi, row["patient"], day)
    for fact, timely in (("access-vdt", row["vdtTimely"]), ("access-api", row["apiTimely"])):
        practice.state(fact, visit, npi, _days_after(day, TIMELY if timely else LATE))


def _group_access(practice: Practice, row: Mapping[str, Any]) -> None:
    timely = [row[f"{tin}/Provider {n}"] for tin in ("TIN A", "TIN B") for n in (1, 2) if f"{tin}/Provider {n}" in row]
    for npi, answer in zip(NPIS, timely, strict=True):
        if answer is not None:
            event = {"encounter": "First", "patient": row["patient"], "vdtTimely": answer, "apiTimely": answer}
            _access(practice, npi, event)


def _days_after(day: str, days: int) -> str:
    year, month, number = day.split("-")
    return f"{year}-{month}-{int(number) + days:02}T09:00:00-05:00"


_RENDERERS = {"PI_EP_1": _prescribing, "PI_HIE_1": _sending, "PI_HIE_4": _receiving}


def is_group(oracle: Mapping[str, Any]) -> bool:
    """Whether the expected count is that of the TIN."""
    return "parts" in oracle["inputs"] or "timelyAccessByMember" in oracle["inputs"]


def scenarios_before(oracle: Mapping[str, Any], oracles: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The events of the same clinician in the scenarios before this one (PI_PEA_1 counts are cumulative)."""
    inputs = oracle["inputs"]
    theirs = [o["inputs"] for o in oracles if o["inputs"]["measureId"] == inputs["measureId"]]
    for other in (i for i in theirs if i.get("provider") == inputs.get("provider")):
        if other.get("cumulativeThroughScenario", 0) < inputs.get("cumulativeThroughScenario", 0):
            yield from other["newEvents"]
