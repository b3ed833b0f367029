"""What starting costs: `make bench-start` prints the CPU of small commands against that of Python that does nothing.

Every command is a process of its own, all of them in rotation, after one round that is not counted: it leaves the
compiled modules behind. CPU is user and system time, as the median of the rounds. Nothing here fails for being slow.
"""

import resource
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 15
TARGET = 0.15
"""CPU seconds that `pi180 --help` may take above bare Python."""

BARE, HELP = "python -c pass", "pi180 --help"
COMMANDS: dict[str, tuple[str, ...]] = {
    BARE: ("-c", "pass"),
    HELP: ("-m", "smartapp.cli", "--help"),
    "pi180 rules check": ("-m", "smartapp.cli", "rules", "check"),
    "pi180 submission-guide": ("-m", "smartapp.cli", "submission-guide"),
    "pi180 extract --help": ("-m", "smartapp.cli", "extract", "--help"),
}


def cpu_of(words: tuple[str, ...]) -> float:
    """User and system time of one Python process, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Run all commands by turns, and print what each took."""
    rounds = [{name: cpu_of(words) for name, words in COMMANDS.items()} for _ in range(ROUNDS + 1)][1:]
    median = {name: statistics.median(one[name] for one in rounds) for name in COMMANDS}
    print(f"median CPU seconds of {ROUNDS} rounds")
    for name, took in median.items():
        print(f"{name:<24}{took:.3f}, above bare {took - median[BARE]:.3f}, ratio {took / median[BARE]:.1f}")
    print(f"{HELP}: {median[HELP] - median[BARE]:.3f} s above bare Python (target under {TARGET})")


if __name__ == "__main__":
    main()
