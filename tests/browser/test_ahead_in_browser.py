"""From my score to the better period, the plan and what if, in a real browser without scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.launch_site import Site
from tests.browser.walk import Walk, tab_of

pytestmark = pytest.mark.browser

PAPER = 720
"""A Letter page less its margins, in CSS pixels."""


@pytest.fixture(params=[320, 1280], ids=["320 px", "1280 px"])
def walk(request: pytest.FixtureRequest, browser: Browser, site: Site, shots: Path) -> Iterator[Walk]:
    context = browser.new_context(
        viewport={"width": request.param, "height": 900}, java_script_enabled=False, ignore_https_errors=True
    )
    with Walk(context, site, shots, f"ahead-{request.param}") as begun:
        yield begun


def test_a_clinician_goes_from_her_score_to_the_better_period_by_keyboard(walk: Walk) -> None:
    tab = walk.launch_in_tab()
    walk.sign_in(tab)
    expect(tab.get_by_role("heading", name="Better period found")).to_be_visible()
    tab.get_by_role("link", name="See all periods and why").click()
    tab.wait_for_url("**/periods?*#periods")
    walk.look(tab, "periods")
    best = tab.locator(".period-map a.mark-best")
    reached = [tab.evaluate("document.activeElement.getAttribute('href')") for _ in range(40) if _tabbed(tab)]
    assert reached[reached.index("#period-best") :][:3] == ["#period-best", "#period-current", "#period-runner-up"]
    best.focus()
    stroke = best.locator(".hit").evaluate("found => getComputedStyle(found).stroke")
    assert stroke == "rgb(35, 120, 195)"
    assert best.bounding_box()["height"] >= 24  # type: ignore[index]
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/periods?*#period-best")
    expect(tab.locator("#period-best")).to_be_in_viewport()


def _tabbed(tab: Page) -> bool:
    tab.keyboard.press("Tab")
    return True


def test_typed_values_stand_apart_and_a_plan_is_printed_without_its_cases(walk: Walk) -> None:
    tab = walk.launch_in_tab()
    walk.sign_in(tab)
    tab_of(tab, "Plan").click()
    tab.wait_for_url("**/plan?*")
    walk.look(tab, "plan")
    tab.get_by_role("link", name="What if?").click()
    tab.get_by_label("Security Risk Analysis").select_option("none")
    tab.get_by_role("button", name="Score what I typed").click()
    expect(tab.get_by_role("heading", name="With what you typed: 0")).to_be_visible()
    expect(tab.locator(".typed .tag").first).to_have_text("typed")
    walk.look(tab, "what-if")

    tab.get_by_role("link", name="Back to the plan").click()
    tab.locator("details.inside summary").first.click()
    expect(tab.locator("details.inside li").first).to_be_visible()
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": PAPER, "height": 900})
    for inside in tab.locator("details.inside").all():
        expect(inside).to_be_hidden()
    expect(tab.get_by_role("heading", name="What to do")).to_be_visible()
    walk.look(tab, "plan-print")
