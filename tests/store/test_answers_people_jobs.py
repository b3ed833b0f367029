"""Drafts, assignments, jobs: versions are never overwritten, roles are somebody's, and work is done once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from smartapp.store import Assignment, Author, Filing, Job, JobState, Progress, StaleDraft, Store, Task
from smartapp.store.jobs import SILENT_FOR
from tests.store.stores import DANA, DAY, FILING, NOW, NPI, SECOND, TIN, bytes_below, opened_launch

BO = Author("Bo", "https://ehr.example.org bo")
HERS = Assignment("Practitioner/a", "Dana Name-Canary", "staff", (TIN,), "local root", NOW)
RUN = Task("one", "run", "2026", {"folder": "export"})


def together(number: int, act: Callable[[], bool]) -> list[bool]:
    """What as many callers get who act at the same moment."""
    gate, answers = threading.Barrier(number), []

    def one() -> None:
        gate.wait()
        answers.append(act())

    threads = [threading.Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_newest_draft_is_current_and_every_earlier_one_stays(store: Store) -> None:
    assert store.drafts.current(FILING) is None
    first = store.drafts.save(FILING, {"answers": {"a": True}}, DANA, NOW, None, "as discussed")
    second = store.drafts.save(FILING, {"answers": {"a": False}}, BO, NOW + DAY, 1)

    assert (first.number, first.by, first.user, first.at, first.reason) == (
        1,
        DANA.name,
        DANA.user,
        NOW,
        "as discussed",
    )
    assert (second.number, second.reason, second.document) == (2, "", {"answers": {"a": False}})
    assert store.drafts.current(FILING) == second
    assert store.drafts.history(FILING) == (second, first)


@pytest.mark.parametrize("based_on", [None, 2, 0])
def test_a_draft_that_is_based_on_another_version_than_the_newest_is_not_kept(
    store: Store, based_on: int | None
) -> None:
    first = store.drafts.save(FILING, {}, DANA, NOW, None)
    with pytest.raises(StaleDraft, match="Somebody saved other answers") as refused:
        store.drafts.save(FILING, {"mine": 1}, BO, NOW, based_on)

    assert refused.value.newest == first
    assert store.drafts.history(FILING) == (first,)


def test_a_first_draft_is_based_on_none(store: Store) -> None:
    with pytest.raises(StaleDraft) as refused:
        store.drafts.save(FILING, {}, DANA, NOW, 1)
    assert refused.value.newest is None


def test_of_many_who_save_on_the_same_version_one_does(store: Store) -> None:
    store.drafts.save(FILING, {}, DANA, NOW, None)

    def save() -> bool:
        try:
            return store.drafts.save(FILING, {}, BO, NOW, 1).number == 2
        except StaleDraft:
            return False

    assert together(6, save).count(True) == 1
    assert [one.number for one in store.drafts.history(FILING)] == [2, 1]


@pytest.mark.requirement("R89")
def test_each_filing_has_drafts_of_its_own(store: Store) -> None:
    filings = [
        FILING,
        replace(FILING, registration="two"),
        replace(FILING, year=2025),
        replace(FILING, tin=None),
        replace(FILING, npi=None),
        Filing("one", 2026, NPI, TIN),
    ]
    for number, filing in enumerate(filings):
        store.drafts.save(filing, {"number": number}, DANA, NOW, None)

    found = [store.drafts.history(filing) for filing in filings]
    assert [[one.document["number"] for one in drafts] for drafts in found] == [[n] for n in range(len(filings))]


@pytest.mark.requirement("R95")
def test_no_file_of_the_store_tells_answers_names_or_tins(store: Store, folder: Path) -> None:
    store.drafts.save(FILING, {"cehrt": {"id": "cehrt-canary"}}, DANA, NOW, None, "reason-canary")
    store.people.grant("one", HERS)
    store.jobs.begin(replace(RUN, request={"folder": "folder-canary"}), DANA, NOW)
    held = bytes_below(folder)

    told = ("cehrt-canary", "reason-canary", "Name-Canary", "subject-canary", "folder-canary", TIN, NPI)
    assert [word for word in told if word.encode() in held] == []


def test_somebody_is_found_by_each_of_her_names(store: Store) -> None:
    other = Assignment("https://ehr.example.org subject", "Dana", "auditor", None, "Bo", NOW)
    store.people.grant("one", HERS)
    store.people.grant("one", other)
    store.people.grant("one", replace(HERS, user="Practitioner/b"))

    assert store.people.of("one", "Practitioner/a") == (HERS,)
    assert store.people.of("one", "Practitioner/a", other.user) == (HERS, other)
    assert store.people.of("one") == store.people.of("two", "Practitioner/a") == ()
    assert len(store.people.all("one")) == 3


def test_a_role_is_granted_once_and_anew_in_place_of_the_earlier_grant(store: Store) -> None:
    store.people.grant("one", HERS)
    store.people.grant("one", replace(HERS, tins=None, at=NOW + DAY))
    store.people.grant("one", replace(HERS, role="admin"))

    assert [(one.role, one.tins) for one in store.people.all("one")] == [("admin", (TIN,)), ("staff", None)]


def test_a_revoked_role_is_gone_and_another_stays(store: Store) -> None:
    store.people.grant("one", HERS)
    store.people.grant("one", replace(HERS, role="admin"))
    store.people.grant("two", HERS)

    assert store.people.revoke("one", HERS.user, "staff")
    assert not store.people.revoke("one", HERS.user, "staff")
    assert [one.role for one in store.people.all("one")] == ["admin"]
    assert store.people.all("two") == (HERS,)


def test_an_assignment_to_no_tin_reaches_none_and_not_all(store: Store) -> None:
    store.people.grant("one", replace(HERS, tins=()))

    assert [one.tins for one in store.people.all("one")] == [()]


@pytest.mark.requirement("R82")
def test_an_admin_sees_the_open_sessions_of_her_registration_and_no_other(store: Store) -> None:
    mine, ended = opened_launch(store.launches, "a"), opened_launch(store.launches, "b")
    opened_launch(store.launches, "c", registration="two")
    store.launches.end(ended)

    assert [one.id for one in store.launches.signed_in("one", NOW)] == [mine]
    assert store.launches.signed_in("one", NOW + DAY) == ()


@pytest.fixture
def job(store: Store) -> Job:
    found = store.jobs.begin(RUN, DANA, NOW)
    assert found is not None
    return found


def test_a_job_waits_runs_tells_and_ends(store: Store, job: Job) -> None:
    assert (job.state, job.task, job.by, job.begun, job.ended) == (JobState.WAITING, RUN, DANA, NOW, None)
    assert store.jobs.waiting() == (job.id,)
    assert store.jobs.take(job.id, NOW)
    assert store.jobs.tell(job.id, Progress(3, 9, "reading"), NOW + SECOND)
    running = store.jobs.find(job.id, NOW + SECOND)
    assert store.jobs.end(job.id, JobState.DONE, Progress(9, 9, "", result="run-1"), NOW + DAY)
    done = store.jobs.find(job.id, NOW + 9 * DAY)

    assert running is not None
    assert done is not None
    assert (running.state, running.progress, running.beat) == (
        JobState.RUNNING,
        Progress(3, 9, "reading"),
        NOW + SECOND,
    )
    assert (done.state, done.progress, done.ended) == (JobState.DONE, Progress(9, 9, result="run-1"), NOW + DAY)
    assert store.jobs.waiting() == ()
    assert not store.jobs.end(job.id, JobState.FAILED, Progress(), NOW)
    assert store.jobs.find("unknown", NOW) is None


@pytest.mark.usefixtures("job")
def test_one_job_of_a_kind_and_subject_is_live_at_a_time(store: Store) -> None:
    assert store.jobs.begin(RUN, BO, NOW) is None
    for other in (replace(RUN, registration="two"), replace(RUN, kind="reading"), replace(RUN, about="2025")):
        assert store.jobs.begin(other, BO, NOW) is not None


def test_of_many_workers_one_takes_a_job(store: Store, job: Job) -> None:
    assert together(6, lambda: store.jobs.take(job.id, NOW)).count(True) == 1


def test_of_many_who_begin_at_once_one_does(store: Store) -> None:
    assert together(6, lambda: store.jobs.begin(RUN, DANA, NOW) is not None).count(True) == 1


def test_a_waiting_job_is_cancelled_at_once(store: Store, job: Job) -> None:
    assert store.jobs.cancel(job.id, NOW)
    found = store.jobs.find(job.id, NOW)

    assert found is not None
    assert (found.state, found.ended) == (JobState.CANCELLED, NOW)
    assert not store.jobs.take(job.id, NOW)
    assert not store.jobs.cancel(job.id, NOW)


def test_a_running_job_learns_that_it_is_cancelled_when_it_next_tells(store: Store, job: Job) -> None:
    store.jobs.take(job.id, NOW)
    assert store.jobs.beat(job.id, NOW)
    assert store.jobs.cancel(job.id, NOW)

    assert not store.jobs.beat(job.id, NOW)
    assert not store.jobs.tell(job.id, Progress(1, 2), NOW)
    found = store.jobs.find(job.id, NOW)
    assert found is not None
    assert (found.state, found.cancelling) == (JobState.RUNNING, True)
    assert store.jobs.end(job.id, JobState.CANCELLED, found.progress, NOW)


@pytest.mark.parametrize("late", [False, True])
def test_a_job_that_is_silent_for_a_quarter_of_an_hour_is_over(store: Store, job: Job, late: bool) -> None:
    store.jobs.take(job.id, NOW)
    later = NOW + SILENT_FOR + late * SECOND
    found = store.jobs.find(job.id, later)

    assert found is not None
    assert found.state is (JobState.INTERRUPTED if late else JobState.RUNNING)
    assert (store.jobs.begin(RUN, BO, later) is not None) is late
    assert store.jobs.beat(job.id, later) is not late


def test_a_job_that_waits_is_not_over_for_silence(store: Store, job: Job) -> None:
    found = store.jobs.find(job.id, NOW + DAY)

    assert found is not None
    assert found.state is JobState.WAITING


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_did_not_come_to_its_end_is_resumed(store: Store, job: Job, state: JobState) -> None:
    store.jobs.take(job.id, NOW)
    store.jobs.cancel(job.id, NOW)
    store.jobs.end(job.id, state, Progress(3, 9, problem="no answer"), NOW)

    assert store.jobs.resume(job.id, NOW + DAY)
    found = store.jobs.find(job.id, NOW + DAY)
    assert found is not None
    assert (found.state, found.cancelling, found.ended, found.progress.done) == (JobState.WAITING, False, None, 3)
    assert not store.jobs.resume(job.id, NOW + DAY)


def test_an_interrupted_job_is_resumed_and_a_finished_one_is_not(store: Store, job: Job) -> None:
    store.jobs.take(job.id, NOW)
    assert not store.jobs.resume(job.id, NOW + SILENT_FOR)
    assert store.jobs.resume(job.id, NOW + SILENT_FOR + SECOND)
    store.jobs.take(job.id, NOW)
    store.jobs.end(job.id, JobState.DONE, Progress(), NOW)
    assert not store.jobs.resume(job.id, NOW)


def test_a_job_is_not_resumed_while_another_of_its_subject_is_live(store: Store, job: Job) -> None:
    store.jobs.cancel(job.id, NOW)
    other = store.jobs.begin(RUN, BO, NOW + SECOND)

    assert other is not None
    assert not store.jobs.resume(job.id, NOW)
    assert [one.id for one in store.jobs.of("one", NOW)] == [other.id, job.id]
    assert store.jobs.of("two", NOW) == store.jobs.of("one", NOW, "reading") == ()


def test_a_job_told_of_after_its_end_changes_nothing(store: Store, job: Job) -> None:
    store.jobs.take(job.id, NOW)
    store.jobs.end(job.id, JobState.DONE, Progress(9, 9), NOW)

    assert not store.jobs.tell(job.id, Progress(1, 9), NOW + DAY)
    found = store.jobs.find(job.id, NOW)
    assert found is not None
    assert found.progress == Progress(9, 9)
