"""What changed since an export, what was deleted, and manifests of every version of the guide."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.cases import derive
from extractors.engine.local import LocalEngine
from extractors.errors import GatewayError, Oversized, SourceError, Unreachable
from extractors.events import extract
from extractors.ledger import ledger_of
from extractors.sources.bulk_manifest import Content, read_manifest
from extractors.sources.bulk_waiting import Waits
from extractors.sources.chosen import source_of
from smartapp.reading.fetching import Renew
from tests.bulk.exporter import MOMENT, Exporter, Raw, Time, as_json, exported, job_of, states
from tests.crawl.scripted import reading
from tests.extractors.practice import CLOSED, GENERIC, prescription, ref

Rx = "MedicationRequest"


def asked_since(server: Exporter) -> list[bool]:
    return ["_since" in one.path for one in server.heard if "$export" in one.path]


def orders(out: Path) -> int:
    """Orders that count."""
    found = extract(source_of(out, GENERIC).lines(), GENERIC, CLOSED.zone_info)
    with LocalEngine() as engine:
        derive(found, CLOSED, engine)
        return sum(int(str(row["current"])) for row in ledger_of(found, engine) if row["type"] == Rx)


@pytest.mark.requirement("R62")
def test_changes_are_asked_for_since_the_servers_own_moment_and_added(server: Exporter, tmp_path: Path) -> None:
    exported(server, tmp_path / "o")
    server.resources = [prescription("rx-3")]
    exported(server, tmp_path / "o", renew=Renew.CHANGES)

    assert asked_since(server) == [False, True]
    assert job_of(tmp_path / "o", 2).request["since"] == MOMENT
    assert orders(tmp_path / "o") == 4


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("dated", [None, "2026-11-21T03:00:00Z"])
def test_a_changed_record_without_a_date_replaces_the_one_before(
    server: Exporter, tmp_path: Path, dated: str | None
) -> None:
    meta = {"meta": {"lastUpdated": dated}} if dated else {}
    others = [one for one in server.resources if one["id"] != "rx-1"]
    server.resources = [*others, {**prescription("rx-1"), "note": [{"text": "old"}], **meta}]
    exported(server, tmp_path / "o")
    server.resources = [{**prescription("rx-1"), "note": [{"text": "new 0"}]}]
    server.manifest = {"transactionTime": "2026-11-23T04:00:00Z"}
    exported(server, tmp_path / "o", renew=Renew.CHANGES)

    with reading(tmp_path / "o") as found:
        assert found.places[f"{Rx}/rx-1"][0].startswith("jobs/0002")


@pytest.mark.requirement("R61")
@pytest.mark.parametrize("dated", [None, "2026-11-22T03:00:00Z"])
def test_what_was_deleted_does_not_count_any_more_unless_it_was_made_again(
    server: Exporter, tmp_path: Path, dated: str | None
) -> None:
    exported(server, tmp_path / "o")
    gone = [{"request": {"method": "DELETE", "url": f"{Rx}/{name}"}} for name in ("rx-1", "rx-2")]
    if dated:
        gone = [{**one, "response": {"lastModified": dated}} for one in gone]
    bundle = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": gone}).encode()
    server.says("GET", "/files/2/deleted", Raw(body=bundle))
    server.resources = [{**prescription("rx-q", subject=ref("Patient/q"))}]
    server.manifest = {
        "transactionTime": "2026-11-23T04:00:00Z",
        "deleted": [{"type": "Bundle", "url": f"{server.root}/files/2/deleted"}],
    }
    exported(server, tmp_path / "o", renew=Renew.CHANGES)
    assert orders(tmp_path / "o") == 1

    server.resources = [{**prescription("rx-1"), "meta": {"lastUpdated": "2026-11-23T08:00:00Z"}}]
    server.manifest = {"transactionTime": "2026-11-24T04:00:00Z"}
    exported(server, tmp_path / "o", renew=Renew.CHANGES)
    assert orders(tmp_path / "o") == 2


@pytest.mark.requirement("R62")
@pytest.mark.parametrize(
    "change",
    ["members", "members not shown", "no members", "quantity", "types", "profile", "not whole", "no instant"],
)
def test_everything_is_asked_for_where_changes_would_not_do(server: Exporter, tmp_path: Path, change: str) -> None:
    if change == "no instant":
        server.manifest = {"transactionTime": "yesterday"}
    if change == "not whole":
        server.says("GET", f"/files/1/{Rx}", Raw(404))
    if change == "no members":
        server.members = []
    if change == "quantity":
        server.group = {"quantity": 3}
    exported(server, tmp_path / "o")
    if change == "types":
        journal = tmp_path / "o" / "bulk" / "journal.ndjson"
        journal.write_text(journal.read_text().replace('"Encounter", ', "", 1))
    if change == "members":
        server.members = ["p", "q", "r"]
    if change == "members not shown":
        server.says("GET", "/r4/fhir/Group/panel", None)
        server.scripts[-1] = lambda asked: Raw(403) if asked.path == "/r4/fhir/Group/panel" else None
    said: list[str] = []
    more = {"profile": "medplum-dosespot"} if change == "profile" else {}
    exported(server, tmp_path / "o", said, renew=Renew.CHANGES, **more)

    assert asked_since(server) == [False, False]
    assert any("everything is asked for anew" in line for line in said)


def spoil(out: Path, *, gone: bool) -> None:
    """Let a file that is kept be another, or gone."""
    (file,) = out.rglob(f"*{Rx}.ndjson")
    if gone:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes().replace(b"rx-1", b"rx-7"))


@pytest.mark.requirement("R116")
@pytest.mark.parametrize(
    ("renew", "gone"), [(Renew.CHANGES, False), (Renew.KEEP, True)], ids=["damaged", "gone, and nothing new wanted"]
)
def test_a_kept_file_that_is_damaged_is_had_anew_by_the_next_reading(
    server: Exporter, tmp_path: Path, renew: Renew, gone: bool
) -> None:
    """F9: the damage lies in an export that later changes rest on."""
    exported(server, tmp_path / "o")
    exported(server, tmp_path / "o", renew=Renew.CHANGES)
    spoil(tmp_path / "o" / "bulk" / "jobs" / "0001", gone=gone)
    with reading(tmp_path / "o") as found:
        assert found.faults
    said: list[str] = []
    exported(server, tmp_path / "o", said, renew=renew)

    assert asked_since(server) == [False, True, False]
    assert any("is damaged or gone" in line for line in said)
    with reading(tmp_path / "o") as found:
        assert found.faults == ()
    assert orders(tmp_path / "o") == 3


@pytest.mark.requirement("R61")
def test_errors_that_a_server_reported_once_are_not_kept_for_ever(server: Exporter, tmp_path: Path) -> None:
    trouble = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    server.says("GET", "/files/1/trouble", as_json(trouble))
    server.manifest = {"error": [{"type": "OperationOutcome", "url": f"{server.root}/files/1/trouble"}]}
    assert states(exported(server, tmp_path / "o"))[Rx] == "partial"
    server.manifest, said = {}, list[str]()

    assert states(exported(server, tmp_path / "o", said, renew=Renew.CHANGES)) == {}
    assert asked_since(server) == [False, False]
    assert any("the server reported errors" in line for line in said)


@pytest.mark.requirement("R62")
def test_an_unfinished_export_of_changes_goes_on_as_one_of_changes(server: Exporter, tmp_path: Path) -> None:
    exported(server, tmp_path / "o")
    server.says("GET", "/files/2/Patient", Raw(500))
    with pytest.raises(Unreachable):
        exported(server, tmp_path / "o", renew=Renew.CHANGES)
    server.scripts.clear()
    exported(server, tmp_path / "o")

    assert asked_since(server) == [False, True]
    assert job_of(tmp_path / "o", 2).committed


@pytest.mark.requirement("R62")
@pytest.mark.parametrize("change", ["members", "profile", "lost", "again"])
def test_an_unfinished_export_of_changes_hands_its_moment_to_no_other(
    server: Exporter, tmp_path: Path, change: str
) -> None:
    exported(server, tmp_path / "o")
    server.says("GET", "/files/2/Patient", Raw(500))
    with pytest.raises(Unreachable):
        exported(server, tmp_path / "o", renew=Renew.CHANGES)
    server.scripts.clear()
    if change == "members":
        server.members = ["p", "q", "r"]
    if change == "lost":
        server.says("GET", "/jobs/2", Raw(404))
    more = {"profile": "medplum-dosespot"} if change == "profile" else {}
    renew = Renew.ALL if change == "again" else Renew.CHANGES
    exported(server, tmp_path / "o", renew=renew, **more)

    assert asked_since(server) == [False, True, False]
    assert job_of(tmp_path / "o", 3).committed


@pytest.mark.requirement("R62")
def test_an_export_that_is_not_whole_stays_at_the_server_until_another_counts(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", "/files/1/Encounter", Raw(404))
    exported(server, tmp_path / "o")
    server.says("GET", "/r4/fhir/Group/panel/$export", Raw(503))
    with pytest.raises(Unreachable):
        exported(server, tmp_path / "o", renew=Renew.ALL)
    assert not server.asked("DELETE", "/jobs")

    server.scripts.pop()
    exported(server, tmp_path / "o", renew=Renew.ALL)
    assert [one.path for one in server.asked("DELETE", "/jobs")] == ["/jobs/3", "/jobs/1"]


@pytest.mark.requirement("R62")
def test_an_export_that_is_not_whole_makes_room_where_the_server_takes_no_second(
    server: Exporter, tmp_path: Path
) -> None:
    server.says("GET", "/files/1/Encounter", Raw(404))
    exported(server, tmp_path / "o")
    server.says("GET", "/r4/fhir/Group/panel/$export", Raw(429), None)
    exported(server, tmp_path / "o", renew=Renew.ALL)

    assert [one.path for one in server.asked("DELETE", "/jobs")] == ["/jobs/1", "/jobs/3"]


@pytest.mark.requirement("R57")
@pytest.mark.parametrize(
    "document",
    [
        {"transactionTime": MOMENT, "request": "r", "requiresAccessToken": True, "output": [], "error": []},
        {"transactionTime": MOMENT, "output": [], "deleted": [], "error": [], "extension": {"x": 1}},
        {"transactionTime": MOMENT, "output": [], "outcome": [], "outputOrganizedBy": "Patient", "extension": []},
        {"transactionTime": MOMENT, "output": [], "link": None, "manifestVersion": 4, "newMember": {"deep": [1]}},
    ],
    ids=["STU1", "STU2", "STU3", "later"],
)
def test_manifests_of_every_version_are_read(document: dict[str, Any]) -> None:
    found = read_manifest(json.dumps(document).encode())

    assert (found.files, found.moment, found.since, found.next) == ((), MOMENT, MOMENT, None)


@pytest.mark.requirement("R57")
@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-13-40T00:00:00Z", "2026-11-22", "2026-11-22T04:00:00", "", None, 5]
)
def test_a_moment_that_is_none_is_kept_as_it_is_and_not_asked_with(moment: object) -> None:
    found = read_manifest(json.dumps({"transactionTime": moment, "output": []}).encode())

    assert found.since is None
    assert found.moment == (moment if isinstance(moment, str) else "")


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"output": {}}', b'{"output": [7]}', b'{"output": [{"type": "Patient"}]}',
             b'{"output": [{"url": ""}]}', b'{"output": [], "deleted": 7}'],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with pytest.raises(GatewayError):
        read_manifest(body)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
       lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
           st.sampled_from(["output", "error", "deleted", "url", "type", "count", "link", "relation"]), inner),
       max_leaves=12).map(lambda found: json.dumps(found).encode()))  # fmt: skip
def test_no_manifest_breaks_the_reader(body: bytes) -> None:
    try:
        found = read_manifest(body)
    except GatewayError:
        return
    assert all(one.type == "unknown" or one.type.isalpha() for one in found.files)


@pytest.mark.requirement("R57")
def test_every_page_of_a_manifest_is_read(server: Exporter, tmp_path: Path) -> None:
    kinds = sorted({one["resourceType"] for one in server.resources})
    files = [{"type": kind, "url": f"{server.root}/files/1/{kind}.ndjson"} for kind in kinds]
    server.manifest = {"output": files[:2], "link": [{"relation": "next", "url": "/pages/2"}]}
    server.says("GET", "/pages/2", as_json({"transactionTime": MOMENT, "output": files[2:]}))
    exported(server, tmp_path / "o")

    assert {got.type for got in job_of(tmp_path / "o").files.values()} == set(kinds)
    assert [got.content for got in job_of(tmp_path / "o").files.values()] == [Content.OUTPUT] * len(kinds)
    assert len(list((tmp_path / "o").rglob("manifest-*.json"))) == 2


@pytest.mark.requirement("R54")
@pytest.mark.parametrize("relisted", ["in another order", "with fresh signatures", "others", "of another moment"])
def test_files_that_are_listed_anew_are_told_by_what_they_are_not_by_their_place(
    server: Exporter, tmp_path: Path, relisted: str
) -> None:
    names = ["a", "b", "c"]
    for name in (*names, "d"):
        server.says("GET", f"/files/1/{name}", Raw(body=json.dumps(prescription(f"rx-{name}")).encode() + b"\n"))
    files = [{"type": Rx, "url": f"{server.root}/files/1/{name}?signed=1"} for name in names]
    server.manifest = {"output": files}

    def after_one(step: str) -> None:
        if step == "after file":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exported(server, tmp_path / "o", reached=after_one)
    signed = [{**one, "url": one["url"].replace("signed=1", "signed=2")} for one in files]
    others = [{"type": Rx, "url": f"{server.root}/files/1/d"}, *files[1:]]
    server.manifest = {
        "in another order": {"output": [*files[1:], files[0]]},
        "with fresh signatures": {"output": [signed[2], signed[0], signed[1]]},
        "others": {"output": others},
        "of another moment": {"output": [*files[1:], files[0]], "transactionTime": "2026-11-23T04:00:00Z"},
    }[relisted]
    exported(server, tmp_path / "o")

    assert orders(tmp_path / "o") == 3
    assert len({got.sha256 for got in job_of(tmp_path / "o").files.values()}) == 3
    again = len(server.asked("GET", "/files/1/a"))
    assert again == (2 if relisted == "of another moment" else 1)


@pytest.mark.parametrize(("most", "is_read"), [(18, True), (17, False)])
def test_a_list_of_files_may_be_as_large_as_the_settings_say(
    server: Exporter, tmp_path: Path, most: int, is_read: bool
) -> None:
    server.manifest = {"output": [], "note": "x" * 17_000_000}
    if is_read:
        exported(server, tmp_path / "o", manifest_mb=most)
        assert job_of(tmp_path / "o").committed
    else:
        with pytest.raises(Oversized, match="Let it be larger: manifest_mb"):
            exported(server, tmp_path / "o", manifest_mb=most)
        exported(server, tmp_path / "o")
        assert server.kicked_off == 1


def test_files_that_only_a_query_tells_apart_are_all_read(server: Exporter, tmp_path: Path) -> None:
    for name in ("a", "b"):
        server.says("GET", f"/files/1?f={name}", Raw(body=json.dumps(prescription(f"rx-{name}")).encode() + b"\n"))
    server.manifest = {"output": [{"type": Rx, "url": f"{server.root}/files/1?f={name}"} for name in ("a", "b")]}
    exported(server, tmp_path / "o")

    assert orders(tmp_path / "o") == 2


def test_pages_of_a_manifest_that_do_not_end_are_left(server: Exporter, tmp_path: Path) -> None:
    server.manifest = {"link": [{"relation": "next", "url": f"{server.root}/pages/2"}]}
    again = {"transactionTime": MOMENT, "output": [], "link": [{"relation": "next", "url": "/pages/2"}]}
    server.says("GET", "/pages/2", as_json(again))
    with pytest.raises(Exception, match="twice in a row"):
        exported(server, tmp_path / "o")
    assert "do not end" in job_of(tmp_path / "o").ended


@pytest.mark.requirement("R55")
@pytest.mark.parametrize(
    ("stated", "waited"),
    [
        ("18000", 3600.0),
        ("120", 120.0),
        ("1795324200", 600.0),
        ("1795324200000", 600.0),
        ("Sun, 22 Nov 2026 05:10:00 GMT", 600.0),
        ("Sun, 22 Nov 2020 05:10:00 GMT", 2.0),
        ("0", 2.0),
        ("-7", 2.0),
        ("soon", 2.0),
        ("", 2.0),
        ("9" * 400, 3600.0),
    ],
)
def test_whatever_a_server_asks_to_wait_the_wait_has_sense(
    server: Exporter, tmp_path: Path, stated: str, waited: float
) -> None:
    time = Time()
    theirs = ("Date", "Sun, 22 Nov 2026 05:00:00 GMT")
    server.says("GET", "/jobs/1", Raw(202, headers=(("Retry-After", stated), theirs)), None)
    exported(server, tmp_path / "o", waits=time.waiting())

    assert time.waits == [waited]


@pytest.mark.requirement("R55")
def test_a_fault_that_is_said_to_pass_is_waited_out_and_another_gives_the_export_up(
    server: Exporter, tmp_path: Path
) -> None:
    passing = Raw(500, json.dumps({"resourceType": "OperationOutcome", "issue": [{"code": "transient"}]}).encode())
    server.says("GET", "/jobs/1", *[passing] * 30, None)
    exported(server, tmp_path / "o")
    assert server.kicked_off == 1

    server.says("GET", "/jobs/2", Raw(500))
    exported(server, tmp_path / "o", renew=Renew.ALL)
    assert "failed at it (status 500)" in job_of(tmp_path / "o", 2).ended
    assert job_of(tmp_path / "o", 3).committed


@pytest.mark.requirement("R55")
def test_an_export_that_is_never_done_is_given_up(server: Exporter, tmp_path: Path) -> None:
    began = datetime.now(UTC) + timedelta(minutes=1)
    waits = Time()
    server.says("GET", "/jobs/1", Raw(202, headers=(("Retry-After", "999999"),)))
    limits = Waits(now=lambda: began + timedelta(seconds=sum(waits.waits)), sleep=waits.waits.append, job=timedelta(2))
    with pytest.raises(SourceError, match="twice in a row"):  # the second is two days old from its start, by this clock
        exported(server, tmp_path / "o", waits=limits)

    assert "not done within 2 days" in job_of(tmp_path / "o").ended
    assert set(waits.waits) == {3600.0}


def test_a_reading_that_was_not_whole_says_so_in_its_ledger(server: Exporter, tmp_path: Path) -> None:
    server.says("GET", f"/files/1/{Rx}", Raw(404))
    exported(server, tmp_path / "o")
    with reading(tmp_path / "o") as found:
        (row,) = [one for one in found.ledger if one["source"] == "bulk" and one["type"] == Rx]
        assert row["state"].startswith("failed")
        assert any("lost" in reason for reason in row["reasons"])
    assert states(exported(server, tmp_path / "o")) == {Rx: "failed"}
