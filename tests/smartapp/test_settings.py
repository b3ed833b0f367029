"""The start of the server: one broken setting at a time, each refused by file and key before anything listens."""

import base64
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import responses
from click.testing import CliRunner, Result

from smartapp.cli import main
from smartapp.errors import UsageError
from smartapp.settings import Settings, SettingsError, load_settings, new_key, read_key, read_secret
from smartapp.smart.issuers import load_issuers
from smartapp.starter import Starter, write_starter
from smartapp.web.serve import app_of

AS_ROOT = os.geteuid() == 0


def pi180(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The settings file that `pi180 serve --new` writes, as it is but for the client id."""
    return write_starter(tmp_path / "pi180", Starter(client_id="pi180"))


@pytest.fixture
def no_network() -> Iterator[None]:
    """Nothing answers anywhere."""
    with responses.RequestsMock():
        yield


def edit(file: Path, key: str, value: str | None) -> Path:
    """Give a key of a TOML file another value; None takes the line out."""
    line = "" if value is None else f"{key} = {value}"
    text, found = re.subn(rf"(?m)^{key} = .*$", line.replace("\\", r"\\"), file.read_text())
    file.write_text(text if found else f"{text}\n{line}\n")
    return file


def refusal(file: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(file)
    return str(refused.value)


@pytest.mark.requirement("R118")
def test_the_files_that_serve_writes_load_once_the_client_id_is_filled_in(file: Path) -> None:
    settings = load_settings(file)

    assert (settings.address, settings.host, settings.port) == ("https://pi180.example.org", "127.0.0.1", 8180)
    assert (settings.proxies, len(settings.key)) == (1, 32)
    assert [one.id for one in load_issuers(settings.issuers)] == ["my-ehr"]
    assert app_of(file) is not None


@pytest.mark.requirement("R118")
def test_a_client_id_that_nobody_filled_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"client_id: .* Fill it in"):
        load_issuers(load_settings(write_starter(tmp_path)).issuers)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("key", ["address", "listen", "proxies", "data", "key_file", "issuers"])
def test_a_missing_setting_is_named(file: Path, key: str) -> None:
    assert f"'{key}' is missing. Add it." in refusal(edit(file, key, None))


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("address", "8180", "expected text"),
        ("proxies", '"1"', "expected a whole number"),
        ("proxies", "true", "expected a whole number"),
        ("proxies", "1.0", "expected a whole number"),
        ("data", "[]", "expected text"),
    ],
)
def test_a_setting_of_another_kind_is_refused_with_file_key_expected_and_got(
    file: Path, key: str, value: str, expected: str
) -> None:
    message = refusal(edit(file, key, value))

    assert message.startswith(f"pi180.toml, {key}: {expected}")
    assert "got" in message


@pytest.mark.requirement("R118")
def test_an_unknown_setting_is_refused_with_those_there_are(file: Path) -> None:
    assert "pi180.toml: unknown key 'debug'. Expected one of: address," in refusal(edit(file, "debug", "true"))


@pytest.mark.requirement("R118")
def test_a_file_that_is_not_there_or_no_toml_is_refused(tmp_path: Path, file: Path) -> None:
    file.write_text("address = ")

    assert "pi180.toml: expected TOML" in refusal(file)
    assert "expected server settings, but it cannot be read" in refusal(tmp_path / "nowhere.toml")


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://pi180.example.org", "expected https, got plain http"),
        ("http://127.0.0.1.example.org", "expected https, got plain http"),
        ("ftp://pi180.example.org", "expected https"),
        ("pi180.example.org", "expected https"),
        ("https://user@pi180.example.org", "names a user"),
        ("https://pi180.example.org/app", "without a path"),
        ("https://pi180.example.org?x=1", "without a path"),
        ("https://pi180.example.org#x", "without a path"),
        ("https://", "no name"),
    ],
)
def test_an_address_is_https_and_no_more_than_scheme_and_host(file: Path, address: str, words: str) -> None:
    message = refusal(edit(file, "address", f'"{address}"'))

    assert message.startswith("pi180.toml, address: ")
    assert words in message


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("address", ["http://127.0.0.1:8180", "http://localhost:8180", "http://[::1]:8180"])
def test_plain_http_is_for_this_machine_and_needs_no_proxy(file: Path, address: str) -> None:
    settings = load_settings(edit(edit(file, "address", f'"{address}"'), "proxies", "0"))

    assert (settings.address, settings.proxies) == (address, 0)


@pytest.mark.requirement("R118")
def test_a_slash_at_the_end_of_the_address_does_not_matter(file: Path) -> None:
    assert load_settings(edit(file, "address", '"https://pi180.example.org/"')).address == "https://pi180.example.org"


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(("number", "loads"), [(-1, False), (0, False), (1, True), (2, True)])
def test_https_needs_the_number_of_proxies_that_end_it(file: Path, number: int, loads: bool) -> None:
    edit(file, "proxies", str(number))
    if loads:
        assert load_settings(file).proxies == number
    else:
        assert f"pi180.toml, proxies: expected how many reverse proxies stand in front, got {number}" in refusal(file)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("listen", ["8180", ":8180", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536"])
def test_where_to_listen_is_an_address_and_a_port(file: Path, listen: str) -> None:
    message = refusal(edit(file, "listen", f'"{listen}"'))

    assert message.startswith("pi180.toml, listen: expected an address and port such as 127.0.0.1:8180, got")


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(("listen", "host", "port"), [("127.0.0.1:65535", "127.0.0.1", 65535), ("[::1]:0", "::1", 0)])
def test_the_ends_of_the_ports_are_ports(file: Path, listen: str, host: str, port: int) -> None:
    settings = load_settings(edit(file, "listen", f'"{listen}"'))

    assert (settings.host, settings.port) == (host, port)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("mode", [0o710, 0o701, 0o750, 0o777])
def test_a_data_folder_that_is_open_to_others_is_refused(file: Path, mode: int) -> None:
    folder = file.parent / "data"
    folder.mkdir()
    folder.chmod(mode)

    assert f"pi180.toml, data: {folder} is open to others. Close it: chmod 700 {folder}" in refusal(file)


@pytest.mark.requirement("R118")
def test_a_data_folder_is_made_for_its_owner_alone(file: Path) -> None:
    assert load_settings(file).data.stat().st_mode & 0o777 == 0o700


@pytest.mark.requirement("R118")
def test_a_data_folder_that_cannot_be_made_is_refused(file: Path) -> None:
    (file.parent / "taken").write_text("")

    assert "data: " in (message := refusal(edit(file, "data", '"taken/data"')))
    assert "cannot be made. Name a folder that can be written." in message
    assert "cannot be made" in refusal(edit(file, "data", '"taken"'))


@pytest.mark.requirement("R118")
@pytest.mark.skipif(AS_ROOT, reason="root may write anywhere")
def test_a_data_folder_that_cannot_be_written_is_refused(file: Path) -> None:
    (file.parent / "data").mkdir(mode=0o500)

    assert "cannot be written" in refusal(file)


def key_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


WEAK_KEYS: dict[str, str] = {
    "typed by hand": "correct horse battery staple, and some more",
    "a default": "changeme",
    "too short": key_of(secrets.token_bytes(31)),
    "too long": key_of(secrets.token_bytes(33)),
    "zeros": key_of(bytes(32)),
    "few different bytes": key_of(bytes(range(15)) * 2 + b"\x00\x01"),
    "typed letters in base64": key_of(b"passwordpasswordpasswordpassword"),
    "hexadecimal": secrets.token_hex(32),
    "not base64url": "+/" * 21 + "+=",
}


@pytest.mark.requirement("R96", "R118")
@pytest.mark.parametrize("kind", WEAK_KEYS)
def test_a_key_that_nobody_drew_at_random_is_refused_without_showing_it(file: Path, kind: str) -> None:
    place = file.parent / "pi180.key"
    place.write_text(WEAK_KEYS[kind])
    message = refusal(file)

    assert message == f"{place}: expected 32 random bytes in base64url. Make one: pi180 serve --new FOLDER", (
        "another message"
    )
    assert WEAK_KEYS[kind] not in message


@pytest.mark.requirement("R118")
def test_a_key_of_sixteen_different_bytes_is_the_least_that_is_taken(tmp_path: Path) -> None:
    place = tmp_path / "key"
    place.touch(mode=0o600)
    place.write_text(key_of(bytes(range(16)) * 2))

    assert read_key(place) == bytes(range(16)) * 2


@pytest.mark.requirement("R96", "R118")
def test_every_new_key_is_another_one() -> None:
    keys = {new_key() for _ in range(50)}

    assert len(keys) == 50
    assert {len(base64.urlsafe_b64decode(key)) for key in keys} == {32}


@pytest.mark.requirement("R122", "R118")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o602, 0o777])
def test_a_key_file_that_others_may_open_is_refused(file: Path, mode: int) -> None:
    (file.parent / "pi180.key").chmod(mode)
    message = refusal(file)

    assert "holds a secret and is open to others. Close it: chmod 600" in message
    assert (file.parent / "pi180.key").read_text().strip() not in message


@pytest.mark.requirement("R122", "R118")
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_for_its_owner_alone_is_read_without_the_line_end(tmp_path: Path, mode: int) -> None:
    place = tmp_path / "secret"
    place.write_text("s3cret words\n")
    place.chmod(mode)

    assert read_secret(place) == "s3cret words"


@pytest.mark.requirement("R118")
def test_a_secret_that_is_missing_empty_or_no_text_is_refused(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    for place, data in ((empty, b" \n"), (binary, b"\xff\xfe\x00")):
        place.touch(mode=0o600)
        place.write_bytes(data)
    for place, words in ((tmp_path / "nowhere", "cannot be read"), (binary, "cannot be read"), (empty, "empty file")):
        with pytest.raises(SettingsError, match=words):
            read_secret(place)


@pytest.mark.requirement("R122", "R118")
def test_no_representation_of_the_settings_holds_the_key(file: Path) -> None:
    settings = load_settings(file)
    text = f"{settings!r} {settings!s}"

    assert "key=" not in text
    assert repr(settings.key) not in text


@pytest.mark.requirement("R118")
def test_settings_say_where_they_are_in_parts(file: Path) -> None:
    settings: Settings = load_settings(edit(file, "address", '"https://PI180.example.org:8443"'))

    assert settings.place.origin == ("https", "pi180.example.org", 8443)


@pytest.mark.requirement("R118")
def test_new_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = pi180("serve", "--new", tmp_path / "new")
    modes = {place.name: place.stat().st_mode & 0o777 for place in (tmp_path / "new").iterdir()}

    assert made.exit_code == 0
    assert modes == dict.fromkeys(("pi180.toml", "issuers.toml", "pi180.key"), 0o600)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert f"pi180 serve --settings {tmp_path / 'new' / 'pi180.toml'}" in made.stderr


@pytest.mark.requirement("R118")
def test_no_key_is_printed(tmp_path: Path) -> None:
    made = pi180("serve", "--new", tmp_path / "new")

    assert (tmp_path / "new" / "pi180.key").read_text().strip() not in made.output


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("name", ["pi180.toml", "issuers.toml", "pi180.key"])
def test_new_files_never_overwrite_one_that_is_there(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    made = pi180("serve", "--new", tmp_path)

    assert made.exit_code == 2
    assert f"{tmp_path / name}: exists already and is left as it is. Name another folder." in made.stderr
    assert {place.name: place.read_text() for place in tmp_path.iterdir()} == {name: "mine"}


@pytest.mark.requirement("R118")
def test_a_starter_for_the_demo_is_written_with_its_values_and_loads(tmp_path: Path) -> None:
    starter = Starter(
        address="http://127.0.0.1:1", listen="127.0.0.1:1", proxies=0, iss="http://127.0.0.1:2/fhir",
        issuer="http://127.0.0.1:2", frames=("http://127.0.0.1:2",), client_id="pi180", more="",
    )  # fmt: skip
    (one,) = load_issuers(load_settings(write_starter(tmp_path, starter)).issuers)

    assert (one.iss, one.frame_ancestors) == ("http://127.0.0.1:2/fhir", ("http://127.0.0.1:2",))
    with pytest.raises(UsageError):
        write_starter(tmp_path, starter)


@pytest.mark.requirement("R118")
@pytest.mark.parametrize("options", [(), ("--settings", "a.toml", "--new", "folder")])
def test_serve_wants_one_of_its_two_options(options: tuple[str, ...]) -> None:
    result = pi180("serve", *options)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "pi180: serve needs one of --settings FILE and --new FOLDER.\n"


def break_key(folder: Path) -> None:
    (folder / "pi180.key").write_text("changeme")


def break_issuers(folder: Path) -> None:
    edit(folder / "issuers.toml", "auth", '"client_secret_basic"')


def break_address(folder: Path) -> None:
    edit(folder / "pi180.toml", "address", '"http://pi180.example.org"')


def take_issuers_away(folder: Path) -> None:
    (folder / "issuers.toml").unlink()


def name_no_profile(folder: Path) -> None:
    edit(folder / "issuers.toml", "profile", '"epoc"')


def name_no_site(folder: Path) -> None:
    edit(folder / "issuers.toml", "site", '"nowhere.toml"')


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(
    "break_one",
    [break_key, break_issuers, break_address, take_issuers_away, name_no_profile, name_no_site],
)
def test_a_half_configured_server_says_one_thing_exits_with_2_and_never_listens(
    file: Path, break_one: Callable[[Path], None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    edit(file, "listen", f'"127.0.0.1:{port}"')
    break_one(file.parent)
    result = pi180("serve", "--settings", file)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("pi180: ")
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


@pytest.mark.requirement("R118")
def test_a_port_that_is_taken_is_said_with_what_to_do(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        edit(file, "listen", f'"127.0.0.1:{taken.getsockname()[1]}"')
        result = pi180("serve", "--settings", file)

    assert result.exit_code == 2
    assert "Name another; 0 takes any free port." in result.stderr


@pytest.mark.requirement("R118")
@pytest.mark.parametrize(("number", "loads"), [("0", True), ("1", True), ("2", False), ("-1", False), ('"1"', False)])
def test_one_worker_runs_beside_the_server_or_none(file: Path, number: str, loads: bool) -> None:
    edit(file, "workers", number)
    if loads:
        assert load_settings(file).workers == int(number)
    else:
        assert refusal(file).startswith("pi180.toml, workers: expected ")


@pytest.mark.requirement("R118")
def test_without_a_word_about_workers_one_runs_beside_the_server(file: Path) -> None:
    assert load_settings(edit(file, "workers", None)).workers == 1


@pytest.mark.requirement("R118")
@pytest.mark.usefixtures("no_network")
def test_a_check_says_what_was_looked_at_and_serves_nothing(file: Path) -> None:
    result = pi180("serve", "--settings", file, "--check")
    told = [line.split(":")[0].split(maxsplit=1) for line in result.stdout.splitlines()]

    assert result.exit_code == 0
    assert told == [
        ["ok", "settings"],
        ["ok", "debugging"],
        ["ok", "cookies"],
        ["ok", "clock"],
        ["ok", "temporary folder"],
        ["ok", "worker"],
        ["warning", "EHR my-ehr"],
    ]


@pytest.mark.requirement("R118")
@pytest.mark.usefixtures("no_network")
def test_a_check_of_a_server_that_would_not_start_exits_with_2(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    result = pi180("serve", "--settings", file, "--check")

    assert result.exit_code == 2
    assert "refused  debugging: is on" in result.stdout
    assert result.stderr == "pi180: the server would not start. Mend what is refused.\n"
    started = pi180("serve", "--settings", file)
    assert (started.exit_code, started.stderr.startswith("pi180: debugging: is on")) == (2, True)


@pytest.mark.requirement("R118")
def test_a_check_needs_settings(tmp_path: Path) -> None:
    result = pi180("serve", "--new", tmp_path / "new", "--check")

    assert (result.exit_code, (tmp_path / "new").exists()) == (2, False)


@pytest.mark.requirement("R118")
def test_a_worker_is_held_to_the_same_settings(file: Path) -> None:
    edit(file, "address", '"http://pi180.example.org"')
    result = pi180("worker", "--settings", file)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("pi180: pi180.toml, address: ")
