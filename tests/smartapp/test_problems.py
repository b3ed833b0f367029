"""When something goes wrong: what the person sees, what the log gets, and what neither does."""

import json
import logging
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from flask import Flask
from flask.testing import FlaskClient

from extractors.errors import ExtractionError, SiteError, StagingError, Unreachable
from smartapp.errors import UsageError
from smartapp.settings import SettingsError
from smartapp.smart.errors import SmartError
from smartapp.smart.launch import LaunchRefused
from smartapp.starter import Starter, write_starter
from smartapp.web import problems
from smartapp.web.problems import Shown
from smartapp.web.serve import listening

CANARY = "Patient-Canary <b>token-canary</b>"


@pytest.fixture
def app() -> Flask:
    made = Flask(__name__)
    problems.handle(made)
    return made


def failing(app: Flask, problem: Exception) -> FlaskClient:
    @app.get("/")
    def fail() -> str:
        raise problem

    return app.test_client()


@pytest.mark.requirement("R98", "R128")
@pytest.mark.parametrize(
    "problem",
    [
        RuntimeError(CANARY),
        KeyError(CANARY),
        SettingsError(CANARY),
        UnicodeDecodeError("utf-8", CANARY.encode(), 0, 1, CANARY),
        OSError(2, CANARY, CANARY),
        json.JSONDecodeError(CANARY, CANARY, 0),
        ExceptionGroup(CANARY, [ValueError(CANARY)]),
    ],
)
def test_a_fault_of_ours_is_a_number_for_the_person_and_kind_and_place_for_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], problem: Exception
) -> None:
    with caplog.at_level(logging.DEBUG):
        got = failing(app, problem).get("/?patient=Patient-Canary")
    (row,) = [record for record in caplog.records if record.name == "pi180"]
    (number,) = re.findall(r"the number ([0-9a-f]{8});", got.text)

    assert (got.status_code, row.levelno, row.exc_info) == (500, logging.ERROR, None)
    assert row.getMessage().startswith(f"problem {number}: {type(problem).__name__} in fail:")
    assert "Canary" not in got.text + caplog.text + "".join(capsys.readouterr())
    assert "canary" not in got.text + caplog.text
    assert "Traceback" not in got.text


@pytest.mark.requirement("R98", "R128")
def test_what_caused_a_fault_is_not_told_either(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/")
    def fail() -> str:
        try:
            raise ValueError(CANARY)
        except ValueError as cause:
            raise RuntimeError("wrapped " + CANARY) from cause

    with caplog.at_level(logging.DEBUG):
        got = app.test_client().get("/")

    assert got.status_code == 500
    assert "anary" not in got.text + caplog.text


@pytest.mark.requirement("R98")
def test_a_line_of_the_log_is_one_line_whatever_failed(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    class Odd(Exception):  # noqa: N818
        pass

    Odd.__name__ = "Odd"
    failing(app, Odd("line\nERROR forged")).get("/")

    assert [record.getMessage().count("\n") for record in caplog.records] == [0]


def test_every_fault_has_a_number_of_its_own(app: Flask) -> None:
    browser = failing(app, RuntimeError())
    numbers = {re.findall(r"the number ([0-9a-f]{8});", browser.get("/").text)[0] for _ in range(20)}

    assert len(numbers) == 20


@pytest.mark.requirement("R128")
@pytest.mark.parametrize(
    ("problem", "status", "words"),
    [
        (Unreachable("ehr.example.org: no answer in time"), 502, "Ehr.example.org: no answer in time. "),
        (ExtractionError("nothing"), 502, "The EHR cannot be read now"),
        (
            StagingError("the disk is full. Make room."),
            500,
            "cannot be used now The disk is full. Make room. Tell your IT",
        ),
        (SiteError("site.toml: expected"), 502, "Nothing was changed. Try again."),
        (StagingError("TMPDIR: /big: expected a folder."), 500, "TMPDIR: /big: expected a folder. Tell your IT"),
        (SmartError("this launch is over."), 403, "This launch is over. Close this page"),
        (LaunchRefused("this EHR is not registered here"), 403, "This EHR is not registered here. Close this page"),
        (Shown(418, "A title", "One.", "Two."), 418, "A title"),
    ],
)
def test_what_is_foreseen_is_said_with_what_to_do(app: Flask, problem: Exception, status: int, words: str) -> None:
    got = failing(app, problem).get("/")

    assert got.status_code == status
    assert words in re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", got.text)).replace("  ", " ")
    assert got.mimetype == "text/html"


@pytest.mark.requirement("R85")
def test_words_of_a_page_are_text(app: Flask) -> None:
    got = failing(app, SmartError("<script>alert(1)</script>")).get("/")

    assert "<script" not in got.text.lower()
    assert "script&gt;" in got.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/%2e%2e/etc/passwd", 404), ("DELETE", "/", 405), ("POST", "/", 405)],
)
def test_what_is_not_there_is_a_page_without_what_was_asked(app: Flask, method: str, path: str, status: int) -> None:
    got = failing(app, RuntimeError()).open(path, method=method)

    assert got.status_code == status
    assert "passwd" not in got.text
    assert "Launch pi180 from the EHR" in got.text or "launch pi180 from the EHR" in got.text


def test_a_page_that_is_worth_asking_for_again_says_when(app: Flask) -> None:
    got = failing(app, Shown(503, "Reading", wait=5)).get("/")

    assert got.headers["Refresh"] == "5; url=/?wait=1"
    assert "Refresh" not in failing(Flask("other"), RuntimeError()).get("/nowhere").headers


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, served by the installed command until it is interrupted."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    folder = tmp_path_factory.mktemp("served")
    file = write_starter(folder, Starter(address, address.removeprefix("http://"), proxies=0, client_id="pi180"))
    command = [Path(sys.executable).with_name("pi180"), "serve", "--settings", file]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        assert server.stdout is not None
        begun = server.stderr.readline()
        yield address
        server.send_signal(signal.SIGINT)
        said, printed = server.stderr.read(), server.stdout.read()
    assert begun == f"pi180 serves {address} on {address.removeprefix('http://')}  (Ctrl-C stops)\n"
    assert (server.returncode, said.splitlines()[-1], printed) == (0, "Stopped.", "")


def test_the_app_is_served_over_a_real_socket(served: str) -> None:
    with urlopen(served, timeout=30) as answer:
        page = answer.read().decode()

    assert "Sign in at My EHR" in page
    assert "waitress" not in str(answer.headers).lower()


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost", "[::1]", "127.0.0.1@evil.example"]
)
def test_a_foreign_name_for_this_machine_is_refused(served: str, host: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(served, headers={"Host": host}), timeout=30)
    page = refused.value.read().decode()

    assert refused.value.code == 400
    assert "Sign in" not in page
    assert host not in page
    refused.value.close()


def test_a_port_that_is_taken_is_said_and_any_is_zero() -> None:
    with listening("127.0.0.1", 0) as taken, pytest.raises(UsageError, match="0 takes any free port"):
        listening("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UsageError):
        listening("192.0.2.1", 0)


def test_a_bracketless_ipv6_address_is_listened_on() -> None:
    try:
        with listening("::1", 0) as listener:
            assert listener.family is socket.AF_INET6
    except UsageError:
        pytest.skip("this machine has no IPv6")
