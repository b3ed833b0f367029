import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from report_page import ATTESTED, Shown, ndjson, report_of

import smartapp
from scoring.model import MeasureId, Origin, Proportion, Reporter
from smartapp import paths
from smartapp.attesting.attestations import Reported
from smartapp.exports.cases_csv import cases_csv

HOSTILE = '<script>alert("x")</script>{{7*7}}'


def test_hostile_text_of_a_server_or_a_person_is_shown_and_never_run(tmp_path: Path) -> None:
    order = {
        "resourceType": "MedicationRequest",
        "id": '<img src=x onerror="alert(1)">{{7*7}}',
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/<b>p"},
        "authoredOn": "2026-02-02",
        "requester": {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1093817465"},
        "medicationCodeableConcept": {
            "text": HOSTILE,
            "coding": [{"system": HOSTILE, "code": HOSTILE, "display": HOSTILE}],
        },
    }
    folder = ndjson(tmp_path, order, {"resourceType": HOSTILE}, name="<i>orders.ndjson")
    reported = {MeasureId("PI_EP_1"): Reported(Proportion(1, 2, origin=Origin.REPORTED), HOSTILE, date(2026, 7, 1))}
    found = report_of(folder, replace(ATTESTED, reporter=Reporter(None, "1093817465"), reported=reported))
    assert not [e.tag for e in found.page.walk() if e.tag in ("script", "img", "b", "i")]
    assert "MedicationRequest/<img src=x onerror=" in found.page.text
    assert "{{7*7}}" in found.page.text
    assert "<i>orders.ndjson:1" in found.page.text


def test_no_name_birth_date_or_record_number_of_a_patient_is_on_the_page(solo: Shown, prescriptions: Shown) -> None:
    for found, folder in ((solo, "solo-2026"), (prescriptions, "onc-deck/scenario-1/rt1")):
        text = (paths.fixture(folder) / "Patient.ndjson").read_text()
        words = set(re.findall(r"[\w-]+", found.page.text))
        for patient in map(json.loads, text.splitlines()):
            names = [word for name in patient["name"] for word in (name["family"], *name["given"])]
            private = {*names, patient["birthDate"], *(i["value"] for i in patient.get("identifier", ()))}
            assert not private & words


def test_a_record_number_in_a_reference_is_left_out(tmp_path: Path) -> None:
    seen = {
        "resourceType": "Encounter",
        "id": "v1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "Patient?identifier=urn:mrn|MRN-77"},
        "participant": [
            {"individual": {"reference": "Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1093817465"}}
        ],
        "period": {"start": "2026-02-02T09:00:00-05:00", "end": "2026-02-02T09:30:00-05:00"},
    }
    found = report_of(ndjson(tmp_path, seen), replace(ATTESTED, reporter=Reporter(None, "1093817465")))
    assert "MRN-77" not in found.html
    assert "Patient?identifier=(not shown, " in found.page.text
    assert "MRN-77" not in cases_csv(found.rows)


def test_the_page_loads_nothing_and_runs_nothing(solo: Shown) -> None:
    active = {"script", "link", "img", "iframe", "object", "embed", "form", "base", "audio", "video"}
    assert not [e.tag for e in solo.page.walk() if e.tag in active]
    assert not [name for e in solo.page.walk() for name in e.attributes if name.startswith("on") or name == "src"]
    assert all(re.match(r"#|https://", a.attributes["href"]) for a in solo.page.all("a"))
    assert not re.search(r"@import|url\((?!#)", solo.page.all("style")[0].text)


TEMPLATES = Path(smartapp.__file__).parents[1] / "templates"


@pytest.mark.requirement("R88")
def test_no_template_shows_anything_without_escaping() -> None:
    found = [
        file for file in TEMPLATES.rglob("*.html") if re.search(r"\|\s*safe\b|autoescape|\|\s*tojson", file.read_text())
    ]
    assert found == []


@pytest.mark.requirement("R87", "R88")
def test_every_template_is_a_file_of_ours_and_none_is_made_of_data() -> None:
    made = r"from_string|render_template_string|jinja2\.Template|Markup\(|autoescape=(?!True)"
    code = [file for file in Path(smartapp.__file__).parent.rglob("*.py") if re.search(made, file.read_text())]
    assert code == []
