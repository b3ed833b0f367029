"""A file of an export counts only with proof that it is all of it; what a manifest says never touches a path."""

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from extractors.errors import SourceError, Unreachable
from extractors.sources.bulk_journal import Proven
from extractors.sources.exported import Exported
from extractors.sources.folder import FileState
from tests.bulk.exporter import MOMENT, Asked, Exporter, Raw, as_json, exported, job_of, packed, states
from tests.crawl.scripted import fingerprint
from tests.extractors.practice import GENERIC, prescription, resource

Rx = "MedicationRequest"
_BIG = b"".join(json.dumps({**prescription(f"rx-{n}"), "note": "x" * 400}).encode() + b"\n" for n in range(400))


def said(output: list[dict[str, object]], **more: object) -> Raw:
    return as_json({"transactionTime": MOMENT, "output": output, "error": [], **more})


def one_file(server: Exporter, **more: object) -> None:
    """Let the manifest list one file of orders."""
    server.manifest = {"output": [{"type": Rx, "url": f"{server.root}/files/1/{Rx}.ndjson", **more}]}


def got(out: Path) -> Proven:
    return job_of(out).files[1].state


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The fingerprint of the large file alone."""
    folder = tmp_path_factory.mktemp("big")
    (folder / f"{Rx}.ndjson").write_bytes(_BIG)
    return fingerprint(folder)


_GZIP = (("Content-Encoding", "gzip"),)
WAYS = {
    "plain": Raw(body=_BIG),
    "chunked": Raw(body=_BIG, chunked=True),
    "gzip": Raw(body=gzip.compress(_BIG, 0), headers=_GZIP),
    "gzip chunked": Raw(body=gzip.compress(_BIG, 0), headers=_GZIP, chunked=True),
}


@pytest.mark.requirement("R58")
@pytest.mark.parametrize("way", list(WAYS))
def test_a_file_that_is_cut_after_any_64_kb_is_fetched_again_until_it_is_whole(
    server: Exporter, tmp_path: Path, way: str, big: str
) -> None:
    """F2: cut at its beginning, after each 64 kB, and before its last bytes; each night bears two cuts."""
    whole = WAYS[way]
    cuts = [0, 1, *range(64 * 1024, len(whole.sent), 64 * 1024), len(whole.sent) - 5]
    one_file(server)
    server.says("GET", "/files", *(replace(whole, cut=cut) for cut in cuts), whole)
    nights = 1
    while not is_had(server, tmp_path / "o"):
        nights += 1

    assert (len(cuts), nights, server.kicked_off) == (7, 4, 1)
    assert (tmp_path / "o" / "bulk" / job_of(tmp_path / "o").files[1].file).read_bytes() == _BIG
    assert fingerprint(tmp_path / "o") == big


def is_had(server: Exporter, out: Path) -> bool:
    try:
        exported(server, out)
    except Unreachable:
        assert job_of(out).files == {}
        return False
    return got(out) is Proven.PROVEN


@pytest.mark.requirement("R58")
def test_a_file_that_never_comes_whole_is_never_counted(server: Exporter, tmp_path: Path) -> None:
    one_file(server)
    server.says("GET", "/files", Raw(body=_BIG, cut=70_000))
    with pytest.raises(Unreachable, match="broke off"):
        exported(server, tmp_path / "o")

    assert job_of(tmp_path / "o").files == {}
    assert [file.name for file in (tmp_path / "o" / "bulk" / "jobs" / "0001").iterdir()] == ["manifest-0001.json"]


@pytest.mark.requirement("R58")
@pytest.mark.parametrize(
    ("bodies", "state"),
    [
        ([_BIG, _BIG], Proven.PROVEN),
        ([_BIG[:70_000], _BIG], Proven.UNPROVEN),
        ([_BIG[: _BIG.index(b"\n") + 1], _BIG], Proven.UNPROVEN),
        ([_BIG[:70_000], _BIG[:70_000]], Proven.UNPROVEN),
    ],
    ids=["twice the same", "cut within a line", "cut between lines", "twice cut"],
)
def test_without_an_announced_end_a_file_has_to_come_twice_the_same(
    server: Exporter, tmp_path: Path, bodies: list[bytes], state: Proven
) -> None:
    one_file(server)
    server.says("GET", "/files", *(Raw(body=body, announced=False) for body in bodies))
    found = exported(server, tmp_path / "o")

    assert got(tmp_path / "o") is state
    assert states(found).get(Rx) == (None if state is Proven.PROVEN else "unproven")


@pytest.mark.requirement("R58")
def test_a_packing_that_does_not_end_is_no_file(server: Exporter, tmp_path: Path) -> None:
    whole = packed(_BIG[:80_000], _BIG[80_000:])
    one_file(server)
    gzip = (("Content-Encoding", "gzip"),)
    server.says("GET", "/files", Raw(200, whole[:-9], gzip, announced=False), Raw(200, whole, gzip, announced=False))
    exported(server, tmp_path / "o")

    kept = job_of(tmp_path / "o").files[1]
    assert (kept.state, kept.lines) == (Proven.PROVEN, 400)  # every member, and the end of the last is its proof


@pytest.mark.requirement("R58")
@pytest.mark.parametrize(("count", "state"), [(3, Proven.PROVEN), (4, Proven.UNPROVEN), (-1, Proven.PROVEN)])
def test_a_count_that_lies_leaves_the_type_in_doubt(
    server: Exporter, tmp_path: Path, count: int, state: Proven
) -> None:
    one_file(server, count=count)
    exported(server, tmp_path / "o")

    assert got(tmp_path / "o") is state
    assert len(server.asked("GET", "/files")) == (1 if state is Proven.PROVEN else 2)


def test_only_a_newline_ends_a_line(server: Exporter, tmp_path: Path) -> None:
    text = "a\u2028b\u2029c\u0085d\x0ce"
    server.resources.append({**resource("Patient", "r"), "name": [{"text": text}]})
    exported(server, tmp_path / "o")

    lines = list(Exported(tmp_path / "o" / "bulk", GENERIC).lines())
    assert sum(json.loads(line.data).get("id") == "r" for line in lines) == 1
    assert len(lines) == len(server.resources)


@pytest.mark.requirement("R60")
@pytest.mark.parametrize("kind", ["../../x", "/etc/passwd", "Patient/../..", "", None, 7, "NoSuchType"])
def test_names_are_ours_whatever_a_manifest_says(server: Exporter, tmp_path: Path, kind: object) -> None:
    server.manifest = {"output": [{"type": kind, "url": f"{server.root}/files/1/{Rx}.ndjson?name=../../y"}]}
    exported(server, tmp_path / "o")

    assert job_of(tmp_path / "o").files[1].file == "jobs/0001/00001-output-unknown.ndjson"
    assert {entry.name for entry in tmp_path.iterdir()} == {"o"}


@pytest.mark.requirement("R59")
@pytest.mark.parametrize(("stated", "sent"), [(True, True), (False, False), (None, True)])
def test_the_token_goes_with_a_file_only_if_it_is_needed(
    server: Exporter, tmp_path: Path, stated: bool | None, sent: bool
) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    server.manifest = {"requiresAccessToken": stated}
    exported(server, tmp_path / "o", token_file=token)

    assert {one.bearer for one in server.asked("GET", "/files")} == {"Bearer a-token" if sent else None}


@pytest.mark.requirement("R59")
@pytest.mark.parametrize("stated", [True, False, None])
def test_no_token_leaves_for_another_host(server: Exporter, tmp_path: Path, stated: bool | None) -> None:
    token = tmp_path / "token"
    token.write_text("a-token")
    elsewhere = f"http://localhost:{server.port}/files/1/{Rx}.ndjson"
    server.manifest = {"requiresAccessToken": stated, "output": [{"type": Rx, "url": elsewhere}]}
    found = exported(server, tmp_path / "o", token_file=token)

    assert {one.bearer for one in server.asked("GET", "/files")} <= {None}
    assert states(found).get(Rx) == ("failed" if stated else None)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://10.1.2.3/x", "https://u:p@example.org/x", "http://["])
def test_an_address_that_may_not_be_asked_is_a_lost_file(server: Exporter, tmp_path: Path, url: str) -> None:
    server.manifest = {"output": [{"type": Rx, "url": url}]}

    assert states(exported(server, tmp_path / "o"))[Rx] == "failed"


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_addresses_that_expire_are_had_anew_and_proven_files_kept(
    server: Exporter, tmp_path: Path, status: int
) -> None:
    server.says("GET", f"/files/1/{Rx}", Raw(status), None)
    found = exported(server, tmp_path / "o")

    assert states(found) == {}
    assert len(server.asked("GET", "/files/1/Patient")) == 1
    assert len(server.asked("GET", "/jobs/1")) == 2


@pytest.mark.requirement("R56")
def test_addresses_that_expire_again_and_again_are_had_anew_as_long_as_files_come(
    server: Exporter, tmp_path: Path
) -> None:
    """F7: each list of addresses is good for two files, or for one and none."""
    left = [2, 2, 1, 0]

    def expiring(asked: Asked) -> Raw | None:
        rounds = len(server.asked("GET", "/jobs/1"))
        if not asked.path.startswith("/files"):
            return None
        left[rounds - 1] -= 1
        return None if left[rounds - 1] >= 0 else Raw(403)

    server.scripts.append(expiring)
    kinds = {one["resourceType"] for one in server.resources}
    found = exported(server, tmp_path / "o")

    proven = [one for one in job_of(tmp_path / "o").files.values() if one.state is Proven.PROVEN]
    assert (len(kinds), len(proven)) == (7, 5)
    assert len(server.asked("GET", "/jobs/1")) == 4  # the last list brought nothing: nobody asks for a fifth
    assert sorted(states(found).values()) == ["failed"] * 2


def test_a_list_of_another_moment_is_fetched_whole(server: Exporter, tmp_path: Path) -> None:
    def relisted(asked: Asked) -> Raw | None:
        if asked.path.startswith(f"/files/1/{Rx}") and "transactionTime" not in server.manifest:
            server.manifest = {"transactionTime": "2026-11-23T04:00:00Z"}
            return Raw(403)
        return None

    server.scripts.append(relisted)
    exported(server, tmp_path / "o")

    assert (job_of(tmp_path / "o").is_whole, job_of(tmp_path / "o").moment) == (True, "2026-11-23T04:00:00Z")


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(
    ("issue", "doubted"),
    [
        ({"severity": "error", "code": "exception", "diagnostics": "MedicationRequest/7 was not read"}, {Rx}),
        ({"severity": "fatal", "code": "exception", "diagnostics": "Smith"}, None),
        ({"severity": "warning", "code": "informational"}, set()),
        ({"severity": "information", "code": "informational"}, set()),
    ],
)
@pytest.mark.parametrize("member", ["error", "outcome"])
def test_errors_that_a_server_reports_leave_in_doubt_what_they_speak_of(
    server: Exporter, tmp_path: Path, member: str, issue: dict[str, str], doubted: set[str] | None
) -> None:
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode() + b"\n"
    server.manifest = {member: [{"type": "OperationOutcome", "url": f"{server.root}/files/1/trouble"}]}
    server.says("GET", "/files/1/trouble", Raw(body=outcome))
    found = exported(server, tmp_path / "o")

    every = set(job_of(tmp_path / "o").request["types"])
    assert set(states(found)) == (every if doubted is None else doubted)
    assert set(states(found).values()) <= {"partial"}
    assert "Smith" not in (tmp_path / "o" / "bulk" / "journal.ndjson").read_text()


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(("lines", "doubted"), [(10_000, 0), (10_001, 1)])
def test_an_account_of_trouble_without_end_is_not_read_to_its_end(
    server: Exporter, tmp_path: Path, lines: int, doubted: int
) -> None:
    server.manifest = {"error": [{"type": "OperationOutcome", "url": f"{server.root}/files/1/trouble"}]}
    server.says("GET", "/files/1/trouble", Raw(body=b'{"resourceType":"OperationOutcome","issue":[]}\n' * lines))
    exported(server, tmp_path / "o")

    rows = [row for row in Exported(tmp_path / "o" / "bulk", GENERIC).asked if row["state"] != "complete"]
    assert bool(rows) == bool(doubted)
    assert all("10001 lines" in row["reasons"][0] for row in rows)


def test_an_export_without_files_is_whole_and_empty(server: Exporter, tmp_path: Path) -> None:
    server.manifest = {"output": []}
    found = exported(server, tmp_path / "o")

    assert (found.faults, states(found)) == ((), {})
    assert list(Exported(tmp_path / "o" / "bulk", GENERIC).lines()) == []


def test_clinicians_that_a_server_leaves_out_are_told(server: Exporter, tmp_path: Path) -> None:
    server.resources = [one for one in server.resources if one["resourceType"] != "Practitioner"]

    assert states(exported(server, tmp_path / "o")) == {"Practitioner": "partial"}


def test_a_file_that_was_changed_since_is_damaged(server: Exporter, tmp_path: Path) -> None:
    exported(server, tmp_path / "o")
    (file,) = (tmp_path / "o").rglob(f"*{Rx}.ndjson")
    data = bytearray(file.read_bytes())
    data[data.index(b"rx-1")] ^= 1
    file.write_bytes(bytes(data))
    source = Exported(tmp_path / "o" / "bulk", GENERIC)
    list(source.lines())

    assert [one.file for one in source.records if one.state is FileState.DAMAGED] == [f"jobs/0001/{file.name}"]


@pytest.mark.requirement("R61")
def test_a_file_that_is_not_permitted_of_a_sudden_is_withheld_and_the_others_are_had(
    server: Exporter, tmp_path: Path
) -> None:
    """F14: the permission of one type ends in the middle of an export, and comes back."""
    token = tmp_path / "token"
    token.write_text("a-token")
    server.manifest = {"requiresAccessToken": True}
    server.says("GET", f"/files/1/{Rx}", Raw(403))
    assert states(exported(server, tmp_path / "o", token_file=token)) == {Rx: "withheld"}
    assert {one.type for one in job_of(tmp_path / "o").files.values() if one.state is Proven.PROVEN} >= {"Patient"}

    server.scripts.clear()
    assert states(exported(server, tmp_path / "o", token_file=token)) == {}
    assert len(server.asked("GET", "/files/1/Patient")) == 1


@pytest.mark.requirement("R117")
@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_disk_that_takes_no_more_leaves_nothing_half_accepted(server: Exporter, tmp_path: Path, reason: int) -> None:
    """F8, F9: full, failing, or mounted anew for reading only."""
    one_file(server)
    server.says("GET", "/files", Raw(body=_BIG))

    def full(step: str) -> None:
        if step == "before rename":
            raise OSError(reason, os.strerror(reason))

    with pytest.raises(SourceError, match=os.strerror(reason)):
        exported(server, tmp_path / "o", reached=full)
    assert [file.name for file in (tmp_path / "o" / "bulk" / "jobs" / "0001").iterdir()] == ["manifest-0001.json"]

    exported(server, tmp_path / "o")
    assert got(tmp_path / "o") is Proven.PROVEN
    assert server.kicked_off == 1


@pytest.mark.requirement("R56")
def test_a_process_that_is_killed_while_a_file_comes_goes_on_with_the_same_export(
    server: Exporter, tmp_path: Path
) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from types import SimpleNamespace as S\n"
        "from tests.bulk.exporter import exported\n"
        "def die(step):\n"
        "    if step == 'before rename': os.kill(os.getpid(), signal.SIGKILL)\n"
        "exported(S(base=sys.argv[1]), Path(sys.argv[2]), reached=die)\n"
    )
    words = [sys.executable, "-c", program, server.base, str(tmp_path / "o")]
    assert subprocess.run(words, check=False, env={**os.environ, "PYTHONPATH": "."}).returncode == -signal.SIGKILL

    exported(server, tmp_path / "o")
    assert server.kicked_off == 1
    assert job_of(tmp_path / "o").is_whole
