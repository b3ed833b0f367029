import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from smartapp.demo_ehr import AuthMethod, DemoClient, Faults
from tests.demo_ehr.signing_in import (
    APP,
    BASE,
    CALLBACK,
    FHIR,
    READ_ALL,
    SECRET,
    VERIFIER,
    Time,
    authorize_address,
    challenge,
    claims_of,
    code_for,
    get,
    launched,
    parameter,
    refresh,
    signed_in,
    trade,
)
from tests.smartapp.ehr_bridge import approve

TOKEN_URL = f"{BASE}/token"


@pytest.fixture
def records(few_patients: Path) -> Path:
    return few_patients


def asked(ehr: Flask, **changes: str | None) -> str:
    """Where an authorization request is sent back to at once; fails if a page was shown instead."""
    answer = ehr.test_client().get(authorize_address(launched(ehr), **changes))
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


# Discovery


@pytest.mark.parametrize("root", ["", "/fhir"])
def test_the_smart_configuration_says_where_and_how(ehr: Flask, root: str) -> None:
    document = ehr.test_client().get(f"{root}/.well-known/smart-configuration").json

    assert (document["issuer"], document["token_endpoint"]) == (BASE, TOKEN_URL)
    assert document["authorization_endpoint"] == f"{BASE}/authorize"
    assert document["revocation_endpoint"] == f"{BASE}/revoke"
    assert document["jwks_uri"] == f"{BASE}/jwks"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert {"launch-ehr", "launch-standalone", "permission-v1", "permission-v2"} <= set(document["capabilities"])


def test_the_published_key_is_public_and_verifies_the_id_token(ehr: Flask) -> None:
    keys = ehr.test_client().get("/jwks").json
    token = jwt.decode(signed_in(ehr)["id_token"], KeySet.import_key_set(keys), ["RS256"])

    assert token.header["kid"] == keys["keys"][0]["kid"]
    assert "d" not in keys["keys"][0]


# The authorization request


def test_an_approved_launch_comes_back_with_code_state_and_issuer(ehr: Flask) -> None:
    back = approve(ehr, authorize_address(launched(ehr)))

    assert back.startswith(CALLBACK + "?")
    assert parameter(back, "code")
    assert (parameter(back, "state"), parameter(back, "iss")) == ("a-state", BASE)


def test_a_denied_launch_comes_back_with_the_reason(ehr: Flask) -> None:
    back = approve(ehr, authorize_address(launched(ehr)), decision="deny")

    assert (parameter(back, "error"), parameter(back, "code")) == ("access_denied", None)
    assert (parameter(back, "state"), parameter(back, "iss")) == ("a-state", BASE)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "stranger"},
        {"client_id": None},
        {"redirect_uri": APP + "/cb/other"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": None},
        {"redirect_uri": 'https://evil.example/"'},
    ],
)
def test_who_cannot_be_trusted_is_not_redirected_to(ehr: Flask, changes: dict[str, str | None]) -> None:
    answer = ehr.test_client().get(authorize_address(launched(ehr), **changes))
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": BASE}, "invalid_request"),
        ({"aud": FHIR + "/"}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"launch": None}, "invalid_request"),
        ({"launch": "never-minted"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": 'x"'}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_refused_before_anyone_is_asked(
    ehr: Flask, changes: dict[str, str | None], error: str
) -> None:
    back = asked(ehr, **changes)
    assert (parameter(back, "error"), parameter(back, "iss")) == (error, BASE)
    assert parameter(back, "state") == changes.get("state", "a-state")


def test_a_repeated_parameter_is_refused(ehr: Flask) -> None:
    assert ehr.test_client().get(authorize_address(launched(ehr)) + f"&aud={FHIR}").status_code == 400


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 303)])
def test_a_launch_value_lives_ten_minutes(ehr: Flask, clock: Time, seconds: int, status: int) -> None:
    value = launched(ehr)
    clock.at += seconds
    assert ehr.test_client().get(authorize_address(value)).status_code == status


def test_what_cannot_be_granted_is_left_out_of_the_grant(ehr: Flask) -> None:
    tokens = signed_in(ehr, "launch openid user/Patient.rs system/*.rs user/Patient.sr launch/encounter")
    assert tokens["scope"] == "launch openid user/Patient.rs"


def test_a_decision_is_taken_once(ehr: Flask) -> None:
    browser = ehr.test_client()
    page = browser.get(authorize_address(launched(ehr))).text
    name = page.partition('name="request" value="')[2].partition('"')[0]
    form = {"request": name, "decision": "approve", "scope": "user/*.rs"}

    assert browser.post("/authorize", data=form).status_code == 303
    assert browser.post("/authorize", data=form).status_code == 400
    assert browser.post("/authorize", data={**form, "request": "guessed"}).status_code == 400


# The code


def test_a_code_is_traded_for_tokens_and_context(ehr: Flask) -> None:
    answer = trade(ehr, code_for(ehr))

    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, READ_ALL)
    assert (tokens["patient"], tokens["need_patient_banner"]) == ("sample-001", True)
    assert get(ehr, "/fhir/Patient/sample-001", tokens).status_code == 200


@pytest.mark.parametrize(
    ("verifier", "error"),
    [
        (None, "invalid_request"),
        ("", "invalid_request"),
        ("too-short", "invalid_request"),
        (VERIFIER + "x", "invalid_grant"),
        (challenge(), "invalid_grant"),
    ],
    ids=["missing", "blank", "short", "wrong", "the challenge itself"],
)
def test_a_code_without_its_verifier_is_refused(ehr: Flask, verifier: str | None, error: str) -> None:
    answer = trade(ehr, code_for(ehr), code_verifier=verifier)
    assert (answer.status_code, answer.json["error"]) == (400, error)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"redirect_uri": APP + "/cb/other"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"client_id": "stranger"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_token_request_is_refused(ehr: Flask, changes: dict[str, str | None], error: str) -> None:
    code = code_for(ehr)
    answer = trade(ehr, changes.pop("code", code), **changes)  # type: ignore[arg-type]
    assert answer.json["error"] == error
    assert "access_token" not in answer.text


def test_a_code_of_another_client_is_refused_and_stays_good(ehr: Flask) -> None:
    code = code_for(ehr)
    assert trade(ehr, code, client_id="post", client_secret=SECRET).json["error"] == "invalid_grant"
    assert trade(ehr, code).status_code == 200


def test_a_parameter_twice_or_in_the_address_is_refused(ehr: Flask) -> None:
    form = {"grant_type": ["refresh_token"] * 2}
    assert ehr.test_client().post("/token", data=form).json["error"] == "invalid_request"
    in_address = ehr.test_client().post("/token?client_id=pi180", data={"grant_type": "refresh_token"})
    assert in_address.json["error"] == "invalid_request"


def test_a_code_that_comes_twice_ends_what_it_led_to(ehr: Flask) -> None:
    code = code_for(ehr)
    tokens = trade(ehr, code).json

    assert trade(ehr, code).json["error"] == "invalid_grant"
    assert get(ehr, "/fhir/Patient", tokens).status_code == 401
    assert refresh(ehr, tokens["refresh_token"]).json["error"] == "invalid_grant"


@pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400)])
def test_a_code_lives_a_minute(ehr: Flask, clock: Time, seconds: int, status: int) -> None:
    code = code_for(ehr)
    clock.at += seconds
    assert trade(ehr, code).status_code == status


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 401)])
def test_an_access_token_lives_as_long_as_it_said(ehr: Flask, clock: Time, seconds: int, status: int) -> None:
    tokens = signed_in(ehr)
    clock.at += seconds
    assert get(ehr, "/fhir/Patient", tokens).status_code == status


# Who signed in


def test_the_id_token_says_who_and_for_whom(ehr: Flask, clock: Time) -> None:
    claims = claims_of(signed_in(ehr, "launch openid fhirUser profile user/*.rs", nonce="n-1")["id_token"])
    person = f"{FHIR}/Practitioner/internist"

    assert (claims["iss"], claims["aud"], claims["sub"]) == (BASE, "pi180", "internist")
    assert (claims["nonce"], claims["fhirUser"], claims["profile"]) == ("n-1", person, person)
    assert (claims["iat"], claims["exp"]) == (clock.at, clock.at + 3600)


def test_the_id_token_says_no_more_than_was_granted(ehr: Flask) -> None:
    claims = claims_of(signed_in(ehr, "launch openid user/*.rs", clinician="office-staff")["id_token"])

    assert {"nonce", "fhirUser", "profile"} & set(claims) == set()
    assert claims["sub"] == "office-staff"
    assert "id_token" not in signed_in(ehr, "launch user/*.rs")


def test_a_nonce_is_used_once(ehr: Flask) -> None:
    code_for(ehr, nonce="n-1")
    assert parameter(asked(ehr, nonce="n-1"), "error") == "invalid_request"
    assert code_for(ehr, nonce="n-2")


def test_a_launch_without_a_patient_has_none_in_its_context(ehr: Flask) -> None:
    assert "patient" not in signed_in(ehr, patient=None)


def test_the_patient_is_told_only_with_a_scope_for_it(ehr: Flask) -> None:
    code = parameter(
        approve(ehr, authorize_address(None, scope="openid user/*.rs"), clinician="internist", patient="sample-001"),
        "code",
    )
    assert "patient" not in trade(ehr, code or "").json


# Standalone launch


def test_a_standalone_launch_asks_for_clinician_and_patient(ehr: Flask) -> None:
    address = authorize_address(None, scope="launch/patient openid fhirUser patient/*.rs")
    code = parameter(approve(ehr, address, clinician="internist", patient="sample-007"), "code")
    tokens = trade(ehr, code or "").json

    assert tokens["patient"] == "sample-007"
    assert claims_of(tokens["id_token"])["sub"] == "internist"


@pytest.mark.parametrize(
    "chosen",
    [
        {"clinician": "internist"},
        {"patient": "sample-007"},
        {"clinician": "nobody", "patient": "sample-007"},
        {"clinician": "internist", "patient": "nobody"},
    ],
)
def test_an_unfinished_choice_is_asked_again(ehr: Flask, chosen: dict[str, str]) -> None:
    browser = ehr.test_client()
    page = browser.get(authorize_address(None, scope="launch/patient patient/*.rs")).text
    name = page.partition('name="request" value="')[2].partition('"')[0]
    form = {"request": name, "decision": "approve", "scope": "patient/*.rs"}
    again = browser.post("/authorize", data={**form, **chosen})

    assert (again.status_code, 'role="alert"' in again.text) == (400, True)
    whole = {"clinician": "internist", "patient": "sample-007"}
    assert browser.post("/authorize", data={**form, **whole}).status_code == 303


# Refresh and revocation


def test_a_refresh_token_comes_only_with_a_scope_for_it(ehr: Flask) -> None:
    assert "refresh_token" not in signed_in(ehr, "launch user/*.rs")
    assert "refresh_token" in signed_in(ehr, "launch online_access user/*.rs")


def test_a_refresh_brings_new_tokens_of_the_same_scope(ehr: Flask) -> None:
    first = signed_in(ehr)
    second = refresh(ehr, first["refresh_token"]).json

    assert (second["scope"], second["patient"]) == (first["scope"], "sample-001")
    assert second["refresh_token"] != first["refresh_token"]
    assert get(ehr, "/fhir/Patient", second).status_code == 200


def test_a_refresh_may_narrow_the_scope_and_never_widen_it(ehr: Flask) -> None:
    first = signed_in(ehr)
    narrow = refresh(ehr, first["refresh_token"], scope="launch").json

    assert narrow["scope"] == "launch"
    assert get(ehr, "/fhir/Patient", narrow).status_code == 403
    assert refresh(ehr, narrow["refresh_token"], scope="patient/*.rs").json["error"] == "invalid_scope"
    assert refresh(ehr, narrow["refresh_token"]).json["scope"] == first["scope"]


def test_a_refresh_token_that_comes_twice_ends_the_session(ehr: Flask) -> None:
    first = signed_in(ehr)
    second = refresh(ehr, first["refresh_token"]).json

    assert refresh(ehr, first["refresh_token"]).json["error"] == "invalid_grant"
    assert get(ehr, "/fhir/Patient", second).status_code == 401
    assert refresh(ehr, second["refresh_token"]).json["error"] == "invalid_grant"


def test_what_is_no_refresh_token_of_the_client_is_refused(ehr: Flask) -> None:
    tokens = signed_in(ehr)
    for value in ("guessed", tokens["access_token"]):
        assert refresh(ehr, value).json["error"] == "invalid_grant"
    other = refresh(ehr, tokens["refresh_token"], client_id="post", client_secret=SECRET)
    assert other.json["error"] == "invalid_grant"
    assert get(ehr, "/fhir/Patient", {"access_token": tokens["refresh_token"]}).status_code == 401


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_after_revocation_neither_access_nor_refresh_works(ehr: Flask, kind: str) -> None:
    tokens, other = signed_in(ehr), signed_in(ehr)
    form = {"token": tokens[kind], "token_type_hint": kind, "client_id": "pi180"}

    assert ehr.test_client().post("/revoke", data=form).status_code == 200
    assert get(ehr, "/fhir/Patient", tokens).status_code == 401
    assert refresh(ehr, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert get(ehr, "/fhir/Patient", other).status_code == 200


def test_only_its_client_revokes_a_token(ehr: Flask) -> None:
    tokens = signed_in(ehr)
    form = {"token": tokens["access_token"]}
    stranger = ehr.test_client().post("/revoke", data={**form, "client_id": "post", "client_secret": SECRET})

    assert (stranger.status_code, stranger.json["error"]) == (400, "invalid_grant")
    assert ehr.test_client().post("/revoke", data=form).json["error"] == "invalid_client"
    assert get(ehr, "/fhir/Patient", tokens).status_code == 200
    assert ehr.test_client().post("/revoke", data={"token": "unknown", "client_id": "pi180"}).status_code == 200


# Client authentication


def basic(client_id: str = "basic", secret: str = SECRET) -> dict[str, str]:
    value = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"Authorization": "Basic " + base64.b64encode(value.encode()).decode()}


def test_a_secret_travels_by_basic_form_encoded(ehr: Flask) -> None:
    code = code_for(ehr, client_id="basic")
    assert trade(ehr, code, basic(), client_id=None).status_code == 200


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        (basic(secret="wrong"), {"client_id": None}),
        (basic(client_id="stranger"), {"client_id": None}),
        ({"Authorization": "Basic !"}, {"client_id": None}),
        (None, {"client_id": "basic"}),
        (None, {"client_id": "basic", "client_secret": SECRET}),
    ],
    ids=["wrong secret", "unknown client", "no base64", "no secret", "secret in the form"],
)
def test_a_client_that_does_not_prove_itself_by_basic_is_refused(
    ehr: Flask, headers: dict[str, str] | None, form: dict[str, str | None]
) -> None:
    answer = trade(ehr, code_for(ehr, client_id="basic"), headers, **form)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_secret_in_the_form_is_for_clients_that_registered_so(ehr: Flask) -> None:
    code = code_for(ehr, client_id="post")
    assert trade(ehr, code, client_id="post", client_secret="wrong").json["error"] == "invalid_client"
    assert trade(ehr, code, basic("post"), client_id=None).json["error"] == "invalid_client"
    assert trade(ehr, code, client_id="post", client_secret=SECRET).status_code == 200


RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-384", {"kid": "ec"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa"})
KEYED = DemoClient(
    "keyed",
    (CALLBACK,),
    APP + "/launch",
    AuthMethod.PRIVATE_KEY_JWT,
    jwks={"keys": [dict(key.as_dict(private=False)) for key in (RSA, EC)]},
)


@pytest.fixture
def keyed(build: Callable[..., Flask]) -> Flask:
    return build(clients=[KEYED])


def assertion(clock: Time, key: Any = RSA, alg: str = "RS384", header: Any = None, **claims: Any) -> dict[str, Any]:
    """The form fields of a client assertion; a claim or header of None is left out."""
    head = {"alg": alg, "kid": key.kid, "typ": "JWT", **(header or {})}
    body = {"iss": "keyed", "sub": "keyed", "aud": TOKEN_URL, "exp": int(clock.at) + 300, "jti": "j-1", **claims}
    kept = [{name: value for name, value in part.items() if value is not None} for part in (head, body)]
    return {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(kept[0], kept[1], key, [alg], default_type=None),
        "client_id": None,
    }


@pytest.mark.parametrize(("key", "alg"), [(RSA, "RS384"), (EC, "ES384")])
def test_a_signed_assertion_proves_a_client(keyed: Flask, clock: Time, key: Any, alg: str) -> None:
    code = code_for(keyed, client_id="keyed")
    assert trade(keyed, code, **assertion(clock, key, alg)).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": STRANGER},
        {"alg": "RS256"},
        {"header": {"kid": None}},
        {"header": {"kid": "unknown"}},
        {"header": {"typ": None}},
        {"iss": "other"},
        {"sub": "other"},
        {"sub": None},
        {"aud": BASE},
        {"aud": TOKEN_URL + "/"},
        {"aud": None},
        {"exp": 1_795_000_000},
        {"exp": 1_795_000_301},
        {"exp": None},
        {"exp": "soon"},
        {"jti": None},
        {"jti": ""},
    ],
)
def test_an_assertion_with_one_defect_is_refused(keyed: Flask, clock: Time, wrong: dict[str, Any]) -> None:
    answer = trade(keyed, code_for(keyed, client_id="keyed"), **assertion(clock, **wrong))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client")


def test_an_assertion_that_is_no_jwt_is_refused(keyed: Flask, clock: Time) -> None:
    code = code_for(keyed, client_id="keyed")
    for text in ("", "a.b.c", "é", "no jwt"):
        answer = trade(keyed, code, **{**assertion(clock), "client_assertion": text})
        assert answer.json["error"] == "invalid_client"


def test_an_assertion_passes_once(keyed: Flask, clock: Time) -> None:
    first, second = (code_for(keyed, client_id="keyed") for _ in range(2))

    assert trade(keyed, first, **assertion(clock)).status_code == 200
    assert trade(keyed, second, **assertion(clock)).json["error"] == "invalid_client"
    assert trade(keyed, second, **assertion(clock, jti="j-2")).status_code == 200


def test_a_client_with_keys_must_use_them(keyed: Flask) -> None:
    code = code_for(keyed, client_id="keyed")
    assert trade(keyed, code, client_id="keyed").json["error"] == "invalid_client"


@pytest.mark.parametrize(
    "registration",
    [
        {"auth_method": AuthMethod.CLIENT_SECRET_BASIC},
        {"secret": "x"},
        {"auth_method": AuthMethod.PRIVATE_KEY_JWT},
        {"jwks": {"keys": []}},
    ],
)
def test_a_registration_that_contradicts_itself_is_refused(registration: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="do not go together"):
        DemoClient("x", (CALLBACK,), APP, **registration)


def test_two_clients_may_not_share_an_identifier(build: Callable[..., Flask]) -> None:
    with pytest.raises(ValueError, match="same client_id"):
        build(clients=[KEYED, KEYED])


def test_all_access_tokens_can_be_expired_at_once(ehr: Flask, faults: Faults) -> None:
    tokens = signed_in(ehr)
    faults.expire_access_tokens()

    assert get(ehr, "/fhir/Patient", tokens).status_code == 401
    assert get(ehr, "/fhir/Patient", refresh(ehr, tokens["refresh_token"]).json).status_code == 200
