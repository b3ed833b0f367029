"""Counting and scoring again what a binder holds, with the rules that it holds, and making all its other files anew."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from extractors.errors import ExtractionError
from extractors.staging.private import private_folder
from scoring.errors import RuleError
from smartapp import __version__
from smartapp.binder import layout
from smartapp.binder.attached import attached_in, file_of
from smartapp.binder.container import Fault
from smartapp.binder.contents import software_in
from smartapp.binder.deriving import Derived, Given, derive
from smartapp.binder.manifest import MANIFEST, SCHEMA, SIGNATURE, Verified
from smartapp.binder.signed_answers import state_in
from smartapp.binder.told import RUN_NAMES
from smartapp.errors import UsageError
from smartapp.kept.archive import open_score
from smartapp.kept.runs import table_file
from smartapp.report.binder import FileShown
from smartapp.store.judged import DocumentRefused
from smartapp.written import as_json

_UNUSABLE = (
    DocumentRefused, UsageError, RuleError, ExtractionError, ValueError, TypeError, LookupError, AttributeError,
    ArithmeticError, OSError, RuntimeError,
)  # fmt: skip
"""Whatever inputs lead to that somebody made who wishes us ill: the binder is at fault, and is told so."""


def replay(found: Verified) -> tuple[Fault, ...]:
    """What comes out otherwise than the binder says; nothing where every file that can be made again is the same.

    Only for a binder that is whole and of our shape. What is in it goes to a folder of its own for a moment, and is
    read as a run is.

    Raises:
        StagingError: the temporary folder cannot be used, for which the binder is not to blame.
    """
    with private_folder() as root:
        try:
            place = _laid_out(root.joinpath(*(found.manifest[name] for name in RUN_NAMES)), found.files)
            given = _given(found)
            with open_score(place) as scored:
                return tuple(_differences(derive(scored, place, given), found))
        except _UNUSABLE as problem:
            return (Fault(layout.INPUTS, f"does not come out by {_made_by(found)}: {problem}"),)


def as_given(found: Verified) -> tuple[str, ...]:
    """The files of a binder that nothing in it makes again: they are what its owner put in."""
    told, shown = found.manifest, not found.manifest["pseudonyms"]
    attached = attached_in(told, found.files, shown=shown)
    others = (layout.EHR_REPORT, layout.SIGNATURE_OF_ANSWERS)
    return (*sorted(attached.files), *(name for name in others if name in found.files))


def _made_by(found: Verified) -> str:
    return f"pi180 {__version__} (made by {found.manifest['software']['pi180']})"


def _laid_out(place: Path, files: Mapping[str, bytes]) -> Path:
    """The run's folder as it was, as far as a binder has it."""
    place.mkdir(parents=True, mode=0o700)
    of_score = {target: name for name, target in layout.OF_SCORE.items()}
    for name, data in files.items():
        if name in of_score:
            (place / of_score[name]).write_bytes(data)
        elif name == f"{layout.SCORE}/{layout.TALLIES}":
            (place.parent / layout.TALLIES).write_bytes(data)
        elif kept := layout.run_name(name):
            (place.parent.parent / kept).write_bytes(data)
    return place


def _given(found: Verified) -> Given:
    """What the binder tells beside its run; whatever of it stands in several files has to be the same in all."""
    told, state = found.manifest, state_in(found.files)
    if state is None or found.fingerprint is None:
        raise ValueError("it does not say who signed")
    return Given(
        key=found.fingerprint,
        years=told["years"],
        pseudonyms=told["pseudonyms"],
        state=state,
        words=told["attestation"]["text"],
        signature=found.files.get(layout.SIGNATURE_OF_ANSWERS),
        attached=attached_in(told, found.files, shown=not told["pseudonyms"]),
        report=found.files.get(layout.EHR_REPORT),
        outside=tuple(map(_outside, told["outside"])),
        software=software_in(told["software"]),
    )


def _outside(row: Mapping[str, Any]) -> FileShown:
    file = file_of(row)
    if file.name not in {table_file(Path(), table).name for table in layout.OUTSIDE}:
        raise ValueError(f"{file.name} is no table that stays with the practice")
    return file


def _differences(anew: Derived, found: Verified) -> Iterator[Fault]:
    """Tallies were compared when the run was opened."""
    for name in sorted({*anew.files, *found.files} - {MANIFEST, SIGNATURE}):
        if name not in anew.files:
            yield Fault(name, f"is nothing that comes out of this run by {_made_by(found)}")
        elif found.files.get(name) != anew.files[name]:
            yield Fault(name, f"comes out otherwise when it is made again by {_made_by(found)}")
    said = {name: value for name, value in found.manifest.items() if name != "files"}
    if as_json(said) != as_json({**anew.told, "schema": SCHEMA}):
        yield Fault(MANIFEST, f"says otherwise than what comes out by {_made_by(found)}")
