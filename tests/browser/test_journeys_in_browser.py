"""The journeys of the product, in a real browser: narrow without scripts, and wide with them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from smartapp.store import Deed
from tests.browser.journey import CARDIOLOGIST, Desk, attach, number, refused, save, unfold
from tests.browser.launch_site import Site
from tests.browser.walk import STAFF, Walk

pytestmark = pytest.mark.browser

OBJECTIVES = 4
PAPER = 720
"""A Letter page less its margins, in CSS pixels."""


@pytest.fixture(scope="module", params=[(320, False), (1280, True)], ids=["320 px", "1280 px, scripts on"])
def signed_in(request: pytest.FixtureRequest, browser: Browser, site: Site, shots: Path) -> Iterator[Desk]:
    width, scripts = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=scripts, ignore_https_errors=True
    )
    context.set_default_timeout(15_000)
    with Walk(context, site, shots, f"journey-{width}") as walk:
        yield Desk(walk)


@pytest.fixture
def desk(signed_in: Desk, site: Site) -> Iterator[Desk]:
    """Nothing is answered yet; what the browser complained about, the journey answers for."""
    site.forget_answers()
    yield signed_in
    signed_in.walk.check()
    site.forget_answers()


def test_j2_a_first_launch_names_her_and_a_reading_goes_on_while_she_is_away(desk: Desk) -> None:
    tab = desk.open("score", "new")
    expect(tab.locator("header")).to_contain_text("Internist Synthetic, NPI 1234567893")
    desk.walk.look(tab, "j2-nothing-yet")
    tab.get_by_role("button", name="Read my patients").click()
    desk.open("help", "new")
    tab = desk.open("score", "new")
    desk.walk.look(tab, "j2-reading")
    assert tab.get_by_role("button", name="Read my patients").count() == 0
    desk.open("help", "new")  # the page that waits for the score asks by itself, during the next journey too
    desk.walk.pardon(404)  # there is no score yet


def test_j4_staff_choose_a_group_and_a_clinician_opens_nobody_elses_patients(desk: Desk, site: Site) -> None:
    tab = desk.open("measures/PI_EP_1", "group", STAFF)
    expect(tab.locator("h1")).to_have_text("You are signed in as staff; choose a clinician or a group")
    desk.walk.look(tab, "j4-choose")
    tab = desk.open_group("measures/PI_EP_1")
    assert [one.event for one in site.trail[-2:]] == [Deed.SCORE_VIEWED, Deed.CASES_VIEWED]
    assert site.trail[-1].role == "staff"

    choice = tab.url.partition("?")[2]
    desk.walk.expected.append(403)
    own = desk.open(f"measures/PI_EP_1?{choice}", "group", CARDIOLOGIST)
    expect(own.locator("h1")).to_have_text("You may not see this")
    assert own.locator("tr.case").count() == 0
    assert site.trail[-1].event == Deed.CHOICE_DENIED
    desk.walk.look(own, "j4-refused")


def test_j6_a_manager_sees_whether_he_has_to_report_and_attaches_the_letter(desk: Desk, tmp_path: Path) -> None:
    tab = desk.open("requirements")
    tab.get_by_label("Type of clinician").select_option("physician")
    tab.locator("[name='below-threshold'][value=no]").check()
    tab.locator("[name='shared-savings'][value=no]").check()
    tab.locator("[name='status-none']").check()
    tab.locator("[name='hardship'][value='approved']").check()
    tab.get_by_label("Reason of the application").select_option("internet")
    save(tab, 1)
    expect(tab.locator("main")).to_contain_text("Reweighted")
    attach(tab, "hardship-letter", tmp_path)
    desk.walk.look(tab, "j6-requirements")
    tab = desk.open("documents")
    expect(tab.locator("#place-hardship-letter")).to_contain_text("letter.pdf")
    desk.walk.look(tab, "j6-documents")


def test_j7_the_dashboard_says_what_is_needed_first_and_adds_up(desk: Desk) -> None:
    tab = desk.open("score")
    main = tab.locator("main").inner_text()
    order = ["Gate open", "of 100 points", "Points by objective", "What to do next", "Evidence readiness"]
    places = [main.index(text) for text in order]
    assert places == sorted(places)
    table = tab.get_by_role("table", name="The points that the bars draw")
    earned = [int(row.locator("td").first.inner_text()) for row in table.locator("tbody tr").all()]
    assert len(earned) == OBJECTIVES + 1
    assert sum(earned) == number(table.locator("tfoot tr").first.locator("td").first)
    assert min(sum(earned), 100) == number(tab.locator(".hero .big"))
    assert tab.locator(".hero a .big").count() == 1
    desk.walk.look(tab, "j7-score")


def test_j7_a_shut_gate_stands_first_and_leads_to_what_mends_it(desk: Desk) -> None:
    tab = desk.open("cehrt")
    tab.get_by_label("CMS EHR Certification ID").fill("")
    save(tab, 1)
    tab = desk.open("score")
    expect(tab.locator(".hero .big")).to_have_text("0")
    first = tab.locator("main section").first
    expect(first).to_contain_text("Gate shut: 1 thing makes this category zero")
    expect(first).to_contain_text("What to do:")
    desk.walk.look(tab, "j7-gate-shut")
    tab = desk.open("submission")
    tab.get_by_role("link", name="Where to mend it").first.click()
    expect(tab.get_by_label("CMS EHR Certification ID")).to_be_visible()


def test_j8_every_prescription_has_its_reason_and_the_choice_is_kept(desk: Desk) -> None:
    tab = desk.open("measures/PI_EP_1")
    asking = tab.locator("form", has=tab.locator("#filter-show"))
    asking.locator("#filter-show").select_option("not-met")
    asking.get_by_role("button").click()
    tab.wait_for_url("**show=not-met*")
    rows = tab.locator("tr.case")
    assert rows.count() == int(tab.locator("#rows").get_attribute("data-rows") or "")
    for row in rows.all():
        expect(row).to_contain_text("not met")
        expect(row).to_contain_text("MedicationRequest/")
    desk.walk.look(tab, "j8-not-met")
    counts = {kind: [number(tab.locator(".tally tbody tr").nth(n).locator(".figure").nth(at)) for n in (0, 1)]
              for kind, at in {"met": 0, "denominator": 3}.items()}  # fmt: skip
    assert counts["met"][1] < counts["met"][0]
    assert counts["denominator"][1] < counts["denominator"][0]

    tab = desk.open("attestations")
    tab.locator("[name=controlled][value=exclude]").check()
    save(tab, 1)
    expect(tab.locator("main")).to_contain_text("Internist Synthetic")
    desk.walk.look(tab, "j8-kept")
    tab = desk.open("measures/PI_EP_1")
    expect(tab.locator(".tally tbody tr").filter(has_text="left out").locator(".tag").first).to_have_text("chosen")


def test_j9_a_gap_is_dated_to_the_day_and_a_patient_shows_how_the_days_were_counted(desk: Desk) -> None:
    tab = desk.open("measures/PI_PEA_1?show=not-met")
    expect(tab.locator("main")).to_contain_text("Access stopped on March 3, 2026, and returned on March 15, 2026")
    case = tab.locator("tr.case").first
    case.locator("summary").click()
    expect(case).to_contain_text("Visits, and when access was due")
    expect(case).to_contain_text(re.compile(r"Counted: \w{3} \d+, \w{3} \d+, \w{3} \d+, \w{3} \d+"))
    desk.walk.look(tab, "j9-access")


def test_j10_one_road_is_chosen_and_two_are_refused(desk: Desk) -> None:
    before = number(desk.open("score").locator(".hero .big"))
    tab = desk.open("hie")
    expect(tab.locator(".cards > .card")).to_have_count(3)
    expect(tab.get_by_role("heading", name="Two roads at once are refused")).to_be_visible()
    assert tab.locator(".tag-error", has_text="refused").count() == 3
    desk.walk.look(tab, "j10-roads")
    files = number(desk.open("documents").locator("main p", has_text="places that the answers ask for").first)
    tab = desk.open("hie")
    tab.get_by_role("button", name=re.compile("Bi-Directional")).click()
    expect(tab.locator(".card-chosen")).to_contain_text("Bi-Directional")
    assert number(desk.open("score").locator(".hero .big")) == before + 9
    assert files == 0
    expect(desk.open("documents").locator("main")).to_contain_text("The agreement with the exchange")


def test_j11_an_exclusion_that_the_data_refute_is_refused(desk: Desk) -> None:
    tab = desk.open("attestations")
    expect(tab.locator("#statement-PI_EP_2")).to_contain_text("On record")
    tab.locator("[name=answer-PI_EP_2][value='']").check()
    tab.locator("[name=claim-PI_EP_2]").nth(2).check()
    desk.walk.expected.append(400)
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(refused(tab, "claim-PI_EP_2")).to_contain_text("counted")
    desk.walk.look(tab, "j11-refused")


def test_j12_what_cannot_be_read_is_said_and_a_typed_total_is_labelled_everywhere(desk: Desk, tmp_path: Path) -> None:
    tab = desk.open("measures", "thin")
    expect(tab.locator("tr", has=tab.locator("th", has_text="PI_EP_1")).first).to_contain_text("not readable here")
    desk.walk.look(tab, "j12-not-readable")
    tab = desk.open("attestations", "thin")
    box = tab.locator("#statement-PI_EP_1")
    box.get_by_label("Numerator").fill("74")
    box.get_by_label("Denominator").fill("78")
    box.get_by_label("Name of the report").fill("PI report")
    box.get_by_label("Date of the report").fill("2026-11-20")
    save(tab, 1)
    expect(tab.locator("#statement-PI_EP_1 .tag-ehr")).to_be_visible()
    for page in ("measures", "measures/PI_EP_1"):
        expect(desk.open(page, "thin").locator("main")).to_contain_text(re.compile("EHR's (own )?report"))
    desk.walk.look(tab, "j12-measure")
    attach(desk.open("documents", "thin"), "typed-total-PI_EP_1", tmp_path)


def test_j14_an_exclusion_is_weighed_against_its_limit_and_claimed(desk: Desk) -> None:
    tab = desk.open("exclusions")
    card = tab.locator("section", has=tab.locator("h2", has_text="never before encountered")).last
    expect(card).to_contain_text("fewer than 100")
    expect(card).to_contain_text("room for")
    desk.walk.look(tab, "j14-exclusions")
    tab = desk.open("attestations")
    for name in ("met", "of", "report", "on"):
        tab.locator(f"[name={name}-PI_HIE_4]").fill("")
    tab.locator("[name=claim-PI_HIE_4]").nth(1).check()
    save(tab, 1)
    expect(desk.open("score").locator(".hero .big")).to_have_text("89")


def test_j16_late_in_the_year_the_pages_say_what_can_still_be_done(desk: Desk) -> None:
    tab = desk.open("submission")
    expect(tab.locator("main")).to_contain_text("As of November 21, 2026")
    tab = desk.open("requirements")
    expect(tab.locator("main")).to_contain_text("July 5, 2026")
    tab = desk.open("plan")
    expect(tab.locator("main")).to_contain_text("40 days")
    desk.walk.look(tab, "j16-plan")


def test_j17_moving_the_period_moves_the_registrys_deadline_and_two_missed_replies_fail(desk: Desk) -> None:
    tab = desk.open("attestations")
    expect(tab.locator("#statement-PI_PHCDRR_1")).to_contain_text("register by March 2, 2026")
    tab = desk.open("attestations?start=2026-02-01&end=2026-08-31")
    desk.walk.look(tab, "j17-moved")
    tab = desk.open("attestations")
    tab.locator("[name=level-PI_PHCDRR_1][value=PI_PHCDRR_1_PRE]").check()
    for n, day in enumerate(("2026-02-02", "2026-04-01")):
        tab.locator(f"[name=asked-PI_PHCDRR_1-{n}]").fill(day)
        tab.locator(f"[name=missed-PI_PHCDRR_1-{n}]").check()
        save(tab, n + 1)
    expect(tab.locator("#statement-PI_PHCDRR_1 .field-error").first).to_be_visible()
    desk.walk.look(tab, "j17-missed")


def test_j18_a_risk_analysis_of_another_year_is_refused_and_a_draft_may_be_saved(desk: Desk) -> None:
    tab = desk.open("attestations")
    tab.locator("#done-PI_PPHI_1").fill("2025-12-31")
    tab.locator("#edition-PI_PPHI_2").fill("2016")
    desk.walk.expected.append(400)
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(refused(tab, "done-PI_PPHI_1")).to_contain_text("it has to be done in 2026")
    unfold(tab)
    expect(refused(tab, "edition-PI_PPHI_2")).to_be_visible()
    expect(tab.locator("#done-PI_PPHI_1")).to_have_value("2025-12-31")
    desk.walk.look(tab, "j18-refused")
    tab.locator("#done-PI_PPHI_1").fill("2026-03-02")
    tab.locator("#edition-PI_PPHI_2").fill("2025")
    tab.locator("#people-PI_PPHI_1").fill("IT lead")
    save(tab, 1)
    tab.locator("[name=answer-PI_PPHI_1][value=no]").check()
    tab.get_by_role("button", name="Show what it does").click()
    expect(tab.locator("#looked-at")).to_contain_text("It would shut the gate")
    desk.walk.look(tab, "j18-no")


def test_j19_a_certification_id_is_judged_at_once_by_the_pattern_of_its_year(desk: Desk) -> None:
    tab = desk.open("cehrt")
    tab.get_by_label("CMS EHR Certification ID").fill("2024CABCDEF1234")
    tab.get_by_label("Products that the ID stands for").fill("Chart One 9.1\nPortal Two 3")
    save(tab, 1)
    expect(tab.locator("main")).to_contain_text("was expected to begin with")
    desk.walk.look(tab, "j19-not-of-the-year")
    tab.get_by_label("CMS EHR Certification ID").fill("0015CABCDEF1234")
    save(tab, 2)
    expect(tab.locator("main")).to_contain_text("fits 0015CABCDEF1234")
    expect(tab.locator("main")).to_contain_text("Portal Two 3")


def test_j20_a_group_is_not_the_sum_of_its_clinicians_and_the_page_says_why(desk: Desk) -> None:
    tab = desk.open_group("group")
    account = tab.locator("section[aria-labelledby=group-PI_PEA_1]")
    expect(account).to_contain_text("The group counts 59 patients seen; its clinicians add up to 68.")
    expect(account).to_contain_text("what several clinicians count: 9 counted once")
    expect(tab.locator("#ways + p + table")).to_contain_text("Must report")
    expect(tab.locator("main")).to_contain_text("Works under 1 other TIN too; only what is of this TIN counts here.")
    desk.walk.look(tab, "j20-group")


def test_the_dashboard_on_paper_is_within_its_page(desk: Desk) -> None:
    tab = desk.open("score")
    tab.emulate_media(media="print")
    width = tab.viewport_size
    tab.set_viewport_size({"width": PAPER, "height": 900})
    desk.walk.look(tab, "paper")
    expect(tab.locator(".hero .big")).to_be_visible()
    tab.emulate_media(media="screen")
    tab.set_viewport_size(width)  # type: ignore[arg-type]
