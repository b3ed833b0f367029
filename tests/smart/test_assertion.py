"""The app's proof to a token endpoint: short-lived, used once, by a key that nobody else reads (R31, R32, R35)."""

import base64
import json
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jws
from joserfc.jwk import KeySet, RSAKey

from smartapp.smart.assertion import SigningKey, SigningKeyError, client_assertion, load_signing_key, public_jwks
from smartapp.smart.errors import SmartError
from tests.smart.forge import KEY, NOW

TOKEN_URL = "https://login.example.org/oauth/token?tenant=1"
JKU = "https://app.example.org/jwks.json"
EC_KEY = ec.generate_private_key(ec.SECP384R1())
KEYS: dict[str, Any] = {"RS384": KEY, "ES384": EC_KEY}

Write = Callable[..., Path]


def pem(key: Any, password: bytes | None = None) -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def jwk(key: Any = KEY, *, private: bool = True, **members: Any) -> bytes:
    return json.dumps(RSAKey.import_key(key).as_dict(private=private) | members).encode()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(data: bytes, mode: int = 0o600) -> Path:
        path = tmp_path / "key"
        path.write_bytes(data)
        path.chmod(mode)
        return path

    return written


def load(path: Path, alg: str = "RS384", kid: str = "k1", jku: str | None = None) -> SigningKey:
    return load_signing_key(path, alg=alg, kid=kid, jku=jku)


def refusal(path: Path, **changed: str) -> str:
    with pytest.raises(SigningKeyError) as refused:
        load(path, **changed)
    return str(refused.value)


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, payload, _ = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(payload)


@pytest.mark.requirement("R31", "R32")
@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_an_assertion_verifies_with_the_published_key(write: Write, alg: str) -> None:
    key = load(write(pem(KEYS[alg])), alg=alg)
    published = KeySet.import_key_set(public_jwks(key))  # type: ignore[arg-type]

    checked = jws.deserialize_compact(client_assertion(key, "us", TOKEN_URL, NOW), published, algorithms=[alg])
    assert json.loads(checked.payload or b"")["sub"] == "us"


@pytest.mark.requirement("R31")
def test_an_assertion_says_who_for_whom_and_how_long(write: Write) -> None:
    header, claims = parts(client_assertion(load(write(pem(KEY))), "us", TOKEN_URL, NOW))
    at = int(NOW.timestamp())

    assert header == {"alg": "RS384", "kid": "k1", "typ": "JWT"}
    assert len(claims.pop("jti")) >= 22  # 128 bits as base64url
    assert claims == {"iss": "us", "sub": "us", "aud": TOKEN_URL, "iat": at, "exp": at + 240}


@pytest.mark.requirement("R31")
def test_the_address_of_the_keys_is_named_where_it_is_registered(write: Write) -> None:
    header, _ = parts(client_assertion(load(write(pem(KEY)), jku=JKU), "us", TOKEN_URL, NOW))

    assert header["jku"] == JKU


@pytest.mark.requirement("R31")
def test_two_assertions_have_an_identifier_and_an_expiry_of_their_own(write: Write) -> None:
    key = load(write(pem(KEY)))
    later = NOW + timedelta(seconds=7, microseconds=999_999)
    first, second = (parts(client_assertion(key, "us", TOKEN_URL, at))[1] for at in (NOW, later))

    assert first["jti"] != second["jti"]
    assert second["exp"] - first["exp"] == 7
    for claims in (first, second):
        assert 0 < claims["exp"] - claims["iat"] <= 300
    assert len({parts(client_assertion(key, "us", TOKEN_URL, NOW))[1]["jti"] for _ in range(50)}) == 50


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(("alg", "members"), [("RS384", {"kty", "n", "e"}), ("ES384", {"kty", "crv", "x", "y"})])
def test_what_is_published_is_the_bare_public_key(write: Write, alg: str, members: set[str]) -> None:
    (published,) = public_jwks(load(write(pem(KEYS[alg])), alg=alg))["keys"]

    assert published.keys() == members | {"kid", "use", "alg"}
    assert (published["kid"], published["use"], published["alg"]) == ("k1", "sig", alg)


@pytest.mark.requirement("R32")
def test_a_key_may_come_as_a_jwk(write: Write) -> None:
    from_pem = load(write(pem(KEY)))
    from_jwk = load(write(b"\n" + jwk(kid="k1", use="sig", alg="RS384", x5u="junk")))

    assert public_jwks(from_jwk) == public_jwks(from_pem)


@pytest.mark.requirement("R32")
@pytest.mark.parametrize("changed", [{"kid": "k2"}, {"alg": "RS256"}, {"alg": "ES384"}, {"use": "enc"}])
def test_a_jwk_that_says_otherwise_than_the_registration_is_refused(write: Write, changed: dict[str, str]) -> None:
    assert "expected a JWK for signatures" in refusal(write(jwk(**changed)))


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o601, 0o644, 0o666])
def test_a_key_file_open_to_others_is_refused(write: Write, mode: int) -> None:
    assert f"mode {mode:04o}" in refusal(write(pem(KEY), mode))


@pytest.mark.requirement("R35")
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_key_file_of_its_owner_alone_is_read(write: Write, mode: int) -> None:
    assert load(write(pem(KEY), mode))


@pytest.mark.requirement("R32")
def test_an_rsa_key_has_at_least_2048_bits(write: Write) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=2040)

    assert "at least 2048 bits" in refusal(write(pem(short)))
    assert load(write(pem(KEY))).alg == "RS384"


@pytest.mark.requirement("R32")
@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP384R1()])
def test_an_ec_key_on_another_curve_is_refused(write: Write, curve: ec.EllipticCurve) -> None:
    assert "curve P-384" in refusal(write(pem(ec.generate_private_key(curve))), alg="ES384")


@pytest.mark.requirement("R32")
def test_a_key_of_another_type_than_the_algorithm_is_refused(write: Write) -> None:
    assert "found none to read" in refusal(write(pem(EC_KEY)), alg="RS384")
    assert "found none to read" in refusal(write(pem(KEY)), alg="ES384")
    assert "found none to read" in refusal(write(jwk()), alg="ES384")
    assert "found none to read" in refusal(write(pem(ed25519.Ed25519PrivateKey.generate())), alg="ES384")


@pytest.mark.requirement("R32")
@pytest.mark.parametrize("alg", ["RS256", "HS256", "none", "", "RS512", "ES256"])
def test_an_algorithm_that_smart_does_not_name_is_refused(write: Write, alg: str) -> None:
    assert "RS384, ES384" in refusal(write(pem(KEY)), alg=alg)


def test_a_key_without_an_id_is_refused(write: Write) -> None:
    assert "expected a key id" in refusal(write(pem(KEY)), kid="")


@pytest.mark.requirement("R35")
def test_a_public_key_signs_nothing(write: Write) -> None:
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    assert "found a public one" in refusal(write(public))
    assert "found a public one" in refusal(write(jwk(private=False)))


@pytest.mark.requirement("R35")
def test_a_file_that_is_missing_or_none_is_told_by_its_name(tmp_path: Path) -> None:
    assert f"{tmp_path / 'absent'}: the private key cannot be read" in refusal(tmp_path / "absent")
    assert f"{tmp_path}: the private key cannot be read" in refusal(tmp_path)


def secrets_of(data: bytes) -> list[str]:
    """Pieces of a file that no message may repeat."""
    text = data.decode("latin-1")
    return [text[at : at + 12] for at in range(0, max(len(text) - 12, 1), 12)]


@pytest.mark.requirement("R24", "R35")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"canary-canary-canary",
        b"{canary-canary-canary",
        b'{"kty":"RSA","n":"canary-canary","e":"AQAB","d":"canary-canary"}',
        b'{"kty":"canary-canary"}',
        b'{"kty":5,"n":[]}',
        b"-----BEGIN " + b"PRIVATE KEY-----\ncanary-canary\n-----END PRIVATE KEY-----\n",
        b"\xff\xfe\x00canary",
        pem(KEY)[:-200] + pem(KEY)[-100:],
        pem(KEY, b"canary-password"),
        jwk(d="AQAB"),
        jwk(d="!"),
        b"x" * 100_000,
    ],
)
def test_a_key_that_cannot_be_read_is_refused_without_a_word_of_it(write: Write, data: bytes) -> None:
    with pytest.raises(SmartError) as refused:
        load(write(data))

    told = "".join(traceback.format_exception(refused.value)) + repr(refused.value)
    assert [piece for piece in secrets_of(data) if piece and piece in told] == []
    assert refused.value.__context__ is None


@pytest.mark.requirement("R24", "R35")
@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_the_repr_of_a_key_hides_it(write: Write, alg: str) -> None:
    key = load(write(pem(KEYS[alg])), alg=alg)

    assert repr(key) == str(key) == f"SigningKey(alg='{alg}', kid='k1', jku=None)"
