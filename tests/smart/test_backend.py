"""Signing in without a person: one token for all, asked for anew in time, and never twice for a refusal."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extractors.gateway import Credential
from extractors.sources.queries import SignInNeeded
from smartapp.smart.backend import BackendToken, ClockWrong, Identity, TokenUnanswered
from smartapp.smart.keys import new_ring, signing_key
from tests.gateway.recorder import Recorder, gateway, ok, recorder, refusal

START = datetime(2026, 11, 22, 5, tzinfo=UTC)
BASE = "https://ehr.example.org/fhir"
TYPES = ("Patient", "MedicationRequest")


class Now:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


def token(
    scope: str | None = "system/Patient.rs system/MedicationRequest.rs", date: datetime = START, life: int = 300
) -> bytes:
    said = {"access_token": "t-0", "token_type": "bearer", "expires_in": life} | ({"scope": scope} if scope else {})
    return ok(json.dumps(said).encode(), f"Date: {date:%a, %d %b %Y %H:%M:%S} GMT")


def backend(server: Recorder, folder: Path, clock: Now, alg: str = "ES384") -> BackendToken:
    new_ring(folder, alg, None, timedelta(hours=1), START)
    identity = Identity("night", signing_key(folder), f"http://127.0.0.1:{server.port}/token", BASE)
    return BackendToken(identity, TYPES, gateway(), clock)


@pytest.mark.requirement("R37")
@pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (239, 1), (240, 2), (299, 2)])
def test_a_token_is_kept_until_a_minute_before_its_end(tmp_path: Path, seconds: int, asked: int) -> None:
    clock = Now()
    with recorder(token(), token(date=START + timedelta(seconds=seconds))) as server:
        bearer = backend(server, tmp_path / "k", clock)
        for _ in range(50):
            bearer.credential()
        clock.at += timedelta(seconds=seconds)
        assert bearer.credential().base == BASE
    assert len(server.heard) == asked


@pytest.mark.requirement("R37")
@pytest.mark.parametrize("life", [10, 60, 61])
def test_a_token_of_a_minute_or_less_is_used_until_it_is_nearly_over(tmp_path: Path, life: int) -> None:
    clock = Now()
    with recorder(token(life=life)) as server:
        bearer = backend(server, tmp_path / "k", clock)
        for _ in range(50):
            bearer.credential()
        clock.at += timedelta(seconds=life * 0.79)
        bearer.credential()
        assert len(server.heard) == 1
        clock.at += timedelta(seconds=life * 0.02)
        bearer.credential()
    assert len(server.heard) == 2


def test_a_clock_that_is_set_back_forbids_no_new_token(tmp_path: Path) -> None:
    """F11: an hour back, after a token was renewed for a refusal."""
    clock = Now()
    with recorder(token(), token(), token(date=START - timedelta(hours=1))) as server:
        bearer = backend(server, tmp_path / "k", clock)
        refused = bearer.credential(bearer.credential())
        clock.at -= timedelta(hours=1)
        bearer.credential(refused)
    assert len(server.heard) == 3


@pytest.mark.requirement("R28")
def test_a_refused_token_is_renewed_once_a_minute_and_by_one_of_all_lanes(tmp_path: Path) -> None:
    with recorder(token()) as server:
        bearer = backend(server, tmp_path / "k", Now())
        first = bearer.credential()
        for _ in range(10):
            bearer.credential(first)
    assert len(server.heard) == 2


def test_a_refusal_of_an_older_token_changes_nothing(tmp_path: Path) -> None:
    with recorder(token()) as server:
        bearer = backend(server, tmp_path / "k", Now())
        bearer.credential()
        bearer.credential(Credential("Bearer older", BASE))
    assert len(server.heard) == 1


@pytest.mark.requirement("R37")
@pytest.mark.parametrize("error", ["invalid_client", "invalid_scope", "unauthorized_client"])
def test_a_sign_in_that_is_refused_is_not_tried_again(tmp_path: Path, error: str) -> None:
    said = json.dumps({"error": error, "error_description": "secret words"}).encode()
    with recorder(b"HTTP/1.1 400 X\r\nConnection: close\r\n\r\n" + said) as server:
        bearer = backend(server, tmp_path / "k", Now())
        for _ in range(5):
            with pytest.raises(SignInNeeded, match=error) as refused:
                bearer.credential()
            assert "secret words" not in str(refused.value)
    assert len(server.heard) == 1


def test_a_token_endpoint_that_fails_is_asked_again_later(tmp_path: Path) -> None:
    with recorder(refusal(503), token()) as server:
        bearer = backend(server, tmp_path / "k", Now())
        with pytest.raises(TokenUnanswered):
            bearer.credential()
        assert bearer.credential().header == "Bearer t-0"


@pytest.mark.requirement("R36")
@pytest.mark.parametrize("seconds", [-120, -61, 61, 7200])
def test_a_clock_that_differs_by_more_than_a_minute_stops_all(tmp_path: Path, seconds: int) -> None:
    with recorder(token(date=START + timedelta(seconds=seconds))) as server:
        words = "behind" if seconds > 0 else "ahead of"
        with pytest.raises(ClockWrong, match=f"{abs(seconds)} seconds {words}"):
            backend(server, tmp_path / "k", Now()).credential()


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("seconds", "told"), [(0, False), (20, False), (-20, False), (21, True), (60, True), (-60, True)]
)
def test_a_clock_that_differs_less_is_told_from_twenty_seconds_on(tmp_path: Path, seconds: int, told: bool) -> None:
    with recorder(token(date=START + timedelta(seconds=seconds))) as server:
        bearer = backend(server, tmp_path / "k", Now())
        bearer.credential()
    assert bool(bearer.cautions) == told


@pytest.mark.requirement("R38")
@pytest.mark.parametrize(
    ("scope", "lacking"),
    [
        ("system/Patient.rs system/MedicationRequest.rs", ()),
        ("system/*.read", ()),
        (None, ()),
        ("system/Patient.rs", ("MedicationRequest",)),
        ("system/Patient.rs system/MedicationRequest.rs?status=active", ("MedicationRequest",)),
        ("user/*.rs", ("MedicationRequest", "Patient")),
        ("", ("MedicationRequest", "Patient")),
    ],
)
def test_what_was_not_granted_is_known(tmp_path: Path, scope: str | None, lacking: tuple[str, ...]) -> None:
    said = token(scope) if scope != "" else ok(b'{"access_token":"t","token_type":"bearer","scope":""}')
    with recorder(said) as server:
        bearer = backend(server, tmp_path / "k", Now())
        bearer.credential()
    assert bearer.lacking() == lacking
    assert bool(bearer.cautions) == bool(lacking)
