"""The first score from a clinician's own patients: offered, told apart from the practice's, and never in its place."""

from collections.abc import Callable
from pathlib import Path

import pytest
from launching import Browser, Site, csrf_of

from smartapp.kept.archive import latest
from smartapp.store import Author, JobState, Task
from smartapp.web.worker import Worker

NPI = "1234567893"


def read_through(site: Site, browser: Browser, home: str) -> None:
    """Press the button, and let the worker do what it began."""
    page = browser.get(f"{home}score")
    assert "Read my patients" in page.text
    assert browser.post(f"{home}read", {"csrf": csrf_of(page.text)}).status_code == 303
    assert Worker(site.service).step()
    (job,) = site.service.jobs.of("demo", site.clock())
    assert job.state is JobState.DONE, job.progress.problem


def test_a_first_look_says_that_it_is_one_and_lies_apart_from_the_practices_runs(
    make_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = make_site(results=tmp_path / "results", fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    read_through(site, browser, home)

    page = browser.get(f"{home}score")
    assert page.status_code == 200
    assert "A first look, not the practice&#39;s score" in page.text
    registration = site.service.launching.ehrs["demo"].registration
    assert latest(registration.runs, NPI) == ()
    assert len(latest(registration.first_looks, NPI)) == 1
    deeds = site.deeds()
    assert "reading of own patients begun" in deeds
    assert "reading of own patients ended" in deeds


def test_where_the_practice_has_a_score_no_reading_begins_and_nothing_takes_its_place(
    make_site: Callable[..., Site], results: Path
) -> None:
    site = make_site(results=results)
    browser = site.browser()
    home = browser.sign_in()
    page = browser.get(f"{home}score")
    assert "Read my patients" not in page.text
    assert "A first look" not in page.text
    browser.post(f"{home}read", {"csrf": csrf_of(page.text)})
    assert site.service.jobs.of("demo", site.clock()) == ()
    assert "reading of own patients begun" not in site.deeds()


@pytest.mark.requirement("R81")
def test_a_reading_does_not_begin_without_the_pages_own_token(make_site: Callable[..., Site], tmp_path: Path) -> None:
    site = make_site(results=tmp_path / "results", fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    assert browser.post(f"{home}read", {"csrf": "0" * 64}).status_code == 403
    assert site.service.jobs.of("demo", site.clock()) == ()


Waiting = tuple[Site, Browser, str]


@pytest.fixture
def waiting(make_site: Callable[..., Site], tmp_path: Path) -> Waiting:
    """Somebody whose own patients are being read, and where their pages lie."""
    site = make_site(results=tmp_path / "results", fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    browser.get(f"{home}score")
    site.service.jobs.begin(Task("demo", "own patients", NPI, {"launch": "one"}), Author("", ""), site.clock())
    return site, browser, home


def test_who_waits_for_a_first_look_can_let_the_page_stand_still(waiting: Waiting) -> None:
    _, browser, home = waiting
    moving = browser.get(f"{home}score")
    still = browser.get(f"{home}score?still=1")
    assert f'<a href="{home}score?still=1">Let this page stand still</a>' in moving.text
    assert ("Refresh" in moving.headers, "Refresh" in still.headers) == (True, False)
    assert (still.status_code, f'<a href="{home}score">Look again</a>' in still.text) == (200, True)


@pytest.mark.requirement("R82")
def test_a_page_that_looks_again_by_itself_keeps_nobody_signed_in(waiting: Waiting) -> None:
    site, browser, home = waiting
    again = browser.get(f"{home}score").headers["Refresh"].partition("url=")[2]
    for _ in range(3):
        site.clock.passes(4 * 60)
        assert browser.get(again).status_code == 200
    site.clock.passes(3 * 60)
    assert browser.get(again).status_code == 403
