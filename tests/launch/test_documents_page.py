"""Files that bear out the answers: attached to their places, counted, downloaded, never shown, removed; all audited."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from launching import OWN_FORM, Site, words
from step_forms import PDF, Walk

from smartapp.store import Deed
from smartapp.web.limits import MOST_BYTES_OF_ANY


@pytest.fixture
def walk(make_site: Callable[..., Site], whole_results: Path) -> Walk:
    site = make_site(results=whole_results)
    browser = site.browser()
    return Walk(site, browser, browser.sign_in())


def count(walk: Walk) -> tuple[int, int]:
    filled, of = re.findall(r"(\d+) of (\d+) places that the answers ask for hold a file", walk.text("documents"))[0]
    return int(filled), int(of)


def test_an_attached_file_fills_its_place_and_counts_once(walk: Walk) -> None:
    filled, of = count(walk)
    assert filled == 0
    assert walk.attach("risk-analysis", note="made by IT").status_code == 303
    assert walk.attach("risk-analysis").status_code == 303
    assert count(walk) == (1, of)
    text = walk.text("documents")
    assert "The security risk analysis attached" in text
    assert "made by IT" in text


def test_places_come_and_go_with_the_answers_and_no_file_is_lost(walk: Walk) -> None:
    _, of = count(walk)
    walk.attach("statement-PI_ONCDIR_1")
    walk.saves("attestations", **{"answer-PI_ONCDIR_1": ""})
    assert count(walk) == (0, of - 1)
    page = walk.at("documents")
    assert "letter.pdf" in page.partition('id="beside"')[2]
    walk.saves("attestations", **{"answer-PI_ONCDIR_1": "yes"})
    assert count(walk) == (1, of)


def test_management_of_risks_has_a_place_of_its_own_from_2026(walk: Walk) -> None:
    assert 'id="place-risk-management"' in walk.at("documents")


@pytest.mark.requirement("R86")
def test_a_file_leaves_only_as_a_download_under_a_name_of_ours(walk: Walk) -> None:
    walk.attach("risk-analysis", name="<script>.pdf")
    page = walk.at("documents")
    assert "<script>" not in page
    [address] = set(re.findall(r'href="([^"]*/documents/\w+[^"]*)"', page))
    got = walk.browser.get(address.replace("&amp;", "&"))
    assert got.data == PDF
    assert re.fullmatch(r'attachment; filename="risk-analysis-[0-9a-f]{8}\.pdf"', got.headers["Content-Disposition"])
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    assert walk.site.audit()[-1].event is Deed.DOCUMENT_DOWNLOADED


@pytest.mark.requirement("R86")
@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"<html><script>alert(1)</script>", "page.html", "The file is text/plain, but its name does not end in .txt."),
        (PDF, "letter.png", "The file is application/pdf, but its name does not end in .pdf."),
        (bytes(3), "blob.pdf", "Save it as a PDF and attach that."),
        (b"", "letter.pdf", "The file is empty. Choose another."),
        (b"%PDF-1.7\nPK\x05\x06\n%%EOF\n", "letter.pdf", "The file is two kinds of file at once."),
    ],
)
def test_a_file_of_another_kind_is_refused_beside_its_field(walk: Walk, data: bytes, name: str, why: str) -> None:
    got = walk.attach("risk-analysis", data, name)
    assert got.status_code == 400
    beside = got.text.partition('id="file-risk-analysis-error">')[2].partition("</p>")[0]
    assert why in beside
    assert count(walk)[0] == 0


def test_a_place_that_the_year_does_not_know_is_refused(walk: Walk) -> None:
    got = walk.attach("anything")
    assert got.status_code == 400
    assert "There is no such place for a file" in got.text


@pytest.mark.requirement("R124")
def test_a_file_that_is_too_large_is_refused_before_it_is_read(walk: Walk) -> None:
    body = (
        b"--x\r\nContent-Disposition: form-data; name=file; filename=a.pdf\r\n\r\n"
        + bytes(MOST_BYTES_OF_ANY)
        + b"\r\n--x--"
    )
    client, address = walk.browser.client, f"{walk.home}documents"
    sent = {"data": body, "content_type": "multipart/form-data; boundary=x", "headers": OWN_FORM}
    got = client.post(address, base_url=walk.site.address, **sent)
    assert got.status_code == 413
    assert count(walk)[0] == 0


def test_a_removed_file_is_gone_and_that_it_was_there_is_kept(walk: Walk) -> None:
    walk.attach("risk-analysis")
    page = walk.at("documents")
    address = re.findall(r'action="([^"]*/documents/(\w+)/remove[^"]*)"', page)[0]
    csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]
    got = walk.browser.post(address[0].replace("&amp;", "&"), {"csrf": csrf, "back": "documents"}, OWN_FORM)
    assert got.status_code == 303
    assert count(walk)[0] == 0
    assert "letter.pdf, removed by" in walk.text("documents")
    assert walk.browser.get(f"{walk.home}documents/{address[1]}").status_code == 404
    assert Deed.DOCUMENT_REMOVED in [row.event for row in walk.site.audit()]


@pytest.mark.requirement("R83")
def test_a_file_of_another_reporter_cannot_be_reached_by_its_number(walk: Walk) -> None:
    walk.attach("risk-analysis")
    [document] = walk.site.service.store.documents.of(walk.filing())
    other = walk.site.browser()
    home = other.sign_in("second")
    assert other.get(f"{home}documents/{document.id}").status_code in (403, 404)
    assert other.get(f"{walk.home}documents/{document.id}").status_code == 403


@pytest.mark.requirement("R81")
def test_a_file_of_a_foreign_form_is_refused(walk: Walk) -> None:
    got = walk.attach("risk-analysis", csrf="x")
    assert got.status_code == 403
    assert count(walk)[0] == 0


def test_a_file_that_somebody_took_away_beside_the_app_is_told_with_what_to_do(walk: Walk) -> None:
    walk.attach("risk-analysis")
    (kept,) = walk.site.service.store.documents.of(walk.filing())
    (walk.site.data / "documents" / kept.id).unlink()
    got = walk.browser.get(f"{walk.home}documents/{kept.id}")
    assert got.status_code == 500
    assert "The file is missing from the store's folder. Ask your IT to restore it." in words(got.text)
