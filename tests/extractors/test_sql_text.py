"""The SQL that auditors read is plain: it parses in both engines' dialects, and means the same in both."""

import re
from importlib.resources import files

import pytest
import sqlglot
from sqlglot import expressions

from extractors.cases import CASES, FACTS, STATED
from extractors.engine.statements import statements

FILES = [*STATED, *FACTS, *CASES, "variants.sql", "tallies.sql", "nobodys.sql", "periods.sql", "differences.sql"]
STATEMENTS = [pytest.param(name, text, id=f"{file} {name}") for file in FILES for name, text in statements(file)]
FUNCTIONS = {
    "and", "or", "case", "coalesce", "count", "instr", "length", "max", "min", "rank", "row_number", "substr",
    "substring", "sum", "str_position", "exists", "if",
}  # fmt: skip


def test_every_sql_file_is_tested() -> None:
    assert {p.name for p in (files("extractors") / "sql").iterdir()} == set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_every_statement_of_a_file_is_found(file: str) -> None:
    text = (files("extractors") / "sql" / file).read_text()
    assert len(list(statements(file))) == text.count("-- table: ") == len(re.findall(r"^;$", text, re.MULTILINE))


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
@pytest.mark.parametrize(("name", "text"), STATEMENTS)
def test_a_statement_is_one_query_in_the_dialect(name: str, text: str, dialect: str) -> None:
    (tree,) = sqlglot.parse(text, dialect=dialect)
    assert isinstance(tree, expressions.Query), name


@pytest.mark.parametrize(("name", "text"), STATEMENTS)
def test_both_dialects_read_the_same_tree(name: str, text: str) -> None:
    trees = [sqlglot.parse_one(text, dialect=dialect).sql(dialect="duckdb") for dialect in ("duckdb", "spark")]
    assert trees[0] == trees[1], name


@pytest.mark.parametrize(("name", "text"), STATEMENTS)
def test_a_statement_uses_plain_functions_only(name: str, text: str) -> None:
    found = {f.sql_name().lower() for f in sqlglot.parse_one(text, dialect="duckdb").find_all(expressions.Func)}
    assert found <= FUNCTIONS, name


@pytest.mark.parametrize(("name", "text"), STATEMENTS)
def test_a_statement_uses_no_nested_types_and_no_lambdas(name: str, text: str) -> None:
    nested = (expressions.Array, expressions.Struct, expressions.Lambda, expressions.Unnest, expressions.Bracket)
    assert list(sqlglot.parse_one(text, dialect="duckdb").find_all(*nested)) == [], name


@pytest.mark.parametrize(("name", "text"), STATEMENTS)
def test_where_one_row_speaks_for_several_all_that_it_says_decides_which(name: str, text: str) -> None:
    """Else rows that tie would speak by chance, and another run would count another number."""
    for window in sqlglot.parse_one(text, dialect="duckdb").find_all(expressions.Window):
        if not isinstance(window.this, expressions.RowNumber):
            continue
        chosen = window.find_ancestor(expressions.Subquery)
        assert chosen is not None
        reads = expressions.Select.find_all(chosen.parent_select, expressions.Column)
        said = {column.name for column in reads if column.parent_select is chosen.parent_select}
        assert said - {"place", "records"} <= _decides(window), name


def _decides(window: expressions.Window) -> set[str]:
    terms = [*window.args["partition_by"], *(term.this for term in window.args["order"].expressions)]
    return {term.name for term in terms if isinstance(term, expressions.Column)}
