"""What a crawl could not read takes away every certainty that rests on it, and none that does not."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from extractors.ledger import Sight
from extractors.vocabulary import EventKind
from scoring.model import MeasureId
from scoring.rulebook import load
from smartapp.usecases import read_folder
from tests.crawl.scripted import Raw, Scripted, crawled, reading, states
from tests.extractors.practice import CLOSED, PERIOD, document, receipt, visit

ORDERS, TASKS = "MedicationRequest?patient=p&", "Task?patient=p&"
EP_1, HIE_4 = MeasureId("PI_EP_1"), MeasureId("PI_HIE_4")


@pytest.mark.requirement("R72")
def test_the_provenance_of_what_was_not_read_is_not_whole_either(server: Scripted, tmp_path: Path) -> None:
    server.resources += [document("doc-q"), receipt("doc-q")]
    server.says("DocumentReference?patient=p", Raw(403))
    crawled(server, tmp_path / "c")
    with reading(tmp_path / "c") as found:
        assert EventKind.SUMMARY_RECEIVED not in found.site.closed_world
        assert found.sights[EventKind.SUMMARY_RECEIVED] is Sight.NOT_WHOLE
        assert found.sights[EventKind.PRESCRIPTION_TRANSMITTED] is Sight.SEEN


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("withheld", [False, True])
def test_the_history_of_visits_proves_nothing_where_not_all_visits_were_read(
    server: Scripted, tmp_path: Path, withheld: bool
) -> None:
    server.resources += [document(), receipt(), visit("old", on="2025-01-05T09:00:00-05:00")]
    if withheld:
        server.says("Encounter?patient=p&", Raw(403))
    crawled(server, tmp_path / "c")
    site = replace(CLOSED, history_from=date(2010, 1, 1))
    with read_folder(tmp_path / "c", site, load(2026), PERIOD) as found:
        assert found.site.history_from == (None if withheld else date(2010, 1, 1))


@pytest.mark.requirement("R72")
@pytest.mark.parametrize("is_listed", [True, False])
def test_one_search_that_is_not_found_is_no_absence_of_a_type_that_the_server_has(
    server: Scripted, tmp_path: Path, is_listed: bool
) -> None:
    if not is_listed:
        server.says("metadata", Raw(404))
    server.says(TASKS, Raw(404))
    crawled(server, tmp_path / "c")

    assert states(tmp_path / "c", "Task") == [("failed", "the server answered with status 404")]
    assert states(tmp_path / "c", "Task", "Patient/q") == [("complete", "")]


@pytest.mark.requirement("R72")
def test_a_type_that_alone_is_answered_with_401_ends_no_crawl_that_goes_on(server: Scripted, tmp_path: Path) -> None:
    server.says("Task?", Raw(401))
    first, again = crawled(server, tmp_path / "c"), crawled(server, tmp_path / "c")

    assert first.not_whole == again.not_whole
    assert [row["type"] for row in again.not_whole] == ["Task"]
