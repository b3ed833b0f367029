"""A crawl that is killed, cut, or run again: it goes on where it stopped, and ends as an unbroken one does."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from extractors.errors import SourceError
from extractors.profile import load_profile
from extractors.sources.crawled import Crawled
from extractors.sources.journal import Journal
from tests.crawl.scripted import QUERY, Asked, Raw, Scripted, crawled, fingerprint, keys, reading, states
from tests.extractors.practice import prescription

ORDERS = "MedicationRequest?patient=p&"
_CRAWL = """
import sys
from pathlib import Path
from extractors.sources.cohort import Cohort, Rule
from smartapp.reading.crawling import Crawling, Manners, crawl
crawl(Crawling(sys.argv[1], Path(sys.argv[2]), Cohort(Rule.LIST, listed=("p", "q")), manners=Manners(lanes=1)), print)
"""


def paged(server: Scripted, pages: int) -> None:
    """Let the orders of p come one a page."""
    orders = [prescription(f"rx-{n}", on=f"2026-03-{n + 1:02}T10:00:00-05:00") for n in range(1, pages + 1)]
    for number in range(pages, 1, -1):
        further = f"{ORDERS}page={number + 1}." if number < pages else ""
        server.says(f"{ORDERS}page={number}.", server.page(ORDERS, orders[number - 1], further=further))
    server.says(ORDERS, server.page(f"{ORDERS}_revinclude=x", orders[0], further=f"{ORDERS}page=2.", total=pages))


@pytest.mark.requirement("R72")
def test_a_crawl_that_is_killed_again_and_again_loses_a_page_each_time_and_ends_the_same(
    server: Scripted, tmp_path: Path
) -> None:
    paged(server, 9)
    crawled(server, tmp_path / "unbroken")
    unbroken, out, running = [one.text for one in server.heard], tmp_path / "c", list[subprocess.Popen[bytes]]()
    kill_at = [9, 13, 21]

    def killing(_: Asked) -> None:
        if kill_at and len(server.heard) == kill_at[0]:
            kill_at.pop(0)
            os.kill(running[-1].pid, signal.SIGKILL)

    server.heard.clear()
    server.scripts.insert(0, killing)
    kills = len(kill_at)
    while kill_at:
        running.append(
            subprocess.Popen([sys.executable, "-c", _CRAWL, server.base, str(out)], stdout=subprocess.DEVNULL)
        )
        assert running[-1].wait(60) == -signal.SIGKILL
        with reading(out) as found:
            assert [fault for fault in found.faults if "unfinished" in fault]
    crawled(server, out)

    assert fingerprint(out) == fingerprint(tmp_path / "unbroken")
    assert sorted(_told(out)) == sorted(_told(tmp_path / "unbroken"))
    asked_again = len(server.heard) - len(unbroken)
    assert asked_again <= 2 * kills  # the page that was being kept, and what the server says it can do


def _told(out: Path) -> list[tuple[str, ...]]:
    """What the ledger says of every search, but for the time."""
    return [tuple(map(str, (r.key, r.state, r.received, r.duplicates))) for r in Journal(out).records.values()]


def test_a_crawl_that_is_run_again_asks_for_nothing_that_it_has(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    before = fingerprint(tmp_path / "c")
    server.heard.clear()
    crawled(server, tmp_path / "c")

    assert [one.text for one in server.heard] == ["metadata"]
    assert fingerprint(tmp_path / "c") == before


@pytest.mark.requirement("R72")
def test_what_failed_or_was_withheld_is_asked_for_when_the_crawl_runs_again(server: Scripted, tmp_path: Path) -> None:
    server.says("MedicationRequest?", Raw(403))
    server.says("Task?", Raw(422))
    crawled(server, tmp_path / "c")
    server.scripts.clear()
    server.heard.clear()
    found = crawled(server, tmp_path / "c")
    crawled(server, tmp_path / "fresh")

    assert (found.faults, found.not_whole) == ((), ())
    asked = {one.text.partition("?")[0] for one in server.heard[:5]}
    assert {"metadata", "MedicationRequest", "Task"} <= asked <= {"metadata", "MedicationRequest", "Task", "Provenance"}
    assert fingerprint(tmp_path / "c") == fingerprint(tmp_path / "fresh")


def test_a_journal_that_was_cut_in_a_line_goes_on_from_the_line_before(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    before, journal = fingerprint(tmp_path / "c"), tmp_path / "c" / "journal.ndjson"
    journal.write_bytes(journal.read_bytes()[:-400])
    with reading(tmp_path / "c") as found:
        assert found.faults
    crawled(server, tmp_path / "c")

    assert fingerprint(tmp_path / "c") == before


def test_a_page_that_is_not_as_it_was_kept_blocks_the_score_and_is_asked_for_again(
    server: Scripted, tmp_path: Path
) -> None:
    crawled(server, tmp_path / "c")
    before, (pages,) = fingerprint(tmp_path / "c"), (tmp_path / "c" / "pages").iterdir()
    pages.write_bytes(pages.read_bytes().replace(b'"completed"', b'"cancelled"'))
    with reading(tmp_path / "c") as found:
        assert found.faults == ("pages/000001.ndjson: damaged",)
    server.heard.clear()
    crawled(server, tmp_path / "c")

    assert [one.text.partition("?")[0] for one in server.heard] == ["metadata", "Task"]
    assert fingerprint(tmp_path / "c") == before


def test_a_journal_with_a_damaged_line_is_refused(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    journal = tmp_path / "c" / "journal.ndjson"
    journal.write_bytes(b"{}\n" + journal.read_bytes())

    with pytest.raises(SourceError, match="line 1: is damaged"):
        crawled(server, tmp_path / "c")


@pytest.mark.parametrize("changes", [{"cohort": replace(QUERY, listed=("p",))}, {"profile": "oracle-health"}])
def test_a_folder_serves_one_crawl_alone(server: Scripted, tmp_path: Path, changes: dict[str, object]) -> None:
    crawled(server, tmp_path / "c")

    with pytest.raises(SourceError, match="holds a crawl of something else"):
        crawled(server, tmp_path / "c", **changes)


def test_a_folder_with_anything_else_is_left_alone(server: Scripted, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")

    with pytest.raises(SourceError, match="is not empty"):
        crawled(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_two_processes_do_not_write_to_one_folder(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    held = Journal.opened(tmp_path / "c", {k: v for k, v in _header(tmp_path / "c").items() if k != "schema"})
    try:
        with pytest.raises(SourceError, match="another process is writing there"):
            crawled(server, tmp_path / "c")
    finally:
        held.close()


def _header(out: Path) -> dict[str, object]:
    return dict(json.loads((out / "crawl.json").read_text()))


@pytest.mark.requirement("R24")
def test_a_crawl_is_the_owners_alone_and_holds_no_token(server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("canary-token-5eed")
    crawled(server, tmp_path / "c", token_file=file)
    found = [tmp_path / "c", *(tmp_path / "c").rglob("*")]

    assert {path.stat().st_mode & 0o077 for path in found} == {0}
    assert {one.bearer for one in server.heard} == {"Bearer canary-token-5eed"}
    assert not [path for path in found if path.is_file() and b"canary" in path.read_bytes()]


def test_a_page_over_many_lines_is_one_line_of_the_folder(server: Scripted, tmp_path: Path) -> None:
    page = json.dumps(server.page(ORDERS + "_revinclude=x", prescription("rx-1")), indent=2).replace("\n", "\r\n")
    server.says(ORDERS, Raw(200, page.encode()))
    crawled(server, tmp_path / "c")
    (pages,) = (tmp_path / "c" / "pages").iterdir()

    assert states(tmp_path / "c", "MedicationRequest") == [("complete", "")]
    assert all(isinstance(json.loads(line), dict) for line in pages.read_bytes().splitlines())
    assert "MedicationRequest/rx-1" in keys(tmp_path / "c")


def test_types_that_were_never_asked_for_are_told_apart_from_none(server: Scripted, tmp_path: Path) -> None:
    crawled(server, tmp_path / "c")
    header = _header(tmp_path / "c")
    types = [kind for kind in header["types"] if kind != "Task"]  # type: ignore[attr-defined]
    (tmp_path / "c" / "crawl.json").write_text(json.dumps({**header, "types": types}))
    found = Crawled(tmp_path / "c", load_profile("generic"))

    assert found.not_whole == {"Task"}
    assert [row["type"] for row in found.asked if row["state"] == "not asked"] == ["Task"]
