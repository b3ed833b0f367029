"""What a look ahead takes for answered: what a person said, or what a year requires where nobody was asked."""

from dataclasses import dataclass

from scoring.findings import CEHRT_ID, CEHRT_MISSING
from scoring.model import MeasureId, Metric, Reporter
from scoring.year import Measure, RuleBook, Status
from smartapp.attesting.attestations import VARIANTS, Attestations


@dataclass(frozen=True, slots=True)
class Answered:
    """What a search takes for answered: by a person, or, where nobody was asked, what the year requires.

    `assumed` names what was taken for yes, `waived` the codes of errors that are left out of account for it.
    """

    attested: Attestations
    assumed: tuple[str, ...] = ()
    waived: frozenset[str] = frozenset()


def assume(rules: RuleBook, reporter: Reporter | None = None) -> Answered:
    """The answers that open the gate of a year, and a CMS EHR Certification ID that nobody gave.

    Yes to the attestations, to each required yes/no measure that is on no path of choice, and to one level of active
    engagement of each. Nothing that earns a bonus, no exclusion, and no exchange that replaces counted measures.
    """
    on_paths = {m for choice in rules.choices for path in choice.paths for m in path.measures}
    required = [m for m in rules.with_status(Status.REQUIRED) if m.metric is Metric.BOOLEAN and m.id not in on_paths]
    names = [*rules.gate.attestations, *(name for measure in required for name in _with_level(rules, measure))]
    answers = dict.fromkeys(names, True)
    attested = Attestations(rules.year, reporter, None, None, answers, {}, VARIANTS["include"])
    return Answered(attested, (CEHRT_ID, *names), frozenset({CEHRT_MISSING.code}))


def _with_level(rules: RuleBook, measure: Measure) -> list[MeasureId]:
    levels = rules.levels_of(measure.id) if measure.requires_level else ()
    return [measure.id, *(level.id for level in levels[-1:])]
