"""The journeys of a clinician who launches pi180 from an EHR, in a real browser over TLS."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tests.browser.conftest import FIRST_PAGE
from tests.browser.launch_site import LANDING, Site, Whim
from tests.browser.walk import INTERNIST, STAFF, Walk, question, tab_of

pytestmark = pytest.mark.browser

NOTHING_OPEN, ANOTHER = "sample-001", "sample-008"
PAPER = 720
"""A Letter page less its margins, in CSS pixels."""
PROMPT = 1.0
"""Seconds within which the first page follows the EHR's answer (journey J2)."""

ONE_WIDTH = pytest.mark.parametrize("view", [(1280, False)], ids=["1280 px"], indirect=True)
"""For what does not depend on the width."""

Preferences = dict[str, object]
Begin = Callable[..., Walk]
"""A walk in a fresh browser; `preferences` are that browser's own settings, None for those of every test."""


@pytest.fixture(params=[(320, False), (1280, False)], ids=["320 px", "1280 px"])
def view(request: pytest.FixtureRequest) -> tuple[int, bool]:
    """Width, and whether scripts are on."""
    width, scripts = request.param
    return width, scripts


@pytest.fixture
def begin(
    browser: Browser, persistent: Callable[..., BrowserContext], site: Site, shots: Path, view: tuple[int, bool],
    request: pytest.FixtureRequest,
) -> Begin:  # fmt: skip
    def beginning(preferences: Preferences | None = None, **more: object) -> Walk:
        options = {
            "viewport": {"width": view[0], "height": 900}, "java_script_enabled": view[1], "ignore_https_errors": True,
        }  # fmt: skip
        fresh = browser.new_context(**options) if preferences is None else persistent(preferences, **options, **more)
        return Walk(fresh, site, shots, re.sub(r"\W+", "-", request.node.name).strip("-"))

    return beginning


WITH_THIRD_PARTY: Preferences = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
"""All cookies are kept, which is no longer what this browser does of itself."""
WITHOUT_THIRD_PARTY: Preferences = {"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}}
"""As the browser's settings page blocks them. Partitioned ones are still kept, and unpartitioned ones are not."""
WITHOUT_ANY: Preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
"""Every cookie of every site is blocked."""


def without_any_in_frames(site: Site) -> Preferences:
    """A site exception: pi180 keeps no cookie at all, partitioned or not, in what the EHR's site shows."""
    rule = {f"{site.app},{site.ehr}": {"setting": 2}}
    return {"profile": {"content_settings": {"exceptions": {"cookies": rule}}}}


def cases_shown(page: Page | Frame) -> int:
    """Rows that a list says to have, some of which stand on its first page."""
    expect(page.locator("tr.case").first).to_be_visible()
    return int(page.locator("#rows").get_attribute("data-rows") or "")


def measures_of(tab: Page) -> Page:
    """The list of measures, by the steps of CMS."""
    tab.get_by_role("navigation", name="Steps of CMS").get_by_role("link", name="Measures and period").click()
    return tab


def is_this_patient(shown: Page | Frame) -> None:
    """The open prescription, the summary that cannot be told, and nothing else of this patient, who is named."""
    expect(shown.locator("main")).to_contain_text("Synthetic Sample-053")
    expect(shown.locator("h2 .tag")).to_have_text(["open", "nothing open", "cannot be told", "nothing open"])
    expect(shown.locator("ul.task > li")).to_have_count(2)
    expect(shown.locator("ul.task > li").first).to_contain_text("atorvastatin 20 MG Oral Tablet")


def shows_nothing(tab: Page) -> None:
    """A page for somebody who is not signed in; nothing of the patient stands on it."""
    expect(tab.get_by_role("heading", name="You are not signed in here")).to_be_visible()
    assert "Sample-053" not in tab.content()


@pytest.mark.requirement("R23", "R79")
@pytest.mark.parametrize(
    "view", [(320, False), (1280, False), (1280, True)], ids=["320 px", "1280 px", "1280 px, scripts on"], indirect=True
)
def test_a_clinician_launches_sees_her_score_its_rows_and_the_patient_and_signs_out(
    begin: Begin, site: Site, report_folder: Path
) -> None:
    points = json.loads((report_folder / "score.json").read_text())["points"]
    with begin() as walk:
        tab = walk.launch_in_tab()
        walk.look(walk.context.pages[0], "chart")
        walk.look(tab, "question")
        before = len(site.faults.saw("fhir"))
        walk.sign_in(tab)
        assert site.first_page()[1].fhir_requests == before
        expect(tab.locator(".hero .big")).to_have_text(f"{points}")
        expect(tab.locator("header")).to_contain_text("Internist Synthetic, NPI 1234567893")
        walk.look(tab, "score")

        met = measures_of(tab).locator("tr", has=tab.locator("th", has_text="PI_EP_1")).locator("a.met").first
        count = int(met.inner_text().replace(",", ""))
        met.click()
        tab.wait_for_url("**/measures/PI_EP_1?*")
        assert cases_shown(tab) == count
        walk.look(tab, "measure")

        tab_of(tab, "This patient").click()
        tab.wait_for_url("**/patient*")
        is_this_patient(tab)
        expect(tab.locator("dl.banner")).to_contain_text("August 18, 1957")
        walk.look(tab, "patient")

        tab.get_by_role("button", name="Sign out").click()
        expect(tab.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert walk.cookies() == []
        walk.look(tab, "signed-out")

        walk.expected.append(403)
        tab.go_back(timeout=5000)
        shows_nothing(tab)
        walk.look(tab, "back")


def test_the_first_page_stands_before_the_ehr_gives_any_data(
    begin: Begin, site: Site, record_property: Callable[[str, object], None]
) -> None:
    with begin() as walk:
        tab = walk.launch_in_tab()
        with site.follows(Whim.HOLD_DATA):
            tab.get_by_role("button", name="Approve").click()
            tab.wait_for_url(LANDING, wait_until="commit")
            callback, landing = site.first_page()
        tab.wait_for_url("**/score")
        expect(tab.locator(".hero .big")).to_be_visible()
        with site.follows(Whim.STAY):
            tab.goto(tab.url.removesuffix("score"))
        expect(tab.get_by_role("heading", name="Opening your score")).to_be_visible()
        walk.look(tab, "landing")
    record_property(FIRST_PAGE, f"{1000 * (landing.ended - callback.began):.0f} ms")
    assert landing.ended - callback.began < PROMPT


@ONE_WIDTH
@pytest.mark.parametrize(
    ("policy", "kept"),
    [(WITH_THIRD_PARTY, {"shared", "apart"}), (WITHOUT_THIRD_PARTY, {"apart"}), (WITHOUT_ANY, set())],
    ids=["cookies allowed", "third-party blocked", "all blocked"],
)  # fmt: skip
def test_the_browser_keeps_in_a_foreign_frame_what_its_settings_say(
    begin: Begin, site: Site, policy: Preferences, kept: set[str]
) -> None:
    """The journeys below mean something only if the blocking is real."""
    with begin(policy) as walk:
        other = site.stranger.replace("localhost", "127.0.0.1")
        page = walk.context.new_page()
        walk.visit(page, f"{site.stranger}/?{other}/", other)
        expect(page.frame_locator("iframe").locator("iframe")).to_have_count(1)
        assert {one["name"] for one in walk.context.cookies() if one["domain"] == "127.0.0.1"} == kept


@pytest.mark.requirement("R76")
@pytest.mark.parametrize(
    "policy", [WITH_THIRD_PARTY, WITHOUT_THIRD_PARTY], ids=["cookies allowed", "third-party blocked"]
)
def test_the_journey_stays_within_the_ehr_s_frame_on_a_partitioned_cookie(begin: Begin, policy: Preferences) -> None:
    with begin(policy) as walk:
        frame = walk.launch_in_frame()
        expect(question(frame)).to_be_visible()
        assert walk.cookies() == [("127.0.0.1", "https://localhost")]
        walk.sign_in(frame)
        expect(frame.locator(".hero .big")).to_be_visible()
        walk.look(frame, "score")
        tab_of(frame, "This patient").click()
        frame.wait_for_url("**/patient*")
        is_this_patient(frame)
        walk.look(frame, "patient")
        assert len(walk.context.pages) == 2, "the empty tab that a browser begins with, and the chart"


@pytest.mark.requirement("R16", "R76")
def test_without_cookies_in_frames_one_click_leads_to_a_tab_where_it_works(begin: Begin, site: Site) -> None:
    with begin(without_any_in_frames(site)) as walk:
        frame = walk.launch_in_frame()
        expect(frame.get_by_role("heading", name="One more step")).to_be_visible()
        assert walk.cookies() == []
        walk.look(frame, "one-more-step")
        asked = len(site.served)
        frame.page.wait_for_timeout(300)
        assert site.served[asked:] == []

        with walk.context.expect_page() as opened:
            frame.get_by_role("button", name="Open in a new tab").click()
        tab = opened.value
        expect(question(tab)).to_be_visible()
        assert walk.cookies() == [("127.0.0.1", "https://127.0.0.1")]
        walk.sign_in(tab)
        tab_of(tab, "This patient").click()
        tab.wait_for_url("**/patient*")
        is_this_patient(tab)
        walk.look(tab, "patient")


@pytest.mark.requirement("R16")
def test_without_any_cookie_the_new_tab_says_to_allow_them_and_stops(begin: Begin, site: Site) -> None:
    with begin(WITHOUT_ANY) as walk:
        frame = walk.launch_in_frame()
        with walk.context.expect_page() as opened:
            frame.get_by_role("button", name="Open in a new tab").click()
        tab = opened.value
        expect(tab.get_by_role("heading", name="One more step")).to_be_visible()
        expect(tab.locator("main")).to_contain_text("allow cookies for this site")
        walk.look(tab, "one-more-step")
        asked = len(site.served)
        tab.wait_for_timeout(300)
        assert site.served[asked:] == []
        assert walk.cookies() == []


@ONE_WIDTH
@pytest.mark.requirement("R79")
def test_the_journey_works_in_a_frame_with_the_sandbox_of_an_ehr(begin: Begin, site: Site) -> None:
    with begin() as walk, site.follows(Whim.BOX_FRAMES):
        frame = walk.launch_in_frame()
        walk.sign_in(frame)
        tab_of(frame, "This patient").click()
        frame.wait_for_url("**/patient*")
        is_this_patient(frame)


@pytest.mark.requirement("R4", "R83")
def test_two_tabs_with_two_patients_never_mix(begin: Begin) -> None:
    with begin() as walk:
        one, two = walk.launch_in_tab(), walk.launch_in_tab(patient=ANOTHER)
        walk.sign_in(one)
        walk.sign_in(two)
        for tab in (two, one):
            tab_of(tab, "This patient").click()
            tab.wait_for_url("**/patient*")
        expect(one.locator("dl.banner")).to_contain_text("Sample-053")
        expect(two.locator("dl.banner")).to_contain_text("Sample-008")
        one.reload()
        expect(one.locator("dl.banner")).to_contain_text("Sample-053")
        walk.look(two, "patient")


@ONE_WIDTH
@pytest.mark.requirement("R77")
def test_a_stranger_s_frame_shows_nothing_of_it(begin: Begin, site: Site) -> None:
    """The stranger is of the EHR's site, so that the browser sends the cookie and only the origin tells them apart."""
    with begin() as walk:
        frame = walk.launch_in_frame()
        walk.sign_in(frame)
        score, refused = frame.url.removeprefix(site.app), f"/launch?iss={site.ehr}/fhir&launch=made-up"
        page = walk.context.new_page()
        for path in (score, "/", refused):
            walk.visit(page, f"{site.stranger}/?{site.app}{path}")
            expect(page.frame_locator("iframe").locator("body")).not_to_contain_text("pi180")
            assert page.frames[1].url == "chrome-error://chromewebdata/"
        answered = [(one.path, one.status) for one in site.served if one.path in (score, "/")]
        assert answered[-2:] == [(score, 200), ("/", 200)]
        walk.forgive("frame-ancestors", "X-Frame-Options", "TrustedTypePolicy")  # the last is of Chromium's own page
        walk.expected.append(403)


def test_staff_without_npi_and_role_are_told_what_to_do(begin: Begin) -> None:
    with begin() as walk:
        tab = walk.launch_in_tab(STAFF)
        walk.expected.append(403)
        walk.sign_in(tab)
        expect(tab.get_by_role("heading", name="You have no role here yet")).to_be_visible()
        expect(tab.locator("main")).to_contain_text("The EHR states no NPI for you")
        expect(tab.locator(".big")).to_have_count(0)
        walk.look(tab, "staff")


def test_a_patient_with_nothing_open_says_so_four_times(begin: Begin) -> None:
    with begin() as walk:
        tab = walk.launch_in_tab(patient=NOTHING_OPEN)
        walk.sign_in(tab)
        tab_of(tab, "This patient").click()
        tab.wait_for_url("**/patient*")
        expect(tab.locator("h2 .tag")).to_have_text(["nothing open"] * 4)
        expect(tab.locator("ul.task")).to_have_count(0)
        walk.look(tab, "patient")


def test_a_denial_at_the_ehr_ends_on_a_page_that_says_so(begin: Begin) -> None:
    with begin() as walk:
        tab = walk.launch_in_tab()
        walk.expected.append(403)
        tab.get_by_role("button", name="Deny").click()
        expect(tab.get_by_role("heading", name="This launch cannot go on")).to_be_visible()
        expect(tab.locator("main")).to_contain_text("Access was denied at the EHR")
        walk.look(tab, "denied")


def test_a_launch_from_the_front_page_is_about_no_patient(begin: Begin, site: Site) -> None:
    with begin() as walk:
        page = walk.context.new_page()
        page.goto(site.app)
        walk.look(page, "front")
        page.get_by_role("button", name="Sign in at Demo EHR (simulator)").click()
        expect(question(page)).to_be_visible()
        walk.look(page, "question")
        page.get_by_label("Who uses the app").select_option(label=INTERNIST)
        walk.sign_in(page)
        expect(page.locator(".hero .big")).to_be_visible()
        expect(tab_of(page, "My score")).to_be_visible()
        expect(tab_of(page, "This patient")).to_have_count(0)


@ONE_WIDTH
def test_my_score_on_paper_is_without_navigation_and_forms(begin: Begin) -> None:
    with begin() as walk:
        tab = walk.launch_in_tab()
        walk.sign_in(tab)
        tab.emulate_media(media="print")
        tab.set_viewport_size({"width": PAPER, "height": 900})
        for hidden in (*tab.locator("nav").all(), *tab.locator("form").all()):
            expect(hidden).to_be_hidden()
        expect(tab.locator(".hero .big")).to_be_visible()
        walk.look(tab, "print")


@ONE_WIDTH
@pytest.mark.requirement("R79")
def test_the_back_button_brings_nothing_back_even_where_the_browser_keeps_whole_pages(begin: Begin) -> None:
    """Browsers may keep a left page alive and show it again without asking; tests switch that off, people do not."""
    with begin({}, ignore_default_args=["--disable-back-forward-cache"]) as walk:
        tab = walk.launch_in_tab()
        walk.sign_in(tab)
        tab_of(tab, "This patient").click()
        tab.wait_for_url("**/patient*")
        tab.get_by_role("button", name="Sign out").click()
        expect(tab.get_by_role("heading", name="You are signed out")).to_be_visible()
        walk.expected.append(403)
        tab.go_back(timeout=5000)
        shows_nothing(tab)
