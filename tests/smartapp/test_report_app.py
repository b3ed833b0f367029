from pathlib import Path

import pytest
from flask.testing import FlaskClient

from smartapp.web import create_report_app

CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("<!DOCTYPE html><title>r</title>")
    (out / "cases.csv").write_text("measure\n")
    (out / "score.json").write_text("{}")
    return create_report_app(out).test_client()


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html; charset=utf-8"), ("/cases.csv", "text/csv; charset=utf-8")]
)
def test_the_report_and_its_cases_are_served(client: FlaskClient, path: str, kind: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.content_type) == (200, kind)


@pytest.mark.parametrize("path", ["/score.json", "/report.html", "/../score.json", "/%2e%2e/x", "/static/x", "/runs/"])
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (404, "text/plain")


@pytest.mark.parametrize("path", ["/", "/cases.csv", "/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str, method: str) -> None:
    headers = client.open(path, method=method).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_a_report_that_is_not_there_says_how_to_write_it(tmp_path: Path) -> None:
    response = create_report_app(tmp_path).test_client().get("/")
    assert response.status_code == 404
    assert "pi180 score --out" in response.text


def test_a_foreign_name_for_this_machine_is_refused(client: FlaskClient) -> None:
    response = client.get("/", headers={"Host": "rebound.example"})
    assert response.status_code == 400
    assert "<title>" not in response.text
    assert response.headers["Content-Security-Policy"] == CSP
