"""Counting and scoring again what a binder holds, with the rules that it holds."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from scoring.errors import RuleError
from smartapp import __version__
from smartapp.binder import layout
from smartapp.binder.container import Fault
from smartapp.binder.manifest import Verified
from smartapp.binder.told import RUN_NAMES
from smartapp.kept.archive import ArchiveError, open_score
from smartapp.kept.score_files import score_texts
from smartapp.opened.evidence import case_rows
from smartapp.scored import Scored
from smartapp.usecases import UsageError

_UNUSABLE = (ArchiveError, UsageError, RuleError)


def replay(found: Verified) -> tuple[Fault, ...]:
    """What comes out otherwise than the binder says; nothing where every number is the same.

    Only for a binder that is whole and of our shape: what is in it goes to a folder of its own for a moment, and is read as a run is.
    """
    with TemporaryDirectory() as root:
        place = _laid_out(Path(root).joinpath(*(found.manifest[name] for name in RUN_NAMES)), found.files)
        try:
            with open_score(place) as scored:
                return _differences(scored, found.files)
        except _UNUSABLE as problem:
            made = found.manifest.get("software", {}).get("pi180")
            return (Fault(layout.INPUTS, f"does not come out by pi180 {__version__} (made by {made}): {problem}"),)


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


def _differences(scored: Scored, files: Mapping[str, bytes]) -> tuple[Fault, ...]:
    """Tallies were compared when the run was opened."""
    anew = score_texts(scored, case_rows(scored.reading))
    wrong = [layout.OF_SCORE[name] for name, text in anew.items() if files.get(layout.OF_SCORE[name]) != text.encode()]
    return tuple(Fault(name, "comes out otherwise when it is made again") for name in wrong)
