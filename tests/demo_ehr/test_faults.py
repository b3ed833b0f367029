import pytest
import requests
import responses
from flask import Flask

from smartapp import paths
from smartapp.demo_ehr import Faults, create_demo_ehr
from tests.demo_ehr.signing_in import (
    BASE,
    FHIR,
    PUBLIC,
    authorize_address,
    claims_of,
    code_for,
    get,
    launched,
    parameter,
    refresh,
    signed_in,
    trade,
)
from tests.smartapp.ehr_bridge import approve, serve

DISCOVERY = "/fhir/.well-known/smart-configuration"


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("well_known", DISCOVERY),
        ("jwks", "/jwks"),
        ("fhir", "/fhir/Patient"),
        ("page", "/"),
        ("authorize", "/authorize"),
    ],
)
def test_any_endpoint_can_answer_otherwise(ehr: Flask, faults: Faults, endpoint: str, path: str) -> None:
    faults.add(endpoint, status=503, body="busy", headers={"Retry-After": "7"})  # type: ignore[arg-type]
    answer = ehr.test_client().get(path)

    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (503, "busy", "7")


@pytest.mark.parametrize(("endpoint", "path"), [("token", "/token"), ("revoke", "/revoke")])
def test_a_form_endpoint_can_answer_otherwise(ehr: Flask, faults: Faults, endpoint: str, path: str) -> None:
    faults.add(endpoint, status=500)  # type: ignore[arg-type]
    assert ehr.test_client().post(path).status_code == 500
    faults.clear()
    faults.add(endpoint, error="invalid_client")  # type: ignore[arg-type]
    answer = ehr.test_client().post(path)
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_client"})


def test_a_document_can_stand_in_for_the_answer(ehr: Flask, faults: Faults) -> None:
    faults.add("well_known", status=200, body={"issuer": "https://other.example"})
    assert ehr.test_client().get(DISCOVERY).json == {"issuer": "https://other.example"}


def test_a_fault_strikes_some_times_and_after_some_requests(ehr: Flask, faults: Faults) -> None:
    faults.add("jwks", status=500, after=1, times=2)
    assert [ehr.test_client().get("/jwks").status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_the_first_rule_that_answers_wins_and_clearing_ends_all(ehr: Flask, faults: Faults) -> None:
    faults.add("jwks", status=500, times=1)
    faults.add("jwks", status=404)
    assert [ehr.test_client().get("/jwks").status_code for _ in range(2)] == [500, 404]
    faults.clear()
    assert ehr.test_client().get("/jwks").status_code == 200


def test_a_fault_can_be_about_one_type_or_path(ehr: Flask, faults: Faults) -> None:
    tokens = signed_in(ehr)
    faults.add("fhir", status=500, resource_type="Encounter")
    faults.add("fhir", status=410, path="/fhir/Patient/sample-001")

    assert get(ehr, "/fhir/Encounter?_count=1", tokens).status_code == 500
    assert get(ehr, "/fhir/Task", tokens).status_code == 200
    assert get(ehr, "/fhir/Patient/sample-001", tokens).status_code == 410
    assert get(ehr, "/fhir/Patient/sample-002", tokens).status_code == 200


def test_a_fault_about_a_type_strikes_on_its_later_pages(ehr: Flask, faults: Faults) -> None:
    tokens = signed_in(ehr)
    faults.add("fhir", status=401, resource_type="Encounter", after=1)
    first = get(ehr, "/fhir/Encounter", tokens)

    assert first.status_code == 200
    assert get(ehr, first.json["link"][1]["url"], tokens).status_code == 401


def test_an_honest_document_can_be_changed(ehr: Flask, faults: Faults) -> None:
    faults.add("well_known", change=lambda document: {**document, "issuer": "https://other.example"})
    faults.add("well_known", change=lambda document: {**document, "jwks_uri": document["issuer"] + "/keys"})
    document = ehr.test_client().get(DISCOVERY).json

    assert (document["issuer"], document["jwks_uri"]) == ("https://other.example", "https://other.example/keys")
    assert document["token_endpoint"] == f"{BASE}/token"


def test_a_token_answer_can_lose_its_scope(ehr: Flask, faults: Faults) -> None:
    faults.add("token", change=lambda answer: {name: answer[name] for name in answer if name != "scope"})
    answer = trade(ehr, code_for(ehr)).json
    assert "scope" not in answer
    assert "access_token" in answer


def test_the_claims_can_be_changed_before_they_are_signed(ehr: Flask, faults: Faults) -> None:
    faults.add("id_token", change=lambda claims: {**claims, "iss": "https://other.example"}, times=1)
    assert claims_of(signed_in(ehr)["id_token"])["iss"] == "https://other.example"
    assert claims_of(signed_in(ehr)["id_token"])["iss"] == BASE


def test_a_next_link_can_point_to_another_host(ehr: Flask, faults: Faults) -> None:
    def elsewhere(bundle: dict) -> dict:
        links = [{**link, "url": link["url"].replace(BASE, "https://evil.example")} for link in bundle["link"]]
        return {**bundle, "link": links}

    faults.add("fhir", change=elsewhere, resource_type="Encounter")
    bundle = get(ehr, "/fhir/Encounter", signed_in(ehr)).json
    assert bundle["link"][1]["url"].startswith("https://evil.example/fhir?_page=")


def test_a_read_can_return_another_patient(ehr: Flask, faults: Faults) -> None:
    faults.add("fhir", change=lambda one: {**one, "id": "sample-002"}, resource_type="Patient")
    assert get(ehr, "/fhir/Patient/sample-001", signed_in(ehr)).json["id"] == "sample-002"


@pytest.mark.parametrize("error", ["access_denied", "invalid_scope", "temporarily_unavailable"])
def test_authorization_can_end_with_any_error(ehr: Flask, faults: Faults, error: str) -> None:
    faults.add("authorize", error=error)
    back = approve(ehr, authorize_address(launched(ehr)))

    assert (parameter(back, "error"), parameter(back, "state"), parameter(back, "iss")) == (error, "a-state", BASE)


def test_what_was_sent_can_be_seen(ehr: Flask, faults: Faults) -> None:
    tokens = signed_in(ehr)
    refresh(ehr, tokens["refresh_token"])
    get(ehr, "/fhir/Encounter?_count=1", tokens)
    (search,) = faults.saw("fhir")

    assert [one.form["grant_type"] for one in faults.saw("token")] == ["authorization_code", "refresh_token"]
    assert (search.method, search.path, search.query) == ("GET", "/fhir/Encounter", {"_count": "1"})
    assert search.headers["Authorization"] == f"Bearer {tokens['access_token']}"


def test_without_faults_the_server_keeps_no_record(ehr: Flask) -> None:
    honest = create_demo_ehr(paths.fixture("solo-2026"), BASE, [PUBLIC])
    assert honest.test_client().get(DISCOVERY).json == ehr.test_client().get(DISCOVERY).json


def test_the_bridge_carries_requests_to_the_simulator(ehr: Flask) -> None:
    tokens = signed_in(ehr)
    with responses.RequestsMock() as rsps:
        serve(rsps, ehr, BASE)
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        found = session.get(f"{FHIR}/Patient", params={"_id": "sample-001"})
        posted = session.post(f"{FHIR}/Patient/_search", data={"_id": "sample-002"})
        asked = requests.get(BASE + authorize_address(launched(ehr), aud=None), allow_redirects=False)
        renewed = requests.post(
            f"{BASE}/token",
            data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": "pi180"},
        )

    assert found.headers["Content-Type"] == "application/fhir+json"
    assert [one.json()["entry"][0]["resource"]["id"] for one in (found, posted)] == ["sample-001", "sample-002"]
    assert (asked.status_code, parameter(asked.headers["Location"], "error")) == (303, "invalid_request")
    assert renewed.json()["token_type"] == "Bearer"
    assert "Set-Cookie" not in found.headers


def test_the_bridge_answers_for_no_other_site(ehr: Flask) -> None:
    with responses.RequestsMock() as rsps:
        serve(rsps, ehr, BASE)
        for address in (
            "http://127.0.0.1:818/",
            "http://127.0.0.1:8182/",
            "http://127.0.0.1/",
            "https://127.0.0.1:8181/",
        ):
            with pytest.raises(requests.ConnectionError):
                requests.get(address)
