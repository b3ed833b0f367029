"""Two launches in one browser: each is a session of its own, and neither ever shows or sends what is the other's."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from launching import (  # fmt: skip
    FHIR,
    OTHER,
    Browser,
    Registered,
    Site,
    csrf_of,
    is_plain_page,
    launch_id_of,
    words,
)

from smartapp.store import Deed

FIRST, SECOND = ("internist", "sample-001"), ("second", "sample-002")


def _patients_shown(page: str) -> set[str]:
    return {name for name in ("Sample-001", "Sample-002") if name in page}


def _tokens_by_patient(site: Site) -> dict[str, set[str]]:
    """Which bearers the EHR saw with searches of each patient."""
    found: dict[str, set[str]] = {}
    for one in site.faults.saw("fhir"):
        patient = one.query.get("patient") or one.query.get("_id")
        if patient:
            found.setdefault(patient.removeprefix("Patient/"), set()).add(one.headers["Authorization"])
    return found


@pytest.mark.requirement("R4", "R83")
@pytest.mark.parametrize("order", ["one after the other", "interleaved", "answered in reverse"])
def test_two_launches_in_one_browser_show_each_its_own_patient(site: Site, browser: Browser, order: str) -> None:
    if order == "one after the other":
        homes = [browser.sign_in(*FIRST), browser.sign_in(*SECOND)]
    else:
        authorize = [browser.go(site.launch_address(*one)) for one in (FIRST, SECOND)]
        callbacks = [browser.approved(one) for one in authorize]
        if order == "interleaved":
            homes = [browser.get(one).headers["Location"] for one in callbacks]
        else:
            homes = [browser.get(one).headers["Location"] for one in reversed(callbacks)][::-1]
    for _ in range(2):  # back and forth between the tabs
        first, second = (browser.get(f"{home}patient").text for home in homes)
        assert _patients_shown(first) == {"Sample-001"}
        assert _patients_shown(second) == {"Sample-002"}
        assert "Internist Synthetic" in words(first)
        assert "Second Synthetic" in words(second)
    used = _tokens_by_patient(site)
    assert {patient: len(bearers) for patient, bearers in used.items()} == {"sample-001": 1, "sample-002": 1}
    assert used["sample-001"].isdisjoint(used["sample-002"])


@pytest.mark.requirement("R4", "R83")
def test_launches_from_two_ehrs_send_each_token_to_its_own(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(), Registered("other", OTHER, client_id="b"))
    browser = site.browser()
    homes = [browser.sign_in(*FIRST, at="demo"), browser.sign_in(*SECOND, at="other")]
    assert _patients_shown(browser.get(f"{homes[0]}patient").text) == {"Sample-001"}
    assert _patients_shown(browser.get(f"{homes[1]}patient").text) == {"Sample-002"}
    bearers = {
        name: {one.headers["Authorization"] for one in faults.saw("fhir")} for name, faults in site.all_faults.items()
    }
    assert [len(found) for found in bearers.values()] == [1, 1]
    assert bearers["demo"].isdisjoint(bearers["other"])


@pytest.mark.requirement("R4")
def test_a_launch_inherits_nothing_from_a_session_of_the_same_browser(site: Site, browser: Browser) -> None:
    browser.sign_in(*FIRST)
    bare = browser.sign_in("second", None)
    assert "Second Synthetic" in words(browser.get(f"{bare}score").text)
    got = browser.get(f"{bare}patient")
    assert got.status_code == 404
    assert _patients_shown(got.text) == set()
    assert site.audit()[-1].event is not Deed.PATIENT_VIEWED


@pytest.mark.requirement("R4", "R82")
def test_every_launch_has_an_id_a_cookie_and_a_secret_of_its_own(site: Site, browser: Browser) -> None:
    homes = [browser.sign_in(*FIRST), browser.sign_in(*FIRST)]
    assert homes[0] != homes[1]
    held = browser.cookies()
    assert set(held) == {f"__Host-pi180-{launch_id_of(home)}" for home in homes}
    assert len(set(held.values())) == 2
    assert len(site.rows()) == 2


def _every_page(site: Site, home: str) -> list[str]:
    """Every address below a launch, for whatever views there are."""
    rules = [rule.rule for rule in site.app.url_map.iter_rules() if rule.rule.startswith("/l/")]
    named = [rule.replace("/l/<launch_id>/", home).replace("<measure>", "PI_EP_1") for rule in rules]
    return [re.sub("<[^>]*>", "x", address) for address in named]


@pytest.mark.requirement("R83", "R4")
def test_a_launch_opens_only_with_its_own_cookie(site: Site, browser: Browser) -> None:
    home, own = browser.sign_in(*FIRST), site.browser()
    own_home = own.sign_in(*SECOND)
    assert len(_every_page(site, home)) >= 6
    for address in _every_page(site, home):
        before = len(site.audit())
        answers = own.get(address), own.post(address)
        for got in answers:
            assert got.status_code in (403, 405), address
            assert is_plain_page(got)
            assert _patients_shown(got.text) == set()
        refused = [got for got in answers if got.status_code == 403]
        assert [row.event for row in site.audit()[before:]] == [Deed.DENIED] * len(refused) != []
    assert own.get(own_home).status_code == 200
    assert browser.get(home).status_code == 200


@pytest.mark.requirement("R83", "R4")
def test_another_launchs_secret_under_this_launchs_cookie_name_opens_nothing(site: Site, browser: Browser) -> None:
    home, other = browser.sign_in(*FIRST), site.browser()
    other.sign_in(*SECOND)
    (secret,) = other.cookies().values()
    for value in (secret, "", "x", secret.swapcase()):
        other.client.set_cookie(f"__Host-pi180-{launch_id_of(home)}", value, domain="pi180.example")
        assert other.get(f"{home}patient").status_code == 403


@pytest.mark.requirement("R83", "R128")
def test_a_launch_that_is_not_ones_own_looks_like_one_that_never_was(site: Site, browser: Browser) -> None:
    home, other = browser.sign_in(*FIRST), site.browser()
    pages = {other.get(f"{address}patient").text for address in (home, "/l/never/", "/l/AAAAAAAAAAAAAAAAAAAAAA/")}
    assert len(pages) == 1


@pytest.mark.requirement("R83")
def test_signing_out_of_one_launch_leaves_the_other_open(site: Site, browser: Browser) -> None:
    homes = [browser.sign_in(*FIRST), browser.sign_in(*SECOND)]
    page = browser.get(f"{homes[0]}score").text
    assert browser.post(f"{homes[0]}sign-out", {"csrf": csrf_of(page)}).status_code == 200
    assert browser.get(f"{homes[0]}patient").status_code == 403
    assert _patients_shown(browser.get(f"{homes[1]}patient").text) == {"Sample-002"}
    assert len(site.rows()) == 2


@pytest.mark.requirement("R82")
def test_the_cookies_secret_changes_at_sign_in_and_the_one_before_opens_nothing(site: Site, browser: Browser) -> None:
    callback = browser.callback_address(*FIRST)
    ((name, before),) = browser.cookies().items()
    home = browser.get(callback).headers["Location"]
    after = browser.cookies()[name]
    assert after != before
    attacker = site.browser()
    attacker.client.set_cookie(name, before, domain="pi180.example")
    assert attacker.get(f"{home}patient").status_code == 403
    assert browser.get(home).status_code == 200


@pytest.mark.requirement("R82")
def test_a_launch_that_waits_shows_no_page(site: Site, browser: Browser) -> None:
    browser.callback_address(*FIRST)
    home = f"/l/{launch_id_of(browser.seen[0].headers['Location'])}/"
    for address in _every_page(site, home):
        assert browser.get(address).status_code in (403, 405)


@pytest.mark.requirement("R82")
@pytest.mark.parametrize(("seconds", "open_still"), [(899, True), (900, False)])
def test_a_session_may_rest_fifteen_minutes(site: Site, browser: Browser, seconds: int, open_still: bool) -> None:
    home = browser.sign_in(*FIRST)
    site.clock.passes(100)
    browser.get(home)
    site.clock.passes(seconds)
    assert browser.get(home).status_code == (200 if open_still else 403)


@pytest.mark.requirement("R82")
@pytest.mark.parametrize(("seconds", "open_still"), [(8 * 3600 - 1, True), (8 * 3600, False)])
def test_a_session_lasts_eight_hours_however_busy(site: Site, browser: Browser, seconds: int, open_still: bool) -> None:
    home = browser.sign_in(*FIRST)
    for _ in range(35):
        site.clock.passes(800)
        assert browser.get(home).status_code == 200
    site.clock.passes(seconds - 35 * 800)
    assert browser.get(home).status_code == (200 if open_still else 403)


@pytest.mark.requirement("R82", "R4")
def test_a_busy_launch_keeps_no_other_awake(site: Site, browser: Browser) -> None:
    resting = browser.sign_in(*FIRST)
    site.clock.passes(600)
    busy = browser.sign_in(*SECOND)
    browser.get("/")
    browser.get(busy)
    site.clock.passes(300)
    assert browser.get(resting).status_code == 403
    assert browser.get(busy).status_code == 200


@pytest.mark.requirement("R82", "R24")
def test_a_session_that_is_over_is_forgotten_with_all_its_secrets(site: Site, browser: Browser) -> None:
    browser.sign_in(*FIRST)
    site.clock.passes(901)
    site.browser().get(site.launch_address(*SECOND))
    assert len(site.rows()) == 1


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("kind", ["Patient", "MedicationRequest", "Encounter", "ServiceRequest"])
def test_another_patients_record_in_an_answer_ends_the_page(site: Site, browser: Browser, kind: str) -> None:
    home = browser.sign_in(*FIRST)
    site.faults.add("fhir", resource_type=kind, change=lambda said: _with_entry(said, _foreign(kind), "match"))
    got = browser.get(f"{home}patient")
    assert got.status_code == 502
    assert is_plain_page(got)
    assert _patients_shown(got.text) == set()
    assert "rx-" not in got.text
    (row,) = [row for row in site.audit() if row.event is Deed.WRONG_PATIENT]
    assert (row.patient, row.user) == ("sample-001", "https://ehr.example internist")


@pytest.mark.requirement("R23")
@pytest.mark.parametrize("mode", ["include", "outcome"])
def test_another_patients_record_beside_the_matches_is_not_shown(site: Site, browser: Browser, mode: str) -> None:
    home = browser.sign_in(*FIRST)
    for kind in ("Patient", "MedicationRequest"):
        site.faults.add("fhir", resource_type=kind, change=lambda said, k=kind: _with_entry(said, _foreign(k), mode))
    page = browser.get(f"{home}patient").text
    assert "Sample-002" not in page
    assert "foreign" not in page


@pytest.mark.requirement("R23")
@pytest.mark.parametrize(
    "reference", ["Patient/sample-001", f"{FHIR}/Patient/sample-001", "Patient/sample-001/_history/3"]
)
def test_the_launchs_patient_is_known_by_every_spelling_of_the_reference(
    site: Site, browser: Browser, reference: str
) -> None:
    home = browser.sign_in(*FIRST)

    def change(said: dict[str, Any]) -> dict[str, Any]:
        for entry in said.get("entry", []):
            if "subject" in entry["resource"]:
                entry["resource"]["subject"]["reference"] = reference
        return said

    site.faults.add("fhir", resource_type="MedicationRequest", change=change)
    got = browser.get(f"{home}patient")
    assert got.status_code == 200
    assert "losartan" in got.text


@pytest.mark.requirement("R23")
def test_the_patient_page_says_whose_it_is_and_that_the_ehr_does_not_tell_of_a_change(browser: Browser) -> None:
    page = words(browser.get(f"{browser.sign_in(*FIRST)}patient").text)
    for told in ("Synthetic Sample-001", "Born February 22, 1954", "Record number", "Source EHR demo", "launch again"):
        assert told in page
    assert "Launched from EHR demo, November 21, 2026, 10:00 am EST" in page


@pytest.mark.requirement("R23", "R84")
@pytest.mark.parametrize("patient", ["sample-001,sample-002", "sample-001&patient=sample-002", "x?y", "..", "a b"])
def test_a_patient_of_a_launch_that_is_no_id_shows_nobody_else(site: Site, browser: Browser, patient: str) -> None:
    site.faults.add("token", change=lambda said: {**said, "patient": patient})
    got = browser.get(browser.callback_address(*FIRST))
    page = browser.get(f"{got.headers['Location']}patient") if got.status_code == 303 else got
    assert _patients_shown(page.text) == set()
    assert is_plain_page(page)


@pytest.mark.requirement("R22")
@pytest.mark.parametrize(
    ("kind", "task"),
    [("MedicationRequest", "Prescriptions not sent"), ("ServiceRequest", "Referrals without a confirmed receipt"),
     ("Encounter", "Access to health information not yet given")],
)  # fmt: skip
@pytest.mark.parametrize("grant", ["left out", "restricted", "search only"])
def test_what_is_not_granted_whole_cannot_be_read_and_is_never_nothing_open(
    site: Site, browser: Browser, kind: str, task: str, grant: str
) -> None:
    whole = f"user/{kind}.rs"
    instead = {"restricted": f"{whole}?status=completed", "search only": f"user/{kind}.s", "left out": ""}[grant]
    if grant == "left out":
        home = browser.sign_in(*FIRST, without=[whole])
    else:
        site.faults.add("token", change=lambda said: {**said, "scope": said["scope"].replace(whole, instead)})
        site.faults.add("fhir", resource_type=kind, change=_emptied)
        home = browser.sign_in(*FIRST)
    page = words(browser.get(f"{home}patient").text)
    assert f"{task} cannot be read" in page
    assert f"{task} nothing open" not in page


@pytest.mark.requirement("R22", "R72")
@pytest.mark.parametrize("status", [403, 500, 400])
def test_what_the_server_refuses_cannot_be_read_and_is_never_nothing_open(
    site: Site, browser: Browser, status: int
) -> None:
    home = browser.sign_in(*FIRST)
    site.faults.add("fhir", resource_type="MedicationRequest", status=status)
    assert "Prescriptions not sent cannot be read" in words(browser.get(f"{home}patient").text)


def _emptied(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "entry": [], "total": 0} if said.get("resourceType") == "Bundle" else said


def _with_entry(said: dict[str, Any], resource: dict[str, Any], mode: str) -> dict[str, Any]:
    if said.get("resourceType") != "Bundle":
        return said
    return {**said, "entry": [{"resource": resource, "search": {"mode": mode}}, *said.get("entry", [])]}


def _foreign(kind: str) -> dict[str, Any]:
    if kind == "Patient":
        return {"resourceType": "Patient", "id": "sample-002", "name": [{"text": "Synthetic Sample-002"}]}
    drug = {"medicationCodeableConcept": {"text": "foreign"}, "authoredOn": "2026-11-01", "intent": "order"}
    return {
        "resourceType": kind,
        "id": "foreign",
        "status": "active",
        "subject": {"reference": "Patient/sample-002"},
    } | (drug if kind == "MedicationRequest" else {})
