"""The store: what is secret stays sealed and in its place, and what may happen once happens once."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from smartapp.store import (
    AuditEvent,
    Context,
    Database,
    DataKeys,
    Deed,
    Grant,
    Launches,
    Pending,
    Person,
    Phase,
    Trail,
    Vault,
)
from smartapp.store.launches import IDLE_LIFE, PENDING_LIFE, WHOLE_LIFE
from smartapp.store.vault import VaultError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
PENDING = Pending("https://ehr.example.org/fhir", "launch-canary", "verifier-canary", "nonce-canary")
CONTEXT = Context(
    "https://ehr.example.org",
    "https://ehr.example.org/fhir",
    "subject-canary",
    "Practitioner/c",
    "patient-canary",
    None,
    False,
)
GRANT = Grant("access-canary", "refresh-canary", NOW, NOW + timedelta(hours=1), "openid")
PERSON = Person("Dana Name-Canary", "1234567893")
CANARIES = ("launch-canary", "verifier-canary", "nonce-canary", "subject-canary", "patient-canary")
CANARIES += ("access-canary", "refresh-canary", "Name-Canary", "state-canary")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pi180.sqlite"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    made = Database(file)
    yield made
    made.close()


@pytest.fixture
def trail(database: Database) -> Trail:
    return Trail(database, DataKeys(database, Vault(KEY)))


@pytest.fixture
def launches(database: Database) -> Launches:
    return Launches(database, Vault(KEY))


def asked(launches: Launches, now: datetime = NOW, state: str = "state-canary") -> str:
    launch, _ = launches.create("one", PENDING, now)
    assert launches.ask(launch.id, state, PENDING)
    return launch.id


def opened(launches: Launches, now: datetime = NOW, state: str = "state-canary") -> tuple[str, str]:
    launch_id = asked(launches, now, state)
    assert launches.use_state(launch_id)
    secret = launches.open(launch_id, CONTEXT, GRANT, now)
    assert secret is not None
    launches.know(launch_id, PERSON)
    return launch_id, secret


def bytes_of(file: Path) -> bytes:
    return b"".join(place.read_bytes() for place in file.parent.glob(f"{file.name}*"))


def together(number: int, act: Callable[[int], bool]) -> list[bool]:
    """What as many callers get who act at the same moment."""
    gate, answers = threading.Barrier(number), [False] * number

    def one(place: int) -> None:
        gate.wait()
        answers[place] = act(place)

    threads = [threading.Thread(target=one, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.requirement("R95")
def test_what_is_sealed_opens_in_its_own_place_with_its_own_key() -> None:
    sealed = Vault(KEY).seal({"token": "access-canary"}, "launch/1/grant")

    assert Vault(KEY).open(sealed, "launch/1/grant") == {"token": "access-canary"}
    assert b"canary" not in sealed


@pytest.mark.requirement("R95")
@pytest.mark.parametrize("place", ["launch/2/grant", "launch/1/context", "", "launch/1/grant/"])
def test_what_is_sealed_opens_in_no_other_place(place: str) -> None:
    sealed = Vault(KEY).seal({}, "launch/1/grant")

    with pytest.raises(VaultError):
        Vault(KEY).open(sealed, place)


@pytest.mark.requirement("R95", "R96")
def test_what_is_sealed_opens_with_no_other_key() -> None:
    sealed = Vault(KEY).seal({}, "here")

    with pytest.raises(VaultError):
        Vault(OTHER_KEY).open(sealed, "here")


@pytest.mark.requirement("R95")
def test_a_changed_byte_or_a_part_of_it_does_not_open() -> None:
    sealed = Vault(KEY).seal({"token": "t"}, "here")
    changed = [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(len(sealed))]
    parts = [sealed[:n] for n in range(len(sealed))]

    for damaged in (*changed, *parts, sealed + b"x"):
        with pytest.raises(VaultError):
            Vault(KEY).open(damaged, "here")


@pytest.mark.requirement("R95")
def test_the_same_words_are_sealed_differently_each_time() -> None:
    assert len({Vault(KEY).seal({"token": "t"}, "here") for _ in range(100)}) == 100


@pytest.mark.requirement("R95")
def test_a_token_moved_to_another_launch_does_not_open_there(file: Path, launches: Launches) -> None:
    one, _ = opened(launches, state="a")
    other, _ = opened(launches, state="b")
    with sqlite3.connect(file) as raw:
        raw.execute('UPDATE launch SET "grant" = (SELECT "grant" FROM launch WHERE id = ?) WHERE id = ?', (one, other))
    raw.close()

    assert launches.grant(one) == GRANT
    with pytest.raises(VaultError):
        launches.grant(other)


@pytest.mark.requirement("R95")
def test_a_text_moved_to_another_column_does_not_open_there(file: Path, launches: Launches) -> None:
    launch_id, _ = opened(launches)
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE launch SET context = person, person = context")
    raw.close()

    assert launches.find(launch_id, NOW) is None


@pytest.mark.requirement("R95", "R96")
def test_a_store_opened_with_another_key_gives_nothing_away(database: Database, launches: Launches) -> None:
    launch_id, _ = opened(launches)
    foreign = Launches(database, Vault(OTHER_KEY))

    assert foreign.find(launch_id, NOW) is None
    with pytest.raises(VaultError) as refused:
        foreign.grant(launch_id)
    assert not any(canary in str(refused.value) for canary in CANARIES)


@pytest.mark.requirement("R24", "R95")
def test_no_file_of_the_store_holds_a_secret_in_clear(file: Path, launches: Launches) -> None:
    asked(launches, state="state-canary-2")
    launch_id, secret = opened(launches)
    assert launches.renew(launch_id, replace(GRANT, access_token="access-canary-2", version=1))
    held = bytes_of(file)

    assert len(held) > 1000
    assert [canary for canary in (*CANARIES, secret) if canary.encode() in held] == []


@pytest.mark.requirement("R95")
def test_every_file_of_the_store_is_for_its_owner_alone(file: Path, launches: Launches) -> None:
    opened(launches)
    modes = {place.name: place.stat().st_mode & 0o777 for place in file.parent.iterdir()}

    assert modes == dict.fromkeys((file.name, f"{file.name}-wal", f"{file.name}-shm"), 0o600)


@pytest.mark.requirement("R95")
def test_a_store_that_was_left_open_to_others_is_closed_to_them(file: Path) -> None:
    file.touch()
    file.chmod(0o644)
    made = Database(file)
    opened(Launches(made, Vault(KEY)))
    modes = {place.stat().st_mode & 0o777 for place in file.parent.iterdir()}
    made.close()

    assert modes == {0o600}


@pytest.mark.requirement("R24")
def test_no_representation_of_what_is_kept_holds_a_token(launches: Launches) -> None:
    launch_id, _ = opened(launches)
    told = f"{launches.grant(launch_id)!r} {PENDING!r} {launches.find(launch_id, NOW)!r}"

    assert not any(f"{name}-canary" in told for name in ("access", "refresh", "launch", "verifier", "nonce"))


def test_what_was_kept_is_found_again_by_another_process(file: Path, launches: Launches) -> None:
    launch_id, secret = opened(launches)
    again = Database(file)
    found = Launches(again, Vault(KEY)).enter(launch_id, secret, NOW)
    again.close()

    assert found is not None
    assert (found.phase, found.context, found.person, found.pending) == (Phase.OPEN, CONTEXT, PERSON, None)
    assert (found.created, found.seen) == (NOW, NOW)


@pytest.mark.requirement("R4")
def test_every_launch_has_an_id_a_secret_and_a_row_of_its_own(launches: Launches) -> None:
    made = [launches.create("one", PENDING, NOW) for _ in range(20)]

    assert len({launch.id for launch, _ in made}) == len({secret for _, secret in made}) == 20
    assert all(launches.enter(launch.id, secret, NOW) is not None for launch, secret in made)
    assert launches.enter(made[0][0].id, made[1][1], NOW) is None


@pytest.mark.requirement("R82", "R83")
def test_signing_in_changes_the_secret(launches: Launches) -> None:
    launch, before = launches.create("one", PENDING, NOW)
    launches.ask(launch.id, "state", PENDING)
    after = launches.open(launch.id, CONTEXT, GRANT, NOW)

    assert after not in (None, before)
    assert launches.enter(launch.id, before, NOW) is None
    assert launches.enter(launch.id, str(after), NOW) is not None


def test_a_launch_only_moves_forward(launches: Launches) -> None:
    launch, _ = launches.create("one", PENDING, NOW)

    assert launches.open(launch.id, CONTEXT, GRANT, NOW) is None
    assert launches.ask(launch.id, "state", PENDING)
    assert not launches.ask(launch.id, "another", PENDING)
    assert launches.open(launch.id, CONTEXT, GRANT, NOW) is not None
    assert launches.open(launch.id, CONTEXT, GRANT, NOW) is None
    launches.end(launch.id)
    assert not launches.ask(launch.id, "state", PENDING)
    assert launches.open(launch.id, CONTEXT, GRANT, NOW) is None


@pytest.mark.requirement("R12")
def test_a_state_is_found_under_its_own_registration_only(launches: Launches) -> None:
    launch_id = asked(launches)
    found = launches.by_state("one", "state-canary", NOW)

    assert found is not None
    assert found.id == launch_id
    assert found.pending == PENDING
    for registration, state in (("two", "state-canary"), ("one", "state-canar"), ("one", ""), ("one", "%")):
        assert launches.by_state(registration, state, NOW) is None


@pytest.mark.requirement("R12")
def test_of_many_who_bring_a_state_at_once_one_may_use_it(launches: Launches) -> None:
    launch_id = asked(launches)

    assert together(8, lambda _: launches.use_state(launch_id)).count(True) == 1
    assert launches.by_state("one", "state-canary", NOW) is None
    assert not launches.use_state(launch_id)


@pytest.mark.requirement("R25")
def test_of_many_who_want_to_renew_a_token_one_may(launches: Launches) -> None:
    launch_id, _ = opened(launches)
    lease = timedelta(seconds=30)

    assert together(8, lambda _: launches.claim_renewal(launch_id, 0, NOW, lease)).count(True) == 1


@pytest.mark.requirement("R25")
def test_a_claim_is_free_again_after_its_lease_or_when_it_is_given_back(launches: Launches) -> None:
    launch_id, _ = opened(launches)
    lease = timedelta(seconds=30)

    assert launches.claim_renewal(launch_id, 0, NOW, lease)
    assert not launches.claim_renewal(launch_id, 0, NOW + lease, lease)
    assert launches.claim_renewal(launch_id, 0, NOW + lease + SECOND, lease)
    assert not launches.claim_renewal(launch_id, 0, NOW + lease + SECOND, lease)
    launches.release_renewal(launch_id)
    assert launches.claim_renewal(launch_id, 0, NOW, lease)


@pytest.mark.requirement("R25")
def test_tokens_are_kept_only_in_place_of_the_version_before(launches: Launches) -> None:
    launch_id, _ = opened(launches)
    newer = replace(GRANT, access_token="second", refresh_token=None, version=1)

    assert not launches.renew(launch_id, replace(GRANT, version=2))
    assert not launches.renew(launch_id, replace(GRANT, version=0))
    assert launches.renew(launch_id, newer)
    assert not launches.renew(launch_id, replace(newer, access_token="late"))
    assert launches.grant(launch_id) == newer
    assert not launches.claim_renewal(launch_id, 0, NOW, timedelta(seconds=30))
    assert launches.claim_renewal(launch_id, 1, NOW, timedelta(seconds=30))


@pytest.mark.requirement("R25", "R27")
def test_a_renewal_that_ends_after_the_sign_out_is_not_kept(launches: Launches) -> None:
    launch_id, _ = opened(launches)
    launches.end(launch_id)

    assert not launches.renew(launch_id, replace(GRANT, version=1))
    launches.know(launch_id, PERSON)
    assert launches.grant(launch_id) is None


@pytest.mark.requirement("R27")
def test_the_end_forgets_everything_secret_in_the_files_too(file: Path, launches: Launches) -> None:
    launch_id, secret = opened(launches)
    launches.end(launch_id)
    with sqlite3.connect(file) as raw:
        raw.row_factory = sqlite3.Row
        (row,) = raw.execute("SELECT * FROM launch").fetchall()
    raw.close()

    kept = {name for name in row.keys() if row[name] is not None}  # noqa: SIM118  # a row is no mapping
    assert kept == {"id", "registration", "phase", "created", "seen", "secret_hash", "grant_version"}
    assert launches.enter(launch_id, secret, NOW) is None
    assert launches.find(launch_id, NOW) is None
    assert launches.grant(launch_id) is None


@pytest.mark.requirement("R6")
def test_a_launch_waits_for_its_ehr_for_ten_minutes(launches: Launches) -> None:
    launch_id = asked(launches)

    for now, alive in ((NOW + PENDING_LIFE - SECOND, True), (NOW + PENDING_LIFE, False)):
        assert (launches.find(launch_id, now) is not None) is alive
        assert (launches.by_state("one", "state-canary", now) is not None) is alive


@pytest.mark.requirement("R82")
def test_a_session_rests_for_fifteen_minutes_and_lasts_for_eight_hours(launches: Launches) -> None:
    launch_id, secret = opened(launches)

    assert launches.enter(launch_id, secret, NOW + IDLE_LIFE) is None
    now = NOW
    while (now := now + IDLE_LIFE - SECOND) < NOW + WHOLE_LIFE:
        assert launches.enter(launch_id, secret, now) is not None
    assert launches.enter(launch_id, secret, NOW + WHOLE_LIFE - SECOND) is not None
    assert launches.enter(launch_id, secret, NOW + WHOLE_LIFE) is None


@pytest.mark.requirement("R82")
def test_whoever_does_not_hold_the_secret_does_not_keep_a_session_awake(launches: Launches) -> None:
    launch_id, secret = opened(launches)

    assert launches.enter(launch_id, "guessed", NOW + IDLE_LIFE - SECOND) is None
    assert launches.find(launch_id, NOW + IDLE_LIFE - SECOND) is not None
    assert launches.enter(launch_id, secret, NOW + IDLE_LIFE) is None


def ids(file: Path) -> set[str]:
    with sqlite3.connect(file) as raw:
        found = {row[0] for row in raw.execute("SELECT id FROM launch")}
    raw.close()
    return found


@pytest.mark.requirement("R82")
def test_a_sweep_forgets_what_is_over_and_nothing_else(file: Path, launches: Launches) -> None:
    waiting, (resting, _) = asked(launches, state="a"), opened(launches, state="b")
    ended, _ = opened(launches, state="c")
    launches.end(ended)

    launches.sweep(NOW)
    assert ids(file) == {waiting, resting}
    launches.sweep(NOW + PENDING_LIFE)
    assert ids(file) == {waiting, resting}
    launches.sweep(NOW + PENDING_LIFE + SECOND)
    assert ids(file) == {resting}
    launches.sweep(NOW + IDLE_LIFE)
    assert ids(file) == {resting}
    launches.sweep(NOW + IDLE_LIFE + SECOND)
    assert ids(file) == set()


@pytest.mark.requirement("R82")
def test_a_sweep_forgets_a_session_that_is_too_old_however_awake_it_is(file: Path, launches: Launches) -> None:
    launch_id, secret = opened(launches)
    now = NOW
    while (now := now + IDLE_LIFE - SECOND) < NOW + WHOLE_LIFE:
        assert launches.enter(launch_id, secret, now) is not None

    launches.sweep(NOW + WHOLE_LIFE)
    assert ids(file) == {launch_id}
    launches.sweep(NOW + WHOLE_LIFE + SECOND)
    assert ids(file) == set()


def test_work_in_the_background_keeps_its_tokens_while_the_session_ends(file: Path, launches: Launches) -> None:
    launch_id, secret = opened(launches)
    until = NOW + timedelta(hours=1)
    launches.need(launch_id, until)

    launches.sweep(until)
    assert launches.grant(launch_id) == GRANT
    assert launches.enter(launch_id, secret, until) is None
    launches.sweep(until + SECOND)
    assert ids(file) == set()


@pytest.mark.requirement("R27")
def test_a_sign_out_ends_what_the_background_needs_too(file: Path, launches: Launches) -> None:
    launch_id, _ = opened(launches)
    launches.need(launch_id, NOW + timedelta(hours=1))
    launches.end(launch_id)
    launches.sweep(NOW)

    assert ids(file) == set()


def test_a_new_launch_sweeps_the_old_ones_away(file: Path, launches: Launches) -> None:
    opened(launches)
    launch, _ = launches.create("one", PENDING, NOW + WHOLE_LIFE)

    assert ids(file) == {launch.id}


@pytest.mark.requirement("R99")
def test_the_trail_keeps_what_was_written_in_its_order(trail: Trail) -> None:
    events = [AuditEvent(deed, "one", "l", "issuer subject", "p", "detail") for deed in Deed]
    for event in events:
        trail.add(event, NOW)
    trail.add(AuditEvent(Deed.DENIED), NOW - timedelta(days=1))

    assert trail.rows() == [*events, AuditEvent(Deed.DENIED)]


@pytest.mark.requirement("R99")
def test_the_trail_can_only_be_added_to(file: Path, trail: Trail) -> None:
    trail.add(AuditEvent(Deed.PATIENT_VIEWED, patient="p"), NOW)
    for statement in ("DELETE FROM audit", "UPDATE audit SET patient = 'q'"):
        raw = sqlite3.connect(file)
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            raw.execute(statement)
        raw.close()

    assert trail.rows() == [AuditEvent(Deed.PATIENT_VIEWED, patient="p")]


@pytest.mark.requirement("R99")
def test_a_row_that_cannot_be_written_is_an_error_and_not_silence(file: Path, trail: Trail) -> None:
    raw = sqlite3.connect(file)
    raw.execute("DROP TABLE audit")
    raw.close()

    with pytest.raises(Exception, match="no such table: audit"):
        trail.add(AuditEvent(Deed.PATIENT_VIEWED), NOW)


def test_times_are_kept_in_utc_whatever_zone_they_came_in(file: Path, trail: Trail) -> None:
    eastern = datetime.fromisoformat("2026-11-21T07:00:00-05:00")
    trail.add(AuditEvent(Deed.DENIED), eastern)
    raw = sqlite3.connect(file)
    (at,) = raw.execute("SELECT at FROM audit").fetchone()
    raw.close()

    assert at.startswith("2026-11-21 12:00:00")


def test_a_document_that_json_cannot_hold_is_not_sealed() -> None:
    with pytest.raises(TypeError):
        Vault(KEY).seal({"at": NOW}, "here")
