"""Pages that only say something: within a launch they can be left by its own header, outside of one they cannot."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from launching import Browser, Site, csrf_of

from smartapp.store import Assignment


def in_frame(text: str) -> bool:
    return "/sign-out" in text


def test_who_has_no_role_can_still_sign_out(browser: Browser) -> None:
    home = browser.sign_in("office-staff")
    page = browser.get(f"{home}score")
    assert page.status_code == 403
    assert in_frame(page.text)


@pytest.mark.requirement("R99")
@pytest.mark.parametrize(("role", "sees"), [("", False), ("admin", False), ("auditor", False), ("staff", True)])
def test_the_patient_of_a_launch_is_for_clinicians_and_staff_alone(
    make_site: Callable[..., Site], role: str, sees: bool
) -> None:
    site = make_site(fresh=True)
    if role:
        given = Assignment("Practitioner/office-staff", "Office", role, None, "test", site.clock())
        site.service.store.people.grant("demo", given)
    browser = site.browser()
    home = browser.sign_in("office-staff")
    page = browser.get(f"{home}patient")
    assert (page.status_code, in_frame(page.text), "Sample-001" in page.text) == (200 if sees else 403, True, sees)
    assert site.deeds()[-1] == ("patient viewed" if sees else "choice denied")
    assert (f'href="{home}patient"' in browser.get(f"{home}help").text) is sees


def test_a_problem_within_a_launch_keeps_the_launchs_header(browser: Browser) -> None:
    home = browser.sign_in(patient=None)
    for address in (f"{home}patient", home):
        assert in_frame(browser.get(address).text)


@pytest.mark.requirement("R83")
def test_what_is_no_launch_of_this_browser_shows_nobodys_header(make_site: Callable[..., Site]) -> None:
    site = make_site()
    home = site.browser().sign_in()
    assert not in_frame(site.browser().get(f"{home}score").text)


def test_signed_out_is_outside_of_the_launch(browser: Browser) -> None:
    home = browser.sign_in()
    token = csrf_of(browser.get(f"{home}patient").text)
    assert not in_frame(browser.post(f"{home}sign-out", {"csrf": token}).text)


@pytest.mark.requirement("R41", "R30")
@pytest.mark.parametrize("changed", [{"iss": "https://prod.example/fhir"}, {"issuer": "https://prod.example"}])
def test_a_registration_that_now_means_another_server_takes_no_session_along(
    make_site: Callable[..., Site], changed: dict[str, str]
) -> None:
    site = make_site(fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    ehr = site.service.launching.ehrs["demo"]
    ehr.registration = replace(ehr.registration, **changed)
    asked = len(site.wire.calls)
    got = browser.get(f"{home}patient")
    assert got.status_code == 403
    assert len(site.wire.calls) == asked, "no token goes to a server that it was not given for"


@pytest.mark.requirement("R24")
def test_tokens_of_a_launch_that_rests_too_long_are_forgotten_with_the_next_request(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(fresh=True)
    site.browser().sign_in()
    assert site.rows()
    site.clock.passes(16 * 60)
    site.browser().get("/style.css")
    assert site.rows() == []
