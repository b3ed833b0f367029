"""The attestations step: statements with what they would do, refused where data say otherwise, kept in versions."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from launching import Site, words
from step_forms import NPI, OTHER_PERSON, Walk, fields

from smartapp.store import Assignment, Deed


@pytest.fixture
def walk(make_site: Callable[..., Site], whole_results: Path) -> Walk:
    site = make_site(results=whole_results)
    browser = site.browser()
    return Walk(site, browser, browser.sign_in())


def newest(walk: Walk) -> Any:
    draft = walk.site.service.drafts.current(walk.filing())
    assert draft is not None
    return draft


def points(walk: Walk) -> int:
    """The score as the page tells it of an answer that changes nothing."""
    return int(re.findall(r"The score stays (\d+)\.", walk.text("attestations"))[0])


def statement(walk: Walk, measure: str) -> str:
    page = walk.at("attestations")
    return words(page.partition(f'id="statement-{measure}"')[2].partition("</section>")[0])


def test_the_statements_stand_in_the_order_of_cms_list_with_title_id_and_who_signs(walk: Walk) -> None:
    page = walk.at("attestations")
    order = re.findall(r'id="statement-(\w+)"', page)
    assert order[:4] == ["PI_EP_1", "PI_EP_2", "PI_HIE_1", "PI_HIE_4"]
    assert order[-2:] == ["PI_PPHI_1", "PI_PPHI_2"]
    blocking = statement(walk, "PI_INFBLO_1")
    assert "Actions to Limit or Restrict the Compatibility of CEHRT PI_INFBLO_1 must be yes" in blocking
    assert "Who signs: The clinician states it herself or himself" in blocking


def test_a_no_shows_what_it_does_before_anybody_saves_it(walk: Walk) -> None:
    stands = points(walk)
    assert stands > 0
    text = statement(walk, "PI_PPHI_2")
    assert f"No The score goes from {stands} to 0. It shuts the gate:" in text
    got = walk.send("attestations", do="look", **{"answer-PI_PPHI_2": "no"})
    assert got.status_code == 200
    assert f"The score goes from {stands} to 0." in words(got.text)
    assert walk.site.service.drafts.history(walk.filing()) == ()
    assert fields(got.text, "attestations")["answer-PI_PPHI_2"] == "no"


def test_an_optional_statement_changes_nothing(walk: Walk) -> None:
    assert f"No The score stays {points(walk)}." in statement(walk, "PI_ONCACB_1")


def test_saving_makes_a_version_with_who_when_and_why_and_is_audited(walk: Walk) -> None:
    page = words(walk.saves("attestations", reason="The SAFER guide is not done", **{"answer-PI_PPHI_2": "no"}))
    assert "Saved as version 1." in page
    assert "The SAFER guide is not done" in page
    saved = newest(walk)
    assert saved.document["answers"]["PI_PPHI_2"] is False
    assert saved.user.startswith("https://ehr.example")
    assert Deed.ANSWERS_SAVED in [row.event for row in walk.site.audit()]
    walk.saves("attestations", **{"answer-PI_PPHI_2": ""})
    assert "PI_PPHI_2" not in newest(walk).document["answers"]
    assert [one.number for one in walk.site.service.drafts.history(walk.filing())] == [2, 1]
    assert "Changed: PI_PPHI_2: answer." in walk.text("attestations")


def test_nothing_changed_is_no_new_version(walk: Walk) -> None:
    assert "Nothing was changed, so nothing was saved." in words(walk.saves("attestations"))
    assert walk.site.service.drafts.current(walk.filing()) is None


def test_the_score_of_every_page_is_that_of_the_saved_answers(walk: Walk) -> None:
    walk.saves("attestations", **{"answer-PI_INFBLO_1": "no"})
    assert "Actions to Limit or Restrict the Compatibility of CEHRT (PI_INFBLO_1) must be answered yes, got no" in (
        walk.text("score")
    )


def test_what_somebody_saved_in_between_is_shown_beside_what_was_typed_and_nothing_is_lost(walk: Walk) -> None:
    form = fields(walk.at("attestations"), "attestations") | {"answer-PI_EP_2": "no", "people-PI_PPHI_1": "Dr. Who"}
    theirs = {**walk_document(walk), "people": {"PI_PPHI_1": "IT lead", "PI_PPHI_2": "Safety lead"}}
    when = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    walk.site.service.drafts.save(walk.filing(), theirs, OTHER_PERSON, when, None, "Names added")
    got = walk.send_fields("attestations", form)
    assert got.status_code == 409
    text = words(got.text)
    assert "Second Person saved version 1 on November 21, 2026" in text
    assert "PI_PPHI_1: who took part IT lead Dr. Who" in text
    again = fields(got.text, "attestations")
    assert (again["based-on"], again["answer-PI_EP_2"]) == ("1", "no")
    assert (again["people-PI_PPHI_1"], again["people-PI_PPHI_2"]) == ("Dr. Who", "Safety lead")
    assert walk.send_fields("attestations", again).status_code == 303
    assert newest(walk).number == 2
    assert newest(walk).document["people"] == {"PI_PPHI_1": "Dr. Who", "PI_PPHI_2": "Safety lead"}


def walk_document(walk: Walk) -> dict[str, Any]:
    """The answers as they stand: those of one saved version, which is taken back."""
    walk.saves("attestations", **{"people-PI_PPHI_1": "nobody yet"})
    document = {name: value for name, value in newest(walk).document.items() if name != "people"}
    with walk.site.service.launches._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM draft")
    return document


UNANSWERED = {"answer-PI_PHCDRR_1": "", "level-PI_PHCDRR_1": ""}


def test_a_claim_that_the_counts_refute_is_refused_and_kept_for_a_period_that_bears_it_out(walk: Walk) -> None:
    claim = UNANSWERED | {"claim-PI_PHCDRR_1": "PI_PHCDRR_1_EX_1"}
    told = walk.refusals("attestations", **claim)
    assert "PI_PHCDRR_1_EX_1 is claimed and needs fewer than 1 immunizations" in told["claim-PI_PHCDRR_1"]
    assert "1 are counted" in told["claim-PI_PHCDRR_1"]
    before = replace(walk, query="?year=2026&start=2026-01-01&end=2026-01-31")
    assert before.send("attestations", **claim).status_code == 303
    assert newest(walk).document["answers"]["PI_PHCDRR_1_EX_1"] is True
    assert "is claimed and needs" in statement(walk, "PI_PHCDRR_1")


def test_a_field_that_is_refused_stands_in_an_open_part_and_the_others_are_closed(walk: Walk) -> None:
    closed = walk.at("attestations").partition('id="statement-PI_PHCDRR_3"')[2].partition("</section>")[0]
    assert "<details><summary>Exclusion" in closed
    page = walk.send("attestations", **{"claim-PI_PHCDRR_3": "PI_PHCDRR_3_EX_1"}).text
    opened = page.partition('id="statement-PI_PHCDRR_3"')[2].partition("</section>")[0]
    assert "<details open><summary>Exclusion" in opened
    assert "<details><summary>Who signs" in opened


def test_a_measure_and_its_own_exclusion_are_refused_together(walk: Walk) -> None:
    told = walk.refusals("attestations", **{"claim-PI_PHCDRR_3": "PI_PHCDRR_3_EX_1"})
    assert "PI_PHCDRR_3 is reported together with its exclusion" in told["claim-PI_PHCDRR_3"]
    told = walk.refusals("attestations", **{"claim-PI_EP_1": "PI_LVPP_1"})
    assert "stands beside an answer that takes PI_EP_1 out of the submission" in told["met-PI_EP_1"]


@pytest.mark.parametrize(("denominator", "standing"), [("99", "available"), ("100", "not available")])
def test_exactly_a_hundred_does_not_qualify(walk: Walk, denominator: str, standing: str) -> None:
    walk.saves("attestations", **{"met-PI_EP_1": "1", "of-PI_EP_1": denominator})
    assert f"permissible prescriptions in the period {standing} Limit: fewer than 100" in statement(walk, "PI_EP_1")


@pytest.mark.parametrize("path", ["PI_HIE_5", "PI_HIE_6"])
def test_two_roads_of_health_information_exchange_are_refused_with_the_reason(walk: Walk, path: str) -> None:
    told = walk.refusals("attestations", **{"road-healthInformationExchange": path})
    assert "takes PI_HIE_1 out of the submission (its exclusion, or another path)" in told["met-PI_HIE_1"]


def test_a_road_alone_is_kept_and_moves_the_points(walk: Walk) -> None:
    cleared = {f"{what}-{m}": "" for m in ("PI_HIE_1", "PI_HIE_4") for what in ("met", "of", "report", "on")}
    walk.saves("attestations", **cleared, **{"road-healthInformationExchange": "PI_HIE_5"})
    answers = newest(walk).document["answers"]
    assert answers["PI_HIE_5"] is True
    assert "PI_HIE_6" not in answers
    assert "on the path that is reported" in statement(walk, "PI_HIE_5")
    assert "on another path" in statement(walk, "PI_HIE_1")


@pytest.mark.parametrize(("day", "kept"), [("2026-01-01", True), ("2026-12-31", True), ("2025-12-31", False)])
def test_a_risk_analysis_of_another_calendar_year_is_refused(walk: Walk, day: str, kept: bool) -> None:
    for field in ("done-PI_PPHI_1", "managed-PI_PPHI_1", "done-PI_PPHI_2"):
        if kept:
            walk.saves("attestations", **{field: day})
        else:
            assert "it has to be done in 2026" in walk.refusals("attestations", **{field: day})[field]


def test_the_edition_of_the_safer_guide_is_that_of_the_year(walk: Walk) -> None:
    told = walk.refusals("attestations", **{"edition-PI_PPHI_2": "2016"})
    assert "asks for the 2025 edition, got 2016" in told["edition-PI_PPHI_2"]
    walk.saves("attestations", **{"edition-PI_PPHI_2": "2025", "people-PI_PPHI_2": "Safety lead"})
    assert newest(walk).document["editions"] == {"PI_PPHI_2": "2025"}


def test_a_total_of_the_ehrs_report_needs_all_its_parts_and_is_labelled(walk: Walk) -> None:
    told = walk.refusals("attestations", **{"met-PI_PEA_1": "3", "of-PI_PEA_1": "2"})
    assert "Expected exactly a numerator, a denominator, a report (its name) and a date." in told["met-PI_PEA_1"]
    whole = {"report-PI_PEA_1": "Portal report", "on-PI_PEA_1": "2026-11-20"}
    told = walk.refusals("attestations", **whole, **{"met-PI_PEA_1": "3", "of-PI_PEA_1": "2"})
    assert "0 <= numerator <= denominator, got 3 / 2" in told["met-PI_PEA_1"]
    walk.saves("attestations", **whole, **{"met-PI_PEA_1": "2", "of-PI_PEA_1": "3"})
    assert "from the EHR's report 2 of 3, from the EHR's report: Portal report" in statement(walk, "PI_PEA_1")
    assert "from the EHR's report" in walk.text("measures")


def test_a_total_that_was_reported_before_the_period_ends_is_told_to_lack_the_rest(walk: Walk) -> None:
    typed = {"met-PI_PEA_1": "2", "of-PI_PEA_1": "3", "report-PI_PEA_1": "Portal report"}
    for on, short in (("2026-07-04", True), ("2026-07-05", False)):
        looked = words(walk.send("attestations", "look", **typed, **{"on-PI_PEA_1": on}).text)
        assert (f"What came after {on} is not in it." in looked) is short
    walk.saves("attestations", **typed, **{"on-PI_PEA_1": "2026-07-04"})
    assert "What came after 2026-07-04 is not in it. Run that report again" in statement(walk, "PI_PEA_1")


def test_how_controlled_substances_count_is_kept_with_who_and_when(walk: Walk) -> None:
    assert "Controlled substances included: " in walk.text("attestations")
    walk.saves("attestations", controlled="exclude")
    assert newest(walk).document["choices"] == {"controlled_substances": "exclude"}
    assert "on November 21, 2026, version 1." in walk.text("attestations")


def test_a_yes_on_the_pdmp_without_a_query_on_record_asks_for_a_document(walk: Walk) -> None:
    assert "a yes rests on what is attached. Attach a document" in statement(walk, "PI_EP_2")
    walk.attach("pdmp-query")
    assert "Attach a document" not in statement(walk, "PI_EP_2")


def test_the_day_to_register_by_moves_with_the_period_and_so_does_the_gate(walk: Walk) -> None:
    level_1 = {"level-PI_PHCDRR_1": "PI_PHCDRR_1_PRE", "registered-PI_PHCDRR_1": "2026-03-03"}
    walk.saves("attestations", **level_1)
    text = statement(walk, "PI_PHCDRR_1")
    assert "register by March 2, 2026" in text
    assert "registered on 2026-03-03, more than 60 days after the period began" in text
    moved = replace(walk, query="?year=2026&start=2026-01-02&end=2026-07-05")
    text = statement(moved, "PI_PHCDRR_1")
    assert "register by March 3, 2026" in text
    assert "more than 60 days" not in text


def test_two_requests_that_were_not_answered_in_time_turn_level_1_to_not_met(walk: Walk) -> None:
    first = {"asked-PI_PHCDRR_1-0": "2026-02-01", "answered-PI_PHCDRR_1-0": "2026-03-03"}
    walk.saves("attestations", **first, **{"level-PI_PHCDRR_1": "PI_PHCDRR_1_PRE"})
    text = statement(walk, "PI_PHCDRR_1")
    assert "Reply by March 3, 2026. Answered in time." in text
    walk.saves("attestations", **{"answered-PI_PHCDRR_1-0": "2026-03-04"})
    assert "1 request of this period not answered in time" in statement(walk, "PI_PHCDRR_1")
    assert "fail level 1" not in statement(walk, "PI_PHCDRR_1")
    walk.saves("attestations", **{"asked-PI_PHCDRR_1-1": "2026-04-01", "missed-PI_PHCDRR_1-1": "yes"})
    assert "2 requests of the agency in the period were not answered within 30 days; 2 fail level 1." in (
        statement(walk, "PI_PHCDRR_1")
    )


def test_an_open_request_says_until_when_to_reply(walk: Walk) -> None:
    walk.saves("attestations", **{"asked-PI_PHCDRR_3-0": "2026-06-01"})
    assert "Reply by July 1, 2026. That day has passed" in statement(walk, "PI_PHCDRR_3")
    told = walk.refusals("attestations", **{"answered-PI_PHCDRR_3-0": "2026-05-31"})
    assert "Expected an answer on 2026-06-01 or later" in told["asked-PI_PHCDRR_3-0"]


def test_looking_at_other_days_changes_the_period_of_the_answers_only_where_somebody_says_so(walk: Walk) -> None:
    elsewhere = replace(walk, query="?year=2026&start=2026-02-01&end=2026-08-31")
    elsewhere.saves("attestations", **{"people-PI_PPHI_1": "IT lead"})
    assert newest(walk).document["period"] == {"start": "2026-01-01", "end": "2026-07-05"}
    assert "Which period do the answers attest?" not in walk.text("attestations")
    told = elsewhere.refusals("attestations", period="2026-08-31 2026-02-01")
    assert "Expected start before end" in told["period"]
    elsewhere.saves("attestations", period="2026-02-01 2026-08-31")
    assert newest(walk).document["period"] == {"start": "2026-02-01", "end": "2026-08-31"}


@pytest.mark.requirement("R81")
def test_answers_of_a_foreign_form_are_refused_and_audited(walk: Walk) -> None:
    form = fields(walk.at("attestations"), "attestations") | {"answer-PI_PPHI_2": "no", "csrf": "x"}
    assert walk.send_fields("attestations", form).status_code == 403
    assert walk.site.service.drafts.current(walk.filing()) is None
    assert Deed.DENIED in [row.event for row in walk.site.audit()]


@pytest.mark.requirement("R85")
def test_what_people_type_shows_as_text(walk: Walk) -> None:
    script = "<script>alert(1)</script>{{7*7}}"
    page = walk.saves("attestations", reason=script, **{"people-PI_PPHI_1": f'"{script}'})
    assert "<script>" not in page
    assert "{{7*7}}" in page
    assert fields(page, "attestations")["people-PI_PPHI_1"] == f'"{script}'


def test_an_auditor_looks_and_changes_nothing(make_site: Callable[..., Site], whole_results: Path) -> None:
    site = make_site(results=whole_results, fresh=True)
    auditor = Assignment("Practitioner/second", "Second", "auditor", None, "test", datetime(2026, 11, 1, tzinfo=UTC))
    site.service.store.people.grant("demo", auditor)
    browser = site.browser()
    home = browser.sign_in("second")
    [who] = set(re.findall(rf'who=([0-9a-f]{{12}})"[^>]*>NPI {NPI}', browser.get(f"{home}score").text))
    walk = Walk(site, browser, home, f"?year=2026&who={who}")
    page = walk.at("attestations")
    assert "You may look at these answers, not change them." in words(page)
    assert walk.send("attestations", **{"answer-PI_PPHI_2": "no"}).status_code == 403
    assert site.service.drafts.current(walk.filing()) is None
    denied = [row for row in site.audit() if row.event is Deed.CHOICE_DENIED]
    assert ["may not answer" in str(row.detail) for row in denied] == [True]
