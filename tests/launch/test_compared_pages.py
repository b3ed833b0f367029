"""The pages that compare, as the app serves them: roads, exclusions, group and trend."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from launching import Browser, Site, csrf_of, title, words
from step_forms import Walk

from smartapp.store import Assignment, Deed
from tests.smartapp.report_page import Element, read_page

PAGES = {
    "hie": "Health Information Exchange: which road?",
    "exclusions": "Exclusions of 2026",
    "group": "Group and clinicians, 2026",
    "trend": "Trend over the runs of 2026",
}
CHOSEN = "?year=2026&start=2026-01-01&end=2026-07-05"

Opened = tuple[Site, Browser, str]


@pytest.fixture
def opened(make_site: Callable[..., Site], whole_results: Path) -> Opened:
    site = make_site(results=whole_results)
    browser = site.browser()
    return site, browser, browser.sign_in()


@pytest.fixture
def fresh(make_site: Callable[..., Site], whole_results: Path) -> Opened:
    """A site of its own, for a test that saves answers."""
    site = make_site(results=whole_results, fresh=True)
    browser = site.browser()
    return site, browser, browser.sign_in()


def page_of(browser: Browser, address: str) -> Element:
    got = browser.get(address)
    assert got.status_code == 200, got.text
    return read_page(got.text)


def chosen_roads(page: Element) -> list[str]:
    return [card.attributes["id"] for card in page.all("li", "card-chosen")]


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_is_audited_and_keeps_the_choice(opened: Opened, name: str) -> None:
    site, browser, home = opened
    seen = len(site.audit())
    got = browser.get(f"{home}{name}{CHOSEN}")
    assert (got.status_code, title(got.text)) == (200, PAGES[name])
    assert Deed.SCORE_VIEWED in [one.event for one in site.audit()[seen:]]
    assert re.search(rf'href="{home}measures\?year=2026&amp;start=2026-01-01', got.text)


@pytest.mark.parametrize("name", PAGES)
def test_drawings_have_words_and_ids_are_their_own_and_nothing_is_styled_within(opened: Opened, name: str) -> None:
    _, browser, home = opened
    page = page_of(browser, f"{home}{name}{CHOSEN}")
    ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for drawing in (svg for svg in page.all("svg") if svg.attributes.get("role") == "img"):
        assert drawing.all("title")[0].text
        assert drawing.all("desc")[0].text
    assert not [element.tag for element in page.walk() if "style" in element.attributes]
    assert page.all("style") == page.all("script") == []


@pytest.mark.parametrize("name", PAGES)
def test_headings_and_tables_can_be_walked(opened: Opened, name: str) -> None:
    _, browser, home = opened
    page = page_of(browser, f"{home}{name}{CHOSEN}")
    levels = [int(element.tag[1]) for element in page.walk() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in page.all("table"):
        assert len(table.all("caption")) == 1
        assert all(th.attributes.get("scope") in ("row", "col") for th in table.all("th"))


def test_choosing_a_road_saves_a_version_and_moves_the_score(fresh: Opened) -> None:
    site, browser, home = fresh
    before = browser.get(f"{home}hie{CHOSEN}")
    assert chosen_roads(read_page(before.text)) == ["road-PI_HIE_1-PI_HIE_4"]
    promised = re.findall(r"<dd>(\d+) of 100", before.text)[2]
    form = {"csrf": csrf_of(before.text), "based-on": "", "road": "PI_HIE_6"}
    got = browser.post(f"{home}hie{CHOSEN}", form)
    assert got.status_code == 303
    after = browser.get(got.headers["Location"])
    assert chosen_roads(read_page(after.text)) == ["road-PI_HIE_6"]
    assert f"{promised} of 100" in words(browser.get(f"{home}score{CHOSEN}").text)
    assert Deed.ANSWERS_SAVED in [one.event for one in site.audit()]


@pytest.mark.parametrize("roads", ["PI_HIE_5+PI_HIE_6", "PI_HIE_1+PI_HIE_4+PI_HIE_6", "PI_HIE_1", "PI_EP_1", ""])
def test_two_roads_at_once_or_none_are_refused_with_an_explanation(opened: Opened, roads: str) -> None:
    _, browser, home = opened
    form = {"csrf": csrf_of(browser.get(f"{home}hie").text), "based-on": "", "road": roads}
    got = browser.post(f"{home}hie{CHOSEN}", form)
    assert got.status_code == 400
    assert "CMS accepts one path; choose one." in words(got.text)
    assert chosen_roads(read_page(got.text)) == ["road-PI_HIE_1-PI_HIE_4"]


def test_a_road_chosen_on_an_old_page_is_not_saved(opened: Opened) -> None:
    _, browser, home = opened
    form = {"csrf": csrf_of(browser.get(f"{home}hie").text), "based-on": "7", "road": "PI_HIE_6"}
    got = browser.post(f"{home}hie{CHOSEN}", form)
    assert got.status_code == 400
    assert "Nothing was saved; look at the roads anew." in words(got.text)


def test_a_road_is_chosen_only_with_our_own_form(opened: Opened) -> None:
    site, browser, home = opened
    got = browser.post(f"{home}hie{CHOSEN}", {"csrf": "made up", "road": "PI_HIE_6"})
    assert got.status_code == 403
    assert Deed.DENIED in [one.event for one in site.audit()]


def test_each_exclusion_leads_to_its_cases_and_to_its_claim(opened: Opened) -> None:
    _, browser, home = opened
    page = page_of(browser, f"{home}exclusions{CHOSEN}")
    links = {a.attributes["href"] for a in page.all("a")}
    assert any(f"{home}measures/PI_EP_1?" in href for href in links)
    claims = [href for href in links if "/attestations?" in href and "#statement-" in href]
    statements = page_of(browser, claims[0].split("#", 1)[0])
    assert all(statements.by_id(href.split("#")[1]) for href in claims)


@pytest.mark.requirement("R99")
def test_a_clinician_sees_no_group_and_no_other_clinician(opened: Opened) -> None:
    _, browser, home = opened
    text = words(browser.get(f"{home}group{CHOSEN}").text)
    assert "This page is about a group, and NPI 1234567893, TIN 000180180 is none." in text
    assert page_of(browser, f"{home}group{CHOSEN}").all("table") == []


def test_staff_see_the_group_and_every_line_leads_to_that_clinician(
    make_site: Callable[..., Site], whole_results: Path
) -> None:
    site = make_site(results=whole_results, fresh=True)
    staff = Assignment("Practitioner/office-staff", "Staff", "staff", None, "test", site.clock())
    site.service.store.people.grant("demo", staff)
    browser = site.browser()
    home = browser.sign_in("office-staff", None)
    chooser = read_page(browser.get(f"{home}score").text)
    [group] = [a.attributes["href"] for a in chooser.all("a") if "as a group" in a.text]
    page = page_of(browser, group.replace("/score?", "/group?"))
    [ways, *_] = page.all("table")
    names = [row.all("th")[0].text for row in ways.all("tbody")[0].all("tr")]
    assert names[0] == "As a group"
    assert any("NPI 1234567893" in name for name in names)
    for link in (a for a in page.all("a", "figure")):
        rows = page_of(browser, link.attributes["href"].split("#")[0])
        assert len(rows.all("tr", "case")) == int(link.text)


def test_the_trend_shows_the_runs_score_and_nothing_before_it(opened: Opened) -> None:
    _, browser, home = opened
    page = page_of(browser, f"{home}trend{CHOSEN}")
    [score] = [figure for figure in page.all("figure") if figure.attributes["id"] == "trend-score"]
    points = re.search(r"One run is kept, with (\d+) points", score.text)
    assert points
    assert f"{points[1]} of 100 points" in words(browser.get(f"{home}score{CHOSEN}").text)
    assert "What changed since the run before" not in page.text


def test_a_total_that_a_road_takes_away_is_kept_in_the_versions_and_can_be_restored(fresh: Opened) -> None:
    site, browser, home = fresh
    walk = Walk(site, browser, home)
    score = whole_score(walk)
    assert "PI_HIE_4 from the EHR's report, which is kept in the versions of the answers" in walk.text("hie")
    form = {"csrf": csrf_of(walk.at("hie")), "based-on": "", "road": "PI_HIE_5"}
    assert browser.post(f"{home}hie", form).status_code == 303
    told = walk.text("attestations")
    assert re.search(r"PI_HIE_4: total of the EHR's report: \d+ of \d+ \(.*?\) -> none", told)
    assert "As the run brought them with the run" in told
    assert "healthInformationExchange" not in told
    restored = {"csrf": csrf_of(walk.at("attestations")), "based-on": "1", "version": "brought"}
    assert browser.post(f"{home}attestations/restore", restored).status_code == 303
    assert whole_score(walk) == score
    told = walk.text("attestations")
    assert "Restored: the answers as the run brought them." in told
    assert re.search(r"PI_HIE_4: total of the EHR's report: none -> \d+ of \d+", told)
    assert [one.number for one in site.service.drafts.history(walk.filing())] == [2, 1]


def whole_score(walk: Walk) -> list[str]:
    return re.findall(r"<dd>(\d+(?:, up to \d+)?) of 100", walk.at("hie"))


@pytest.mark.parametrize(("based_on", "version", "status"), [("", "7", 404), ("", "", 404), ("3", "brought", 409)])
def test_a_version_that_is_not_there_or_not_seen_is_not_restored(
    fresh: Opened, based_on: str, version: str, status: int
) -> None:
    site, browser, home = fresh
    walk = Walk(site, browser, home)
    form = {"csrf": csrf_of(walk.at("attestations")), "based-on": based_on, "version": version}
    assert browser.post(f"{home}attestations/restore", form).status_code == status
    assert site.service.drafts.current(walk.filing()) is None
