"""Preflight as a vendor uses it: what a server shows, what it lacks, and what would make each no a yes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import responses
from preflight_server import grade, judged, measure, open_server, parsed, preflight, problems, write

from smartapp import paths
from smartapp.demo_ehr.search_parameters import Kind
from smartapp.vendors.preflight_document import schema
from tests.demo_ehr.signing_in import FHIR

Json = dict[str, Any]

PATIENT = {"resourceType": "Patient", "id": "somebody"}
WHO = {"reference": "Patient/somebody"}
NPI = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}
DOCTOR = {"resourceType": "Practitioner", "id": "doctor", "identifier": [NPI]}
BY = {"reference": "Practitioner/doctor"}
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"


def order(**elements: Any) -> Json:
    given = {
        "resourceType": "MedicationRequest",
        "id": "rx",
        "intent": "order",
        "status": "active",
        "subject": WHO,
        "requester": BY,
        "authoredOn": "2026-03-02",
        "medicationCodeableConcept": {"text": "a drug"},
        **elements,
    }
    return {name: value for name, value in given.items() if value is not None}


def sent(target: str = "MedicationRequest/rx", **elements: Any) -> Json:
    return {
        "resourceType": "Provenance",
        "id": "sent",
        "target": [{"reference": target}],
        "recorded": "2026-03-02T10:00:00Z",
        "activity": {"coding": [{"system": LIFECYCLE, "code": "transmit"}]},
        "agent": [{"who": BY}],
        **elements,
    }


@pytest.fixture(scope="module")
def thin() -> tuple[Json, str, int, str]:
    """The thin server with ignored date filters: document, text, exit code and everything that was printed."""
    with open_server(paths.fixture("thin-server")) as faults:
        faults.add("fhir", unheeded=Kind.DATE)
        in_json, in_text = preflight("--json", "--most", "4"), preflight("--most", "4")
    whole = in_json.output + in_text.output
    return parsed(in_json), in_text.stdout, in_json.exit_code, whole


@pytest.fixture(scope="module")
def solo() -> Json:
    return judged(paths.fixture("solo-2026"), "--most", "5")


def test_j05_a_thin_server_cannot_show_that_a_prescription_was_transmitted(thin: tuple[Json, str, int, str]) -> None:
    document, text, code, _ = thin
    found = measure(document, "PI_EP_1")

    assert (found["grade"], found["missing"], found["required"]) == ("attest only", "no transmission element", True)
    assert found["cases"] > 5
    assert re.search(r"^\* PI_EP_1 +attest only: no transmission element$", text, re.MULTILINE)
    assert code == 3
    assert "PI_EP_1" in document["required_not_derivable"]


@pytest.mark.requirement("R71")
def test_j05_ignored_date_filters_are_told_although_the_server_claims_them(thin: tuple[Json, str, int, str]) -> None:
    document, text, _, _ = thin
    filters = {one["type"]: one["date_filter"] for one in document["types"]}

    assert (filters["MedicationRequest"]["parameter"], filters["MedicationRequest"]["state"]) == (
        "authoredon",
        "ignored",
    )
    assert filters["MedicationRequest"]["claims"] is True
    assert filters["Patient"] is None
    assert re.search(r"^MedicationRequest +complete +\d+ +authoredon: ignored$", text, re.MULTILINE)


def test_j05_every_no_says_what_would_make_it_a_yes(thin: tuple[Json, str, int, str]) -> None:
    document, text, _, _ = thin
    for one in document["measures"]:
        assert bool(one["to_do"]) == (one["grade"] != "derivable")
    wanted = " ".join(step["wanted"] for step in measure(document, "PI_EP_1")["to_do"])

    assert f"Provenance where activity is {LIFECYCLE}|transmit; target names the MedicationRequest" in wanted
    assert "Task?patient=, with Task where code is http://hl7.org/fhir/CodeSystem/task-code|fulfill" in wanted
    assert "the server does not have Task" in text


def test_j05_the_report_fits_eighty_columns_and_names_software_bulk_and_basis(
    thin: tuple[Json, str, int, str],
) -> None:
    document, text, _, _ = thin

    assert max(map(len, text.splitlines())) <= 80
    assert "Demo EHR, a simulator, version not stated; FHIR 4.0.1" in text
    assert re.search(r"Rests on +4 patients found by search; \d+ resources", text)
    assert "BULK EXPORT (hints; it was not tried)" in text
    assert document["rests_on"]["clinicians"] == {"named": 1, "read": 1, "with_npi": 1}
    assert {"PI_HIE_5", "PI_PPHI_1"} <= {one["measure"] for one in document["attested"]}


@pytest.mark.requirement("R98")
def test_no_id_of_a_patient_or_resource_is_printed(thin: tuple[Json, str, int, str]) -> None:
    whole = thin[3]
    ids = [
        json.loads(line)["id"]
        for file in paths.fixture("thin-server").glob("*.ndjson")
        if file.stem not in ("Organization", "Practitioner", "PractitionerRole")
        for line in file.read_text(encoding="utf-8").splitlines()
    ]

    assert len(ids) > 300
    assert [one for one in ids if re.search(rf"{re.escape(one)}\b", whole)] == []


def test_what_is_recorded_is_derivable_and_what_is_only_asserted_is_not(solo: Json) -> None:
    access = measure(solo, "PI_PEA_1")

    assert {name: grade(solo, name) for name in ("PI_EP_1", "PI_EP_2", "PI_HIE_1")} == dict.fromkeys(
        ("PI_EP_1", "PI_EP_2", "PI_HIE_1"), "derivable"
    )
    assert access["grade"] == "attest only"
    assert sum(kind["asserted"] for kind in access["kinds"]) > 0
    assert any("assert it, which is no record" in step["found"] for step in access["to_do"])


def test_honoured_date_filters_are_told_as_such(solo: Json) -> None:
    states = {one["type"]: one["date_filter"] and one["date_filter"]["state"] for one in solo["types"]}

    assert {states[name] for name in ("MedicationRequest", "ServiceRequest", "Encounter")} == {"honoured"}
    assert states["Observation"] == "not known"


@pytest.fixture(scope="module")
def empty() -> tuple[Json, int]:
    """A server that has the types and not one resource of them."""
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": 0}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        wire.get(f"{FHIR}/metadata", json={"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"})
        wire.get(f"{FHIR}/.well-known/smart-configuration", status=404)
        wire.get(re.compile(f"{FHIR}/[A-Z].*"), json=bundle)
        result = preflight("--json")
    return parsed(result), result.exit_code


def test_nothing_of_nothing_is_not_known_and_no_no(empty: tuple[Json, int]) -> None:
    document, code = empty

    assert grade(document, "PI_EP_1") == "not known"
    assert document["rests_on"]["patients"] == 0
    assert "PI_EP_1" not in document["required_not_derivable"]
    assert "PI_EP_1" in document["required_not_known"]
    assert code == 3, "no rule of the profile reads access to the portal, on whatever server"


def test_not_known_alone_is_an_exit_code_of_its_own(tmp_path: Path) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])) as faults:
        faults.add("fhir", resource_type="MedicationRequest", status=403)
        result = preflight("--json", "--measure", "PI_EP_1")

    assert grade(parsed(result), "PI_EP_1") == "not known"
    assert result.exit_code == 8


def test_a_measure_that_is_shown_ends_with_0(tmp_path: Path) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])):
        result = preflight("--measure", "PI_EP_1")

    assert result.exit_code == 0
    assert "PI_EP_1          derivable\n" in result.stdout
    assert "TO DO" not in result.stdout


def test_a_type_that_may_not_be_read_leaves_the_question_open_and_asks_for_the_permission(tmp_path: Path) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order()])) as faults:
        faults.add("fhir", resource_type="Task", status=403)
        document = parsed(preflight("--json", "--measure", "PI_EP_1"))
    found = measure(document, "PI_EP_1")

    assert (found["grade"], found["missing"]) == ("not known", "whether it shows transmission")
    assert {"by": "you", "wanted": "permission for user/Task.rs"}.items() <= found["to_do"][1].items()
    assert {one["type"]: one["outcome"] for one in document["types"]}["Task"] == "withheld"


def test_cases_without_any_sign_of_the_act_are_a_no(tmp_path: Path) -> None:
    document = judged(write(tmp_path / "scenario", [PATIENT, DOCTOR, order()]), "--measure", "PI_EP_1")

    assert (grade(document, "PI_EP_1"), measure(document, "PI_EP_1")["cases"]) == ("attest only", 1)


def test_a_record_about_something_else_shows_nothing(tmp_path: Path) -> None:
    stray = sent("MedicationRequest/another")
    document = judged(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), stray]), "--measure", "PI_EP_1")

    assert grade(document, "PI_EP_1") == "attest only"


def test_an_evidence_provenance_makes_nothing_derivable(tmp_path: Path) -> None:
    code = {"coding": [{"system": "urn:pi180:evidence", "code": "prescription-transmitted"}]}
    asserted = sent(activity=code)
    document = judged(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), asserted]), "--measure", "PI_EP_1")

    assert grade(document, "PI_EP_1") == "attest only"
    assert [kind["asserted"] for kind in measure(document, "PI_EP_1")["kinds"]] == [0, 1]


@pytest.mark.parametrize(
    ("left_out", "element"),
    [("requester", "MedicationRequest.requester"), ("authoredOn", "MedicationRequest.authoredOn")],
)
def test_an_element_that_all_orders_lack_is_named(tmp_path: Path, left_out: str, element: str) -> None:
    bare = order(**{left_out: None})
    document = judged(write(tmp_path / "scenario", [PATIENT, DOCTOR, bare, sent()]), "--measure", "PI_EP_1")

    assert grade(document, "PI_EP_1") == "attest only"
    assert element in [step["wanted"] for step in measure(document, "PI_EP_1")["to_do"]]


def test_an_act_of_clinicians_without_an_npi_cannot_be_attributed(tmp_path: Path) -> None:
    unnumbered = {**DOCTOR, "identifier": []}
    document = judged(write(tmp_path / "scenario", [PATIENT, unnumbered, order(), sent()]), "--measure", "PI_EP_1")

    assert grade(document, "PI_EP_1") == "attest only"
    assert "Practitioner.identifier with the system" in measure(document, "PI_EP_1")["to_do"][0]["wanted"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_clinician_who_cannot_be_read_leaves_open_whose_the_act_is(tmp_path: Path, status: int) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])) as faults:
        faults.add("fhir", resource_type="Practitioner", status=status)
        in_json, in_text = preflight("--json", "--measure", "PI_EP_1"), preflight("--measure", "PI_EP_1")
    found = measure(parsed(in_json), "PI_EP_1")

    assert (found["grade"], in_json.exit_code) == ("not known", 8)
    (step,) = found["to_do"]
    assert (step["by"], step["wanted"]) == ("you", "permission to read Practitioner")
    assert "permission to read Practitioner" in in_text.stdout


def test_one_clinician_without_an_npi_is_no_no_while_another_cannot_be_read(tmp_path: Path) -> None:
    unnumbered, other = {**DOCTOR, "identifier": []}, {"reference": "Practitioner/other"}
    orders = [order(), order(id="rx2", requester=other)]
    document = judged(write(tmp_path / "scenario", [PATIENT, unnumbered, *orders, sent()]), "--measure", "PI_EP_1")

    assert document["rests_on"]["clinicians"] == {"named": 2, "read": 1, "with_npi": 0}
    assert grade(document, "PI_EP_1") == "not known"


@pytest.mark.parametrize(("opened", "grade_then"), [(1, "not known"), (0, "attest only")])
def test_a_404_of_listed_patients_alone_does_not_say_that_a_type_is_missing(
    tmp_path: Path, opened: int, grade_then: str
) -> None:
    listed = tmp_path / "patients.txt"
    listed.write_text("typo\n")
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])) as faults:
        faults.add("fhir", resource_type="MedicationRequest", status=404, after=opened)
        document = parsed(preflight("--json", "--measure", "PI_EP_1", "--patients", str(listed)))

    assert grade(document, "PI_EP_1") == grade_then


def test_another_profile_of_the_product_is_a_mapping(tmp_path: Path) -> None:
    status = {"url": "https://dosespot.com/prescription-status", "valueCode": "eRxSent"}
    scenario = write(tmp_path / "scenario", [PATIENT, DOCTOR, order(extension=[status])])
    found = measure(judged(scenario, "--measure", "PI_EP_1"), "PI_EP_1")

    assert (found["grade"], found["missing"]) == ("derivable with mapping", "to map: transmission")
    assert "--profile medplum-dosespot" in found["to_do"][0]["found"]
    assert grade(judged(scenario, "--measure", "PI_EP_1", "--profile", "medplum-dosespot"), "PI_EP_1") == "derivable"


def test_a_value_that_is_not_mapped_is_a_mapping_and_is_named(tmp_path: Path) -> None:
    task = {
        "resourceType": "Task",
        "id": "fill",
        "status": "on-hold",
        "intent": "order",
        "for": WHO,
        "focus": {"reference": "MedicationRequest/rx"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
    }
    found = measure(
        judged(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), task]), "--measure", "PI_EP_1"), "PI_EP_1"
    )

    assert found["grade"] == "derivable with mapping"
    assert [step["wanted"] for step in found["to_do"] if "(on-hold)" in step["found"]] == [
        "these values in the map of the rule prescription-transmitted/Task/2, in a profile"
    ]


def test_what_the_profile_says_of_searches_goes_with_every_search(tmp_path: Path) -> None:
    rules = '[search]\nstatic = ["ah-practice"]\npatient_by = {MedicationRequest = "subject"}\n'
    profile = tmp_path / "own.toml"
    profile.write_text(f'extends = "generic"\nname = "own"\nversion = "1"\nabout = "ours"\n{rules}')
    words = ("--json", "--measure", "PI_EP_1", "--profile", str(profile))
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])) as faults:
        without = preflight(*words)
        asked_without = len(faults.saw("fhir"))
        document = parsed(preflight(*words, "--parameter", "ah-practice=a-1.b"))
        searches = [one for one in faults.saw("fhir") if one.query]

    assert (without.exit_code, asked_without) == (2, 0)
    assert "--parameter ah-practice=VALUE" in without.stderr
    assert {one.query.get("ah-practice") for one in searches} == {"a-1.b"}
    orders = [one.query for one in searches if one.path.endswith("/MedicationRequest")]
    assert {query["subject"] for query in orders if "_revinclude" in query} == {"Patient/somebody"}
    assert not any("patient" in query for query in orders)
    assert document["rests_on"]["patients"] == 1


def test_a_policy_in_the_site_file_maps_access(tmp_path: Path) -> None:
    visit = {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": WHO,
        "participant": [{"individual": BY}],
        "period": {"start": "2026-03-02T09:00:00-05:00"},
    }
    site = tmp_path / "site.toml"
    policies = [
        f'[[standing]]\nkind = "{kind}"\nfrom = 2020-01-01\nwhy = "ours"\n' for kind in ("access-vdt", "access-api")
    ]
    site.write_text("".join(policies))
    scenario = write(tmp_path / "scenario", [PATIENT, DOCTOR, visit])

    assert grade(judged(scenario, "--measure", "PI_PEA_1", "--site", str(site)), "PI_PEA_1") == "derivable with mapping"


def test_patients_may_be_listed_and_are_no_more_than_asked_for(tmp_path: Path) -> None:
    people = [{"resourceType": "Patient", "id": f"person-{n}"} for n in range(3)]
    listed = tmp_path / "patients.txt"
    listed.write_text("Patient/person-2\n\nperson-1\nperson-2\n")
    scenario = write(tmp_path / "scenario", [*people, DOCTOR])
    whole = judged(scenario, "--patients", str(listed))["rests_on"]
    fewer = judged(scenario, "--patients", str(listed), "--most", "1")["rests_on"]

    assert (whole["patients"], whole["found_by"], fewer["patients"]) == (2, "of the list given", 1)


def test_a_listed_id_that_could_not_stand_in_a_url_is_refused_untold_before_anything_is_asked(tmp_path: Path) -> None:
    listed = tmp_path / "patients.txt"
    listed.write_text("person-1\nJOHN DOE\n")
    with responses.RequestsMock():
        result = preflight("--patients", str(listed))

    assert result.exit_code == 2
    assert "patients.txt, line 2: expected an id" in result.stderr
    assert "JOHN" not in result.output


def test_patients_may_come_from_a_group(tmp_path: Path) -> None:
    group = {"resourceType": "Group", "id": "panel", "member": [{"entity": WHO}, {"entity": BY}]}
    found = judged(write(tmp_path / "scenario", [PATIENT, DOCTOR, group]), "--group", "panel")["rests_on"]

    assert (found["patients"], found["found_by"]) == (1, "of the Group given")


def test_a_server_without_a_capability_statement_is_judged_all_the_same(tmp_path: Path) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])) as faults:
        faults.add("fhir", path="/fhir/metadata", status=404)
        result = preflight("--measure", "PI_EP_1")

    assert result.exit_code == 0
    stated = "not known, no CapabilityStatement: the server answered with status 404"
    assert stated in " ".join(result.stdout.split())


@pytest.mark.parametrize("fault", [{"status": 200, "body": "<html>Welcome</html>"}, {"status": 404}])
def test_what_is_no_fhir_server_is_not_graded(tmp_path: Path, fault: Json) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT])) as faults:
        faults.add("fhir", **fault)
        result = preflight()

    assert result.exit_code == 6
    assert result.stdout == ""
    assert "nothing there answers like a FHIR R4 server" in result.stderr
    assert "Welcome" not in result.stderr


def test_html_in_place_of_one_type_leaves_that_open(tmp_path: Path) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order()])) as faults:
        faults.add("fhir", resource_type="Task", status=200, body="<html>Welcome</html>")
        document = parsed(preflight("--json", "--measure", "PI_EP_1"))

    assert grade(document, "PI_EP_1") == "not known"
    assert "Welcome" not in json.dumps(document)


@pytest.mark.requirement("R23")
def test_another_patients_records_are_not_taken(tmp_path: Path) -> None:
    def of_another(bundle: Json) -> Json:
        for entry in bundle.get("entry", []):
            entry["resource"]["subject"] = {"reference": "Patient/nobody-asked"}
        return bundle

    with open_server(write(tmp_path / "scenario", [PATIENT, DOCTOR, order(), sent()])) as faults:
        faults.add("fhir", resource_type="MedicationRequest", change=of_another, after=1)
        document = parsed(preflight("--json", "--measure", "PI_EP_1"))
    reads = {one["type"]: one for one in document["types"]}

    assert reads["MedicationRequest"]["detail"] == "the server answered with another patient's records"
    assert (grade(document, "PI_EP_1"), document["rests_on"]["resources"]) == ("not known", 1)


def test_a_server_that_wants_a_sign_in_says_so(tmp_path: Path) -> None:
    with open_server(write(tmp_path / "scenario", [PATIENT])) as faults:
        faults.add("fhir", status=401)
        result = preflight()

    assert result.exit_code == 5
    assert "status 401" in result.stderr


def test_a_server_that_is_not_there_is_told_at_once() -> None:
    with responses.RequestsMock():
        result = preflight()

    assert result.exit_code == 6
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--measure", "PI_PPHI_1"), "expected one that data can decide"),
        (("--login",), "expected --client-id"),
        (("--login", "--client-id", "x", "--token-file", "y"), "expected one of them"),
        (("--group", "g", "--patients", "f"), "expected one of them"),
        (("--private-range", "home"), "expected a range of addresses"),
        (("--parameter", "ah-practice"), "expected NAME=VALUE"),
        (("--group", "x?y=1"), "--group: expected an id of letters"),
        (("--group", "g/../../admin"), "--group: expected an id of letters"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(words: tuple[str, ...], said: str) -> None:
    with responses.RequestsMock():
        result = preflight(*words)

    assert result.exit_code == 2
    assert said in result.stderr


def test_every_document_is_as_the_schema_says(
    thin: tuple[Json, str, int, str], solo: Json, empty: tuple[Json, int]
) -> None:
    for document in (thin[0], solo, empty[0]):
        assert problems(schema(), document) == []
        spoilt = {**document, "measures": [{**document["measures"][0], "grade": "perhaps"}], "more": 1}
        assert problems(schema(), spoilt) == ["$.more", "$.measures[0].grade: 'perhaps'"]
