"""The best period in sentences, the same for the terminal and for pages: what shuts the gate, and how sure it is."""

from collections.abc import Iterator

from scoring.periods import BestPeriod
from smartapp.attestations import VARIANTS

CONTROLLED = {variant: word for word, variant in VARIANTS.items()}
"""How the choice of controlled substances is named."""


def gate(found: BestPeriod) -> Iterator[str]:
    """What no period mends, and why the best period or the full year cannot be used."""
    for finding in found.unmendable:
        yield f"No period mends {finding.code}: {finding.message} {finding.remedy}"
    for outcome in (found.best, found.full_year):
        for finding in outcome.infeasible:
            yield f"{outcome.period.start} to {outcome.period.end}: {finding.message}"


def certainty(found: BestPeriod) -> Iterator[str]:
    """How sure the winner is, with the winners if nothing or all of what is unknown is met."""
    best = found.best
    if best.least == best.most and found.robust:
        yield "Sure: nothing that is unknown can change the winner or its points."
        return
    yield f"The best period earns {best.least} at least and {best.most} at most."
    if found.robust:
        yield "Robust: no other period can earn more, whatever the unknown turns out to be."
        return
    yield f"Not proven robust: another period may earn up to {found.at_stake} more than that least."
    for name, world in (("nothing", found.if_none_met), ("all", found.if_all_met)):
        days = f"{world.period.start} to {world.period.end}"
        yield f"If {name} of what is unknown is met, {days} is best with {world.points}."


def resting_on(found: BestPeriod) -> Iterator[str]:
    """What was taken for granted: answers that nobody gave, and totals of the EHR for other days."""
    if found.assumed:
        yield f"Assumed, because nobody was asked: yes to {', '.join(found.assumed)}."
    if found.carried:
        said = f"Taken for every period: the EHR's own total of {', '.join(found.carried)}."
        yield f"{said} Run that report again for the period that you choose."
