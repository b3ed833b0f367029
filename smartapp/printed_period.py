"""The best period as text for a terminal: the periods beside each other, why the winner wins, and how sure that is."""

from collections.abc import Iterator

from scoring.model import Reporter
from scoring.periods import BestPeriod, Outcome
from smartapp.attestations import VARIANTS
from smartapp.best_period import Brief
from smartapp.printed import columns, wrapped

_HEAD = ("", "Start", "End", "Days", "Points", "Least", "Most", "Controlled", "Exclusions claimed")
_WORDS = {variant: word for word, variant in VARIANTS.items()}


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
        *_certainty(found),
        *_resting_on(found),
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
    word = _WORDS[one.choices.variant]
    unusable = "" if one.feasible else " (cannot be used)"
    return (name, str(one.period.start), str(one.period.end), *map(str, numbers), word, claimed + unusable)


def _gate(found: BestPeriod) -> Iterator[str]:
    for finding in found.unmendable:
        yield from wrapped(f"No period mends {finding.code}: {finding.message} {finding.remedy}", "", "    ")
    if found.unmendable:
        yield from wrapped(f"With that mended, the best period earns {found.best.before_gate}.", "")
    for outcome in (found.best, found.full_year):
        for finding in outcome.infeasible:
            yield from wrapped(f"{outcome.period.start} to {outcome.period.end}: {finding.message}", "", "    ")


def _certainty(found: BestPeriod) -> Iterator[str]:
    best = found.best
    if best.least == best.most and found.robust:
        yield "Sure: nothing that is unknown can change the winner or its points."
        return
    yield from wrapped(f"The best period earns {best.least} at least and {best.most} at most.", "")
    if found.robust:
        yield "Robust: no other period can earn more, whatever the unknown turns out to be."
        return
    yield from wrapped(f"Not proven robust: another period may earn up to {found.at_stake} more than that least.", "")
    for name, world in (("nothing", found.if_none_met), ("all", found.if_all_met)):
        days = f"{world.period.start} to {world.period.end}"
        yield from wrapped(f"If {name} of what is unknown is met, {days} is best with {world.points}.", "")


def _resting_on(found: BestPeriod) -> Iterator[str]:
    if found.assumed:
        yield from wrapped(f"Assumed, because nobody was asked: yes to {', '.join(found.assumed)}.", "", "    ")
    if found.carried:
        said = f"Taken for every period: the EHR's own total of {', '.join(found.carried)}."
        yield from wrapped(f"{said} Run that report again for the period that you choose.", "", "    ")
