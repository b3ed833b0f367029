"""The wheel: exactly the three packages, every data file inside, and the demo runs from it in another folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA = {
    "scoring/rules/py2024.toml",
    "scoring/rules/py2026.toml",
    "extractors/profiles/generic.toml",
    "extractors/drug_tables/rxnorm.csv.gz",
    "extractors/drug_tables/ndc.csv.gz",
    "extractors/drug_tables/ingredients.csv.gz",
    "extractors/drug_tables/law.toml",
    "extractors/drug_tables/README.md",
    "smartapp/fixtures/solo-2026/Encounter.ndjson",
    "smartapp/fixtures/solo-2026/attestations.toml",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"smartapp", "extractors", "scoring"}


def test_every_rule_profile_query_and_template_is_inside(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    queries = {f"extractors/sql/{p.name}" for p in (ROOT / "extractors" / "sql").iterdir()}
    pages = {f"smartapp/{p.relative_to(ROOT)}" for p in (ROOT / "templates").rglob("*") if p.is_file()}

    assert (DATA | queries | pages) - names == set()
    assert len(queries) >= 3


def test_the_demo_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(installed),
        str(wheel),
    ]
    subprocess.run(pip, check=True)
    code = "import smartapp, smartapp.cli; print(smartapp.__file__); smartapp.cli.main(['demo'])"
    environment = {**os.environ, "PYTHONPATH": str(installed), "DEMO_SERVE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    assert "Total 90 of 100" in done.stdout
