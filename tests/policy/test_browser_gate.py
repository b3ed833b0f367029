"""Browser journeys never skip silently: where no browser can be had, the last line says so, and under CI it fails."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "browser" / "chromium.sh"
NOT_RUN = "browser journeys NOT RUN"
FAILS, WORKS = "exit 1", "exit 0"

Gate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Runs the script for `echo journeys run` with nothing on the PATH but a shell and the fakes given."""

    def running(
        *, playwright: str = FAILS, ci: str | None = None, user: int = 1000, **programs: str
    ) -> subprocess.CompletedProcess[str]:
        (tmp_path / "sh").symlink_to(str(shutil.which("sh")))
        told = {name: f"echo {name} was asked: $*\n{body}" for name, body in {"python": playwright, **programs}.items()}
        for name, body in {"id": f"echo {user}", **told}.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)
        settings = {"PATH": str(tmp_path), "BIN": str(tmp_path)}
        settings |= {"CI": ci} if ci is not None else {}
        asked = [str(tmp_path / "sh"), str(SCRIPT), "sh", "-c", "echo journeys run with ${PI180_CHROMIUM:-none}"]
        return subprocess.run(asked, env=settings, capture_output=True, text=True, check=False)

    return running


@pytest.mark.parametrize("ci", [None, "", "false"])
def test_without_any_browser_the_last_line_says_so_and_a_person_s_run_goes_on(gate: Gate, ci: str | None) -> None:
    done = gate(ci=ci)
    assert done.stdout.splitlines()[-1] == NOT_RUN
    assert "apt-get install chromium" in done.stdout
    assert "journeys run" not in done.stdout
    assert done.returncode == 0
    assert done.stderr == ""


def test_without_any_browser_a_run_of_ci_fails_with_the_same_words(gate: Gate) -> None:
    done = gate(ci="true")
    assert done.stdout.splitlines()[-1] == NOT_RUN
    assert done.returncode != 0


def test_an_installation_that_fails_is_not_taken_for_a_browser(gate: Gate) -> None:
    done = gate(ci="true", user=0, **{"apt-get": FAILS})
    assert "apt-get was asked: update" in done.stdout
    assert done.stdout.splitlines()[-1] == NOT_RUN
    assert done.returncode != 0


def test_nothing_is_installed_for_the_machine_where_that_is_not_ours_to_do(gate: Gate) -> None:
    assert "apt-get was asked" not in gate(**{"apt-get": FAILS}).stdout


@pytest.mark.parametrize("ci", [None, "true"])
def test_with_a_browser_the_journeys_run_in_it(gate: Gate, tmp_path: Path, ci: str | None) -> None:
    done = gate(ci=ci, chromium=WORKS)
    assert done.stdout == f"journeys run with {tmp_path / 'chromium'}\n"
    assert done.returncode == 0


def test_with_the_browser_that_playwright_brings_the_journeys_run(gate: Gate) -> None:
    done = gate(ci="true", playwright=WORKS)
    assert "python was asked: -m playwright install chromium" in done.stdout
    assert done.stdout.splitlines()[-1] == "journeys run with none"
    assert NOT_RUN not in done.stdout
    assert done.returncode == 0


def test_journeys_that_fail_fail_the_run(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    settings = {**os.environ, "PI180_CHROMIUM": str(browser)}
    done = subprocess.run(["sh", str(SCRIPT), "sh", "-c", "exit 3"], env=settings, capture_output=True, check=False)
    assert done.returncode == 3


def test_ci_says_that_it_is_ci() -> None:
    assert "export CI=true" in (SCRIPT.parents[2] / ".ci" / "run").read_text()
