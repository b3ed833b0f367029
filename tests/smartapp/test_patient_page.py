"""The page of this patient as a browser gets it: signed in to the app, read from the demo EHR."""

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import responses
from flask.testing import FlaskClient

from smartapp.settings import Settings
from smartapp.smart.issuers import load_issuers
from smartapp.starter import Starter, write_starter
from smartapp.store import Context, Deed, Grant, Pending
from smartapp.web import create_app
from smartapp.web.service import Service, service_of
from tests.demo_ehr.signing_in import APP, BASE, FHIR, READ_ALL, signed_in
from tests.extractors.practice import prescription, referral, visit
from tests.smartapp.chart import HER, TODAY, Chart, about, chart
from tests.smartapp.ehr_bridge import serve

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
SEEN = "2026-11-19T09:00:00-05:00"

AT = (BASE, FHIR)
"""The issuer and the FHIR base at which somebody signed in."""


@dataclass
class Session:
    """One browser that is signed in to the app."""

    service: Service
    browser: FlaskClient
    path: str
    data: Path

    def get(self, page: str = "patient") -> Any:
        return self.browser.get(f"{self.path}/{page}", base_url=APP)

    def deeds(self) -> list[tuple[Deed, str | None]]:
        return [(row.event, row.patient) for row in self.service.trail.rows()]

    def sql(self, statement: str) -> None:
        raw = sqlite3.connect(self.data / "pi180.sqlite")
        raw.execute(statement)
        raw.commit()
        raw.close()


@contextmanager
def session(folder: Path, ehr: Chart, needs_banner: bool | None = None, results: str = "results") -> Iterator[Session]:
    """The app with one launch that is open, whose token the demo EHR gave for this chart."""
    starter = Starter(
        APP, proxies=0, id="demo", ehr="Demo <EHR>", iss=FHIR, issuer=BASE, results=results, client_id="pi180", more=""
    )
    registrations = load_issuers(write_starter(folder / "settings", starter).with_name("issuers.toml"))
    (folder / "data").mkdir()
    settings = Settings(APP, "127.0.0.1", 0, 0, folder / "data", folder, bytes(range(32)))
    service = service_of(settings, registrations, clock=lambda: NOW, as_of=TODAY)
    tokens = signed_in(ehr.ehr, READ_ALL, patient="p", clinician="c")
    launch, _ = service.launches.create("demo", Pending(FHIR, "launch"), NOW)
    service.launches.ask(launch.id, "state", Pending(FHIR, "launch"))
    context = Context(*AT, "c", HER, "p", None, needs_banner)
    grant = Grant(tokens["access_token"], None, NOW, NOW + timedelta(hours=1), tokens["scope"])
    secret = service.launches.open(launch.id, context, grant, NOW)
    browser = create_app(service).test_client()
    browser.set_cookie(f"pi180-{launch.id}", str(secret), domain="127.0.0.1")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, ehr.ehr, BASE)
        yield Session(service, browser, f"/l/{launch.id}", folder / "data")
    service.launches._engine.dispose()


def words(page: str) -> str:
    """What the page says, tags taken out."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


def test_the_page_says_what_is_open_for_whom_and_from_where(tmp_path: Path) -> None:
    with session(tmp_path, chart(tmp_path / "ehr", prescription(), visit(on=SEEN))) as signed:
        got = signed.get()

    said = words(got.text)
    assert got.status_code == 200
    assert "Patient P" in said
    assert "Demo <EHR>" in said
    assert "Prescription , March 2, 2026" in said
    assert "due November 25, 2026" in said
    assert said.count("Nothing of this patient is open here.") == 2


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(("needs", "in_full"), [(True, True), (None, True), (False, False)])
def test_the_page_shows_the_whole_banner_unless_the_ehr_shows_its_own(
    tmp_path: Path, needs: bool | None, in_full: bool
) -> None:
    with session(tmp_path, chart(tmp_path / "ehr"), needs) as signed:
        page = signed.get().text

    assert ("Patient P" in page, "February 3, 1980" in page, "Record number" in page) == (True, in_full, in_full)
    assert ("Patient P. Source: Demo &lt;EHR&gt;." in page) is not in_full


def test_a_patient_who_cannot_be_read_is_not_named_and_that_is_said(tmp_path: Path) -> None:
    ehr = chart(tmp_path / "ehr")
    ehr.faults.add("fhir", resource_type="Patient", status=500)
    with session(tmp_path, ehr, False) as signed:
        said = words(signed.get().text)

    assert "The patient's own record cannot be read" in said
    assert "Patient: failed. What is not read is not counted as done." in said


def test_visits_that_are_too_late_are_counted_without_claiming_what_is_not_known(tmp_path: Path) -> None:
    given = [visit(f"v{n}", on=f"2026-03-0{n}T09:00:00-05:00") for n in (2, 3)]
    with session(tmp_path, chart(tmp_path / "ehr", *given)) as signed:
        said = words(signed.get().text)

    assert "2 earlier visits are past the four business days: access that was not given by then can no longer" in said


def test_an_order_without_a_date_is_shown_as_not_dated(tmp_path: Path) -> None:
    with session(tmp_path, chart(tmp_path / "ehr", prescription(on=None))) as signed:
        assert "Prescription , not dated" in words(signed.get().text)


XSS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></h1><svg/onload=alert(1)>",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "<!-- --!><b>x</b>",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;amp;",
    "\u202etxt.exe \u0000 \ufeff",
]


@pytest.mark.requirement("R85")
@pytest.mark.parametrize("text", XSS)
def test_whatever_a_server_puts_into_a_shown_field_is_text(tmp_path: Path, text: str) -> None:
    mrn = {"type": {"coding": [{"code": "MR"}]}, "value": text}
    drug = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "979492", "display": text}]}
    ehr = chart(tmp_path / "ehr", prescription(medicationCodeableConcept=drug), visit(on=SEEN), referral())

    def hostile(document: dict[str, Any]) -> dict[str, Any]:
        if document["resourceType"] == "Practitioner":
            return {**document, "name": [{"text": text}]}
        about_her = [e["resource"] for e in document.get("entry", []) if e["resource"]["resourceType"] == "Patient"]
        for one in about_her:
            one |= {"name": [{"text": text}], "birthDate": text, "identifier": [mrn]}
        return document

    ehr.faults.add("fhir", change=hostile)
    with session(tmp_path, ehr, True) as signed:
        got = signed.get()

    shown = re.sub(r"<[^>]*>", "\n", got.text)
    assert got.status_code == 200
    assert len(re.findall(r"<(script|img|svg|b|iframe)\b", got.text)) == 0
    assert re.findall(r"<[^>]*\son\w+\s*=", got.text) == []
    assert unescape(shown).count(text.replace("\x00", "\ufffd")) + unescape(shown).count(text) >= 4


@pytest.mark.requirement("R85")
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", 'x"><img src=x>', "a'b"])
def test_an_id_of_a_record_is_text(tmp_path: Path, text: str) -> None:
    ehr = chart(tmp_path / "ehr", prescription("rx"))

    def hostile(page: dict[str, Any]) -> dict[str, Any]:
        for one in page.get("entry", []):
            one["resource"]["id"] = text
        return page

    ehr.faults.add("fhir", resource_type="MedicationRequest", change=hostile)
    with session(tmp_path, ehr) as signed:
        got = signed.get()

    assert f"MedicationRequest/{text}" in words(got.text) or text in unescape(got.text)
    assert re.findall(r"<(script|img)\b", got.text) == []


@pytest.mark.requirement("R23", "R99")
def test_another_patients_record_is_audited_and_nothing_is_shown(tmp_path: Path) -> None:
    ehr = chart(tmp_path / "ehr", prescription())
    foreign = {"resource": about("q", prescription("secret-rx")), "search": {"mode": "match"}}
    ehr.faults.add("fhir", resource_type="MedicationRequest", change=lambda page: {**page, "entry": [foreign]})
    with session(tmp_path, ehr) as signed:
        got = signed.get()
        deeds = signed.deeds()

    assert got.status_code == 502
    assert "secret-rx" not in got.text
    assert "Patient P" not in got.text
    assert deeds == [(Deed.PATIENT_VIEWED, "p"), (Deed.WRONG_PATIENT, "p")]


@pytest.mark.requirement("R99")
def test_the_view_is_written_down_before_anything_of_the_patient_is_read(tmp_path: Path) -> None:
    ehr = chart(tmp_path / "ehr")
    with session(tmp_path, ehr) as signed:
        signed.sql("CREATE TRIGGER stop BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        got = signed.get()
        asked = [one.path for one in ehr.faults.saw("fhir") if not one.path.startswith("/fhir/Practitioner/")]

    assert (got.status_code, asked) == (500, [])


def drop(signed: Session) -> None:
    signed.sql("DROP TABLE audit")


def stop(signed: Session) -> None:
    signed.sql("CREATE TRIGGER stop BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'Patient P is secret'); END")


@pytest.mark.requirement("R98", "R99", "R128")
@pytest.mark.parametrize("harm", [drop, stop])
@pytest.mark.parametrize("page", ["patient", "score", "basis", "measures/PI_EP_1"])
def test_a_trail_that_cannot_be_written_stops_the_page(
    tmp_path: Path, solo_out: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Session], None], page: str
) -> None:
    ehr = chart(tmp_path / "ehr", prescription())
    with session(tmp_path, ehr, results=str(solo_out)) as signed, caplog.at_level(logging.DEBUG):
        whole = signed.get(page)
        harm(signed)
        got = signed.get(page)

    said = words(got.text)
    assert (whole.status_code, got.status_code) == (200, 500)
    assert "Something went wrong here" in said
    assert re.findall(r"Patient P|MedicationRequest|PI_EP_1|\b90\b|audit|secret", said) == []
    assert "secret" not in caplog.text


@pytest.mark.requirement("R99")
def test_a_stranger_gets_no_page_even_while_his_denial_cannot_be_written(tmp_path: Path) -> None:
    with session(tmp_path, chart(tmp_path / "ehr")) as signed:
        stop(signed)
        signed.browser.delete_cookie(signed.path.replace("/l/", "pi180-"), domain="127.0.0.1")
        got = signed.get()

    assert (got.status_code, "Patient P" in got.text) == (500, False)


@pytest.mark.requirement("R99")
def test_rows_of_the_trail_stay_as_they_were_while_more_is_viewed(tmp_path: Path) -> None:
    with session(tmp_path, chart(tmp_path / "ehr")) as signed:
        seen: list[Any] = []
        for _ in range(3):
            signed.get()
            rows = signed.service.trail.rows()
            assert rows[: len(seen)] == seen
            assert len(rows) == len(seen) + 1
            seen = rows

    assert {row.event for row in seen} == {Deed.PATIENT_VIEWED}
    assert {(row.user, row.patient, row.registration) for row in seen} == {(f"{BASE} c", "p", "demo")}


@pytest.mark.requirement("R24", "R98")
def test_a_whole_visit_logs_no_token_and_no_patient(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with session(tmp_path, chart(tmp_path / "ehr", prescription())) as signed, caplog.at_level(logging.INFO):
        page = signed.get().text
        grant = signed.service.launches.grant(signed.path[3:])

    assert grant is not None
    assert grant.access_token not in page
    assert grant.access_token not in caplog.text
    assert "Patient P" not in caplog.text


def test_a_launch_without_a_patient_has_no_such_page(tmp_path: Path) -> None:
    with session(tmp_path, chart(tmp_path / "ehr")) as signed:
        launch, _ = signed.service.launches.create("demo", Pending(FHIR, None), NOW)
        signed.service.launches.ask(launch.id, "s", Pending(FHIR, None))
        grant = signed.service.launches.grant(signed.path[3:])
        assert grant is not None
        secret = signed.service.launches.open(launch.id, Context(*AT, "c", HER, None, None, None), grant, NOW)
        signed.browser.set_cookie(f"pi180-{launch.id}", str(secret), domain="127.0.0.1")
        got = signed.browser.get(f"/l/{launch.id}/patient", base_url=APP)

    assert (got.status_code, "This launch is about no patient" in got.text) == (404, True)
