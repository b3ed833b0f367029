"""What the profile of DEQM asks of a summary MeasureReport, beyond what FHIR itself does.

Source: HL7 FHIR US Da Vinci and Universal Realm DEQM, deqm-summarymeasurereport (R4): its cardinalities and its
constraints deqm-0 to deqm-8. Reports of HL7's own are held against the same.
"""

from collections.abc import Callable, Iterator
from typing import Any

from extractors.decode import Json

_DEQM = "http://hl7.org/fhir/uv/deqm/StructureDefinition"
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition"
_CODES = "http://terminology.hl7.org/CodeSystem"

PROFILE = f"{_DEQM}/deqm-summarymeasurereport"
SCORING = f"{_DEQM}/deqm-measureScoring"
ALTERNATE_SCORE = f"{_DEQM}/deqm-alternateScoreType"
CERTIFICATION = f"{_DEQM}/deqm-certificationIdentifier"
PROGRAM = f"{_DEQM}/deqm-reportingProgram"
GROUP_IMPROVEMENT = f"{_DEQM}/deqm-groupImprovementNotation"
GROUP_LINK = f"{_R5}/extension-MeasureReport.group.linkId"
POPULATION_LINK = f"{_R5}/extension-MeasureReport.group.population.linkId"
MEASURE_GROUP_LINK = f"{_R5}/extension-Measure.group.linkId"
MEASURE_POPULATION_LINK = f"{_R5}/extension-Measure.group.population.linkId"
COUNT_QUANTITY = "http://hl7.org/fhir/StructureDefinition/measurereport-countQuantity"

SCORING_CODES = f"{_CODES}/measure-scoring"
POPULATION_CODES = f"{_CODES}/measure-population"
IMPROVEMENT = f"{_CODES}/measure-improvement-notation"

LINK_MISSING = "a group or population has no linkId"
_IMPROVING = {"proportion", "ratio", "continuous-variable"}
_DAY = len("2026-01-01")


def departures(report: Json) -> list[str]:
    """How a summary MeasureReport departs from the profile, in words; empty when it does not."""
    groups = report.get("group", [])
    found = [why for why, holds in _OF_REPORT.items() if not holds(report)]
    found += [why for group in groups for why, holds in _OF_GROUP.items() if not holds(report, group)]
    found += [
        why
        for group in groups
        for population in group.get("population", [])
        for why, holds in _OF_POPULATION.items()
        if not holds(population)
    ]
    return list(dict.fromkeys(found))


def _with(element: Json, url: str) -> list[Json]:
    return [extension for extension in element.get("extension", []) if extension.get("url") == url]


def _scored_as(element: Json) -> set[str]:
    """The scoring codes of a report or a group."""
    concepts = (extension.get("valueCodeableConcept", {}) for extension in _with(element, SCORING))
    return {coding.get("code", "") for concept in concepts for coding in concept.get("coding", [])}


def _version(report: Json) -> str:
    return str(report.get("measure", "")).partition("|")[2]


def _days(report: Json) -> Iterator[str]:
    period = report.get("period", {})
    return (str(period.get(end, "")) for end in ("start", "end"))


def _scored_in_one_place(report: Json) -> bool:
    groups = [bool(_with(group, SCORING)) for group in report.get("group", [])]
    return not any(groups) if _with(report, SCORING) else bool(groups) and all(groups)


def _is_rate(report: Json, group: Json) -> bool:
    """A proportion has a score between 0 and 1, or none."""
    score: Any = group.get("measureScore", {}).get("value")
    if score is None or "proportion" not in _scored_as(report) | _scored_as(group):
        return True
    return bool(0 <= score <= 1)


def _is_answered(report: Json, group: Json) -> bool:
    """An attestation carries its answer."""
    if "attestation" not in _scored_as(report) | _scored_as(group):
        return True
    given = _with(group.get("measureScore", {}), ALTERNATE_SCORE)
    return len(given) == 1 and isinstance(given[0].get("valueBoolean"), bool)


_OF_REPORT: dict[str, Callable[[Json], bool]] = {
    "the type is not summary": lambda report: report.get("type") == "summary",
    "the measure is named without a version (deqm-0)": lambda report: bool(_version(report)),
    "there is no date": lambda report: bool(report.get("date")),
    "there is no reporter": lambda report: bool(report.get("reporter")),
    "the period is not given to the day (deqm-1)": lambda report: all(len(day) >= _DAY for day in _days(report)),
    "a rate without improvementNotation (deqm-2)": lambda report: (
        not _scored_as(report) & _IMPROVING or bool(report.get("improvementNotation"))
    ),
    "scoring is not at the root alone, or on every group alone (deqm-3)": _scored_in_one_place,
    "there is no group": lambda report: bool(report.get("group")),
    "resources are named": lambda report: not report.get("evaluatedResource"),
}
_OF_GROUP: dict[str, Callable[[Json, Json], bool]] = {
    "a group has a rate without improvementNotation (deqm-4)": lambda _, group: (
        not _scored_as(group) & _IMPROVING or bool(_with(group, GROUP_IMPROVEMENT))
    ),
    "a group has no population (deqm-5)": lambda _, group: bool(group.get("population")),
    "a rate is not between 0 and 1 (deqm-6)": _is_rate,
    "an attestation has no answer": _is_answered,
    LINK_MISSING: lambda _, group: len(_with(group, GROUP_LINK)) == 1,
}
_OF_POPULATION: dict[str, Callable[[Json], bool]] = {
    LINK_MISSING: lambda population: len(_with(population, POPULATION_LINK)) == 1,
    "a population has not exactly one of count and quantity (deqm-8)": lambda population: (
        ("count" in population) is not bool(_with(population, COUNT_QUANTITY))
    ),
    "a population has no code": lambda population: bool(population.get("code")),
    "a population names its subjects": lambda population: not population.get("subjectResults"),
}
