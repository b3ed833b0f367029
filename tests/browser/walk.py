"""One person's browser on a walk through the two sites; what it complains about or asks elsewhere is kept."""

import os
import re
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Frame, Locator, Page, Request, Response, expect

from tests.browser.launch_site import Site

INTERNIST, STAFF = "Internist Synthetic", "Office staff Synthetic, no NPI"
PATIENT = "sample-053"
_REFUSAL = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d\b.*")
_REFUSALS = range(400, 500)


class Walk:
    """A browser context at the site. Leaving it checks that nothing was complained about but what was expected.

    `expected` is for the status of each page that a journey means to be refused.
    """

    def __init__(self, context: BrowserContext, site: Site, shots: Path, name: str) -> None:
        self.context, self.site, self.expected = context, site, list[int]()
        self._shots, self._name = shots, name
        self._complaints: list[str] = []
        self._refused: list[int] = []
        self._hosts: set[str] = set()
        self._known = {urlsplit(one).netloc for one in (site.ehr, site.app, *site.others.values())}
        context.on("console", self._hear)
        context.on("weberror", lambda problem: self._complaints.append(str(problem.error)))
        context.on("request", self._note)
        context.on("response", self._answered)

    def __enter__(self) -> "Walk":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self.check()
        finally:
            self.context.close()

    def check(self) -> None:
        """Fail where the browser complained about anything else than what was expected; then begin anew."""
        refused, expected, others = self._refused, self.expected, self._complaints
        self._refused, self.expected, self._complaints = [], [], []
        assert not others, others
        assert refused == expected, f"pages refused: {refused}, expected: {expected}"
        assert self._hosts <= self._known, f"asked: {self._hosts - self._known}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _REFUSAL.fullmatch(message.text):
            self._complaints.append(message.text)

    def _note(self, asked: Request) -> None:
        if not asked.url.startswith("data:"):
            self._hosts.add(urlsplit(asked.url).netloc)

    def _answered(self, answer: Response) -> None:
        if answer.status in _REFUSALS:
            self._refused.append(answer.status)

    def forgive(self, *complaints: str) -> None:
        """Take complaints that hold one of the texts as read."""
        self._complaints = [told for told in self._complaints if not any(text in told for text in complaints)]

    def pardon(self, status: int) -> None:
        """Take pages that were refused with a status as meant, however many."""
        self._refused = [one for one in self._refused if one != status]

    def visit(self, page: Page, stranger: str, *more: str) -> None:
        """Open an address of a site that has no part in the launch."""
        self._known |= {urlsplit(one).netloc for one in (stranger, *more)}
        page.goto(stranger)

    def chart(self, clinician: str = INTERNIST, patient: str = PATIENT, at: str = "") -> Page:
        """The chart of the EHR `at` a practice, with a clinician and, unless it is empty, a patient chosen."""
        page = self.context.new_page()
        page.goto(self.site.others.get(at, self.site.ehr))
        page.get_by_label("Who uses the chart").select_option(label=clinician)
        page.get_by_label("Whose chart is open").select_option(patient)
        return page

    def launch_in_tab(self, clinician: str = INTERNIST, patient: str = PATIENT, at: str = "") -> Page:
        """Launch from the chart in a tab; it shows the EHR's question."""
        chart = self.chart(clinician, patient, at)
        with self.context.expect_page() as opened:
            chart.get_by_role("button", name="in a new tab").click()
        expect(question(opened.value)).to_be_visible()
        return opened.value

    def launch_in_frame(self, clinician: str = INTERNIST, patient: str = PATIENT) -> Frame:
        """Launch inside the chart; the frame shows whatever comes first."""
        chart = self.chart(clinician, patient)
        chart.get_by_role("button", name="inside the chart").click()
        chart.frame_locator("iframe").locator("h1").wait_for()
        return chart.frames[1]

    def sign_in(self, shown: Page | Frame) -> None:
        """Approve, and arrive at My score or at what stands in its place."""
        shown.get_by_role("button", name="Approve").click()
        shown.wait_for_url("**/score")

    def look(self, shown: Page | Frame, name: str) -> None:
        """Keep a picture, and check that nothing stands wider than the window or frame.

        The picture is of the whole page only where somebody asks for pictures: that takes long.
        """
        page = shown.page if isinstance(shown, Frame) else shown
        whole = "PI180_SCREENSHOTS" in os.environ
        page.screenshot(path=self._shots / f"{self._name}-{name}.png", full_page=whole)
        content, window = shown.evaluate(
            "[document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]"
        )
        assert content <= window, f"{name} scrolls sideways: {content} of {window} px"

    def cookies(self) -> list[tuple[str, str | None]]:
        """The launches' cookies: the site that has them, and the site in whose frames alone it has them."""
        kept = [one for one in self.context.cookies() if one["name"].startswith("__Host-pi180-")]
        return [(str(one["domain"]), one.get("partitionKey")) for one in kept]


def question(shown: Page | Frame) -> Locator:
    """The EHR's question whether pi180 may be let in."""
    return shown.get_by_role("heading", name="May pi180 see this?")


def tab_of(shown: Page | Frame, name: str) -> Locator:
    """One of the pages that the header of pi180 leads to."""
    return shown.get_by_role("navigation", name="Pages").get_by_role("link", name=name)
