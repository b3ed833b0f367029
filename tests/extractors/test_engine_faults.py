"""An engine that cannot go on says why and what to do, repeats nothing of a row, and leaves nothing behind."""

import errno
import os
import resource
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest

from extractors.engine import statements as engine_statements
from extractors.engine.database import shared
from extractors.engine.faults import cause_of, fault, told
from extractors.engine.local import LocalEngine
from extractors.errors import StagingError
from tests.extractors.faulty import TABLE, cut, flip, no_file_above, parts

DAMAGED = "the rows that were extracted are gone or damaged, or cannot be read"
NO_ROOM, NO_MEMORY = "the disk has no room left", "the rows need more than the 2GB that the database has"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


Step = Callable[[LocalEngine], object]


def carry_out(*steps: Step, few: bool = False, memory: str = "2GB") -> None:
    """Do things with an engine, one after the other, as long as it is open."""
    with LocalEngine(memory, threads=1) as engine:
        if few:
            engine.expect_few_rows()
        for step in steps:
            step(engine)


def loaded(name: str) -> Step:
    return lambda engine: engine.load(name, TABLE)


def loaded_files(files: Sequence[Path]) -> Step:
    return lambda engine: engine.load_files("found", TABLE.schema, files)


def run(engine: LocalEngine) -> None:
    engine.run("found.sql")


def whole(engine: LocalEngine) -> None:
    engine.table("found")


def in_parts(engine: LocalEngine) -> None:
    for _ in engine.batches("found"):
        pass


def written(engine: LocalEngine) -> None:
    engine.write("found", Path(os.environ["TMPDIR"]) / "found.parquet")


READ = pytest.mark.parametrize("read", [whole, in_parts, written])


@READ
@pytest.mark.parametrize("harm", [Path.unlink, cut, flip])
def test_rows_that_are_gone_or_damaged_are_told_as_that_and_not_as_a_lack_of_room(
    read: Step, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    files = parts(tmp_path)
    with pytest.raises(StagingError, match=DAMAGED) as told_of:
        carry_out(loaded_files(files), lambda _: harm(files[1]), read)
    assert "parquet" not in str(told_of.value)
    assert told_of.value.__cause__ is None


@READ
@pytest.mark.parametrize("few", [True, False])
def test_a_value_of_a_row_is_never_repeated(read: Step, few: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SELECT CAST(said AS INTEGER) AS said FROM row"
    monkeypatch.setattr(engine_statements, "statements", {"found.sql": (("found", text),)}.__getitem__)
    with pytest.raises(StagingError, match=rf"{DAMAGED} \(Conversion Error\)") as told_of:
        carry_out(loaded("row"), run, read, few=few)
    assert "secret" not in str(told_of.value)
    assert told_of.value.__cause__ is None


@pytest.mark.parametrize("size", [1_000, 20_000, 300_000])
def test_a_disk_without_room_is_told_as_that_and_leaves_nothing(size: int, temporary: Path) -> None:
    with no_file_above(size), pytest.raises(StagingError, match=NO_ROOM) as told_of:
        carry_out(*(loaded(f"table_{number}") for number in range(20)), memory="40MB")
    assert isinstance(cause := told_of.value.__cause__, OSError)
    assert cause.errno == errno.EFBIG
    assert list(temporary.iterdir()) == []


def test_a_reader_that_finds_no_room_in_the_midst_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "SELECT said || repeat('x', 50) || n AS said FROM row, range(20) AS numbers(n)"
    monkeypatch.setattr(engine_statements, "statements", {"found.sql": (("found", text),)}.__getitem__)
    with no_file_above(5_000_000), pytest.raises(StagingError, match=NO_ROOM):
        carry_out(loaded("row"), run, in_parts, memory="20MB")


def test_a_file_that_cannot_be_written_is_a_fault_of_that_file(tmp_path: Path) -> None:
    place = tmp_path / "missing" / "found.parquet"
    with pytest.raises(OSError, match="No such file") as problem:
        carry_out(loaded("found"), lambda engine: engine.write("found", place))
    assert problem.value.filename == str(place)


def test_without_a_temporary_folder_an_engine_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(StagingError, match=r"No such file.*TMPDIR"):
        carry_out(loaded("found"))


def test_files_beyond_those_that_may_be_open_are_told_with_the_reason(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def with_none_to_open(engine: LocalEngine) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
        try:
            whole(engine)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

    with pytest.raises(StagingError, match="Too many open files"):
        carry_out(loaded_files(parts(tmp_path)), with_none_to_open)


@pytest.mark.parametrize(
    ("said", "expected", "number"),
    [
        ('IO Error: Could not write file "x": No space left on device', NO_ROOM, errno.ENOSPC),
        ('FATAL Error: Failed to create checkpoint: Could not write file "x"', NO_ROOM, errno.ENOSPC),
        ("TransactionContext Error: Failed to commit: Disk quota exceeded", NO_ROOM, errno.EDQUOT),
        ("Out of Memory Error: failed to offload data block of size 256KB", NO_ROOM, errno.ENOSPC),
        ('IO Error: Could not write file "x": Input/output error', DAMAGED, errno.EIO),
        ("Out of Memory Error: failed to allocate data of size 16.0 MiB", NO_MEMORY, None),
        ("TransactionContext Error: Failed to commit: could not allocate 4 KB", NO_MEMORY, None),
        ("TransactionContext Error: Current transaction is aborted (please ROLLBACK)", DAMAGED, None),
        ('IO Error: No files found that match the pattern "x"', DAMAGED, None),
        ("Conversion Error: Could not convert string 'No space left on device' to INT32", DAMAGED, None),
        ("Out of buffer", DAMAGED, None),
    ],
)
def test_what_a_database_says_decides_what_is_told(said: str, expected: str, number: int | None) -> None:
    cause = cause_of(said)
    assert str(fault(said, "2GB")).startswith(expected)
    assert (cause and cause.errno) == number


@pytest.mark.parametrize(
    "problem", [ValueError("mine"), OSError(errno.ENOSPC, "mine"), duckdb.CatalogException("no such table")]
)
def test_what_is_no_fault_of_the_database_passes_as_it_is(problem: Exception) -> None:
    with pytest.raises(type(problem)) as found, told("2GB"):
        raise problem
    assert found.value is problem


def interrupted(engine: LocalEngine) -> None:
    for number, _ in enumerate(engine.batches("interrupted")):
        if number:
            raise KeyboardInterrupt


@pytest.mark.parametrize("few", [True, False])
def test_a_reader_that_is_interrupted_leaves_nothing_and_hides_nothing(few: bool, temporary: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        carry_out(loaded("interrupted"), interrupted, few=few)
    left = "SELECT table_name FROM duckdb_tables() WHERE table_name = 'interrupted'"
    assert shared("2GB").execute(left).fetchall() == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("few", [True, False])
def test_a_reader_that_was_given_up_is_in_nobodys_way(few: bool) -> None:
    carry_out(loaded("found"), lambda engine: next(iter(engine.batches("found"))), whole, few=few)


def test_the_file_of_rows_is_closed_once_the_engine_is(temporary: Path) -> None:
    with LocalEngine() as engine:
        engine.load("found", TABLE)
        held = engine.batches("found")
        next(iter(held))
    opened = [str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    assert [file for file in opened if str(temporary) in file] == []
