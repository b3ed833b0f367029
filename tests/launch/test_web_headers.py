"""The headers of every answer, and the cookies."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from launching import APP, EHR, FRAME, OTHER, Browser, Registered, Site, csrf_of, is_plain_page, launch_id_of
from werkzeug.test import TestResponse

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
_PUT_IN = {
    "<measure>": "PI_EP_1",
    "<registration_id>": "demo",
    "<job_id>": "x",
    "<document>": "x",
    "<name>": "qpp-json",
}
NO_FRAME = "frame-ancestors 'none'"


def _policy(got: TestResponse) -> dict[str, str]:
    parts = got.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


def _every_route(site: Site, home: str) -> list[tuple[str, str]]:
    """Each method and address that the app knows, for the launch at home."""
    found = []
    for rule in site.app.url_map.iter_rules():
        address = rule.rule.replace("<launch_id>", launch_id_of(home))
        for name, value in _PUT_IN.items():
            address = address.replace(name, value)
        address = address.replace("<document>", "none")
        assert "<" not in address, "a new kind of address: say here what to put in"
        found += [(method, address) for method in sorted(rule.methods or ())]
    return found


def _is_guarded(got: TestResponse) -> None:
    assert ALWAYS.items() <= dict(got.headers).items()
    policy = _policy(got)
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert not any(word in str(policy) for word in ("unsafe", "*", "http://"))
    assert policy["form-action"].startswith("'self'")
    framed = policy["frame-ancestors"] != "'none'"
    assert ("X-Frame-Options" in got.headers) == (not framed)
    assert got.headers.get("Cross-Origin-Opener-Policy") == (None if framed else "same-origin")
    assert policy["frame-ancestors"] == (FRAME if framed else "'none'")
    assert "Server" not in got.headers
    assert got.headers.get("Content-Type", "text/html; charset=utf-8") in (
        "text/html; charset=utf-8",
        "text/css; charset=utf-8",
    )


@pytest.mark.requirement("R78", "R77")
def test_every_route_answers_with_every_header_signed_in_or_not(make_site: Callable[..., Site], results: Path) -> None:
    site = make_site(results=results)
    browser = site.browser()
    home = browser.sign_in()
    routes = _every_route(site, home)
    assert len(routes) >= 20
    nobody = site.browser()
    for method, address in sorted(routes, key=lambda route: route[1].endswith("/sign-out")):
        for client in (nobody.client, browser.client):
            _is_guarded(client.open(address, method=method, base_url=APP))


@pytest.mark.requirement("R78", "R128")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    "address", ["/nowhere", "/launch", "/l/x/score", "/cb/demo", "/../../etc/passwd", "/style.css"]
)
def test_what_is_not_served_is_refused_with_the_same_headers(browser: Browser, method: str, address: str) -> None:
    got = browser.client.open(address, method=method, base_url=APP)
    _is_guarded(got)
    assert got.status_code != 500


@pytest.mark.requirement("R77")
def test_only_the_frames_of_its_own_ehr_may_show_a_launch(make_site: Callable[..., Site]) -> None:
    framed = Registered(more='frame_ancestors = ["https://chart.example", "https://other-chart.example:8443"]\n')
    site = make_site(framed, Registered("other", OTHER, client_id="b", more=""))
    browser = site.browser()
    homes = {name: browser.sign_in(at=name) for name in ("demo", "other")}
    for name, ancestors in (("demo", "https://chart.example https://other-chart.example:8443"), ("other", "'none'")):
        for page in ("", "score"):
            got = browser.get(f"{homes[name]}{page}")
            assert _policy(got)["frame-ancestors"] == ancestors
            assert got.headers.get("X-Frame-Options") == ("DENY" if name == "other" else None)


@pytest.mark.requirement("R77")
def test_the_steps_of_a_launch_and_its_errors_may_stand_in_its_ehrs_frame(browser: Browser) -> None:
    browser.callback_address(decision="deny")
    launch, go = browser.seen[0], browser.seen[1]
    denied = browser.get(f"/cb/demo?error=access_denied&state={_state_of(go)}&iss={EHR}")
    assert denied.status_code == 403
    for got in (launch, go, denied):
        assert _policy(got)["frame-ancestors"] == FRAME
        assert "X-Frame-Options" not in got.headers


def _state_of(got: TestResponse) -> str:
    return re.findall(r"[?&]state=([^&]+)", got.headers["Location"])[0]


@pytest.mark.requirement("R77")
@pytest.mark.parametrize("address", ["/", "/style.css", "/nowhere", "/launch?iss=https://evil.example&launch=x"])
def test_nothing_else_may_stand_in_any_frame(browser: Browser, address: str) -> None:
    got = browser.get(address)
    assert _policy(got)["frame-ancestors"] == "'none'"
    assert got.headers["X-Frame-Options"] == "DENY"


def _cookie(got: TestResponse) -> tuple[str, str, set[str]]:
    text = got.headers.get_all("Set-Cookie")[0]
    pair, *attributes = text.split("; ")
    name, _, value = pair.partition("=")
    return name, value, set(attributes)


@pytest.mark.requirement("R76")
def test_a_framed_launchs_cookie_is_partitioned_and_sent_across_sites(browser: Browser) -> None:
    for got in _with_cookies(browser):
        name, value, attributes = _cookie(got)
        assert re.fullmatch(r"__Host-pi180-[\w-]{22}", name)
        assert re.fullmatch(r"[\w-]{43}", value), "256 random bits and nothing else"
        assert attributes == {"Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned"}


@pytest.mark.requirement("R76")
def test_a_cookie_that_no_frame_needs_stays_on_its_site(make_site: Callable[..., Site]) -> None:
    site = make_site(Registered(more=""))
    for got in _with_cookies(site.browser()):
        name, _, attributes = _cookie(got)
        assert name.startswith("__Host-pi180-")
        assert attributes == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


@pytest.mark.requirement("R76")
def test_on_this_machines_own_http_address_cookies_are_plain(make_site: Callable[..., Site]) -> None:
    site = make_site(address="http://127.0.0.1:8180")
    for got in _with_cookies(site.browser()):
        name, _, attributes = _cookie(got)
        assert name.startswith("pi180-")
        assert attributes == {"HttpOnly", "Path=/", "SameSite=Lax"}


def _with_cookies(browser: Browser) -> list[TestResponse]:
    browser.sign_in()
    return [browser.seen[0], browser.seen[2]]


@pytest.mark.requirement("R76", "R81")
def test_the_front_pages_mark_is_a_host_cookie_of_its_own(site: Site, browser: Browser) -> None:
    name, value, attributes = _cookie(browser.get("/"))
    assert name.startswith("__Host-")
    assert len(value) >= 43
    assert attributes == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
    assert site.rows() == []


@pytest.mark.requirement("R76", "R27")
def test_sign_out_takes_the_cookie_back_with_the_attributes_that_it_was_given(browser: Browser) -> None:
    page = browser.get(f"{browser.sign_in()}score")
    home = browser.seen[2].headers["Location"]
    got = browser.post(f"{home}sign-out", {"csrf": csrf_of(page.text)})
    _, value, attributes = _cookie(got)
    assert value == ""
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=None", "Partitioned", "Max-Age=0"} <= attributes
    assert got.headers["Clear-Site-Data"] == '"cache", "storage"'


@pytest.mark.requirement("R78", "R128")
@pytest.mark.parametrize("host", ["evil.example", "pi180.example.evil.example", "evil.example:443", "", "a b"])
def test_a_request_for_another_host_is_refused(site: Site, browser: Browser, host: str) -> None:
    got = browser.client.get(site.launch_address().removeprefix(APP), base_url=APP, headers={"Host": host})
    assert got.status_code == 400
    assert is_plain_page(got)
    assert "evil" not in got.text
    assert site.rows() == []
    _is_guarded(got)


@pytest.mark.requirement("R78")
@pytest.mark.parametrize("host", ["pi180.example", "pi180.example:443"])
def test_a_request_for_our_own_host_is_served(browser: Browser, host: str) -> None:
    assert browser.client.get("/", base_url=APP, headers={"Host": host}).status_code == 200


@pytest.mark.requirement("R78", "R79")
def test_no_page_holds_a_script_a_handler_or_anything_from_elsewhere(
    make_site: Callable[..., Site], results: Path
) -> None:
    site = make_site(results=results)
    browser = site.browser()
    home = browser.sign_in()
    for page in ("", "score", "measures/PI_EP_1", "basis", "patient"):
        text = browser.get(f"{home}{page}").text
        assert not re.search(r"<script|<iframe|<object|<embed|\son\w+=|javascript:|style=\"", text, re.IGNORECASE)
        assert not re.search(r"(?:src|<link[^>]*href|action)=\"(?:https?:)?//", text)


@pytest.mark.requirement("R77")
def test_that_a_session_is_over_is_told_in_the_ehrs_frame_too_and_nowhere_else(make_site: Callable[..., Site]) -> None:
    browser = make_site().browser()
    home = browser.sign_in()
    browser.forget_cookies()
    for address in (f"{home}score", "/l/no-such-launch/score"):
        got = browser.get(address)
        assert got.status_code == 403
        assert "frame-ancestors https://chart.example" in got.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in got.headers


@pytest.mark.requirement("R1", "R30")
def test_a_launch_from_an_ehr_that_is_registered_no_longer_is_refused_plainly(make_site: Callable[..., Site]) -> None:
    site = make_site(fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    site.service.launching.ehrs.clear()
    got = browser.get(f"{home}score")
    assert got.status_code == 403
    assert "not registered here any more" in got.text
