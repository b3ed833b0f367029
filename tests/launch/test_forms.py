"""What changes something: only our own forms, only when they are sent by our own pages, and never a GET."""

from collections.abc import Callable

import pytest
from launching import APP, OWN_FORM, Browser, Site, csrf_of, is_plain_page, launch_id_of, words

from smartapp.store import Deed
from smartapp.web.worker import Worker

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.pi180.example"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://pi180.example"},
    {"Origin": "https://pi180.example:8443"},
]
_NEED_STATE = {"/cb/<registration_id>"}
"""Posted by the EHR's page: protected by state and cookie instead (see the tests of the answer)."""
_NEED_NO_COOKIE = {"/launch/<launch_id>/again"}
"""For browsers that keep no cookie in a frame: there is nothing to make a token from."""


def _posts(site: Site) -> list[str]:
    rules = [rule.rule for rule in site.app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    assert {"/start", "/l/<launch_id>/sign-out", *_NEED_STATE, *_NEED_NO_COOKIE} <= set(rules)
    return sorted(set(rules) - _NEED_STATE)


def _kept(site: Site) -> list[object]:
    """All that the store keeps, but for the trail and when a launch was last seen."""
    with site.service.launches._engine.connect() as connection:
        others = ("draft", "document", "assignment", "job")
        rows = [connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in others]
    return [site.rows(), *rows]


def _form(browser: Browser, home: str) -> dict[str, str]:
    """What the page with the form would send."""
    return {"csrf": csrf_of(browser.get(f"{home}score").text), "ehr": "demo"}


@pytest.mark.requirement("R81")
@pytest.mark.parametrize("headers", FOREIGN)
def test_no_form_from_a_foreign_page_changes_anything(site: Site, browser: Browser, headers: dict[str, str]) -> None:
    waiting = launch_id_of(browser.get(site.launch_address()).headers["Location"])
    home = browser.sign_in()
    form, start = _form(browser, home), csrf_of(browser.get("/").text)
    before, calls = _kept(site), len(site.wire.calls)
    for rule in _posts(site):
        launch_id = waiting if rule in _NEED_NO_COOKIE else launch_id_of(home)
        sent = {**form, "csrf": start} if rule == "/start" else form
        got = browser.post(rule.replace("<launch_id>", launch_id), sent, headers)
        assert got.status_code == 403, rule
        assert is_plain_page(got)
        assert site.deeds()[-1] == Deed.DENIED
    assert _kept(site) == before
    assert len(site.wire.calls) == calls


@pytest.mark.requirement("R81")
@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "é", "\x00", "of another launch", "of the front page"])
def test_no_form_without_this_launchs_token_changes_anything(site: Site, browser: Browser, csrf: str | None) -> None:
    home, other = browser.sign_in(), browser.sign_in("second", "sample-002")
    others = {"of another launch": _form(browser, other)["csrf"], "of the front page": csrf_of(browser.get("/").text)}
    before, calls = _kept(site), len(site.wire.calls)
    for rule in _posts(site):
        if rule in _NEED_NO_COOKIE or (rule == "/start" and csrf == "of the front page"):
            continue
        form = {"ehr": "demo"} | ({} if csrf is None else {"csrf": others.get(csrf, csrf)})
        got = browser.post(rule.replace("<launch_id>", launch_id_of(home)), form, OWN_FORM)
        assert got.status_code == 403, rule
        assert is_plain_page(got)
        assert site.deeds()[-1] == Deed.DENIED
    assert _kept(site) == before
    assert len(site.wire.calls) == calls


@pytest.mark.requirement("R81")
def test_a_token_in_the_address_does_not_count(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    token = _form(browser, home)["csrf"]
    assert browser.post(f"{home}sign-out?csrf={token}").status_code == 403
    assert browser.get(f"{home}sign-out?csrf={token}").status_code == 405
    assert browser.get(home).status_code == 200
    assert Deed.SIGNED_OUT not in site.deeds()


@pytest.mark.requirement("R81")
@pytest.mark.parametrize(
    "headers", [{}, OWN_FORM, {"Origin": APP}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin"}]
)
def test_our_own_form_works_in_old_and_new_browsers(browser: Browser, headers: dict[str, str]) -> None:
    home = browser.sign_in()
    assert browser.post(f"{home}sign-out", _form(browser, home), headers).status_code == 200


@pytest.mark.requirement("R81", "R82")
def test_a_form_token_dies_with_the_secret_that_it_was_made_of(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    form = _form(browser, home)
    (secret,) = browser.cookies().values()
    assert secret not in form["csrf"]
    assert len(form["csrf"]) == 64
    assert browser.post(f"{home}sign-out", form).status_code == 200
    assert browser.post(f"{home}sign-out", form).status_code == 403
    assert site.deeds().count(Deed.SIGNED_OUT) == 1


@pytest.mark.requirement("R81")
def test_a_get_changes_no_launch_but_at_the_steps_of_a_launch(site: Site, browser: Browser) -> None:
    waiting = launch_id_of(browser.get(site.launch_address()).headers["Location"])
    home = browser.sign_in()
    for page in ("score", "patient"):
        browser.get(f"{home}{page}")  # who is signed in is read once, and kept
    before = _kept(site)
    steps = {"/launch", "/launch/<launch_id>/go", "/cb/<registration_id>"}
    rules = [rule.rule for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    assert steps <= set(rules)
    for rule in set(rules) - steps:
        for launch_id in (launch_id_of(home), waiting, "unknown"):
            address = rule.replace("<launch_id>", launch_id).replace("<measure>", "PI_EP_1")
            browser.get(address)
            browser.client.head(address, base_url=APP)
        assert _kept(site) == before, rule


@pytest.mark.requirement("R81")
def test_the_steps_of_a_launch_change_nothing_for_a_browser_that_did_not_begin_it(site: Site, browser: Browser) -> None:
    callback = browser.callback_address()
    go = browser.seen[0].headers["Location"]
    before = site.rows()
    other = site.browser()
    for address in (go, callback, f"{callback}x", "/cb/demo", "/launch", "/launch?iss=https://evil.example&launch=x"):
        other.get(address)
    assert site.rows() == before


@pytest.mark.requirement("R124", "R128")
@pytest.mark.parametrize(("size", "status"), [(64 * 1024 - 5, 403), (64 * 1024 + 1, 413)])
def test_a_form_may_have_64_kilobytes(browser: Browser, size: int, status: int) -> None:
    got = browser.post("/start", {"csrf": "x" * size})
    assert got.status_code == status
    assert is_plain_page(got)


def _read_own_patients(site: Site, browser: Browser, home: str) -> str:
    """Press the button, let the worker read, and read what the page says of it."""
    page = browser.get(f"{home}score")
    assert browser.post(f"{home}read", {"csrf": csrf_of(page.text)}).status_code == 303
    assert Worker(site.service).step()
    assert site.deeds()[-1] == Deed.READING_ENDED
    return words(browser.get(f"{home}score").text)


@pytest.mark.requirement("R22", "R72")
@pytest.mark.parametrize("instead", ["patient/Encounter.rs", "user/Encounter.rs?status=finished", "user/Encounter.s"])
def test_a_reading_of_own_patients_that_is_granted_only_in_part_gives_no_score(
    make_site: Callable[..., Site], instead: str
) -> None:
    site = make_site(fresh=True)
    browser = site.browser()
    site.faults.add("token", change=lambda said: {**said, "scope": said["scope"].replace("user/Encounter.rs", instead)})
    page = _read_own_patients(site, browser, browser.sign_in())
    assert "ended without one: Encounter: the launch was granted only part of it" in page
    assert not list(site.data.parent.glob("results/runs/*"))


@pytest.mark.requirement("R22")
def test_a_reading_of_own_patients_that_is_granted_whole_gives_a_score(make_site: Callable[..., Site]) -> None:
    site = make_site(fresh=True)
    browser = site.browser()
    page = _read_own_patients(site, browser, browser.sign_in())
    assert "Points by objective" in page
