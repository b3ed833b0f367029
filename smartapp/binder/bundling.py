"""Making a binder of a score in a run's folder."""

from dataclasses import dataclass, replace
from pathlib import Path

from extractors.sources.crawl_files import digest_of
from extractors.staging.private import private_folder
from smartapp.attesting.signature import State, Unsigned, in_words
from smartapp.attesting.signing import signature_file, state_of
from smartapp.binder.attached import Attached, attach
from smartapp.binder.contents import software
from smartapp.binder.deriving import Given, derive
from smartapp.binder.layout import OUTSIDE
from smartapp.binder.manifest import sealed
from smartapp.binder.pseudonyms import NOT_SHOWN, PseudonymKey, under_pseudonyms
from smartapp.errors import UsageError
from smartapp.kept.archive import open_score
from smartapp.kept.runs import table_file
from smartapp.kept.score_files import check_borne_out
from smartapp.report.binder import FileShown
from smartapp.scored import Scored
from smartapp.signing_key import SigningKey
from smartapp.store.retention import LEAST_YEARS


@dataclass(frozen=True, slots=True)
class Bundling:
    """What to make a binder of, and what goes into it.

    `place` is `runs/<fingerprint>/<period>/<reporter>`; `documents` and `submitted` are files that a person attached or
    handed in; `years` is for how long it must be there after the end of the year; with `pseudonyms` it is a copy to
    show.
    """

    place: Path
    key: SigningKey
    documents: tuple[Attached, ...] = ()
    submitted: tuple[tuple[str, bytes], ...] = ()
    ehr_report: Path | None = None
    years: int = LEAST_YEARS
    pseudonyms: PseudonymKey | None = None


def bundle(asked: Bundling) -> bytes:
    """The binder, the same to the byte whenever it is made of the same.

    Raises:
        ArchiveError: the run does not bear out its numbers, or was made by another version of pi180.
        UsageError: something of it cannot be put in.
        StagingError: the temporary folder, where a copy under pseudonyms is made, cannot be used.
    """
    if asked.pseudonyms and asked.ehr_report:
        raise UsageError("--ehr-report names patients, so that it cannot go with --pseudonyms. Leave one of them out.")
    with open_score(asked.place) as scored:
        check_borne_out(scored, asked.place)
        if asked.pseudonyms is None:
            return _bound(asked, scored, asked.place)
        with private_folder() as root:
            place = under_pseudonyms(scored, asked.place, root, asked.pseudonyms)
            with open_score(place) as same:
                return _bound(asked, same, place)


def _bound(asked: Bundling, scored: Scored, place: Path) -> bytes:
    made = derive(scored, place, _given(asked))
    try:
        return sealed(made.files, made.told, asked.key)
    except ValueError as problem:
        raise UsageError(f"The binder cannot be made: {problem}.") from None


def _given(asked: Bundling) -> Given:
    state, shown = _state(asked), asked.pseudonyms is None
    return Given(
        key=asked.key.public.fingerprint,
        years=asked.years,
        pseudonyms=not shown,
        state=state,
        words=in_words(state),
        signature=_signature(asked),
        attached=attach(asked.documents, asked.submitted, shown=shown),
        report=_report(asked.ehr_report),
        outside=_outside(asked),
        software=software(),
    )


def _state(asked: Bundling) -> State:
    """Who signed, and whether with the key that signs the binder; under pseudonyms by code."""
    state = state_of(asked.place, trusted=[asked.key.public.fingerprint])
    if asked.pseudonyms is None or isinstance(state, Unsigned) or state.signature is None:
        return state
    signer = state.signature.signer
    coded = replace(signer, name=asked.pseudonyms.of_person(signer.name), role=NOT_SHOWN, reason=NOT_SHOWN)
    return replace(state, signature=replace(state.signature, signer=coded))


def _signature(asked: Bundling) -> bytes | None:
    """The signature's file; under pseudonyms none, because it names who signed."""
    file = signature_file(asked.place) if asked.pseudonyms is None else None
    return file.read_bytes() if file else None


def _report(file: Path | None) -> bytes | None:
    try:
        return file.read_bytes() if file else None
    except OSError:
        raise UsageError(f"{file}: cannot be read. Name the CSV file that the EHR wrote.") from None


def _outside(asked: Bundling) -> tuple[FileShown, ...]:
    run = asked.place.parent.parent
    found = [table_file(run, table) for table in OUTSIDE]
    return tuple(FileShown(file.name, file.stat().st_size, digest_of(file) or "") for file in found if file.is_file())
