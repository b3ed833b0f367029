"""Text as wide as the terminal: prose and tables stay within it, and nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartapp.printed.terminal import columns, fitted, width, wrapped

WORDS = st.lists(st.text("abcdefg", min_size=1, max_size=12), max_size=20).map(" ".join)
NARROW = st.lists(st.tuples(st.text("xyz", max_size=15), st.text("xyz", max_size=15), WORDS), min_size=1, max_size=5)


@pytest.mark.parametrize(("stated", "used"), [("20", 40), ("40", 40), ("80", 80), ("100", 100), ("200", 100)])
def test_the_width_is_that_of_the_terminal_within_limits(
    stated: str, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", stated)
    assert width() == used
    assert all(len(line) <= used for line in wrapped("word " * 100, "  "))


@given(rows=NARROW)
def test_a_fitted_table_stays_within_the_width_and_loses_no_word(rows: list[tuple[str, str, str]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        lines = fitted(rows)
    assert all(len(line) <= 80 for line in lines)
    assert " ".join(lines).split() == [word for row in rows for cell in row for word in cell.split()]


def test_a_word_with_a_hyphen_is_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = wrapped("it shows no medications-reconciled, no allergies-reconciled", "")
    assert lines == ["it shows no medications-reconciled, no", "allergies-reconciled"]


def test_a_table_that_fits_is_the_same_as_in_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = [("a", "bb", "ccc"), ("aaaa", "b", "")]
    assert fitted(rows) == columns(rows)
