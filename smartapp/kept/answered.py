"""Whose answers go with a run: those that somebody gave last, also where this run was made for other reporters.

Runs are made reporter by reporter, and a run may be broken off between two of them. Nobody's answers are lost by that:
until a run holds a score of a reporter, the answers beside the newest score of an earlier run of the year stand.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

from scoring.model import Reporter
from scoring.year import RuleBook
from smartapp.attesting.attestations import Attestations
from smartapp.kept.archive import kept_answers, named_period
from smartapp.people.choosing import Held, held_runs


def brought_answers(held: Held, reporter: Reporter, rules: RuleBook) -> Attestations | None:
    """The answers that came with a run, for the period of their score where they name none; None: nobody answered."""
    kept = newest_answers(held, reporter)
    if kept is None:
        return None
    attested = kept_answers(kept, rules)
    return replace(attested, period=attested.period or named_period(kept.parent.name))


def newest_answers(held: Held, reporter: Reporter) -> Path | None:
    """The folder of the score whose answers stand for a reporter in a run.

    Args:
        held: the run that is looked at.
        reporter: whom it is looked at for.

    Returns:
        The newest score of the run itself, else of another run of its year in the same folder; None: nobody answered.
    """
    runs = chain((held,), _others(held))
    return next((scores[0] for one in runs if (scores := one.scores(reporter))), None)


def _others(held: Held) -> Iterator[Held]:
    """Looked for only where they are needed."""
    found = () if held.first_look else held_runs(held.place.parent)
    yield from (one for one in found if one.year == held.year and one.place != held.place)
