"""The pages of measures in a launch: who sees cases, what stands in the trail, and what no address opens."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from launching import Browser, Site, is_plain_page, words
from lxml import html

from smartapp.kept.open_runs import Remembered
from smartapp.store import Assignment

STAFF = "office-staff"
MakeSite = Callable[..., Site]


@pytest.fixture
def with_results(make_site: MakeSite, results: Path) -> Site:
    return make_site(results=results)


@pytest.fixture
def clinic(with_results: Site) -> Browser:
    return with_results.browser()


def as_role(site: Site, role: str) -> tuple[Browser, str]:
    """A browser of somebody of the office with a role, and the address of the clinician's patient access."""
    granted = Assignment(f"Practitioner/{STAFF}", "Office", role, None, "test", site.clock())
    site.service.store.people.grant("demo", granted)
    browser = site.browser()
    home = browser.sign_in(STAFF, None)
    chooser = html.fromstring(browser.get(f"{home}measures/PI_PEA_1").text)
    [own] = chooser.xpath("//main//a[contains(., '1234567893')]/@href")
    return browser, str(own)


@pytest.fixture
def office(with_results: Site) -> Callable[[str], tuple[Browser, str]]:
    return lambda role: as_role(with_results, role)


def test_opening_cases_stands_in_the_trail_before_they_are_shown(with_results: Site, clinic: Browser) -> None:
    home = clinic.sign_in()
    clinic.get(f"{home}measures")
    assert with_results.deeds()[-1] == "score viewed"
    page = clinic.get(f"{home}measures/PI_PEA_1")
    assert "Patient/sample-001" in page.text
    assert with_results.deeds()[-2:] == ["score viewed", "cases viewed"]
    assert "PI_PEA_1" in (with_results.audit()[-1].detail or "")


@pytest.mark.requirement("R99")
@pytest.mark.parametrize(("role", "sees"), [("staff", True), ("auditor", True), ("admin", False)])
def test_cases_are_shown_to_roles_that_may_see_them_and_to_no_other(
    with_results: Site, office: Callable[[str], tuple[Browser, str]], role: str, sees: bool
) -> None:
    try:
        browser, address = office(role)
        page = browser.get(address)
    finally:
        with_results.service.store.people.revoke("demo", f"Practitioner/{STAFF}", role)
    assert page.status_code == 200
    assert ("Patient/sample-" in page.text) is sees
    assert ('class="figure"' in page.text) is sees
    assert ("cases viewed" in with_results.deeds()) is sees
    assert "Patients seen in the period" in words(page.text)


@pytest.mark.requirement("R99")
def test_a_clinician_does_not_see_the_cases_of_the_whole_practice(clinic: Browser) -> None:
    """Immunizations are counted for the practice, whoever reports."""
    page = clinic.get(f"{clinic.sign_in()}measures/PI_PHCDRR_1_EX_1")
    assert page.status_code == 200
    assert "no cases of patients" in page.text
    assert "Immunization/" not in page.text


@pytest.mark.requirement("R99")
def test_opening_the_plan_which_names_cases_stands_in_the_trail(with_results: Site, clinic: Browser) -> None:
    assert clinic.get(f"{clinic.sign_in()}plan").status_code == 200
    assert with_results.deeds()[-2:] == ["score viewed", "cases viewed"]


@pytest.mark.parametrize("path", ["measures/PI_NONE", "measures/PI_PPHI_1", "measures/PI_PEA_1%2F..", "measures/%00"])
def test_a_measure_that_is_not_counted_is_not_found(clinic: Browser, path: str) -> None:
    got = clinic.get(f"{clinic.sign_in()}{path}")
    assert got.status_code == 404
    assert is_plain_page(got)


@pytest.mark.parametrize(
    "query", ["show=x", "page=0", "page=2", "page=x", "clinician=9", "clinician=-1", "show=left-out&clinician=9"]
)
def test_rows_that_no_page_shows_are_not_found(clinic: Browser, query: str) -> None:
    got = clinic.get(f"{clinic.sign_in()}measures/PI_PEA_1?{query}")
    assert got.status_code == 404
    assert is_plain_page(got)
    assert query not in got.text


class Broken(Remembered):
    """Fails as a mistake of the program does."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self._failure = failure

    def once(self, *_: object) -> NoReturn:
        raise self._failure


@pytest.mark.parametrize("failure", [KeyError("x"), ValueError("x")])
def test_a_mistake_of_the_program_is_no_measure_that_is_not_there(
    make_site: MakeSite, results: Path, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site(results=results, fresh=True)
    site.app.extensions["pi180"] = replace(site.service, opened=Broken(failure))
    browser = site.browser()
    got = browser.get(f"{browser.sign_in()}measures/PI_PEA_1")
    assert got.status_code == 500
    assert is_plain_page(got)
    [number] = re.findall(r"problem ([0-9a-f]{8}): ", caplog.text)
    assert number in got.text


def test_a_filter_of_the_form_narrows_the_rows_and_stays_chosen(clinic: Browser) -> None:
    home = clinic.sign_in()
    page = html.fromstring(clinic.get(f"{home}measures/PI_EP_1").text)
    [form] = page.xpath("//form[.//select[@name='show']]")
    fields = {e.get("name"): e.get("value") for e in form.xpath(".//input[@type='hidden']")}
    assert {"year", "start", "end", "who", "variant"} <= fields.keys()
    query = "&".join(f"{name}={value}" for name, value in {**fields, "show": "not-met"}.items())
    narrowed = html.fromstring(clinic.get(f"{urlsplit(form.get('action')).path}?{query}").text)
    assert narrowed.xpath("//select[@name='show']/option[@selected]/@value") == ["not-met"]
    rows = narrowed.xpath("//tr[@class='case']/td[@data-label='Answer']/text()")
    assert set(rows) <= {"not met"}
    assert narrowed.xpath("string(//*[@id='rows'])") == str(len(rows))
