"""Ask the advisory service about every locked dependency: the vulnerability gate.

Exit code 1 when a locked version has a known vulnerability. Where no advisory service answers (a closed
network), it says loudly how many were not audited and leaves the gate to the version floors of
`test_dependencies.py`, which need no network.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = Path(sys.executable).with_name("pip-audit")


def main() -> int:
    """Print one line per vulnerability and one summary line for each lock file."""
    return max(_audited(lock) for lock in sorted(ROOT.glob("requirements*.lock")))


def _audited(lock: Path) -> int:
    command = [TOOL, "--disable-pip", "--require-hashes", "-r", lock, "--format", "json", "--progress-spinner", "off"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        print(f"NOT AUDITED {lock.name}: the advisory service did not answer.\n{done.stderr.strip()[-500:]}")
        return 0
    dependencies = json.loads(done.stdout)["dependencies"]
    audited = [d for d in dependencies if "vulns" in d]
    found = [(d["name"], d["version"], v["id"]) for d in audited for v in d["vulns"]]
    for name, version, advisory in found:
        print(f"VULNERABLE {name} {version}: {advisory}. Raise it in pyproject.toml and run make lock.")
    missed = len(dependencies) - len(audited)
    if missed:
        print(f"NOT AUDITED {lock.name}: {missed} of {len(dependencies)} versions, no advisory source reachable.")
    print(f"{lock.name}: audited {len(audited)} of {len(dependencies)} locked versions: {len(found)} vulnerable.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
