"""Retries, Retry-After, the circuit breaker, pacing and lanes: a server in trouble is spared, a sound one is read."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorder import QUICK, Clock, gateway, ok, page, recorder, refusal

from extractors.errors import GatewayError, SourceError, Unreachable
from extractors.gateway import LANES, MOST_LANES, ONCE, USUAL_RATE, Gateway, Limits, Pace, Patience
from extractors.gateway.breaker import FAILURES, REST, Breaker
from extractors.gateway.retrying import Effort, stated_wait

NOW = datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC)
GOOD = ok(page())
PASSING = [408, 425, 429, 500, 502, 503, 504]
FINAL = [200, 201, 204, 400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 422, 501, 505]


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("status", PASSING)
def test_what_may_pass_is_asked_again(status: int) -> None:
    clock = Clock()
    with recorder(refusal(status), refusal(status), GOOD) as server:
        assert gateway(clock).get(f"{server.base}/Task").status == 200
        assert len(server.heard) == 3
    assert clock.waits == [1, 2]


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("status", FINAL)
def test_what_is_the_server_s_last_word_is_not(status: int) -> None:
    with recorder(refusal(status, "Retry-After: 1"), GOOD) as server:
        assert gateway().get(f"{server.base}/Task").status == status
        assert len(server.heard) == 1


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(("status", "tries"), [(503, 4), (500, 3), (429, 4)])
def test_tries_end_and_the_last_answer_stands(status: int, tries: int) -> None:
    with recorder(refusal(status)) as server:
        assert gateway(tries=4, tries_of_500=3).get(f"{server.base}/Task").status == status
        assert len(server.heard) == tries


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(("tries", "again"), [(1, 1), (2, 2)])
def test_a_fault_is_never_tried_more_often_than_anything_else(tries: int, again: int) -> None:
    with recorder(refusal(500)) as server:
        gateway(tries=tries, tries_of_500=3).get(f"{server.base}/Task")
        assert len(server.heard) == again


@pytest.mark.requirement("R50")
def test_a_form_is_sent_once_whatever_comes_back() -> None:
    with recorder(refusal(503)) as server:
        assert gateway().post_form(f"{server.base}/token", {"code": "x"}).status == 503
        assert len(server.heard) == 1
    with recorder(b"") as server, pytest.raises(Unreachable):
        gateway().post_form(f"{server.base}/token", {"code": "x"})
    assert len(server.heard) == 1


@pytest.mark.requirement("R50")
def test_a_person_who_waits_gets_the_first_answer() -> None:
    with recorder(refusal(503), GOOD) as server:
        assert gateway().get(f"{server.base}/Task", retry=False).status == 503
    with recorder(refusal(503), GOOD) as server:
        assert Gateway(QUICK, patience=ONCE).get(f"{server.base}/Task").status == 503


@pytest.mark.requirement("R50")
def test_a_broken_connection_is_tried_again_with_longer_and_longer_waits_up_to_a_longest() -> None:
    clock = Clock()
    with recorder(*[b""] * 4, GOOD) as server:
        gateway(clock, longest=5).get(f"{server.base}/Task")
    assert clock.waits == [1, 2, 4, 5]


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
def test_a_wait_is_drawn_between_nothing_and_its_longest(chance: float) -> None:
    clock = Clock()
    with recorder(refusal(503), refusal(503), GOOD) as server:
        gateway(clock, chance=lambda: chance).get(f"{server.base}/Task")
    assert clock.waits == [1 * chance, 2 * chance]


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("7", 7), ("0", 0), (" 7 ", 7), ("+7", 7), ("1.9", 1), ("-5", 0), ("9" * 400, 10**9), ("soon", None),
        ("", None), ("7s", None), ("७", None), ("1e3", None), ("inf", None), ("nan", None),
        ("2026-03-08T07:00:00Z", None),
        ("Sun, 08 Mar 2026 07:00:29 GMT", 30), ("Sunday, 08-Mar-26 07:00:29 GMT", 30), ("Sun Mar  8 07:00:29 2026", 30),
        ("Sun, 08 Mar 2026 03:00:29 -0400", 30), ("Sun, 08 Mar 2026 06:59:58 GMT", 0), ("Thu, 01 Jan 1970", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None), ("Sun, 99 Mar 2026 07:00:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_every_form(stated: str, seconds: float | None) -> None:
    assert stated_wait({"retry-after": stated}, NOW) == seconds


@pytest.mark.requirement("R50")
def test_a_moment_is_compared_with_the_server_s_own_clock() -> None:
    theirs = NOW + timedelta(hours=5)
    said = {"retry-after": format_datetime(theirs + timedelta(seconds=20), usegmt=True)}
    assert stated_wait({**said, "date": format_datetime(theirs, usegmt=True)}, NOW) == 20
    assert stated_wait({**said, "date": "noon"}, NOW) == 5 * 3600 + 20
    assert stated_wait({}, NOW) is None


@pytest.mark.requirement("R50")
@given(st.text(), st.text())
def test_whatever_retry_after_says_a_wait_is_none_or_not_negative(said: str, date: str) -> None:
    wait = stated_wait({"retry-after": said, "date": date}, NOW)
    assert wait is None or wait >= 0


@pytest.mark.requirement("R50")
@given(
    st.lists(st.tuples(st.sampled_from([None, *PASSING, *FINAL]), st.none() | st.floats(0, 1000)), min_size=1),
    st.floats(0, 1),
    st.floats(0, 500),
)
def test_all_waits_together_stay_within_the_budget(
    tries: list[tuple[int | None, float | None]], chance: float, budget: float
) -> None:
    clock = Clock()
    effort, begun = Effort(clock.patience(chance=lambda: chance, budget=budget)), clock.now
    for number, (status, stated) in enumerate(tries, 1):
        wait = effort.after(status, stated)
        if wait is None:
            break
        assert number < Patience().tries
        assert status not in FINAL
        assert stated is None or wait >= stated or stated == 0
        clock.sleep(wait)
    assert clock.now - begun <= budget + 1e-6


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("status", [429, 503])
def test_what_the_server_asks_for_is_waited_in_full(status: int) -> None:
    clock = Clock()
    with recorder(refusal(status, "Retry-After: 20"), GOOD) as server:
        assert gateway(clock).get(f"{server.base}/Task").status == 200
    assert sum(clock.waits) == 21


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("said", ["18000", "9" * 300, "Fri, 31 Dec 2999 23:59:59 GMT"])
def test_an_absurd_wait_is_not_waited_and_not_cut_short(said: str) -> None:
    clock = Clock()
    with recorder(refusal(429, f"Retry-After: {said}"), GOOD) as server:
        assert gateway(clock).get(f"{server.base}/Task").status == 429
        assert len(server.heard) == 1
    assert clock.waits == []


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("said", ["-5", "0", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", ""])
def test_a_wait_that_says_nothing_leaves_ours(said: str) -> None:
    clock = Clock()
    with recorder(refusal(503, f"Retry-After: {said}"), GOOD) as server:
        assert gateway(clock).get(f"{server.base}/Task").status == 200
    assert clock.waits == [1]


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_that_passes_loses_nothing(status: int) -> None:
    clock = Clock()

    def storm() -> Iterator[bytes]:
        ends = clock.now + 60
        while clock.now < ends:
            yield refusal(status)
        while True:
            yield GOOD

    with recorder() as server:
        weather = storm()
        server.next = lambda: next(weather)  # type: ignore[method-assign]
        asking = gateway(clock)
        assert [asking.get(f"{server.base}/Task?page={n}").status for n in range(5)] == [200] * 5


@pytest.mark.requirement("R50")
def test_the_breaker_opens_after_failures_in_a_row_tries_one_and_heals() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(FAILURES - 1):
        breaker.failed("ehr")
    assert breaker.wait("ehr") == 0
    breaker.failed("ehr")
    assert breaker.wait("ehr") == REST
    assert breaker.wait("another") == 0
    clock.now += REST - 1
    assert breaker.wait("ehr") == 1
    clock.now += 1
    assert breaker.wait("ehr") == 0
    assert breaker.wait("ehr") == REST
    breaker.failed("ehr")
    assert breaker.wait("ehr") == REST
    clock.now += REST
    assert breaker.wait("ehr") == 0
    breaker.answered("ehr")
    assert breaker.wait("ehr") == 0


@pytest.mark.requirement("R50")
def test_an_answer_in_between_keeps_the_breaker_shut() -> None:
    breaker = Breaker(Clock())
    for _ in range(3 * FAILURES):
        breaker.failed("ehr")
        breaker.answered("ehr")
    assert breaker.wait("ehr") == 0


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(("status", "opens"), [(502, True), (503, True), (504, True), (500, False), (429, False)])
def test_only_what_speaks_of_the_server_as_a_whole_opens_the_breaker(status: int, opens: bool) -> None:
    clock = Clock()
    with recorder(refusal(status)) as server:
        asking = gateway(clock)
        for _ in range(FAILURES):
            asking.get(f"{server.base}/Task", retry=False)
        if opens:
            with pytest.raises(Unreachable, match="left alone for 30 seconds"):
                asking.get(f"{server.base}/Task/secret-id", retry=False)
        else:
            asking.get(f"{server.base}/Task", retry=False)
        assert len(server.heard) == FAILURES + (not opens)
        assert clock.waits == []


@pytest.mark.requirement("R50")
def test_the_breaker_heals_by_one_request_and_those_who_are_patient_never_notice() -> None:
    clock = Clock()
    with recorder(*[refusal(502)] * FAILURES, GOOD) as server:
        asking = gateway(clock)
        assert asking.get(f"{server.base}/Task").status == 200
        assert len(server.heard) == FAILURES + 1
        assert sum(clock.waits) >= REST
        assert asking.get(f"{server.base}/Task", retry=False).status == 200


@pytest.mark.requirement("R50")
def test_a_silent_server_spares_those_who_ask_after() -> None:
    with recorder(b"") as server:
        asking = gateway()
        for _ in range(FAILURES + 3):
            with pytest.raises(GatewayError):
                asking.get(f"{server.base}/Task", retry=False)
        assert len(server.heard) == FAILURES


@pytest.mark.requirement("R49")
def test_a_request_to_wait_holds_for_everything_that_is_asked_of_the_server() -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    with recorder(refusal(429, "Retry-After: 20"), GOOD) as server:
        patient = Gateway(QUICK, pace=pace, patience=clock.patience())
        hurried = Gateway(QUICK, pace=pace, patience=clock.patience(tries=1, budget=0))
        assert hurried.get(f"{server.base}/Task").status == 429
        with pytest.raises(Unreachable, match="left alone"):
            hurried.get(f"{server.base}/Task")
        assert patient.get(f"{server.base}/Task").status == 200
        assert sum(clock.waits) == 20
        assert len(server.heard) == 2


@pytest.mark.requirement("R49")
@pytest.mark.parametrize(("asked", "held"), [(59, 59), (60, 60), (61, 60), (10**9, 60)])
def test_nobody_is_held_for_longer_than_a_minute(asked: float, held: float) -> None:
    clock = Clock()
    pace = Pace(clock=clock)
    pace.hold("ehr", asked)
    pace.hold("ehr", 1)
    assert pace.held("ehr") == held
    assert pace.held("another") == 0
    clock.now += held
    assert pace.held("ehr") == 0


@pytest.mark.requirement("R49")
def test_after_a_burst_requests_are_spaced() -> None:
    clock = Clock()
    pace = Pace(60, burst=3, clock=clock)
    assert [pace.take("ehr") for _ in range(5)] == [0, 0, 0, 1, 2]
    assert pace.take("another") == 0
    clock.now += 10
    assert [pace.take("ehr") for _ in range(4)] == [0, 0, 0, 1]


@pytest.mark.requirement("R49")
def test_without_a_rate_nobody_waits() -> None:
    pace = Pace(clock=Clock())
    assert {pace.take("ehr") for _ in range(1000)} == {0}


@pytest.mark.requirement("R49")
@given(st.integers(1, 600), st.integers(1, 8), st.lists(st.floats(0, 30), min_size=1, max_size=80))
def test_no_stretch_of_time_sees_more_requests_than_the_rate_and_the_burst(
    rate: int, burst: int, pauses: list[float]
) -> None:
    clock = Clock()
    pace, moments = Pace(rate, burst, clock=clock), []
    for pause in pauses:
        clock.now += pause
        clock.now += pace.take("ehr")
        moments.append(clock.now)
    for n, begun in enumerate(moments):
        within = sum(1 for moment in moments[n:] if moment < begun + 60 - 1e-6)
        assert within <= rate + burst


@pytest.mark.requirement("R49")
@pytest.mark.parametrize("back", [3600, 10**8])
def test_a_clock_that_is_set_back_makes_nobody_wait(back: float) -> None:
    clock = Clock()
    clock.now = 2 * 10.0**9
    pace = Pace(60, burst=1, clock=clock)
    pace.take("ehr")
    pace.hold("ehr", 60)
    clock.now -= back
    assert pace.take("ehr") == 0
    assert pace.held("ehr") == 0


@pytest.mark.requirement("R49")
def test_the_usual_rate_stays_below_the_strictest_limit_of_a_vendor() -> None:
    clock = Clock()
    pace, begun, made = Pace(USUAL_RATE, clock=clock), clock.now, 0
    while clock.now < begun + 60:
        clock.sleep(pace.take("ehr"))
        made += 1
    assert USUAL_RATE <= made < 250


def takes(file: Path, times: int, waits: "multiprocessing.Queue[list[float]]") -> None:
    pace = Pace(60, burst=1, file=file, clock=lambda: 1000.0)
    waits.put([pace.take("ehr") for _ in range(times)])
    pace.close()


@pytest.mark.requirement("R49")
def test_processes_that_share_a_file_share_the_rate(tmp_path: Path) -> None:
    file, context = tmp_path / "state" / "pace.sqlite", multiprocessing.get_context("fork")
    waits: multiprocessing.Queue[list[float]] = context.Queue()
    processes = [context.Process(target=takes, args=(file, 10, waits)) for _ in range(3)]
    for process in processes:
        process.start()
    found = [wait for _ in processes for wait in waits.get(timeout=30)]
    for process in processes:
        process.join()
    assert sorted(found) == list(range(30))
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.requirement("R49")
def test_a_file_that_cannot_keep_the_pace_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "pace.sqlite"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(SourceError, match="Remove it"):
        Pace(60, file=file)


@pytest.mark.requirement("R49")
def test_threads_that_share_a_pace_take_each_turn_once() -> None:
    pace, waits = Pace(60, burst=1, clock=lambda: 1000.0), list[float]()
    threads = [threading.Thread(target=lambda: waits.extend(pace.take("ehr") for _ in range(10))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(waits) == Counter(range(40))


@pytest.mark.requirement("R49")
def test_a_gateway_keeps_to_its_pace() -> None:
    clock = Clock()
    with recorder(GOOD) as server:
        asking = Gateway(QUICK, pace=Pace(60, burst=1, clock=clock), patience=clock.patience())
        for _ in range(4):
            asking.get(f"{server.base}/Task")
    assert clock.waits == [1, 1, 1]


@pytest.mark.requirement("R40", "R49")
@pytest.mark.parametrize("lanes", [1, LANES, MOST_LANES])
def test_no_more_connections_to_a_host_are_open_than_there_are_lanes(lanes: int) -> None:
    lock, open_now, most, enough = threading.Lock(), 0, 0, threading.Barrier(lanes)

    def counted() -> Iterator[bytes]:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        enough.wait(10)
        with lock:
            open_now -= 1
        yield GOOD

    with recorder() as server:
        server.next = counted  # type: ignore[method-assign]
        asking = Gateway(Limits(connect=5, idle=10, lanes=lanes), patience=ONCE)
        threads = [threading.Thread(target=asking.get, args=(f"{server.base}/Task",)) for _ in range(2 * lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(server.heard) == 2 * lanes
    assert most == lanes


@pytest.mark.requirement("R49")
@pytest.mark.parametrize(("lanes", "allowed"), [(0, False), (1, True), (8, True), (9, False)])
def test_lanes_are_one_to_eight(lanes: int, allowed: bool) -> None:
    if allowed:
        assert Limits(lanes=lanes).lanes == lanes
    else:
        with pytest.raises(ValueError, match="expected 1 to 8"):
            Limits(lanes=lanes)


@pytest.mark.requirement("R40")
def test_a_head_that_drips_is_given_up_in_time_although_it_is_never_idle() -> None:
    over = threading.Event()

    def drip() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX-Slow: "
        while not over.wait(0.02):
            yield b"y"

    with recorder(drip()) as server:
        started = time.monotonic()
        with pytest.raises(Unreachable, match="more than"):
            Gateway(Limits(connect=1, idle=1, total=0.3), patience=ONCE).get(f"{server.base}/Task")
        over.set()
    assert time.monotonic() - started < 10
