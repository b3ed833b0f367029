"""Tokens: how they are got, what of them is believed, when they are renewed, and how they end."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

import pytest
from launching import (  # fmt: skip
    EHR,
    FHIR,
    OTHER,
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

from extractors.gateway import Limits
from smartapp.demo_ehr import AuthMethod
from smartapp.smart.session import LEASE, SignInNeeded, TokenInUse
from smartapp.smart.tokens import TokenUnavailable
from smartapp.store import Deed, Launch

CLIENTS = {
    "none": Registered(),
    "basic": Registered(auth=AuthMethod.CLIENT_SECRET_BASIC),
    "post": Registered(auth=AuthMethod.CLIENT_SECRET_POST),
    "RS384": Registered(auth=AuthMethod.PRIVATE_KEY_JWT, algorithm="RS384"),
    "ES384": Registered(auth=AuthMethod.PRIVATE_KEY_JWT, algorithm="ES384"),
}
OFFLINE = "offline = true\n"


def _launch(site: Site, home: str) -> Launch:
    found = site.service.launches.find(launch_id_of(home), site.clock())
    assert found
    return found


def _token(site: Site, home: str) -> TokenInUse:
    return site.service.token(_launch(site, home))


def _renewals(site: Site) -> list[dict[str, str]]:
    return [dict(one.form) for one in site.faults.saw("token") if one.form.get("grant_type") == "refresh_token"]


# Each kind of client, each spelling of scopes


@pytest.mark.requirement("R29", "R31", "R32", "R28")
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("client", CLIENTS)
def test_every_kind_of_client_signs_in_reads_renews_and_signs_out(
    make_site: Callable[..., Site], client: str, version: str
) -> None:
    registered = CLIENTS[client]
    site = make_site(
        Registered(auth=registered.auth, algorithm=registered.algorithm, more=f'{OFFLINE}scope_version = "{version}"\n')
    )
    browser = site.browser()
    home = browser.sign_in()
    site.faults.expire_access_tokens()
    page = browser.get(f"{home}score")
    assert "You are signed in as Internist Synthetic" in words(page.text)
    assert len(_renewals(site)) == 1
    assert browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)}).status_code == 200
    assert len(site.faults.saw("revoke")) == 2
    _is_proved_as_registered(site, client)


def _is_proved_as_registered(site: Site, client: str) -> None:
    for sent in [*site.faults.saw("token"), *site.faults.saw("revoke")]:
        form, header = sent.form, sent.headers.get("Authorization", "")
        assert ("client_id" in form) == (client in ("none", "post"))
        assert ("client_secret" in form) == (client == "post")
        assert ("client_assertion" in form) == (client in ("RS384", "ES384"))
        assert header.startswith("Basic ") == (client == "basic")
        assert sent.query == {}


@pytest.mark.requirement("R29")
def test_a_basic_secret_is_form_encoded_first(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(auth=AuthMethod.CLIENT_SECRET_BASIC, client_id="our:id %+é"))
    site.browser().sign_in()
    (sent,) = site.faults.saw("token")
    name, _, secret = base64.b64decode(sent.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
    assert (unquote_plus(name), unquote_plus(secret)) == ("our:id %+é", SECRET)
    assert name.isascii()
    assert secret.isascii()


@pytest.mark.requirement("R31")
def test_every_assertion_is_new_and_names_the_endpoint_that_it_is_for(make_site: Callable[..., Site]) -> None:
    site = make_site(CLIENTS["ES384"])
    browser = site.browser()
    for patient in ("sample-001", "sample-002"):
        browser.sign_in(patient=patient)
    claims = [_claims(one.form["client_assertion"]) for one in site.faults.saw("token")]
    assert len({one["jti"] for one in claims}) == 2
    assert all(one["aud"] == f"{EHR}/token" and one["iss"] == one["sub"] == "pi180" for one in claims)
    assert all(0 < one["exp"] - site.clock().timestamp() <= 300 for one in claims)


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


# id_token through the whole flow (R17, R18, R19, R20)


def _refused_with_claims(site: Site, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    site.faults.add("id_token", change=change)
    browser = site.browser()
    got = browser.get(browser.callback_address())
    assert got.status_code == 403
    assert is_plain_page(got)
    assert "Set-Cookie" not in got.headers
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED
    assert site.faults.saw("fhir") == []
    return got


@pytest.mark.requirement("R17", "R10")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": f"{EHR}/"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["pi180", "another-client"]},
        {"aud": []},
        {"azp": "another-client"},
        {"exp": 0},
        {"exp": None},
        {"exp": "soon"},
        {"iat": 4_000_000_000},
        {"iat": None},
        {"sub": ""},
        {"sub": None},
        {"sub": "x" * 256},
        {"sub": 7},
    ],
)
def test_an_id_token_with_a_wrong_claim_signs_nobody_in(site: Site, claims: dict[str, Any]) -> None:
    _refused_with_claims(site, lambda said: {n: v for n, v in {**said, **claims}.items() if v is not None})


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(("seconds", "status"), [(-59, 303), (-60, 403)])
def test_an_id_token_may_be_59_seconds_past_its_end(site: Site, browser: Browser, seconds: int, status: int) -> None:
    at = int(site.clock().timestamp())
    site.faults.add("id_token", change=lambda said: {**said, "exp": at + seconds})
    assert browser.get(browser.callback_address()).status_code == status


@pytest.mark.requirement("R18")
@pytest.mark.parametrize("nonce", [None, "", "of another launch", ["x"], 7])
def test_an_id_token_without_this_launchs_nonce_signs_nobody_in(site: Site, nonce: object) -> None:
    _refused_with_claims(site, lambda said: {n: v for n, v in {**said, "nonce": nonce}.items() if v is not None})


@pytest.mark.requirement("R18")
def test_an_ehr_that_is_known_to_leave_the_nonce_out_may(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(more='nonce = "omitted"\n'))
    site.faults.add("id_token", change=lambda said: {n: v for n, v in said.items() if n != "nonce"})
    browser = site.browser()
    browser.sign_in()
    assert "nonce" in asked(browser.seen[1].headers["Location"]), "it is sent all the same"


@pytest.mark.requirement("R18")
def test_no_launch_asks_for_max_age_or_auth_time(site: Site, browser: Browser) -> None:
    assert {"max_age", "auth_time", "claims", "prompt"}.isdisjoint(asked(browser.go(site.launch_address())))


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("said", [None, "", "x", "a.b.c", "x" * 70_000, ["x"], 7])
def test_a_token_response_without_a_readable_id_token_signs_nobody_in(
    site: Site, browser: Browser, said: object
) -> None:
    site.faults.add("token", change=lambda document: {**document, "id_token": said})
    got = browser.get(browser.callback_address())
    assert got.status_code == 403
    assert is_plain_page(got)
    assert site.faults.saw("fhir") == []


@pytest.mark.requirement("R17")
def test_keys_are_fetched_once_more_for_a_key_that_is_not_known(site: Site, browser: Browser) -> None:
    site.faults.add("jwks", change=lambda _: {"keys": []}, times=1)
    assert browser.get(browser.callback_address()).status_code == 403, "they were fetched a moment ago"
    assert len(site.faults.saw("jwks")) == 1
    site.clock.passes(60)
    assert browser.get(browser.callback_address()).status_code == 303
    assert len(site.faults.saw("jwks")) == 2


@pytest.mark.requirement("R17")
def test_a_flood_of_unknown_keys_asks_the_server_once_a_minute(site: Site, browser: Browser) -> None:
    browser.sign_in()
    signer = site.ehrs["demo"]
    site.clock.passes(3600)
    site.faults.add("jwks", change=lambda _: {"keys": []})
    site.faults.add("token", change=lambda said: {**said, "id_token": _with_another_kid(said["id_token"])})
    for _ in range(4):
        assert browser.get(browser.callback_address()).status_code == 403
    assert len(site.faults.saw("jwks")) == 2
    site.clock.passes(60)
    assert browser.get(browser.callback_address()).status_code == 403
    assert len(site.faults.saw("jwks")) == 3
    assert signer is site.ehrs["demo"]


def _with_another_kid(token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "RS256", "kid": "unheard-of"}).encode()).rstrip(b"=").decode()
    return ".".join([header, *token.split(".")[1:]])


@pytest.mark.requirement("R17", "R8")
@pytest.mark.parametrize("fault", [{"status": 404}, {"status": 500}, {"status": 200, "body": "<html>"}])
def test_without_the_issuers_keys_nobody_signs_in(site: Site, browser: Browser, fault: dict[str, Any]) -> None:
    site.faults.add("jwks", **fault)
    got = browser.get(browser.callback_address())
    assert got.status_code == 502
    assert is_plain_page(got)
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(
    "claim",
    ["https://evil.example/fhir/Practitioner/internist", f"{EHR}.evil.example/fhir/Practitioner/internist",
     f"{EHR}/other/Practitioner/internist", "//evil.example/fhir/Practitioner/internist",
     f"{FHIR}/Observation/internist", f"{FHIR}/Practitioner/../Patient/x", "Practitioner/internist?_pretty=1"],
)  # fmt: skip
def test_a_user_resource_elsewhere_is_not_fetched_and_nobody_is_assumed(
    site: Site, browser: Browser, claim: str
) -> None:
    site.faults.add("id_token", change=lambda said: {**said, "fhirUser": claim, "profile": claim})
    home = browser.sign_in()
    got = browser.get(f"{home}score")
    assert got.status_code == 403
    assert is_plain_page(got)
    assert site.faults.saw("fhir") == []
    assert all(str(call.request.url).startswith(f"{EHR}/") for call in site.wire.calls)


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("claim", ["Practitioner/internist", f"{FHIR}/Practitioner/internist"])
def test_a_user_resource_may_be_named_relative_or_absolute(site: Site, browser: Browser, claim: str) -> None:
    site.faults.add("id_token", change=lambda said: {**said, "fhirUser": claim})
    assert "Internist Synthetic" in words(browser.get(f"{browser.sign_in()}score").text)


@pytest.mark.requirement("R20", "R4")
def test_the_same_subject_of_two_issuers_is_two_users(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(), Registered("other", OTHER, client_id="b"))
    browser = site.browser()
    for name in ("demo", "other"):
        browser.sign_in(at=name)
    users = [row.user for row in site.audit() if row.event is Deed.SIGNED_IN]
    assert users == [f"{EHR} internist", f"{OTHER} internist"]


# What a token response may say (R21)

_WRONG: list[dict[str, Any]] = [
    {"access_token": None},
    {"access_token": ""},
    {"access_token": 7},
    {"access_token": ["x"]},
    {"access_token": "two\nlines"},
    {"access_token": "gr\u00fc\u00dfe"},
    {"token_type": None},
    {"token_type": "mac"},
    {"token_type": ["Bearer"]},
    {"refresh_token": 7},
    {"refresh_token": ["x"]},
    {"scope": ["user/*.rs"]},
    {"scope": 7},
    {"patient": 7},
    {"patient": ["sample-001"]},
    {"patient": {"id": "sample-001"}},
    {"patient": "Patient/sample-001"},
    {"patient": "x" * 257},
    {"encounter": 7},
    {"error": None},
    {"error": ["invalid_grant"]},
    {"error": {"code": "x"}},
    {"error": "invalid_grant"},
]


@pytest.mark.requirement("R21")
@pytest.mark.parametrize("said", _WRONG, ids=lambda said: json.dumps(said)[:40])
def test_a_token_response_with_a_field_that_cannot_be_is_refused(
    site: Site, browser: Browser, said: dict[str, Any]
) -> None:
    site.faults.add("token", change=lambda document: {**document, **said})
    got = browser.get(browser.callback_address())
    assert got.status_code == 403
    assert is_plain_page(got)
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED
    assert site.faults.saw("fhir") == []


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    "body", ["", "<html>", "[]", "null", '"token"', "access_token=x&token_type=bearer", "{" * 9999]
)
def test_a_token_response_that_is_no_json_object_is_refused(site: Site, browser: Browser, body: str) -> None:
    site.faults.add("token", status=200, body=body)
    got = browser.get(browser.callback_address())
    assert got.status_code == 403
    assert is_plain_page(got)


@pytest.mark.requirement("R21")
@pytest.mark.parametrize("word", ["bearer", "Bearer", "BEARER", "bEaReR"])
def test_the_kind_of_token_is_read_in_any_case(site: Site, browser: Browser, word: str) -> None:
    site.faults.add("token", change=lambda document: {**document, "token_type": word})
    assert "No score yet" in browser.get(f"{browser.sign_in()}score").text


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        (60, 60), ("60", 60), (None, 300), ("soon", 300), ("", 300), (0, 300), (-5, 300), (True, 300), (59.5, 300),
        ([60], 300), ({}, 300), ("\u0663", 3), ("9" * 30, 300), (86_400, 86_400), (86_401, 86_400), (10**30, 86_400),
    ],
)  # fmt: skip
def test_a_life_that_is_not_stated_in_seconds_counts_as_five_minutes(
    site: Site, browser: Browser, stated: object, seconds: int
) -> None:
    site.faults.add("token", change=lambda document: {**document, "expires_in": stated, "expires_at": "never"})
    grant = site.service.launches.grant(launch_id_of(browser.sign_in()))
    assert grant
    assert grant.expires - grant.received == timedelta(seconds=seconds)


@pytest.mark.requirement("R21")
def test_a_life_that_is_left_out_counts_as_five_minutes(site: Site, browser: Browser) -> None:
    site.faults.add("token", change=lambda said: {n: v for n, v in said.items() if n != "expires_in"})
    grant = site.service.launches.grant(launch_id_of(browser.sign_in()))
    assert grant
    assert grant.expires - grant.received == timedelta(seconds=300)


@pytest.mark.requirement("R21", "R22")
def test_a_scope_that_is_not_stated_is_not_taken_for_a_refusal(site: Site, browser: Browser) -> None:
    site.faults.add("token", change=lambda said: {n: v for n, v in said.items() if n != "scope"})
    home = browser.sign_in()
    assert _token(site, home).scope() is None
    assert "cannot be read" not in words(browser.get(f"{home}patient").text)


@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("life", "after", "renewed"),
    [(3600, 3539, False), (3600, 3540, True), (300, 269, False), (300, 270, True), (30, 26, False), (30, 27, True)],
)
def test_a_token_is_renewed_at_60_seconds_or_a_tenth_of_its_life_before_its_end(
    make_site: Callable[..., Site], life: int, after: int, renewed: bool
) -> None:
    site = make_site(Registered(token_life=life))
    browser = site.browser()
    home = browser.sign_in()
    token = _token(site, home)
    site.clock.passes(after)
    token.credential()
    assert len(_renewals(site)) == int(renewed)


@pytest.mark.requirement("R25", "R28")
def test_a_renewal_names_no_scope_and_keeps_the_rotated_token(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    before = site.service.launches.grant(launch_id_of(home))
    site.faults.expire_access_tokens()
    assert "No score yet" in browser.get(f"{home}score").text
    (sent,) = _renewals(site)
    after = site.service.launches.grant(launch_id_of(home))
    assert before
    assert after
    assert set(sent) == {"grant_type", "refresh_token", "client_id"}
    assert sent["refresh_token"] == before.refresh_token
    assert after.refresh_token not in (None, before.refresh_token)
    assert after.access_token != before.access_token
    assert after.version == before.version + 1
    assert Deed.RENEWED in site.deeds()


@pytest.mark.requirement("R25")
def test_a_renewal_that_names_no_new_refresh_token_or_scope_keeps_those_before(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    before = site.service.launches.grant(launch_id_of(home))
    site.faults.add("token", change=lambda said: {n: v for n, v in said.items() if n not in ("refresh_token", "scope")})
    site.faults.expire_access_tokens()
    assert "No score yet" in browser.get(f"{home}score").text
    after = site.service.launches.grant(launch_id_of(home))
    assert before
    assert after
    assert (after.refresh_token, after.scope) == (before.refresh_token, before.scope)


@pytest.mark.requirement("R25", "R23")
def test_a_renewal_cannot_change_the_patient_or_the_user(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    site.faults.add("token", change=lambda said: {**said, "patient": "sample-002"})
    site.faults.expire_access_tokens()
    page = words(browser.get(f"{home}patient").text)
    assert "Sample-001" in page
    assert "Sample-002" not in page


@pytest.mark.requirement("R25", "R28")
def test_twenty_requests_that_are_refused_at_once_renew_once(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    token = _token(site, home)
    refused = token.credential()
    site.faults.expire_access_tokens()
    with ThreadPoolExecutor(20) as threads:
        credentials = list(threads.map(lambda _: token.credential(refused), range(20)))
    assert len(_renewals(site)) == 1
    assert {one.header for one in credentials} == {token.credential().header}
    assert credentials[0].header != refused.header


@pytest.mark.requirement("R25")
def test_a_lease_outlasts_the_slowest_answer_that_is_waited_for() -> None:
    limits = Limits()
    assert limits.connect + limits.idle + limits.total < LEASE.total_seconds()


@pytest.mark.requirement("R25")
def test_a_claim_whose_process_is_gone_ends_with_its_lease(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    token, launches = _token(site, home), site.service.launches
    before = token.credential()
    assert launches.claim_renewal(launch_id_of(home), 0, site.clock(), LEASE), "a process that is then killed"
    assert not launches.claim_renewal(launch_id_of(home), 0, site.clock() + LEASE, LEASE)
    site.faults.expire_access_tokens()
    site.clock.passes(LEASE.total_seconds() + 1)
    assert token.credential(before) != before
    assert len(_renewals(site)) == 1


@pytest.mark.requirement("R25", "R26")
def test_a_refresh_token_that_was_spent_before_a_crash_asks_for_sign_in_once_and_does_not_loop(
    site: Site, browser: Browser
) -> None:
    home = browser.sign_in()
    grant = site.service.launches.grant(launch_id_of(home))
    assert grant
    assert grant.refresh_token
    site.service.launching.ehrs["demo"].tokens().renew(grant.refresh_token)  # its answer is lost
    site.faults.expire_access_tokens()
    site.faults.seen.clear()
    first = browser.get(f"{home}score")
    assert first.status_code == 403
    assert is_plain_page(first)
    for _ in range(3):
        assert browser.get(f"{home}patient").status_code == 403
    assert len(_renewals(site)) == 1


@pytest.mark.requirement("R26", "R128")
@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"])
def test_a_refused_renewal_ends_the_launch(site: Site, browser: Browser, error: str) -> None:
    home = browser.sign_in()
    site.faults.expire_access_tokens()
    site.faults.add("token", error=error)
    got = browser.get(f"{home}patient")
    assert got.status_code == 403
    assert is_plain_page(got)
    assert "Launch pi180 from the EHR again" in words(got.text)
    assert Deed.RENEWAL_REFUSED in site.deeds()
    assert site.service.launches.grant(launch_id_of(home)) is None
    site.faults.clear()
    assert browser.get(f"{home}patient").status_code == 403
    assert len(_renewals(site)) == 1


@pytest.mark.requirement("R26", "R128")
@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_server_out_of_order_does_not_end_the_launch(site: Site, browser: Browser, status: int) -> None:
    home = browser.sign_in()
    site.faults.expire_access_tokens()
    site.faults.add("token", status=status, body="inner words")
    got = browser.get(f"{home}score")
    assert got.status_code == 502
    assert is_plain_page(got)
    assert "inner words" not in got.text
    site.faults.clear()
    assert "No score yet" in browser.get(f"{home}score").text


@pytest.mark.requirement("R26")
def test_a_server_out_of_order_is_not_stormed(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    token = _token(site, home)
    before = token.credential()
    site.faults.add("token", status=503)
    with pytest.raises(TokenUnavailable):
        token.credential(before)
    assert len(_renewals(site)) == 1


@pytest.mark.requirement("R28")
def test_a_refused_token_is_renewed_once_and_the_request_sent_once_more(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    browser.get(f"{home}score")
    site.faults.seen.clear()
    site.faults.add("fhir", status=401, resource_type="MedicationRequest", times=1)
    page = browser.get(f"{home}patient")
    assert page.status_code == 200
    assert "cannot be read" not in words(page.text)
    assert len(_renewals(site)) == 1
    asked_for = [one for one in site.faults.saw("fhir") if one.path == "/fhir/MedicationRequest"]
    assert len(asked_for) == 2
    assert asked_for[0].headers["Authorization"] != asked_for[1].headers["Authorization"]


@pytest.mark.requirement("R28", "R22")
def test_what_is_refused_twice_is_withheld_and_told(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    browser.get(f"{home}score")
    site.faults.seen.clear()
    site.faults.add("fhir", status=401, resource_type="MedicationRequest")
    page = browser.get(f"{home}patient")
    assert page.status_code == 200
    assert "Prescriptions not sent cannot be read" in words(page.text)
    assert len(_renewals(site)) == 1
    assert len([one for one in site.faults.saw("fhir") if one.path == "/fhir/MedicationRequest"]) == 2


@pytest.mark.requirement("R28", "R26")
def test_without_a_refresh_token_a_refused_one_asks_for_a_new_launch(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(more=""))
    browser = site.browser()
    home = browser.sign_in()
    site.faults.expire_access_tokens()
    got = browser.get(f"{home}patient")
    assert got.status_code == 403
    assert is_plain_page(got)
    assert "Launch pi180 from the EHR again" in words(got.text)
    assert _renewals(site) == []


@pytest.mark.requirement("R26", "R27")
def test_after_a_revocation_at_the_ehr_nothing_more_is_shown(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    assert "Sample-001" in browser.get(f"{home}patient").text
    grant = site.service.launches.grant(launch_id_of(home))
    assert grant
    site.service.launching.ehrs["demo"].tokens().revoke(grant.access_token)
    for page in ("patient", "score", "basis", ""):
        got = browser.get(f"{home}{page}")
        assert got.status_code == 403
        assert "Sample-001" not in got.text


@pytest.mark.requirement("R27")
def test_sign_out_revokes_both_tokens_and_forgets_them(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    grant = site.service.launches.grant(launch_id_of(home))
    assert grant
    page = browser.get(f"{home}score")
    got = browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)})
    assert title(got.text) == "You are signed out"
    assert {one.form["token"] for one in site.faults.saw("revoke")} == {grant.access_token, grant.refresh_token}
    assert site.service.launches.grant(launch_id_of(home)) is None
    assert browser.cookies() == {}
    assert browser.get(f"{home}patient").status_code == 403
    assert site.deeds()[-2:] == [Deed.SIGNED_OUT, Deed.DENIED]


@pytest.mark.requirement("R27")
@pytest.mark.parametrize("where", ["revoke", "well_known"])
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 404, "body": "<html>"},
        {"status": 302, "headers": {"Location": "https://evil.example"}},
    ],
)
def test_sign_out_forgets_here_even_when_the_ehr_is_out_of_order(
    site: Site, browser: Browser, where: Any, fault: dict[str, Any]
) -> None:
    home = browser.sign_in()
    page = browser.get(f"{home}score")
    site.service.launching.ehrs["demo"].discovery._endpoints = None
    site.faults.add(where, **fault)
    got = browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)})
    assert title(got.text) == "You are signed out"
    assert site.service.launches.grant(launch_id_of(home)) is None
    assert browser.get(f"{home}patient").status_code == 403


@pytest.mark.requirement("R27")
def test_sign_out_without_a_revocation_endpoint_forgets_here(site: Site, browser: Browser) -> None:
    site.faults.add("well_known", change=lambda said: {n: v for n, v in said.items() if n != "revocation_endpoint"})
    home = browser.sign_in()
    page = browser.get(f"{home}score")
    assert browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)}).status_code == 200
    assert site.faults.saw("revoke") == []
    assert site.service.launches.grant(launch_id_of(home)) is None


@pytest.mark.requirement("R27", "R25")
def test_a_renewal_that_ends_after_sign_out_keeps_nothing(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    token, page = _token(site, home), browser.get(f"{home}score")
    before = token.credential()

    def signed_out_meanwhile(said: dict[str, Any]) -> dict[str, Any]:
        browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)})
        return said

    site.faults.add("token", change=signed_out_meanwhile)
    with pytest.raises(SignInNeeded):
        token.credential(before)
    assert site.service.launches.grant(launch_id_of(home)) is None
