"""How long the search takes, beside brute force in the same run. Prints; judges nothing: `make bruteforce`."""

import random
import resource
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa

from extractors.cases import tally
from extractors.engine.local import LocalEngine
from extractors.tallies import Tallies
from scoring.periods import space_of
from smartapp.ahead.best_period import PeriodSearch
from smartapp.attesting.attestations import Attestations
from smartapp.usecases import Reading
from tests.extractors.counted_rows import TIN, Practice, case
from tests.smartapp.searched import ME, RULES, answers, reading_of, ways_at

YEAR = space_of(RULES)
DAYS = [(YEAR.first + timedelta(n)).isoformat() for n in range(YEAR.days)]
SHARES = {"PI_EP_1": 40, "PI_PEA_1": 40, "PI_HIE_1": 8, "PI_HIE_4": 4, "PI_EP_2": 4, "PI_LVITC_2": 4}
SAMPLE = 8


def cases_of(npi: str, events: int, seed: int) -> list[dict[str, Any]]:
    """A year of one clinician: each patient seen three times on average, acts on the day or within some days."""
    dice = random.Random(seed)
    return [
        one_case(dice, measure, npi, f"{measure}-{npi}-{n}", events)
        for measure, share in SHARES.items()
        for n in range(events * share // 100)
    ]


def one_case(dice: random.Random, measure: str, npi: str, focus: str, events: int) -> dict[str, Any]:
    number = dice.randrange(YEAR.days)
    acted = DAYS[min(YEAR.days - 1, number + dice.randrange(20))]
    unit = f"patient-{npi}-{dice.randrange(max(1, events * 40 // 300))}" if measure == "PI_PEA_1" else focus
    met = dice.choices(["met", "not_met", "unknown"], [90, 7, 3])[0]
    return case(measure, focus, DAYS[number], met, met_from=acted, met_on=acted, unit=unit, npi=npi)


def contexts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    received = [row for row in rows if row["measure"] == "PI_HIE_4"]
    sure = {"certain": "yes", "in_group": "yes"}
    days = ({"day": r["occurred"], "until_day": r["occurred"]} for r in received)
    return [
        {"focus": r["focus"], "npi": r["npi"], "tin": TIN, **day, **sure} for r, day in zip(received, days, strict=True)
    ]


def one_clinician(engine: LocalEngine, events: int = 20_000) -> None:
    """The search of one clinician's year, and what the same would take period by period."""
    rows = cases_of(ME.npi or "", events, 1)
    reading = reading_of(Practice(rows, contexts(rows)), engine)
    asked = answers()
    started = time.perf_counter()
    search = PeriodSearch(reading)
    print(f"One clinician, {len(rows):,} cases: cases as corners of all periods in {since(started)}")
    search.found(asked)
    for attempt in range(1, 4):
        search.counts.forget()
        started = time.perf_counter()
        found = search.found(asked)
        print(f"  search {attempt}, summing included: {since(started)}")
    started = time.perf_counter()
    best = search.best(asked).best
    print(f"  with the scores of five periods, line by line: {since(started)}")
    print(f"  best {best.period.start} to {best.period.end}: {best.points} = {found.place.points} points")
    by_brute_force(engine, reading, asked.attested)


def since(started: float) -> str:
    return f"{1000 * (time.perf_counter() - started):,.0f} ms"


def by_brute_force(engine: LocalEngine, reading: Reading, asked: Attestations) -> None:
    numbers = range(0, len(YEAR), len(YEAR) // SAMPLE)
    started = time.perf_counter()
    for number in numbers:
        period = YEAR.at(number)
        counted = tuple(tally(engine, period, reading.site.numerator_window))
        list(ways_at(replace(reading, period=period, tallies=Tallies(counted)), asked))
    each = (time.perf_counter() - started) / len(numbers)
    print(f"  brute force, by a sample of {len(numbers)}: {each:.3f} s a period, {each * len(YEAR):,.0f} s for all")


def a_group(engine: LocalEngine, clinicians: int = 1000, events: int = 1500) -> None:
    """Everyone of a large group, and the group itself."""
    rows = [row for n in range(clinicians) for row in cases_of(f"{1_000_000_000 + n}", events, n)]
    reading = reading_of(Practice([], []), engine)
    schema = pa.schema([(name, pa.string()) for name in rows[0]])
    engine.load("cases", pa.Table.from_pylist(rows, schema=schema))
    received = contexts(rows)
    engine.load("received_context", pa.Table.from_pylist(received))
    number = len(rows)
    del rows, received
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, used = time.perf_counter(), time.process_time()
    search = PeriodSearch(reading)
    counted = time.perf_counter()
    found = search.everyone(answers())
    ended = time.perf_counter()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{clinicians:,} clinicians in a group, {number:,} cases: counted {counted - started:.2f} s,")
    print(f"  searched {ended - counted:.2f} s for {len(found):,} reporters; {time.process_time() - used:.2f} s of CPU")
    print(f"  peak memory {after / 1024:,.0f} MB, {before / 1024:,.0f} MB of it before the search")


if __name__ == "__main__":
    with LocalEngine() as local:
        one_clinician(local)
    with LocalEngine() as local:
        a_group(local)
