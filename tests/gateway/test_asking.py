import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import responses

from extractors.errors import GatewayError, LinkRefused, Oversized, Unreachable
from extractors.gateway import ONCE, Credential, Gateway, Limits

BASE = "https://ehr.example/fhir"
CANARY = "canary-token-1c0ffee"
TOKEN = Credential(f"Bearer {CANARY}", BASE)


@responses.activate
@pytest.mark.requirement("R41")
@pytest.mark.parametrize("url", [BASE, f"{BASE}/Patient/1", "https://EHR.example:443/fhir/Patient?_id=1"])
def test_a_credential_goes_to_its_own_base(url: str) -> None:
    responses.get(url, json={})
    Gateway().get(url, TOKEN)
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {CANARY}"


@responses.activate
@pytest.mark.requirement("R41")
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/fhir",
        "https://ehr.example/other",
        "https://ehr.example:8443/fhir",
        "https://ehr.example/fhirx",
    ],
)
def test_a_credential_goes_nowhere_else_and_nothing_is_sent(url: str) -> None:
    with pytest.raises(LinkRefused) as refused:
        Gateway().get(url, TOKEN)
    assert len(responses.calls) == 0
    assert CANARY not in str(refused.value)


@pytest.mark.requirement("R41", "R24")
def test_a_credential_does_not_show_itself() -> None:
    assert CANARY not in repr(TOKEN)


@responses.activate
@pytest.mark.requirement("R45")
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "http://ehr.example/fhir/x", f"{BASE}/elsewhere", f"{BASE}/Patient/1"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int, target: str) -> None:
    responses.get(f"{BASE}/Patient/1", status=status, headers={"Location": target})
    with pytest.raises(LinkRefused, match="redirect"):
        Gateway().get(f"{BASE}/Patient/1", TOKEN)
    assert len(responses.calls) == 1


@responses.activate
@pytest.mark.requirement("R39")
def test_credentials_and_proxies_of_the_environment_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = tmp_path / "netrc"
    planted.write_text("machine ehr.example login a password b\n")
    planted.chmod(0o600)
    monkeypatch.setenv("NETRC", str(planted))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:1")
    responses.get(BASE, json={})
    Gateway().get(BASE, TOKEN)
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {CANARY}"
    assert not responses.calls[0].request.req_kwargs.get("proxies")  # type: ignore[attr-defined]


@responses.activate
def test_a_cookie_of_one_answer_never_goes_with_the_next_request() -> None:
    responses.get(BASE, json={}, headers={"Set-Cookie": "user=one; Path=/"})
    gateway = Gateway()
    gateway.get(BASE)
    gateway.get(BASE)
    assert "Cookie" not in responses.calls[1].request.headers


@responses.activate
@pytest.mark.requirement("R40")
def test_every_request_has_a_limit_to_connect_and_to_wait() -> None:
    responses.get(BASE, json={})
    Gateway().get(BASE)
    connect, idle = responses.calls[0].request.req_kwargs["timeout"]  # type: ignore[attr-defined]
    assert 0 < connect <= 10
    assert 0 < idle <= 60


@contextmanager
def raw_server(beginning: bytes, drip: bytes = b"", gap: float = 0.05) -> Iterator[str]:
    """A socket that answers one request with some bytes, then one byte at a time or nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(beginning)
                for byte in drip:
                    if over.wait(gap):
                        return
                    try:
                        connection.sendall(bytes([byte]))
                    except OSError:
                        return
                if not drip:
                    over.wait(5)

        serving = threading.Thread(target=answer)
        serving.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"
        over.set()
        serving.join()


@pytest.mark.requirement("R40")
def test_a_server_that_stays_silent_is_given_up() -> None:
    with raw_server(b"") as url, pytest.raises(Unreachable, match="no answer in time"):
        Gateway(Limits(idle=0.2), patience=ONCE).get(url)


@pytest.mark.requirement("R40")
def test_a_server_that_drips_is_given_up_although_it_is_never_idle() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", b"x" * 500) as url:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="more than"):
            Gateway(Limits(idle=1, total=0.3), patience=ONCE).get(url)
        assert time.monotonic() - started < 10


@pytest.mark.requirement("R40")
def test_a_download_that_drips_is_broken_off_however_long_it_may_take() -> None:
    """F2: a byte in a while keeps no connection open for the hours that a large file may take."""
    came = bytearray()
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", b"x" * 5000) as url:
        gateway = Gateway(Limits(idle=0.2, total=3600, slowest=1000), patience=ONCE)
        with pytest.raises(Unreachable, match="no answer in time"):
            gateway.download(url, lambda: came.extend)
    assert len(came) < 5000


def test_an_answer_shorter_than_announced_is_not_accepted() -> None:
    def cut() -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{"

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(cut())

        serving = threading.Thread(target=answer)
        serving.start()
        with pytest.raises(Unreachable, match="broke off"):
            Gateway(patience=ONCE).get(f"http://127.0.0.1:{listener.getsockname()[1]}/fhir")
        serving.join()


def test_nobody_at_the_address_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="no connection"):
        Gateway(patience=ONCE).get(f"http://127.0.0.1:{port}/fhir/Patient/secret-id")


@responses.activate
@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
def test_an_answer_has_a_largest_size(size: int, fits: bool) -> None:
    responses.get(BASE, body=b"x" * size)
    gateway = Gateway(Limits(size=1000), patience=ONCE)
    if fits:
        assert len(gateway.get(BASE).body) == size
    else:
        with pytest.raises(Oversized):
            gateway.get(BASE)


@responses.activate
def test_a_small_answer_that_unpacks_to_a_large_one_is_stopped() -> None:
    responses.get(BASE, body=gzip.compress(b"x" * 10_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(Oversized):
        Gateway(Limits(size=1_000_000), patience=ONCE).get(BASE)


@responses.activate
def test_what_went_wrong_names_the_host_and_no_more_of_the_url() -> None:
    responses.get(f"{BASE}/Patient/secret-id", body=requests.ConnectionError("secret-id refused"))
    with pytest.raises(GatewayError) as problem:
        Gateway(patience=ONCE).get(f"{BASE}/Patient/secret-id", TOKEN)
    assert "ehr.example" in str(problem.value)
    assert "secret-id" not in str(problem.value)
    assert problem.value.__suppress_context__


@responses.activate
def test_an_answer_that_is_no_json_object_says_so_without_its_content() -> None:
    responses.get(BASE, body=b"<html>secret</html>")
    with pytest.raises(GatewayError, match="expected JSON") as problem:
        Gateway().get(BASE).document()
    assert "secret" not in str(problem.value)


@responses.activate
def test_a_form_is_sent_as_a_form_without_any_credential_of_ours() -> None:
    responses.post("https://ehr.example/token", json={"ok": 1})
    Gateway().post_form("https://ehr.example/token", {"a": "1 & 2"}, {"Authorization": "Basic x"})
    sent = responses.calls[0].request
    assert sent.body == "a=1+%26+2"
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.headers["Authorization"] == "Basic x"
