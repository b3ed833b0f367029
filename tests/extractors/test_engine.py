"""A table is made when it is read, and says what it would have said if made at once."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from extractors.engine import statements as engine_statements
from extractors.engine.database import shared
from extractors.engine.local import LocalEngine
from extractors.errors import TableError

FILES = {
    "totals.sql": (("total", "SELECT sum(paid) AS paid FROM bill"), ("twice", "SELECT 2 * paid AS paid FROM total")),
    "again.sql": (("total", "SELECT max(paid) AS paid FROM bill"),),
    "broken.sql": (("bad", "SELECT paid FROM no_such_table"),),
}


def bills(*paid: int) -> pa.Table:
    return pa.Table.from_pylist([{"paid": one} for one in paid])


@pytest.fixture(params=["few rows", "many rows"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalEngine]:
    monkeypatch.setattr(engine_statements, "statements", FILES.__getitem__)
    with LocalEngine() as found:
        if request.param == "few rows":
            found.expect_few_rows()
        found.load("bill", bills(1, 2))
        yield found


def paid(engine: LocalEngine, table: str) -> list[int]:
    return [int(row["paid"]) for row in engine.rows(table)]


def test_a_table_is_made_with_those_that_it_reads(engine: LocalEngine) -> None:
    engine.run("totals.sql")
    assert paid(engine, "twice") == [6]


def test_a_statement_reads_what_was_loaded_before_it_and_not_what_replaced_that(engine: LocalEngine) -> None:
    engine.run("totals.sql")
    engine.load("bill", bills(100))
    assert (paid(engine, "total"), paid(engine, "twice"), paid(engine, "bill")) == ([3], [6], [100])


def test_a_statement_reads_the_table_that_another_file_replaced_later(engine: LocalEngine) -> None:
    engine.run("totals.sql")
    engine.run("again.sql")
    assert (paid(engine, "total"), paid(engine, "twice")) == ([2], [6])


def test_a_file_that_runs_again_counts_what_is_loaded_then(engine: LocalEngine) -> None:
    engine.run("totals.sql")
    assert paid(engine, "twice") == [6]
    engine.load("bill", bills(5))
    assert paid(engine, "twice") == [6]
    engine.run("totals.sql")
    assert paid(engine, "twice") == [10]


@pytest.mark.parametrize("read_before", [True, False])
def test_a_table_comes_in_parts_in_its_order_whether_it_was_read_before(engine: LocalEngine, read_before: bool) -> None:
    engine.load("bill", bills(3, 1, 2))
    engine.run("totals.sql")
    if read_before:
        engine.rows("twice")
    for name, expected in (("bill", [1, 2, 3]), ("twice", [12])):
        assert [int(row["paid"]) for batch in engine.batches(name) for row in batch.to_pylist()] == expected
    assert paid(engine, "twice") == [12]


def test_a_table_that_nobody_read_is_written_all_the_same(engine: LocalEngine, tmp_path: Path) -> None:
    engine.run("totals.sql")
    engine.write("twice", tmp_path / "twice.parquet")
    engine.read("kept", tmp_path / "twice.parquet")
    assert paid(engine, "kept") == [6]


def test_a_statement_without_its_tables_says_so_when_its_own_is_read(engine: LocalEngine) -> None:
    engine.run("broken.sql")
    with pytest.raises(TableError, match=r"broken\.sql, bad: expected the tables that it reads"):
        engine.rows("bad")


def test_two_engines_of_few_rows_at_once_know_nothing_of_each_other() -> None:
    with LocalEngine() as one, LocalEngine() as other:
        for engine, found in ((one, bills(1)), (other, bills(2))):
            engine.expect_few_rows()
            engine.load("bill", found)
        other.load("only_here", bills(3))
        assert (paid(one, "bill"), paid(other, "bill")) == ([1], [2])
        with pytest.raises(Exception, match="only_here"):
            one.rows("only_here")


def test_a_closed_engine_of_few_rows_leaves_no_rows_behind() -> None:
    with LocalEngine() as engine:
        engine.expect_few_rows()
        engine.load("bill", bills(1))
    everything = shared("2GB")
    kept = everything.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'bill'").fetchall()
    assert kept == [(0,)]


def test_a_table_is_written_below_a_folder_of_any_name(engine: LocalEngine, tmp_path: Path) -> None:
    place = tmp_path / "o'neil" / "kind=[a]*" / "found.parquet"
    place.parent.mkdir(parents=True)
    engine.load("found", pa.table({"key": ["one"]}))
    engine.write("found", place)
    engine.read("again", place)
    assert engine.rows("again") == [{"key": "one"}]


def test_tables_of_many_rows_leave_the_memory_to_what_reads_them() -> None:
    """In memory alone a database keeps a part of each of them there, and stops at the twelfth."""
    rows = 50_000
    said = {"said": [f"row {number:06}" for number in range(rows)]}
    table = pa.table(said | {f"nothing_{number}": pa.nulls(rows, pa.string()) for number in range(40)})

    with LocalEngine("16MB", threads=1) as engine:
        for number in range(14):
            engine.load(f"table_{number}", table)
        found = [row for batch in engine.batches("table_0") for row in batch.column("said").to_pylist()]

    assert found == said["said"]
