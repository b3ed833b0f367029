"""Rows of a table come in one order only, whatever the order that is asked for leaves open."""

import random

import pyarrow as pa
import pytest

from extractors.engine.local import LocalEngine
from extractors.engine.ordering import full_order

COLUMNS = ("kind", "focus", "day")


@pytest.mark.parametrize(
    ("order", "full"),
    [
        ("ALL", "kind, focus, day"),
        (" all", "kind, focus, day"),
        ("focus", "focus, kind, day"),
        ("day DESC", "day DESC, kind, focus"),
        ("focus NULLS FIRST", "focus NULLS FIRST, kind, day"),
        ("day desc nulls last,kind", "day desc nulls last, kind, focus"),
        ("FOCUS", "FOCUS, kind, day"),
        ('"Focus" DESC, `day`', '"Focus" DESC, `day`, kind'),
        ("found.day", "found.day, kind, focus"),
        ("1", "1, focus, day"),
        ("3 DESC, focus", "3 DESC, focus, kind"),
        ("kind, focus, day", "kind, focus, day"),
    ],
)
def test_an_order_goes_on_with_the_columns_that_it_leaves_out(order: str, full: str) -> None:
    assert full_order(order, COLUMNS) == full


def test_columns_are_told_apart_whatever_their_case() -> None:
    assert full_order("DAY", ("Kind", "Day", "day_to")) == "DAY, Kind, day_to"


def shuffled(seed: int, rows: int = 60_000) -> pa.Table:
    """Pairs of rows that differ in their last columns only."""
    numbers = list(range(rows))
    random.Random(seed).shuffle(numbers)
    found = {"focus": [f"Visit/{number // 2}" for number in numbers], "answer": [str(number % 2) for number in numbers]}
    return pa.table({**found, "day": [None if number % 3 else "2026-03-01" for number in numbers]})


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("order", ["focus", "focus DESC", "1", "day NULLS FIRST"])
@pytest.mark.parametrize("in_parts", [True, False])
def test_rows_that_an_order_leaves_equal_come_in_one_order(few: bool, order: str, in_parts: bool) -> None:
    found = []
    for seed in (1, 2):
        with LocalEngine() as engine:
            if few:
                engine.expect_few_rows()
            engine.load("found", shuffled(seed))
            table = engine.table("found", order)
            found.append(pa.Table.from_batches(engine.batches("found", order)) if in_parts else table)
    assert found[0].to_pylist() == found[1].to_pylist()
