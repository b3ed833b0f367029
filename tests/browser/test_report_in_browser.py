from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

NARROW, WIDE = 320, 1280
PAPER = 720  # a Letter page less its margins, in CSS pixels


@pytest.fixture(params=[(NARROW, False), (WIDE, False), (WIDE, True)], ids=["320 px", "1280 px", "1280 px, scripts on"])
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """The report, opened; whatever the browser complains about or asks of any host fails the test."""
    width, scripts = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    opened = context.new_page()
    complaints: list[str] = []
    hosts: set[str | None] = set()
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda asked: hosts.add(urlsplit(asked.url).hostname or None))
    opened.goto(address)
    yield opened
    context.close()
    assert complaints == []
    assert hosts == {None}


def width(page: Page) -> tuple[int, int]:
    found = page.evaluate("[document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]")
    return found[0], found[1]


def test_the_page_never_scrolls_sideways(page: Page) -> None:
    content, window = width(page)
    assert content <= window


def test_it_stays_within_its_width_with_all_evidence_open(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(found => { found.open = true })")
    content, window = width(page)
    assert content <= window


def test_a_number_leads_to_its_rows(page: Page) -> None:
    met = page.locator("#line-PI_EP_1 a.met")
    count = int(met.inner_text().replace(",", ""))
    target = (met.get_attribute("href") or "").lstrip("#")
    met.click()
    assert page.url.endswith(f"#{target}")
    rows = page.locator(f"[id='{target}']")
    expect(rows).to_be_in_viewport()
    expect(rows.locator("tr.case")).to_have_count(count)


def test_evidence_opens_to_file_and_line(page: Page) -> None:
    case = page.locator("#measure-PI_EP_1-controlled-included-met tr.case").first
    place = case.locator("code.place").first
    expect(place).to_be_hidden()
    case.locator("summary").click()
    expect(place).to_be_visible()
    file, _, line = place.inner_text().rpartition(":")
    assert file.endswith(".ndjson")
    assert int(line) > 0


def test_a_number_of_the_variant_not_chosen_opens_its_rows(page: Page) -> None:
    met = page.locator("#measure-PI_EP_1 table.tally tbody tr").nth(1).locator("a").first
    met.click()
    expect(page.locator("#measure-PI_EP_1-controlled-excluded-met")).to_be_in_viewport()


def test_print_shows_the_whole_page(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": 900})
    content, window = width(page)
    assert content <= window
    expect(page.locator("nav")).to_be_hidden()
    region = page.locator(".tall").first
    assert region.evaluate("found => found.scrollHeight <= found.clientHeight + 1")
    assert page.pdf(format="Letter").startswith(b"%PDF")


def test_the_keyboard_reaches_the_report_past_the_header(page: Page) -> None:
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
