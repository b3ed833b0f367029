"""Rows have the digest of what they say: every value in its row and column, and nothing else."""

from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.digest import digest_of_rows, each_once

TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "aa", "null", "None", "-1", "é"]))
ROWS = st.lists(st.tuples(TEXTS, TEXTS), max_size=5)
SCHEMA = pa.schema([("one", pa.string()), ("other", pa.string())])
Pairs = list[tuple[str | None, str | None]]


def table(rows: Pairs, schema: pa.Schema = SCHEMA) -> pa.Table:
    return pa.table([[row[place] for row in rows] for place in (0, 1)], schema=schema)


def digest(rows: Pairs, schema: pa.Schema = SCHEMA, name: str = "said") -> str:
    return digest_of_rows(name, table(rows, schema).to_batches())


@given(ROWS, ROWS)
def test_rows_share_a_digest_only_if_they_are_the_same(one: Pairs, other: Pairs) -> None:
    assert (digest(one) == digest(other)) is (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param([("a", "b")], [("b", "a")], id="two columns change places"),
        pytest.param([("a", "b"), ("c", "d")], [("a", "d"), ("c", "b")], id="two rows exchange a value"),
        pytest.param([(None, "")], [("", None)], id="null is not empty"),
        pytest.param([("None", "a")], [(None, "a")], id="null is not the word for it"),
        pytest.param([("-1", "a")], [(None, "a")], id="null is not its length"),
        pytest.param([("ab", "c")], [("a", "bc")], id="a value ends where its column ends"),
        pytest.param([("ab", None), ("c", None)], [("a", None), ("bc", None)], id="a value ends where its row ends"),
        pytest.param([("a", "b")], [("a", "b"), ("a", "b")], id="a row more"),
        pytest.param([], [(None, None)], id="a row of nothing is a row"),
    ],
)
def test_what_is_told_apart(one: Pairs, other: Pairs) -> None:
    assert digest(one) != digest(other)


@given(ROWS, st.lists(st.integers(0, 5), max_size=3))
def test_where_a_batch_ends_is_none_of_it(rows: Pairs, cuts: list[int]) -> None:
    ends = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    parts = [batch for low, high in pairwise(ends) for batch in table(rows).slice(low, high - low).to_batches()]
    assert digest_of_rows("said", parts) == digest(rows)


def test_a_batch_without_rows_is_none_of_it() -> None:
    empty = pa.RecordBatch.from_pylist([], SCHEMA)
    assert digest_of_rows("said", [empty, *table([("a", None)]).to_batches(), empty]) == digest([("a", None)])
    assert digest_of_rows("said", [empty]) == digest_of_rows("said", [])


def test_names_of_tables_and_columns_are_part_of_it() -> None:
    renamed = pa.schema([("one", pa.string()), ("another", pa.string())])
    found = {digest([("a", "b")]), digest([("a", "b")], renamed), digest([("a", "b")], name="denied")}
    assert len(found) == 3


def test_numbers_are_told_apart_from_none() -> None:
    ranks = [pa.table({"rank": pa.array(values, pa.int32())}).to_batches() for values in ([1, 2], [2, 1], [1, None])]
    assert len({digest_of_rows("said", batches) for batches in ranks}) == 3


@given(ROWS, st.lists(st.integers(0, 5), max_size=3))
def test_of_sorted_rows_each_counts_once_wherever_a_batch_ends(rows: Pairs, cuts: list[int]) -> None:
    rows = sorted([*rows, *rows[:2]], key=repr)
    ends = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    parts = [batch for low, high in pairwise(ends) for batch in table(rows).slice(low, high - low).to_batches()]
    found = [tuple(row.values()) for batch in each_once(parts) for row in batch.to_pylist()]
    assert found == sorted(set(rows), key=repr)
