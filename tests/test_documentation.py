"""Documents that cannot rot: what is generated equals what the code says now, and links lead somewhere."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from extractors.site import KEYS

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
README_LINES = 80


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current() -> None:
    made = generator().pages()
    stale = [name for name, text in made.items() if (ROOT / "docs" / "reference" / name).read_text() != text]

    assert stale == [], "run: python docs/generate.py"
    assert {p.name for p in (ROOT / "docs" / "reference").iterdir()} == set(made)


def test_every_site_setting_is_told() -> None:
    told = tomllib.loads((ROOT / "docs" / "site-settings.toml").read_text())["setting"]

    assert sorted(setting["name"] for setting in told) == sorted(KEYS)


def test_every_grave_security_requirement_is_named_by_a_test() -> None:
    tests = generator().requirement_tests()
    known = generator().requirements()

    assert [r["id"] for r in known if r["severity"] == 1 and not tests[r["id"]]] == []


def test_every_requirement_that_a_test_names_is_told() -> None:
    assert set(generator().requirement_tests()) <= {r["id"] for r in generator().requirements()}


def test_the_readme_shows_what_the_demo_prints() -> None:
    text = (ROOT / "README.md").read_text()

    assert generator().readme(text) == text, "run: python docs/generate.py"


def test_the_readme_is_about_one_screen() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    targets = re.findall(r"\]\((?!<?https?:)([^)#]+)", document.read_text())

    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_no_tracked_text_names_a_machine_path_or_a_package_registry() -> None:
    pattern = re.compile(r"(?<![\w.])/(?:work|home|root|tmp)/|py" + r"pi\.org|registry\.npm" + r"js")
    texts = [
        p
        for d in ("docs", "scoring", "extractors", "smartapp", "templates")
        for p in (ROOT / d).rglob("*")
        if p.suffix in {".md", ".py", ".toml", ".sql", ".html"}
    ]

    assert len(texts) > 60
    assert [
        str(p.relative_to(ROOT))
        for p in [*texts, ROOT / "README.md", ROOT / "Makefile"]
        if pattern.search(p.read_text())
    ] == []
