"""The submission step: what is ready, what is missing, until when, by which ways; and nothing is sent (journey J24)."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from launching import Site, words
from step_forms import Walk, fields

from scoring.model import Reporter
from scoring.submission import read
from smartapp.attesting.signature import Signed, Signer, state_name
from smartapp.attesting.signing import sign, state_of
from smartapp.kept.archive import open_score
from smartapp.kept.publish import keep
from smartapp.kept.runs import table_file
from smartapp.report.files import FILES
from smartapp.scored import score_reading
from smartapp.signing_key import new_signing_key
from smartapp.store import Deed


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


@pytest.fixture
def signing(make_site: Callable[..., Site], whole_results: Path, tmp_path: Path) -> tuple[Walk, Path]:
    """Somebody at a server with a key to sign with, and the folder of the results, their own."""
    out = Path(shutil.copytree(whole_results, tmp_path / "own"))
    site = make_site(results=out, fresh=True, signing=True)
    browser = site.browser()
    return Walk(site, browser, browser.sign_in()), out


def sent_to_sign(walk: Walk, **typed: str) -> tuple[int, str]:
    """Send the form of signing as the page has it now; where it has none, one as it was."""
    csrf = fields(walk.at("attestations"), "attestations")["csrf"]
    form = fields(walk.at("submission"), "submission/sign") or {"csrf": csrf}
    form |= {"role": "clinician", "reason": "submission of 2026", **typed}
    got = walk.browser.post(f"{walk.home}submission/sign{walk.query}", form)
    return got.status_code, words(got.text)


@pytest.mark.requirement("R101")
def test_signing_freezes_what_is_shown_and_page_and_file_agree(signing: tuple[Walk, Path]) -> None:
    walk, out = signing
    assert "Not signed." in walk.text("submission")
    assert sent_to_sign(walk)[0] == 303
    [place] = [file.parent for file in out.glob("runs/*/*/TIN-*-NPI-*/score.json")]
    state = state_of(place)
    assert isinstance(state, Signed)
    assert (state.signature.signer.role, state.signature.signer.reason) == ("clinician", "submission of 2026")
    signed = f"Signed by {state.signature.signer.name}, clinician"
    assert signed in walk.text("submission")
    assert signed in walk.text("score")
    assert Deed.SIGNED in [row.event for row in walk.site.audit()]


def test_an_answer_that_changes_after_signing_voids_the_signature_on_every_page_until_somebody_signs_again(
    signing: tuple[Walk, Path],
) -> None:
    walk, out = signing
    sent_to_sign(walk)
    walk.saves("attestations", **{"answer-PI_ONCACB_1": "no"})
    assert "Signature void: the answers changed after signing." in walk.text("submission")
    assert "Signature void: the answers changed after signing." in walk.text("score")
    assert sent_to_sign(walk)[0] == 303
    assert "Signed by" in walk.text("submission")
    assert sorted(one.name for one in out.glob("runs/*/*/signed/TIN-*-NPI-*/*")) == ["1", "2"]
    [place] = [file.parent for file in out.glob("runs/*/*/TIN-*-NPI-*/score.json")]
    assert state_name(state_of(place)) == "signed"


@pytest.mark.requirement("R101")
def test_nobody_signs_what_they_did_not_see(signing: tuple[Walk, Path]) -> None:
    walk, out = signing
    looked_at = fields(walk.at("submission"), "submission/sign")["seen"]
    walk.saves("attestations", **{"answer-PI_ONCACB_1": "no"})
    for stale in (looked_at, "", looked_at[:-1]):
        status, text = sent_to_sign(walk, seen=stale)
        assert status == 409
        assert "The numbers or answers changed while you looked; look again." in text
    assert not list(out.glob("runs/*/*/signed"))
    assert Deed.SIGNED not in [row.event for row in walk.site.audit()]
    assert sent_to_sign(walk)[0] == 303


@pytest.mark.parametrize("unsaid", ["period", "reporter", "tin"])
def test_what_was_signed_on_the_command_line_is_signed_in_the_app_whatever_its_file_left_to_the_data(
    unsaid: str, make_site: Callable[..., Site], whole_results: Path, tmp_path: Path
) -> None:
    [from_before] = whole_results.glob("runs/*/*/TIN-*-NPI-*")
    with open_score(from_before) as scored:
        said = scored.attestations
        files = {
            "period": replace(said, period=None),
            "reporter": replace(said, reporter=None),
            "tin": replace(said, reporter=Reporter(None, scored.submission.reporter.npi)),
        }
        run = shutil.copytree(from_before.parents[1], tmp_path / "own" / "runs" / from_before.parents[1].name)
        shutil.rmtree(run / from_before.parent.name)
        again = score_reading(scored.reading, files[unsaid])
        for table in ("event", "resource", "reference", "current_directory"):
            again.reading.engine.read(table, table_file(run, table))
        keep(again, tmp_path / "own" / "runs")
    site = make_site(results=tmp_path / "own", fresh=True, signing=True)
    key = site.service.settings.signing_key
    assert key
    place = run / from_before.parent.name / from_before.name
    sign(place, Signer("Ada Example", "practice manager", "submission of 2026"), key, site.clock())
    browser = site.browser()
    assert "Signed by Ada Example" in words(browser.get(f"{browser.sign_in()}submission").text)
    assert state_name(state_of(place)) == "signed"


def test_what_another_key_than_the_servers_signed_is_void(signing: tuple[Walk, Path], tmp_path: Path) -> None:
    walk, out = signing
    [place] = [file.parent for file in out.glob("runs/*/*/TIN-*-NPI-*/score.json")]
    sign(place, Signer("Dr. Forged", "clinician", "x"), new_signing_key(tmp_path / "other"), walk.site.clock())
    assert "Signature void: signed by a key that is not the practice's." in walk.text("submission")
    assert "Signature void: signed by a key that is not the practice's." in walk.text("score")


def test_what_has_its_gate_shut_cannot_be_signed_and_the_page_says_why(signing: tuple[Walk, Path]) -> None:
    walk, out = signing
    walk.saves("attestations", **{"answer-PI_ONCDIR_1": ""})
    status, text = sent_to_sign(walk)
    assert (status, "The gate is shut" in text) == (400, True)
    assert "The gate is shut" in walk.text("submission").partition("Signing keeps")[2]
    assert not list(out.glob("runs/*/*/signed"))


def test_who_signs_in_which_role_and_why_is_asked_for(signing: tuple[Walk, Path]) -> None:
    walk, out = signing
    status, text = sent_to_sign(walk, role=" ")
    assert (status, "role: expected one line" in text) == (400, True)
    assert not list(out.glob("runs/*/*/signed"))


def test_a_server_without_a_key_says_that_nobody_can_sign(walk: Walk) -> None:
    assert "This server has no key to sign with." in walk.text("submission")
    status, text = sent_to_sign(walk)
    assert (status, "This server has no key to sign with." in text) == (400, True)


@pytest.mark.requirement("R81")
def test_a_form_that_is_not_ours_signs_nothing(signing: tuple[Walk, Path]) -> None:
    walk, out = signing
    assert sent_to_sign(walk, csrf="x")[0] == 403
    assert not list(out.glob("runs/*/*/signed"))


def test_every_file_that_is_listed_is_a_download_and_says_what_the_page_says(walk: Walk) -> None:
    links = re.findall(r'href="([^"]+/submission/files/[^"]+)"', walk.at("submission"))
    assert len(links) == 5
    for link in links:
        got = walk.browser.get(link.replace("&amp;", "&"))
        assert got.status_code == 200
        assert re.fullmatch(
            r'attachment; filename="pi180-2026-[a-z0-9-]+\.(json|xml|html|csv)"', got.headers["Content-Disposition"]
        )
        assert walk.site.audit()[-1].event is Deed.EXPORTED
    document = json.loads(walk.browser.get(links[0].replace("&amp;", "&")).text)
    submission, _ = read(document)
    assert (submission.proportions["PI_EP_1"].met, submission.proportions["PI_EP_1"].denominator) == (940, 1000)


def test_the_page_shows_the_numbers_that_are_signed_and_handed_in_and_where_they_are_from(walk: Walk) -> None:
    page = walk.at("submission").partition('id="numbers"')[2].partition("</section>")[0]
    assert "e-Prescribing : 940 of 1,000, from the EHR's report: 9 of 10 points" in words(page)
    total = re.search(r"(\d+) of 100 points\.", words(page))
    assert total, words(page)
    assert f"{total[1]} of 100" in walk.text("score")


def test_a_worksheet_of_the_app_names_where_counts_are_from(walk: Walk) -> None:
    link = re.findall(r'href="([^"]+/submission/files/worksheet[?"][^"]*)"', walk.at("submission"))[0]
    assert "PI_EP_1, from the EHR's report" in words(walk.browser.get(link.replace("&amp;", "&")).text)


def test_no_file_is_made_while_the_gate_is_shut(walk: Walk) -> None:
    walk.saves("attestations", **{"answer-PI_ONCDIR_1": ""})
    page = walk.at("submission")
    assert "/submission/files/" not in page
    query = walk.query or page.partition('href="' + walk.home + "score")[2].partition('"')[0]
    assert walk.browser.get(f"{walk.home}submission/files/qpp-json{query.replace('&amp;', '&')}").status_code == 409


def test_a_file_that_there_is_not_is_not_found(walk: Walk) -> None:
    assert walk.browser.get(f"{walk.home}submission/files/passwd").status_code == 404


def test_of_a_first_look_no_file_for_cms_is_made_and_the_page_says_why(
    make_site: Callable[..., Site], whole_results: Path, tmp_path: Path
) -> None:
    site = make_site(results=tmp_path / "none", fresh=True)
    shutil.copytree(whole_results / "runs", site.service.launching.ehrs["demo"].registration.first_looks)
    browser = site.browser()
    walk = Walk(site, browser, browser.sign_in())
    page = walk.at("submission")
    why = "A first look is of one's own patients alone, and not what a practice attests. No file for CMS is made of it."
    assert "A first look, not the practice's score" in words(page)
    assert why in words(page).partition("Files to take along")[2]
    assert "/submission/files/" not in page
    for kind in FILES:
        got = browser.get(f"{walk.home}submission/files/{kind.name}")
        assert (got.status_code, "A first look is of one's own patients alone" in words(got.text)) == (409, True)
    assert Deed.EXPORTED not in [row.event for row in site.audit()]
