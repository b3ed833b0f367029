"""Supply chain rules R119 to R122: hash-locked, one index, floors above known vulnerabilities, no secrets."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = {path.name: path.read_text() for path in ROOT.glob("requirements*.lock")}


def _versions(lock: str) -> list[tuple[str, str]]:
    return re.findall(r"^([a-z0-9._-]+)==([^ \\;\n]+)", lock, re.MULTILINE)


LOCKED = {name: Version(version) for name, version in _versions(LOCKS["requirements.lock"])}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# The first release without the advisory named beside it. Authlib's are from its changelog; the others are
# recalled from the projects' advisories and were not read again.
FLOORS = {
    "authlib": ("1.7.2", "CVE-2025-61920, CVE-2025-68158, CVE-2026-28802, CVE-2026-28498, CVE-2026-41425"),
    "requests": ("2.32.4", "CVE-2024-47081"),
    "urllib3": ("2.6.3", "CVE-2025-66418, CVE-2025-66471, CVE-2026-21441"),
    "werkzeug": ("3.1.6", "CVE-2025-66221, CVE-2026-27199"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "cryptography": ("44.0.1", "CVE-2024-12797"),
    "flask": ("3.1.3", "CVE-2026-27205"),
    "pyarrow": ("14.0.1", "CVE-2023-47248"),
}


@pytest.mark.parametrize("name", FLOORS)
def test_a_locked_version_is_above_its_known_vulnerabilities(name: str) -> None:
    assert LOCKED[name] >= Version(FLOORS[name][0]), FLOORS[name][1]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_a_hash(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", LOCKS[lock].strip())

    assert len(blocks) == len(_versions(LOCKS[lock]))
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_of_its_own(lock: str) -> None:
    assert re.findall(r"^\s*--(?:extra-)?(?:index-url|find-links|trusted-host).*$", LOCKS[lock], re.MULTILINE) == []


def test_every_declared_dependency_and_the_build_backend_are_locked_within_their_bounds() -> None:
    project, groups = PROJECT["project"]["dependencies"], PROJECT["dependency-groups"]["dev"]
    declared = map(Requirement, [*project, *groups, *PROJECT["build-system"]["requires"]])

    assert [str(r) for r in declared if not r.specifier.contains(LOCKED[canonicalize_name(r.name)])] == []


def test_no_tracked_file_holds_a_private_key_or_token() -> None:
    pattern = r"-----BEGIN [A-Z ]*PRIVATE KEY-----|eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}"
    found = subprocess.run(
        ["git", "grep", "-lIE", "-e", pattern, "--", ".", ":!tests/policy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (found.returncode, found.stdout) == (1, "")
