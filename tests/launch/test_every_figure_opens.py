"""Every link of the app leads somewhere, every figure opens to as many rows as it says, every sum is that of its parts.

The pages are walked as a browser walks them: on solo-2026 and thin-server as the clinician, on group-4 as staff.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urldefrag

import pytest
import responses
from crawling import Walk, walk
from launching import Browser, Site, site_of
from lxml import html

from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import read_attestations
from smartapp.kept.publish import keep
from smartapp.scored import score_reading
from smartapp.store import Assignment
from smartapp.usecases import Source, read

SCENARIOS = ("solo-2026", "thin-server", "group-4")
ANSWERS = {"thin-server": "attestations-reported.toml"}
SOME_MONTHS = "month=2026-0[2-57]"
OTHER_WAY = "variant=controlled-excluded.*(why|month|drug|rests)="
SKIPPED = {
    "solo-2026": f"{SOME_MONTHS}|{OTHER_WAY}|(LVITC_2|PHCDRR_1).*(month|why)=",
    "thin-server": "month=|variant=controlled-excluded",
    "group-4": "month=",
}
"""What is not opened, to save time: its like is, on the same walk or on another."""


@pytest.fixture(scope="module")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The results of a scenario, counted and scored once."""

    def make(scenario: str) -> Path:
        out, rules, folder = tmp_path_factory.mktemp(scenario), load(2026), paths.fixture(scenario)
        attested = read_attestations(folder / ANSWERS.get(scenario, "attestations.toml"), rules)
        assert attested.period
        with read(Source(folder, folder / "site.toml"), rules, attested.period) as reading:
            keep(score_reading(reading, attested), out / "runs")
        return out

    return make


@contextmanager
def browsing(folder: Path, practice: Path, results: Path) -> Iterator[tuple[Site, Browser]]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        site = site_of(folder, practice, wire, results=results)
        yield site, site.browser()
        site.service.launches._engine.dispose()


@pytest.fixture(scope="module", params=SCENARIOS)
def walked(
    request: pytest.FixtureRequest,
    run_of: Callable[[str], Path],
    practice: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Walk:
    """All pages of one scenario."""
    results = run_of(request.param)
    with browsing(tmp_path_factory.mktemp("site"), practice, results) as (site, browser):
        if request.param != "group-4":
            home = browser.sign_in()
            return walk(browser, home, "measures", SKIPPED[request.param])
        staff = Assignment("Practitioner/office-staff", "Staff", "staff", None, "test", site.clock())
        site.service.store.people.grant("demo", staff)
        home = browser.sign_in("office-staff", None)
        return walk(browser, home, as_a_group(browser, home), SKIPPED["group-4"])


def as_a_group(browser: Browser, home: str) -> str:
    """The address of the group's measures, as staff choose it."""
    links = html.fromstring(browser.get(f"{home}measures").text).xpath("//main//a[contains(., 'as a group')]/@href")
    return str(links[0])


def test_no_link_leads_to_an_error(walked: Walk) -> None:
    assert {address: page.status for address, page in walked.pages.items() if page.status != 200} == {}
    assert walked.whole
    assert len(walked.pages) > 50


def test_every_link_to_a_place_of_a_page_leads_to_that_place(walked: Walk) -> None:
    for address, page in walked.pages.items():
        for link in page.links:
            target, anchor = urldefrag(link)
            if anchor and target in walked.pages:
                assert anchor in walked.pages[target].ids, f"{address}: {link}"


def test_every_figure_opens_to_as_many_rows_as_it_says(walked: Walk) -> None:
    looked_at = set()
    for address, page in walked.pages.items():
        for number, link in page.figures if page.own else ():
            target, anchor = urldefrag(link)
            assert anchor == "cases", f"{address}: {link}"
            if walked.opens(target):
                assert walked.rows_behind(target) == number, f"{address}: {link}"
                looked_at.add(link)
    assert len(looked_at) > 40


def test_what_a_list_says_to_hold_are_its_rows(walked: Walk) -> None:
    lists = {address: page for address, page in walked.pages.items() if page.own and page.says is not None}
    assert len(lists) > 40
    for address, page in lists.items():
        assert page.says == walked.rows_behind(address), address


def test_every_total_is_the_sum_of_its_parts(walked: Walk) -> None:
    looked_at = 0
    for address, page in walked.pages.items():
        parts: defaultdict[str, int] = defaultdict(int)
        for name, number in page.parts:
            parts[name] += number
        for name, number in page.totals:
            assert name in parts, f"{address}: {name}"
            assert parts[name] == number, f"{address}: {name}"
            looked_at += 1
    assert looked_at > 100


def test_every_measure_that_is_counted_was_opened(walked: Walk) -> None:
    opened = {urldefrag(address).url.partition("/measures/")[2].partition("?")[0] for address in walked.pages}
    assert {"PI_EP_1", "PI_HIE_1", "PI_HIE_4", "PI_PEA_1", "PI_LVITC_2"} <= opened
