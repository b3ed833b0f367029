"""The scores of one reporter over the runs that are kept: what each said when it was written, and what changed since.

Nothing is counted again: a run that is kept says what it said. Runs that scored another period stand beside the others
and are marked, since a longer period counts more.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scoring.model import Origin, Period, Reporter
from smartapp.attesting.attestations import VARIANTS
from smartapp.kept.archive import named_period
from smartapp.kept.differences import Basis, Differences, differences
from smartapp.opened.drilldown import open_measure
from smartapp.opened.outages import Outage
from smartapp.people.choosing import Held, held_runs
from smartapp.scored import Scored

MOST = 12
"""Runs that are shown, the newest of them; more would not be told apart in a drawing."""

_UNUSABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a measure counted in a run."""

    met: int
    denominator: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Kept:
    """One run's newest score of the reporter.

    `points` is None where the input was not whole. `rates` hold what was recomputed from FHIR, by measure, on the basis
    that was chosen then, without what the score could not determine; `titles` name the measures that were its lines.
    """

    run: Path
    written: datetime
    period: Period
    points: int | None
    before_gate: int
    up_to: int | None
    gate_shut: bool
    rates: Mapping[str, Rate]
    titles: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        """The run's name."""
        return self.run.name


@dataclass(frozen=True, slots=True)
class Since:
    """What differs between the two newest runs; cases of the reporter by measure and by what became of them."""

    first: Kept
    second: Kept
    basis: tuple[Basis, ...]
    resources: Mapping[str, int]
    cases: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Trend:
    """The kept scores, the oldest first; `older` were left out, `unreadable` say nothing that could be read."""

    kept: tuple[Kept, ...]
    older: int
    unreadable: int


def trend_of(runs: Path, reporter: Reporter, year: int) -> Trend:
    """The scores of a reporter in the runs of a year.

    Args:
        runs: the folder that holds the runs; it may be missing.
        reporter: a clinician or a group.
        year: the performance year.
    """
    held = [one for one in held_runs(runs) if one.year == year and one.scores(reporter)]
    read = [_kept(one, reporter) for one in held[:MOST]]
    found = [one for one in read if one is not None]
    return Trend(tuple(reversed(found)), max(0, len(held) - MOST), len(read) - len(found))


def since_before(trend: Trend, reporter: Reporter) -> Since | None:
    """What the newest run has otherwise than the one before it; None where there are no two.

    Raises:
        ArchiveError: one of them lacks its tables.
    """
    if len(trend.kept) < 2:
        return None
    first, second = trend.kept[-2:]
    found = differences(first.run, second.run)
    resources = Counter(change.how for change in found.resources)
    return Since(first, second, found.basis, dict(resources), dict(_cases(found, reporter)))


def gaps_of(scored: Scored) -> Mapping[str, tuple[Outage, ...]]:
    """By counted measure of a score, the days on which nothing was met although before and after it was."""
    found = {str(measure): open_measure(scored, measure).outages for measure in scored.submission.proportions}
    return {measure: gaps for measure, gaps in found.items() if gaps}


def _cases(found: Differences, reporter: Reporter) -> Counter[tuple[str, str]]:
    """Only the cases of the reporter; for a group those of any of its clinicians."""
    counted = Counter[tuple[str, str]]()
    for change in found.cases:
        if change.tin == reporter.tin and reporter.npi in (None, change.npi):
            how = "new" if change.first is None else "gone" if change.second is None else "otherwise"
            counted[change.measure, how] += 1
    return counted


def _kept(held: Held, reporter: Reporter) -> Kept | None:
    place = held.scores(reporter)[0]
    try:
        score, answers = _document(place / "score.json"), _document(place / "attestations.json")
        tallies = _document(place.parent / "tallies.json")["tallies"]
        return _score(held, place, score, _rates(tallies, reporter, _variant(answers)))
    except _UNUSABLE:
        return None


def _score(held: Held, place: Path, score: Mapping[str, Any], rates: Mapping[str, Rate]) -> Kept | None:
    period = named_period(place.parent.name)
    if period is None:
        return None
    lines = [line for line in score["lines"] if line["measure"] in rates and line["origin"] != Origin.ATTESTED]
    scored = {line["measure"] for line in lines if line["earned"] is not None}
    return Kept(
        run=held.place,
        written=held.written,
        period=period,
        points=None if score["points"] is None else int(score["points"]),
        before_gate=int(score["before_gate"]),
        up_to=None if score["up_to"] is None else int(score["up_to"]),
        gate_shut=any(finding["severity"] == "error" for finding in score["findings"]),
        rates={measure: rate for measure, rate in rates.items() if measure in scored},
        titles={line["measure"]: str(line["title"]) for line in lines},
    )


def _rates(tallies: list[dict[str, Any]], reporter: Reporter, variant: str) -> dict[str, Rate]:
    own = [
        t for t in tallies if (t["tin"], t["npi"]) == (reporter.tin, reporter.npi) and t["variant"] in (variant, "all")
    ]
    return {t["measure"]: Rate(int(t["met"]), int(t["denominator"]), int(t["unknown"])) for t in own}


def _variant(answers: Mapping[str, Any]) -> str:
    return VARIANTS[str(answers.get("choices", {}).get("controlled_substances", "include"))]


def _document(path: Path) -> Mapping[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
