"""The demo EHR behind `responses`: what the app sends to the EHR's address reaches the simulator, and no socket.

`serve` connects them; `launch` and `approve` are the clicks of a person in the chart.
"""

import html
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import responses
from flask import Flask
from requests import PreparedRequest

_HOP_BY_HOP = {"content-length", "connection", "transfer-encoding"}


def serve(rsps: responses.RequestsMock, app: Flask, base: str) -> None:
    """Answer every GET, HEAD, POST and DELETE under `base` with what the application answers, redirects too."""

    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(str(request.url))
        address = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        got = app.test_client(use_cookies=False).open(
            address, base_url=base, method=str(request.method), headers=headers, data=request.body
        )
        return got.status_code, dict(got.headers), got.get_data()

    rsps.assert_all_requests_are_fired = False
    for method in (responses.GET, responses.HEAD, responses.POST, responses.DELETE):
        rsps.add_callback(method, re.compile(re.escape(base) + r"(/|$)"), callback=answer, content_type=None)


def launch(app: Flask, clinician: str = "internist", patient: str | None = None, client: str = "pi180") -> str:
    """Click "Launch in a new tab" in the chart; the address at which the app is opened."""
    form = {"client": client, "clinician": clinician, "patient": patient or "", "where": "tab"}
    got = app.test_client(use_cookies=False).post("/launch", data=form)
    assert got.status_code == 303, got.text
    return got.headers["Location"]


def approve(
    app: Flask,
    address: str,
    *,
    without: Iterable[str] = (),
    decision: str = "approve",
    clinician: str | None = None,
    patient: str | None = None,
) -> str:
    """Open the authorization address and answer the question; the address that the browser is then sent to.

    Args:
        without: scopes over resources that the person leaves out.
        decision: `approve` or `deny`.
        clinician: chosen from the list of a standalone launch.
        patient: chosen from the list, where the app asks for a patient and no chart is open.
    """
    browser = app.test_client(use_cookies=False)
    page = browser.get(address)
    if page.status_code in (302, 303):
        return page.headers["Location"]
    assert page.status_code == 200, page.text
    scopes = re.findall(r'name="scope" value="([^"]*)"', page.text)
    (request,) = re.findall(r'name="request" value="([^"]*)"', page.text)
    form = {
        "request": request,
        "decision": decision,
        "scope": [scope for scope in map(html.unescape, scopes) if scope not in set(without)],
        "clinician": clinician or "",
        "patient": patient or "",
    }
    got = browser.post("/authorize", data=form)
    assert got.status_code == 303, got.text
    return got.headers["Location"]
