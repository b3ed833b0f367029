"""What comes in is bounded: size, fields, files, and forms a minute; the refusal is a page, and nothing is changed."""

from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask, Response, request
from launching import OWN_FORM, START, Browser, Site, csrf_of, is_plain_page, title

from smartapp.web import problems
from smartapp.web.headers import with_headers
from smartapp.web.limits import MOST_BYTES, MOST_FIELDS, MOST_FORMS, Pace, bound, takes_files

FILE_BYTES = 200_000


@pytest.fixture
def files_app(site: Site) -> Flask:
    """An app with one view that takes files."""
    app = Flask("files")
    app.extensions["pi180"] = site.service

    @app.post("/files")
    @takes_files(FILE_BYTES)
    def files() -> Response:
        return Response(f"{len(request.files['file'].read())} bytes")

    problems.handle(app)
    bound(app, site.service)
    app.after_request(with_headers)
    return app


@pytest.mark.requirement("R124")
@pytest.mark.parametrize(("more", "status"), [(0, 403), (1, 413)])
def test_a_form_may_be_as_large_as_the_limit_and_not_a_byte_larger(browser: Browser, more: int, status: int) -> None:
    home = browser.sign_in()
    text = "a" * (MOST_BYTES - len("csrf=") + more)
    got = browser.post(f"{home}sign-out", {"csrf": text})

    assert got.status_code == status
    assert is_plain_page(got)
    assert browser.get(f"{home}runs").status_code == 200


@pytest.mark.requirement("R124")
@pytest.mark.parametrize(("fields", "status"), [(MOST_FIELDS, 403), (MOST_FIELDS + 1, 413)])
def test_a_form_may_have_so_many_fields_and_not_one_more(browser: Browser, fields: int, status: int) -> None:
    home = browser.sign_in()
    got = browser.post(f"{home}sign-out", {f"f{number}": "" for number in range(fields)})

    assert got.status_code == status
    assert is_plain_page(got)


@pytest.mark.requirement("R124")
def test_a_page_that_takes_no_files_refuses_a_form_with_files_unread(browser: Browser) -> None:
    home = browser.sign_in()
    got = browser.client.post(
        f"{home}sign-out",
        base_url=browser.site.address,
        headers=OWN_FORM,
        data={"csrf": "x", "file": (BytesIO(b"%PDF-"), "a.pdf")},
    )

    assert (got.status_code, title(got.text)) == (415, "This page takes no files")
    assert browser.get(f"{home}runs").status_code == 200


@pytest.mark.requirement("R124")
@pytest.mark.parametrize(("size", "status"), [(FILE_BYTES - 500, 200), (FILE_BYTES + 1, 413)])
def test_a_page_that_takes_files_takes_them_up_to_its_own_limit(files_app: Flask, size: int, status: int) -> None:
    got = files_app.test_client().post("/files", data={"file": (BytesIO(b"a" * size), "a.txt")})

    assert got.status_code == status
    assert got.text == f"{size} bytes" if status == 200 else "That is too large" in got.text


@pytest.mark.requirement("R124")
def test_too_many_forms_of_one_session_are_refused_for_a_minute_and_nobody_else_is(browser: Browser) -> None:
    home, other = browser.sign_in(), browser.site.browser()
    others_home = other.sign_in()
    browser.site.clock.passes(60)
    for _ in range(MOST_FORMS):
        assert browser.post(f"{home}sign-out", {"csrf": "wrong"}).status_code == 403
    refused = browser.post(f"{home}sign-out", {"csrf": csrf_of(browser.get(f"{home}runs").text)})

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert is_plain_page(refused)
    assert "https://chart.example" in refused.headers["Content-Security-Policy"]
    assert other.post(f"{others_home}sign-out", {"csrf": "wrong"}).status_code == 403
    browser.site.clock.passes(60)
    page = browser.get(f"{home}runs").text
    assert browser.post(f"{home}sign-out", {"csrf": csrf_of(page)}).status_code == 200


@pytest.mark.requirement("R124")
def test_nobody_uses_up_the_forms_of_a_session_whose_cookie_they_do_not_hold(browser: Browser) -> None:
    home, stranger = browser.sign_in(), browser.site.browser()
    browser.site.clock.passes(60)
    refused = {stranger.post(f"{home}sign-out").status_code for _ in range(MOST_FORMS + 1)}

    assert refused == {403, 429}
    assert browser.post(f"{home}sign-out", {"csrf": "wrong"}).status_code == 403


@pytest.mark.requirement("R124")
@pytest.mark.parametrize(("seconds", "allowed"), [(59, False), (60, True)])
def test_what_was_done_a_minute_ago_does_not_count_any_more(seconds: int, allowed: bool) -> None:
    pace = Pace(2, timedelta(minutes=1))
    assert [pace.allows("one", START) for _ in range(3)] == [True, True, False]

    assert pace.allows("one", START + timedelta(seconds=seconds)) is allowed
    assert pace.allows("another", START)


@pytest.mark.requirement("R124")
def test_what_was_refused_does_not_keep_anybody_out_for_longer() -> None:
    pace = Pace(1, timedelta(minutes=1))
    pace.allows("one", START)
    assert not any(pace.allows("one", START + timedelta(seconds=second)) for second in range(1, 60))

    assert pace.allows("one", START + timedelta(minutes=1))


@pytest.mark.requirement("R124")
def test_a_clock_that_is_set_back_keeps_nobody_out() -> None:
    pace = Pace(1, timedelta(minutes=1))
    pace.allows("one", START)

    assert pace.allows("one", START - timedelta(hours=1))
