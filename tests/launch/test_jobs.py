"""Work in the background: begun on a page, done by a worker, told how far it is, cancelled, and taken up again."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from launching import Browser, Registered, Site, csrf_of, launch_id_of, title, words

from extractors.decode import Json
from smartapp.errors import UsageError
from smartapp.jobs import JobQueue
from smartapp.kept.archive import latest
from smartapp.report.jobs import JobShown
from smartapp.store import Author, Job, JobState, Task
from smartapp.web.service import READINGS
from smartapp.web.starting import job_told
from smartapp.web.worker import Worker

NPI, STAFF = "1234567893", "office-staff"
OFFLINE = 'offline = true\nframe_ancestors = ["https://chart.example"]\n'
ADMIN = f'admins = ["Practitioner/{STAFF}"]\n'
MakeSite = Callable[..., Site]


@pytest.fixture
def reading_site(make_site: MakeSite, tmp_path: Path) -> Site:
    """A practice without a run, whose clinician may read her own patients."""
    return make_site(results=tmp_path / "results", fresh=True)


@pytest.fixture
def practice_site(make_site: MakeSite, tmp_path: Path, practice: Path) -> Site:
    """A practice whose IT exports, and whose office staff is an admin."""
    one = Registered(more=f'{OFFLINE}{ADMIN}source = "{practice}"\n')
    return make_site(one, results=tmp_path / "results", fresh=True)


def begin_reading(browser: Browser) -> str:
    home = browser.sign_in()
    page = browser.get(f"{home}score")
    assert browser.post(f"{home}read", {"csrf": csrf_of(page.text)}).status_code == 303
    return home


def begin_run(browser: Browser) -> str:
    home = browser.sign_in(STAFF, None)
    page = browser.get(f"{home}runs")
    assert page.status_code == 200, page.text
    assert browser.post(f"{home}runs/start", {"csrf": csrf_of(page.text)}).status_code == 303
    return home


def years_offered(page: str) -> list[str]:
    return re.findall(r'name="year" value="([^"]*)"', page.partition("<main")[2])


def only_job(site: Site) -> Job:
    (job,) = site.service.jobs.of("demo", site.clock())
    return job


def told(site: Site, home: str) -> JobShown | None:
    """What the dashboard says of jobs."""
    launch = site.service.launches.find(launch_id_of(home), site.clock())
    assert launch is not None
    with site.app.app_context():
        return job_told(site.service, launch)


def once(act: Callable[[], Any]) -> Callable[[Json], Json]:
    """Something that happens while the EHR answers, the first time."""
    left = [act]

    def change(page: Json) -> Json:
        if left:
            left.pop()()
        return page

    return change


def at_the_second_patient(site: Site, act: Callable[[], Any]) -> None:
    """Do something while the second patient is read: after the search for patients and the first one's encounters."""
    site.faults.add("fhir", change=once(act), resource_type="Immunization", after=1)


def encounters_asked(site: Site) -> list[str]:
    return [one.query.get("patient", "") for one in site.faults.saw("fhir") if one.path == "/fhir/Encounter"]


@pytest.mark.requirement("R24")
def test_the_queue_holds_the_id_of_a_job_and_no_token_launch_or_person(reading_site: Site) -> None:
    home = begin_reading(reading_site.browser())
    grant = reading_site.service.launches.grant(launch_id_of(home))
    kept = b"".join(file.read_bytes() for file in reading_site.data.glob("jobs.sqlite*"))

    assert only_job(reading_site).id.encode() in kept
    assert grant is not None
    assert grant.refresh_token is not None
    for secret in (grant.access_token, grant.refresh_token, launch_id_of(home), NPI, "Practitioner"):
        assert secret.encode() not in kept


@pytest.mark.requirement("R24", "R95")
def test_no_token_lies_open_in_any_file_of_the_data_folder_while_a_job_waits(reading_site: Site) -> None:
    home = begin_reading(reading_site.browser())
    grant = reading_site.service.launches.grant(launch_id_of(home))
    files = [file for file in reading_site.data.rglob("*") if file.is_file()]

    assert grant is not None
    assert {"pi180.sqlite", "jobs.sqlite"} <= {file.name for file in files}
    assert [file.name for file in files if grant.access_token.encode() in file.read_bytes()] == []


def test_while_patients_are_read_the_page_says_how_many_and_looks_again(reading_site: Site) -> None:
    browser, pages, stills = reading_site.browser(), [], []
    home = begin_reading(browser)
    at_the_second_patient(reading_site, lambda: pages.append(browser.get(f"{home}runs?wait=1")))
    at_the_second_patient(reading_site, lambda: stills.append(browser.get(f"{home}runs?still=1")))
    assert "It waits for its turn" in words(browser.get(f"{home}score").text)
    assert Worker(reading_site.service).step()

    assert "1 of 2 patients are read." in words(pages[0].text)
    assert pages[0].headers["Refresh"] == f"5; url={home}runs?wait=1"
    assert 'value="50"' in pages[0].text
    assert "Refresh" not in stills[0].headers
    done = browser.get(f"{home}runs")
    assert "Refresh" not in done.headers
    assert "done It is whole, and the pages show it." in words(done.text)


def test_a_second_press_of_the_button_begins_no_second_reading(reading_site: Site) -> None:
    browser = reading_site.browser()
    home = begin_reading(browser)
    browser.post(f"{home}read", {"csrf": csrf_of(browser.get(f"{home}runs").text)})

    assert only_job(reading_site).state is JobState.WAITING
    assert reading_site.deeds().count("reading of own patients begun") == 1


def test_a_reading_that_is_cancelled_before_it_begins_asks_the_ehr_nothing(reading_site: Site) -> None:
    browser = reading_site.browser()
    home = begin_reading(browser)
    page = browser.get(f"{home}runs")
    asked = len(reading_site.faults.saw("fhir"))
    browser.post(f"{home}runs/{only_job(reading_site).id}/cancel", {"csrf": csrf_of(page.text)})

    assert Worker(reading_site.service).step()
    assert len(reading_site.faults.saw("fhir")) == asked
    assert only_job(reading_site).state is JobState.CANCELLED
    assert "run cancelled" in reading_site.deeds()


def test_a_reading_that_is_cancelled_stops_after_the_patient_it_is_at_and_leaves_nothing(reading_site: Site) -> None:
    browser = reading_site.browser()
    home = begin_reading(browser)
    csrf = csrf_of(browser.get(f"{home}runs").text)
    address = f"{home}runs/{only_job(reading_site).id}/cancel"
    reading_site.faults.add(
        "fhir", change=once(lambda: browser.post(address, {"csrf": csrf})), resource_type="Immunization"
    )
    assert Worker(reading_site.service).step()

    assert only_job(reading_site).state is JobState.CANCELLED
    assert encounters_asked(reading_site)[-1] == "sample-001"
    assert list((reading_site.data / READINGS).glob("*")) == []
    assert "The last reading was cancelled" in words(browser.get(f"{home}score").text)


@pytest.mark.requirement("R116")
def test_a_worker_that_is_killed_in_the_middle_is_taken_up_and_no_patient_is_read_twice(reading_site: Site) -> None:
    def die() -> None:
        raise SystemExit

    home = begin_reading(reading_site.browser())
    at_the_second_patient(reading_site, die)
    with pytest.raises(SystemExit):
        Worker(reading_site.service).step()
    assert only_job(reading_site).state is JobState.RUNNING
    reading_site.clock.passes(121)
    assert only_job(reading_site).state is JobState.INTERRUPTED

    asked, worker = len(encounters_asked(reading_site)), Worker(reading_site.service)
    worker.take_up()
    assert worker.step()
    assert only_job(reading_site).state is JobState.DONE, only_job(reading_site).progress.problem
    assert "sample-001" not in encounters_asked(reading_site)[asked:]
    assert "sample-002" in encounters_asked(reading_site)[asked:]
    registration = reading_site.service.launching.ehrs["demo"].registration
    assert len(latest(registration.first_looks, NPI)) == 1
    assert list((reading_site.data / READINGS).glob("*")) == []
    assert home


@pytest.mark.requirement("R125")
def test_a_worker_that_is_told_to_stop_does_so_between_two_patients_and_the_next_goes_on(reading_site: Site) -> None:
    worker = Worker(reading_site.service)
    browser = reading_site.browser()
    home = begin_reading(browser)
    reading_site.faults.add("fhir", change=once(worker.stop), resource_type="Immunization")
    assert worker.step()

    assert only_job(reading_site).state is JobState.INTERRUPTED
    assert encounters_asked(reading_site)[-1] == "sample-001"
    text = words(browser.get(f"{home}score").text)
    assert "the server was stopped. Whom it had read is kept for a day: it goes on from there." in text
    assert "Go on reading my patients" in text
    asked, after = len(encounters_asked(reading_site)), Worker(reading_site.service)
    after.take_up()
    assert after.step()
    assert only_job(reading_site).state is JobState.DONE
    assert "sample-001" not in encounters_asked(reading_site)[asked:]


@pytest.mark.requirement("R24")
def test_a_job_whose_permission_ran_out_says_so_and_the_next_launch_goes_on_from_there(reading_site: Site) -> None:
    worker = Worker(reading_site.service)
    begin_reading(reading_site.browser())
    reading_site.faults.add("fhir", change=once(worker.stop), resource_type="Immunization")
    worker.step()
    reading_site.clock.passes(31 * 60)
    late = Worker(reading_site.service)
    late.take_up()
    late.step()
    job = only_job(reading_site)
    assert (job.state, "permission has run out" in str(job.progress.problem)) == (JobState.FAILED, True)

    asked = len(encounters_asked(reading_site))
    begin_reading(reading_site.browser())
    assert Worker(reading_site.service).step()
    assert reading_site.service.jobs.of("demo", reading_site.clock())[0].state is JobState.DONE
    assert "sample-001" not in encounters_asked(reading_site)[asked:]


def test_only_one_worker_does_a_job_however_often_it_stands_in_the_queue(reading_site: Site) -> None:
    begin_reading(reading_site.browser())
    first, second = Worker(reading_site.service), Worker(reading_site.service)
    second.take_up()  # the job waits: it is put in the queue once more
    at_the_second_patient(reading_site, second.step)
    assert first.step()

    assert only_job(reading_site).state is JobState.DONE
    assert encounters_asked(reading_site).count("sample-001") == 1
    assert not first.step()


@pytest.mark.parametrize(("seconds", "runs"), [(90, True), (91, False), (-90, True), (-91, False)])
def test_a_job_that_waits_says_when_no_worker_gave_a_sign_of_life(reading_site: Site, seconds: int, runs: bool) -> None:
    browser = reading_site.browser()
    home = begin_reading(browser)
    Worker(reading_site.service).sign()
    reading_site.clock.passes(seconds)
    text = words(browser.get(f"{home}runs").text)

    assert ("It waits for its turn." in text) is runs
    assert ("no worker is running: your IT has to start pi180 worker" in text) is not runs


def test_a_run_of_the_practice_publishes_and_its_numbers_are_there(practice_site: Site) -> None:
    browser = practice_site.browser()
    home = begin_run(browser)
    registration = practice_site.service.launching.ehrs["demo"].registration
    assert latest(registration.runs, NPI) == ()
    assert Worker(practice_site.service).step()

    assert only_job(practice_site).state is JobState.DONE, only_job(practice_site).progress.problem
    (kept,) = latest(registration.runs, NPI)
    assert kept.fingerprint == only_job(practice_site).progress.result
    assert {"run begun", "run ended"} <= set(practice_site.deeds())
    assert "Count the practice" in words(browser.get(f"{home}runs").text)
    # a second run of the same data keeps what was answered: the same run, the same reporter
    begin_run(practice_site.browser())
    assert Worker(practice_site.service).step()
    assert [one.fingerprint for one in latest(registration.runs, NPI)] == [kept.fingerprint]


def test_from_january_until_the_window_closes_a_run_of_either_year_can_be_begun(practice_site: Site) -> None:
    practice_site.clock.at = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)
    browser = practice_site.browser()
    home = browser.sign_in(STAFF, None)
    page = browser.get(f"{home}runs")
    assert years_offered(page.text) == ["2026", "2027"]
    browser.post(f"{home}runs/start", {"csrf": csrf_of(page.text), "year": "2026"})
    assert only_job(practice_site).task.about == "2026"
    assert years_offered(browser.get(f"{home}runs").text) == ["2027"]
    assert Worker(practice_site.service).step()

    (kept,) = latest(practice_site.service.launching.ehrs["demo"].registration.runs, NPI)
    assert kept.year == 2026


def test_once_the_window_is_closed_no_run_of_its_year_begins(practice_site: Site) -> None:
    practice_site.clock.at = datetime(2027, 4, 1, 15, 0, tzinfo=UTC)
    browser = practice_site.browser()
    home = browser.sign_in(STAFF, None)
    page = browser.get(f"{home}runs")
    assert years_offered(page.text) == ["2027"]
    refused = browser.post(f"{home}runs/start", {"csrf": csrf_of(page.text), "year": "2026"})

    assert (refused.status_code, title(refused.text)) == (400, "That year is not open")
    assert practice_site.service.jobs.of("demo", practice_site.clock()) == ()


def test_a_clinician_too_reads_their_own_patients_of_the_year_that_they_choose(reading_site: Site) -> None:
    reading_site.clock.at = datetime(2027, 1, 2, 15, 0, tzinfo=UTC)
    browser = reading_site.browser()
    home = browser.sign_in()
    page = browser.get(f"{home}score")
    assert years_offered(page.text) == ["2026", "2027"]
    browser.post(f"{home}read", {"csrf": csrf_of(page.text), "year": "2026"})
    assert Worker(reading_site.service).step()

    (kept,) = latest(reading_site.service.launching.ehrs["demo"].registration.first_looks, NPI)
    assert kept.year == 2026


@pytest.mark.requirement("R107")
def test_a_clinician_begins_no_run_of_the_practice_and_the_attempt_is_audited(practice_site: Site) -> None:
    browser = practice_site.browser()
    home = browser.sign_in()
    page = browser.get(f"{home}runs")
    assert "Count the practice" not in words(page.text)
    refused = browser.post(f"{home}runs/start", {"csrf": csrf_of(page.text)})

    assert refused.status_code == 403
    assert practice_site.service.jobs.of("demo", practice_site.clock()) == ()
    assert "denied" in practice_site.deeds()[-1]


@pytest.mark.requirement("R107")
def test_nobody_sees_or_cancels_the_reading_of_another_clinician(practice_site: Site) -> None:
    practice_site.service.jobs.begin(
        Task("demo", "own patients", "1245319599", {"launch": "x"}), Author("Second", "them"), practice_site.clock()
    )
    browser = practice_site.browser()
    home = browser.sign_in()
    page = browser.get(f"{home}runs")
    assert "Second" not in words(page.text)
    address = f"{home}runs/{only_job(practice_site).id}/cancel"

    assert browser.post(address, {"csrf": csrf_of(page.text)}).status_code == 403
    assert only_job(practice_site).state is JobState.WAITING
    assert told(practice_site, home) is None


@pytest.mark.requirement("R81")
@pytest.mark.parametrize("path", ["runs/start", "runs/x/cancel"])
def test_a_form_that_is_not_ours_begins_and_cancels_nothing(practice_site: Site, path: str) -> None:
    browser = practice_site.browser()
    home = browser.sign_in(STAFF, None)

    assert browser.post(f"{home}{path}", {"csrf": "0" * 64}).status_code == 403
    assert practice_site.service.jobs.of("demo", practice_site.clock()) == ()


def test_a_page_of_numbers_can_tell_that_a_run_goes_on(practice_site: Site) -> None:
    home = begin_run(practice_site.browser())
    shown = told(practice_site, home)
    assert shown is not None
    assert (shown.title, shown.state, shown.cancel) == ("Counting the practice's export anew", "waiting", None)
    Worker(practice_site.service).step()

    assert told(practice_site, home) is None


def test_the_last_whole_numbers_stay_while_a_run_goes_on_and_the_dashboard_says_so(
    make_site: MakeSite, results: Path, practice: Path
) -> None:
    site = make_site(Registered(more=f'{OFFLINE}{ADMIN}source = "{practice}"\n'), results=results, fresh=True)
    browser = site.browser()
    home = browser.sign_in(STAFF, None)
    chosen = re.findall(r'href="[^"]*/score(\?[^"]+)"', browser.get(f"{home}score").text)[0].replace("&amp;", "&")
    before = browser.get(f"{home}score{chosen}")
    browser.post(f"{home}runs/start", {"csrf": csrf_of(before.text)})
    during = browser.get(f"{home}score{chosen}")

    note = "Counting the practice's export anew: waiting."
    assert (before.status_code, during.status_code) == (200, 200)
    assert (note in words(before.text), note in words(during.text)) == (False, True)
    assert "The numbers shown are those of the last run that is whole." in words(during.text)
    assert title(before.text) == title(during.text)


@pytest.mark.parametrize("spoil", ["take it away", "cut it"])
def test_an_export_that_is_not_whole_publishes_nothing_and_the_page_says_why(
    make_site: MakeSite, tmp_path: Path, results: Path, practice: Path, spoil: str
) -> None:
    export = tmp_path / "export"
    if spoil == "cut it":
        export.mkdir()
        for file in practice.glob("*.ndjson"):
            (export / file.name).write_bytes(file.read_bytes())
        whole = (practice / "Encounter.ndjson").read_bytes()
        (export / "Encounter.ndjson").write_bytes(whole[: len(whole) - 40])
    site = make_site(Registered(more=f'{OFFLINE}{ADMIN}source = "{export}"\n'), results=results, fresh=True)
    runs = site.service.launching.ehrs["demo"].registration.runs
    before = sorted(runs.iterdir())
    browser = site.browser()
    home = begin_run(browser)
    assert Worker(site.service).step()

    assert only_job(site).state is JobState.FAILED
    assert sorted(runs.iterdir()) == before
    assert "It ended without a result: the " in words(browser.get(f"{home}runs").text)


@pytest.mark.requirement("R125")
def test_a_worker_of_its_own_ends_in_good_order_when_it_is_terminated(practice_site: Site) -> None:
    settings = practice_site.data.parent / "pi180.toml"
    command = [sys.executable, "-c", "from smartapp.cli import main; main()", "worker", "--settings", str(settings)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        begun = running.stderr.readline()
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=60)

    assert begun == "pi180 works for https://pi180.example  (Ctrl-C stops)\n"
    assert (running.returncode, told) == (0, "Stopped.\n")
    assert (practice_site.data / "worker.sign").exists()


@pytest.mark.requirement("R98")
def test_what_nobody_expected_fails_the_job_with_a_number_and_the_log_has_its_place_alone(
    reading_site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    browser = reading_site.browser()
    home = begin_reading(browser)
    (tmp_path / "results").write_text("Maria was here")
    assert Worker(reading_site.service).step()
    job = only_job(reading_site)
    number = str(job.progress.problem).rpartition(" ")[2]

    assert (job.state, len(number)) == (JobState.FAILED, 8)
    assert f"problem {number}: " in caplog.text
    assert str(tmp_path) not in caplog.text
    assert number in words(browser.get(f"{home}runs").text)


def test_a_worker_whose_store_fails_logs_it_and_goes_on_when_it_is_back(
    reading_site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(reading_site.service)
    begin_reading(reading_site.browser())
    with reading_site.service.store.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE job RENAME TO away")
    worker.stop()  # so that it does not wait for better times
    assert not worker.tried(worker.step)
    assert "OperationalError" in caplog.text
    with reading_site.service.store.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO job")

    after = Worker(reading_site.service)
    after.take_up()
    assert after.step()
    assert only_job(reading_site).state is JobState.DONE


@pytest.mark.requirement("R99")
@pytest.mark.parametrize("does", ["begin", "cancel"])
def test_without_a_trail_no_job_begins_and_none_is_cancelled(practice_site: Site, does: str) -> None:
    browser = practice_site.browser()
    home = begin_run(browser) if does == "cancel" else browser.sign_in("office-staff")
    page = browser.get(f"{home}runs").text
    before = practice_site.service.jobs.of("demo", practice_site.clock())
    with practice_site.service.launches._engine.begin() as connection:
        connection.exec_driver_sql("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
    address = f"{home}runs/{before[0].id}/cancel" if before else f"{home}runs/start"
    assert browser.post(address, {"csrf": csrf_of(page)}).status_code == 500
    assert practice_site.service.jobs.of("demo", practice_site.clock()) == before


def test_a_run_is_of_the_year_in_which_it_was_begun_also_when_it_is_done_after_midnight(practice_site: Site) -> None:
    practice_site.clock.at = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    begin_run(practice_site.browser())
    practice_site.clock.passes(24 * 3600)
    assert Worker(practice_site.service).step()
    runs = practice_site.service.launching.ehrs["demo"].registration.runs
    assert {one.year for one in latest(runs, NPI)} == {2026}


def test_a_damaged_queue_is_told_in_words_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"no database " * 500)
    with pytest.raises(UsageError, match="Remove it: what waits stands in the store"):
        JobQueue(tmp_path / "jobs.sqlite")
