"""The ledger of active engagement: for each agency or registry the level, its registration, and what it asked since."""

from dataclasses import dataclass
from datetime import date

from scoring.model import AgencyRequest, MeasureId
from scoring.timeliness import answer_by, is_failure, register_by
from scoring.year import Measure
from smartapp.scored import Scored


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of an agency: until when to answer, and whether it surely was not answered in time."""

    request: AgencyRequest
    answer_by: date
    failed: bool
    in_period: bool


@dataclass(frozen=True, slots=True)
class Engagement:
    """One measure of the ledger.

    `level` is the measure of the level that is answered, None for none; `register_by` the last day, included, on which
    to register for level 1 of this period. `failed` counts the requests of the period that were surely not answered in
    time; `fails_at` of them fail level 1.
    """

    measure: Measure
    level: Measure | None
    registered: date | None
    register_by: date
    requests: tuple[Asked, ...]
    failed: int
    fails_at: int

    @property
    def late(self) -> bool:
        """Whether the registration that is given came after the last day for this period."""
        return self.registered is not None and self.registered > self.register_by

    @property
    def open_requests(self) -> tuple[Asked, ...]:
        """Requests that nobody answered yet, the nearest last day first."""
        waiting = (one for one in self.requests if one.request.answered is None and not one.request.missed)
        return tuple(sorted(waiting, key=lambda one: one.answer_by))


def ledger(scored: Scored) -> tuple[Engagement, ...]:
    """Every measure that needs a level of active engagement, in CMS's order."""
    measures = scored.reading.rules.measures.values()
    return tuple(_engagement(scored, measure) for measure in measures if measure.requires_level)


def _engagement(scored: Scored, measure: Measure) -> Engagement:
    rules, period, dates = scored.reading.rules, scored.reading.period, scored.attestations.dates
    requests = tuple(
        Asked(one, answer_by(rules, one), is_failure(rules, one), period.start <= one.asked <= period.end)
        for one in dates.requests.get(measure.id, ())
    )
    return Engagement(
        measure=measure,
        level=_level(scored, measure.id),
        registered=dates.registered.get(measure.id),
        register_by=register_by(rules, period),
        requests=requests,
        failed=sum(one.failed and one.in_period for one in requests),
        fails_at=rules.conditions.engagement.failures,
    )


def _level(scored: Scored, measure: MeasureId) -> Measure | None:
    levels = scored.reading.rules.levels_of(measure)
    return next((one for one in levels if scored.attestations.answers.get(one.id)), None)
