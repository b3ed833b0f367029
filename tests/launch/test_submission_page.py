"""The submission step: what is ready, what is missing, until when, by which ways; and nothing is sent (journey J24)."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from launching import Site, words
from step_forms import Walk


@pytest.fixture
def walk(make_site: Callable[..., Site], whole_results: Path) -> Walk:
    site = make_site(results=whole_results)
    browser = site.browser()
    return Walk(site, browser, browser.sign_in())


def test_the_page_says_that_nothing_is_sent_until_when_and_by_which_ways(walk: Walk) -> None:
    text = walk.text("submission")
    assert "pi180 sends nothing to CMS; it is not certified EHR technology." in text
    assert "CMS takes the data of 2026 from January 2, 2027 to March 31, 2027, both days included." in text
    assert "Sign in and attest (attestation worksheet)" in text
    assert "Sign in and upload (QPP JSON or QRDA III)" in text
    assert "A third-party intermediary" in text


def test_what_is_ready_and_what_is_not_is_told_line_by_line(walk: Walk) -> None:
    text = walk.text("submission")
    assert "The input is whole yes" in text
    assert "Every required measure can be told yes" in text
    assert "The gate is open yes" in text
    assert "Every statement is answered yes" in text
    assert re.search(r"The evidence is attached 0 of \d+ not yet", text)


def test_an_answer_that_is_missing_leads_to_its_field(walk: Walk) -> None:
    walk.saves("attestations", **{"answer-PI_ONCDIR_1": ""})
    page = walk.at("submission")
    assert "1 statement is not answered not yet" in words(page)
    assert "1 thing shuts it not yet" in words(page)
    links = re.findall(r'href="([^"]+)#answer-PI_ONCDIR_1"', page)
    assert len(links) == 2
    target = walk.browser.get(links[0].replace("&amp;", "&")).text
    assert 'id="answer-PI_ONCDIR_1"' in target


def test_an_excluded_measure_needs_no_answer(walk: Walk) -> None:
    walk.saves(
        "attestations",
        **{"answer-PI_PHCDRR_3": "", "level-PI_PHCDRR_3": "", "claim-PI_PHCDRR_3": "PI_PHCDRR_3_EX_1"},
    )
    assert "Every statement is answered yes" in walk.text("submission")


def test_every_finding_leads_to_a_field_that_is_there(walk: Walk) -> None:
    walk.saves("cehrt", **{"cehrt-id": "", "in-use-from": "2026-03-01"})
    walk.saves("attestations", **{"answer-PI_PPHI_1": "", "answer-PI_PHCDRR_1": "", "level-PI_PHCDRR_1": ""})
    page = walk.at("submission").partition('id="mend"')[2].partition("</section>")[0]
    links = re.findall(r'<a href="([^"#]+)#([\w-]+)">Where to mend it', page)
    assert [anchor for _, anchor in links] == ["answer-PI_PPHI_1", "cehrt-id", "in-use-from", "answer-PI_PHCDRR_1"]
    for address, anchor in links:
        assert f'id="{anchor}"' in walk.browser.get(address.replace("&amp;", "&")).text


def test_what_shuts_nothing_is_told_too_and_leads_to_its_page(walk: Walk) -> None:
    walk.saves("attestations", **{f"{part}-PI_EP_1": "" for part in ("met", "of", "report", "on")})
    advice = walk.at("submission").partition('id="advice"')[2].partition("</section>")[0]
    said = re.search(r"(\d+) (warnings and notes|warning or note): see Submission", walk.text("score"))
    assert said, walk.text("score")
    assert len(re.findall("Where to mend it", advice)) == int(said[1])
    for link in set(re.findall(r'<a href="([^"#]+)(?:#[^"]*)?">Where to mend it', advice)):
        assert walk.browser.get(link.replace("&amp;", "&")).status_code == 200
