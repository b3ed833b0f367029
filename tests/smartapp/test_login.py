"""Signing in from the command line: a browser, the demo EHR, and a redirect to this machine."""

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
import responses

from extractors.site import load_site
from scoring.rulebook import load
from smartapp import paths
from smartapp.demo_ehr import AuthMethod, DemoClient, Faults, create_demo_ehr
from smartapp.smart.errors import SmartError
from smartapp.smart.launch import LaunchRefused
from smartapp.smart.login import Client, signed_in
from smartapp.vendors.preflight import Asked, preflight
from smartapp.web.serve import LOOPBACK, listening
from tests.demo_ehr.signing_in import BASE, FHIR
from tests.smartapp.ehr_bridge import approve, serve

SITE = paths.fixture("thin-server") / "site.toml"


def free_port() -> int:
    with listening(LOOPBACK, 0) as taken:
        return int(taken.getsockname()[1])


@dataclass
class Person:
    """Somebody at a browser: approves at the EHR, and is sent back; what the listener said to each visit."""

    app: object
    decision: str = "approve"
    before: tuple[str, ...] = ()
    answers: list[tuple[int, str]] = field(default_factory=list)
    thread: threading.Thread | None = None

    def __call__(self, address: str) -> None:
        back = approve(self.app, address, clinician="internist", decision=self.decision)  # type: ignore[arg-type]
        port = urlsplit(back).port
        visits = [*self.before, back.removeprefix(f"http://{LOOPBACK}:{port}")]
        self.thread = threading.Thread(target=self.visit, args=(port, visits))
        self.thread.start()

    def visit(self, port: int, visits: list[str]) -> None:
        for path in visits:
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
            connection.request("GET", path)
            got = connection.getresponse()
            self.answers.append((got.status, got.read().decode()))
            connection.close()


@dataclass
class Ehr:
    port: int
    faults: Faults
    person: Person

    def client(self, secret: str | None = None, patience: float = 30) -> Client:
        name = "secretive" if secret else "cli"
        return Client(FHIR, name, self.person, secret, self.port, patience=patience)


@pytest.fixture
def ehr() -> Iterator[Ehr]:
    port, faults = free_port(), Faults()
    back = (f"http://{LOOPBACK}:{port}/cb/preflight",)
    clients = [
        DemoClient("cli", back, BASE + "/none"),
        DemoClient("secretive", back, BASE + "/none", AuthMethod.CLIENT_SECRET_BASIC, "a secret"),
    ]
    app = create_demo_ehr(paths.fixture("thin-server"), BASE, clients, faults)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as wire:
        serve(wire, app, BASE)
        made = Ehr(port, faults, Person(app))
        yield made
        if made.person.thread is not None:
            made.person.thread.join(timeout=10)


@pytest.mark.parametrize("secret", [None, "a secret"])
def test_who_signs_in_gets_a_token_for_this_server_and_it_is_revoked_at_the_end(ehr: Ehr, secret: str | None) -> None:
    with signed_in(ehr.client(secret), load_site(SITE)) as token:
        credential = token.credential()
        assert (credential.base, credential.header[:7]) == (FHIR, "Bearer ")
        assert "user/MedicationRequest.rs" in (token.scope() or "")

    (status, page), asked = ehr.person.answers[0], ehr.faults.saw("authorize")[0].query
    assert (status, "You may close this window" in page) == (200, True)
    assert asked["code_challenge_method"] == "S256"
    assert asked["aud"] == FHIR
    assert "patient" not in page
    assert len(ehr.faults.saw("revoke")) >= 1


@pytest.mark.requirement("R12")
def test_other_visits_are_not_the_answer(ehr: Ehr) -> None:
    ehr.person.before = ("/favicon.ico", "/cb/preflight?state=forged&code=stolen", "/cb/preflight")
    with signed_in(ehr.client(), load_site(SITE)) as token:
        assert token.credential() is not None

    assert [status for status, _ in ehr.person.answers] == [404, 200, 200, 200]
    assert len(ehr.faults.saw("token")) == 1


def test_a_refusal_is_told_and_leaves_no_token(ehr: Ehr) -> None:
    ehr.person.decision = "deny"
    with pytest.raises(LaunchRefused, match="access was denied"), signed_in(ehr.client(), load_site(SITE)):
        pytest.fail("nobody was let in")

    assert ehr.faults.saw("token") == []


def test_nobody_who_signs_in_is_waited_for_no_longer(ehr: Ehr) -> None:
    absent = Client(FHIR, "cli", lambda _: None, None, ehr.port, patience=0)
    with pytest.raises(LaunchRefused, match="in time"), signed_in(absent, load_site(SITE)):
        pytest.fail("nobody was let in")


def test_preflight_reads_with_the_token_of_whoever_signed_in(ehr: Ehr) -> None:
    asked = Asked(FHIR, load(2026), client=ehr.client(), most=1, only=("PI_PHCDRR_1_EX_1",))
    found = preflight(asked, lambda *_: None).preflight

    assert (found.sample.patients, [judged.measure for judged in found.judged]) == (1, ["PI_PHCDRR_1_EX_1"])
    assert found.resources > 1
    assert len(ehr.faults.saw("revoke")) >= 1


@pytest.mark.requirement("R8")
@pytest.mark.parametrize("fault", [{"status": 404}, {"status": 200, "body": {"issuer": 7}}])
def test_a_server_without_a_smart_configuration_is_told_so(ehr: Ehr, fault: dict[str, object]) -> None:
    ehr.faults.add("well_known", **fault)  # type: ignore[arg-type]
    with pytest.raises(SmartError, match="--token-file"), signed_in(ehr.client(), load_site(SITE)):
        pytest.fail("nobody was let in")


def test_a_port_that_is_taken_is_told(ehr: Ehr) -> None:
    with (
        listening(LOOPBACK, ehr.port),
        pytest.raises(SmartError, match="Name another"),
        signed_in(ehr.client(), load_site(SITE)),
    ):
        pytest.fail("nobody was let in")
