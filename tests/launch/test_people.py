"""Staff, administrators and auditors: nothing without a role, with one what it says, and all of it audited (J4)."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from launching import EHR, OWN_FORM, Browser, Registered, Site, csrf_of, launch_id_of, title, words

from smartapp.smart.issuers import load_issuers
from smartapp.store import Assignment, Deed
from tests.smartapp.report_page import read_page

STAFF = "Practitioner/office-staff"
WITH_ADMIN = Registered(more='offline = true\nadmins = ["Practitioner/internist"]\n')
TIN = "000180180"
CHOOSE = "You are signed in as staff; choose a clinician or a group"


@pytest.fixture
def site(make_site: Callable[..., Site], results: Path) -> Site:
    """The internist administers; the office staff has neither NPI nor role."""
    return make_site(WITH_ADMIN, results=results, fresh=True)


def give(site: Site, role: str, *tins: str, user: str = STAFF) -> None:
    given = Assignment(user, "Office", role, tins or None, "test", site.clock())
    site.service.store.people.grant("demo", given)


def staff(site: Site, role: str = "", *tins: str) -> tuple[Browser, str]:
    if role:
        give(site, role, *tins)
    browser = site.browser()
    return browser, browser.sign_in("office-staff")


def links(page: str) -> dict[str, str]:
    """The addresses that a page of choice offers, by their texts."""
    found = re.findall(r'<a href="([^"]*who=[^"]*)">([^<]*)</a>', page)
    return {html.unescape(text): html.unescape(address) for address, text in found}


@pytest.mark.requirement("R99")
def test_without_npi_and_role_nothing_is_shown_and_it_is_said_what_to_do(site: Site) -> None:
    browser, home = staff(site)
    for name in ("score", "basis", "periods", "plan", "measures", "measures/PI_EP_1", "people", "trail", "runs"):
        seen = len(site.audit())
        got = browser.get(f"{home}{name}")
        assert got.status_code == 403
        assert TIN not in got.text
        assert [one.event in (Deed.DENIED, Deed.CHOICE_DENIED) for one in site.audit()[seen:]] == [True]
    page = browser.get(f"{home}score").text
    assert title(page) == "You have no role here yet"
    assert "Ask the administrator of pi180 in your practice for a role" in words(page)


def test_staff_are_asked_whom_to_look_at_and_pick_a_group_whose_page_stays_chosen(site: Site) -> None:
    browser, home = staff(site, "staff")
    got = browser.get(f"{home}score")
    assert (got.status_code, title(got.text)) == (200, CHOOSE)
    offered = links(got.text)
    assert set(offered) == {f"NPI 1234567893, TIN {TIN}", f"TIN {TIN}, as a group"}
    group = browser.get(offered[f"TIN {TIN}, as a group"])
    assert group.status_code == 200
    page = read_page(group.text)
    assert page.all("span", "chosen-text")[0].text.endswith(f"TIN {TIN}, as a group")
    assert title(group.text) == f"Score of TIN {TIN}, as a group: MIPS Promoting Interoperability 2026"
    [basis] = {a.attributes["href"] for a in page.all("a") if "/basis" in a.attributes["href"]}
    assert f"TIN {TIN}, as a group" in words(browser.get(basis.partition("#")[0]).text)


@pytest.mark.parametrize("name", ["score", "plan", "periods", "measures"])
def test_whatever_page_staff_open_first_they_come_back_to_it_with_their_choice(site: Site, name: str) -> None:
    browser, home = staff(site, "staff")
    for address in links(browser.get(f"{home}{name}").text).values():
        assert address.startswith(f"{home}{name}?")


@pytest.mark.requirement("R84")
def test_staff_of_another_tin_are_offered_nobody_of_this_one(site: Site) -> None:
    browser, home = staff(site, "staff", "999999999")
    got = browser.get(f"{home}score")
    assert (got.status_code, title(got.text)) == (404, "No score yet")
    assert TIN not in got.text


@pytest.mark.requirement("R99")
def test_each_look_at_cases_is_in_the_trail_with_the_role(site: Site) -> None:
    browser, home = staff(site, "staff")
    [address] = [one for text, one in links(browser.get(f"{home}measures/PI_EP_1").text).items() if "group" in text]
    seen = len(site.audit())
    assert browser.get(address).status_code == 200
    rows = site.audit()[seen:]
    assert [one.event for one in rows] == [Deed.SCORE_VIEWED, Deed.CASES_VIEWED]
    assert {(one.user, one.role) for one in rows} == {(f"{EHR} office-staff", "staff")}


@pytest.mark.parametrize(
    ("role", "cases", "people", "trail"),
    [("staff", 200, 403, 403), ("auditor", 200, 403, 200), ("admin", 403, 200, 200)],
)
def test_a_role_opens_its_own_pages_and_no_others(site: Site, role: str, cases: int, people: int, trail: int) -> None:
    browser, home = staff(site, role)
    address = next(iter(links(browser.get(f"{home}plan").text).values()))
    found = {"cases": browser.get(address).status_code}
    found |= {name: browser.get(f"{home}{name}").status_code for name in ("people", "trail")}
    assert found == {"cases": cases, "people": people, "trail": trail}
    offered = read_page(browser.get(f"{home}help").text).all("nav", "tabs")[0].text
    assert ("People" in offered, "Audit trail" in offered) == (people == 200, trail == 200)


def granting(browser: Browser, home: str, **typed: str) -> tuple[int, str]:
    form = {"csrf": csrf_of(browser.get(f"{home}people").text), "user": STAFF, "label": "Office", "role": "staff"}
    got = browser.post(f"{home}people", {**form, "tins": "", **typed})
    return got.status_code, got.text


def test_an_administrator_of_the_settings_gives_a_role_and_takes_it_away_with_effect_at_once(site: Site) -> None:
    admin, other = site.browser(), site.browser()
    home, home_of_other = admin.sign_in(), other.sign_in("office-staff")
    assert other.get(f"{home_of_other}score").status_code == 403
    assert granting(admin, home, tins=f"{TIN}, 111111111")[0] == 303
    assert title(other.get(f"{home_of_other}score").text) == CHOOSE
    page = admin.get(f"{home}people").text
    assert f"TIN {TIN}, 111111111" in words(page)
    form = {"csrf": csrf_of(page), "user": STAFF, "role": "staff"}
    assert admin.post(f"{home}people/revoke", form).status_code == 303
    assert other.get(f"{home_of_other}score").status_code == 403
    assert admin.post(f"{home}people/revoke", form).status_code == 404
    told = [(one.event, one.detail) for one in site.audit() if one.event.value.startswith("role ")]
    assert told == [
        (Deed.PEOPLE_GRANTED, f"staff to {STAFF}, 2 TINs"),
        (Deed.PEOPLE_REVOKED, f"staff from {STAFF}"),
    ]


@pytest.mark.parametrize(
    ("field", "typed"),
    [("user", "office-staff"), ("user", "Patient/x"), ("user", ""), ("label", " "), ("label", "x" * 101),
     ("role", "clinician"), ("role", "root"), ("role", ""), ("tins", "12345678"), ("tins", "1234567890"),
     ("tins", "<script>")],
)  # fmt: skip
def test_a_role_that_cannot_be_given_says_why_and_keeps_what_was_typed(site: Site, field: str, typed: str) -> None:
    browser = site.browser()
    status, text = granting(browser, browser.sign_in(), **{field: typed})
    assert status == 400
    page = read_page(text)
    assert page.by_id("problems").all("a")[0].attributes["href"] == f"#{field}"
    assert page.by_id(f"{field}-error").text
    assert "<script" not in text
    assert not site.service.store.people.all("demo")
    if field in ("user", "label", "tins"):
        assert page.by_id(field).attributes["value"] == typed


def test_an_administrator_is_one_for_the_whole_registration_or_not_at_all(site: Site) -> None:
    browser = site.browser()
    home = browser.sign_in()
    assert granting(browser, home, role="admin", tins=TIN)[0] == 400
    assert granting(browser, home, role="admin", label="x" * 100)[0] == 303


def test_nobody_takes_their_own_administration_away(site: Site) -> None:
    browser, home = staff(site, "admin")
    token = csrf_of(browser.get(f"{home}people").text)
    got = browser.post(f"{home}people/revoke", {"csrf": token, "user": STAFF, "role": "admin"})
    assert got.status_code == 409
    assert browser.get(f"{home}people").status_code == 200


@pytest.mark.requirement("R82")
def test_an_administrator_sees_who_is_signed_in_and_ends_a_session_with_its_tokens(site: Site) -> None:
    admin, other = site.browser(), site.browser()
    home, home_of_other = admin.sign_in(), other.sign_in("second", "sample-002")
    ended = launch_id_of(home_of_other)
    other.get(f"{home_of_other}help")
    page = admin.get(f"{home}people").text
    sessions = read_page(page).by_id("sessions")
    assert sessions.text
    assert f"{EHR} second" in words(page)
    assert admin.post(f"{home}people/end", {"csrf": csrf_of(page), "session": ended}).status_code == 303
    assert other.get(f"{home_of_other}help").status_code == 403
    assert site.service.launches.grant(ended) is None
    assert (Deed.SESSION_ENDED, f"session {ended}") in [(one.event, one.detail) for one in site.audit()]
    assert admin.post(f"{home}people/end", {"csrf": csrf_of(page), "session": ended}).status_code == 404
    assert admin.get(f"{home}people").status_code == 200


@pytest.mark.requirement("R82")
def test_a_session_of_another_ehr_is_not_an_administrators_to_end(
    make_site: Callable[..., Site], results: Path
) -> None:
    other = Registered(id="other", root="https://other.example")
    site = make_site(WITH_ADMIN, other, results=results, fresh=True)
    admin, stranger = site.browser(), site.browser()
    home, theirs = admin.sign_in(), stranger.sign_in(at="other")
    page = admin.get(f"{home}people").text
    got = admin.post(f"{home}people/end", {"csrf": csrf_of(page), "session": launch_id_of(theirs)})
    assert got.status_code == 404
    assert stranger.get(f"{theirs}help").status_code == 200


@pytest.mark.requirement("R81")
@pytest.mark.parametrize("path", ["people", "people/revoke", "people/end"])
@pytest.mark.parametrize(
    ("token", "headers"),
    [("", OWN_FORM), ("0" * 64, OWN_FORM), ("own", {"Sec-Fetch-Site": "cross-site"}),
     ("own", {"Origin": "https://evil.example"})],
)  # fmt: skip
def test_people_are_changed_by_our_own_form_alone(site: Site, path: str, token: str, headers: dict[str, str]) -> None:
    give(site, "staff")
    browser = site.browser()
    home = browser.sign_in()
    own = csrf_of(browser.get(f"{home}people").text)
    form = {"csrf": own if token == "own" else token, "user": STAFF, "label": "x", "role": "staff", "tins": TIN}
    form["session"] = launch_id_of(home)
    assert browser.post(f"{home}{path}", form, headers).status_code == 403
    assert site.deeds()[-1] == Deed.DENIED
    [kept] = site.service.store.people.all("demo")
    assert kept.tins is None
    assert browser.get(f"{home}people").status_code == 200


@pytest.mark.requirement("R81")
def test_an_own_form_of_somebody_who_does_not_administer_changes_nothing(site: Site) -> None:
    browser, home = staff(site, "auditor")
    token = csrf_of(browser.get(f"{home}trail").text)
    form = {"csrf": token, "user": STAFF, "label": "x", "role": "admin", "tins": ""}
    for path in ("people", "people/revoke", "people/end"):
        assert browser.post(f"{home}{path}", form).status_code == 403
        assert site.deeds()[-1] == Deed.CHOICE_DENIED
    assert [one.role for one in site.service.store.people.all("demo")] == ["auditor"]


@pytest.mark.parametrize("method", ["people", "people/revoke", "people/end"])
@pytest.mark.requirement("R81")
def test_a_get_changes_nobodys_role(site: Site, method: str) -> None:
    give(site, "staff")
    browser = site.browser()
    home = browser.sign_in()
    token = csrf_of(browser.get(f"{home}people").text)
    got = browser.get(f"{home}{method}?csrf={token}&user={STAFF}&role=staff&session={launch_id_of(home)}")
    assert got.status_code == (200 if method == "people" else 405)
    assert [one.role for one in site.service.store.people.all("demo")] == ["staff"]
    assert browser.get(f"{home}people").status_code == 200


@pytest.mark.requirement("R99")
def test_the_trail_shows_an_auditor_the_day_and_nobodys_name(site: Site) -> None:
    clinician = site.browser()
    clinician.get(f"{clinician.sign_in()}score")
    browser, home = staff(site, "auditor")
    page = browser.get(f"{home}trail").text
    said = words(page)
    assert "score viewed" in said
    assert f"{EHR} internist" in said
    assert "patient sample-001" in said
    rows = read_page(page).all("tbody")[0].text
    assert not [name for name in ("Synthetic", "Sample-001", "Internist") if name in rows]
    assert site.deeds()[-1] == Deed.TRAIL_VIEWED


def test_the_trail_opens_on_the_clocks_day_where_the_numbers_are_of_another(site: Site) -> None:
    site.app.extensions["pi180"] = replace(site.service, as_of=date(2026, 7, 31))
    browser, home = staff(site, "auditor")
    page = browser.get(f"{home}trail").text
    assert 'value="2026-11-21"' in page
    assert "signed in" in read_page(page).all("tbody")[0].text


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("day=2026-11-21", "launched", "None on this day"),
        ("day=2026-11-20", "None on this day", "score viewed https"),
        ("day=2026-11-22", "None on this day", "score viewed https"),
        ("deed=signed+in", "signed in https", "score viewed https"),
        ("deed=nothing+of+that+kind", "score viewed https", "None on this day"),
    ],
)
def test_the_trail_is_filtered_by_day_and_deed(site: Site, query: str, shown: str, hidden: str) -> None:
    clinician = site.browser()
    clinician.get(f"{clinician.sign_in()}score")
    browser, home = staff(site, "auditor")
    said = re.sub(r" \d+ (?=[a-z])", " ", words(browser.get(f"{home}trail?{query}").text))
    assert shown in said
    assert hidden not in said


def test_an_administrator_sees_that_a_row_is_about_a_patient_and_not_which(site: Site) -> None:
    browser, home = staff(site, "admin")
    said = words(browser.get(f"{home}trail").text)
    assert "a patient" in said
    assert "sample-001" not in said


@pytest.mark.parametrize("day", ["2026-02-30", "0001-01-01", "9999-12-31", "x", "<script>", "9" * 5000])
def test_a_day_that_is_none_is_said_to_be_none(site: Site, day: str) -> None:
    browser, home = staff(site, "auditor")
    got = browser.get(f"{home}trail?day={day}")
    assert got.status_code == 400
    assert "Type a day of the calendar" in words(got.text)
    assert "<script" not in got.text


@pytest.mark.requirement("R99")
def test_whether_the_chain_holds_is_told_and_a_changed_row_is_named(site: Site) -> None:
    browser, home = staff(site, "auditor")
    assert "The chain holds" in words(browser.get(f"{home}trail?check=1").text)
    assert Deed.TRAIL_CHECKED in [one.event for one in site.audit()]
    with site.service.launches._engine.begin() as connection:
        for name in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).scalars():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit SET detail = 'nothing' WHERE number = 2")
    said = words(browser.get(f"{home}trail?check=1").text)
    assert "The chain does not hold" in said
    assert "Row 2:" in said


@pytest.mark.requirement("R100")
def test_a_row_whose_word_nobody_knows_is_shown_as_unknown_and_the_check_names_it(site: Site) -> None:
    browser, home = staff(site, "auditor")
    with site.service.launches._engine.begin() as connection:
        for name in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        ).scalars():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("UPDATE audit SET event = 'as if nothing was' WHERE number = 2")
    got = browser.get(f"{home}trail?check=1")
    assert got.status_code == 200
    assert "Row 2:" in words(got.text)
    assert "unknown" in [cell.text for cell in read_page(got.text).all("td")]
    assert "as if nothing was" not in got.text


def test_administrators_of_the_settings_are_named_as_the_ehr_names_users(site: Site) -> None:
    file = site.service.settings.issuers
    [found] = load_issuers(file)
    assert found.admins == ("Practitioner/internist",)


def test_help_is_one_link_at_the_same_place_of_every_page(site: Site) -> None:
    browser = site.browser()
    home = browser.sign_in()
    for name in ("score", "people", "trail", "help", "patient", "measures/NONE"):
        [footer] = read_page(browser.get(f"{home}{name}").text).all("footer")
        assert footer.all("a")[0].attributes["href"].startswith(f"{home}help")
    assert "Performance period" in words(browser.get(f"{home}help").text)
