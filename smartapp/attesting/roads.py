"""Choosing one path of an objective, as of health information exchange: its answer, and what cannot stand beside it."""

from dataclasses import dataclass

from scoring.model import MeasureId
from scoring.year import Choice, Path, RuleBook
from smartapp.attesting.entries import Entry
from smartapp.attesting.fields import road_entry
from smartapp.errors import UsageError
from smartapp.scored import Scored

_KEPT = "which is kept in the versions of the answers and can be restored from there"


@dataclass(frozen=True, slots=True)
class Road:
    """A path that is chosen: the entries to propose and keep, and in words what they take away."""

    path: Path
    entries: tuple[Entry, ...]
    withdrawn: tuple[str, ...]


def choose_path(scored: Scored, measures: tuple[str, ...]) -> Road:
    """What choosing a path sets, and what it has to withdraw: exclusions that it refuses, totals of another path.

    Args:
        scored: the score with the answers as they stand.
        measures: the measures of the path, as the rules list them.

    Raises:
        UsageError: the year has no such path; two roads at once are none.
    """
    choice, path = _named(scored.reading.rules, measures)
    answers, reported = scored.attestations.answers, scored.attestations.reported
    others = {m for one in choice.paths for m in one.measures} - set(path.measures)
    refused = [exclusion for exclusion in path.refuses if exclusion in answers]
    totals = [measure for measure in others if measure in reported] if path is not choice.paths[-1] else []
    entries = [road_entry(choice, path.measures, scored.reading.rules)]
    entries += [_without(scored.reading.rules, exclusion) for exclusion in refused]
    entries += [Entry(f"met-{measure}", {("reported", str(measure)): None}) for measure in totals]
    withdrawn = [f"the claimed exclusion {one}" for one in refused if answers[one]]
    withdrawn += [f"the total of {one} from the EHR's report, {_KEPT}" for one in totals]
    return Road(path, tuple(entries), tuple(withdrawn))


def _named(rules: RuleBook, measures: tuple[str, ...]) -> tuple[Choice, Path]:
    for choice in rules.choices:
        for path in choice.paths:
            if path.measures == measures:
                return choice, path
    ways = "; ".join(" and ".join(path.measures) for choice in rules.choices for path in choice.paths)
    raise UsageError(f"expected exactly one of: {ways}. CMS accepts one path; choose one.")


def _without(rules: RuleBook, exclusion: MeasureId) -> Entry:
    measure = next(one.id for one in rules.measures.values() if exclusion in one.exclusions)
    return Entry(f"claim-{measure}", {("answers", str(exclusion)): None})
