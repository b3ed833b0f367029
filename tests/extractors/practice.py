"""One small practice in FHIR R4, as plain functions, and its counting by the real pipeline.

Clinician C works for TIN A, and so does her partner D; E works for TIN B. Every function makes one resource;
what a test changes, it says by keyword (an R4 element name) or by a dict union.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from extractors.cases import Tally, derive, fingerprint, tally
from extractors.engine.local import LocalEngine
from extractors.events import Extract, Line, extract
from extractors.ledger import Sight, sights
from extractors.profile import Profile, load_profile
from extractors.site import Site
from extractors.vocabulary import EventKind
from scoring.model import Period

Json = dict[str, Any]
Key = tuple[str, str, str | None, str | None]

C, D, E = "1234567893", "1000000004", "1999999992"
A, B = "000180180", "000180181"
GENERIC = load_profile("generic")
PERIOD = Period(date(2026, 1, 1), date(2026, 6, 29))
OPEN = Site(data_until=date(2026, 12, 31))
CLOSED = replace(OPEN, closed_world=frozenset(EventKind))
PROVEN = replace(OPEN, history_from=date(2010, 1, 1))
"""Site settings, of data to the end of the year: nothing vouched for; every absence; all encounters since 2010."""

RXNORM, NDC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
LOSARTAN, ZOLPIDEM, OXYCODONE, TRAMADOL = "979492", "854873", "1049604", "835603"
EVIDENCE = "urn:pi180:evidence"
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
RX_CATEGORY = "http://terminology.hl7.org/CodeSystem/medicationrequest-category"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
CPT = "http://www.ama-assn.org/go/cpt"
CCDA = "urn:hl7-org:sdwg:ccda-structuredBody:2.1"
LISTS = {"medications": "10160-0", "allergies": "48765-2", "problems": "11450-4"}
MADE_BY_C = "PractitionerRole/c-at-a"


class Counts(NamedTuple):
    """What a tally says, in the order in which one reads it."""

    denominator: int = 0
    met: int = 0
    unknown: int = 0
    undecided: int = 0


NONE, MET, NOT_MET = Counts(), Counts(1, 1), Counts(1, 0)
UNKNOWN, UNDECIDED = Counts(1, 0, 1), Counts(undecided=1)


def ref(target: str) -> Json:
    return {"reference": target}


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def resource(kind: str, name: str, **elements: Any) -> Json:
    return {"resourceType": kind, "id": name, **elements}


def organization(name: str, tin: str | None = None, **elements: Any) -> Json:
    if tin is not None:
        elements["identifier"] = [{"system": "urn:oid:2.16.840.1.113883.4.4", "value": tin}]
    return resource("Organization", name, **elements)


def practitioner(name: str, npi: str | None) -> Json:
    named = {"identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": npi}]} if npi else {}
    return resource("Practitioner", name, **named)


def role(who: str, where: str | None) -> Json:
    at = {"organization": ref(f"Organization/{where}")} if where else {}
    return resource("PractitionerRole", f"{who}-at-{where}", practitioner=ref(f"Practitioner/{who}"), **at)


def staff() -> list[Json]:
    """C and D at TIN A, E at TIN B, and a specialist of whom only a name is known."""
    return [
        organization("a", A),
        organization("b", B),
        organization("elsewhere"),
        practitioner("c", C),
        practitioner("d", D),
        practitioner("e", E),
        role("c", "a"),
        role("d", "a"),
        role("e", "b"),
    ]


def prescription(name: str = "rx", on: str | None = "2026-03-02T10:00:00-05:00", **elements: Any) -> Json:
    given = {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": coded(RXNORM, LOSARTAN),
        "subject": ref("Patient/p"),
        "authoredOn": on,
        "requester": ref(MADE_BY_C),
        **elements,
    }
    return resource("MedicationRequest", name, **{k: v for k, v in given.items() if v is not None})


def drug(code: str, system: str = RXNORM) -> Json:
    return coded(system, code)


def provenance(name: str, system: str, code: str, target: str, on: str | None, **elements: Any) -> Json:
    given = {"target": [ref(target)], "occurredDateTime": on, "activity": coded(system, code), **elements}
    return resource("Provenance", name, **{k: v for k, v in given.items() if v is not None})


def transmission(of: str = "rx", on: str | None = "2026-03-02T10:05:00-05:00", name: str = "") -> Json:
    return provenance(name or f"{of}-sent", LIFECYCLE, "transmit", f"MedicationRequest/{of}", on)


def evidence(kind: str, target: str, on: str = "2026-03-02T10:05:00-05:00", name: str = "", **elements: Any) -> Json:
    return provenance(name or f"{kind}-{target.replace('/', '-')}", EVIDENCE, kind, target, on, **elements)


def fulfilment(status: str, on: str = "2026-03-02T10:05:00-05:00", of: str = "rx", name: str = "task") -> Json:
    return resource(
        "Task",
        name,
        status=status,
        intent="order",
        code=coded("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        focus=ref(f"MedicationRequest/{of}"),
        executionPeriod={"end": on},
    )


def medium(*codes: str) -> list[Json]:
    return [coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationMode", code) for code in codes]


def message(name: str, about: str, **elements: Any) -> Json:
    """A message sent electronically; one about a prescription goes to a pharmacy."""
    to = {"recipient": [ref("Organization/pharmacy")]} if about.startswith("MedicationRequest/") else {}
    when = "2026-03-02T10:05:00-05:00"
    given = {"status": "completed", "basedOn": [ref(about)], "sent": when, "medium": medium("ELECTRONIC"), **to}
    given |= elements
    return resource("Communication", name, **{k: v for k, v in given.items() if v is not None})


def pdmp_review(on: str = "2026-03-02T10:00:00-05:00", of: str = "p", **elements: Any) -> Json:
    given = {"status": "completed", "code": coded(SNOMED, "461621000124108"), "subject": ref(f"Patient/{of}")}
    return resource("Procedure", f"pdmp-{of}-{on[:10]}", **{**given, "performedDateTime": on, **elements})


def referral(name: str = "referral", on: str = "2026-03-02T10:00:00-05:00", **elements: Any) -> Json:
    given = {
        "status": "active",
        "intent": "order",
        "category": [coded(SNOMED, "3457005")],
        "subject": ref("Patient/p"),
        "authoredOn": on,
        "requester": ref(MADE_BY_C),
        "performer": [ref("Organization/elsewhere")],
        **elements,
    }
    return resource("ServiceRequest", name, **{k: v for k, v in given.items() if v is not None})


def document(name: str = "doc", code: str = CCDA, kind: str = "application/xml", **elements: Any) -> Json:
    content = [{"attachment": {"contentType": kind}, "format": {"code": code}}]
    given = {"status": "current", "subject": ref("Patient/p"), "date": "2026-03-01T08:00:00-05:00"}
    return resource("DocumentReference", name, **{**given, "content": content, **elements})


def sending(of: str = "referral", received: str | None = "2026-03-02T11:00:00-05:00", **elements: Any) -> Json:
    given = {"payload": [{"contentReference": ref("DocumentReference/doc")}], "received": received, **elements}
    return message(f"{of}-summary", f"ServiceRequest/{of}", **given)


def acceptance(status: str, on: str = "2026-03-03T09:00:00-05:00", of: str = "referral") -> Json:
    return resource(
        "Task",
        f"{of}-{status}",
        status=status,
        intent="order",
        focus=ref(f"ServiceRequest/{of}"),
        executionPeriod={"start": on},
    )


def visit(name: str = "visit", on: str | None = "2026-03-02T09:00:00-05:00", by: str = "c", **elements: Any) -> Json:
    given = {
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": ref("Patient/p"),
        "participant": [
            {
                "type": [coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "ATND")],
                "individual": ref(f"PractitionerRole/{by}-at-a"),
            }
        ],
        "period": {"start": on} if on else None,
        "serviceProvider": ref("Organization/a"),
        **elements,
    }
    return resource("Encounter", name, **{k: v for k, v in given.items() if v is not None})


def receipt(of: str = "doc", on: str = "2026-03-02T08:00:00-05:00") -> Json:
    return provenance(f"{of}-received", LIFECYCLE, "receive", f"DocumentReference/{of}", on)


def reconciliation(
    what: str, of: str = "doc", on: str = "2026-03-02T12:00:00-05:00", status: str = "completed"
) -> Json:
    return resource(
        "Task",
        f"{of}-{what}",
        status=status,
        intent="order",
        code=coded(LOINC, LISTS[what]),
        focus=ref(f"DocumentReference/{of}"),
        executionPeriod={"end": on},
    )


def reconciled(of: str = "doc", on: str = "2026-03-02T12:00:00-05:00") -> list[Json]:
    return [reconciliation(what, of, on) for what in LISTS]


def access(kind: str, target: str = "Patient/p", on: str = "2019-05-01", until: str | None = None) -> Json:
    when: Json = {"occurredPeriod": {"start": on, "end": until}} if until else {"occurredDateTime": on}
    shown = provenance(f"{kind}-{target.replace('/', '-')}-{on}", EVIDENCE, kind, target, None)
    return {**shown, **when}


def both_channels(target: str = "Patient/p", on: str = "2019-05-01", until: str | None = None) -> list[Json]:
    return [access(kind, target, on, until) for kind in ("access-vdt", "access-api")]


def bundle(kind: str, *entries: Json, name: str | None = None) -> Json:
    identity = {"id": name} if name else {}
    return {"resourceType": "Bundle", "type": kind, **identity, "entry": list(entries)}


def lines(documents: Iterable[Json | bytes], file: str = "export.ndjson") -> list[Line]:
    found = [d if isinstance(d, bytes) else json.dumps(d).encode() for d in documents]
    return [Line(file, number, 0, data) for number, data in enumerate(found, 1)]


def extracted(documents: Iterable[Json | bytes], site: Site = OPEN) -> Extract:
    return extract(lines(documents), GENERIC, site.zone_info)


def counted(resources: Iterable[Json], *, site: Site = OPEN, period: Period = PERIOD) -> Mapping[Key, Tally]:
    """The tallies of one practice's resources, by (measure, variant, tin, npi)."""
    with LocalEngine() as engine:
        derive(extracted(resources, site), site, engine)
        found = tally(engine, period, site.numerator_window)
    return {(t.measure, t.variant, t.tin, t.npi): t for t in found}


def cases(resources: Iterable[Json], measure: str, *, site: Site = OPEN) -> list[dict[str, Any]]:
    with LocalEngine() as engine:
        derive(extracted(resources, site), site, engine)
        return [row for row in engine.rows("cases") if row["measure"] == measure]


def marked(resources: Iterable[Json], *digests: str, site: Site = OPEN) -> str:
    """The fingerprint of resources."""
    with LocalEngine() as engine:
        derive(extracted(resources, site), site, engine)
        return fingerprint(engine, *digests)


def seen(resources: Iterable[Json], profile: Profile = GENERIC) -> dict[EventKind, Sight]:
    """What a source of these resources shows, as a profile declares it."""
    with LocalEngine() as engine:
        derive(extract(lines(resources), profile, OPEN.zone_info), OPEN, engine)
        return sights(engine, profile)


def counts_of(tallies: Mapping[Key, Tally], measure: str, npi: str | None, tin: str | None, variant: str) -> Counts:
    found = tallies.get((measure, variant, tin, npi))
    return Counts() if found is None else Counts(found.denominator, found.met, found.unknown, found.undecided)


def count(
    measure: str,
    resources: Sequence[Json],
    *,
    npi: str | None = C,
    tin: str | None = A,
    site: Site = OPEN,
    period: Period = PERIOD,
    variant: str = "",
) -> Counts:
    """What one measure counts for C at TIN A, unless another reporter is named, with the staff added."""
    variant = variant or ("controlled-included" if measure == "PI_EP_1" else "all")
    return counts_of(counted([*staff(), *resources], site=site, period=period), measure, npi, tin, variant)


def patient_line(name: str) -> bytes:
    return json.dumps(resource("Patient", name)).encode()
