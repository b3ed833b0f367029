"""One program over one folder, in a process of its own: `python -m benchmarks.one NAME FOLDER`.

Prints as JSON what it counted, and the CPU seconds when it was prepared, before it read.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.candidates import PREPARED, Program
from benchmarks.measuring import cost_of, cpu_now, most_held

MODULE = "benchmarks.one"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: CPU seconds of the work and of the whole process, wall seconds, peak bytes, and what was counted.

    `work` is what came after imports and preparation: at a few megabytes the start of a process would hide it.
    """

    work: float
    cpu: float
    wall: float
    peak: int
    counted: dict[str, Any]


def measured(name: str, folder: Path, module: str = MODULE, *more: str) -> Run:
    """Run one program in a process of its own, and look at what it and its children take.

    Raises:
        Failed: it ended with an error.
    """
    cost = cost_of([sys.executable, "-m", module, name, str(folder), *more])
    said = json.loads(cost.said.splitlines()[-1])
    return Run(cost.cpu - said["prepared"], cost.cpu, cost.wall, max(cost.peak, said["peak"]), said["counted"])


def show(program: Program, folder: Path) -> None:
    """Run a prepared program here, and print what it counted."""
    prepared = cpu_now()
    counted = program(sorted(folder.glob("*.ndjson*")))
    print(json.dumps({"prepared": prepared, "peak": most_held(), "counted": counted}))


if __name__ == "__main__":
    show(PREPARED[sys.argv[1]](), Path(sys.argv[2]))
