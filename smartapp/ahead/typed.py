"""What if: the score with values that a person types, beside the score of the data. Nothing typed is ever kept.

Typed values go through the one path of the answers, so that they are scored like them; they bear their own origin
and stand in a list of their own wherever the result is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from scoring.explain import as_document
from scoring.model import MeasureId, Metric, Origin, Proportion
from scoring.rulebook import RuleBook
from smartapp.attesting.attestations import VARIANTS, Attestations, Reported
from smartapp.errors import UsageError
from smartapp.printed.nearest import hint
from smartapp.scored import Scored, score_reading
from smartapp.usecases import Reading

_MOST_LISTED = 8
LABEL = "What if: typed values, not data. Nothing of this is kept or submitted."


@dataclass(frozen=True, slots=True)
class Typed:
    """Values that a person typed. An answer None takes the answer away; counts are met and denominator.

    `controlled` is include or exclude, None keeps the choice that was made.
    """

    answers: Mapping[MeasureId, bool | None] = field(default_factory=dict)
    counts: Mapping[MeasureId, tuple[int, int]] = field(default_factory=dict)
    cehrt_id: str | None = None
    controlled: str | None = None

    def as_rows(self) -> list[dict[str, str]]:
        """What was typed, one entry each, in words."""
        words = {True: "yes", False: "no", None: "no answer"}
        rows = [(str(name), words[answer]) for name, answer in self.answers.items()]
        rows += [(str(name), f"{met} of {of}") for name, (met, of) in self.counts.items()]
        rows += [("CEHRT ID", self.cehrt_id)] if self.cehrt_id else []
        rows += [("controlled substances", self.controlled)] if self.controlled else []
        return [{"what": what, "value": value} for what, value in rows]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The score as things stand and the score with what was typed."""

    typed: Typed
    stands: Scored
    changed: Scored

    def as_document(self) -> dict[str, Any]:
        """What `pi180 what-if --json` prints; the origin of each typed count is said at its line, too."""
        return {
            "schema": "pi180/what-if/1",
            "label": LABEL,
            "run": self.stands.reading.fingerprint,
            "typed": self.typed.as_rows(),
            "as_it_stands": as_document(self.stands.score),
            "what_if": as_document(self.changed.score),
        }


def what_if(reading: Reading, attested: Attestations, typed: Typed) -> WhatIf:
    """Score what was counted, as it stands and with typed values in place of some of it.

    Raises:
        UsageError: nothing is typed, or a value does not fit the year's measures; or as for `score_reading`.
    """
    if not typed.as_rows():
        raise UsageError("nothing is typed. Give --answer, --count, --cehrt-id or --controlled.")
    _check(reading.rules, typed)
    return WhatIf(typed, score_reading(reading, attested), score_reading(reading, with_typed(attested, typed)))


def with_typed(attested: Attestations, typed: Typed) -> Attestations:
    """The answers with typed values in their place; typed counts bear their origin."""
    answers = {name: value for name, value in {**attested.answers, **typed.answers}.items() if value is not None}
    day = date(attested.year, 12, 31)
    counts = {
        name: Reported(Proportion(met, of, origin=Origin.TYPED), str(Origin.TYPED), day)
        for name, (met, of) in typed.counts.items()
    }
    return replace(
        attested,
        answers=answers,
        reported={**attested.reported, **counts},
        cehrt_id=typed.cehrt_id or attested.cehrt_id,
        variant=VARIANTS[typed.controlled] if typed.controlled else attested.variant,
    )


def _check(rules: RuleBook, typed: Typed) -> None:
    """Refuse what the year does not know or cannot be."""
    kinds = ((typed.answers, Metric.BOOLEAN, "answered yes or no"), (typed.counts, Metric.PROPORTION, "counted"))
    for given, metric, what in kinds:
        known = [measure.id for measure in rules.measures.values() if measure.metric is metric]
        for name in given:
            if name not in known:
                raise _unknown(name, what, known, rules)
    for name, (met, of) in typed.counts.items():
        if not 0 <= met <= of:
            raise UsageError(f"{name}: expected 0 <= met <= denominator, got {met}/{of}.")


def _unknown(name: str, what: str, known: Sequence[str], rules: RuleBook) -> UsageError:
    few = f" All of them: {', '.join(known)}." if len(known) <= _MOST_LISTED else ""
    every = few or f" All of them: pi180 attest --new FILE --year {rules.year}."
    return UsageError(f"{name}: expected a measure of {rules.year} that is {what}.{hint(name.upper(), known) or every}")
