"""The security requirements that are held, each with the tests that name it."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from markup import page, table

ROOT = Path(__file__).parents[1]


def security() -> str:
    """What is promised, and the tests that name each promise."""
    tests = requirement_tests()
    rows = []
    for requirement in requirements():
        proofs = "; ".join(f"`{path}` ({count})" for path, count in sorted(tests[requirement["id"]].items()))
        what = " ".join(filter(None, (requirement["what"], requirement.get("instead"))))
        rows.append((requirement["id"], str(requirement["severity"]), what, proofs or "none"))
    text = (
        "Severity 1: a break could show a patient's data, the wrong patient, or a wrong score without a sign. The last "
        "column counts the tests that name the requirement. Others of the project's numbering are not met yet, and not "
        "listed."
    )
    return page("Security requirements", text, table(("number", "severity", "what holds", "proved in"), rows))


def requirements() -> list[dict[str, str]]:
    """Every entry of `docs/security-requirements.toml`."""
    found: list[dict[str, str]] = tomllib.loads((ROOT / "docs" / "security-requirements.toml").read_text())[
        "requirement"
    ]
    return found


def requirement_tests() -> defaultdict[str, defaultdict[str, int]]:
    """For each requirement, the test files that name it and how many of their tests do."""
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            for name in {n for mark in getattr(node, "decorator_list", []) for n in _named(mark)}:
                found[name][path.relative_to(ROOT).as_posix()] += 1
    return found


def _named(mark: ast.expr) -> Iterator[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        yield from (argument.value for argument in mark.args if isinstance(argument, ast.Constant))
