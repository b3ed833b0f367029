"""All measures of the year in one list: what each counted or how it was answered, what it earns, and where it opens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scoring.model import MeasureId, Metric
from scoring.year import Measure, Status
from smartapp.report.lines import Counted, Line, lines_of
from smartapp.report.measures import MeasureSection, measure_sections
from smartapp.report.page import ROLES, answer_of
from smartapp.report.words import objective_title
from smartapp.scored import Scored

_PARTS = (Status.EXCLUSION, Status.ENGAGEMENT)


@dataclass(frozen=True, slots=True)
class Listed:
    """One measure; `opens` is an anchor, empty for one that is answered and has no cases of its own.

    `counted` are the numbers of the submission, None where none are.
    """

    measure: str
    title: str
    role: str
    status: str
    opens: str
    yes_or_no: bool
    counted: Counted | None
    line: Line | None


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective with its measures, in CMS's order; `shared` are lines of the score that several of them earn."""

    title: str
    measures: tuple[Listed, ...]
    shared: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class MeasureList:
    """All measures by objective, and the exclusions that have cases of their own."""

    objectives: tuple[Objective, ...]
    exclusions: tuple[Listed, ...]


def measure_list(scored: Scored) -> MeasureList:
    """Every measure of the year, counted or answered."""
    rules = scored.reading.rules
    sections = {section.measure: section for section in measure_sections(scored, ())}
    lines = {line.measure: line for line in lines_of(scored, tuple(sections.values()))}
    by_objective: dict[str, list[Listed]] = {}
    for measure in rules.measures.values():
        if measure.status not in _PARTS:
            entry = _listed(scored, measure, sections.get(measure.id), lines.get(measure.id))
            by_objective.setdefault(measure.objective, []).append(entry)
    counted = [one for one in sections.values() if one.of_exclusion]
    return MeasureList(
        tuple(
            Objective(objective_title(rules, name), tuple(found), tuple(_shared(scored, name, lines)))
            for name, found in by_objective.items()
        ),
        tuple(_exclusion(scored, section) for section in counted),
    )


def _shared(scored: Scored, objective: str, lines: Mapping[str, Line]) -> Iterator[Line]:
    """The lines of an objective that are of no one measure: the joint line and the bonus."""
    found = (lines[one.measure] for one in scored.score.lines if one.objective == objective)
    yield from (line for line in found if not line.is_measure)


def _listed(scored: Scored, measure: Measure, section: MeasureSection | None, line: Line | None) -> Listed:
    return Listed(
        measure=measure.id,
        title=measure.title,
        role=ROLES[measure.status],
        status=status_of(scored, measure, in_score=line is not None),
        opens=section.anchor if section else "",
        yes_or_no=measure.metric is Metric.BOOLEAN,
        counted=line.counted if line else None,
        line=line,
    )


def status_of(scored: Scored, measure: Measure, *, in_score: bool) -> str:
    """What became of a measure in this submission; `in_score` where it is a line of the score."""
    answers = scored.submission.answers
    if any(answers.get(exclusion) for exclusion in measure.exclusions):
        return "claimed exclusion"
    if measure.metric is Metric.BOOLEAN:
        return answer_of(measure, answers)
    if not in_score:
        return "not in this submission: another way is reported"
    return "from the EHR's report" if measure.id in scored.attestations.reported else "recomputed from FHIR"


def _exclusion(scored: Scored, section: MeasureSection) -> Listed:
    claimed = scored.submission.answers.get(MeasureId(section.measure))
    status = "claimed exclusion" if claimed else "not claimed"
    return Listed(section.measure, section.title, "claimed exclusion", status, section.anchor, True, None, None)
