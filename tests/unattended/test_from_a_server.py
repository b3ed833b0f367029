"""The unattended run of a server: it falls back and says so, waits where it must, and asks for nothing twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from extractors.errors import LinkRefused, Unreachable
from extractors.sources.queries import SignInNeeded
from smartapp.nightly.config import judged
from tests.bulk.exporter import Raw as Bytes
from tests.bulk.exporter import as_json, exporter
from tests.crawl.scripted import Raw, Scripted, scripted
from tests.extractors.practice import resource
from tests.unattended.nights import Killed, Practice, orders, practice
from tests.unattended.test_j23_same_number_three_ways import PEOPLE, RECORDS

PANEL = resource("Group", "panel", member=[{"entity": {"reference": "Patient/p"}}])


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted([*RECORDS, PANEL]) as found:
        yield found


@pytest.fixture
def clinic(server: Scripted, tmp_path: Path) -> Practice:
    made = practice(tmp_path)
    made.reads(server.base, 'group = "panel"')
    return made


def test_a_server_without_bulk_export_is_read_patient_by_patient_each_night_anew_which_is_told_once(
    clinic: Practice, server: Scripted
) -> None:
    clinic.night()
    told, before = list(clinic.said), clinic.left()
    server.heard.clear()
    found = clinic.night()

    assert "Not read in bulk: its CapabilityStatement names no export" in told
    assert server.asked("MedicationRequest?")
    assert (found.exit_code, clinic.said, clinic.left()) == (0, [], before)
    assert clinic.status()["way"] == "crawl"
    assert clinic.status()["reason"] == "its CapabilityStatement names no export"


def test_a_run_that_is_killed_after_the_reading_does_not_read_again(clinic: Practice, server: Scripted) -> None:
    clinic.night()
    server.resources += orders(True, True, False, True)[-2:]

    def kill(one: str) -> None:
        if one == "before the settling of next-2":
            raise Killed(one)

    with pytest.raises(Killed):
        clinic.night(at=kill)
    server.heard.clear()
    clinic.night()

    assert server.asked("MedicationRequest?") == []
    assert "  PI_EP_1: 3 of 4 met (was 2 of 3 met)" in clinic.said


def test_a_type_that_is_withheld_of_a_sudden_is_told_and_is_exit_code_8_once_and_again_where_its_state_is_another(
    clinic: Practice, server: Scripted
) -> None:
    clinic.night()
    server.says("Immunization?", Raw(403))
    found = clinic.night()

    assert found.exit_code == 8
    assert any(line.startswith("F-404 Immunization: withheld") for line in clinic.said)
    assert clinic.night().exit_code == 0
    assert list(clinic.status()["ledger"]["not_whole"]) == ["Immunization"]

    server.scripts.clear()
    server.says("Immunization?", Raw(400))
    assert clinic.night().exit_code == 8
    begins = ("F-404 Immunization: failed", "no longer: F-404 Immunization: withheld")
    told = [line for line in clinic.said if "F-404" in line]
    assert [line.startswith(words) for line, words in zip(told, begins, strict=True)] == [True, True]


def test_evidence_that_is_withheld_is_a_numerator_that_fell(clinic: Practice, server: Scripted) -> None:
    clinic.night()
    server.resources = [one for one in server.resources if one["resourceType"] != "Provenance"]
    found = clinic.night()

    assert found.exit_code == 4
    assert any(line.startswith("F-401 PI_EP_1: 0 met where the run before had 2") for line in clinic.said)


def test_a_refused_token_parks_the_run_and_leaves_the_results(clinic: Practice, server: Scripted) -> None:
    clinic.night()
    before = clinic.left()
    server.says("", Raw(401))
    with pytest.raises(SignInNeeded):
        clinic.night()

    status = clinic.status()
    assert (status["state"], status["exit_code"], status["step"]) == ("parked", 5, "fetching")
    assert clinic.left() == before


def test_a_server_that_does_not_answer_parks_the_run(clinic: Practice, server: Scripted) -> None:
    server.says("", Raw(404))
    with pytest.raises(Unreachable):
        clinic.night()

    assert (clinic.status()["state"], clinic.status()["exit_code"]) == ("parked", 6)


def test_what_was_deleted_at_the_server_falls_in_the_night_and_the_next_is_silent(tmp_path: Path) -> None:
    """J22 in bulk: changes since the server's own moment, and deletions among them; the rest is not sent again."""
    made = practice(tmp_path)
    with exporter([*PEOPLE, *orders(True, True, False)]) as server:
        made.reads(server.base, 'group = "panel"', 'read = "bulk"')
        made.night()
        server.resources = []
        gone = {"request": {"method": "DELETE", "url": "Provenance/rx-2-sent"}}
        server.says("GET", "/files/gone", as_json({"resourceType": "Bundle", "type": "transaction", "entry": [gone]}))
        deleted = [{"type": "Bundle", "url": f"{server.root}/files/gone"}]
        server.manifest = {"transactionTime": "2026-11-23T04:00:00Z", "deleted": deleted}
        found, said = made.night(), list(made.said)
        server.manifest = {"transactionTime": "2026-11-24T04:00:00Z"}
        quiet, silence = made.night(), list(made.said)
        server.resources = orders(False, False, False, True)[-2:]
        made.night()

    assert (found.exit_code, quiet.exit_code, silence) == (4, 0, [])
    assert "  PI_EP_1: 1 of 3 met (was 2 of 3 met)" in said
    assert "  PI_EP_1: 2 of 4 met (was 1 of 3 met)" in made.said
    assert any(line.startswith("F-401 PI_EP_1: 1 met where the run before had 2, from") for line in said)
    asked = [one.path for one in server.asked("GET", "/r4/fhir/Group/panel/$export")]
    moments = ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert [moment in path for moment, path in zip(moments, asked[1:], strict=True)] == [True] * 3


@pytest.mark.requirement("R28")
def test_a_token_that_is_rotated_while_files_come_parks_the_night_and_the_next_goes_on(tmp_path: Path) -> None:
    """F6, F15: no export is asked for twice, and nothing is asked with a refused token again."""
    made = practice(tmp_path)
    token = tmp_path / "token.txt"
    token.touch(mode=0o600)
    token.write_text("first")
    good = ["first"]
    with exporter([*PEOPLE, *orders(True, True, False)]) as server:
        server.manifest = {"requiresAccessToken": True}
        server.scripts.append(lambda asked: None if asked.bearer == f"Bearer {good[0]}" else Bytes(401))
        made.reads(server.base, 'group = "panel"', 'read = "bulk"', 'token_file = "token.txt"')

        def rotate(point: str) -> None:
            if point == "after manifest":
                good[0] = "second"

        with pytest.raises(SignInNeeded):
            made.night(at=rotate)
        assert (made.status()["state"], made.status()["exit_code"]) == ("parked", 5)
        assert len(server.asked("GET", "/files")) == 1
        token.write_text("second")
        found = made.night()

    assert (found.way, found.state, server.kicked_off) == ("bulk", "done", 1)


@pytest.mark.requirement("R59")
def test_an_export_that_waits_off_the_server_is_told_by_the_settings_until_its_server_is_named(tmp_path: Path) -> None:
    made = practice(tmp_path)
    with exporter([*PEOPLE, *orders(True)]) as server:
        other = f"http://localhost:{server.port}"
        server.jobs["1"] = ""
        away = Bytes(202, headers=(("Content-Location", f"{other}/jobs/1"),))
        server.says("GET", "/r4/fhir/Group/panel/$export", away)
        made.reads(server.base, 'group = "panel"', 'read = "bulk"')
        assert judged(made.config)[1] == ()
        with pytest.raises(LinkRefused, match="off the registered server"):
            made.night()
        [said] = judged(made.config)[1]
        assert "server, aliases: the export that was started waits at localhost, which is not the server" in said
        made.reads(server.base, 'group = "panel"', 'read = "crawl"')
        assert judged(made.config)[1] == ()
        made.reads(server.base, 'group = "panel"', 'read = "bulk"', f'aliases = ["{other}"]')
        found = made.night()

    assert (found.way, server.kicked_off) == ("bulk", 1)
    assert judged(made.config)[1] == ()


def test_a_second_export_asks_for_what_changed_and_counts_the_same(tmp_path: Path) -> None:
    made = practice(tmp_path)
    with exporter([*PEOPLE, *orders(True, True, False)]) as server:
        made.reads(server.base, 'group = "panel"', 'read = "bulk"')
        made.night()
        found = made.night()

    assert (found.exit_code, made.said) == (0, [])
    assert "_since" in server.asked("GET", "/r4/fhir/Group/panel/$export")[-1].path
