"""What leaves the building: nothing to CMS by itself, and no spreadsheet cell that a program could run."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for name in ("scoring", "extractors", "smartapp") for path in (ROOT / name).rglob("*.py"))
OWN_TABLES = {"smartapp/drugs.py", "extractors/drugs/table.py"}
"""Write the product's own drug tables, which programs read; codes and names of official lists."""


def texts(path: Path) -> list[str]:
    """Every text of a module but its explanations."""
    tree = ast.parse(path.read_text())
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in told)
    return [node.value for node in found if isinstance(node.value, str)]


@pytest.mark.requirement("R101")
def test_no_code_knows_an_address_at_cms() -> None:
    suspect = [path for path in SOURCES if "cms.gov" in path.read_text()]
    assert [path for path in suspect if any("cms.gov" in text for text in texts(path))] == []


def test_a_text_that_names_cms_s_host_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text('"""https://qpp.cms.gov"""\nbase = "https://qpp.cms.gov/api"\n')
    assert texts(tmp_path / "m.py") == ["https://qpp.cms.gov/api"]


def test_every_template_names_cms_s_hosts_only_by_citations() -> None:
    assert [path.name for path in (ROOT / "templates").rglob("*.html") if "cms.gov" in path.read_text()] == []


def called(path: Path) -> set[str]:
    """What a module calls, by the last part of its name."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}


@pytest.mark.requirement("R109")
def test_whoever_writes_rows_for_spreadsheets_guards_each_cell_by_the_one_guard() -> None:
    named = {path.relative_to(ROOT).as_posix(): called(path) for path in SOURCES if "import csv" in path.read_text()}
    writing = {path: calls for path, calls in named.items() if calls & {"writer", "DictWriter"}}
    assert {path for path, calls in writing.items() if not calls & {"safe", "_safe"}} == OWN_TABLES
    guards = [path for path in SOURCES if "def safe(" in path.read_text() or "def _safe(" in path.read_text()]
    assert [path.relative_to(ROOT).as_posix() for path in guards] == ["smartapp/exports/cells.py"]
