"""The files that a binder has of a run: its inputs, its score, each measure with its rows, rules and method."""

import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from extractors.cases import Tally
from scoring.eligibility_rules import FILE as ELIGIBILITY
from scoring.evidence_rules import FILE as EVIDENCE
from smartapp import __version__
from smartapp.ahead.looking_ahead import Periods
from smartapp.ahead.period_document import best_period_document
from smartapp.attesting.attested_eligibility import eligible_document
from smartapp.binder import layout
from smartapp.exports.cases_csv import cases_csv
from smartapp.kept.runs import period_document
from smartapp.kept.score_files import score_texts
from smartapp.opened.evidence import CaseRow, rows_of
from smartapp.report.measures import MeasureSection, measure_sections
from smartapp.report.requirements import Requirements
from smartapp.scored import Scored
from smartapp.written import as_json

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_OUR_NAME, _PYTHON = "pi180", "Python"

Software = tuple[tuple[str, str], ...]
"""Names and versions of what made a binder."""


def files_of_run(place: Path) -> dict[str, bytes]:
    """The inputs as they lie in the run's folder: what nothing in the binder makes again."""
    run = place.parent.parent
    kept = {run / name: target for name, target in layout.of_run(run).items()}
    kept[place / "attestations.json"] = layout.OF_SCORE["attestations.json"]
    return {target: file.read_bytes() for file, target in kept.items()}


def files_of_score(
    scored: Scored, rows: Sequence[CaseRow], periods: Periods | None, required: Requirements, made_by: Software
) -> dict[str, bytes]:
    """What is made anew of a score for the binder."""
    documents = {
        f"{layout.SCORE}/{layout.TALLIES}": period_document(scored.reading),
        f"{layout.IDENTITY}/identity.json": identity_document(scored),
        f"{layout.IDENTITY}/eligibility.json": _eligibility_document(scored, required),
        f"{layout.PERIOD}/period.json": _period_document(scored, periods),
        f"{layout.METHOD}/software.json": {"schema": "pi180/software/1", "software": dict(made_by)},
    }
    written = {layout.OF_SCORE[name]: text.encode() for name, text in score_texts(scored, rows).items()}
    files = written | {name: as_json(document).encode() for name, document in documents.items()}
    return files | dict(_measures(scored, rows)) | dict(_method())


def identity_document(scored: Scored) -> dict[str, Any]:
    """Whose score it is, and of which year."""
    submission = scored.submission
    return {
        "schema": "pi180/identity/1",
        "tin": submission.reporter.tin,
        "npi": submission.reporter.npi,
        "reported_as": submission.entity_type,
        "year": submission.year,
        "cehrt_id": submission.cehrt_id,
        "products": list(scored.attestations.products),
    }


def _eligibility_document(scored: Scored, required: Requirements) -> dict[str, Any]:
    return {
        "schema": "pi180/owed/1",
        "said": eligible_document(scored.attestations.eligible),
        "not_said": list(required.unsaid),
        "answer": required.head,
        "because": required.own.because,
        "worth": required.own.worth,
        "cites": [{"text": cite.text, "url": cite.url} for cite in required.own.cites],
        "doubts": list(required.own.doubts),
    }


def _period_document(scored: Scored, periods: Periods | None) -> dict[str, Any]:
    period = scored.reading.period
    return {
        "schema": "pi180/chosen-period/1",
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "days": period.days,
        "compared": best_period_document(periods.found, scored.reading.fingerprint) if periods else None,
    }


def sections_of(scored: Scored) -> tuple[MeasureSection, ...]:
    """The measures that have a folder of their own: those that are counted from cases."""
    return measure_sections(scored, ())


def _measures(scored: Scored, rows: Sequence[CaseRow]) -> Iterator[tuple[str, bytes]]:
    listed = list(rows)
    for section in sections_of(scored):
        folder = f"{layout.MEASURES}/{section.measure}"
        tallies = [variant.tally for variant in section.variants]
        yield f"{folder}/summary.json", as_json(_summary(scored, section, tallies)).encode()
        mine = [row for tally in tallies for row in rows_of(listed, tally)]
        yield f"{folder}/rows.csv", cases_csv(mine).encode()


def _summary(scored: Scored, section: MeasureSection, tallies: Sequence[Tally]) -> dict[str, Any]:
    chosen, reported = section.chosen, section.reported
    return {
        "schema": "pi180/measure-summary/1",
        "measure": section.measure,
        "title": section.title,
        "counted_in": section.unit,
        "in_score": section.in_score,
        "recomputed": [asdict(tally) for tally in tallies],
        "chosen": chosen.tally.variant if chosen else None,
        "from_the_ehr_report": asdict(reported) if reported else None,
        "cannot_be_read": [asdict(unseen) for unseen in section.unseen],
        "lines": [line for line in _lines(scored) if line["measure"] == section.measure],
    }


def _lines(scored: Scored) -> list[dict[str, Any]]:
    return [
        {"measure": str(line.measure), "title": line.title, "earned": line.earned, "up_to": line.up_to}
        for line in scored.score.lines
    ]


def _method() -> Iterator[tuple[str, bytes]]:
    """The text by which cases are made and counted, and the rules that are of no year."""
    for file in sorted((resources("extractors") / "sql").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".sql"):
            yield f"{layout.METHOD}/sql/{file.name}", file.read_bytes()
    for rules in (ELIGIBILITY, EVIDENCE):
        yield f"{layout.METHOD}/{rules.name}", rules.read_bytes()


def software() -> Software:
    """pi180, Python and everything that pi180 asks for, each with its version."""
    try:
        asked = [found[0] for text in requires(_OUR_NAME) or () if (found := _NAME.match(text))]
    except PackageNotFoundError:
        asked = []
    ours = {_OUR_NAME: __version__, _PYTHON: platform.python_version()}
    return software_in({**{name: _version(name) for name in asked}, **ours})


def software_in(versions: Mapping[str, str]) -> Software:
    """Versions by name, in the order in which pages name them.

    Raises:
        KeyError: pi180 or Python is not among them.
    """
    ours = {name: versions[name] for name in (_OUR_NAME, _PYTHON)}
    others = sorted((name for name in versions if name not in ours), key=lambda name: (name.lower(), name))
    return (*ours.items(), *((name, versions[name]) for name in others))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
