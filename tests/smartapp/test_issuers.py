"""The registrations of EHRs: one broken entry at a time, and which FHIR base belongs to which."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from extractors.errors import ExtractionError
from smartapp.settings import SettingsError
from smartapp.smart.issuers import ClientAuth, Registration, load_issuers, registered

SECRET = "n0t-to-be-seen-anywhere"
LEAST: dict[str, Any] = {
    "id": "one",
    "name": "One EHR",
    "iss": "https://ehr.example.org/fhir",
    "issuer": "https://ehr.example.org",
    "client_id": "pi180-one",
    "auth": "none",
    "results": "results",
}


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    """A file of registrations; a value of None leaves its key out."""
    lines = []
    for entry in entries:
        lines.append("[[issuer]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items() if value is not None]
    file = folder / "issuers.toml"
    file.write_text("\n".join(lines) or "issuer = []")
    return file


def loaded(folder: Path, **changes: Any) -> Registration:
    (one,) = load_issuers(write(folder, {**LEAST, **changes}))
    return one


def refusal(folder: Path, **changes: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        load_issuers(write(folder, {**LEAST, **changes}))
    return str(refused.value)


def secret(folder: Path, name: str = "secret", text: str = SECRET, mode: int = 0o600) -> str:
    place = folder / name
    place.touch(mode=0o600)
    place.write_text(text)
    place.chmod(mode)
    return name


def key(folder: Path, kind: str = "ES384", mode: int = 0o600) -> str:
    made = RSAKey.generate_key(2048) if kind.startswith("RS") else ECKey.generate_key("P-384")
    return secret(folder, "key.pem", made.as_pem(private=True).decode(), mode)


SIGNS = {"auth": "private_key_jwt", "key_file": "key.pem", "key_id": "k1", "algorithm": "ES384"}


@pytest.mark.requirement("R118")
def test_the_least_that_a_registration_says_means_the_safest_of_the_rest(tmp_path: Path) -> None:
    one = loaded(tmp_path)

    assert (one.auth, one.secret, one.key, one.offline) == (ClientAuth.NONE, None, None, False)
    assert (one.scope_version, one.scopes, one.needs_nonce, one.id_token_algorithms) == ("v2", None, True, ("RS256",))
    assert (one.frame_ancestors, one.aliases, one.ca) == ((), (), None)
    assert one.hosts == {"ehr.example.org"}
    assert one.runs == tmp_path / "results" / "runs"
    assert one.profile.name == "generic"


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("name", LEAST)
def test_a_missing_key_is_named_with_file_and_entry(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path, **{name: None}) == f"issuers.toml, issuer 1: {name!r} is missing. Add it."


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("id", 1, "text in quotation marks"),
        ("offline", "yes", "true or false"),
        ("scopes", "openid", "a list"),
        ("hosts", "auth.example.org", "a list"),
        ("frame_ancestors", "https://ehr.example.org", "a list"),
        ("nonce", False, "text in quotation marks"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_what_was_expected(
    tmp_path: Path, name: str, value: Any, expected: str
) -> None:
    assert refusal(tmp_path, **{name: value}).startswith(f"issuers.toml, issuer 1, {name}: expected {expected}, got")


@pytest.mark.requirement("R122", "R118")
def test_a_secret_written_into_the_registration_is_an_unknown_key_and_not_repeated(tmp_path: Path) -> None:
    message = refusal(tmp_path, client_secret=SECRET)

    assert "issuers.toml, issuer 1: unknown key 'client_secret'. Expected one of:" in message
    assert SECRET not in message


@pytest.mark.requirement("R118")
def test_a_file_without_any_registration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"issuers.toml: no \[\[issuer\]\]"):
        load_issuers(write(tmp_path))
    with pytest.raises(SettingsError, match=r"expected registrations of EHRs, but it cannot be read"):
        load_issuers(tmp_path / "nowhere.toml")


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("name", ["", "One", "-one", "one-", "a_b", "a/b", "../b", "a" * 41, "é", "one\n"])
def test_an_id_that_is_no_part_of_an_address_is_refused(tmp_path: Path, name: str) -> None:
    assert "issuer 1, id: expected small letters, digits and dashes" in refusal(tmp_path, id=name)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("name", ["a", "7", "a-b", "a" * 40])
def test_ids_of_small_letters_digits_and_dashes_are_taken(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, id=name).id == name


@pytest.mark.requirement("R1", "R43", "R118")
@pytest.mark.parametrize("name", ["iss", "issuer"])
@pytest.mark.parametrize(
    "address",
    [
        "http://ehr.example.org/fhir",
        "ehr.example.org/fhir",
        "https://user:pw@ehr.example.org/fhir",
        "https://ehr.example.org\\@evil.example",
        "https://ehr.example.org/a/../b",
        "https://ehr.example.org:port/",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_readers_understand_differently_is_refused(tmp_path: Path, name: str, address: str) -> None:
    message = refusal(tmp_path, **{name: address})

    assert message.startswith(f"issuers.toml, issuer 1, {name}: ")
    assert "pw" not in message


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("address", ["https://ehr.example.org/fhir?tenant=1", "https://ehr.example.org/fhir#x"])
def test_a_fhir_base_has_no_query_and_no_fragment(tmp_path: Path, address: str) -> None:
    assert "issuer 1, iss: " in refusal(tmp_path, iss=address)


SAME_BASE = [
    "https://ehr.example.org/fhir",
    "https://ehr.example.org/fhir/",
    "https://EHR.example.ORG/fhir",
    "HTTPS://ehr.example.org/fhir",
    "https://ehr.example.org:443/fhir",
    "https://ehr.example.org/%66hir",
]
OTHER_BASE = [
    "https://ehr.example.org/FHIR",
    "https://ehr.example.org/fhir/r4",
    "https://ehr.example.org/fhir2",
    "https://ehr.example.org:8443/fhir",
    "https://ehr.example.org.evil.example/fhir",
    "https://ehr.example.org/",
]


@pytest.mark.requirement("R1", "R118")
@pytest.mark.parametrize("iss", SAME_BASE)
def test_two_registrations_of_one_base_are_refused_however_it_is_written(tmp_path: Path, iss: str) -> None:
    file = write(tmp_path, LEAST, {**LEAST, "id": "two", "iss": iss})

    with pytest.raises(SettingsError, match=r"issuers.toml: two registrations have the same base. Keep one of them."):
        load_issuers(file)


@pytest.mark.requirement("R1", "R118")
@pytest.mark.parametrize("iss", OTHER_BASE)
def test_registrations_of_different_bases_stand_side_by_side(tmp_path: Path, iss: str) -> None:
    assert len(load_issuers(write(tmp_path, LEAST, {**LEAST, "id": "two", "iss": iss}))) == 2


@pytest.mark.requirement("R118")
def test_two_registrations_with_one_id_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, LEAST, {**LEAST, "iss": "https://other.example.org/fhir"})

    with pytest.raises(SettingsError, match="two registrations have the same id"):
        load_issuers(file)


@pytest.mark.requirement("R1", "R118")
@pytest.mark.parametrize("iss", SAME_BASE)
def test_a_launch_finds_its_registration_however_the_base_is_written(tmp_path: Path, iss: str) -> None:
    found = registered([loaded(tmp_path)], iss)

    assert found is not None
    assert found.id == "one"


@pytest.mark.requirement("R1", "R43", "R118")
@pytest.mark.parametrize(
    "iss",
    [
        *OTHER_BASE,
        "",
        "http://ehr.example.org/fhir",
        "https://ehr.example.org/fhir?x=1",
        "https://ehr.example.org/fhir#x",
        "https://ehr.example.org/fhir//",
        "https://ehr.example.org@evil.example/fhir",
        "https://evil.example/https://ehr.example.org/fhir",
        "https://ehr.example.org/fhir/../fhir",
        "https://ehr.example.org/fhir\n",
    ],
)
def test_any_other_base_finds_none(tmp_path: Path, iss: str) -> None:
    assert registered([loaded(tmp_path)], iss) is None


@pytest.mark.requirement("R29", "R118")
@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret_reads_it_from_its_file(tmp_path: Path, auth: str) -> None:
    one = loaded(tmp_path, auth=auth, secret_file=secret(tmp_path))

    assert (one.auth.value, one.secret) == (auth, SECRET)
    assert SECRET not in f"{one!r}{one!s}"


@pytest.mark.requirement("R122", "R118")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_secret_or_key_that_others_may_open_is_refused_without_showing_it(tmp_path: Path, mode: int) -> None:
    message = refusal(tmp_path, auth="client_secret_post", secret_file=secret(tmp_path, mode=mode))
    assert "open to others" in message
    assert SECRET not in message

    message = refusal(tmp_path, **{**SIGNS, "key_file": key(tmp_path, mode=mode)})
    assert message.startswith("issuers.toml, issuer 1, key_file: ")
    assert "chmod 600" in message
    assert "PRIVATE KEY" not in message


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(
    ("auth", "given", "named"),
    [
        ("none", {"secret_file": "secret"}, "secret_file: not used with auth = 'none'"),
        ("none", {"key_file": "key.pem"}, "key_file: not used with auth = 'none'"),
        ("none", {"key_id": "k1"}, "key_id: not used with auth = 'none'"),
        ("none", {"algorithm": "ES384"}, "algorithm: not used with auth = 'none'"),
        ("client_secret_basic", {}, "secret_file: needed with auth = 'client_secret_basic'"),
        ("client_secret_post", {}, "secret_file: needed with auth = 'client_secret_post'"),
        (
            "client_secret_post",
            {"secret_file": "secret", "key_file": "key.pem"},
            "key_file: not used with auth = 'client_secret_post'",
        ),
        ("private_key_jwt", {}, "key_file: needed with auth = 'private_key_jwt'"),
        ("private_key_jwt", {"key_file": "key.pem"}, "key_id: needed with auth = 'private_key_jwt'"),
        ("private_key_jwt", {"key_file": "key.pem", "key_id": "k1"}, "algorithm: needed"),
        ("private_key_jwt", {**SIGNS, "secret_file": "secret"}, "secret_file: not used"),
    ],
)
def test_secrets_and_keys_go_with_their_way_of_authentication_only(
    tmp_path: Path, auth: str, given: dict[str, str], named: str
) -> None:
    secret(tmp_path)
    key(tmp_path)

    assert f"issuers.toml, issuer 1, {named}" in refusal(tmp_path, **{**given, "auth": auth})


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("auth", ["", "None", "client_secret_jwt", "basic", "tls_client_auth"])
def test_no_other_way_of_authentication_is_taken(tmp_path: Path, auth: str) -> None:
    message = refusal(tmp_path, auth=auth)

    assert "auth: expected one of client_secret_basic, client_secret_post, none, private_key_jwt" in message


@pytest.mark.requirement("R32", "R118")
@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_client_with_a_key_signs_with_it(tmp_path: Path, algorithm: str) -> None:
    given = {**SIGNS, "algorithm": algorithm, "key_file": key(tmp_path, algorithm)}
    one = loaded(tmp_path, **given, jwks_url="https://pi180.example.org/jwks")

    assert one.key is not None
    assert (one.key.alg, one.key.kid, one.key.jku) == (algorithm, "k1", "https://pi180.example.org/jwks")
    assert "PRIVATE KEY" not in repr(one)
    assert "RSAKey" not in repr(one)


@pytest.mark.requirement("R32", "R118")
@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS384", "RS256", "ES256", "RS384", ""])
def test_a_key_that_is_not_of_its_algorithm_or_one_that_smart_does_not_know_is_refused(
    tmp_path: Path, algorithm: str
) -> None:
    key(tmp_path, "ES384")

    assert "issuer 1, key_file: " in refusal(tmp_path, **{**SIGNS, "algorithm": algorithm})


@pytest.mark.requirement("R17", "R118")
@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS384", "HS512", "RS1", "EdDSA", ""])
def test_id_tokens_are_signed_asymmetrically_or_not_at_all_accepted(tmp_path: Path, algorithm: str) -> None:
    for algorithms in ([algorithm], ["RS256", algorithm]):
        assert "issuer 1, id_token_algorithms: expected " in refusal(tmp_path, id_token_algorithms=algorithms)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384"])
def test_every_asymmetric_algorithm_in_use_is_taken(tmp_path: Path, algorithm: str) -> None:
    assert loaded(tmp_path, id_token_algorithms=[algorithm]).id_token_algorithms == (algorithm,)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(("nonce", "needed"), [("required", True), ("omitted", False)])
def test_a_nonce_is_needed_unless_the_registration_says_that_the_ehr_omits_it(
    tmp_path: Path, nonce: str, needed: bool
) -> None:
    assert loaded(tmp_path, nonce=nonce).needs_nonce is needed


@pytest.mark.requirement("R118")
def test_no_other_word_about_the_nonce_is_taken(tmp_path: Path) -> None:
    assert "nonce: expected one of omitted, required, got 'optional'" in refusal(tmp_path, nonce="optional")


@pytest.mark.requirement("R118")
def test_scopes_and_their_version_are_as_the_registration_says(tmp_path: Path) -> None:
    one = loaded(tmp_path, scopes=["openid", "fhirUser", "patient/*.read"], scope_version="v1", offline=True)

    assert (one.scopes, one.scope_version, one.offline) == (("openid", "fhirUser", "patient/*.read"), "v1", True)
    assert "scope_version: expected one of v1, v2, got 'v3'" in refusal(tmp_path, scope_version="v3")
    for scopes in ([1], [""], ["openid", False]):
        assert "scopes: expected a list of texts" in refusal(tmp_path, scopes=scopes)


@pytest.mark.requirement("R38", "R118")
@pytest.mark.parametrize("scope", ["user/Task.cruds", "user/*.*", "user/Task.write", "system/Task.u", "user/Task.rsx"])
def test_a_scope_that_would_write_is_refused(tmp_path: Path, scope: str) -> None:
    assert "scopes that only read" in refusal(tmp_path, scopes=["openid", "fhirUser", scope])


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("scopes", [["openid"], ["fhirUser", "launch"], []])
def test_scopes_without_which_nobody_signs_in_are_refused(tmp_path: Path, scopes: list[str]) -> None:
    assert "nobody can be signed in" in refusal(tmp_path, scopes=scopes)


@pytest.mark.requirement("R77", "R118")
@pytest.mark.parametrize(
    "origin",
    [
        "https://ehr.example.org/",
        "https://ehr.example.org/chart",
        "https://*.example.org",
        "*",
        "'self'",
        "https:",
        "http://ehr.example.org",
        "https://ehr.example.org; script-src *",
        "https://ehr.example.org?x",
        "https://ehr.example.org#x",
        "https://ehr.example.org;script-src",
        "https://ehr.example.org?;script-src",
    ],
)
def test_a_frame_ancestor_is_one_origin_and_never_a_pattern(tmp_path: Path, origin: str) -> None:
    assert "issuer 1, frame_ancestors: " in refusal(tmp_path, frame_ancestors=[origin])


@pytest.mark.requirement("R118")
def test_origins_of_frames_are_taken_as_they_are(tmp_path: Path) -> None:
    origins = ["https://ehr.example.org", "https://ehr.example.org:8443", "http://127.0.0.1:8181"]

    assert loaded(tmp_path, frame_ancestors=origins).frame_ancestors == tuple(origins)


@pytest.mark.requirement("R44", "R118")
def test_hosts_and_aliases_are_those_that_are_listed(tmp_path: Path) -> None:
    one = loaded(
        tmp_path,
        issuer="https://Auth.example.org/x",
        hosts=["Token.example.org"],
        aliases=["https://in.example.org/r4"],
    )

    assert one.hosts == {"ehr.example.org", "auth.example.org", "token.example.org"}
    assert one.aliases == ("https://in.example.org/r4",)
    assert "issuer 1, aliases: " in refusal(tmp_path, aliases=["http://in.example.org/r4"])


@pytest.mark.requirement("R118")
def test_authorities_to_trust_are_a_file_that_is_there(tmp_path: Path) -> None:
    assert "ca: " in refusal(tmp_path, ca="ca.pem")
    (tmp_path / "ca.pem").write_text("")
    assert loaded(tmp_path, ca="ca.pem").ca == tmp_path / "ca.pem"


@pytest.mark.requirement("R118")
def test_a_site_or_profile_that_is_not_usable_stops_the_start(tmp_path: Path) -> None:
    for changes in ({"profile": "epoc"}, {"site": "nowhere.toml"}):
        with pytest.raises(ExtractionError, match=r"epoc|nowhere"):
            load_issuers(write(tmp_path, {**LEAST, **changes}))


@pytest.mark.requirement("R118")
def test_the_profile_of_the_registration_goes_before_the_one_of_the_site(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text('profile = "epoc"\nzone = "America/Chicago"')
    one = loaded(tmp_path, site="site.toml", profile="generic")

    assert (one.profile.name, one.site.zone) == ("generic", "America/Chicago")


@pytest.mark.requirement("R46")
def test_ranges_of_the_practice_s_own_network_are_those_that_are_listed(tmp_path: Path) -> None:
    assert loaded(tmp_path).network.ranges == ()
    ranges = loaded(tmp_path, networks=["10.20.0.0/16", "fd00::/8"]).network.ranges
    assert [str(one) for one in ranges] == ["10.20.0.0/16", "fd00::/8"]
    wrong = refusal(tmp_path, networks=["10.20.0.1/16"])
    assert wrong == "issuers.toml, issuer 1, networks: expected ranges such as 10.20.0.0/16, got 10.20.0.1/16."
    assert "expected a list of texts" in refusal(tmp_path, networks=[10])
