"""Databases as long as a context is open: a share of the one in memory, or one of its own on the disk.

A small practice's year, or one patient, is a few thousand rows: there, the time goes into starting a database,
parsing and planning, hardly into counting. So engines of few rows share one started database.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import count
from typing import Any

import duckdb

from extractors.staging.private import private_folder

_GROWTH_DEPENDS_ON = (
    "cte_inlining",
    "deliminator",
    "empty_result_pullup",
    "filter_pullup",
    "filter_pushdown",
    "in_clause",
    "limit_pushdown",
    "materialized_cte",
    "top_n",
    "unused_columns",
)
"""Optimizers that stay for few rows too: without them, a join may become all pairs."""

_NUMBERS = count(1)


@cache
def shared(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """The one database of all engines of few rows: its starting and its planning cost more than the counting."""
    db = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": 1, "temp_directory": ""})
    known = [str(name) for (name,) in db.execute("SELECT name FROM duckdb_optimizers()").fetchall()]
    db.execute(f"SET disabled_optimizers = '{','.join(n for n in known if n not in _GROWTH_DEPENDS_ON)}'")
    return db


@contextmanager
def of_few_rows(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A catalog of its own in the shared database, in memory; nothing of it is left at the end."""
    catalog = f"run_{next(_NUMBERS)}"
    others = shared(memory_limit)
    db = others.cursor()
    try:
        db.execute(f"ATTACH ':memory:' AS {catalog}; USE {catalog}")
        yield db
    finally:
        db.close()  # first, for a connection with a result that nobody read to its end would refuse to let go
        with closing(others.cursor()) as aside:
            aside.execute(f"DETACH DATABASE IF EXISTS {catalog}")


@contextmanager
def of_many_rows(memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in a file of a private folder, for of tables in memory alone a part always stays there.

    Tables have no order of their own here: whoever reads one says in which order.

    Raises:
        StagingError: there is no temporary folder, or no room in it; the cause is the `OSError` that says so.
    """
    with private_folder() as folder:
        settings: dict[str, Any] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(folder),
            "preserve_insertion_order": False,
        }
        with closing(duckdb.connect(folder / "rows.duckdb", config=settings)) as db:
            db.execute("PRAGMA disable_checkpoint_on_shutdown")  # the file goes with the engine
            yield db
