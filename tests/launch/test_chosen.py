"""Choosing year, period and reporter: the numbers are counted anew, and nobody sees what is not theirs."""

import html
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copytree
from urllib.parse import urlsplit

import pytest
from launching import APP, NPI, NPI_OF_SECOND, Browser, Registered, Site, csrf_of, is_plain_page, title, words

from scoring.model import Period, Reporter
from scoring.rulebook import load
from smartapp import paths
from smartapp.attesting.attestations import Attestations, read_attestations
from smartapp.kept.publish import publish
from smartapp.scored import Scored, score_reading
from smartapp.store import Assignment, Author, Deed, Filing
from smartapp.usecases import Source, read
from smartapp.web.chosen import offers_of
from smartapp.web.framing import access_of
from tests.smartapp.report_page import read_page

TIN = "000180180"
CHOSEN = "year=2026&start=2026-02-01&end=2026-08-31"
STAFF = Registered(more='offline = true\nadmins = ["Practitioner/office-staff"]\n')

Opened = tuple[Site, Browser, str]


@pytest.fixture
def opened(make_site: Callable[..., Site], results: Path) -> Opened:
    site = make_site(results=results)
    browser = site.browser()
    return site, browser, browser.sign_in()


def fresh(practice: Path, start: date, end: date) -> Scored:
    """What `pi180 run` with this period would score."""
    rules = load(2026)
    attested = read_attestations(paths.fixture("solo-2026") / "attestations.toml", rules)
    with read(Source(practice, practice / "site.toml"), rules, Period(start, end)) as reading:
        return score_reading(reading, attested)


def points_of(page: str) -> str:
    """The points of the headline, whether all could be determined or not."""
    return re.findall(r"(\d+) of 100 points", read_page(page).all("div", "hero")[0].text)[0]


def lines_of(page: str) -> dict[str, list[str]]:
    """What each line of the score counts, by its id: met and denominator."""
    document = read_page(page)
    rows = {e.attributes["id"]: e for e in document.all("tr") if e.attributes.get("id", "").startswith("line-")}
    return {
        name: [a.text for a in row.all("a") if {"met", "denominator"} & set(a.classes)] for name, row in rows.items()
    }


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 2, 1), date(2026, 8, 31)),
        (date(2026, 1, 1), date(2026, 12, 31)),
        (date(2026, 7, 1), date(2026, 7, 31)),
    ],
)
def test_numbers_of_another_period_are_those_of_a_fresh_run_of_that_period(
    opened: Opened, practice: Path, start: date, end: date
) -> None:
    _, browser, home = opened
    expected = fresh(practice, start, end)
    choice = f"?year=2026&start={start}&end={end}"
    assert points_of(browser.get(f"{home}score{choice}").text) == str(expected.score.points)
    page = browser.get(f"{home}measures{choice}").text
    for measure, counted in expected.submission.proportions.items():
        if counted.readable:
            assert lines_of(page)[f"line-{measure}"] == [f"{counted.met:,}", f"{counted.denominator:,}"]


def test_an_address_without_a_choice_opens_the_runs_own_period(opened: Opened) -> None:
    _, browser, home = opened
    page = browser.get(f"{home}score").text
    assert "2026, January 1, 2026 to July 5, 2026 (186 days), NPI 1234567893, TIN 000180180" in words(page)
    assert page == browser.get(f"{home}score?year=2026&start=2026-01-01&end=2026-07-05").text


def test_what_was_chosen_goes_along_from_page_to_page(opened: Opened) -> None:
    _, browser, home = opened
    page = browser.get(f"{home}score?{CHOSEN}").text
    links = {html.unescape(one) for one in re.findall(r'href="(/l/[^"#]*)', page)}
    steps = {"requirements", "cehrt", "measures", "attestations", "submission", "plan", "periods", "basis", "help"}
    for step in steps:
        [link] = [one for one in links if urlsplit(one).path == f"{home}{step}"]
        assert urlsplit(link).query.startswith(f"{CHOSEN}&who=")
    basis = browser.get(next(one for one in links if urlsplit(one).path == f"{home}basis")).text
    assert "February 1, 2026 to August 31, 2026 (212 days)" in words(basis)


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("The run's own period", "January 1, 2026 to July 5, 2026"),
        ("First half", "January 1, 2026 to June 30, 2026"),
        ("Second half", "July 1, 2026 to December 31, 2026"),
        ("Whole year", "January 1, 2026 to December 31, 2026"),
    ],
)
def test_a_preset_is_one_click_and_is_marked_once_chosen(opened: Opened, name: str, period: str) -> None:
    _, browser, home = opened
    [preset] = [a for a in read_page(browser.get(f"{home}score?{CHOSEN}").text).all("a") if a.text == name]
    assert "aria-current" not in preset.attributes
    page = read_page(browser.get(preset.attributes["href"]).text)
    assert period in page.all("span", "chosen-text")[0].text
    [preset] = [a for a in page.all("a") if a.text == name]
    assert preset.attributes["aria-current"] == "true"


def test_the_best_period_is_one_click_too_and_earns_what_the_dashboard_promised(opened: Opened) -> None:
    _, browser, home = opened
    page = read_page(browser.get(f"{home}score?{CHOSEN}").text)
    [told] = [section for section in page.all("section") if section.attributes.get("aria-labelledby") == "better"]
    promised = re.findall(r"(\w+ \d+, 2026 to \w+ \d+, 2026) earns \d+ points", told.text)[0]
    [preset] = [a for a in page.all("a") if a.text == "Best period"]
    best = read_page(browser.get(preset.attributes["href"]).text)
    assert f"2026, {promised} (" in best.all("span", "chosen-text")[0].text


@pytest.mark.requirement("R128")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("start=2026-06-30&end=2026-01-01", "Swap them"),
        ("start=2025-12-31&end=2026-06-30", "never leaves its year"),
        ("start=2026-01-01&end=2027-01-01", "never leaves its year"),
        ("start=<script>&end=2026-06-30", "First day: type a day"),
        ("start=2026-02-30&end=2026-06-30", "First day: type a day"),
        ("start=2026-01-01", "Last day: type a day"),
        ("end=" + "9" * 5000, "First day: type a day"),
    ],
)
def test_what_is_no_period_comes_back_in_the_form_with_the_reason_and_without_numbers(
    opened: Opened, query: str, said: str
) -> None:
    _, browser, home = opened
    got = browser.get(f"{home}score?year=2026&{query}")
    assert got.status_code == 400
    assert is_plain_page(got)
    assert said in words(got.text)
    assert "Points by objective" not in got.text
    assert "<script" not in got.text
    page = read_page(got.text)
    typed = dict(part.split("=", 1) for part in query.split("&"))
    for name in ("start", "end"):
        assert page.by_id(name).attributes["value"] == typed.get(name, "")[:40]
        assert page.by_id(name).attributes["aria-invalid"] == "true"
    assert "autofocus" in page.by_id("choice-problem").attributes
    assert page.by_id("choice-problem").all("a")[0].attributes["href"] == "#start"


@pytest.mark.parametrize(("end", "shut"), [("2026-06-28", True), ("2026-06-29", False)])
def test_a_period_shorter_than_180_days_is_shown_and_the_gate_says_that_it_does_not_count(
    opened: Opened, end: str, shut: bool
) -> None:
    _, browser, home = opened
    got = browser.get(f"{home}score?year=2026&start=2026-01-01&end={end}")
    assert got.status_code == 200
    gate = read_page(got.text).by_id("gate").text
    assert ("Gate shut" in gate) == shut
    assert ("180 are required" in words(got.text)) == shut


def test_a_year_without_a_run_is_not_told_from_one_that_is_not_for_me(opened: Opened) -> None:
    _, browser, home = opened
    for year in ("2025", "2027", "x", "²026", "9" * 5000):
        got = browser.get(f"{home}score?year={year}")
        assert got.status_code == 403
        assert title(got.text) == "You may not see this"
        assert "There are no numbers here that you may see: choose again." in words(got.text)
        assert f'href="{home}score"' in got.text


def keys(site: Site, home: str) -> dict[Reporter, str]:
    """What stands for each reporter of the practice in an address, whoever may see them."""
    launch = site.service.launches.find(home.strip("/").split("/")[1], site.clock())
    assert launch is not None
    assert launch.person is not None
    with site.app.test_request_context():
        site.service.store.people.grant("demo", ASSIGNED)
        access = access_of(site.service, launch, launch.person)
        offers = offers_of(site.service, launch, launch.person)
        site.service.store.people.revoke("demo", ASSIGNED.user, "staff")
    assert access.assigned
    return {one.reporter: one.key for one in offers.of(2026)}


ASSIGNED = Assignment("Practitioner/internist", "Internist", "staff", None, "test", datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.requirement("R84", "R99")
def test_another_clinicians_a_groups_and_a_tampered_name_are_refused_alike_and_audited(
    make_site: Callable[..., Site], results: Path
) -> None:
    site = make_site(results=results, fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    own = browser.get(f"{home}score")
    known = keys(site, home)
    mine, others = known.pop(Reporter(TIN, NPI)), list(known.values())
    assert others
    answers = set()
    for who in (*others, mine[:-1] + ("0" if mine[-1] != "0" else "1"), "x", "0" * 12, "%00", "'" * 40):
        seen = len(site.audit())
        for name in ("score", "basis", "measures/PI_EP_1", "plan"):
            got = browser.get(f"{home}{name}?year=2026&who={who}")
            assert got.status_code == 403
            answers.add(words(got.text).partition("Steps")[0].split("You may not")[-1])
        assert [one.event for one in site.audit()[seen:]] == [Deed.CHOICE_DENIED] * 4
    assert len(answers) == 1
    assert browser.get(f"{home}score?year=2026&who={mine}").text == own.text
    assert not any(NPI in got.headers.get("Location", "") for got in browser.seen)


OF_NOBODYS_NUMBERS = {"", "help", "patient", "runs", "people", "trail", "sign-out", "read"}
"""Pages and forms that are about no reporter; each has its own roles."""


@pytest.mark.requirement("R83", "R99")
def test_no_page_or_form_there_is_opens_for_the_name_of_another_clinician(
    make_site: Callable[..., Site], results: Path
) -> None:
    site = make_site(results=results, fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    form = {"csrf": csrf_of(browser.get(f"{home}score").text)}
    who = next(key for reporter, key in keys(site, home).items() if reporter != Reporter(TIN, NPI))
    tried = 0
    for rule in site.app.url_map.iter_rules():
        below, _, page = rule.rule.partition("/l/<launch_id>/")
        if below or page.partition("/")[0] in OF_NOBODYS_NUMBERS:
            continue
        for method in {"GET", "POST"} & set(rule.methods or ()):
            address = f"{home}{page.replace('<measure>', 'PI_EP_1')}?year=2026&who={who}"
            seen = len(site.audit())
            got = browser.get(address) if method == "GET" else browser.post(address, form)
            assert (got.status_code, title(got.text)) == (403, "You may not see this"), rule
            assert [one.event for one in site.audit()[seen:]] == [Deed.CHOICE_DENIED], rule
            tried += 1
    assert tried >= 20


@pytest.mark.requirement("R84")
def test_no_address_of_a_page_holds_a_tin_or_an_npi(opened: Opened) -> None:
    _, browser, home = opened
    pages = [browser.get(f"{home}{name}").text for name in ("score", "basis", "periods", "plan", "what-if", "help")]
    addresses = {one for page in pages for one in re.findall(r'(?:href|action|value)="([^"]*)"', page)}
    assert len(addresses) > 30
    assert not [one for one in addresses if NPI in one or TIN in one or NPI_OF_SECOND in one]


@pytest.mark.requirement("R83", "R84")
def test_what_names_a_reporter_at_one_ehr_names_nobody_at_another(
    make_site: Callable[..., Site], results: Path
) -> None:
    other = Registered(id="other", root="https://other.example")
    site = make_site(Registered(), other, results=results)
    browser = site.browser()
    who = re.findall(r"who=([0-9a-f]{12})", browser.get(f"{browser.sign_in()}score").text)[0]
    there = browser.sign_in(at="other")
    assert browser.get(f"{there}score").status_code == 200
    assert browser.get(f"{there}score?year=2026&who={who}").status_code == 403


@pytest.mark.requirement("R99")
def test_a_view_is_audited_with_run_days_reporter_role_and_where_from(opened: Opened) -> None:
    site, browser, home = opened
    browser.get(f"{home}score?{CHOSEN}")
    row = site.audit()[-1]
    assert (row.event, row.role, row.origin) == (Deed.SCORE_VIEWED, "clinician", browser.address)
    assert re.fullmatch(
        r"run [0-9a-f]{12}, 2026-02-01 to 2026-08-31, reporter [0-9a-f]{12}, pages.score", str(row.detail)
    )


def test_the_dashboard_shows_what_counts_in_the_order_in_which_it_is_needed(opened: Opened) -> None:
    _, browser, home = opened
    page = read_page(browser.get(f"{home}score").text)
    order = [e.attributes["id"] for e in page.all("h2") if "id" in e.attributes]
    assert order == ["gate", "score", "better", "points", "next", "ready", "dates"]


def test_at_most_three_next_steps_are_shown_without_any_case(opened: Opened) -> None:
    _, browser, home = opened
    page = read_page(browser.get(f"{home}score?year=2026&start=2026-07-01&end=2026-12-31").text)
    [card] = [s for s in page.all("section") if s.attributes.get("aria-labelledby") == "next"]
    assert len(card.all("li")) <= 3
    assert "sample-00" not in card.text
    assert any("/plan?" in a.attributes["href"] for a in card.all("a"))


def test_answers_that_were_saved_here_go_before_those_of_the_run_and_so_does_their_period(
    make_site: Callable[..., Site], results: Path
) -> None:
    site = make_site(results=results, fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    [kept] = results.glob("runs/*/*/TIN-*-NPI-*/attestations.json")
    answers = json.loads(kept.read_text())
    answers["period"] = {"start": "2026-03-01", "end": "2026-09-30"}
    answers["answers"]["PI_PPHI_1"] = False
    filing, by = Filing("demo", 2026, TIN, NPI), Author("Dana", f"{APP} dana")
    before = browser.get(f"{home}score").text
    site.service.drafts.save(filing, answers, by, site.clock(), None)
    after = browser.get(f"{home}score").text
    assert "March 1, 2026 to September 30, 2026" in read_page(after).all("span", "chosen-text")[0].text
    assert ("Gate open" in before, "Gate open" in after) == (True, False)
    [preset] = [a for a in read_page(after).all("a") if a.text == "The attested period"]
    assert preset.attributes["aria-current"] == "true"
    own = browser.get(f"{home}score?year=2026&start=2026-01-01&end=2026-07-05").text
    assert "January 1, 2026 to July 5, 2026" in read_page(own).all("span", "chosen-text")[0].text
    assert "Gate open" not in own


def test_saved_answers_of_another_reporter_change_nothing(make_site: Callable[..., Site], results: Path) -> None:
    site = make_site(results=results, fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    before = browser.get(f"{home}score").text
    for filing in (Filing("demo", 2026, TIN, None), Filing("demo", 2025, TIN, NPI), Filing("other", 2026, TIN, NPI)):
        site.service.drafts.save(filing, {"year": filing.year}, Author("Dana", "dana"), site.clock(), None)
    assert browser.get(f"{home}score").text == before


def test_totals_of_the_ehrs_report_are_told_to_be_of_other_days_than_those_looked_at(opened: Opened) -> None:
    _, browser, home = opened
    doubt = "own report (PI_HIE_4) are of January 1, 2026 to July 5, 2026, not of the days that this page shows"
    for name in ("score", "measures", "plan", "submission", "attestations"):
        assert doubt not in words(browser.get(f"{home}{name}?year=2026&start=2026-01-01&end=2026-07-05").text)
        assert doubt in words(browser.get(f"{home}{name}?{CHOSEN}").text)
    plan = words(browser.get(f"{home}plan?{CHOSEN}").text)
    assert "It is of 2026-01-01 to 2026-07-05, not of these days" in plan


def test_a_newer_run_that_was_made_for_somebody_else_takes_nobodys_answers_away(
    make_site: Callable[..., Site], results: Path, practice: Path, tmp_path: Path
) -> None:
    copytree(results, out := tmp_path / "results")
    copytree(practice, changed := tmp_path / "practice")
    encounters = changed / "Encounter.ndjson"
    one = json.loads(encounters.read_text(encoding="utf-8").splitlines()[0])
    with encounters.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**one, "id": "one-more"}) + "\n")
    days = Period(date(2026, 1, 1), date(2026, 12, 31))
    group = Attestations(2026, Reporter(TIN, None), days, None, {}, {}, "controlled-included")
    with read(Source(changed, changed / "site.toml"), load(2026), days) as reading:
        newer = publish(score_reading(reading, group), out).run
    assert not list(newer.glob(f"*/TIN-*-NPI-{NPI}"))
    site = make_site(results=out, fresh=True)
    browser = site.browser()
    home = browser.sign_in()
    page = browser.get(f"{home}score").text
    assert "January 1, 2026 to July 5, 2026" in read_page(page).all("span", "chosen-text")[0].text
    assert "Gate open" in page
    assert f"run {newer.name[:12]}" in str(site.audit()[-1].detail)
    assert 'value="yes" checked' in browser.get(f"{home}attestations").text
