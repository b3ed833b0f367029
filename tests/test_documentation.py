"""Documents that cannot rot: what is generated equals what the code says now, and links lead somewhere."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from extractors.site import KEYS
from scoring.changes import changes
from scoring.findings import CATALOGUE
from scoring.rulebook import load, years
from scoring.year import Status
from smartapp.cli import main as pi180
from smartapp.rulebooks import changed_entries
from tests.docs_generator import generator

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
README_LINES = 80
MEASURES = ROOT / "docs" / "reference" / "measures"
PARTS_OF_ANOTHER = (Status.EXCLUSION, Status.ENGAGEMENT)


def test_generated_pages_are_current() -> None:
    made = generator().pages()
    stale = [name for name, text in made.items() if (ROOT / "docs" / "reference" / name).read_text() != text]

    assert stale == [], "run: python docs/generate.py"
    reference = ROOT / "docs" / "reference"
    assert {p.relative_to(reference).as_posix() for p in reference.rglob("*") if p.is_file()} == set(made)


def test_every_site_setting_is_told() -> None:
    told = tomllib.loads((ROOT / "docs" / "site-settings.toml").read_text())["setting"]

    assert sorted(setting["name"] for setting in told) == sorted(KEYS)


def test_every_grave_security_requirement_is_named_by_a_test() -> None:
    page = generator("security_page")
    tests, known = page.requirement_tests(), page.requirements()

    assert [r["id"] for r in known if r["severity"] == 1 and not tests[r["id"]]] == []


def test_every_requirement_that_a_test_names_is_told() -> None:
    page = generator("security_page")
    assert set(page.requirement_tests()) <= {r["id"] for r in page.requirements()}


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


def test_every_finding_that_the_traps_name_is_in_the_catalogue() -> None:
    text = (ROOT / "docs" / "explanation" / "traps.md").read_text()
    named = set(re.findall(r"\bF-\d{3}\b", text))

    assert len(named) > 20
    assert named <= set(CATALOGUE)


def test_each_of_the_23_traps_says_what_catches_it_or_that_nothing_can() -> None:
    lines = (ROOT / "docs" / "explanation" / "traps.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d", line)]
    verbs = {f"`pi180 {name}" for name in pi180.commands}
    catches = (*verbs, "F-", "Nothing can", "Cannot happen", "Counted", "The group counts", "The score's", "One rule")

    assert [int(row[0]) for row in rows] == list(range(1, 24))
    assert [row[0] for row in rows if not any(word in row[2] for word in catches)] == []


def test_every_measure_of_every_year_has_its_page() -> None:
    pages = {path.relative_to(MEASURES).as_posix() for path in MEASURES.rglob("*.md")}
    shown = {f"{y}/{m.id}.md" for y in years() for m in load(y).measures.values() if m.status not in PARTS_OF_ANOTHER}

    assert pages == shown


def test_the_page_of_a_measure_names_each_of_its_exclusions_and_levels() -> None:
    for book in map(load, years()):
        for measure in (m for m in book.measures.values() if m.status not in PARTS_OF_ANOTHER):
            text = (MEASURES / str(book.year) / f"{measure.id}.md").read_text()
            parts = [*measure.exclusions, *(level.id for level in book.levels_of(measure.id))]
            assert [part for part in parts if f"**{part}**" not in text] == []


def test_every_difference_of_measures_between_neighbouring_years_is_told_in_words() -> None:
    text = (ROOT / "docs" / "reference" / "what-changed.md").read_text()
    for first, second in pairwise(map(load, years())):
        told = text.split(f"## From {first.year} to {second.year}\n")[1].split("\n## ")[0]
        entries = changed_entries(changes(first, second))
        assert [entry.name for entry in entries if entry.table == "measure" and entry.name not in told] == []
