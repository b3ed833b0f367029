"""No page of the app breaks WCAG 2.2 A or AA as far as axe can tell; which pages there are, the app itself says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.journey import Desk
from tests.browser.launch_site import Site
from tests.browser.walk import STAFF, Walk

pytestmark = pytest.mark.browser

WCAG = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
NURSE = "Nurse-practitioner Synthetic"
"""Staff, administrator and auditor of the group in one: nothing is hidden from her."""
OUTSIDE = {"/", "/launch", "/launch/<launch_id>/go", "/cb/<registration_id>"}
NO_PAGES = {"/style.css", "/l/<launch_id>/documents/<document>", "/l/<launch_id>/submission/files/<name>"}
"""A style, and a file that is only downloaded."""
PAGES = ("score", "requirements", "cehrt", "measures", "measures/PI_EP_1", "measures/PI_PEA_1?show=not-met", "periods",
    "hie", "exclusions", "group", "trend", "attestations", "submission", "plan", "what-if", "basis", "patient",
    "documents", "runs", "people", "trail", "help")  # fmt: skip
"""Each page of a launch, as this test opens it; a page of the app that is not here fails the test."""


@pytest.fixture(scope="module")
def desk(browser: Browser, site: Site, shots: Path) -> Iterator[Desk]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, ignore_https_errors=True)
    context.set_default_timeout(15_000)
    with Walk(context, site, shots, "axe") as walk:
        yield Desk(walk)


def violations(page: Page) -> list[str]:
    """What breaks which rule, element by element."""
    found = Axe().run(page, options=WCAG).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


@pytest.fixture(scope="module")
def group(desk: Desk) -> str:
    """The choice of the group, for every page."""
    tab = desk.open("score", "group", NURSE)
    who = tab.locator("option", has_text="TIN 000180440, as a group").get_attribute("value")
    return f"year=2026&who={who}"


def test_every_page_of_the_app_is_among_those_that_are_looked_at(site: Site) -> None:
    known = {f"/l/<launch_id>/{page.partition('?')[0].partition('/')[0]}" for page in PAGES}
    known |= {"/l/<launch_id>/", "/l/<launch_id>/measures/<measure>"}
    assert set(site.rules) - OUTSIDE - NO_PAGES == known


@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_rule(desk: Desk, group: str, name: str) -> None:
    tab = desk.open(f"{name}{'&' if '?' in name else '?'}{group}", "group", NURSE)
    assert violations(tab) == []


def test_forms_with_errors_and_pages_that_refuse_break_no_rule(desk: Desk, site: Site, group: str) -> None:
    found, walk = {}, desk.walk
    tab = desk.open(f"attestations?{group}", "group", NURSE)
    tab.locator("#done-PI_PPHI_1").fill("2025-12-31")
    tab.locator("#edition-PI_PPHI_2").fill("2016")
    tab.get_by_role("button", name="Save", exact=True).click()
    found["form with errors"] = violations(tab)
    tab.get_by_role("button", name="Show what it does").click()
    found["choice to choose"] = violations(desk.open("score", "group", STAFF))
    found["no period"] = violations(desk.open("score?year=2026&start=x&end=y", "group", NURSE))
    found["refused"] = violations(desk.open("score?year=2026&who=x", "group", NURSE))
    found["not there"] = violations(desk.open("nowhere", "group", NURSE))
    tab.goto(site.app)
    found["front"] = violations(tab)
    tab.goto(f"{site.app}/launch?iss=https://elsewhere.example&launch=x")
    found["launch refused"] = violations(tab)
    site.forget_answers()
    walk.expected += [400, 400, 400, 403, 404, 403]
    walk.forgive("does not conform to the required format")
    walk.check()
    assert {name: told for name, told in found.items() if told} == {}
