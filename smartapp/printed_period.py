"""The best period as text for a terminal: the periods beside each other, why the winner wins, and how sure that is."""

from collections.abc import Iterator

from scoring.model import Reporter
from scoring.periods import BestPeriod, Outcome
from smartapp.best_period import Brief
from smartapp.period_words import CONTROLLED, certainty, gate, resting_on
from smartapp.printed import columns, wrapped

_HEAD = ("", "Start", "End", "Days", "Points", "Least", "Most", "Controlled", "Exclusions claimed")


def best_period_text(found: BestPeriod, run: str) -> str:
    """The winner beside the runner-up, the halves and the year, with its reasons, its certainty and its assumptions."""
    lines = [
        f"{_who(found.best.submission.reporter)}  run {run[:12]}",
        f"{found.searched:,} periods searched, each with every exclusion, path and choice that it allows.",
        "",
        *columns([_HEAD, *_rows(found)]),
        "",
        *_gate(found),
        *(line for one in found.reasons for line in wrapped(f"{one.line}: {one.text}", "", "    ")),
        "",
        *(line for text in certainty(found) for line in wrapped(text, "")),
        *(line for text in resting_on(found) for line in wrapped(text, "", "    ")),
    ]
    return "\n".join(lines) + "\n"


def everyone_text(found: list[Brief], searched: int) -> str:
    """One line for each reporter: the best period, its points, and those of the full year."""
    head = ("Reporter", "Start", "End", "Points", "Least", "Most", "Robust", "Full year", "Exclusions claimed")
    rows = [
        (_who(one.reporter), str(one.period.start), str(one.period.end), str(one.place.points), str(one.place.least),
         str(one.place.most), "yes" if one.robust else "no", str(one.full_year),
         ", ".join(one.place.option.choices.exclusions) or "none")
        for one in found
    ]  # fmt: skip
    return "\n".join([f"{searched:,} periods searched for each of {len(rows):,}.", "", *columns([head, *rows]), ""])


def _who(reporter: Reporter) -> str:
    return f"TIN {reporter.tin or 'unknown'}" + (f" NPI {reporter.npi}" if reporter.npi else " (group)")


def _rows(found: BestPeriod) -> Iterator[tuple[str, ...]]:
    yield _row("Best", found.best)
    if found.runner_up:
        yield _row("Runner-up", found.runner_up)
    for half in found.halves:
        yield _row("First half" if half.period.start.month == 1 else "Second half", half)
    yield _row("Full year", found.full_year)


def _row(name: str, one: Outcome) -> tuple[str, ...]:
    numbers = (one.period.days, one.points, one.least, one.most)
    claimed = ", ".join(one.choices.exclusions) or "none"
    word = CONTROLLED[one.choices.variant]
    unusable = "" if one.feasible else " (cannot be used)"
    return (name, str(one.period.start), str(one.period.end), *map(str, numbers), word, claimed + unusable)


def _gate(found: BestPeriod) -> Iterator[str]:
    for number, text in enumerate(gate(found)):
        yield from wrapped(text, "", "    ")
        if number + 1 == len(found.unmendable):
            yield from wrapped(f"With that mended, the best period earns {found.best.before_gate}.", "")
