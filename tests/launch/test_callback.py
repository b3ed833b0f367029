"""The EHR's answer: whose it is, whether it is believed, and what of it is shown."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from launching import (  # fmt: skip
    APP,
    EHR,
    FHIR,
    OTHER,
    Browser,
    Registered,
    Site,
    asked,
    changed,
    is_plain_page,
    launch_id_of,
    title,
    words,
)

from smartapp.demo_ehr import AuthMethod
from smartapp.store import Deed
from tests.smartapp.ehr_bridge import approve

AT_DEMO = f"{EHR}/fhir/.well-known/smart-configuration"


def _tokens_asked(site: Site) -> int:
    return sum(len(faults.saw("token")) for faults in site.all_faults.values())


def _is_refused(got: Any) -> bool:
    return got.status_code in (403, 502) and is_plain_page(got) and "Set-Cookie" not in got.headers


@pytest.mark.requirement("R12")
def test_state_and_nonce_are_at_least_128_random_bits_and_fresh_for_every_launch(site: Site, browser: Browser) -> None:
    queries = [asked(browser.go(site.launch_address())) for _ in range(3)]
    for name in ("state", "nonce", "code_challenge"):
        values = {query[name] for query in queries}
        assert len(values) == 3
        assert all(len(value) >= 43 for value in values), "43 characters of base64url hold 256 bits"


@pytest.mark.requirement("R12", "R15")
def test_an_answer_works_once(site: Site, browser: Browser) -> None:
    callback = browser.callback_address()
    assert browser.get(callback).status_code == 303
    again = browser.get(callback)
    assert _is_refused(again)
    assert _tokens_asked(site) == 1
    home = browser.seen[-2].headers["Location"]
    assert browser.get(home).status_code == 200, "the session that the first answer opened goes on"


@pytest.mark.requirement("R12")
def test_another_browsers_answer_signs_nobody_in(site: Site, browser: Browser) -> None:
    callback = browser.callback_address()
    other = site.browser()
    got = other.get(callback)
    assert title(got.text) == "One more step"
    assert _tokens_asked(site) == 0
    assert other.cookies() == {}
    assert Deed.SIGN_IN_REFUSED in site.deeds()
    assert browser.get(callback).status_code == 303, "its own browser may still bring it"


@pytest.mark.requirement("R12")
def test_an_answer_for_one_launch_is_refused_in_a_browser_that_only_waits_for_another(site: Site) -> None:
    attacker, victim = site.browser(), site.browser()
    planted = attacker.callback_address("second", "sample-002")
    victim.go(site.launch_address())
    got = victim.get(planted)
    assert got.status_code == 200
    assert _tokens_asked(site) == 0
    assert all(row.event is not Deed.SIGNED_IN for row in site.audit())


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: {"state": None},
        lambda _: {"state": ""},
        lambda state: {"state": state[:-1]},
        lambda state: {"state": state + "x"},
        lambda state: {"state": state.swapcase()},
        lambda _: {"state": "marker-that-must-not-show"},
        lambda _: {"state": "é" * 50},
        lambda _: {"state": "x" * 20_000},
    ],
)
def test_an_answer_without_the_launchs_state_is_refused_and_says_nothing_of_it(
    site: Site, browser: Browser, spoil: Callable[[str], dict[str, str | None]]
) -> None:
    callback = browser.callback_address()
    got = browser.get(changed(callback, **spoil(asked(callback)["state"])))
    assert _is_refused(got)
    assert _tokens_asked(site) == 0
    assert "marker-that-must-not-show" not in got.text
    assert asked(callback)["state"] not in got.text
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED


@pytest.mark.requirement("R12", "R15")
@pytest.mark.parametrize("name", ["state", "code", "iss", "error", "anything"])
def test_an_answer_that_says_something_twice_is_refused_and_audited(site: Site, browser: Browser, name: str) -> None:
    callback = browser.callback_address()
    value = asked(callback).get(name, "x")
    doubled = f"{callback}&{urlencode({name: value})}" + (f"&{name}=x" if name not in asked(callback) else "")
    assert _is_refused(browser.get(doubled))
    assert _tokens_asked(site) == 0
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED


@pytest.mark.requirement("R12")
def test_a_launch_that_was_not_sent_to_the_ehr_takes_no_answer(site: Site, browser: Browser) -> None:
    browser.get(site.launch_address())
    for state in ("", "None", "null"):
        assert _is_refused(browser.get(f"/cb/demo?code=x&{urlencode({'state': state})}"))
    assert _tokens_asked(site) == 0


@pytest.mark.requirement("R13", "R11")
@pytest.mark.parametrize("advertised", [["S256"], ["plain"], ["plain", "S256"], [], None, "S256", 7])
def test_pkce_s256_is_sent_whatever_the_server_advertises(site: Site, browser: Browser, advertised: object) -> None:
    def change(document: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in document.items() if name != "code_challenge_methods_supported"}
        return rest if advertised is None else {**rest, "code_challenge_methods_supported": advertised}

    site.faults.add("well_known", change=change)
    query = asked(browser.go(site.launch_address()))
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert query["response_type"] == "code"


@pytest.mark.requirement("R13")
def test_every_launch_has_a_verifier_of_its_own_and_no_cookie_or_page_holds_it(site: Site, browser: Browser) -> None:
    for patient in ("sample-001", "sample-002"):
        browser.sign_in(patient=patient)
    verifiers = [one.form["code_verifier"] for one in site.faults.saw("token")]
    assert len(set(verifiers)) == 2
    assert all(len(verifier) >= 43 for verifier in verifiers)
    said = "".join(f"{got.headers}{got.text}" for got in browser.seen) + str(browser.cookies())
    assert not any(verifier in said for verifier in verifiers)


@pytest.fixture
def two(make_site: Callable[..., Site]) -> Site:
    return make_site(Registered(), Registered("other", OTHER, client_id="pi180-at-other"))


@pytest.mark.requirement("R14", "R30")
def test_each_ehr_answers_at_an_address_of_its_own(two: Site) -> None:
    browser = two.browser()
    for name in ("demo", "other"):
        query = asked(browser.go(two.launch_address(at=name)))
        assert query["redirect_uri"] == f"{APP}/cb/{name}"


@pytest.mark.requirement("R14")
def test_an_answer_of_one_ehr_at_the_others_address_is_refused(two: Site) -> None:
    browser = two.browser()
    callback = browser.callback_address(at="demo")
    browser.go(two.launch_address(at="other"))
    assert _is_refused(browser.get(callback.replace("/cb/demo", "/cb/other")))
    assert _tokens_asked(two) == 0


@pytest.mark.requirement("R14")
def test_a_code_of_one_ehr_is_never_sent_to_the_other(two: Site) -> None:
    """The attack of RFC 9700, 4.4: the browser is sent back with the other launch's state."""
    browser = two.browser()
    stolen = asked(browser.callback_address(at="demo"))
    state = asked(browser.go(two.launch_address(at="other")))["state"]
    got = browser.get(f"/cb/other?{urlencode({'code': stolen['code'], 'state': state, 'iss': stolen['iss']})}")
    assert _is_refused(got)
    assert _tokens_asked(two) == 0


@pytest.mark.requirement("R14")
@pytest.mark.parametrize("iss", [OTHER, f"{EHR}/", EHR.upper(), FHIR, "", None])
def test_an_answer_that_does_not_name_the_registered_issuer_is_refused(
    site: Site, browser: Browser, iss: str | None
) -> None:
    callback = browser.callback_address()
    assert asked(callback)["iss"] == EHR
    assert _is_refused(browser.get(changed(callback, iss=iss)))
    assert _tokens_asked(site) == 0
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED


@pytest.mark.requirement("R14")
@pytest.mark.parametrize(("iss", "status"), [(None, 303), (EHR, 303), (OTHER, 403)])
def test_an_issuer_that_was_not_promised_may_be_left_out_but_not_be_another(
    site: Site, browser: Browser, iss: str | None, status: int
) -> None:
    site.faults.add("well_known", change=lambda said: {**said, "authorization_response_iss_parameter_supported": False})
    assert browser.get(changed(browser.callback_address(), iss=iss)).status_code == status


@pytest.mark.requirement("R14")
@pytest.mark.parametrize("name", ["nobody", "", "..%2fdemo", "DEMO", "demo%00"])
def test_there_is_no_answer_to_an_ehr_that_is_not_registered(site: Site, browser: Browser, name: str) -> None:
    callback = browser.callback_address()
    got = browser.get(callback.replace("/cb/demo", f"/cb/{name}"))
    assert got.status_code in (403, 404)
    assert is_plain_page(got)
    assert _tokens_asked(site) == 0


@pytest.mark.requirement("R10")
@pytest.mark.parametrize("issuer", [OTHER, f"{EHR}/", None, "", ["https://ehr.example"], 7])
def test_metadata_of_another_issuer_is_refused(site: Site, browser: Browser, issuer: object) -> None:
    site.faults.add("well_known", change=lambda said: {**said, "issuer": issuer})
    got = browser.get(browser.get(site.launch_address()).headers["Location"])
    assert _is_refused(got)
    assert _only_metadata(site)


def _only_metadata(site: Site) -> bool:
    return {call.request.url for call in site.wire.calls} == {AT_DEMO}


@pytest.mark.requirement("R8")
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 404},
        {"status": 500},
        {"status": 503, "body": "later"},
        {"status": 302, "headers": {"Location": f"{OTHER}/"}},
        {"status": 200, "body": "<html>Sign in</html>"},
        {"status": 200, "body": ""},
        {"status": 200, "body": "[]"},
        {"status": 200, "body": "null"},
        {"status": 200, "body": '{"issuer": "https://ehr.example", "issuer": "https://ehr.example"}'},
        {"status": 200, "body": "{" * 100_000},
        {"change": lambda said: {**said, "token_endpoint": None}},
        {"change": lambda said: {**said, "token_endpoint": ""}},
        {"change": lambda said: {**said, "token_endpoint": ["https://ehr.example/token"]}},
        {"change": lambda said: {n: v for n, v in said.items() if n != "token_endpoint"}},
        {"change": lambda said: {n: v for n, v in said.items() if n != "authorization_endpoint"}},
        {"change": lambda said: {n: v for n, v in said.items() if n != "jwks_uri"}},
    ],
)
def test_without_usable_metadata_there_is_no_launch_and_no_request_to_anything_else(
    site: Site, browser: Browser, fault: dict[str, Any]
) -> None:
    site.faults.add("well_known", **fault)
    got = browser.get(browser.get(site.launch_address()).headers["Location"])
    assert got.status_code == 502
    assert is_plain_page(got)
    assert _only_metadata(site)


@pytest.mark.requirement("R8")
def test_a_launch_that_found_no_metadata_may_be_tried_again(site: Site, browser: Browser) -> None:
    site.faults.add("well_known", status=503, times=1)
    home = browser.get(site.launch_address()).headers["Location"]
    assert browser.get(home).status_code == 502
    assert browser.get(home).status_code == 303


def _asked_for_metadata(site: Site) -> int:
    return sum(call.request.url == AT_DEMO for call in site.wire.calls)


@pytest.mark.requirement("R8")
def test_metadata_is_kept_for_24_hours(site: Site, browser: Browser) -> None:
    browser.go(site.launch_address())
    site.clock.passes(24 * 3600 - 1)
    browser.go(site.launch_address())
    assert _asked_for_metadata(site) == 1
    site.clock.passes(1)
    browser.go(site.launch_address())
    assert _asked_for_metadata(site) == 2


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("status", [404, 500, 503])
def test_old_metadata_serves_while_the_server_errs(site: Site, browser: Browser, status: int) -> None:
    browser.go(site.launch_address())
    site.clock.passes(25 * 3600)
    site.faults.add("well_known", status=status)
    assert browser.go(site.launch_address()).startswith(f"{EHR}/authorize?")


@pytest.mark.requirement("R9")
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"])
@pytest.mark.parametrize(
    "endpoint",
    [
        "http://ehr.example/token",
        "http://127.0.0.1/token",
        "https://evil.example/token",
        "https://ehr.example.evil.example/token",
        "https://ehr.example@evil.example/token",
        "https://user@ehr.example/token",
        "https://evil.example\\@ehr.example/token",
        "//evil.example/token",
        "https://169.254.169.254/token",
        "javascript:alert(1)",
    ],
)
def test_an_endpoint_that_is_not_https_on_an_approved_host_is_refused(
    site: Site, browser: Browser, name: str, endpoint: str
) -> None:
    site.faults.add("well_known", change=lambda said: {**said, name: endpoint})
    got = browser.get(browser.get(site.launch_address()).headers["Location"])
    assert got.status_code == 502
    assert is_plain_page(got)
    assert _only_metadata(site)


@pytest.mark.requirement("R9")
def test_an_endpoint_may_lie_on_a_host_that_the_registration_approves(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(more='hosts = ["login.example"]\n'))
    there = "https://login.example/authorize?tenant=7"
    site.faults.add("well_known", change=lambda said: {**said, "authorization_endpoint": there})
    authorize = site.browser().go(site.launch_address())
    assert authorize.startswith(f"{there}&")
    assert asked(authorize)["tenant"] == "7"


@pytest.mark.requirement("R9")
@pytest.mark.parametrize("relative", ["/authorize", "../authorize", "//ehr.example/authorize"])
def test_a_relative_endpoint_is_read_against_the_base(site: Site, browser: Browser, relative: str) -> None:
    site.faults.add("well_known", change=lambda said: {**said, "authorization_endpoint": relative})
    assert browser.go(site.launch_address()).startswith(f"{EHR}/authorize?")


# what an answer says (R15, C19-C26, C29)


@pytest.mark.requirement("R15")
@pytest.mark.parametrize("error", ["access_denied", "invalid_request", "invalid_scope", "unauthorized_client",
    "server_error", "temporarily_unavailable", "login_required", "<b>x</b>", ""])  # fmt: skip
def test_an_error_answer_ends_the_launch_with_a_plain_page(site: Site, browser: Browser, error: str) -> None:
    state = asked(browser.go(site.launch_address()))["state"]
    said = {
        "error": error,
        "error_description": "<script>alert('raw words')</script>",
        "error_uri": "https://evil.example",
    }
    got = browser.get(f"/cb/demo?{urlencode({**said, 'state': state, 'iss': EHR})}")
    assert got.status_code == 403
    assert is_plain_page(got)
    assert not any(raw in got.text for raw in ("raw words", "alert", "evil.example", "<b>x"))
    assert _tokens_asked(site) == 0
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED
    assert _secrets_left(site) == 0


@pytest.mark.requirement("R15", "R128")
def test_denying_access_is_told_in_friendly_words_and_nothing_is_stored(site: Site, browser: Browser) -> None:
    got = browser.get(browser.callback_address(decision="deny"))
    assert got.status_code == 403
    assert "denied at the EHR" in words(got.text)
    assert _tokens_asked(site) == 0
    assert _secrets_left(site) == 0


@pytest.mark.requirement("R15")
@pytest.mark.parametrize("changes", [{"code": None}, {"code": ""}])
def test_an_answer_without_a_code_is_refused(site: Site, browser: Browser, changes: dict[str, str | None]) -> None:
    assert _is_refused(browser.get(changed(browser.callback_address(), **changes)))
    assert _tokens_asked(site) == 0


@pytest.mark.requirement("R15")
def test_an_error_beside_a_code_is_an_error(site: Site, browser: Browser) -> None:
    assert _is_refused(browser.get(changed(browser.callback_address(), error="access_denied")))
    assert _tokens_asked(site) == 0


@pytest.mark.requirement("R15")
def test_an_answer_may_come_as_a_posted_form(site: Site, browser: Browser) -> None:
    callback = browser.callback_address()
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": EHR}
    got = browser.post("/cb/demo", asked(callback), foreign)
    assert got.status_code == 303
    assert _tokens_asked(site) == 1
    assert browser.get(got.headers["Location"]).status_code == 200


@pytest.mark.requirement("R15", "R12")
def test_a_posted_answer_is_read_from_the_form_alone(site: Site, browser: Browser) -> None:
    query = browser.callback_address().partition("?")[2]
    assert _is_refused(browser.post(f"/cb/demo?{query}", {}, {}))
    assert _tokens_asked(site) == 0


@pytest.mark.requirement("R15", "R84")
def test_a_finished_launch_leads_to_a_clean_address_that_is_not_kept(browser: Browser) -> None:
    callback = browser.callback_address()
    got = browser.get(callback)
    assert got.status_code == 303
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["Referrer-Policy"] == "no-referrer"
    assert got.headers["Location"] == f"/l/{launch_id_of(got.headers['Location'])}/"
    assert got.get_data() == b""


@pytest.mark.requirement("R15")
@pytest.mark.parametrize("code", ["a b+c%2F/é&=", "x" * 4000, "\r\nX: y", "'\"<>"])
def test_a_code_reaches_the_token_endpoint_unchanged(site: Site, browser: Browser, code: str) -> None:
    assert _is_refused(browser.get(changed(browser.callback_address(), code=code)))
    (sent,) = site.faults.saw("token")
    assert sent.form["code"] == code
    assert sent.headers["Content-Type"].startswith("application/x-www-form-urlencoded")


@pytest.mark.requirement("R128", "R26")
@pytest.mark.parametrize("error", ["invalid_client", "invalid_grant", "invalid_scope", "invalid_request", "odd <b>"])
def test_a_refused_code_ends_the_launch_after_one_request(site: Site, browser: Browser, error: str) -> None:
    site.faults.add("token", error=error)
    got = browser.get(browser.callback_address())
    assert got.status_code == 403
    assert is_plain_page(got)
    assert "<b>" not in got.text
    assert _tokens_asked(site) == 1
    assert _secrets_left(site) == 0
    assert site.deeds()[-1] == Deed.SIGN_IN_REFUSED


@pytest.mark.requirement("R128", "R26")
@pytest.mark.parametrize(
    "fault",
    [{"status": 500, "body": "stack trace"}, {"status": 503}, {"status": 429, "body": "slow down"},
     {"status": 302, "headers": {"Location": "https://evil.example/"}}],
)  # fmt: skip
def test_a_token_endpoint_out_of_order_gives_a_plain_page_and_is_asked_once(
    site: Site, browser: Browser, fault: dict[str, Any]
) -> None:
    site.faults.add("token", **fault)
    got = browser.get(browser.callback_address())
    assert got.status_code == 502
    assert is_plain_page(got)
    assert "stack trace" not in got.text
    assert _tokens_asked(site) == 1
    assert _secrets_left(site) == 0


def _secrets_left(site: Site) -> int:
    """Columns that still hold something secret of any launch."""
    with site.service.launches._engine.connect() as connection:
        rows = connection.exec_driver_sql('SELECT pending, context, person, "grant", state_hash FROM launch').all()
    return sum(value is not None for row in rows for value in row)


# C45-C47: what a strict server refuses is what we never send


@pytest.mark.requirement("R128")
@pytest.mark.parametrize("wrong", ["client_id", "redirect_uri"])
def test_an_ehr_that_does_not_know_us_keeps_the_browser_and_the_launch_runs_out(
    site: Site, browser: Browser, wrong: str
) -> None:
    authorize = changed(browser.go(site.launch_address()), **{wrong: "https://nobody.example"})
    page = site.ehrs["demo"].test_client().get(authorize.removeprefix(EHR))
    assert page.status_code == 400
    site.clock.passes(601)
    site.browser().get(site.launch_address())
    assert len(site.rows()) == 1, "what never came back is forgotten"


@pytest.mark.requirement("R2", "R128")
def test_an_ehr_that_compares_the_audience_strictly_refuses_another_and_we_say_so_plainly(
    site: Site, browser: Browser
) -> None:
    launch_value = asked(site.launch_address())["launch"]
    authorize = browser.go(f"/launch?{urlencode({'iss': FHIR + '/', 'launch': launch_value})}")
    got = browser.get(approve(site.ehrs["demo"], authorize.removeprefix(EHR)))
    assert got.status_code == 403
    assert is_plain_page(got)


@pytest.mark.requirement("R30")
def test_two_registrations_of_one_brand_do_not_mix_their_settings(make_site: Callable[..., Site]) -> None:
    basic = Registered(auth=AuthMethod.CLIENT_SECRET_BASIC, client_id="a", more='scope_version = "v1"\n')
    signed = Registered("other", OTHER, AuthMethod.PRIVATE_KEY_JWT, "ES384", "b", "offline = true\n")
    site = make_site(basic, signed)
    browser = site.browser()
    homes = {name: browser.sign_in(at=name) for name in ("demo", "other", "demo")}
    assert all(browser.get(home).status_code == 200 for home in homes.values())
    first, second = site.all_faults["demo"].saw("token")
    (third,) = site.all_faults["other"].saw("token")
    assert all("Authorization" in sent.headers and "client_assertion" not in sent.form for sent in (first, second))
    assert "Authorization" not in third.headers
    assert "client_assertion" in third.form
    locations = [got.headers.get("Location", "") for got in browser.seen]
    scopes = {root: asked(at)["scope"].split() for root in (EHR, OTHER) for at in locations if at.startswith(root)}
    assert "user/Encounter.read" in scopes[EHR]
    assert "user/Encounter.rs" in scopes[OTHER]
    assert "offline_access" not in scopes[EHR]
    assert "offline_access" in scopes[OTHER]
