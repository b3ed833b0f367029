"""An id_token is believed after every check or not at all (C59: R10, R17, R18, R19, R20)."""

import json
import traceback
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from hypothesis import given
from hypothesis import strategies as st

from smartapp.smart.errors import SmartError
from smartapp.smart.identity import (
    Identity,
    IdentityRefused,
    Reason,
    UnknownKey,
    fhir_user_reference,
    validate,
)
from tests.smart import forge
from tests.smart.forge import CLIENT, ISSUER, KEY, NONCE, NOW, STRANGER, id_token, jwks, public, rs256

AT = int(NOW.timestamp())
BASE = "https://fhir.example.org/r4/"


def believe(token: str, keys: dict[str, Any] | None = None, **changed: Any) -> Identity:
    expected = {"issuer": ISSUER, "client_id": CLIENT, "nonce": NONCE, "now": NOW} | changed
    return validate(token, jwks() if keys is None else keys, **expected)


def refusal(token: str, keys: dict[str, Any] | None = None, **changed: Any) -> Reason:
    with pytest.raises(IdentityRefused) as refused:
        believe(token, keys, **changed)
    return refused.value.reason


def es384_key() -> tuple[ec.EllipticCurvePrivateKey, dict[str, Any]]:
    key = ec.generate_private_key(ec.SECP384R1())
    point = key.public_key().public_numbers()
    x, y = (forge.b64(value.to_bytes(48)) for value in (point.x, point.y))
    return key, {"kty": "EC", "crv": "P-384", "x": x, "y": y, "kid": "k1"}


def test_an_honest_token_tells_the_user_and_nothing_more() -> None:
    token = id_token(fhirUser="Practitioner/1", name="Dr Canary", email="canary@example.org")

    assert believe(token) == Identity(ISSUER, "user-1", "Practitioner/1")


# The token's form and header


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "a b.c.d", "a.b.c\n", "é.b.c", "..", ".b.c", "a..c", '{"payload":""}'],
)
def test_what_is_no_compact_jws_is_refused(token: str) -> None:
    assert refusal(token) is Reason.FORM


@pytest.mark.requirement("R17")
def test_a_header_of_a_megabyte_is_refused_before_it_is_read() -> None:
    assert refusal(id_token({"x": "a" * 1_000_000})) is Reason.SIZE


@pytest.mark.requirement("R17")
def test_a_token_of_64_kilobytes_is_read_and_one_character_more_is_not() -> None:
    room = 65_536 - len(id_token(pad=""))
    fitting = max((id_token(pad="x" * n) for n in range(room * 3 // 4 - 4, room * 3 // 4 + 4)), key=_length_that_fits)

    assert len(fitting) in (65_535, 65_536)
    assert believe(fitting)
    assert refusal(fitting + "A" * (65_537 - len(fitting))) is Reason.SIZE


def _length_that_fits(token: str) -> int:
    return len(token) if len(token) <= 65_536 else 0


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "header",
    [b"no json", b"[]", b'"text"', b"\xff\xfe", b'{"alg":"none","alg":"RS256"}', b'{"a":NaN}', b"[" * 30_000],
    ids=["text", "array", "string", "not UTF-8", "alg twice", "NaN", "deep"],
)
def test_a_header_that_is_no_plain_object_is_refused(header: bytes) -> None:
    assert refusal(forge.compact(header, forge.claims(), rs256(KEY))) is Reason.HEADER


@pytest.mark.requirement("R17")
def test_a_header_that_is_no_base64url_is_refused() -> None:
    assert refusal("A" + id_token()) is Reason.HEADER
    assert refusal("AAAAA.b.c") is Reason.HEADER


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "RS512", "ES256", "", 5, None, ["RS256"], "rs256"])
def test_an_algorithm_that_the_registration_does_not_list_is_refused(alg: Any) -> None:
    assert refusal(id_token({"alg": alg})) is Reason.ALGORITHM


@pytest.mark.requirement("R17")
def test_an_unsigned_token_is_refused() -> None:
    assert refusal(id_token({"alg": "none"}, lambda _: b"")) is Reason.ALGORITHM
    assert refusal(id_token(sign=lambda _: b"")) is Reason.SIGNATURE


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("allowed", [("RS256",), ("RS256", "HS256", "none")])
def test_hmac_with_the_public_key_as_its_secret_is_refused_even_where_a_setting_lists_it(
    allowed: tuple[str, ...],
) -> None:
    forged = id_token({"alg": "HS256"}, forge.hs256_with_the_public_key)

    assert refusal(forged, algorithms=allowed) is Reason.ALGORITHM
    assert refusal(id_token({"alg": "none"}, lambda _: b""), algorithms=allowed) is Reason.ALGORITHM


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "header",
    [
        {"jwk": public(STRANGER)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/chain"},
        {"x5c": ["MIIB"]},
    ],
    ids=["jwk", "jku", "x5u", "x5c"],
)
def test_a_key_that_the_token_brings_along_is_never_used(header: dict[str, Any]) -> None:
    assert refusal(id_token(header, rs256(STRANGER))) is Reason.SIGNATURE
    assert refusal(id_token(header | {"kid": "theirs"}, rs256(STRANGER))) is Reason.UNKNOWN_KEY
    assert believe(id_token(header))  # the issuer's own signature: the member is not looked at


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": True}])
def test_a_critical_extension_is_refused(header: dict[str, Any]) -> None:
    assert refusal(id_token(header)) is Reason.CRITICAL


# The key set and the signature


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("kid", ["k2", "", "K1", 5, ["k1"]])
def test_a_key_that_the_issuer_does_not_publish_is_told_apart_so_that_the_set_can_be_fetched_again(kid: Any) -> None:
    with pytest.raises(UnknownKey) as refused:
        believe(id_token({"kid": kid}))
    assert refused.value.reason is Reason.UNKNOWN_KEY


@pytest.mark.requirement("R17")
def test_two_keys_of_the_same_id_are_refused_whichever_is_first() -> None:
    ours, other = public(), public(STRANGER)

    assert refusal(id_token(), jwks(ours, other)) is Reason.ONE_KEY
    assert refusal(id_token(), jwks(other, ours)) is Reason.ONE_KEY
    assert refusal(id_token(), jwks(ours, ours)) is Reason.ONE_KEY


@pytest.mark.requirement("R17")
def test_without_a_key_id_the_set_must_hold_one_usable_key() -> None:
    anonymous = id_token({"kid": None})

    assert believe(anonymous)
    assert believe(anonymous, jwks(public(), public(STRANGER, use="enc"), es384_key()[1]))
    assert refusal(anonymous, jwks(public(), public(STRANGER, kid="k2"))) is Reason.ONE_KEY
    assert refusal(anonymous, {"keys": []}) is Reason.ONE_KEY


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "changed",
    [
        {"use": "enc"},
        {"alg": "RS384"},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC"},
        {"n": ""},
        {"n": 5},
        {"n": "!"},
        {"n": "A"},
        {"n": "é"},
        {"n": forge.number(2**1023 + 1)},
        {"n": "AAAA" * 100 + forge.number(2**1023 + 1)},
        {"n": forge.number(2**9000 + 1)},
    ],
)
def test_a_key_that_is_not_for_such_signatures_is_not_used(changed: dict[str, Any]) -> None:
    assert refusal(id_token(), jwks(public(**changed))) is Reason.ONE_KEY


@pytest.mark.requirement("R17")
def test_a_key_that_cannot_be_built_verifies_nothing() -> None:
    unbuilt = {name: value for name, value in public().items() if name != "e"}

    assert refusal(id_token(), jwks(unbuilt)) is Reason.SIGNATURE
    assert refusal(id_token(), jwks(public(e="!"))) is Reason.SIGNATURE
    assert refusal(id_token(), jwks(public(e=forge.number(4)))) is Reason.SIGNATURE


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": {"k1": public()}}, {"keys": "k1"}])
def test_what_is_no_key_set_is_refused(keys: dict[str, Any]) -> None:
    assert refusal(id_token(), keys) is Reason.KEY_SET


@pytest.mark.requirement("R17")
def test_strange_members_of_a_key_set_do_not_hide_the_right_key() -> None:
    strange: list[Any] = [None, "k1", 5, [], {}, {"kid": None}, {"kid": ["k1"]}, {"kty": "AKP", "kid": "k9"}]

    assert believe(id_token(), {"keys": [*strange, public(key_ops=["verify"], alg="RS256", x5u=5)]})


@pytest.mark.requirement("R17")
def test_a_signature_by_another_key_or_over_other_claims_is_refused() -> None:
    header, payload, signature = id_token().split(".")
    other = id_token(sub="user-2").split(".")[1]

    assert refusal(id_token(sign=rs256(STRANGER))) is Reason.SIGNATURE
    assert refusal(f"{header}.{other}.{signature}") is Reason.SIGNATURE
    assert refusal(f"{header}.{payload}.{signature[:-8]}") is Reason.SIGNATURE


@pytest.mark.requirement("R17", "R32")
def test_a_registration_may_allow_other_asymmetric_algorithms() -> None:
    key, jwk = es384_key()

    def sign(message: bytes) -> bytes:
        return b"".join(half.to_bytes(48) for half in decode_dss_signature(key.sign(message, ec.ECDSA(SHA384()))))

    assert believe(id_token({"alg": "ES384"}, sign), jwks(jwk), algorithms=("ES384",))
    assert believe(id_token({"alg": "RS384"}, forge.rs384(KEY)), algorithms=("RS256", "RS384"))
    assert (
        refusal(id_token({"alg": "ES384"}, sign), jwks(jwk | {"crv": "P-256"}), algorithms=("ES384",)) is Reason.ONE_KEY
    )
    assert refusal(id_token({"alg": "RS256"}, forge.rs384(KEY)), algorithms=("RS256", "RS384")) is Reason.SIGNATURE


# The claims


@pytest.mark.requirement("R17")
@pytest.mark.parametrize(
    "payload",
    [
        b"no json",
        b"[]",
        b'{"sub":"a","sub":"b"}',
        b'{"exp":Infinity}',
        b'{"exp":' + b"1" * 5000 + b"}",
        b"[" * 40_000,
        b'{"sub":"\\ud800"}',
    ],
)
def test_claims_that_are_no_plain_object_are_refused(payload: bytes) -> None:
    assert refusal(id_token(payload=payload)) is Reason.CLAIMS


@pytest.mark.requirement("R10", "R17")
@pytest.mark.parametrize(
    "iss",
    [None, "https://evil.example", ISSUER + "/", ISSUER.upper(), ISSUER[:-1], " " + ISSUER, [ISSUER], 5, True, ""],
)
def test_an_issuer_that_is_not_exactly_the_registered_one_is_refused(iss: Any) -> None:
    assert refusal(id_token(iss=iss)) is Reason.ISSUER


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("aud", [None, "other", "", [], ["other"], CLIENT + "2", {CLIENT: 1}, 5, [[CLIENT]], "our"])
def test_a_token_for_another_audience_is_refused(aud: Any) -> None:
    assert refusal(id_token(aud=aud)) is Reason.AUDIENCE


@pytest.mark.requirement("R17")
def test_several_audiences_need_us_as_the_authorized_party() -> None:
    assert believe(id_token(aud=[CLIENT]))
    assert believe(id_token(aud=[CLIENT, "other"], azp=CLIENT))
    assert refusal(id_token(aud=[CLIENT, "other"])) is Reason.PARTY
    assert refusal(id_token(aud=[CLIENT, "other"], azp="other")) is Reason.PARTY


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("azp", ["other", "", [CLIENT], 5])
def test_an_authorized_party_must_be_us_wherever_it_is_named(azp: Any) -> None:
    assert refusal(id_token(azp=azp)) is Reason.PARTY
    assert believe(id_token(azp=CLIENT))


@pytest.mark.requirement("R17")
def test_an_authorized_party_of_null_is_not_us() -> None:
    payload = json.dumps(forge.claims() | {"azp": None}).encode()

    assert refusal(id_token(payload=payload)) is Reason.PARTY


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("value", [None, True, str(AT + 300), AT + 0.5, [AT], {}])
def test_exp_and_iat_must_be_there_as_whole_numbers(value: Any) -> None:
    assert refusal(id_token(exp=value)) is Reason.EXPIRY
    assert refusal(id_token(iat=value)) is Reason.ISSUED


@pytest.mark.requirement("R17")
def test_a_token_expired_within_the_leeway_is_believed_and_one_second_later_is_not() -> None:
    assert believe(id_token(exp=AT - 59))
    assert refusal(id_token(exp=AT - 60)) is Reason.EXPIRED
    assert refusal(id_token(exp=AT - 61)) is Reason.EXPIRED
    assert refusal(id_token(exp=AT - 1), leeway_seconds=0) is Reason.EXPIRED
    assert believe(id_token(exp=AT - 60), now=NOW - timedelta(seconds=1))


@pytest.mark.requirement("R17")
def test_a_token_issued_in_the_future_is_believed_only_within_the_leeway() -> None:
    assert believe(id_token(iat=AT + 60))
    assert refusal(id_token(iat=AT + 61)) is Reason.EARLY
    assert refusal(id_token(iat=10**400)) is Reason.EARLY


@pytest.mark.requirement("R17")
def test_a_token_not_yet_valid_is_refused_beyond_the_leeway() -> None:
    assert believe(id_token(nbf=AT + 60))
    assert refusal(id_token(nbf=AT + 61)) is Reason.NOT_YET
    assert refusal(id_token(nbf=str(AT))) is Reason.NOT_YET
    assert refusal(id_token(nbf=False)) is Reason.NOT_YET


@pytest.mark.requirement("R17")
@pytest.mark.parametrize("sub", [None, "", " ", "a" * 256, 5, True, ["user-1"], "a\nb", "a\x00"])
def test_a_subject_must_be_printable_text_of_at_most_255(sub: Any) -> None:
    assert refusal(id_token(sub=sub)) is Reason.SUBJECT


def test_a_subject_may_have_255_characters() -> None:
    assert believe(id_token(sub="a" * 255)).subject == "a" * 255


@pytest.mark.requirement("R18")
@pytest.mark.parametrize("nonce", [None, "", "other", NONCE + " ", NONCE.upper(), [NONCE], 5, True, "é"])
def test_a_nonce_that_is_missing_or_another_is_refused(nonce: Any) -> None:
    assert refusal(id_token(nonce=nonce)) is Reason.NONCE


@pytest.mark.requirement("R18")
def test_an_empty_nonce_matches_nothing() -> None:
    assert refusal(id_token(nonce=""), nonce="") is Reason.NONCE


@pytest.mark.requirement("R18")
@pytest.mark.parametrize("nonce", [None, "any"])
def test_a_registration_may_record_that_an_ehr_leaves_the_nonce_out(nonce: str | None) -> None:
    assert believe(id_token(nonce=nonce), nonce=None)


@pytest.mark.requirement("R20")
def test_the_same_subject_of_two_issuers_is_two_users() -> None:
    elsewhere = "https://login.example.net"
    here, there = believe(id_token()), believe(id_token(iss=elsewhere), issuer=elsewhere)

    assert (here.subject, here.fhir_user) == (there.subject, there.fhir_user)
    assert here.user_key != there.user_key


# The user's resource


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(
    ("claims", "kept"),
    [
        ({"fhirUser": "Practitioner/1"}, "Practitioner/1"),
        ({"fhirUser": "Practitioner/1", "profile": "Practitioner/2"}, "Practitioner/1"),
        ({"profile": "https://fhir.example.org/r4/Practitioner/2"}, "https://fhir.example.org/r4/Practitioner/2"),
        ({"profile": "Patient/2"}, "Patient/2"),
        ({"profile": "https://people.example.org/jane"}, None),
        ({"fhirUser": 5, "profile": "Patient/2"}, "Patient/2"),
        ({"fhirUser": ["Practitioner/1"]}, None),
        ({"fhirUser": ""}, None),
        ({"fhirUser": "Practitioner/1\r\nX: 1"}, None),
        ({"fhirUser": "x" * 2049}, None),
        ({}, None),
    ],
)
def test_the_users_resource_is_fhir_user_or_else_a_profile_that_looks_like_one(claims: Any, kept: str | None) -> None:
    assert believe(id_token(**claims)).fhir_user == kept


@pytest.mark.requirement("R19")
@pytest.mark.parametrize("kind", ["Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Person"])
def test_each_of_the_five_kinds_of_user_may_be_relative_or_absolute(kind: str) -> None:
    reference = f"{kind}/a-1.B_2"

    assert fhir_user_reference(reference, BASE) == reference
    assert fhir_user_reference(BASE + reference, BASE) == reference
    assert fhir_user_reference("HTTPS://FHIR.Example.ORG:443/r4/" + reference, BASE) == reference
    assert fhir_user_reference(BASE + reference, BASE.removesuffix("/")) == reference


@pytest.mark.requirement("R19")
@pytest.mark.parametrize(
    "claim",
    [
        None,
        "",
        "Observation/1",
        "practitioner/1",
        "Practitioner",
        "Practitioner/",
        "Practitioner/" + "a" * 65,
        "Practitioner/..",
        "Practitioner/.",
        "Practitioner/1/_history/2",
        "Practitioner/1?_format=json",
        "Practitioner/1#x",
        "Practitioner/1\n",
        "Practitioner/é",
        "/Practitioner/1",
        "x/Practitioner/1",
        "//evil.example/r4/Practitioner/1",
        "https://evil.example/r4/Practitioner/1",
        "https://fhir.example.org.evil.example/r4/Practitioner/1",
        "https://fhir.example.org@evil.example/r4/Practitioner/1",
        "https://user@fhir.example.org/r4/Practitioner/1",
        "https://evil.example\\@fhir.example.org/r4/Practitioner/1",
        "https://fhir.example.org:8443/r4/Practitioner/1",
        "https://fhir.example.org:x/r4/Practitioner/1",
        "http://fhir.example.org/r4/Practitioner/1",
        "https://fhir.example.org/r4x/Practitioner/1",
        "https://fhir.example.org/R4/Practitioner/1",
        "https://fhir.example.org/Practitioner/1",
        "https://fhir.example.org/r4/../x/Practitioner/1",
        "https://fhir.example.org/r4/%2e%2e/Practitioner/1",
        "https://fhir.example.org/r4/tenant/Practitioner/1",
        "https://fhir.example.org/r4/Practitioner/1?x=1",
        "https://fhir.example.org/r4/Practitioner/1#x",
        "https://fhir.example.org/r4/Observation/1",
        "https://fhir.example.org/r4/",
        "https://[::1/Practitioner/1",
        "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0",
        BASE + "Practitioner/" + "a" * 3000,
    ],
)
def test_a_user_elsewhere_or_of_another_kind_is_not_fetched(claim: str | None) -> None:
    assert fhir_user_reference(claim, BASE) is None


@given(st.text())
def test_no_text_makes_the_judgement_of_a_users_resource_fail(claim: str) -> None:
    for text in (claim, BASE + claim, "Practitioner/" + claim):
        found = fhir_user_reference(text, BASE)
        assert found is None or text.removesuffix("/").endswith(found)


# Nothing leaks


@given(st.text(max_size=60), st.binary(max_size=60))
def test_no_text_makes_the_check_fail_otherwise_than_by_refusing(text: str, data: bytes) -> None:
    for token in (
        text,
        forge.compact(data, data, rs256(STRANGER)),
        id_token(sign=lambda _: data),
        id_token(payload=data),
    ):
        with pytest.raises(IdentityRefused):
            believe(token)


@pytest.mark.requirement("R17", "R24")
@pytest.mark.parametrize(
    ("token", "keys"),
    [
        (lambda: id_token(iss="canary"), None),
        (lambda: id_token(aud="canary"), None),
        (lambda: id_token(aud=[CLIENT, "canary"]), None),
        (lambda: id_token(exp="canary"), None),
        (lambda: id_token(nonce="canary"), None),
        (lambda: id_token(sub="canary\n"), None),
        (lambda: id_token({"kid": "canary"}), None),
        (lambda: id_token({"alg": "canary"}), None),
        (lambda: id_token({"crit": ["canary"]}), None),
        (lambda: id_token(payload=b'{"canary": nothing}'), None),
        (lambda: forge.compact(b'{"canary": nothing}', b"{}", rs256(KEY)), None),
        (lambda: id_token(sign=rs256(STRANGER), sub="canary"), None),
        (lambda: id_token({"jku": 5, "cty": "canary"}), None),
        (lambda: id_token(), jwks(public(e="!canary"))),
        (lambda: "canary", None),
    ],
)
def test_a_refusal_says_nothing_of_what_the_token_holds(token: Any, keys: Any) -> None:
    made = token()
    with pytest.raises(IdentityRefused) as refused:
        believe(made, keys)

    told = "".join(traceback.format_exception(refused.value, chain=True)) + repr(refused.value)
    assert "canary" not in told
    assert made.split(".")[0] not in told
    assert refused.value.__context__ is None
    assert isinstance(refused.value, SmartError)


def test_a_short_key_of_the_issuer_is_refused() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)

    assert refusal(id_token(sign=rs256(short)), jwks(public(short))) is Reason.ONE_KEY
