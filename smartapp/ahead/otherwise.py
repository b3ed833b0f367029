"""The score as it would stand with other answers: scored once more by the one path, for pages that compare."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from scoring.model import Finding, MeasureId, Severity
from scoring.score import capped
from smartapp.scored import Scored, is_in_play, score_reading


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A score with other answers; `refused` are the errors that it has and the score as it stands has not."""

    scored: Scored
    refused: tuple[Finding, ...]

    @property
    def points(self) -> int:
        """The points before the gate, in which scores can be compared whatever else shuts it."""
        return self.scored.score.before_gate

    @property
    def up_to(self) -> int:
        """The same if every unknown is met; what shuts the gate is left out of it."""
        return capped(self.scored.reading.rules, [line.up_to for line in self.scored.score.lines])


def otherwise(scored: Scored, answers: Mapping[MeasureId, bool]) -> Otherwise:
    """Score the same reading with other answers in place of all.

    A total of the EHR's report is left out where the answers take its measure out of the submission.
    """
    attested = replace(scored.attestations, reporter=scored.submission.reporter, answers=answers)
    rules = scored.reading.rules
    attested = replace(attested, reported={m: t for m, t in attested.reported.items() if is_in_play(m, rules, answers)})
    return beside(scored, score_reading(scored.reading, attested))


def beside(scored: Scored, other: Scored) -> Otherwise:
    """Another score of the same reading, held against the score as it stands."""
    known = {(one.code, one.subject) for one in _errors(scored)}
    return Otherwise(other, tuple(one for one in _errors(other) if (one.code, one.subject) not in known))


def without(scored: Scored, names: frozenset[MeasureId]) -> dict[MeasureId, bool]:
    """The answers of a score without some."""
    return {name: answer for name, answer in scored.submission.answers.items() if name not in names}


def _errors(scored: Scored) -> list[Finding]:
    return [one for one in scored.score.findings if one.severity is Severity.ERROR]
