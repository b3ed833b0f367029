"""The submission as a FHIR R4 Bundle of summary MeasureReports in the style of DEQM: an audit and integration format.

CMS takes no FHIR for this category and publishes no Measure of it. Each report therefore names a Measure of our own,
with CMS's id, title and source and the year as its effective period; the Bundle holds them, and who reports.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from extractors.decode import Json
from extractors.directory import EIN, NPI
from extractors.validation import departures
from scoring.model import MeasureId, Period, Proportion, Submission
from scoring.submission import written_measurements
from scoring.year import Measure, RuleBook
from smartapp.exports import deqm
from smartapp.exports.qrda3.names import CEHRT_ID, ENTITY_ID
from smartapp.written import as_json

CANONICAL = "urn:pi180:measure:"
_IMPROVES = {"coding": [{"system": deqm.IMPROVEMENT, "code": "increase"}]}
_ONE_ANSWER = "Who reports: one answer, so its count is 1."


def write_measure_reports(submission: Submission, rules: RuleBook, made: datetime) -> str:
    """The Bundle as JSON.

    Args:
        submission: what is reported; its findings were looked at, none is an error.
        rules: the year, for the measures.
        made: when the reports are made, with a zone.

    Raises:
        ValueError: what was made is no valid R4, or departs from the profile; nothing of it is to be used.
    """
    bundle = measure_reports(submission, rules, made)
    reports = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "MeasureReport"]
    wrong = [*departures([bundle]), *(found for report in reports for found in deqm.departures(report))]
    if wrong:
        raise ValueError(f"the reports are not as they have to be: {'; '.join(wrong)}")
    return as_json(bundle)


def measure_reports(submission: Submission, rules: RuleBook, made: datetime) -> dict[str, Any]:
    """The Bundle: who reports, then for each measure that is reported the Measure and its report."""
    if submission.period is None:
        raise ValueError("a report needs a performance period")
    reporter = list(_reporter(submission))
    resources = [*reporter]
    for name, value in written_measurements(submission, rules).items():
        measure = _measure(rules, rules.measures[name], value)
        about = _about(submission, submission.period, made)
        resources += [measure, _report(measure, value, {**about, "reporter": {"reference": _url(reporter[-1])}})]
    entries = [{"fullUrl": _url(resource), "resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "timestamp": made.isoformat(), "entry": entries}


def _url(resource: Json) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_OID, '{resourceType}/{id}'.format(**resource))}"


def _reporter(submission: Submission) -> Iterator[Json]:
    """The resources that say who reports; the last of them is the reporter."""
    who = submission.reporter
    root = ENTITY_ID.get(submission.entity_type or "")
    system, value = (f"urn:oid:{root}", who.entity_id) if root else (EIN, who.tin)
    organization: Json = {"resourceType": "Organization", "id": "reporting-entity"}
    yield {**organization, "identifier": [{"system": system, "value": value}]}
    if who.npi is None:
        return
    practitioner = {
        "resourceType": "Practitioner",
        "id": "clinician",
        "identifier": [{"system": NPI, "value": who.npi}],
    }
    yield practitioner
    pointers = {"practitioner": practitioner, "organization": organization}
    role = {name: {"reference": _url(resource)} for name, resource in pointers.items()}
    yield {"resourceType": "PractitionerRole", "id": "clinician-in-practice", **role}


def _about(submission: Submission, period: Period, made: datetime) -> dict[str, Any]:
    program = {"type": {"text": "QPP programName"}, "value": submission.program}
    extensions = [{"url": deqm.PROGRAM, "valueIdentifier": program}]
    if submission.cehrt_id:
        certified = {"system": f"urn:oid:{CEHRT_ID}", "value": submission.cehrt_id}
        extensions.append({"url": deqm.CERTIFICATION, "valueIdentifier": certified})
    return {
        "extension": extensions,
        "status": "complete",
        "type": "summary",
        "date": made.isoformat(),
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
    }


def _id(name: MeasureId) -> str:
    """An id of FHIR, which knows no underscore."""
    return name.replace("_", "-")


def _scoring(value: bool | tuple[int, int]) -> dict[str, Any]:
    code = "proportion" if isinstance(value, tuple) else "attestation"
    return {"coding": [{"system": deqm.SCORING_CODES, "code": code}]}


def _populations(value: bool | tuple[int, int]) -> dict[str, int]:
    """The populations with their counts."""
    if not isinstance(value, tuple):
        return {"initial-population": 1}
    return {"initial-population": value[1], "numerator": value[0], "denominator": value[1]}


def _measure(rules: RuleBook, measure: Measure, value: bool | tuple[int, int]) -> Json:
    title = " ".join(measure.title.split())
    says = _ONE_ANSWER if isinstance(value, bool) else f"As CMS specifies {measure.id} for {rules.year}."
    group = {"extension": [_link(deqm.MEASURE_GROUP_LINK, measure.id)]}
    populations = [
        {
            **_population(name, deqm.MEASURE_POPULATION_LINK),
            "criteria": {"language": "text/plain", "expression": says},
        }
        for name in _populations(value)
    ]
    sources = [
        {"type": "documentation", "display": one.text, "url": one.url} for one in measure.ruling.cites if one.url
    ]
    return {
        "resourceType": "Measure",
        "id": f"{_id(measure.id)}-{rules.year}",
        "url": f"{CANONICAL}{measure.id}",
        "version": str(rules.year),
        "name": measure.id,
        "title": title,
        "status": "active",
        "experimental": False,
        "publisher": "pi180, after CMS's measure list; not published by CMS",
        "description": f"{title}: {measure.summary}." if measure.summary else f"{title}.",
        "effectivePeriod": {"start": f"{rules.year}-01-01", "end": f"{rules.year}-12-31"},
        **({"relatedArtifact": sources} if sources else {}),
        "scoring": _scoring(value),
        **({"improvementNotation": _IMPROVES} if isinstance(value, tuple) else {}),
        "group": [{**group, "population": populations}],
    }


def _link(url: str, name: str) -> dict[str, str]:
    return {"url": url, "valueString": name}


def _population(name: str, link: str) -> dict[str, Any]:
    coded = {"coding": [{"system": deqm.POPULATION_CODES, "code": name}]}
    return {"id": name, "extension": [_link(link, name)], "code": coded}


def _report(measure: Json, value: bool | tuple[int, int], about: dict[str, Any]) -> Json:
    populations = [
        {**_population(name, deqm.POPULATION_LINK), "count": count} for name, count in _populations(value).items()
    ]
    group: dict[str, Any] = {"extension": [_link(deqm.GROUP_LINK, measure["name"])], "population": populations}
    scoring = {"url": deqm.SCORING, "valueCodeableConcept": _scoring(value)}
    return {
        "resourceType": "MeasureReport",
        "id": f"report-{measure['id']}",
        "meta": {"profile": [deqm.PROFILE]},
        **about,
        "extension": [scoring, *about["extension"]],
        "measure": f"{measure['url']}|{measure['version']}",
        **({"improvementNotation": _IMPROVES} if isinstance(value, tuple) else {}),
        "group": [{**group, **_measure_score(value)}],
    }


def _measure_score(value: bool | tuple[int, int]) -> dict[str, Any]:
    """The rate, none where nothing was eligible, or the answer."""
    if isinstance(value, tuple):
        rate = Proportion(*value).rate
        return {} if rate is None else {"measureScore": {"value": float(rate)}}
    return {"measureScore": {"extension": [{"url": deqm.ALTERNATE_SCORE, "valueBoolean": value}]}}
