"""Everything of a binder that follows from its run and from what was given: made here to bind it, and to replay it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartapp.ahead.looking_ahead import periods_of
from smartapp.attesting.attested_eligibility import NOTHING_SAID, Eligible
from smartapp.attesting.owed import clinicians_of, owed
from smartapp.attesting.signature import STATEMENT, State, Unsigned, state_document, state_name
from smartapp.attesting.submission_guide import NOTICE
from smartapp.beside.compared import Beside, compare
from smartapp.beside.listed import parse_report
from smartapp.binder import layout
from smartapp.binder.attached import Attachments, places_of, row_of
from smartapp.binder.contents import Software, files_of_run, files_of_score, identity_document, sections_of
from smartapp.binder.manifest import file_rows
from smartapp.kept.score_files import score_document_of
from smartapp.opened.evidence import case_rows
from smartapp.printed.beside import beside_table
from smartapp.report.binder import RETENTION, Basis, BinderShown, FileShown, slots_shown
from smartapp.report.pages import binder_page
from smartapp.report.requirements import Requirements, requirements_shown
from smartapp.scored import Scored
from smartapp.signing_key import in_groups
from smartapp.store.retention import Limits, kept_until
from smartapp.written import as_json


@dataclass(frozen=True, slots=True)
class Given:
    """What does not follow from a run: replaying takes it as the binder tells it.

    `key` is the fingerprint of the key that signs the binder; `words` tell the state of the signature under the
    answers, `signature` is its file; `report` the EHR's own report as CSV; `outside` the tables that stay with the
    practice.
    """

    key: str
    years: int
    pseudonyms: bool
    state: State
    words: str
    signature: bytes | None = field(repr=False)
    attached: Attachments
    report: bytes | None = field(repr=False)
    outside: tuple[FileShown, ...]
    software: Software


@dataclass(frozen=True, slots=True)
class Derived:
    """The files of a binder but for manifest and signature, and what the manifest tells beside their digests."""

    files: Mapping[str, bytes] = field(repr=False)
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything that is looked up once for a binder and then stands in several of its files."""

    scored: Scored
    given: Given
    required: Requirements
    beside: Beside | None


def derive(scored: Scored, place: Path, given: Given) -> Derived:
    """Make a binder's files.

    Args:
        scored: the score, open.
        place: its folder, `runs/<fingerprint>/<period>/<reporter>`, from which the inputs are taken.
        given: what does not follow from it.

    Raises:
        UsageError: the EHR's report cannot be read or compared.
    """
    required = requirements_shown(scored, owed(scored, _members(scored), None))
    parts = _Parts(scored, given, required, _beside(scored, given))
    told = _told(parts, place)
    rows, periods = case_rows(scored.reading), periods_of(scored)
    files = {
        **files_of_run(place),
        **files_of_score(scored, rows, periods, required, given.software),
        **given.attached.files,
        **_signature_files(given),
        **_beside_files(parts),
        f"{layout.COVER}/cover.json": as_json(told).encode(),
    }
    files[layout.INDEX] = binder_page(scored, rows, periods, _shown(parts, files)).encode()
    return Derived(files, told)


def _members(scored: Scored) -> dict[str, Eligible]:
    """Every clinician of a group: of whom nothing is said, nothing is known, so that none is concluded from silence."""
    is_group = scored.submission.reporter.npi is None
    return dict.fromkeys(clinicians_of(scored), NOTHING_SAID) if is_group else {}


def _attestation(given: Given) -> dict[str, Any]:
    return {**state_document(given.state), "text": given.words}


def _signature_files(given: Given) -> dict[str, bytes]:
    """The state, and the signature itself where it names nobody to whom it must not be shown."""
    files = {layout.SIGNATURE_STATE: as_json(_attestation(given)).encode()}
    return files if given.signature is None else {**files, layout.SIGNATURE_OF_ANSWERS: given.signature}


def _beside(scored: Scored, given: Given) -> Beside | None:
    """The comparison; the report has a name of ours, because its own may hold a patient's (R114)."""
    if given.report is None:
        return None
    report = parse_report(given.report, layout.EHR_REPORT.rpartition("/")[2])
    return compare(scored.reading, report, scored.submission.reporter, scored.attestations.variant)


def _beside_files(parts: _Parts) -> dict[str, bytes]:
    report, found = parts.given.report, parts.beside
    if found is None or report is None:
        return {}
    return {
        layout.EHR_REPORT: report,
        f"{layout.BESIDE}/comparison.json": as_json(found.as_document()).encode(),
        f"{layout.BESIDE}/comparison.txt": beside_table(found).encode(),
    }


def _told(parts: _Parts, place: Path) -> dict[str, Any]:
    """What cover and manifest say of the whole binder; no clock, so that the same binder is the same file."""
    scored, given = parts.scored, parts.given
    return {
        "schema": "pi180/binder-cover/1",
        "run": scored.reading.fingerprint,
        "period": place.parent.name,
        "reporter": place.name,
        "identity": identity_document(scored),
        "points": score_document_of(scored)["points"],
        "attestation": _attestation(given),
        "years": given.years,
        "keep_until": kept_until(scored.reading.rules.year, Limits(years=given.years)).isoformat(),
        "why_until": RETENTION,
        "pseudonyms": given.pseudonyms,
        "software": dict(given.software),
        **given.attached.as_document(),
        "inputs": [{"file": one.name, "sha256": one.sha256} for one in _read(scored)],
        "outside": [row_of(one) for one in given.outside],
        "key": given.key,
        "notice": NOTICE,
    }


def _shown(parts: _Parts, files: Mapping[str, bytes]) -> BinderShown:
    scored, given = parts.scored, parts.given
    places, others = places_of(scored, given.attached)
    return BinderShown(
        signature=given.words,
        state=state_name(given.state),
        statement=STATEMENT,
        signed_with=_signed_with(given.state),
        key=in_groups(given.key),
        keep_until=kept_until(scored.reading.rules.year, Limits(years=given.years)),
        pseudonyms=given.pseudonyms,
        required=parts.required,
        slots=slots_shown([(place.slot, place.measure, place.files) for place in places]),
        beside_slots=others,
        submitted=given.attached.submitted,
        measures=tuple(section.measure for section in sections_of(scored)),
        difference=beside_table(parts.beside) if parts.beside else "",
        basis=Basis(given.software, _read(scored), given.outside),
        files=tuple(FileShown(row["name"], row["size"], row["sha256"]) for row in file_rows(files)),
    )


def _signed_with(state: State) -> str:
    signature = None if isinstance(state, Unsigned) else state.signature
    return in_groups(signature.key) if signature else ""


def _read(scored: Scored) -> tuple[FileShown, ...]:
    """The files that were read for the run, of which only the digests are here."""
    return tuple(FileShown(record.file, record.size, record.sha256) for record in scored.reading.files)
