"""What yes and no each do to the score, scored both ways before anybody says either."""

from dataclasses import dataclass

from scoring.model import MeasureId
from smartapp.ahead.typed import Typed, with_typed
from smartapp.attesting.fields import questions
from smartapp.attesting.proposed import Difference, difference, rescored
from smartapp.errors import UsageError
from smartapp.scored import Scored


@dataclass(frozen=True, slots=True)
class Consequence:
    """What an answer would do, beside the score as it stands. `answer` None: leaving it out."""

    measure: MeasureId
    answer: bool | None
    difference: Difference


def consequences(scored: Scored) -> tuple[Consequence, ...]:
    """For every yes/no measure each of the answers that are not the one given, in CMS's order."""
    found = []
    for measure in questions(scored.reading.rules):
        stands = scored.attestations.answers.get(measure.id)
        for answer in (True, False):
            if answer is not stands:
                found.append(_consequence(scored, measure.id, answer))
    return tuple(one for one in found if one is not None)


def _consequence(scored: Scored, measure: MeasureId, answer: bool) -> Consequence | None:
    try:
        after = rescored(scored, with_typed(scored.attestations, Typed(answers={measure: answer})))
    except UsageError:  # a total stands beside it: then the form says so when it is sent
        return None
    return Consequence(measure, answer, difference(scored, after))
