"""The best period as text for a terminal: the periods beside each other, why the winner wins, and how sure that is."""

from collections.abc import Iterator

from scoring.horizon import Horizon
from scoring.model import Reporter
from scoring.periods import BestPeriod, Outcome
from smartapp.ahead.best_period import Brief
from smartapp.ahead.period_words import certainty, choices_in_words, gate, resting_on
from smartapp.printed.terminal import columns, fitted, wrapped

_HEAD = ("", "Start", "End", "Days", "Points", "Least", "Most")
_INDENT = " " * 13


def best_period_text(found: BestPeriod, run: str) -> str:
    """The winner beside the runner-up, the halves and the year, with its reasons, its certainty and its assumptions."""
    lines = [
        f"{_who(found.best.submission.reporter)}  run {run[:12]}",
        *wrapped(
            f"{found.searched:,} periods searched, each with every exclusion, path and choice that it allows.", ""
        ),
        "",
        *_table(found),
        "",
        *_gate(found),
        *(line for one in found.reasons for line in wrapped(f"{one.line}: {one.text}", "", "    ")),
        "",
        *(line for text in certainty(found) for line in wrapped(text, "", "    ")),
        *(wrapped(found.starts.text, "", "    ") if found.starts else ()),
        *(line for text in resting_on(found) for line in wrapped(text, "", "    ")),
    ]
    return "\n".join(lines) + "\n"


def everyone_text(found: list[Brief], horizon: Horizon, searched: int) -> str:
    """One line for each reporter: the best period, its points, and those of the full year."""
    head = ("TIN", "NPI", "Start", "End", "Points", "Least", "Most", "Robust", "Year", "Exclusions claimed")
    rows = [
        (one.reporter.tin or "unknown", one.reporter.npi or "(group)", str(one.period.start), str(one.period.end),
         str(one.place.points), str(one.place.least), str(one.place.most), "yes" if one.robust else "no",
         str(one.full_year), ", ".join(one.place.option.choices.exclusions) or "none")
        for one in found
    ]  # fmt: skip
    told = [f"{searched:,} periods searched for each of {len(rows):,}. Year: what the full year earns."]
    missing = max((horizon.to_come(one.period) for one in found), default=0)
    if missing:
        told.append(
            f"Days after {horizon.until} are still to come or not in the data, up to {missing} of a best period: "
            "none that holds them is robust."
        )
    return "\n".join([*(line for text in told for line in wrapped(text, "")), "", *fitted([head, *rows]), ""])


def _who(reporter: Reporter) -> str:
    return f"TIN {reporter.tin or 'unknown'}" + (f" NPI {reporter.npi}" if reporter.npi else " (group)")


def _table(found: BestPeriod) -> Iterator[str]:
    """A line of numbers for each period, and below it what is chosen."""
    named = _named(found)
    head, *lines = columns([_HEAD, *(_row(name, one) for name, one in named)])
    yield head
    for line, (_, one) in zip(lines, named, strict=True):
        yield line
        chosen = choices_in_words(one.choices) + ("" if one.feasible else "; cannot be used")
        yield from wrapped(chosen, _INDENT)


def _named(found: BestPeriod) -> list[tuple[str, Outcome]]:
    halves = [("First half" if half.period.start.month == 1 else "Second half", half) for half in found.halves]
    other = [("Runner-up", found.runner_up)] if found.runner_up else []
    return [("Best", found.best), *other, *halves, ("Full year", found.full_year)]


def _row(name: str, one: Outcome) -> tuple[str, ...]:
    numbers = (one.period.days, one.points, one.least, one.most)
    return (name.ljust(len(_INDENT) - 2), str(one.period.start), str(one.period.end), *map(str, numbers))


def _gate(found: BestPeriod) -> Iterator[str]:
    for number, text in enumerate(gate(found)):
        yield from wrapped(text, "", "    ")
        if number + 1 == len(found.unmendable):
            yield from wrapped(f"With that mended, the best period earns {found.best.before_gate}.", "")
