"""A plain client of the demo EHR: what the tests send, spelled out, without any code of the app."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from smartapp.demo_ehr import AuthMethod, DemoClient
from tests.smartapp.ehr_bridge import approve, launch

BASE = "http://127.0.0.1:8181"
FHIR = BASE + "/fhir"
APP = "http://127.0.0.1:8180"
CALLBACK = APP + "/cb/demo"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
SECRET = "s:%+ ecrét"
READ_ALL = "launch openid fhirUser offline_access user/*.rs"

PUBLIC = DemoClient("pi180", (CALLBACK,), APP + "/launch")
BASIC = DemoClient("basic", (CALLBACK,), APP + "/launch", AuthMethod.CLIENT_SECRET_BASIC, SECRET)
POST = DemoClient("post", (CALLBACK,), APP + "/launch", AuthMethod.CLIENT_SECRET_POST, SECRET)


class Time:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.at = 1_795_000_000.0

    def __call__(self) -> float:
        return self.at


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def parameter(address: str, name: str) -> str | None:
    return parse_qs(urlsplit(address).query).get(name, [None])[0]


def authorize_address(launch_value: str | None = None, **changes: str | None) -> str:
    """The address that an app sends the browser to; a change to None leaves the parameter out."""
    asked: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "pi180",
        "redirect_uri": CALLBACK,
        "scope": READ_ALL,
        "state": "a-state",
        "aud": FHIR,
        "launch": launch_value,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        "nonce": None,
        **changes,
    }
    return "/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None})


def launched(
    app: Flask, patient: str | None = "sample-001", clinician: str = "internist", client: str | None = None
) -> str:
    value = parameter(launch(app, clinician, patient, client or "pi180"), "launch")
    assert value
    return value


def code_for(
    app: Flask,
    scope: str = READ_ALL,
    patient: str | None = "sample-001",
    clinician: str = "internist",
    without: tuple[str, ...] = (),
    **changes: str | None,
) -> str:
    address = authorize_address(launched(app, patient, clinician, changes.get("client_id")), scope=scope, **changes)
    code = parameter(approve(app, address, without=without), "code")
    assert code
    return code


def trade(app: Flask, code: str, headers: dict[str, str] | None = None, **changes: str | None) -> TestResponse:
    """Trade a code for tokens; a change to None leaves the parameter out."""
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": "pi180",
        "code_verifier": VERIFIER,
        **changes,
    }
    sent = {name: value for name, value in form.items() if value is not None}
    return app.test_client().post("/token", data=sent, headers=headers)


def refresh(app: Flask, token: str, **changes: str) -> TestResponse:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "pi180", **changes}
    return app.test_client().post("/token", data=form)


def signed_in(app: Flask, scope: str = READ_ALL, **launch_of: Any) -> dict[str, Any]:
    """The token answer of one launch."""
    answer = trade(app, code_for(app, scope, **launch_of))
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def get(app: Flask, address: str, tokens: dict[str, Any]) -> TestResponse:
    """A FHIR request with the access token; the address may be absolute, as in a `next` link."""
    return app.test_client().get(address, headers={"Authorization": f"Bearer {tokens['access_token']}"})


def matched(bundle: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == "match"]


def every_page(app: Flask, address: str, tokens: dict[str, Any]) -> list[str]:
    ids, following = [], address
    while following:
        bundle = get(app, following, tokens).json
        ids += matched(bundle)
        following = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    return ids


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
