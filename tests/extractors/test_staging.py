"""Much that is read: by how many processes, kept for how long, and used again: the same facts, and nothing left."""

import ctypes
import gzip
import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from extractors.engine import statements as engine_statements
from extractors.engine.local import LocalEngine
from extractors.errors import StagingError, TableError
from extractors.events import Facts, extract
from extractors.profile import Profile, kept_files, load_kept, load_profile, profile_names
from extractors.sources.blocks import Stretch
from extractors.sources.folder import Folder
from extractors.staging.kept import kept_parts
from extractors.staging.memory import give_back
from extractors.staging.private import private_folder
from extractors.staging.staged import gathered
from extractors.staging.versions import version_of
from extractors.staging.work import Work, cores, work_of
from extractors.tables import EVENT
from tests.extractors.practice import GENERIC, OPEN

GROUP = Path("fixtures/fhir/group-4")
ZONE = OPEN.zone_info
CUT = Work(workers=1, block=60_000)
WITH_HELP = replace(CUT, workers=2, alone=1)
PIECE = 40_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A practice in some files, one of them packed, with lines of it damaged."""
    folder = tmp_path_factory.mktemp("data")
    for file in sorted(GROUP.glob("*.ndjson")):
        (folder / file.name).write_bytes(file.read_bytes())
    orders = (folder / "MedicationRequest.ndjson").read_bytes().splitlines()
    orders[3:3] = [b"garbage", orders[0][:-1]]
    (folder / "MedicationRequest.ndjson").unlink()
    (folder / "MedicationRequest.ndjson.gz").write_bytes(gzip.compress(b"\n".join(orders)))
    return folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the system for this test alone."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def said(found: Facts) -> dict[str, Any]:
    """Everything that facts are, rows in an order of their own."""
    with LocalEngine() as engine:
        found.load_into(engine)
        rows = {name: engine.rows(name) for name in found.counts}
    return {
        **rows,
        "counts": dict(found.counts),
        "quarantine": found.quarantine,
        "not_read": found.not_read,
        "first": found.first,
        "tried": found.tried.hits,
    }


def read(folder: Path, work: Work, profile: Profile = GENERIC, zone: ZoneInfo = ZONE) -> dict[str, Any]:
    with gathered(Folder(folder, piece=PIECE), profile, zone, work) as found:
        return said(found)


@pytest.fixture(scope="module")
def expected(data: Path) -> dict[str, Any]:
    found = said(extract(Folder(data).lines(), GENERIC, ZONE))
    assert len(found["quarantine"]) == 2
    return found


@pytest.mark.parametrize("block", [1, 20_000, 100_000, 10_000_000])
def test_facts_are_the_same_whatever_the_size_of_a_block(data: Path, expected: dict[str, Any], block: int) -> None:
    assert read(data, replace(CUT, block=block)) == expected


def test_facts_are_the_same_by_two_processes(data: Path, expected: dict[str, Any], temporary: Path) -> None:
    assert read(data, WITH_HELP) == expected
    assert list(temporary.iterdir()) == []
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("name", profile_names())
def test_a_helper_has_the_profile_that_it_is_told(name: str, tmp_path: Path) -> None:
    profile = load_profile(name)
    for file, text in kept_files(profile).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert load_kept(tmp_path).digest == profile.digest


class Interrupted(Folder):
    """A folder of which something happens in the midst of reading."""

    def __init__(self, root: Path, happens: Callable[[], object]) -> None:
        super().__init__(root, piece=PIECE)
        self._happens = happens

    def stretches(self) -> Iterator[Stretch]:
        for number, stretch in enumerate(super().stretches()):
            yield stretch
            if number == 5:
                self._happens()


def kill_helpers() -> None:
    children = multiprocessing.active_children()
    assert len(children) == 1
    for child in children:
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()


def test_a_helper_that_is_killed_ends_the_reading_with_a_reason_and_leaves_nothing(data: Path, temporary: Path) -> None:
    source = Interrupted(data, kill_helpers)
    with (
        pytest.raises(StagingError, match=r"ended before its work was done.*fewer --workers"),
        gathered(source, GENERIC, ZONE, WITH_HELP),
    ):
        pytest.fail("facts of a reading that did not come to its end")
    assert list(temporary.iterdir()) == []
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("problem", [KeyboardInterrupt, OSError(28, "No space left on device")], ids=["Ctrl-C", "disk"])
def test_what_ends_a_reading_early_leaves_nothing(data: Path, temporary: Path, problem: Any) -> None:
    def ends() -> None:
        assert len(list(temporary.glob("*/*.parquet"))) > 0
        raise problem

    with (
        pytest.raises(problem if isinstance(problem, type) else type(problem)),
        gathered(Interrupted(data, ends), GENERIC, ZONE, CUT),
    ):
        pytest.fail("facts of a reading that did not come to its end")
    assert list(temporary.iterdir()) == []


def test_rows_on_the_disk_are_their_owners_alone_and_go_with_the_reading(data: Path, temporary: Path) -> None:
    with gathered(Folder(data), GENERIC, ZONE, CUT):
        [folder] = temporary.iterdir()
        modes = {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
        assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_goes_at_the_next_start_and_what_a_living_one_has_does_not(temporary: Path) -> None:
    hold = (
        "import sys\n"
        "from extractors.staging.private import private_folder\n"
        "with private_folder() as place:\n"
        "    (place / 'rows').write_text('PHI'); print(place, flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", hold]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        left = Path(other.stdout.readline().strip())
        with private_folder() as mine:
            assert sorted(temporary.iterdir()) == sorted([left, mine])
        other.kill()
    assert (left / "rows").exists()
    with gathered(Folder(GROUP), GENERIC, ZONE, Work(workers=1)):
        assert list(temporary.iterdir()) == []


def test_what_a_process_was_killed_in_making_goes_after_an_hour(temporary: Path) -> None:
    long_ago = time.time() - 3700
    for name, lock, since in (("old", False, long_ago), ("locked", True, long_ago), ("new", True, time.time())):
        made = temporary / f"pi180-made-{name}"
        made.mkdir()
        if lock:
            (made / ".lock").touch()
        os.utime(made, (since, since))
    (temporary / "pi180-made-by-somebody").mkdir()
    (temporary / "pi180-made-by-somebody" / "letter").touch()
    os.utime(temporary / "pi180-made-by-somebody", (long_ago, long_ago))

    with private_folder():
        pass
    assert {left.name for left in temporary.iterdir()} == {"pi180-made-new", "pi180-made-by-somebody"}


def test_rows_that_cannot_be_removed_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with private_folder() as folder:
        folder.rename(tmp_path / "kept")
        folder.symlink_to(tmp_path / "kept")  # which is not followed, so that not even root removes it

    assert caplog.messages == [f"{folder}: could not be removed, and may hold patients' data. Remove it."]


def test_a_link_in_place_of_a_folder_that_was_left_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / ".lock").touch()
    (temporary / "pi180-rows-link").symlink_to(mine)
    with private_folder():
        assert (mine / ".lock").exists()


@pytest.mark.parametrize("made", ["nothing", "a file", "a link to nothing"])
def test_a_temporary_folder_that_cannot_be_used_is_refused_and_no_other_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    named = tmp_path / "named"
    if made == "a file":
        named.write_text("a letter")
    if made == "a link to nothing":
        named.symlink_to(tmp_path / "none")
    monkeypatch.setenv("TMPDIR", str(named))

    for needed in (private_folder(), gathered(Folder(GROUP), GENERIC, ZONE, Work(workers=1))):
        with pytest.raises(StagingError, match=f"TMPDIR: {named}: expected a folder that can be written"), needed:
            pytest.fail("a folder elsewhere")


def test_a_temporary_folder_in_which_nothing_can_be_made_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", "/proc/self/fd")  # where not even root makes anything

    with pytest.raises(StagingError, match=r"/proc/self/fd: ") as refused, private_folder():
        pytest.fail("a folder elsewhere")
    assert "TMPDIR" in str(refused.value)


def test_a_temporary_folder_is_taken_as_it_is_named_though_it_was_named_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tempfile.gettempdir()
    (tmp_path / "big").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", "big")

    with private_folder() as folder:
        assert folder.parent == tmp_path / "big"


@pytest.mark.parametrize("said", [None, ""])
def test_without_a_name_the_temporary_folder_is_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    monkeypatch.delenv("TMPDIR")
    if said is not None:
        monkeypatch.setenv("TMPDIR", said)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with private_folder() as folder:
        assert folder.parent == tmp_path


Usage = namedtuple("Usage", "total used free")


def test_too_little_room_is_told_before_the_disk_is_full(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 199_999_999))
    with pytest.raises(StagingError, match=r"200 MB are free, expected 200 MB or more.*TMPDIR"):
        read(data, CUT)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 200_000_000))
    assert read(data, CUT)["counts"]["event"] > 0


@pytest.fixture(scope="module")
def first_run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a run kept its parts."""
    folder = tmp_path_factory.mktemp("first") / "reuse"
    read(data, replace(CUT, reuse=folder))
    return folder


@pytest.fixture
def kept(data: Path, first_run: Path, tmp_path: Path) -> Work:
    """Work with parts of an earlier run, and a copy of the data, both this test's own."""
    shutil.copytree(data, tmp_path / "copy")
    shutil.copytree(first_run, tmp_path / "reuse")
    return replace(CUT, reuse=tmp_path / "reuse")


def parts_in(work: Work) -> dict[str, int]:
    """The files of parts, each with its inode: a file that is written anew has another."""
    assert work.reuse is not None
    return {file.name: file.stat().st_ino for file in (work.reuse / "parts").iterdir()}


def test_a_second_run_takes_everything_from_the_first(kept: Work, tmp_path: Path, expected: dict[str, Any]) -> None:
    before = parts_in(kept)
    assert read(tmp_path / "copy", kept) == expected
    assert parts_in(kept) == before


def test_nobody_needs_help_to_take_from_the_first_run(kept: Work, tmp_path: Path, expected: dict[str, Any]) -> None:
    def none_is_there() -> None:
        assert multiprocessing.active_children() == []

    source = Interrupted(tmp_path / "copy", none_is_there)
    with gathered(source, GENERIC, ZONE, replace(WITH_HELP, reuse=kept.reuse)) as found:
        none_is_there()
        assert said(found) == expected


def test_what_helpers_kept_is_what_this_process_keeps(kept: Work, data: Path, tmp_path: Path) -> None:
    assert kept.reuse is not None
    read(data, replace(WITH_HELP, reuse=tmp_path / "other"))
    assert contents(tmp_path / "other") == contents(kept.reuse)


def contents(reuse: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (reuse / "parts").iterdir()}


def test_a_line_that_changed_is_extracted_again_with_its_block_alone(kept: Work, tmp_path: Path) -> None:
    before, file = parts_in(kept), tmp_path / "copy" / "Encounter.ndjson"
    lines = file.read_bytes().splitlines(keepends=True)
    lines[-1] = lines[-1].replace(b'"id":"', b'"id":"Z', 1)[:-2] + b"\n"
    file.write_bytes(b"".join(lines))
    found = read(tmp_path / "copy", kept)

    assert found == said(extract(Folder(tmp_path / "copy").lines(), GENERIC, ZONE))
    after = parts_in(kept)
    assert sum(name.endswith(".json") for name in after.keys() - before.keys()) == 1
    assert sum(name.endswith(".json") for name in before.keys() - after.keys()) == 1
    assert all(before[name] == number for name, number in after.items() if name in before)


def test_what_no_run_uses_any_more_is_dropped_and_other_files_are_left(kept: Work, tmp_path: Path) -> None:
    assert kept.reuse is not None
    (kept.reuse / "parts" / "mine.txt").write_text("mine")
    (kept.reuse / "parts" / f".{'0' * 64}.event.parquet.17").write_text("begun and never ended")
    (tmp_path / "copy" / "Encounter.ndjson").unlink()
    before = parts_in(kept)
    read(tmp_path / "copy", kept)

    assert parts_in(kept).keys() < before.keys()
    assert "mine.txt" in parts_in(kept)
    assert not [name for name in parts_in(kept) if name.startswith(".")]


def other_profile() -> dict[str, Any]:
    return {"profile": load_profile("oracle-health")}


@pytest.mark.parametrize(
    "other", [other_profile, lambda: {"zone": ZoneInfo("Pacific/Honolulu")}], ids=["profile", "zone"]
)
def test_parts_of_another_profile_or_zone_are_no_parts(
    kept: Work, tmp_path: Path, other: Callable[[], dict[str, Any]]
) -> None:
    before, how = parts_in(kept), other()
    assert read(tmp_path / "copy", kept, **how) == read(tmp_path / "copy", CUT, **how)
    assert not before.keys() & parts_in(kept).keys()


def cut_short(file: Path, _: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def empty(file: Path, _: Path) -> None:
    file.write_bytes(b"")


def removed(file: Path, _: Path) -> None:
    file.unlink()


def of_another_block(file: Path, other: Path) -> None:
    file.write_bytes(other.read_bytes())


def with_a_flipped_bit(file: Path, _: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))


def signed_but_nonsense(file: Path, _: Path) -> None:
    body = json.dumps({"name": file.stem, "tables": 7}).encode()
    file.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


@pytest.mark.parametrize(
    "spoil", [cut_short, empty, removed, of_another_block, with_a_flipped_bit, signed_but_nonsense]
)
@pytest.mark.parametrize("kind", [".json", ".event.parquet"])
def test_what_is_not_as_it_was_kept_is_extracted_again(
    kept: Work, tmp_path: Path, expected: dict[str, Any], spoil: Callable[[Path, Path], None], kind: str
) -> None:
    assert kept.reuse is not None
    one, other, *_ = sorted((kept.reuse / "parts").glob(f"*{kind}"))
    whole = one.read_bytes()
    spoil(one, other)

    assert read(tmp_path / "copy", kept) == expected
    assert one.read_bytes() == whole


def test_a_folder_for_reuse_is_one_runs_at_a_time(kept: Work, tmp_path: Path) -> None:
    assert kept.reuse is not None
    with kept_parts(kept.reuse), pytest.raises(StagingError, match=r"--reuse.*another process"):
        read(tmp_path / "copy", kept)


def test_a_folder_that_holds_something_else_is_not_taken_for_reuse(data: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("mine")
    with pytest.raises(StagingError, match=r"--reuse.*not empty"):
        read(data, replace(CUT, reuse=mine))
    assert [file.name for file in mine.iterdir()] == ["letter.txt"]


def settings_of(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    names = ("memory_limit", "threads", "temp_directory")
    text = f"SELECT {', '.join(f'current_setting({name!r}) AS {name}' for name in names)}"
    monkeypatch.setattr(engine_statements, "statements", {"settings.sql": (("settings", text),)}.__getitem__)
    engine.run("settings.sql")
    return engine.rows("settings")[0]


def test_a_database_has_the_memory_and_threads_that_it_is_given_and_a_private_place_for_the_rest(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalEngine("512MB", 3) as engine:
        found = settings_of(engine, monkeypatch)
        assert (found["memory_limit"], found["threads"]) == ("488.2 MiB", 3)
        assert Path(found["temp_directory"]).parent == temporary
    assert list(temporary.iterdir()) == []


def test_a_database_of_few_rows_puts_nothing_on_the_disk(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalEngine() as engine:
        engine.expect_few_rows()
        assert settings_of(engine, monkeypatch)["temp_directory"] == ""
    assert list(temporary.iterdir()) == []


def test_files_that_are_gone_are_told_and_a_table_may_take_their_place(data: Path) -> None:
    with LocalEngine() as engine:
        with gathered(Folder(data, piece=PIECE), GENERIC, ZONE, CUT) as found:
            found.load_into(engine)
            assert len(engine.rows("event")) == found.counts["event"]
        with pytest.raises(TableError):
            engine.load_files("event", EVENT, [data / "gone.parquet"])
        engine.load("event", EVENT.empty_table())
        assert engine.rows("event") == []


@pytest.mark.parametrize("name", ["kind=visit", "some*", "on[e]", "wha?", "l'an"])
def test_the_name_of_a_folder_never_chooses_other_files_or_makes_a_column(name: str, tmp_path: Path) -> None:
    schema = pa.schema([("key", pa.string()), ("kind", pa.string())])
    for folder in (name, "some more", "one", "what"):
        (tmp_path / folder).mkdir()
        write_table(pa.table([[folder], ["order"]], schema=schema), tmp_path / folder / "rows.parquet")
    with LocalEngine() as engine:
        engine.load_files("found", schema, [tmp_path / name / "rows.parquet"])
        assert engine.rows("found") == [{"key": name, "kind": "order"}]


def test_a_folder_that_was_half_removed_when_its_process_was_killed_goes_too(temporary: Path) -> None:
    left = temporary / "pi180-rows-left"
    left.mkdir()
    (left / "rows.parquet").write_bytes(b"rows")
    with private_folder() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_an_hour_at_which_a_clock_changes_makes_another_version() -> None:
    zone = ZoneInfo("Europe/Athens")
    with (files("tzdata") / "zoneinfo" / "Asia" / "Beirut").open("rb") as rules:
        earlier_that_night = ZoneInfo.from_file(rules, key=zone.key)
    assert str(earlier_that_night) == str(zone)
    assert version_of(GENERIC, earlier_that_night) != version_of(GENERIC, zone)
    assert version_of(GENERIC, ZoneInfo.no_cache(zone.key)) == version_of(GENERIC, zone)


def test_work_that_nobody_asked_for_takes_all_cores() -> None:
    assert work_of() == Work()
    assert Work().workers == cores() >= 1


@pytest.mark.parametrize(
    ("text", "database", "workers"),
    [
        ("300MB", "100MB", 1),
        ("449 MB", "149MB", 2),
        ("450MB", "150MB", 2),
        ("510MB", "150MB", 2),
        ("511MB", "151MB", 2),
        ("512MB", "152MB", 2),
        ("2 GB", "1640MB", 9),
        ("1gib", "640MB", 5),
    ],
)
def test_memory_bounds_how_many_read_and_then_what_the_database_has(text: str, database: str, workers: int) -> None:
    assert work_of(9, text) == Work(workers, database)
    assert work_of(1, text) == Work(1, database)


@pytest.mark.parametrize(("memory", "threads"), [("512MB", 1), ("859MB", 1), ("860MB", 2), ("2GB", 4), (None, 4)])
def test_in_little_memory_the_database_has_fewer_threads(memory: str | None, threads: int) -> None:
    assert work_of(4, memory).threads == threads


@pytest.mark.parametrize("text", ["", "512", "299MB", "0GB", "-1GB", "much", "1TB", "1e9"])
def test_a_size_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(StagingError, match="expected 300MB or more"):
        work_of(memory=text)


def rows_of(engine: LocalEngine, table: str) -> list[dict[str, Any]]:
    engine.run(f"{table}.sql")
    return engine.rows(table)


def test_a_database_that_finds_no_room_says_what_to_do(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SELECT list(n) AS all_of_them FROM range(3000000) AS numbers(n)"
    monkeypatch.setattr(engine_statements, "statements", {"much.sql": (("much", text),)}.__getitem__)
    with pytest.raises(StagingError, match="more than the 10MB that the database has"), LocalEngine("10MB") as engine:
        rows_of(engine, "much")
    assert list(temporary.iterdir()) == []


def test_no_worker_at_all_is_refused() -> None:
    assert work_of(workers=1).workers == 1
    with pytest.raises(StagingError, match="expected 1 or more, got 0"):
        work_of(workers=0)


def test_memory_is_given_back_as_far_as_the_system_can(monkeypatch: pytest.MonkeyPatch) -> None:
    give_back()

    def loads_nothing(_: object) -> None:
        raise OSError("dynamic loading is not supported")

    monkeypatch.setattr(ctypes, "CDLL", loads_nothing)
    give_back()
