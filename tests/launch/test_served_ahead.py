"""The pages that look ahead from my score, as the app serves them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from launching import OWN_FORM, Browser, Site, csrf_of, words

from smartapp.store import Deed
from tests.smartapp.report_page import read_page


@pytest.fixture
def opened(make_site: Callable[..., Site], results: Path) -> tuple[Site, Browser, str]:
    site = make_site(results=results)
    browser = site.browser()
    return site, browser, browser.sign_in()


def test_my_score_leads_to_its_periods_and_its_plan_and_each_view_is_audited(
    opened: tuple[Site, Browser, str],
) -> None:
    site, browser, home = opened
    choice = "?year=2026&amp;start=2026-01-01&amp;end=2026-07-05&amp;who="
    assert f'href="{home}periods{choice}' in browser.get(f"{home}score").text
    seen = len(site.audit())
    for name, title in (("periods", "Performance periods of"), ("plan", "What can still be done"), ("what-if", "What")):
        got = browser.get(f"{home}{name}")
        assert got.status_code == 200
        assert title in got.text
    events = site.audit()[seen:]
    plan = [Deed.SCORE_VIEWED, Deed.CASES_VIEWED]
    assert [one.event for one in events] == [Deed.SCORE_VIEWED, *plan, Deed.SCORE_VIEWED]


def test_every_step_of_the_plan_and_of_the_dashboard_leads_to_where_it_is_done(
    opened: tuple[Site, Browser, str],
) -> None:
    _, browser, home = opened
    for name in ("score", "plan"):
        shown = read_page(browser.get(f"{home}{name}").text)
        lists = shown.all("ol", "steps") + shown.all("ul", "steps")
        links = {a.attributes["href"] for steps in lists for strong in steps.all("strong") for a in strong.all("a")}
        assert links
        for href in links:
            page, _, anchor = href.partition("#")
            got = browser.get(page)
            assert got.status_code == 200, href
            assert "/score?" not in href
            assert not anchor or read_page(got.text).by_id(anchor), href


@pytest.mark.parametrize(("target", "taken"), [("1", "1"), ("100", "100"), ("0", ""), ("101", ""), ("x", "")])
def test_a_plan_takes_a_target_of_one_to_a_hundred_points(
    opened: tuple[Site, Browser, str], target: str, taken: str
) -> None:
    _, browser, home = opened
    got = browser.get(f"{home}plan?target={target}")
    assert got.status_code == 200
    assert f'max="100" value="{taken}"' in got.text


def test_typed_values_are_scored_and_neither_kept_nor_written_down(opened: tuple[Site, Browser, str]) -> None:
    site, browser, home = opened
    form = {"csrf": csrf_of(browser.get(f"{home}what-if").text), "cehrt-id": "0015CXTYPED1"}
    before = site.rows()
    got = browser.post(f"{home}supposed", form, OWN_FORM)
    assert got.status_code == 200
    assert "typed CEHRT ID = 0015CXTYPED1" in words(got.text)
    assert site.rows() == before
    assert not any("0015CXTYPED1" in str(event) for event in site.audit())
    assert "0015CXTYPED1" not in browser.get(f"{home}what-if").text


def test_a_form_that_cannot_be_read_comes_back_with_what_was_typed(opened: tuple[Site, Browser, str]) -> None:
    _, browser, home = opened
    form = {"csrf": csrf_of(browser.get(f"{home}what-if").text), "met-PI_PEA_1": "many", "of-PI_PEA_1": "2"}
    got = browser.post(f"{home}supposed", form, OWN_FORM)
    assert got.status_code == 400
    assert "PI_PEA_1: expected two whole numbers" in got.text
    assert 'value="many"' in got.text
