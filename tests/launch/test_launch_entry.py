"""The way in: what starts a launch, what does not, and how many may wait."""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from launching import (  # fmt: skip
    APP,
    EHR,
    FHIR,
    OTHER,
    OWN_FORM,
    Browser,
    Registered,
    Site,
    asked,
    changed,
    csrf_of,
    is_plain_page,
    launch_id_of,
    leads_to,
    title,
    words,
)

from smartapp.store import Deed

HOSTILE = [
    "https://evil.example/fhir",
    "https://ehr.example.evil.example/fhir",
    "https://ehr.example@evil.example/fhir",
    "https://user:pw@ehr.example/fhir",
    "https://ehr.example%2eevil.example/fhir",
    "https://evil.example\\@ehr.example/fhir",
    "https://ehr.ex\u0430mple/fhir",  # looks like an a
    "https://ehr.example:8443/fhir",
    "https://ehr.example/fhir2",
    "https://ehr.example/FHIR",
    "https://ehr.example/fhir/..",
    "https://ehr.example/x/../fhir",
    "https://ehr.example/fhir?x=1",
    "https://ehr.example/fhir#x",
    "https://ehr.example/",
    "https://ehr.example",
    "//ehr.example/fhir",
    "http://ehr.example/fhir",
    "ftp://ehr.example/fhir",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://169.254.169.254/latest/meta-data",
    "https://169.254.169.254/fhir",
    "http://127.0.0.1/fhir",
    "http://[::1]/fhir",
    "https://[::ffff:127.0.0.1]/fhir",
    "http://localhost:8181/fhir",
    "https://10.0.0.1/fhir",
    "https://2130706433/fhir",
    "https://ehr.example/fhir\r\nHost: evil.example",
    "https://[ehr.example/fhir",
    "https://ehr.example:port/fhir",
    "not a url",
]


@pytest.mark.requirement("R1")
@pytest.mark.parametrize("iss", HOSTILE)
def test_a_launch_from_an_unregistered_base_is_refused_without_a_packet(site: Site, browser: Browser, iss: str) -> None:
    got = browser.get(f"/launch?{urlencode({'iss': iss, 'launch': 'x'})}")
    assert got.status_code == 403
    assert is_plain_page(got)
    assert len(site.wire.calls) == 0
    assert site.deeds() == [Deed.LAUNCH_REFUSED]
    assert site.rows() == []
    assert browser.cookies() == {}
    assert "evil" not in got.text
    assert "example" not in got.text


@pytest.mark.requirement("R1")
def test_a_refusal_tells_everybody_the_same(browser: Browser) -> None:
    pages = {browser.get(f"/launch?{urlencode({'iss': iss, 'launch': 'x'})}").text for iss in HOSTILE}
    assert len(pages) == 1


@pytest.mark.requirement("R1", "R4")
def test_a_launch_from_the_registered_base_begins_one_audited_record(site: Site, browser: Browser) -> None:
    got = browser.get(site.launch_address())
    assert got.status_code == 303
    assert site.deeds() == [Deed.LAUNCHED]
    assert len(site.rows()) == 1
    assert len(site.wire.calls) == 0, "nothing is asked of an EHR before the browser has kept its cookie"


@pytest.mark.requirement("R2")
@pytest.mark.parametrize(
    "iss",
    [FHIR, f"{FHIR}/", "HTTPS://EHR.EXAMPLE/fhir", "https://ehr.example:443/fhir", "https://ehr.example/%66hir"],
)
def test_the_audience_is_to_the_byte_what_the_ehr_sent(browser: Browser, iss: str) -> None:
    authorize = browser.go(f"/launch?{urlencode({'iss': iss, 'launch': 'opaque'})}")
    assert asked(authorize)["aud"] == iss


@pytest.mark.requirement("R2", "R5")
def test_a_standalone_launch_sends_the_registered_base_as_audience_and_no_launch(browser: Browser) -> None:
    first = browser.post("/start", {"ehr": "demo", "csrf": csrf_of(browser.get("/").text)})
    second = browser.get(leads_to(first))
    query = asked(second.headers["Location"])
    assert query["aud"] == FHIR
    assert "launch" not in query
    assert "launch" not in query["scope"].split()


@pytest.mark.requirement("R3")
@pytest.mark.parametrize(
    "query",
    [
        "",
        f"iss={FHIR}",
        "launch=x",
        f"iss={FHIR}&launch=",
        "iss=&launch=x",
        f"iss={FHIR}&iss={FHIR}&launch=x",
        f"iss={FHIR}&iss=https://evil.example&launch=x",
        f"iss={FHIR}&launch=x&launch=y",
        f"ISS={FHIR}&launch=x",
        f"iss%00={FHIR}&launch=x",
    ],
)
def test_a_launch_names_iss_and_launch_once_each(site: Site, browser: Browser, query: str) -> None:
    got = browser.get(f"/launch?{query}")
    assert got.status_code in (400, 403)
    assert is_plain_page(got)
    assert site.deeds() == [Deed.LAUNCH_REFUSED]
    assert site.rows() == []


@pytest.mark.requirement("R3")
@pytest.mark.parametrize(("length", "status"), [(8192, 303), (8193, 403)])
def test_a_launch_value_may_have_8192_characters_and_no_more(browser: Browser, length: int, status: int) -> None:
    assert browser.get(f"/launch?{urlencode({'iss': FHIR, 'launch': 'x' * length})}").status_code == status


@pytest.mark.requirement("R3")
@pytest.mark.parametrize(("length", "status"), [(2048, 303), (2049, 403)])
def test_a_base_may_have_2048_characters_and_no_more(make_site: Callable[..., Site], length: int, status: int) -> None:
    path = "f" * (2048 - len(f"{EHR}/"))
    site = make_site(fresh=True)
    registration = site.service.launching.ehrs["demo"].registration
    long_one = f"{EHR}/{path}"
    object.__setattr__(registration, "iss", long_one)
    iss = long_one + "/" * (length - 2048)
    assert len(iss) == length
    got = site.browser().get(f"/launch?{urlencode({'iss': iss, 'launch': 'x'})}")
    assert got.status_code == status


@pytest.mark.requirement("R3")
@pytest.mark.parametrize(
    "value", ["a b+c%2F/é", "x\r\nSet-Cookie: a=b", '"><script>alert(1)</script>', "{{7*7}}", "\x00"]
)
def test_a_launch_value_is_opaque_and_comes_back_to_the_ehr_unchanged(browser: Browser, value: str) -> None:
    authorize = browser.go(f"/launch?{urlencode({'iss': FHIR, 'launch': value})}")
    assert asked(authorize)["launch"] == value
    assert "\r" not in authorize
    assert "\n" not in authorize
    assert set(browser.seen[-1].headers.keys()).isdisjoint({"Set-Cookie"})


@pytest.mark.requirement("R5", "R81")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": APP}, 200),
        ({"Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": APP}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "https://pi180.example.evil.example"}, 403),
        ({"Origin": "http://pi180.example"}, 403),
    ],
)
def test_a_standalone_launch_starts_only_from_our_own_form(
    site: Site, browser: Browser, headers: dict[str, str], status: int
) -> None:
    form = {"ehr": "demo", "csrf": csrf_of(browser.get("/").text)}
    got = browser.post("/start", form, headers)
    assert got.status_code == status
    assert site.deeds() == ([Deed.LAUNCHED] if status == 200 else [Deed.DENIED])


@pytest.mark.requirement("R5", "R81")
@pytest.mark.parametrize("csrf", ["", "0" * 64, "ü", "x" * 100])
def test_a_standalone_launch_with_a_forged_form_token_is_refused(site: Site, browser: Browser, csrf: str) -> None:
    browser.get("/")
    got = browser.post("/start", {"ehr": "demo", "csrf": csrf})
    assert got.status_code == 403
    assert is_plain_page(got)
    assert site.deeds() == [Deed.DENIED]


@pytest.mark.requirement("R5", "R81")
def test_another_browsers_form_token_starts_nothing(site: Site, browser: Browser) -> None:
    stolen = csrf_of(site.browser().get("/").text)
    browser.get("/")
    assert browser.post("/start", {"ehr": "demo", "csrf": stolen}).status_code == 403
    browser.forget_cookies()
    assert browser.post("/start", {"ehr": "demo", "csrf": stolen}).status_code == 403
    assert Deed.LAUNCHED not in site.deeds()


@pytest.mark.requirement("R5")
def test_a_standalone_launch_takes_no_address_and_no_get(site: Site, browser: Browser) -> None:
    token = csrf_of(browser.get("/").text)
    assert browser.get(f"/start?ehr=demo&csrf={token}").status_code == 405
    for ehr in ("", "https://evil.example/fhir", FHIR, "DEMO", "demo "):
        assert browser.post("/start", {"ehr": ehr, "csrf": token}).status_code == 403
    assert Deed.LAUNCHED not in site.deeds()
    assert len(site.wire.calls) == 0


@pytest.mark.requirement("R5")
def test_the_front_page_offers_every_registered_ehr_and_no_field_to_type_an_address(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(Registered(), Registered("other", OTHER))
    page = site.browser().get("/").text
    assert [f"Sign in at EHR {name}" in words(page) for name in ("demo", "other")] == [True, True]
    assert 'type="text"' not in page
    assert 'type="url"' not in page


@pytest.mark.requirement("R6")
def test_a_hundred_abandoned_launches_do_not_keep_the_next_from_signing_in(site: Site, browser: Browser) -> None:
    for _ in range(100):
        browser.get(site.launch_address())
    home = browser.sign_in()
    assert browser.get(home).status_code == 200


@pytest.mark.requirement("R6")
def test_cookies_of_launches_that_are_over_do_not_pile_up_in_the_browser(site: Site, browser: Browser) -> None:
    for _ in range(30):
        browser.get(site.launch_address())
    assert len(browser.cookies()) == 10
    site.clock.passes(601)
    browser.get(site.launch_address())
    assert len(browser.cookies()) == 1


@pytest.mark.requirement("R6")
def test_ten_launches_may_wait_in_one_browser_and_the_eleventh_ends_the_oldest(site: Site, browser: Browser) -> None:
    homes = []
    for number in range(10):
        site.clock.passes(1)
        homes.append(browser.get(site.launch_address()).headers["Location"])
        assert _waiting(site) == number + 1
    site.clock.passes(1)
    homes.append(browser.get(site.launch_address()).headers["Location"])
    assert _waiting(site) == 10
    assert browser.get(homes[0]).status_code == 403
    assert browser.get(homes[1]).status_code == 303
    assert browser.get(homes[10]).status_code == 303


@pytest.mark.requirement("R6")
def test_standalone_and_restarted_launches_count_too(site: Site, browser: Browser) -> None:
    for _ in range(12):
        site.clock.passes(1)
        browser.post("/start", {"ehr": "demo", "csrf": csrf_of(browser.get("/").text)})
    assert _waiting(site) == 10


@pytest.mark.requirement("R6")
def test_another_browsers_launches_do_not_count(site: Site, browser: Browser) -> None:
    first = browser.get(site.launch_address()).headers["Location"]
    for _ in range(15):
        site.browser().get(site.launch_address())
    assert browser.get(first).status_code == 303


@pytest.mark.requirement("R6", "R1")
def test_a_refused_launch_ends_none_that_waits(site: Site, browser: Browser) -> None:
    homes = [browser.get(site.launch_address()).headers["Location"] for _ in range(10)]
    for _ in range(12):
        assert browser.get("/launch?iss=https://evil.example&launch=x").status_code == 403
    assert [browser.get(home).status_code for home in homes] == [303] * 10


@pytest.mark.requirement("R6", "R12")
@pytest.mark.parametrize(("seconds", "works"), [(599, True), (600, False)])
def test_a_launch_waits_ten_minutes_for_its_browser(site: Site, browser: Browser, seconds: int, works: bool) -> None:
    home = browser.get(site.launch_address()).headers["Location"]
    site.clock.passes(seconds)
    got = browser.get(home)
    assert got.status_code == (303 if works else 403)
    assert works or is_plain_page(got)


@pytest.mark.requirement("R6", "R12")
@pytest.mark.parametrize(("seconds", "works"), [(599, True), (600, False)])
def test_a_launch_waits_ten_minutes_for_the_ehr(site: Site, browser: Browser, seconds: int, works: bool) -> None:
    authorize = browser.go(site.launch_address())
    site.clock.passes(seconds - 1)
    callback = (
        browser.approved(authorize) if works else changed(f"{APP}/cb/demo?code=x", state=asked(authorize)["state"])
    )
    site.clock.passes(1)
    assert browser.get(callback).status_code == (303 if works else 403)
    assert len(site.faults.saw("token")) == int(works)


@pytest.mark.requirement("R7")
@pytest.mark.parametrize(
    "evil", ["//evil.example", "\\\\evil.example", "%2f%2fevil.example", "x\r\nLocation: https://evil.example"]
)
def test_nothing_that_is_received_decides_where_a_browser_goes(site: Site, browser: Browser, evil: str) -> None:
    more = urlencode({name: evil for name in ("redirect_uri", "next", "return_to", "target", "url")})
    authorize = browser.go(f"{site.launch_address()}&{more}")
    assert authorize.startswith(f"{EHR}/authorize?")
    assert "evil" not in authorize
    got = browser.get(f"{browser.approved(authorize)}&{more}")
    assert got.headers["Location"].startswith("/l/")
    assert "evil" not in got.headers["Location"]
    locations = [seen.headers.get_all("Location") for seen in browser.seen]
    assert all(len(found) <= 1 for found in locations)


@pytest.mark.requirement("R7")
@pytest.mark.parametrize(
    "path", ["//evil.example", "/%2f%2fevil.example", "/\\evil.example", "/l//evil.example/", "/launch//evil.example"]
)
def test_no_path_leads_to_another_site(browser: Browser, path: str) -> None:
    got = browser.client.get(path, base_url=APP)
    location = got.headers.get("Location", APP)
    assert location.startswith(f"{APP}/") or location == APP


@pytest.mark.requirement("R16")
@pytest.mark.parametrize("where", ["go", "callback"])
def test_a_browser_that_keeps_no_cookie_gets_a_button_that_restarts_the_launch(
    site: Site, browser: Browser, where: str
) -> None:
    opened = site.launch_address()
    if where == "go":
        home = browser.get(opened).headers["Location"]
        browser.forget_cookies()
        got = browser.get(home)
    else:
        callback = browser.approved(browser.go(opened))
        browser.forget_cookies()
        got = browser.get(callback)
    assert got.status_code == 200
    assert title(got.text) == "One more step"
    action = got.text.split('action="')[1].split('"')[0]
    again = browser.post(action)
    assert again.status_code == 200
    authorize = browser.get(leads_to(again)).headers["Location"]
    assert asked(authorize)["launch"] == asked(opened)["launch"]
    home = browser.get(browser.approved(authorize)).headers["Location"]
    assert browser.get(home).status_code == 200
    assert len(site.faults.saw("token")) == 1


@pytest.mark.requirement("R16")
def test_a_browser_that_never_keeps_cookies_is_not_sent_in_circles(site: Site, browser: Browser) -> None:
    home = browser.get(site.launch_address()).headers["Location"]
    for _ in range(3):
        browser.forget_cookies()
        page = browser.get(home)
        assert page.status_code == 200
        home = leads_to(browser.post(page.text.split('action="')[1].split('"')[0]))
    assert len(site.wire.calls) == 0


@pytest.mark.requirement("R16", "R12")
def test_a_restart_ends_the_launch_before_it(site: Site, browser: Browser) -> None:
    callback = browser.callback_address()
    launch_id = launch_id_of(browser.seen[0].headers["Location"])
    assert site.browser().post(f"/launch/{launch_id}/again").status_code == 200
    assert browser.get(callback).status_code == 403
    assert len(site.faults.saw("token")) == 0


@pytest.mark.requirement("R16")
def test_a_launch_that_somebody_signed_in_with_cannot_be_restarted(site: Site, browser: Browser) -> None:
    home = browser.sign_in()
    got = site.browser().post(f"/launch/{launch_id_of(home)}/again")
    assert got.status_code == 403
    assert is_plain_page(got)
    assert browser.get(home).status_code == 200


@pytest.mark.requirement("R81")
def test_a_restart_from_a_foreign_page_is_refused(site: Site, browser: Browser) -> None:
    launch_id = launch_id_of(browser.get(site.launch_address()).headers["Location"])
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert site.browser().post(f"/launch/{launch_id}/again", headers=foreign).status_code == 403
    assert browser.get(f"/launch/{launch_id}/go").status_code == 303


@pytest.mark.requirement("R12")
def test_a_launch_is_sent_to_the_ehr_once(site: Site, browser: Browser) -> None:
    authorize = browser.go(site.launch_address())
    again = browser.get(browser.seen[0].headers["Location"])
    assert again.status_code == 403
    assert is_plain_page(again)
    assert browser.get(browser.approved(authorize)).status_code == 303


@pytest.mark.requirement("R16", "R83")
@pytest.mark.parametrize("name", ["unknown", "../../x", quote("é"), "x" * 300])
def test_a_launch_that_is_not_there_is_over(browser: Browser, name: str) -> None:
    for got in (browser.get(f"/launch/{name}/go"), browser.post(f"/launch/{name}/again", headers=OWN_FORM)):
        assert got.status_code in (403, 404)
        assert is_plain_page(got)


def _waiting(site: Site) -> int:
    with site.service.launches._engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM launch WHERE phase IN ('offered', 'asked')")
        return int(found.scalar_one())
