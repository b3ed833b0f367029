"""An export from kick-off to DELETE: in every dialect, once, and on from wherever it stopped."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from extractors.errors import LinkRefused, SourceError, Unreachable
from extractors.sources.bulk_request import Form, Level
from extractors.sources.cohort import Cohort, Rule
from extractors.sources.queries import SignInNeeded
from smartapp.reading.fetching import Choice, Renew, Telling, Way, cancel
from tests.bulk.conftest import practice
from tests.bulk.exporter import Exporter, Raw, Time, exported, exporter, fetching, job_of, states
from tests.crawl.scripted import fingerprint, reading


def folder_of(server: Exporter, place: Path) -> Path:
    """The same records as files."""
    place.mkdir()
    for kind in {one["resourceType"] for one in server.resources}:
        (place / f"{kind}.ndjson").write_bytes(server.file(kind))
    return place


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The fingerprint of the same records as files."""
    with exporter(practice()) as server:
        return fingerprint(folder_of(server, tmp_path_factory.mktemp("folder") / "f"))


def test_an_export_gives_the_fingerprint_of_the_same_records_as_files(
    server: Exporter, tmp_path: Path, unbroken: str
) -> None:
    found = exported(server, tmp_path / "o")

    assert (found.way, found.new, found.faults, states(found)) == (Way.BULK, True, (), {})
    assert fingerprint(tmp_path / "o") == unbroken


@pytest.mark.requirement("R54")
@pytest.mark.parametrize("form", list(Form))
def test_types_are_asked_for_in_the_form_that_a_server_wants(server: Exporter, tmp_path: Path, form: Form) -> None:
    exported(server, tmp_path / "o", form=form)
    (asked,) = (one for one in server.heard if "$export" in one.path)

    text = asked.path + asked.body.decode()
    assert asked.headers["Prefer"] == "respond-async"
    assert asked.method == ("POST" if form in (Form.POST, Form.POST_REPEATED) else "GET")
    assert (text.count("_type") > 1) == (form in (Form.GET_REPEATED, Form.POST_REPEATED))
    assert "MedicationRequest" in text
    assert "*" not in text


@pytest.mark.parametrize(
    ("cohort", "level", "path"),
    [
        (Cohort(Rule.GROUP, group="panel"), None, "/r4/fhir/Group/panel/$export"),
        (Cohort(Rule.ALL), None, "/r4/fhir/Patient/$export"),
        (Cohort(Rule.ALL), Level.SYSTEM, "/r4/fhir/$export"),
    ],
)
def test_a_group_all_patients_and_the_system_are_exported(
    server: Exporter, tmp_path: Path, cohort: Cohort, level: Level | None, path: str
) -> None:
    exported(server, tmp_path / "o", cohort=cohort, level=level)

    assert server.asked("GET", path)


@pytest.mark.requirement("R54")
def test_a_finished_export_is_kept_until_another_is_wanted(server: Exporter, tmp_path: Path) -> None:
    exported(server, tmp_path / "o")
    again = exported(server, tmp_path / "o")
    assert (again.new, server.kicked_off) == (False, 1)

    exported(server, tmp_path / "o", renew=Renew.ALL)
    assert server.kicked_off == 2
    assert not (tmp_path / "o" / "bulk" / "jobs" / "0001").exists()
    assert fingerprint(tmp_path / "o")


@pytest.mark.requirement("R62")
def test_the_server_may_forget_an_export_only_once_it_counts(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", "/files/1/Encounter", Raw(404))
    found = exported(server, tmp_path / "o")
    assert states(found)["Encounter"] == "failed"
    assert not server.asked("DELETE", "/jobs")

    server.scripts.clear()
    assert states(exported(server, tmp_path / "o")) == {}
    assert [one.path for one in server.asked("DELETE", "/jobs")] == ["/jobs/1"]
    assert server.kicked_off == 1


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("status", [202, 404, 405])
def test_an_export_that_is_forgotten_already_is_done(server: Exporter, tmp_path: Path, status: int) -> None:
    server.says("DELETE", "/jobs", Raw(status))
    exported(server, tmp_path / "o")

    assert job_of(tmp_path / "o").closed
    exported(server, tmp_path / "o")
    assert len(server.asked("DELETE", "/jobs")) == 1


@pytest.mark.requirement("R55")
def test_an_export_that_the_server_lost_is_asked_for_once_more_and_noted(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", "/jobs/1", Raw(404))
    said: list[str] = []
    exported(server, tmp_path / "o", said)

    assert server.kicked_off == 2
    assert "does not know it" in job_of(tmp_path / "o", 1).ended
    assert any("is lost" in line for line in said)


def test_a_server_that_loses_every_export_is_not_asked_without_end(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", "/jobs/", Raw(404))
    with pytest.raises(SourceError, match="twice in a row"):
        exported(server, tmp_path / "o")
    assert server.kicked_off == 2


@pytest.mark.requirement("R54")
def test_a_server_that_is_busy_is_not_asked_again_by_the_same_run(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", "/r4/fhir/Group/panel/$export", Raw(429, headers=(("Retry-After", "18000"),)))
    with pytest.raises(Unreachable, match="another export"):
        exported(server, tmp_path / "o")
    assert server.kicked_off == 1


@pytest.mark.parametrize(
    ("status", "why"), [(404, "status 404"), (501, "status 501"), (400, "status 400"), (403, "does not permit")]
)
def test_what_is_not_exported_is_crawled_and_the_reason_told(
    server: Exporter, tmp_path: Path, status: int, why: str
) -> None:
    server.says("GET", "/r4/fhir/Group/panel/$export", Raw(status))
    found = exported(server, tmp_path / "o")

    assert (found.way, found.patients) == (Way.CRAWL, 2)
    assert why in found.reason
    with pytest.raises(SourceError, match="no export"):
        exported(server, tmp_path / "only", choice=Choice.BULK)


def test_a_server_that_names_no_export_is_crawled_without_asking(server: Exporter, tmp_path: Path) -> None:
    server.exports = False
    found = exported(server, tmp_path / "o")

    assert (found.way, found.reason) == (Way.CRAWL, "its CapabilityStatement names no export")
    assert server.kicked_off == 0


def test_a_list_of_patients_is_crawled(server: Exporter, tmp_path: Path) -> None:
    found = exported(server, tmp_path / "o", cohort=Cohort(Rule.LIST, listed=("p",)))

    assert (found.way, found.reason) == (Way.CRAWL, "an export cannot be of patients by list")


def test_a_crawl_that_is_read_anew_replaces_the_one_before_when_it_is_finished(
    server: Exporter, tmp_path: Path
) -> None:
    server.exports = False
    exported(server, tmp_path / "o")
    exported(server, tmp_path / "o", renew=Renew.ALL)

    assert sorted(entry.name for entry in (tmp_path / "o").iterdir()) == ["crawl-0002", "current.json"]


@pytest.mark.requirement("R28")
def test_a_refused_token_parks_the_export_within_one_request(server: Exporter, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    server.says("GET", "/jobs/1", Raw(401))
    with pytest.raises(SignInNeeded):
        exported(server, tmp_path / "o", token_file=token)
    assert len(server.asked("GET", "/jobs/1")) == 1

    server.scripts.clear()
    exported(server, tmp_path / "o", token_file=token)
    assert server.kicked_off == 1


def test_a_status_address_off_the_server_is_refused(server: Exporter, tmp_path: Path) -> None:
    away = Raw(202, headers=(("Content-Location", "https://elsewhere.example.org/jobs/1"),))
    server.says("GET", "/r4/fhir/Group/panel/$export", away)
    for _ in range(2):
        with pytest.raises(LinkRefused, match="off the registered server"):
            exported(server, tmp_path / "o")
    assert (job_of(tmp_path / "o").status, server.kicked_off) == ("https://elsewhere.example.org/jobs/1", 1)


def test_a_status_address_that_was_refused_is_gone_on_with_once_its_server_is_named(
    server: Exporter, tmp_path: Path
) -> None:
    other = f"http://localhost:{server.port}"
    server.jobs["1"] = ""
    away = Raw(202, headers=(("Content-Location", f"{other}/jobs/1"),))
    server.says("GET", "/r4/fhir/Group/panel/$export", away)
    with pytest.raises(LinkRefused, match="off the registered server"):
        exported(server, tmp_path / "o")
    exported(server, tmp_path / "o", aliases=(other,))

    assert job_of(tmp_path / "o").committed
    assert server.kicked_off == 1


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_an_export_counts_whatever_its_delete_answers_and_is_closed_by_a_later_run(
    server: Exporter, tmp_path: Path, status: int
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    server.says("DELETE", "/jobs", Raw(status))
    found = exported(server, tmp_path / "o", token_file=token)
    assert (states(found), job_of(tmp_path / "o").committed, job_of(tmp_path / "o").closed) == ({}, True, False)

    server.scripts.clear()
    exported(server, tmp_path / "o", token_file=token)
    assert job_of(tmp_path / "o").closed
    assert server.kicked_off == 1


def test_a_folder_that_holds_something_else_is_left_alone(server: Exporter, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SourceError, match="was not made by this command"):
        exported(server, tmp_path)
    assert server.heard == []


def test_an_export_that_is_not_finished_gives_no_score(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", "/files/1/Encounter", Raw(500))
    with pytest.raises(Unreachable):
        exported(server, tmp_path / "o")
    with reading(tmp_path / "o") as found:
        assert any("unfinished" in fault for fault in found.faults)


@pytest.mark.requirement("R62")
def test_an_export_that_is_cancelled_is_forgotten_by_the_server_and_the_next_begins_afresh(
    server: Exporter, tmp_path: Path, unbroken: str
) -> None:
    """F16: a person interrupts, cancels, cancels again by mistake, then reads anew."""

    def interrupt(step: str) -> None:
        if step == "after file":
            raise KeyboardInterrupt

    assert cancel(fetching(server, tmp_path / "o"), Telling())
    with pytest.raises(KeyboardInterrupt):
        exported(server, tmp_path / "o", reached=interrupt)
    assert not server.asked("DELETE", "/jobs")
    server.says("DELETE", "/jobs", Raw(500), None)
    assert [cancel(fetching(server, tmp_path / "o"), Telling()) for _ in range(3)] == [False, True, True]
    assert (len(server.asked("DELETE", "/jobs")), server.jobs, server.kicked_off) == (2, {}, 1)

    exported(server, tmp_path / "o")
    assert (fingerprint(tmp_path / "o"), server.kicked_off) == (unbroken, 2)
    assert cancel(fetching(server, tmp_path / "o"), Telling())
    assert job_of(tmp_path / "o", 2).committed


@pytest.mark.requirement("R55")
def test_a_clock_that_jumps_makes_no_wait_negative_and_gives_no_export_up(server: Exporter, tmp_path: Path) -> None:
    """F11: an hour back while the server works, then a day ahead."""
    time, jumps = Time(), iter([0, 0, -3600, -3600, -3600])
    at = ("Date", "Sun, 22 Nov 2026 05:00:00 GMT")
    later = [Raw(202, headers=(("Retry-After", text), at)) for text in ("Sun, 22 Nov 2026 04:30:00 GMT", "30", "")]
    server.says("GET", "/jobs/1", *later, None)

    def now() -> datetime:
        return time.now() + timedelta(seconds=next(jumps, 24 * 3600))

    exported(server, tmp_path / "o", waits=time.waiting(now=now))
    assert time.waits == [2, 30, 2]
    assert server.kicked_off == 1


def test_no_token_stands_in_the_folder(server: Exporter, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("canary-5eed")
    exported(server, tmp_path / "o", token_file=token)

    assert {one.bearer for one in server.asked("GET", "/jobs")} == {"Bearer canary-5eed"}
    for file in (tmp_path / "o").rglob("*"):
        assert file.is_dir() or b"canary-5eed" not in file.read_bytes()


def test_waits_are_the_servers_up_to_an_hour(server: Exporter, tmp_path: Path) -> None:
    time = Time()
    later = [Raw(202, headers=(("Retry-After", text), ("X-Export-Status", "37% \x1b[31m"))) for text in ("7", "18000")]
    server.says("GET", "/jobs/1", *later, Raw(202), Raw(503), None)
    said: list[str] = []
    exported(server, tmp_path / "o", said, waits=time.waiting())

    assert time.waits[:2] == [7, 3600]
    assert "(37% [31m)" in said[0]
    assert json.loads((tmp_path / "o" / "current.json").read_text())["folder"] == "bulk"
