"""What must stay inside: tokens, codes, secrets and launch values; and names and ids out of addresses and logs."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from launching import (  # fmt: skip
    APP,
    EHR,
    SECRET,
    Browser,
    Registered,
    Site,
    asked,
    csrf_of,
    is_plain_page,
    launch_id_of,
    title,
    words,
)
from werkzeug.test import TestResponse

from smartapp.demo_ehr import AuthMethod
from smartapp.store import Deed
from smartapp.web import create_app

PAGES = ("", "score", "patient", "measures/PI_EP_1", "basis")


@dataclass(frozen=True)
class Journey:
    """What one whole journey used, and all that it left: secrets by name, answers, and contents by place."""

    secrets: dict[str, str]
    answers: list[TestResponse]
    places: dict[str, str]
    authorize_addresses: str
    store: bytes


def _store(site: Site) -> bytes:
    files = [file for file in site.data.rglob("*") if file.is_file()]
    assert any(file.name == "pi180.sqlite" for file in files)
    return b"".join(file.read_bytes() for file in files)


def _journey(site: Site, caplog: pytest.LogCaptureFixture) -> Journey:
    """Sign in, look at every page, have a token renewed, meet a refusal of every kind, sign out."""
    secrets: dict[str, str] = {}

    def note(said: dict[str, Any]) -> dict[str, Any]:
        n = len(secrets)
        return said | {f: secrets.setdefault(f"{f} {n}", said[f]) for f in _ISSUED if f in said}

    site.faults.add("token", change=note)
    browser = site.browser()
    secrets["launch"] = asked(site.launch_address())["launch"]
    home = browser.sign_in()
    for page in PAGES:
        browser.get(f"{home}{page}")
    site.faults.expire_access_tokens()
    page = browser.get(f"{home}patient")
    open_store = _store(site)
    _meet_refusals(site, browser)
    browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)})
    secrets |= {f"cookie {name}": value for name, value in browser.cookies().items()}
    for n, sent in enumerate(site.faults.saw("token")):
        secrets |= {f"{name} {n} sent": sent.form[name] for name in _SENT if name in sent.form}
    asked_for = [one.query for one in site.faults.saw("authorize") if one.query]
    secrets |= {f"launch {n}": query["launch"] for n, query in enumerate(asked_for)}
    places = {
        "the log": caplog.text,
        "a page": "".join(got.text for got in browser.seen),
        "a header": "".join(_our_headers(got) for got in browser.seen),
        "the audit trail": str(site.audit()),
        "an address that the EHR saw": str([(o.path, o.query) for o in site.faults.seen if o.path != "/authorize"]),
    }
    return Journey(secrets, browser.seen, places, str(asked_for), open_store + _store(site))


_ISSUED = ("access_token", "refresh_token", "id_token")
_SENT = ("code", "code_verifier", "refresh_token", "client_assertion")


def _meet_refusals(site: Site, browser: Browser) -> None:
    for fault in ("token", "jwks"):
        callback = browser.callback_address("second", "sample-002")
        if fault == "token":
            site.faults.add("id_token", change=lambda said: {**said, "sub": ""}, times=1)
        else:
            site.faults.add("token", status=500, body="broken", times=1)
        browser.get(callback)
        browser.get(callback)
    wrong = browser.sign_in("second", "sample-002")
    site.faults.add("fhir", status=500, resource_type="Practitioner", times=1)
    browser.get(f"{wrong}patient")
    browser.get(f"{wrong}measures/<script>")


@pytest.fixture(scope="module")
def journeys() -> dict[str, Journey]:
    """The journeys that were made; each takes seconds."""
    return {}


@pytest.fixture(params=["none", "basic", "signed"])
def journey(
    request: pytest.FixtureRequest,
    make_site: Callable[..., Site],
    results: Path,
    caplog: pytest.LogCaptureFixture,
    journeys: dict[str, Journey],
) -> Journey:
    if request.param not in journeys:
        caplog.set_level(logging.DEBUG)
        site = make_site(Registered(auth=_METHODS[request.param]), results=results)
        journeys[request.param] = _journey(site, caplog)
    return journeys[request.param]


_METHODS = {
    "none": AuthMethod.NONE,
    "basic": AuthMethod.CLIENT_SECRET_BASIC,
    "signed": AuthMethod.PRIVATE_KEY_JWT,
}


@pytest.mark.requirement("R24", "R13", "R84", "R98", "R3")
def test_no_secret_of_a_journey_is_left_anywhere(journey: Journey) -> None:
    assert {name.split(" ")[0] for name in journey.secrets} >= {*_ISSUED, "code", "code_verifier", "launch"}
    assert "audit" in str(journey.store)
    for what, secret in {**journey.secrets, "client secret": SECRET}.items():
        for spelled in {secret, quote(secret), quote_plus(secret)}:
            assert spelled.encode() not in journey.store, f"{what} is in the store"
            for where, content in journey.places.items():
                assert spelled not in content, f"{what} is in {where}"


def _our_headers(got: TestResponse) -> str:
    """The headers of an answer, without the addresses of the EHR's own authorization page and without our cookies."""
    kept = [(name, value) for name, value in got.headers if name != "Set-Cookie"]
    return str([(name, value) for name, value in kept if not (name == "Location" and value.startswith(EHR))])


@pytest.mark.requirement("R24", "R13")
def test_the_address_of_the_authorization_page_holds_no_verifier_and_no_secret(journey: Journey) -> None:
    hidden = {name: value for name, value in journey.secrets.items() if not name.startswith("launch")}
    assert "code_challenge" in journey.authorize_addresses
    assert not [n for n, value in {**hidden, "secret": SECRET}.items() if value in journey.authorize_addresses]


@pytest.mark.requirement("R84")
@pytest.mark.parametrize("journey", ["none"], indirect=True)
def test_no_address_that_we_make_names_a_patient_or_holds_a_secret(journey: Journey) -> None:
    found = set()
    for got in journey.answers:
        found |= {got.headers.get("Location", ""), got.headers.get("Refresh", "")}
        found |= set(re.findall(r'(?:href|action|src)="([^"]*)"', got.text))
    own = {address for address in found if not address.startswith(EHR)}
    assert len(own) > 10
    forbidden = [*journey.secrets.values(), *PATIENT_WORDS]
    for address in own:
        assert not [word for word in forbidden if word in address], address


PATIENT_WORDS = ("sample-001", "sample-002", "Sample-001", "S-00001", "1954-02-22", "internist")


@pytest.mark.requirement("R98", "R84", "R99")
@pytest.mark.parametrize("journey", ["none"], indirect=True)
def test_neither_log_nor_audit_trail_holds_a_name(journey: Journey) -> None:
    for where in ("the log", "the audit trail"):
        said = journey.places[where]
        assert not [word for word in ("Sample-001", "Sample-002", "Synthetic", "S-00001", "1954-02-22") if word in said]


@pytest.mark.requirement("R98")
def test_libraries_that_would_log_addresses_and_tokens_are_kept_quiet_even_at_debug(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("authlib", "fhirclient", "urllib3", "requests", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    create_app(site.service)
    for name in ("authlib.oauth2", "fhirclient.server", "urllib3.connectionpool", "requests", "sqlalchemy.engine"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


@pytest.mark.requirement("R24", "R98")
def test_what_holds_a_secret_does_not_print_it(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    launch = site.service.launches.find(launch_id_of(home), site.clock())
    grant = site.service.launches.grant(launch_id_of(home))
    assert launch
    assert grant
    credential = site.service.token(launch).credential()
    printed = repr([launch, grant, credential, site.service.settings, *site.service.launching.ehrs.values()])
    assert grant.access_token not in printed
    assert str(grant.refresh_token) not in printed
    assert SECRET not in printed
    assert repr(site.service.settings.key)[2:-1] not in printed


@pytest.mark.requirement("R128")
def test_the_last_resort_gives_a_number_that_the_log_explains_without_its_words(
    site: Site, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    home = browser.sign_in()
    launch_id = launch_id_of(home)
    with site.service.launches._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE launch SET phase = 'odd' WHERE id = ?", (launch_id,))
    caplog.set_level(logging.DEBUG)
    got = browser.get(f"{home}patient")
    assert got.status_code == 500
    assert is_plain_page(got)
    assert title(got.text) == "Something went wrong here"
    (number,) = re.findall(r"number ([0-9a-f]{8})", words(got.text))
    record = next(one for one in caplog.records if one.name == "pi180")
    assert number in record.getMessage()
    assert record.exc_info is None
    for secret in (launch_id, "sample-001", "does not open", *browser.cookies().values()):
        assert secret not in caplog.text
        assert secret not in got.text


@pytest.mark.requirement("R99", "R128")
@pytest.mark.parametrize("page", ["score", "patient", "measures/PI_EP_1", "basis"])
def test_what_cannot_be_audited_is_not_shown(
    make_site: Callable[..., Site], results: Path, caplog: pytest.LogCaptureFixture, page: str
) -> None:
    site = make_site(results=results, fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    with site.service.launches._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    got = browser.get(f"{home}{page}")
    assert got.status_code == 500
    assert is_plain_page(got)
    assert "Sample-001" not in got.text
    assert "Points by objective" not in got.text
    assert "INSERT" not in caplog.text + got.text
    assert "sample-001" not in caplog.text


@pytest.mark.requirement("R99")
def test_a_sign_in_that_cannot_be_audited_opens_no_session(make_site: Callable[..., Site]) -> None:
    site = make_site(fresh=True)
    browser = site.browser()
    callback = browser.callback_address()
    with site.service.launches._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    assert browser.get(callback).status_code == 500
    home = f"/l/{launch_id_of(browser.seen[0].headers['Location'])}/"
    assert browser.get(f"{home}patient").status_code == 500
    with site.service.launches._engine.connect() as connection:
        assert connection.exec_driver_sql('SELECT "grant" FROM launch').scalar_one() is None


@pytest.mark.requirement("R99")
def test_every_step_is_audited_with_who_whom_and_where_from(make_site: Callable[..., Site], results: Path) -> None:
    site = make_site(results=results)
    browser = site.browser()
    home = browser.sign_in()
    pages = [browser.get(f"{home}{page}") for page in PAGES]
    browser.post(f"{home}sign-out", {"csrf": csrf_of(pages[1].text)})
    deeds = [Deed.LAUNCHED, Deed.SIGNED_IN, Deed.SCORE_VIEWED, Deed.PATIENT_VIEWED]
    assert site.deeds() == [*deeds, Deed.SCORE_VIEWED, Deed.CASES_VIEWED, Deed.SCORE_VIEWED, Deed.SIGNED_OUT]
    for row in site.audit():
        assert (row.registration, row.launch) == ("demo", launch_id_of(home))
    assert {row.user for row in site.audit()[1:]} == {f"{EHR} internist"}
    assert [row.patient for row in site.audit() if row.event is Deed.PATIENT_VIEWED] == ["sample-001"]


@pytest.mark.requirement("R128")
@pytest.mark.parametrize("name", ["year", "who"])
@pytest.mark.parametrize("choice", ["1" * 5000, "\u00b2", "-1", "0", "x", "<script>", "%00", "{{7*7}}"])
def test_a_choice_that_cannot_be_is_refused_and_never_another_score(
    make_site: Callable[..., Site], results: Path, name: str, choice: str
) -> None:
    site = make_site(results=results)
    browser = site.browser()
    got = browser.get(f"{browser.sign_in()}score?{name}={choice}")
    assert got.status_code == 403
    assert "Points by objective" not in got.text
    assert "<script" not in got.text


@pytest.mark.requirement("R128")
@pytest.mark.parametrize("measure", ["PI_NONE", "<script>alert(1)</script>", "{{7*7}}", "..", "é", "x" * 3000])
def test_a_measure_that_is_not_there_gives_a_plain_page(
    make_site: Callable[..., Site], results: Path, measure: str
) -> None:
    site = make_site(results=results)
    browser = site.browser()
    got = browser.get(f"{browser.sign_in()}measures/{quote(measure)}")
    assert got.status_code == 404
    assert is_plain_page(got)
    assert "<script" not in got.text
    assert "49" not in words(got.text)


@pytest.mark.requirement("R128", "R85")
def test_words_of_the_ehr_are_shown_as_words(site: Site, browser: Browser) -> None:
    evil = "<script>alert('x')</script>{{7*7}}"

    def change(said: dict[str, Any]) -> dict[str, Any]:
        if said.get("resourceType") == "Practitioner":
            return {**said, "name": [{"text": evil}]}
        for entry in said.get("entry", []):
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"]["name"] = [{"text": evil}]
                entry["resource"]["birthDate"] = evil
                entry["resource"]["text"] = {"status": "generated", "div": f"<div>{evil}narrative</div>"}
        return said

    site.faults.add("fhir", change=change)
    home = browser.sign_in()
    for page in ("score", "patient"):
        text = browser.get(f"{home}{page}").text
        assert "<script" not in text
        assert "49" not in re.findall(r"alert.{40}", words(text))[0]
        assert "narrative" not in text


@pytest.mark.requirement("R128")
@pytest.mark.parametrize(
    "fault", [{"status": 500, "body": "inner words"}, {"status": 200, "body": "<html>inner words"}]
)
def test_an_ehr_that_cannot_say_who_is_signed_in_gives_a_plain_page(
    site: Site, browser: Browser, fault: dict[str, Any]
) -> None:
    site.faults.add("fhir", resource_type="Practitioner", **fault)
    got = browser.get(f"{browser.sign_in()}score")
    assert got.status_code in (403, 502)
    assert is_plain_page(got)
    assert "inner words" not in got.text


@pytest.mark.requirement("R128")
@pytest.mark.parametrize(
    ("error", "hint"),
    [("access_denied", "denied"), ("invalid_scope", "scopes"), ("unauthorized_client", "registration"),
     ("server_error", "out of order"), ("temporarily_unavailable", "out of order"), ("odd", "did not authorize")],
)  # fmt: skip
def test_an_error_answer_says_what_to_do(site: Site, browser: Browser, error: str, hint: str) -> None:
    query = asked(browser.go(site.launch_address()))
    got = browser.get(f"{APP}/cb/demo?error={error}&state={query['state']}&iss={EHR}")
    assert hint in words(got.text)
    assert "Close this page and launch pi180 from the EHR again" in words(got.text)
