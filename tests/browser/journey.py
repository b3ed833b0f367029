"""One person's browser that stays signed in from journey to journey, so that each begins at once."""

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.walk import INTERNIST, STAFF, Walk

PATIENT = "sample-001"
CARDIOLOGIST = "Cardiologist Synthetic"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@dataclass
class Desk:
    """The tabs of one browser, by practice and person."""

    walk: Walk
    _homes: dict[tuple[str, str], tuple[Page, str]] = field(default_factory=dict)

    def home(self, at: str = "demo", who: str = INTERNIST) -> tuple[Page, str]:
        """The tab of somebody at a practice, and where the pages of their launch lie."""
        if (at, who) not in self._homes:
            tab = self.walk.launch_in_tab(who, PATIENT, at)
            self.walk.sign_in(tab)
            self._homes[at, who] = tab, tab.url.removesuffix("score")
        return self._homes[at, who]

    def open(self, page: str, at: str = "demo", who: str = INTERNIST) -> Page:
        """Open a page by its name."""
        tab, home = self.home(at, who)
        tab.goto(f"{home}{page}")
        unfold(tab)
        return tab

    def open_group(self, page: str) -> Page:
        """Open a page of the group, as staff choose it."""
        tab = self.open(page, "group", STAFF)
        tab.get_by_role("link", name="TIN 000180440, as a group").click()
        expect(tab.locator(".chosen-text")).to_contain_text("TIN 000180440, as a group")
        return tab


def unfold(tab: Page) -> None:
    """Open whatever is folded, but for the evidence of cases."""
    tab.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = d.open || !d.closest('tr.case') })")


def refused(tab: Page, field_id: str) -> Locator:
    """What stands beside a field that was refused; the summary has the focus and leads to the field."""
    expect(tab.locator("#problems")).to_be_focused()
    expect(tab.locator(f"#problems a[href='#{field_id}']")).to_be_visible()
    return tab.locator(f"[id='{field_id}-error']")


def save(tab: Page, version: int) -> None:
    """Save the answers of a step, as the next version."""
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.locator("main")).to_contain_text(f"Saved as version {version}")
    unfold(tab)


def attach(tab: Page, place: str, folder: Path) -> None:
    """Attach a file to a place."""
    (folder / "letter.pdf").write_bytes(PDF)
    card = tab.locator(f"#place-{place}")
    unfold(tab)
    card.locator("input[type=file]").set_input_files(folder / "letter.pdf")
    card.get_by_role("button", name="Attach").click()
    expect(tab.locator(f"#place-{place}")).to_contain_text("letter.pdf")


def number(found: Locator) -> int:
    """The number that something says."""
    return int(found.inner_text().split()[0].replace(",", ""))
