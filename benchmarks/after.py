"""What comes after reading, in one process: `python -m benchmarks.after WHAT FOLDER [COUNT]`.

Prints as JSON the CPU seconds of reading the folder to cases, and of what was done then: every clinician scored
(`score`), so many periods of the year counted one by one (`periods`), or every period that the year allows searched for
one clinician (`search`).
"""

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measuring import cpu_now
from benchmarks.one import show
from scoring.model import Period, Reporter
from scoring.rulebook import load
from smartapp.ahead.assumed import assume
from smartapp.ahead.best_period import PeriodSearch
from smartapp.attesting.attestations import Attestations
from smartapp.people.reporters import who_reports
from smartapp.scored import score_reading
from smartapp.usecases import Reading, Source, read, recounted

YEAR = 2026
WHOLE_YEAR = Period(date(YEAR, 1, 1), date(YEAR, 12, 31))
SHORTEST = 180


def clinicians(reading: Reading) -> list[Reporter]:
    """Every clinician whom the data name, in order."""
    return sorted((one for one in who_reports(Reporter(t.tin, t.npi) for t in reading.tallies) if one.npi), key=str)


def score(reading: Reading) -> int:
    """Score every clinician with nothing attested; how many."""
    everyone = clinicians(reading)
    for one in everyone:
        score_reading(reading, Attestations(YEAR, one, WHOLE_YEAR, None, {}, {}, "controlled-included"))
    return len(everyone)


def periods(reading: Reading, count: int) -> int:
    """Count so many periods of 180 days one by one, each for every reporter and measure."""
    for first in range(count):
        start = WHOLE_YEAR.start + timedelta(first)
        recounted(reading, Period(start, start + timedelta(SHORTEST - 1)))
    return count


def search(reading: Reading) -> int:
    """Count and score every period that the year allows, for one clinician; how many."""
    found = PeriodSearch(reading)
    found.best(assume(reading.rules, clinicians(reading)[0]))
    return len(found.space)


def then(what: Callable[[Reading], int]) -> Callable[[list[Path]], dict[str, Any]]:
    """A program that reads, and then does something; both are timed apart."""

    def run(paths: list[Path]) -> dict[str, Any]:
        began = cpu_now()
        with read(Source(paths[0].parent), load(YEAR), WHOLE_YEAR) as reading:
            ready = cpu_now()
            count = what(reading)
            return {"read": ready - began, "then": cpu_now() - ready, "count": count}

    return run


if __name__ == "__main__":
    done = {"score": score, "search": search, "periods": lambda reading: periods(reading, int(sys.argv[3]))}
    show(then(done[sys.argv[1]]), Path(sys.argv[2]))
