"""A FHIR server that others wrote, crawled: the same tallies and fingerprint as the folder that it was loaded from.

`make integration` runs it. It needs Node, and brings the server's packages into build/.
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from smartapp import paths
from smartapp.cli import main

ROOT = Path(__file__).parents[2]
TOOL = Path(os.environ.get("PI180_SHARED", ROOT.parent / "shared")) / "tools" / "fhir-r4-server"
BUILT = ROOT / "build" / "fhir-r4-server"
PROFILE = Path(__file__).with_name("memory.toml")
SOLO = paths.fixture("solo-2026")


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    """The server, with the synthetic practice in it."""
    shutil.copytree(TOOL, BUILT, dirs_exist_ok=True)
    if not (BUILT / "node_modules").is_dir():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund"], cwd=BUILT, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", "server.js", str(port), str(SOLO)]
    with subprocess.Popen(command, cwd=BUILT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = next((line for line in server.stdout if "listening" in line), "")
        try:
            assert said, "the server ended before it listened"
            yield f"http://127.0.0.1:{port}/fhir"
        finally:
            server.terminate()


def counted(folder: Path) -> dict[str, object]:
    words = (
        "extract",
        "--from",
        folder,
        "--site",
        SOLO / "site.toml",
        "--profile",
        PROFILE,
        "--year",
        "2026",
        "--json",
    )
    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


@pytest.mark.integration
def test_a_folder_and_a_crawl_of_another_server_give_the_same_tallies_and_fingerprint(
    base: str, tmp_path: Path
) -> None:
    lines = (SOLO / "Patient.ndjson").read_text(encoding="utf-8").splitlines()
    listed = tmp_path / "ids.txt"
    listed.write_text("\n".join(json.loads(line)["id"] for line in lines))
    words = ("crawl", base, "--patients", listed, "--out", tmp_path / "c", "--profile", PROFILE, "--rate", "0")
    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    exported, crawl = counted(SOLO), counted(tmp_path / "c")

    assert exported["tallies"]
    assert crawl["tallies"] == exported["tallies"]
    assert crawl["run"] == exported["run"]
