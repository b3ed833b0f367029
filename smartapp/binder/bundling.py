"""Making a binder of a score in a run's folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from extractors.sources.crawl_files import digest_of
from smartapp.ahead.looking_ahead import periods_of
from smartapp.attesting.attested_eligibility import NOTHING_SAID, Eligible
from smartapp.attesting.owed import clinicians_of, owed
from smartapp.attesting.signature import STATEMENT, State, Unsigned, in_words, state_document, state_name
from smartapp.attesting.signing import signature_file, state_of
from smartapp.beside.compared import Beside, compare
from smartapp.beside.listed import read_report
from smartapp.binder import layout
from smartapp.binder.attached import Attached, Sorted, sort_attached
from smartapp.binder.contents import files_of_run, files_of_score, identity_document, sections_of, software
from smartapp.binder.manifest import file_rows, sealed
from smartapp.binder.pseudonyms import PseudonymKey, under_pseudonyms
from smartapp.binder.signed_answers import judged_by
from smartapp.kept.archive import open_score
from smartapp.kept.runs import as_json, table_file
from smartapp.kept.score_files import check_borne_out, score_document_of
from smartapp.opened.evidence import case_rows
from smartapp.printed.beside import beside_table
from smartapp.report import binder_page
from smartapp.report.binder import NOTICE, RETENTION, Basis, BinderShown, FileShown, slots_shown
from smartapp.report.requirements import Requirements, requirements_shown
from smartapp.scored import Scored
from smartapp.signing_key import SigningKey, in_groups
from smartapp.store.retention import LEAST_YEARS, Limits, kept_until
from smartapp.usecases import UsageError

_OUTSIDE = ("event", "resource", "reference", "current_directory")
"""Tables of a run that stay with the practice: they hold record numbers, and nothing is counted from them again."""


@dataclass(frozen=True, slots=True)
class Bundling:
    """What to make a binder of, and what goes into it.

    `place` is `runs/<fingerprint>/<period>/<reporter>`; `documents` and `submitted` are files that a person attached or
    handed in; `years` is for how long it must be there after the end of the year; with `pseudonyms` it is a copy to
    show. `members` are, for a group, by NPI what is said of its clinicians, as far as anything is.
    """

    place: Path
    key: SigningKey
    documents: tuple[Attached, ...] = ()
    submitted: tuple[tuple[str, bytes], ...] = ()
    ehr_report: Path | None = None
    years: int = LEAST_YEARS
    pseudonyms: PseudonymKey | None = None
    members: Mapping[str, Eligible] = field(default_factory=dict)


def bundle(asked: Bundling) -> bytes:
    """The binder, the same to the byte whenever it is made of the same.

    Raises:
        ArchiveError: the run does not bear out its numbers, or was made by another version of pi180.
        UsageError: something of it cannot be put in.
    """
    if asked.pseudonyms and asked.ehr_report:
        raise UsageError("--ehr-report names patients, so that it cannot go with --pseudonyms. Leave one of them out.")
    with open_score(asked.place) as scored:
        check_borne_out(scored, asked.place)
        if asked.pseudonyms is None:
            return _bound(asked, scored, asked.place)
        with TemporaryDirectory() as root:
            place = under_pseudonyms(scored, asked.place, Path(root), asked.pseudonyms)
            with open_score(place) as same:
                return _bound(asked, same, place)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything that is looked up once for a binder and then stands in several of its files."""

    asked: Bundling
    scored: Scored
    state: State
    attached: Sorted
    required: Requirements
    beside: Beside | None


def _bound(asked: Bundling, scored: Scored, place: Path) -> bytes:
    shown = asked.pseudonyms is None
    attached = sort_attached(scored, asked.documents, asked.submitted, shown=shown)
    required = requirements_shown(scored, owed(scored, _members(asked, scored), None))
    parts = _Parts(asked, scored, _state(asked), attached, required, _beside(asked, scored))
    told = _told(parts)
    rows, periods = case_rows(scored.reading), periods_of(scored)
    files = {
        **files_of_run(place),
        **files_of_score(scored, rows, periods, required),
        **attached.files,
        **_signature_files(parts),
        **_beside_files(parts),
        f"{layout.COVER}/cover.json": as_json(told).encode(),
    }
    files[layout.INDEX] = binder_page(scored, rows, periods, _shown(parts, files)).encode()
    try:
        return sealed(files, told, asked.key)
    except ValueError as problem:
        raise UsageError(f"The binder cannot be made: {problem}.") from None


def _members(asked: Bundling, scored: Scored) -> dict[str, Eligible]:
    """Every clinician of a group: of whom nothing is said, nothing is known, so that none is concluded from silence."""
    is_group = scored.submission.reporter.npi is None
    return {**dict.fromkeys(clinicians_of(scored), NOTHING_SAID), **asked.members} if is_group else {}


def _state(asked: Bundling) -> State:
    """Who signed, and whether with the key that signs the binder; under pseudonyms by code."""
    state = judged_by(state_of(asked.place), asked.key.public.fingerprint)
    if asked.pseudonyms is None or isinstance(state, Unsigned) or state.signature is None:
        return state
    signer = state.signature.signer
    coded = replace(signer, name=asked.pseudonyms.of_person(signer.name), reason="not shown")
    return replace(state, signature=replace(state.signature, signer=coded))


def _signature_files(parts: _Parts) -> dict[str, bytes]:
    """The state, and the signature itself where it names nobody to whom it must not be shown."""
    files = {layout.SIGNATURE_STATE: as_json(state_document(parts.state)).encode()}
    signature = signature_file(parts.asked.place)
    if signature is not None and parts.asked.pseudonyms is None:
        files[layout.SIGNATURE_OF_ANSWERS] = signature.read_bytes()
    return files


def _beside(asked: Bundling, scored: Scored) -> Beside | None:
    if asked.ehr_report is None:
        return None
    reporter = scored.submission.reporter
    return compare(scored.reading, read_report(asked.ehr_report), reporter, scored.attestations.variant)


def _beside_files(parts: _Parts) -> dict[str, bytes]:
    report, found = parts.asked.ehr_report, parts.beside
    if found is None or report is None:
        return {}
    return {
        f"{layout.BESIDE}/ehr-report.csv": report.read_bytes(),
        f"{layout.BESIDE}/comparison.json": as_json(found.as_document()).encode(),
        f"{layout.BESIDE}/comparison.txt": beside_table(found).encode(),
    }


def _told(parts: _Parts) -> dict[str, Any]:
    """What cover and manifest say of the whole binder; no clock, so that the same binder is the same file."""
    asked, scored = parts.asked, parts.scored
    return {
        "schema": "pi180/binder-cover/1",
        "run": scored.reading.fingerprint,
        "period": asked.place.parent.name,
        "reporter": asked.place.name,
        "identity": identity_document(scored),
        "points": score_document_of(scored)["points"],
        "attestation": state_document(parts.state),
        "keep_until": _keep_until(asked, scored).isoformat(),
        "why_until": RETENTION,
        "pseudonyms": asked.pseudonyms is not None,
        "software": dict(software()),
        "inputs": [{"file": one.name, "sha256": one.sha256} for one in _read(scored)],
        "outside": [{"file": one.name, "sha256": one.sha256} for one in _outside(asked)],
        "key": asked.key.public.fingerprint,
        "notice": NOTICE,
    }


def _keep_until(asked: Bundling, scored: Scored) -> date:
    return kept_until(scored.reading.rules.year, Limits(years=asked.years))


def _shown(parts: _Parts, files: Mapping[str, bytes]) -> BinderShown:
    asked, scored, attached = parts.asked, parts.scored, parts.attached
    return BinderShown(
        signature=in_words(parts.state),
        state=state_name(parts.state),
        statement=STATEMENT,
        signed_with=_signed_with(parts.state),
        key=in_groups(asked.key.public.fingerprint),
        keep_until=_keep_until(asked, scored),
        pseudonyms=asked.pseudonyms is not None,
        required=parts.required,
        slots=slots_shown([(place.slot, place.measure, place.files) for place in attached.places]),
        beside_slots=attached.beside,
        submitted=attached.submitted,
        measures=tuple(section.measure for section in sections_of(scored)),
        difference=beside_table(parts.beside) if parts.beside else "",
        basis=Basis(software(), _read(scored), _outside(asked)),
        files=tuple(FileShown(row["name"], row["size"], row["sha256"]) for row in file_rows(files)),
    )


def _signed_with(state: State) -> str:
    signature = None if isinstance(state, Unsigned) else state.signature
    return in_groups(signature.key) if signature else ""


def _read(scored: Scored) -> tuple[FileShown, ...]:
    """The files that were read for the run, of which only the digests are here."""
    return tuple(FileShown(record.file, record.size, record.sha256) for record in scored.reading.files)


def _outside(asked: Bundling) -> tuple[FileShown, ...]:
    run = asked.place.parent.parent
    found = [table_file(run, table) for table in _OUTSIDE]
    return tuple(FileShown(file.name, file.stat().st_size, digest_of(file) or "") for file in found if file.is_file())
