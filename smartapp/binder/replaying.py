"""Counting and scoring again what a binder holds, with the rules that it holds."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scoring.errors import RuleError
from smartapp import __version__
from smartapp.binder import layout
from smartapp.binder.container import Fault, is_plain
from smartapp.binder.manifest import MANIFEST, Verified
from smartapp.kept.archive import FINGERPRINT, ArchiveError, named_period, open_score
from smartapp.kept.score_files import score_texts
from smartapp.opened.evidence import case_rows
from smartapp.scored import Scored
from smartapp.usecases import UsageError

_UNUSABLE = (ArchiveError, UsageError, RuleError)


def replay(found: Verified) -> tuple[Fault, ...]:
    """What comes out otherwise than the binder says; nothing where every number is the same.

    Only for a binder that is whole: what is in it goes to a folder of its own for a moment, and is read as a run is.
    """
    named = _named(found.manifest)
    if named is None:
        return (Fault(MANIFEST, "does not say which run, period and reporter these are"),)
    with TemporaryDirectory() as root:
        place = _laid_out(Path(root).joinpath(*named), found.files)
        try:
            with open_score(place) as scored:
                return _differences(scored, found.files)
        except _UNUSABLE as problem:
            made = found.manifest.get("software", {}).get("pi180")
            return (Fault(layout.INPUTS, f"does not come out by pi180 {__version__} (made by {made}): {problem}"),)


def _named(manifest: Mapping[str, Any]) -> tuple[str, str, str] | None:
    run, period, reporter = (str(manifest.get(name)) for name in ("run", "period", "reporter"))
    is_run = FINGERPRINT.fullmatch(run) and named_period(period) and is_plain(reporter) and "/" not in reporter
    return (run, period, reporter) if is_run else None


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
