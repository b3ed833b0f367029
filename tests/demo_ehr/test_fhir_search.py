import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from smartapp import paths
from smartapp.demo_ehr import create_demo_ehr
from tests.demo_ehr.signing_in import BASE, FHIR, PUBLIC, every_page, get, matched, signed_in


@pytest.fixture(scope="module")
def ehr() -> Flask:
    return create_demo_ehr(paths.fixture("solo-2026"), BASE, [PUBLIC])


@pytest.fixture(scope="module")
def tokens(ehr: Flask) -> dict[str, Any]:
    return signed_in(ehr)


def lines(name: str) -> list[dict[str, Any]]:
    text = (paths.fixture("solo-2026") / f"{name}.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def ids(ehr: Flask, search: str, tokens: dict[str, Any]) -> list[str]:
    answer = get(ehr, f"/fhir/{search}", tokens)
    assert answer.status_code == 200, answer.text
    return matched(answer.json)


@pytest.mark.parametrize("kind", ["Encounter", "Patient", "Provenance", "Task", "Communication"])
def test_paging_returns_every_row_once(ehr: Flask, tokens: dict[str, Any], kind: str) -> None:
    found = every_page(ehr, f"/fhir/{kind}", tokens)
    assert sorted(found) == sorted(line["id"] for line in lines(kind))


@pytest.mark.parametrize(("asked", "got"), [("", 50), ("?_count=7", 7), ("?_count=200", 200), ("?_count=999", 200)])
def test_a_page_has_fifty_rows_or_as_many_as_asked_up_to_two_hundred(
    ehr: Flask, tokens: dict[str, Any], asked: str, got: int
) -> None:
    assert len(ids(ehr, f"Encounter{asked}", tokens)) == got


def test_the_last_page_has_no_next_link(ehr: Flask, tokens: dict[str, Any]) -> None:
    assert [one["relation"] for one in get(ehr, "/fhir/Patient?_count=200", tokens).json["link"]] == ["self", "next"]
    assert [one["relation"] for one in get(ehr, "/fhir/Task", tokens).json["link"]] == ["self"]


def test_a_page_link_says_nothing_and_serves_no_other_session(ehr: Flask, tokens: dict[str, Any]) -> None:
    link = get(ehr, "/fhir/Encounter?patient=sample-001&_count=1", tokens).json["link"][1]["url"]

    assert link.startswith(f"{FHIR}?_page=")
    assert "sample" not in link
    assert get(ehr, link, tokens).status_code == 200
    assert get(ehr, link, signed_in(ehr)).status_code == 404
    assert ehr.test_client().get(link).status_code == 401


@pytest.mark.parametrize("search", ["Patient?_count=0", "Patient?_summary=count"])
def test_the_total_alone_can_be_asked(ehr: Flask, tokens: dict[str, Any], search: str) -> None:
    bundle = get(ehr, f"/fhir/{search}", tokens).json
    assert (bundle["total"], "entry" in bundle, len(bundle["link"])) == (220, False, 1)


def test_entries_name_their_address_and_the_answer_is_fhir(ehr: Flask, tokens: dict[str, Any]) -> None:
    answer = get(ehr, "/fhir/Patient?_id=sample-001", tokens)

    assert answer.mimetype == "application/fhir+json"
    (entry,) = answer.json["entry"]
    assert (entry["fullUrl"], entry["search"]) == (f"{FHIR}/Patient/sample-001", {"mode": "match"})


@pytest.mark.parametrize("value", ["sample-001", "Patient/sample-001", f"{FHIR}/Patient/sample-001"])
@pytest.mark.parametrize("name", ["patient", "subject", "subject:Patient"])
def test_a_patient_is_named_with_or_without_type(ehr: Flask, tokens: dict[str, Any], name: str, value: str) -> None:
    expected = [one["id"] for one in lines("Encounter") if one["subject"]["reference"] == "Patient/sample-001"]
    assert expected
    assert ids(ehr, f"Encounter?{name}={value}", tokens) == expected


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("Patient?identifier=urn:pi180:synthetic-record-number|S-00001", ["sample-001"]),
        ("Patient?identifier=S-00001", ["sample-001"]),
        ("Patient?identifier=urn:other|S-00001", []),
        ("Patient?identifier=|S-00001", []),
        ("Patient?_id=sample-001,sample-002", ["sample-001", "sample-002"]),
        ("Patient?family=sample-22", ["sample-220"]),
        ("Practitioner?identifier=1234567893", ["internist"]),
        ("PractitionerRole?practitioner=internist", ["internist-at-practice"]),
        ("Encounter?_id=visit-0001&participant=PractitionerRole/internist-at-practice", ["visit-0001"]),
        ("Encounter?_id=visit-0001&practitioner=internist", []),
        ("Encounter?_id=visit-0001&status=finished", ["visit-0001"]),
        ("Encounter?_id=visit-0001&status=planned", []),
        ("Encounter?_id=visit-0001&class=AMB", ["visit-0001"]),
        ("Organization?_id=practice&active=true", ["practice"]),
        ("Task?_id=rx-0044-fulfill&focus=MedicationRequest/rx-0044", ["rx-0044-fulfill"]),
        ("Task?patient=sample-126&_id=rx-0044-fulfill", ["rx-0044-fulfill"]),
        ("Communication?based-on=MedicationRequest/rx-fax-1", ["rx-fax-1-fax"]),
        ("Provenance?target=MedicationRequest/rx-0001", ["rx-0001-transmit"]),
        ("Immunization?_id=immunization-01&patient=sample-001", ["immunization-01"]),
    ],
)
def test_criteria_find_what_they_name(ehr: Flask, tokens: dict[str, Any], search: str, found: list[str]) -> None:
    assert ids(ehr, search, tokens) == found


VISIT = "2025-02-19T14:50:00-05:00"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2025-02-19", True),
        ("eq2025-02-19", True),
        ("2025-02-18", False),
        ("2025-02", True),
        ("2025", True),
        ("ge2025-02-19", True),
        ("ge2025-02-20", False),
        ("gt2025-02-18", True),
        ("gt2025-02-19", False),
        ("le2025-02-19", True),
        ("le2025-02-18", False),
        ("lt2025-02-20", True),
        ("lt2025-02-19", False),
        (f"eq{VISIT}", True),
        (f"gt{VISIT}", False),
        (f"ge{VISIT}", True),
        ("ge2025-02-19T19:50:00Z", True),
        ("ge2025-02-19T19:50:01Z", False),
    ],
)
def test_a_date_is_compared_as_an_interval(ehr: Flask, tokens: dict[str, Any], value: str, found: bool) -> None:
    asked = value.replace("+", "%2B")
    assert ids(ehr, f"Encounter?_id=visit-0001&date={asked}", tokens) == (["visit-0001"] if found else [])


@pytest.mark.parametrize(
    "search",
    ["MedicationRequest?authoredon=", "ServiceRequest?authored=", "Communication?sent=", "Provenance?recorded="],
)
def test_two_dates_bound_a_year(ehr: Flask, tokens: dict[str, Any], search: str) -> None:
    name = search.partition("?")[2]
    year = get(ehr, f"/fhir/{search}ge2026-01-01&{name}lt2027-01-01&_count=0", tokens).json["total"]
    before = get(ehr, f"/fhir/{search}lt2026-01-01&_count=0", tokens).json["total"]

    assert year + before == len(lines(search.partition("?")[0]))
    assert year > 0


@pytest.mark.parametrize(
    "search",
    [
        "Encounter?date=yesterday",
        "Encounter?date=zz2026",
        "Encounter?date=2026-13-40",
        "Encounter?_count=x",
        "Encounter?status:missing=true",
    ],
)
def test_what_cannot_be_read_is_refused(ehr: Flask, tokens: dict[str, Any], search: str) -> None:
    answer = get(ehr, f"/fhir/{search}", tokens)
    assert (answer.status_code, answer.json["resourceType"]) == (400, "OperationOutcome")


def test_an_unknown_parameter_is_flagged_and_left_out_of_the_self_link(ehr: Flask, tokens: dict[str, Any]) -> None:
    bundle = get(ehr, "/fhir/Patient?family=Sample-001&shoe-size=42&_sort=family", tokens).json

    assert bundle["link"][0]["url"] == f"{FHIR}/Patient?family=Sample-001"
    outcomes = [one for one in bundle["entry"] if one["search"]["mode"] == "outcome"]
    assert [one["resource"]["issue"][0]["severity"] for one in outcomes] == ["warning", "warning"]
    assert "shoe-size" in outcomes[0]["resource"]["issue"][0]["diagnostics"]
    assert bundle["total"] == 1


def test_an_unknown_parameter_is_an_error_if_the_client_wants_it_so(ehr: Flask, tokens: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Prefer": "handling=strict"}
    assert ehr.test_client().get("/fhir/Patient?shoe-size=42", headers=headers).status_code == 400
    assert ehr.test_client().get("/fhir/Patient?family=x", headers=headers).status_code == 200


def test_an_include_that_cannot_be_followed_is_flagged(ehr: Flask, tokens: dict[str, Any]) -> None:
    for asked in ("_include=Encounter:status", "_include=Task:focus", "_revinclude=Observation:shoe"):
        bundle = get(ehr, f"/fhir/Encounter?_id=visit-0001&{asked}", tokens).json
        assert [one["search"]["mode"] for one in bundle["entry"]] == ["match", "outcome"]


def test_the_format_may_be_asked_and_changes_nothing(ehr: Flask, tokens: dict[str, Any]) -> None:
    bundle = get(ehr, "/fhir/Patient?_id=sample-001&_format=json", tokens).json
    assert [one["search"]["mode"] for one in bundle["entry"]] == ["match"]


def test_a_search_by_post_finds_the_same(ehr: Flask, tokens: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    posted = ehr.test_client().post("/fhir/Encounter/_search", data={"patient": "sample-001"}, headers=headers)

    assert matched(posted.json) == ids(ehr, "Encounter?patient=sample-001", tokens)
    assert posted.json["link"][0]["url"] == f"{FHIR}/Encounter?patient=sample-001"


def test_provenance_comes_along_as_an_include(ehr: Flask, tokens: dict[str, Any]) -> None:
    bundle = get(ehr, "/fhir/MedicationRequest?_id=rx-0001&_revinclude=Provenance:target", tokens).json

    assert bundle["total"] == 1
    modes = [(one["resource"]["id"], one["search"]["mode"]) for one in bundle["entry"]]
    assert modes == [("rx-0001", "match"), ("rx-0001-transmit", "include")]


def test_a_referenced_resource_comes_along_once(ehr: Flask, tokens: dict[str, Any]) -> None:
    bundle = get(ehr, "/fhir/Encounter?patient=sample-001&_include=Encounter:patient", tokens).json
    included = [one["resource"]["id"] for one in bundle["entry"] if one["search"]["mode"] == "include"]
    assert included == ["sample-001"]
    assert bundle["total"] > 1


def test_one_resource_is_read_by_its_address(ehr: Flask, tokens: dict[str, Any]) -> None:
    assert get(ehr, "/fhir/Patient/sample-001", tokens).json == lines("Patient")[0]


@pytest.mark.parametrize("address", ["/fhir/Patient/nobody", "/fhir/Observation", "/fhir/Patient/a/b/c"])
def test_what_is_not_there_is_told_as_an_outcome(ehr: Flask, tokens: dict[str, Any], address: str) -> None:
    answer = get(ehr, address, tokens)
    assert (answer.status_code, answer.json["resourceType"]) == (404, "OperationOutcome")


def test_nothing_is_written(ehr: Flask, tokens: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = ehr.test_client().post("/fhir/Patient", json={"resourceType": "Patient"}, headers=headers)
    assert (answer.status_code, answer.json["resourceType"]) == (405, "OperationOutcome")


@pytest.mark.parametrize("address", ["/fhir/Patient", "/fhir/Patient/sample-001", "/fhir?_page=x", "/fhir/Observation"])
@pytest.mark.parametrize("credential", [None, "Bearer wrong", "Basic cGkxODA6eA==", "Bearer"])
def test_nothing_opens_without_a_token(ehr: Flask, address: str, credential: str | None) -> None:
    answer = ehr.test_client().get(address, headers={"Authorization": credential} if credential else {})
    assert (answer.status_code, answer.json["resourceType"]) == (401, "OperationOutcome")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_capability_statement_says_what_the_server_is(ehr: Flask) -> None:
    statement = ehr.test_client().get("/fhir/metadata").json
    (rest,) = statement["rest"]

    assert (statement["fhirVersion"], statement["software"]["name"]) == ("4.0.1", "Demo EHR, a simulator")
    assert rest["security"]["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert {one["type"] for one in rest["resource"]} >= {"Encounter", "Patient", "Task"}


def test_the_scenario_comes_with_a_user_who_has_no_npi(ehr: Flask, tokens: dict[str, Any]) -> None:
    assert "identifier" not in get(ehr, "/fhir/Practitioner/office-staff", tokens).json


def test_a_folder_without_resources_is_refused(build: Callable[..., Flask], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no \.ndjson file"):
        build(tmp_path)


# What a token's scopes reach


@pytest.mark.parametrize("scope", ["user/Encounter.read", "user/Encounter.rs", "user/Encounter.cruds", "user/*.*"])
def test_both_versions_of_a_scope_open_their_type(ehr: Flask, scope: str) -> None:
    tokens = signed_in(ehr, f"launch {scope}")
    assert get(ehr, "/fhir/Encounter", tokens).status_code == 200
    assert get(ehr, "/fhir/Encounter/visit-0001", tokens).status_code == 200


def test_a_type_that_was_not_granted_is_forbidden(ehr: Flask) -> None:
    tokens = signed_in(ehr, "launch user/Encounter.rs user/Patient.rs", without=("user/Patient.rs",))

    assert tokens["scope"] == "launch user/Encounter.rs"
    assert get(ehr, "/fhir/Encounter", tokens).status_code == 200
    for address in ("/fhir/Patient", "/fhir/Patient/sample-001", "/fhir/Provenance"):
        answer = get(ehr, address, tokens)
        assert (answer.status_code, answer.json["issue"][0]["code"]) == (403, "forbidden")


def test_reading_and_searching_are_granted_one_by_one(ehr: Flask) -> None:
    reading, searching = signed_in(ehr, "launch user/Patient.r"), signed_in(ehr, "launch user/Patient.s")

    assert get(ehr, "/fhir/Patient/sample-001", reading).status_code == 200
    assert get(ehr, "/fhir/Patient", reading).status_code == 403
    assert get(ehr, "/fhir/Patient/sample-001", searching).status_code == 403
    assert get(ehr, "/fhir/Patient", searching).status_code == 200


def test_a_scope_to_write_shows_nothing(ehr: Flask) -> None:
    assert get(ehr, "/fhir/Patient", signed_in(ehr, "launch user/Patient.write")).status_code == 403


def test_a_narrowed_scope_shows_only_what_it_names(ehr: Flask) -> None:
    failed = signed_in(ehr, "launch user/Task.rs?status=failed")
    expected = [one["id"] for one in lines("Task") if one["status"] == "failed"]

    assert 0 < len(expected) < len(lines("Task"))
    assert every_page(ehr, "/fhir/Task", failed) == expected
    assert every_page(ehr, "/fhir/Task", signed_in(ehr, "launch user/Task.rs?shoe-size=42")) == []


@pytest.mark.parametrize("scope", ["patient/*.read", "patient/*.rs"])
def test_a_patient_scope_stays_in_the_record_of_the_launch_patient(ehr: Flask, scope: str) -> None:
    tokens = signed_in(ehr, f"launch {scope}")

    assert ids(ehr, "Patient", tokens) == ["sample-001"]
    assert ids(ehr, "Encounter?patient=sample-002", tokens) == []
    own = [one["id"] for one in lines("Encounter") if one["subject"]["reference"] == "Patient/sample-001"]
    assert every_page(ehr, "/fhir/Encounter", tokens) == own
    assert get(ehr, "/fhir/Patient/sample-001", tokens).status_code == 200
    assert get(ehr, "/fhir/Patient/sample-002", tokens).status_code == 403
    assert get(ehr, "/fhir/Practitioner/internist", tokens).status_code == 200


def test_a_patient_scope_shows_the_provenance_of_that_record_alone(ehr: Flask) -> None:
    tokens = signed_in(ehr, "launch patient/Provenance.rs", patient="sample-002")
    prescribed = {
        f"MedicationRequest/{one['id']}"
        for one in lines("MedicationRequest")
        if one["subject"]["reference"] == "Patient/sample-002"
    }
    found = set(every_page(ehr, "/fhir/Provenance", tokens))
    targets = {one["id"]: {target["reference"] for target in one["target"]} for one in lines("Provenance")}

    assert {one for one, of in targets.items() if of & prescribed} <= found
    assert 0 < len(found) < len(targets)


def test_a_patient_scope_without_a_patient_opens_nothing(ehr: Flask) -> None:
    tokens = signed_in(ehr, "launch patient/*.rs", patient=None)
    assert "patient" not in tokens
    assert get(ehr, "/fhir/Patient", tokens).status_code == 403


def test_an_include_that_was_not_granted_is_flagged(ehr: Flask) -> None:
    tokens = signed_in(ehr, "launch user/MedicationRequest.rs")
    bundle = get(ehr, "/fhir/MedicationRequest?_id=rx-0001&_revinclude=Provenance:target", tokens).json
    assert [one["search"]["mode"] for one in bundle["entry"]] == ["match", "outcome"]
