"""A reference in any of its forms is one key (R68)."""

import re

import pytest

from extractors.references import Scope, reference_key
from extractors.witness import _type_of
from tests.extractors.practice import (
    MET,
    C,
    Json,
    count,
    evidence,
    practitioner,
    prescription,
    ref,
    transmission,
    visit,
)

HOLDER = "MedicationRequest/rx"
NPI = {"system": "http://hl7.org/fhir/sid/us-npi", "value": C}
NAMED = {"system": "urn:mrn", "value": "7"}
INSIDE = Scope("b1!", {"Patient/p": "b1!Patient/p", "urn:uuid:1": "b1!Patient/p"})


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    ("reference", "key"),
    [
        pytest.param({"reference": "Patient/p"}, "Patient/p", id="relative"),
        pytest.param({"reference": "https://ehr.example/r4/Patient/p"}, "Patient/p", id="absolute"),
        pytest.param({"reference": "https://other.example/fhir/tenant/Patient/p"}, "Patient/p", id="another base"),
        pytest.param({"reference": "Patient/p/_history/3"}, "Patient/p", id="versioned"),
        pytest.param(
            {"reference": "https://ehr.example/r4/Patient/p/_history/3"}, "Patient/p", id="absolute, versioned"
        ),
        pytest.param({"reference": "urn:uuid:1"}, "urn:uuid:1", id="urn:uuid of nobody"),
        pytest.param({"reference": "urn:oid:1.2.3"}, "urn:oid:1.2.3", id="urn:oid of nobody"),
        pytest.param({"reference": "#m"}, "MedicationRequest/rx#m", id="contained"),
        pytest.param({"reference": "#"}, "MedicationRequest/rx", id="the holder itself"),
        pytest.param({"reference": "Patient?identifier=urn:mrn|7"}, "Patient?identifier=urn:mrn|7", id="conditional"),
        pytest.param(
            {"reference": "https://x/Patient?identifier=urn:mrn|7"},
            "Patient?identifier=urn:mrn|7",
            id="absolute search",
        ),
        pytest.param({"type": "Patient", "identifier": NAMED}, "Patient?identifier=urn:mrn|7", id="logical"),
        pytest.param({"identifier": NAMED}, "?identifier=urn:mrn|7", id="identifier only"),
        pytest.param({"identifier": {"value": "7"}}, "?identifier=|7", id="identifier without a system"),
        pytest.param({"reference": "Patient/p", "identifier": NAMED}, "Patient/p", id="the literal goes first"),
        pytest.param({"display": "Somebody"}, None, id="display only"),
        pytest.param({"type": "Patient"}, None, id="type only"),
        pytest.param({"reference": ""}, None, id="empty"),
        pytest.param({"identifier": {"system": "urn:mrn"}}, None, id="identifier without a value"),
        pytest.param({}, None, id="nothing"),
        pytest.param(
            {"reference": "https://x/Patient?identifier=urn%3Amrn%7C7"}, "Patient?identifier=urn:mrn|7", id="encoded"
        ),
        pytest.param(
            {"reference": "Patient?active=true&identifier=urn:mrn|7&_count=1"},
            "Patient?identifier=urn:mrn|7",
            id="identifier among others",
        ),
        pytest.param({"reference": f"Patient/{'x' * 88}"}, f"Patient/{'x' * 88}", id="an id longer than R4 allows"),
    ],
)
def test_a_reference_has_one_key(reference: Json, key: str | None) -> None:
    assert reference_key(reference, HOLDER, Scope()) == key


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("Patient?family=Miller&birthdate=1950", r"Patient\?\(search, [0-9a-f]{12}\)", id="search by name"),
        pytest.param("https://x/Patient?name=Miller", r"Patient\?\(search, [0-9a-f]{12}\)", id="absolute search"),
        pytest.param("Patient?identifier:of-type=MR|Miller", r"Patient\?\(search, [0-9a-f]{12}\)", id="modifier"),
        pytest.param("Patient?", r"Patient\?\(search, [0-9a-f]{12}\)", id="search for nothing"),
        pytest.param("Jane Miller", r"\(text, [0-9a-f]{12}\)", id="a name"),
        pytest.param("Patient/Jane Miller", r"\(text, [0-9a-f]{12}\)", id="a name for an id"),
        pytest.param("Miller/Jane", r"\(text, [0-9a-f]{12}\)", id="no type"),
        pytest.param("see Dr Miller at Patient/p", r"\(text, [0-9a-f]{12}\)", id="a sentence"),
        pytest.param("urn:uuid:Jane Miller", r"\(text, [0-9a-f]{12}\)", id="no URN"),
    ],
)
def test_no_name_stands_in_a_key(text: str, shape: str) -> None:
    key = reference_key(ref(text), HOLDER, Scope())
    assert key is not None
    assert re.fullmatch(shape, key)
    assert reference_key(ref(text), HOLDER, INSIDE) == key != reference_key(ref(text + "x"), HOLDER, Scope())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Patient/p", "b1!Patient/p"),
        ("urn:uuid:1", "b1!Patient/p"),
        ("https://ehr.example/r4/Patient/p", "b1!Patient/p"),
        ("Patient/elsewhere", "b1!Patient/elsewhere"),
    ],
)
def test_within_a_bundle_its_own_entries_are_seen_first(text: str, key: str) -> None:
    assert reference_key(ref(text), HOLDER, INSIDE) == key


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("Patient/p", "Patient"),
        ("b1!Patient/p", "Patient"),
        ("MedicationRequest?identifier=http://erx/x|7", "MedicationRequest"),
        ("MedicationRequest?identifier=urn:erx|7!Task/1", "MedicationRequest"),
        ("?identifier=http://erx/x|7", ""),
    ],
)
def test_a_key_names_its_type(key: str, kind: str) -> None:
    assert _type_of(key) == kind


RX_NUMBER = {"system": "urn:erx", "value": "77"}


@pytest.mark.requirement("R68")
@pytest.mark.parametrize("named", [{"type": "MedicationRequest", "identifier": RX_NUMBER}, {"identifier": RX_NUMBER}])
def test_evidence_may_name_its_order_by_identifier(named: Json) -> None:
    shown = {**evidence("prescription-transmitted", "x"), "target": [named]}
    found = [prescription(identifier=[RX_NUMBER]), shown]
    assert count("PI_EP_1", found) == MET


@pytest.mark.requirement("R68")
@pytest.mark.parametrize(
    "requester",
    [
        pytest.param({"identifier": NPI}, id="NPI alone"),
        pytest.param({"type": "Practitioner", "identifier": NPI}, id="NPI with the type"),
        pytest.param(ref(f"Practitioner?identifier={NPI['system']}|{NPI['value']}"), id="conditional"),
        pytest.param(ref(f"Practitioner?identifier=http%3A%2F%2Fhl7.org%2Ffhir%2Fsid%2Fus-npi%7C{C}"), id="encoded"),
        pytest.param(ref("Practitioner/c"), id="her only TIN"),
        pytest.param(ref("#me"), id="contained"),
    ],
)
def test_a_clinician_may_be_named_in_any_form(requester: Json) -> None:
    me = {"contained": [practitioner("me", NPI["value"])]} if requester == ref("#me") else {}
    order = prescription(requester=requester, encounter=ref("Encounter/visit"), **me)
    assert count("PI_EP_1", [order, transmission(), visit()]) == MET
