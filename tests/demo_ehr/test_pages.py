import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from smartapp.demo_ehr import create_demo_ehr
from tests.demo_ehr.signing_in import APP, BASE, FHIR, PUBLIC, authorize_address, launched, parameter, signed_in

BANNER = "Demo EHR, a simulator. No real patient."
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def ehr(build: Callable[..., Flask]) -> Flask:
    return build(clients=[PUBLIC])


def every_page(ehr: Flask) -> list[TestResponse]:
    browser = ehr.test_client()
    launch = {"client": "pi180", "clinician": "internist", "patient": "sample-001", "where": "frame"}
    return [
        browser.get("/"),
        browser.get("/?name=Sample-001"),
        browser.post("/launch", data=launch),
        browser.post("/launch", data={}),
        browser.get(authorize_address(launched(ehr))),
        browser.get(authorize_address(None, scope="launch/patient openid patient/*.rs")),
        browser.get("/authorize"),
        browser.post("/authorize"),
        browser.get("/nowhere"),
        browser.post("/"),
    ]


def test_every_page_says_that_this_is_a_simulator(ehr: Flask) -> None:
    for page in every_page(ehr):
        assert page.mimetype == "text/html"
        assert BANNER in page.text


def test_no_answer_sets_a_cookie(ehr: Flask) -> None:
    signed_in(ehr)
    for path in ("/fhir/metadata", "/fhir/Patient", "/jwks", "/style.css", "/.well-known/smart-configuration"):
        assert "Set-Cookie" not in ehr.test_client().get(path).headers
    assert not any("Set-Cookie" in page.headers for page in every_page(ehr))


def test_every_page_carries_the_security_headers_and_no_script_or_inline_style(ehr: Flask) -> None:
    for page in every_page(ehr):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; style-src 'self'" in policy
        assert f"frame-src 'self' {APP};" in policy
        assert f"form-action 'self' {APP};" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert re.search(r"<script|<style|\sstyle=|\son\w+=", page.text) is None


def test_the_style_comes_from_the_application(ehr: Flask) -> None:
    style = ehr.test_client().get("/style.css")
    assert (style.status_code, style.mimetype) == (200, "text/css")


def test_the_chart_offers_clinicians_and_patients(ehr: Flask) -> None:
    page = ehr.test_client().get("/").text

    assert "Internist Synthetic" in page
    assert "Office staff Synthetic, no NPI" in page
    assert page.count("<option") == 2 + 1 + 220
    assert "No patient" in page


@pytest.mark.parametrize(("wanted", "count"), [("sample-12", 10), ("1954-02-22", 1), ("nobody", 0), ("", 220)])
def test_the_list_of_patients_can_be_filtered(ehr: Flask, wanted: str, count: int) -> None:
    page = ehr.test_client().get("/", query_string={"name": wanted}).text
    assert page.count('<option value="sample-') == count


def test_a_launch_in_a_new_tab_goes_to_the_app_with_an_opaque_value(ehr: Flask) -> None:
    form = {"client": "pi180", "clinician": "internist", "patient": "sample-001", "where": "tab"}
    to = ehr.test_client().post("/launch", data=form).headers["Location"]

    assert to.startswith(APP + "/launch?")
    assert parameter(to, "iss") == FHIR
    assert re.search("sample|internist", parameter(to, "launch") or "") is None


def test_each_launch_has_a_value_of_its_own(ehr: Flask) -> None:
    assert launched(ehr) != launched(ehr)


def test_a_launch_inside_the_chart_frames_the_app_under_the_patient(ehr: Flask) -> None:
    form = {"client": "pi180", "clinician": "internist", "patient": "sample-001", "where": "frame"}
    page = ehr.test_client().post("/launch", data=form).text

    assert f'<iframe src="{APP}/launch?iss=' in page
    assert "<h1>Synthetic Sample-001, born 1954-02-22</h1>" in page


@pytest.mark.parametrize(
    "wrong", [{"clinician": "nobody"}, {"clinician": ""}, {"patient": "nobody"}, {"client": "stranger"}]
)
def test_a_launch_with_a_choice_that_is_not_offered_is_refused(ehr: Flask, wrong: dict[str, str]) -> None:
    form = {"client": "pi180", "clinician": "internist", "patient": "sample-001", "where": "tab", **wrong}
    assert ehr.test_client().post("/launch", data=form).status_code == 400


def test_the_question_shows_the_scopes_the_patient_and_where_the_answer_goes(ehr: Flask) -> None:
    page = ehr.test_client().get(authorize_address(launched(ehr))).text

    assert 'value="user/*.rs" checked' in page
    assert "offline_access" in page
    assert "Synthetic Sample-001" in page
    assert f"<code>{APP}/cb/demo</code>" in page
    assert "<select" not in page


def test_html_in_a_name_shows_as_text(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": HOSTILE, "given": ["<b>"]}]}
    clinician = {"resourceType": "Practitioner", "id": "internist", "name": [{"family": HOSTILE}]}
    for one in (patient, clinician):
        (tmp_path / f"{one['resourceType']}.ndjson").write_text(json.dumps(one) + "\n", encoding="utf-8")
    ehr = create_demo_ehr(tmp_path, BASE, [PUBLIC])
    browser, form = ehr.test_client(), {"client": "pi180", "clinician": "internist", "patient": "p", "where": "frame"}
    pages = [
        browser.get("/", query_string={"name": HOSTILE}).text,
        browser.post("/launch", data=form).text,
        browser.get(authorize_address(launched(ehr, "p"))).text,
        browser.get(authorize_address(None, scope="launch/patient user/*.rs")).text,
    ]
    for page in pages:
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert "<b>" not in page


def test_html_in_a_scope_or_a_client_shows_as_text(ehr: Flask) -> None:
    page = ehr.test_client().get(authorize_address(launched(ehr), scope=f"launch user/Task.rs?status={HOSTILE}")).text
    assert "<script" not in page
    assert "<script" not in ehr.test_client().get(authorize_address(client_id=HOSTILE)).text


def test_a_foreign_name_for_this_machine_is_refused(ehr: Flask) -> None:
    answer = ehr.test_client().get("/", headers={"Host": "rebound.example"})
    assert answer.status_code == 400
    assert BASE in answer.text
    assert BANNER in answer.text


@pytest.mark.parametrize("base", ["127.0.0.1:8181", BASE + "/", BASE + "/ehr", "ftp://127.0.0.1", BASE + "?x=1"])
def test_a_base_that_is_not_the_root_of_a_site_is_refused(base: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not the root of a site"):
        create_demo_ehr(tmp_path, base, [PUBLIC])
