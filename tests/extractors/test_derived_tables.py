"""A table is kept by what decides it: its statement, and the rows that it rests on, wherever they come from."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from duckdb import CatalogException
from pyarrow.parquet import write_table

from extractors.engine import statements as engine_statements
from extractors.engine.local import LocalEngine
from extractors.errors import StagingError
from extractors.staging.derived import KeptTables, kept_tables

BILL = pa.schema([("paid", pa.int64())])
FILES: dict[str, Any] = {
    "totals.sql": (("total", "SELECT sum(paid) AS paid FROM bill"), ("twice", "SELECT 2 * paid AS paid FROM total")),
    "more.sql": (("total", "SELECT sum(paid) + 1 AS paid FROM bill"), ("twice", "SELECT 2 * paid AS paid FROM total")),
    "thrice.sql": (("thrice", "SELECT 3 * paid AS paid FROM total"),),
    "alone.sql": (("one", "SELECT 1 AS paid"),),
}


@pytest.fixture(autouse=True)
def _files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_statements, "statements", FILES.__getitem__)
    monkeypatch.setattr("extractors.engine.local.statements", FILES.__getitem__)


def bills(*paid: int, kind: pa.DataType | None = None) -> pa.Table:
    return pa.table({"paid": pa.array(paid, kind or pa.int64())})


def found(kept: Path, bill: pa.Table, file: str = "totals.sql", table: str = "twice") -> tuple[pa.Table, bool]:
    """A table, and whether nothing was written to have it."""
    with kept_tables(kept) as tables, LocalEngine(kept=tables) as engine:
        before = {entry.name for entry in (kept / "tables").iterdir()}
        engine.load("bill", bill)
        engine.run(file)
        rows = engine.table(table)
        return rows, {entry.name for entry in (kept / "tables").iterdir()} == before


def test_a_table_that_is_kept_has_the_same_rows_and_types(tmp_path: Path) -> None:
    first, _ = found(tmp_path, bills(1, 2**62, 2**62))
    assert found(tmp_path, bills(1, 2**62, 2**62)) == (first, True)
    assert first["paid"].to_pylist() == [2**64 + 2]


@pytest.mark.parametrize(
    ("bill", "file", "paid"),
    [
        (bills(1, 3), "totals.sql", 8),
        (bills(2, 1, kind=pa.int32()), "totals.sql", 6),
        (bills(1, 2), "more.sql", 8),
        (bills(), "totals.sql", None),
    ],
    ids=["rows", "types", "statement before", "no rows"],
)
def test_what_decides_a_table_makes_it_another(tmp_path: Path, bill: pa.Table, file: str, paid: int | None) -> None:
    found(tmp_path, bills(1, 2))
    rows, is_kept = found(tmp_path, bill, file)
    assert (rows["paid"].to_pylist(), is_kept) == ([paid], False)


def test_a_table_that_rests_on_nothing_is_kept_too(tmp_path: Path) -> None:
    found(tmp_path, bills(1), "alone.sql", "one")
    rows, is_kept = found(tmp_path, bills(2), "alone.sql", "one")
    assert (rows["paid"].to_pylist(), is_kept) == ([1], True)


def read_from(kept: Path, file: Path) -> tuple[list[Any], list[str]]:
    """A table made of a file, and what is kept of it."""
    with kept_tables(kept) as tables, LocalEngine(kept=tables) as engine:
        engine.load_files("bill", BILL, [file])
        engine.run("totals.sql")
        rows = engine.rows("twice")
        engine.computed("something", ["twice"], lambda: 1)
    return [row["paid"] for row in rows], [entry.name for entry in (kept / "tables").iterdir()]


def test_files_that_are_not_named_by_what_they_hold_decide_nothing(tmp_path: Path) -> None:
    for name, is_kept in ((f"{'a' * 64}.bill.parquet", True), ("00000001.bill.parquet", False)):
        (tmp_path / name[:3]).mkdir()
        write_table(bills(1, 2), tmp_path / name)
        rows, names = read_from(tmp_path / name[:3], tmp_path / name)
        assert (rows, bool(names)) == ([6], is_kept)


def test_what_is_computed_is_computed_once_for_what_it_is_of(tmp_path: Path) -> None:
    asked: list[str] = []

    def value(bill: pa.Table, what: str) -> Any:
        with kept_tables(tmp_path) as tables, LocalEngine(kept=tables) as engine:
            engine.load("bill", bill)
            engine.run("totals.sql")
            return engine.computed(what, ["twice"], lambda: asked.append(what) or [None, {"a": 1}])

    turns = [(bills(1), "this"), (bills(1), "this"), (bills(1), "that"), (bills(2), "that"), (bills(2), "that")]
    assert [value(*turn) for turn in turns] == [[None, {"a": 1}]] * 5
    assert asked == ["this", "that", "that"]


def test_results_of_one_version_are_unknown_to_another(tmp_path: Path) -> None:
    values = [KeptTables(tmp_path, version).value("key", lambda version=version: version) for version in "aabb"]
    assert values == ["a", "a", "b", "b"]


def test_a_table_is_let_go_once_no_statement_waits_to_read_it() -> None:
    with LocalEngine() as engine:
        engine.load("bill", bills(1))
        engine.run("totals.sql")
        engine.run("thrice.sql")
        engine.table("twice")
        engine.forget("total", "no such table")
        assert engine.table("thrice")["paid"].to_pylist() == [3]
        engine.forget("total")
        with pytest.raises(CatalogException, match="total"):
            engine.table("total")


def test_a_folder_that_is_named_like_a_result_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "tables" / f"{'0' * 64}.rows.parquet"
    foreign.mkdir(parents=True)
    found(tmp_path, bills(1))
    assert foreign.is_dir()


def test_a_file_in_place_of_the_folder_of_results_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("mine")
    with pytest.raises(StagingError, match="expected a folder, got a file"), kept_tables(tmp_path):
        pass
