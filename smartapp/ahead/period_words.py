"""The best period in sentences, the same for the terminal and for pages: what shuts the gate, and how sure it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from scoring.horizon import Horizon
from scoring.periods import BestPeriod, Choices, World
from smartapp.attesting.attestations import VARIANTS

CONTROLLED = {variant: word for word, variant in VARIANTS.items()}
"""How the choice of controlled substances is named."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How sentences are put: `day` writes a day, `plan` names what tells what is safe, empty where a link does."""

    day: Callable[[date], str] = date.isoformat
    plan: str = "pi180 plan"


TERMINAL = Wording()


def gate(found: BestPeriod, wording: Wording = TERMINAL) -> Iterator[str]:
    """What no period mends, and why the best period or the full year cannot be used."""
    for finding in found.unmendable:
        yield f"No period mends {finding.code}: {finding.message} {finding.remedy}"
    for outcome in (found.best, found.full_year):
        for finding in outcome.infeasible:
            yield f"{wording.day(outcome.period.start)} to {wording.day(outcome.period.end)}: {finding.message}"


def choices_in_words(choices: Choices) -> str:
    """What is chosen besides the period, in one line."""
    path = "".join(f"; exchange by {', '.join(measures)}" for measures in choices.paths)
    return f"exclusions {', '.join(choices.exclusions) or 'none'}; controlled {CONTROLLED[choices.variant]}{path}"


def unseen_days(found: BestPeriod, wording: Wording = TERMINAL) -> Iterator[str]:
    """Which days are still to come or not in the data, so that nothing is sure of them; nothing where none is."""
    horizon, number = found.horizon, found.horizon.to_come(found.best.period)
    if horizon.over:
        return
    whose = "this period" if number else "the year"
    number = number or (horizon.last - horizon.until).days
    days = f"{number} day{'' if number == 1 else 's'} of {whose} {'is' if number == 1 else 'are'}"
    if horizon.of_clock:
        yield f"As of {wording.day(horizon.until)}, {days} still to come; {_beyond(horizon, wording)}."
    else:
        yield f"The data {_reach(horizon, wording)}: {days} not in them; not counted."
    if whose == "the year":
        yield "A period that holds those days may yet earn more."
    else:
        safe = f" {wording.plan} tells what is safe." if wording.plan else ""
        yield (
            "So it is the best by what is seen, not for sure: those days change points, and the counts that exclusions "
            f"rest on.{safe}"
        )


def _beyond(horizon: Horizon, wording: Wording) -> str:
    if horizon.last_case is None or horizon.last_case <= horizon.until:
        return "not counted"
    last = wording.day(horizon.last_case)
    return f"yet the data hold cases until {last}, which are counted: correct the day or the data"


def _reach(horizon: Horizon, wording: Wording) -> str:
    if horizon.data_until is not None:
        return f"are whole until {wording.day(horizon.until)}, as the site file says"
    return f"hold no case after {wording.day(horizon.last_case)}" if horizon.last_case else "hold no case of the year"


def certainty(found: BestPeriod, wording: Wording = TERMINAL) -> Iterator[str]:
    """How sure the winner is, with the winners if nothing or all of what is unknown is met."""
    best, seen = found.best, "" if found.horizon.over else ", in the days that are seen"
    yield from unseen_days(found, wording)
    if best.least == best.most and not found.at_stake:
        sure = "Sure: nothing" if found.robust else "Among the days that are seen, nothing"
        yield f"{sure} that is unknown can change the winner or its points."
        return
    yield f"The best period, with the choices of its row, earns {best.least} at least and {best.most} at most{seen}."
    if not found.at_stake:
        sure = "Robust: no other" if found.robust else "Among the days that are seen, no other"
        yield f"{sure} period can earn more, whatever the unknown turns out to be."
        return
    yield (
        f"Not proven robust: another period, or other choices in this one, may earn up to {found.at_stake} more than "
        "that least."
    )
    for name, world in (("nothing", found.if_none_met), ("all", found.if_all_met)):
        yield f"If {name} of what is unknown is met, {_best_in(world, found, wording)}."


def _best_in(world: World, found: BestPeriod, wording: Wording) -> str:
    """The winner of a world; where it is the same period with another number, the choices that make it so."""
    days = f"{wording.day(world.period.start)} to {wording.day(world.period.end)} is best with {world.points}"
    if world.choices == found.best.choices:
        return days
    same = "the same period with other choices" if world.period == found.best.period else "other choices"
    return f"{days}, {same}: {choices_in_words(world.choices)}"


def resting_on(found: BestPeriod) -> Iterator[str]:
    """What was taken for granted: answers that nobody gave, and totals of the EHR for other days."""
    if found.assumed:
        yield f"Assumed, because nobody was asked: yes to {', '.join(found.assumed)}."
    if found.carried:
        said = f"Taken for every period: the EHR's own total of {', '.join(found.carried)}."
        yield f"{said} Run that report again for the period that you choose."
